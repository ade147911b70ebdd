//! Files and URLs.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::MediaError;

/// Where media is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of this machine.
    File(PathBuf),
    /// Anything for which `GStreamer` has a source element, for example `https://` or `rtsp://`.
    Url(String),
}

/// Schemes of URLs that are live: what was missed is gone, and a new connection brings what is sent now.
const LIVE_SCHEMES: [&str; 3] = ["rtp", "srt", "udp"];
/// The same for families of schemes, such as `rtspt` and `rtmps`.
const LIVE_SCHEME_PREFIXES: [&str; 2] = ["rtsp", "rtmp"];

impl Location {
    /// Whether this is a live source, as told by the scheme of its URL.
    pub fn is_live(&self) -> bool {
        let Self::Url(url) = self else { return false };
        let scheme = url
            .split("://")
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        LIVE_SCHEMES.contains(&scheme.as_str())
            || LIVE_SCHEME_PREFIXES
                .iter()
                .any(|prefix| scheme.starts_with(prefix))
    }

    /// The file or URL as it was given, with the password.
    pub fn as_given(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(url) => url.clone(),
        }
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

/// Text with a URL scheme and `://` is a URL, of which `file://` ones name files; all other text
/// is a path.
impl From<&str> for Location {
    fn from(text: &str) -> Self {
        let is_scheme = |scheme: &str| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|other| other.is_ascii_alphanumeric() || "+-.".contains(other))
        };
        match text.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => {
                gst::glib::filename_from_uri(text)
                    .map_or_else(|_| Self::Url(text.to_owned()), |(path, _)| Self::File(path))
            }
            Some((scheme, _)) if is_scheme(scheme) => Self::Url(text.to_owned()),
            _ => Self::File(text.into()),
        }
    }
}

/// For messages: the password of a URL is left out.
impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(formatter),
            Self::Url(url) => formatter.pad(&without_password(url)),
        }
    }
}

fn without_password(url: &str) -> Cow<'_, str> {
    let shown = || {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let (user, host) = authority.rsplit_once('@')?;
        let (user, _) = user.split_once(':')?;
        let path = &rest[authority.len()..];
        Some(format!("{scheme}://{user}:***@{host}{path}"))
    };
    shown().map_or(Cow::Borrowed(url), Cow::Owned)
}

/// Fails the way reading `path` would: a pipeline's own errors do not tell a missing file from one
/// that may not be read. Pipes and devices are refused, as a pipeline that waits for one cannot be
/// stopped.
pub(crate) fn check_file(path: &Path) -> Result<(), MediaError> {
    let check = || {
        let file_type = std::fs::metadata(path)?.file_type();
        if file_type.is_file() || file_type.is_dir() {
            // A directory can be opened but not read.
            File::open(path)?.read(&mut [0])
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ))
        }
    };
    check().map(drop).map_err(|error| MediaError::File {
        path: path.display().to_string(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_a_path_unless_it_has_a_scheme() {
        for path in [
            "a.mp4",
            "/a b/c.mp4",
            "C:/x.mp4",
            "://x",
            "1a://x",
            "./rtsp:/x",
        ] {
            assert_eq!(Location::from(path), Location::File(path.into()), "{path}");
        }
        for url in ["https://host/a.mp4", "rtsp://host:554/x", "a+b-c.d://x"] {
            assert_eq!(Location::from(url), Location::Url(url.into()), "{url}");
        }
    }

    #[test]
    fn file_urls_name_files() {
        assert_eq!(
            Location::from("file:///a%20b.mp4"),
            Location::File("/a b.mp4".into())
        );
        assert_eq!(
            Location::from("FILE:///a.mp4"),
            Location::File("/a.mp4".into())
        );
    }

    #[test]
    fn live_urls_are_told_by_their_scheme() {
        for live in [
            "rtsp://h/x",
            "rtspt://h/x",
            "RTSPS://h",
            "rtmp://h",
            "rtmps://h",
            "udp://:5000",
            "srt://h",
        ] {
            assert!(Location::from(live).is_live(), "{live}");
        }
        for other in ["https://h/rtsp://x", "file:///rtsp", "rtsp", "http://rtsp"] {
            assert!(!Location::from(other).is_live(), "{other}");
        }
    }

    #[test]
    fn messages_do_not_tell_passwords() {
        let shown = |url: &str| Location::from(url).to_string();
        assert_eq!(
            shown("rtsp://me:p@ss:w@cam:554/x@y:z?a"),
            "rtsp://me:***@cam:554/x@y:z?a"
        );
        for url in [
            "rtsp://cam:554/a:b@c",
            "rtsp://me@cam/x",
            "rtsp://cam?a:b@c",
        ] {
            assert_eq!(shown(url), url);
        }
        assert_eq!(
            Location::from("rtsp://me:pw@cam").as_given(),
            "rtsp://me:pw@cam"
        );
    }

    #[test]
    fn unreadable_files_fail_like_opening_them() {
        let kind = |path: &Path| match check_file(path) {
            Err(MediaError::File { error, .. }) => Some(error.kind()),
            _ => None,
        };
        assert_eq!(
            kind(Path::new("/no/such/file")),
            Some(io::ErrorKind::NotFound)
        );
        assert_eq!(kind(Path::new("/")), Some(io::ErrorKind::IsADirectory));
        assert_eq!(
            kind(Path::new("/dev/null")),
            Some(io::ErrorKind::InvalidInput)
        );
        assert_eq!(kind(&std::env::current_exe().unwrap()), None);
    }
}
