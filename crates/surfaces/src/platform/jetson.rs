//! Telling Jetson models apart. Pure.

use std::ops::RangeInclusive;

/// What a Jetson's CUDA device and kernel say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JetsonTraits {
    /// Compute capability as (major, minor).
    pub capability: (u32, u32),
    /// Number of streaming multiprocessors.
    pub multiprocessors: u32,
    /// `MemTotal` of the kernel in MiB, always below the nominal size.
    pub mem_total_mib: u64,
}

/// A Jetson model.
#[derive(Debug, PartialEq, Eq)]
pub struct JetsonModel {
    /// Marketing name, e.g. `"Orin Nano 8GB"`.
    pub name: &'static str,
    /// Directory-safe tag, e.g. `"orin_nano_8gb"`.
    pub tag: &'static str,
    /// Whether it has a video encoder.
    pub has_nvenc: bool,
    capability_major: u32,
    capability_minors: RangeInclusive<u32>,
    multiprocessors: &'static [u32],
    mem_total_mib: RangeInclusive<u64>,
}

const fn model(
    name: &'static str,
    tag: &'static str,
    has_nvenc: bool,
    (capability_major, capability_minors): (u32, RangeInclusive<u32>),
    multiprocessors: &'static [u32],
    mem_total_mib: RangeInclusive<u64>,
) -> JetsonModel {
    JetsonModel {
        name,
        tag,
        has_nvenc,
        capability_major,
        capability_minors,
        multiprocessors,
        mem_total_mib,
    }
}

const ANY: RangeInclusive<u64> = 0..=u64::MAX;

/// Where published tables and data sheets disagree on the multiprocessors, both counts are
/// listed and the memory decides.
static MODELS: [JetsonModel; 10] = [
    model(
        "AGX Orin 64GB",
        "agx_orin_64gb",
        true,
        (8, 7..=7),
        &[16],
        60_000..=u64::MAX,
    ),
    model(
        "AGX Orin 32GB",
        "agx_orin_32gb",
        true,
        (8, 7..=7),
        &[12, 14],
        30_000..=59_999,
    ),
    model(
        "Orin NX 16GB",
        "orin_nx_16gb",
        true,
        (8, 7..=7),
        &[8],
        14_000..=19_999,
    ),
    model(
        "Orin Nano 8GB",
        "orin_nano_8gb",
        false,
        (8, 7..=7),
        &[8],
        7_000..=9_999,
    ),
    model(
        "Orin NX 8GB",
        "orin_nx_8gb",
        true,
        (8, 7..=7),
        &[6],
        7_000..=9_999,
    ),
    model(
        "Orin Nano 4GB",
        "orin_nano_4gb",
        false,
        (8, 7..=7),
        &[6, 4],
        3_500..=5_499,
    ),
    model(
        "AGX Xavier",
        "agx_xavier",
        true,
        (7, 2..=2),
        &[8],
        28_000..=35_999,
    ),
    model(
        "Xavier NX",
        "xavier_nx",
        true,
        (7, 2..=2),
        &[6],
        7_000..=9_999,
    ),
    model("TX2", "tx2", true, (6, 0..=9), &[2], ANY),
    model("Nano", "nano", true, (5, 0..=9), &[1], ANY),
];

static UNKNOWN: JetsonModel = model("Unknown Jetson", "unknown", false, (0, 0..=0), &[], 0..=0);

/// The model with these traits, `Unknown Jetson` if none has them.
pub fn identify(traits: &JetsonTraits) -> &'static JetsonModel {
    let matches = |model: &&JetsonModel| {
        model.capability_major == traits.capability.0
            && model.capability_minors.contains(&traits.capability.1)
            && model.multiprocessors.contains(&traits.multiprocessors)
            && model.mem_total_mib.contains(&traits.mem_total_mib)
    };
    MODELS.iter().find(matches).unwrap_or(&UNKNOWN)
}

/// Whether a kernel release text is that of a Jetson kernel.
pub fn is_jetson_release(release: &str) -> bool {
    release.contains("tegra")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(capability: (u32, u32), multiprocessors: u32, mem_total_mib: u64) -> &'static str {
        identify(&JetsonTraits {
            capability,
            multiprocessors,
            mem_total_mib,
        })
        .tag
    }

    #[test]
    fn every_model_is_recognised_at_the_edges_of_its_memory_window() {
        for (capability, multiprocessors, window, expected) in [
            ((8, 7), 16, [60_000, 62_841], "agx_orin_64gb"),
            ((8, 7), 12, [30_000, 59_999], "agx_orin_32gb"),
            ((8, 7), 14, [30_000, 59_999], "agx_orin_32gb"),
            ((8, 7), 8, [14_000, 19_999], "orin_nx_16gb"),
            ((8, 7), 8, [7_000, 9_999], "orin_nano_8gb"),
            ((8, 7), 6, [7_000, 9_999], "orin_nx_8gb"),
            ((8, 7), 6, [3_500, 5_499], "orin_nano_4gb"),
            ((8, 7), 4, [3_500, 5_499], "orin_nano_4gb"),
            ((7, 2), 8, [28_000, 35_999], "agx_xavier"),
            ((7, 2), 6, [7_000, 9_999], "xavier_nx"),
            ((6, 2), 2, [0, 8_000], "tx2"),
            ((5, 3), 1, [0, 4_000], "nano"),
        ] {
            for mem_total_mib in window {
                assert_eq!(tag(capability, multiprocessors, mem_total_mib), expected);
            }
        }
    }

    #[test]
    fn anything_else_is_unknown_and_counts_as_having_no_encoder() {
        for (capability, multiprocessors, mem) in [
            ((8, 7), 16, 59_999),
            ((8, 7), 8, 12_000),
            ((11, 0), 20, 120_000),
            ((7, 2), 8, 8_000),
        ] {
            let model = identify(&JetsonTraits {
                capability,
                multiprocessors,
                mem_total_mib: mem,
            });
            assert_eq!((model.name, model.has_nvenc), ("Unknown Jetson", false));
        }
    }

    #[test]
    fn kernels_are_told_apart() {
        assert!(is_jetson_release("5.15.148-tegra\n"));
        assert!(!is_jetson_release("6.8.0-45-generic\n"));
    }
}
