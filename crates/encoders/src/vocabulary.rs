//! Enums with their numbers and their accepted spellings, one table each.

/// A name that no member of an enum has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} {name:?}; expected one of {}", expected.join(", "))]
pub struct UnknownName {
    /// The enum's name.
    pub kind: &'static str,
    /// The name that was looked up.
    pub name: String,
    /// Every accepted spelling, in lower case.
    pub expected: Vec<&'static str>,
}

/// Which spellings of one name count as the same.
#[derive(Clone, Copy)]
enum Spelling {
    /// Upper and lower case.
    AnyCase,
    /// Upper and lower case, dash and underscore.
    AnyCaseOrDash,
}

impl Spelling {
    fn normalise(self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        match self {
            Self::AnyCase => lower,
            Self::AnyCaseOrDash => lower.replace('-', "_"),
        }
    }
}

macro_rules! vocabulary {
    (
        $(#[$docs:meta])*
        $kind:ident, $spelling:ident {
            $($(#[$member_docs:meta])* $member:ident = $number:literal: [$($name:literal),+],)+
        }
    ) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $kind {
            $($(#[$member_docs])* $member = $number,)+
        }

        impl $kind {
            const NAMES: &[(&str, Self)] = &[$($(($name, Self::$member),)+)+];

            /// The member's own name, in lower case: the first of its spellings.
            pub fn name(self) -> &'static str {
                let own = Self::NAMES.iter().find(|(_, member)| *member == self);
                own.map_or("", |(name, _)| name)
            }

            /// The member with this name, matched whole and in any case.
            ///
            /// # Errors
            /// [`UnknownName`] with the accepted spellings.
            pub fn from_name(name: &str) -> Result<Self, UnknownName> {
                let wanted = Spelling::$spelling.normalise(name);
                Self::NAMES
                    .iter()
                    .find_map(|(known, member)| (*known == wanted).then_some(*member))
                    .ok_or_else(|| UnknownName {
                        kind: stringify!($kind),
                        name: name.to_owned(),
                        expected: Self::NAMES.iter().map(|(known, _)| *known).collect(),
                    })
            }
        }
    };
}

vocabulary! {
    /// The kind of machine an encoder's properties are meant for.
    Platform, AnyCase {
        /// A desktop or server GPU.
        Dgpu = 0: ["dgpu", "gpu", "discrete"],
        /// A Jetson module.
        Jetson = 1: ["jetson", "tegra"],
    }
}

vocabulary! {
    /// What an encoder holds constant.
    RateControl, AnyCase {
        /// Bits a second may vary around the target, up to the maximum.
        VariableBitrate = 0: ["variable_bitrate", "vbr", "0"],
        /// Bits a second stay at the target.
        ConstantBitrate = 1: ["constant_bitrate", "cbr", "1"],
        /// The quantiser stays fixed.
        ConstantQp = 2: ["constant_qp", "cqp", "constantqp", "2"],
    }
}

vocabulary! {
    /// H.264 profiles.
    H264Profile, AnyCase {
        /// No B-frames, no CABAC.
        Baseline = 0: ["baseline", "0"],
        /// B-frames and CABAC.
        Main = 2: ["main", "2"],
        /// Main with 8x8 transforms.
        High = 4: ["high", "4"],
        /// High without chroma subsampling, including lossless.
        High444 = 7: ["high444", "high444predictive", "7"],
    }
}

vocabulary! {
    /// HEVC profiles.
    HevcProfile, AnyCase {
        /// 8 bit 4:2:0.
        Main = 0: ["main", "0"],
        /// 10 bit 4:2:0.
        Main10 = 1: ["main10", "1"],
        /// Format range extensions: 4:2:2, 4:4:4 and more bits.
        Frext = 3: ["frext", "3"],
    }
}

vocabulary! {
    /// NVENC presets of desktop GPUs, from the fastest to the best.
    DgpuPreset, AnyCase {
        /// Fastest, lowest quality.
        P1 = 1: ["p1", "1"],
        /// Faster.
        P2 = 2: ["p2", "2"],
        /// Fast.
        P3 = 3: ["p3", "3"],
        /// Medium.
        P4 = 4: ["p4", "4"],
        /// Slow.
        P5 = 5: ["p5", "5"],
        /// Slower.
        P6 = 6: ["p6", "6"],
        /// Slowest, best quality.
        P7 = 7: ["p7", "7"],
    }
}

vocabulary! {
    /// What an NVENC preset is tuned for.
    TuningPreset, AnyCaseOrDash {
        /// Quality at the given bit rate.
        HighQuality = 1: ["high_quality", "highquality", "1"],
        /// Low delay.
        LowLatency = 2: ["low_latency", "lowlatency", "2"],
        /// The lowest delay that the chip offers.
        UltraLowLatency = 3: ["ultra_low_latency", "ultralowlatency", "3"],
        /// Bit-exact pictures.
        Lossless = 4: ["lossless", "4"],
    }
}

vocabulary! {
    /// Speed levels of the Jetson encoder.
    JetsonPresetLevel, AnyCaseOrDash {
        /// No preset: single properties decide.
        Disabled = 0: ["disabled", "disable", "0"],
        /// Fastest, lowest quality.
        UltraFast = 1: ["ultra_fast", "ultrafast", "1"],
        /// Fast.
        Fast = 2: ["fast", "2"],
        /// Between speed and quality.
        Medium = 3: ["medium", "3"],
        /// Slowest, best quality.
        Slow = 4: ["slow", "4"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_name_the_elements_own_numbers() {
        assert_eq!(H264Profile::from_name("4"), Ok(H264Profile::High));
        assert_eq!(H264Profile::High as u32, 4);
        assert_eq!(HevcProfile::from_name("3"), Ok(HevcProfile::Frext));
        assert_eq!(HevcProfile::Frext as u32, 3);
    }

    #[test]
    fn a_member_is_called_by_its_first_spelling() {
        assert_eq!(RateControl::ConstantQp.name(), "constant_qp");
        assert_eq!(DgpuPreset::P7.name(), "p7");
    }

    #[test]
    fn dashes_count_as_underscores_only_where_the_table_says_so() {
        assert_eq!(
            TuningPreset::from_name("Ultra-Low-Latency"),
            Ok(TuningPreset::UltraLowLatency)
        );
        assert_eq!(
            JetsonPresetLevel::from_name("ULTRA-FAST"),
            Ok(JetsonPresetLevel::UltraFast)
        );
        assert!(RateControl::from_name("constant-qp").is_err());
    }

    #[test]
    fn an_unknown_name_is_reported_with_the_known_ones() {
        let error = Platform::from_name(" gpu").expect_err("blanks are part of the name");
        assert_eq!(
            error.to_string(),
            "unknown Platform \" gpu\"; expected one of dgpu, gpu, discrete, jetson, tegra"
        );
    }
}
