//! The places where the libraries may be, in order.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use super::LoadOptions;

/// Environment variables that name the folder of the libraries; the first that is set counts.
/// The last is that of NVIDIA's own Python package.
pub const ENVIRONMENT_VARIABLES: [&str; 3] = [
    "SAVANT_DEEPSTREAM_LIB_DIR",
    "DEEPSTREAM_LIB_DIR",
    "NVIDIA_DEEPSTREAM_DECODE_LIB_DIR",
];

/// Folder of the libraries of a DeepStream installation.
pub const SYSTEM_FOLDER: &str = "/opt/nvidia/deepstream/deepstream/lib";

/// Folders of the libraries on Jetson, newest first.
pub const JETSON_FOLDERS: [&str; 2] = [
    "/usr/lib/aarch64-linux-gnu/nvidia",
    "/usr/lib/aarch64-linux-gnu/tegra",
];

/// Folder of the libraries in a `site-packages` folder.
const WHEEL_FOLDER: &str = "nvidia/deepstream_videodecode/_libs";

/// A kind of place, in the order of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The folder that this environment variable names. If it is set, no other place is tried.
    Environment(&'static str),
    /// A copy that something else has loaded into the process.
    Process,
    /// The root of the `nvv4l2decoder` that GStreamer knows.
    GStreamer,
    /// NVIDIA's wheel from the Python package index.
    Wheel,
    /// The dynamic linker's own search (`LD_LIBRARY_PATH`, `ld.so.cache`).
    Linker,
    /// [`SYSTEM_FOLDER`].
    System,
    /// [`JETSON_FOLDERS`].
    Jetson,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::Process => f.write_str("already in the process"),
            Self::GStreamer => f.write_str("GStreamer's nvv4l2decoder"),
            Self::Wheel => f.write_str("Python wheel"),
            Self::Linker => f.write_str("ld.so"),
            Self::System => f.write_str("DeepStream installation"),
            Self::Jetson => f.write_str("Jetson folder"),
        }
    }
}

/// What the search does at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// Takes the copy in the process, if there is one.
    Process,
    /// Opens the library in this folder.
    Folder(PathBuf),
    /// Opens the library by its bare name.
    BareName,
}

/// The folder demanded by the environment, and by which variable. An empty variable counts as
/// not set.
pub(super) fn demanded() -> Option<(&'static str, PathBuf)> {
    ENVIRONMENT_VARIABLES.into_iter().find_map(|variable| {
        let value = env::var_os(variable).filter(|value| !value.is_empty())?;
        // A relative path would lead elsewhere once the working folder changes.
        let folder = std::path::absolute(&value).unwrap_or_else(|_| value.into());
        Some((variable, folder))
    })
}

/// The places to search, in order, given what the environment demands.
pub(super) fn search_order(
    options: &LoadOptions,
    demanded: Option<(&'static str, PathBuf)>,
) -> Vec<(Place, Source)> {
    let unset = ENVIRONMENT_VARIABLES
        .into_iter()
        .take_while(|&variable| demanded.as_ref().is_none_or(|(set, _)| *set != variable))
        .map(|variable| (Place::Environment(variable), Source::Nothing("not set")));
    let mut order: Vec<_> = unset.collect();
    if let Some((variable, folder)) = demanded {
        order.push((Place::Environment(variable), Source::Folder(folder)));
        return order;
    }
    order.push((Place::Process, Source::Process));
    order.push((
        Place::GStreamer,
        match &options.gstreamer_root {
            Some(folder) => Source::Folder(folder.clone()),
            None => Source::Nothing("none known"),
        },
    ));
    if options.site_packages.is_empty() {
        order.push((
            Place::Wheel,
            Source::Nothing("no site-packages folder known"),
        ));
    }
    order.extend(options.site_packages.iter().map(|site_packages| {
        (
            Place::Wheel,
            Source::Folder(site_packages.join(WHEEL_FOLDER)),
        )
    }));
    order.push((Place::Linker, Source::BareName));
    order.push((Place::System, Source::Folder(SYSTEM_FOLDER.into())));
    order.extend(JETSON_FOLDERS.map(|folder| (Place::Jetson, Source::Folder(folder.into()))));
    order
}

/// The `site-packages` folder of a root that has the wheel's layout.
pub(super) fn site_packages_of(root: &Path) -> Option<&Path> {
    root.ends_with(WHEEL_FOLDER)
        .then(|| {
            root.ancestors()
                .nth(Path::new(WHEEL_FOLDER).components().count())
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{
        ENVIRONMENT_VARIABLES, LoadOptions, Place, Source, search_order, site_packages_of,
    };

    #[test]
    fn the_order_without_a_demand() {
        let options = LoadOptions {
            gstreamer_root: Some("/gst".into()),
            site_packages: vec!["/a".into(), "/b".into()],
        };
        let folder = |path: &str| Source::Folder(path.into());
        let unset = ENVIRONMENT_VARIABLES
            .map(|variable| (Place::Environment(variable), Source::Nothing("not set")));
        let mut expected = unset.to_vec();
        expected.extend([
            (Place::Process, Source::Process),
            (Place::GStreamer, folder("/gst")),
            (
                Place::Wheel,
                folder("/a/nvidia/deepstream_videodecode/_libs"),
            ),
            (
                Place::Wheel,
                folder("/b/nvidia/deepstream_videodecode/_libs"),
            ),
            (Place::Linker, Source::BareName),
            (
                Place::System,
                folder("/opt/nvidia/deepstream/deepstream/lib"),
            ),
            (Place::Jetson, folder("/usr/lib/aarch64-linux-gnu/nvidia")),
            (Place::Jetson, folder("/usr/lib/aarch64-linux-gnu/tegra")),
        ]);
        assert_eq!(search_order(&options, None), expected);
    }

    #[test]
    fn a_demanded_folder_is_the_only_one() {
        let [first, second, _] = ENVIRONMENT_VARIABLES;
        let order = search_order(&LoadOptions::default(), Some((second, "/here".into())));
        assert_eq!(
            order,
            [
                (Place::Environment(first), Source::Nothing("not set")),
                (Place::Environment(second), Source::Folder("/here".into())),
            ]
        );
    }

    #[test]
    fn the_wheel_layout_is_recognised() {
        let root = Path::new("/x/site-packages/nvidia/deepstream_videodecode/_libs");
        assert_eq!(site_packages_of(root), Some(Path::new("/x/site-packages")));
        assert_eq!(site_packages_of(Path::new("/opt/nvidia/lib")), None);
    }
}
