//! Small enumerations. Their integers are those of NVIDIA's libraries where such exist.

use crate::error::Error;

/// Memory type of a surface (`NvBufSurfaceMemType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum MemType {
    /// The backend's own choice.
    #[default]
    Default = 0,
    /// Pinned host memory of CUDA.
    CudaPinned = 1,
    /// CUDA device memory.
    CudaDevice = 2,
    /// CUDA unified memory.
    CudaUnified = 3,
    /// Surface array (Jetson).
    SurfaceArray = 4,
    /// Surface handle (Jetson).
    Handle = 5,
    /// System memory.
    System = 6,
}

/// How much a decoder or an encoder may depend on dedicated hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Hardware {
    /// Only hardware: where there is none for the codec, creation fails.
    Required,
    /// Hardware where the machine has it for this stream, software elsewhere.
    #[default]
    Preferred,
    /// Only software, even where the machine has hardware.
    Software,
}

/// How a picture is placed in a destination of another aspect ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Padding {
    /// Scaled to fill; the aspect ratio may change.
    None = 0,
    /// Aspect ratio kept, padding at the right and the bottom.
    RightBottom = 1,
    /// Aspect ratio kept, picture centred.
    #[default]
    Symmetric = 2,
}

/// Interpolation of a scaling transform (`NvBufSurfTransform_Inter`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Interpolation {
    /// Nearest neighbour.
    Nearest = 0,
    /// Bilinear.
    #[default]
    Bilinear = 1,
    /// GPU: cubic; VIC: 5-tap.
    GpuCubicVic5Tap = 2,
    /// GPU: super-sampling; VIC: 10-tap.
    GpuSuperVic10Tap = 3,
    /// GPU: Lanczos; VIC: smart.
    GpuLanczosVicSmart = 4,
    /// GPU: ignored; VIC: nicest.
    GpuIgnoredVicNicest = 5,
    /// The library's default, which is nearest neighbour.
    Default = 6,
}

/// Hardware that runs a transform (`NvBufSurfTransform_Compute`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum ComputeMode {
    /// VIC on Jetson, the GPU elsewhere.
    #[default]
    Default = 0,
    /// The GPU.
    Gpu = 1,
    /// The video image compositor (Jetson only).
    Vic = 2,
}

/// What a Savant id denotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SavantIdKind {
    /// One frame.
    Frame = 0,
    /// A batch.
    Batch = 1,
}

/// When object metadata is erased from a batch buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum MetaClearPolicy {
    /// Never.
    None = 0,
    /// Before new objects are attached.
    #[default]
    Before = 1,
    /// When the output is dropped.
    After = 2,
    /// Before and after.
    Both = 3,
}

const MEM_TYPES: [(MemType, &str); 7] = [
    (MemType::Default, "default"),
    (MemType::CudaPinned, "cuda_pinned"),
    (MemType::CudaDevice, "cuda_device"),
    (MemType::CudaUnified, "cuda_unified"),
    (MemType::SurfaceArray, "surface_array"),
    (MemType::Handle, "handle"),
    (MemType::System, "system"),
];

impl MemType {
    /// The name in lower snake case, e.g. `"cuda_device"`.
    pub const fn name(self) -> &'static str {
        MEM_TYPES[self as usize].1
    }

    /// The memory type of this exact name.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        lookup("memory type", &MEM_TYPES, name, name)
    }

    /// The memory type of NVIDIA's integer, `None` for an unknown one.
    pub fn from_int(value: u64) -> Option<Self> {
        usize::try_from(value)
            .ok()
            .and_then(|index| MEM_TYPES.get(index))
            .map(|(mem_type, _)| *mem_type)
    }
}

const PADDINGS: [(Padding, &str); 4] = [
    (Padding::None, "none"),
    (Padding::RightBottom, "right_bottom"),
    (Padding::RightBottom, "rightbottom"),
    (Padding::Symmetric, "symmetric"),
];

impl Padding {
    /// The padding of this name, in any case.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        lookup("padding", &PADDINGS, name, &name.to_ascii_lowercase())
    }
}

/// Spellings without underscores: these are removed before the look-up.
const INTERPOLATIONS: [(Interpolation, &str); 15] = [
    (Interpolation::Nearest, "nearest"),
    (Interpolation::Bilinear, "bilinear"),
    (Interpolation::GpuCubicVic5Tap, "gpucubicvic5tap"),
    (Interpolation::GpuCubicVic5Tap, "cubic"),
    (Interpolation::GpuCubicVic5Tap, "algo1"),
    (Interpolation::GpuSuperVic10Tap, "gpusupervic10tap"),
    (Interpolation::GpuSuperVic10Tap, "super"),
    (Interpolation::GpuSuperVic10Tap, "algo2"),
    (Interpolation::GpuLanczosVicSmart, "gpulanczosvicsmart"),
    (Interpolation::GpuLanczosVicSmart, "lanczos"),
    (Interpolation::GpuLanczosVicSmart, "algo3"),
    (Interpolation::GpuIgnoredVicNicest, "gpuignoredvicnicest"),
    (Interpolation::GpuIgnoredVicNicest, "nicest"),
    (Interpolation::GpuIgnoredVicNicest, "algo4"),
    (Interpolation::Default, "default"),
];

impl Interpolation {
    /// The interpolation of this name or legacy name (`algo1`..`algo4`), in any case; underscores
    /// do not matter.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        lookup(
            "interpolation",
            &INTERPOLATIONS,
            name,
            &name.to_ascii_lowercase().replace('_', ""),
        )
    }
}

fn lookup<T: Copy>(
    kind: &'static str,
    table: &[(T, &'static str)],
    given: &str,
    key: &str,
) -> Result<T, Error> {
    table
        .iter()
        .find(|(_, name)| *name == key)
        .map(|(value, _)| *value)
        .ok_or_else(|| Error::UnknownName {
            kind,
            name: given.to_owned(),
            expected: table
                .iter()
                .map(|(_, name)| *name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_types_round_trip() {
        for (index, (mem_type, name)) in MEM_TYPES.iter().enumerate() {
            assert_eq!(*mem_type as usize, index);
            assert_eq!(mem_type.name(), *name);
            assert_eq!(MemType::from_name(name), Ok(*mem_type));
            assert_eq!(MemType::from_int(index as u64), Some(*mem_type));
        }
        assert_eq!(MemType::from_int(7), None);
        assert!(MemType::from_name("CUDA_DEVICE").is_err());
    }

    #[test]
    fn padding_names_ignore_case_but_not_dashes() {
        assert_eq!(Padding::from_name("SYMMETRIC"), Ok(Padding::Symmetric));
        assert_eq!(Padding::from_name("RightBottom"), Ok(Padding::RightBottom));
        assert!(Padding::from_name("right-bottom").is_err());
    }

    #[test]
    fn interpolation_accepts_every_spelling() {
        for (names, expected) in [
            (
                ["cubic", "algo1", "GPU_CUBIC_VIC_5TAP"],
                Interpolation::GpuCubicVic5Tap,
            ),
            (
                ["super", "algo2", "GpuSuperVic10Tap"],
                Interpolation::GpuSuperVic10Tap,
            ),
            (
                ["lanczos", "ALGO3", "GpuLanczosVicSmart"],
                Interpolation::GpuLanczosVicSmart,
            ),
            (
                ["nicest", "algo4", "gpu_ignored_vic_nicest"],
                Interpolation::GpuIgnoredVicNicest,
            ),
        ] {
            for name in names {
                assert_eq!(Interpolation::from_name(name), Ok(expected), "{name}");
            }
        }
        assert!(Interpolation::from_name("algo5").is_err());
    }
}
