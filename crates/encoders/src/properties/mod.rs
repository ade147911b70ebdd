//! What an encoder is told beyond codec and size: one struct for each codec and platform.
//!
//! A struct is a value that checks nothing; `None` leaves the default, which the table states. Whether
//! the values can be used is asked when an encoder is made.

mod limit;
mod table;
mod value;

use std::fmt;

use frames::Codec;

pub use limit::Limit;
pub(crate) use limit::{numbers, quantiser_ranges};
use value::AsValue;
pub use value::{Setting, Value};

use crate::Platform;

macro_rules! structs {
    ($(
        $(#[$docs:meta])*
        $name:ident {
            $($(#[$field_docs:meta])* $field:ident: $type:ty = $property:literal, $limit:expr;)+
        }
    )+) => {
        $(
            $(#[$docs])*
            #[derive(Debug, Clone, Default, PartialEq, Eq)]
            pub struct $name {
                $($(#[$field_docs])* pub $field: Option<$type>,)+
            }

            impl $name {
                /// Every property that a field sets.
                #[cfg(test)]
                const PROPERTIES: &'static [&'static str] = &[$($property),+];

                /// The fields that are set, in the order of the table.
                pub fn settings(&self) -> Vec<Setting> {
                    let fields = [$(
                        self.$field.as_ref().map(|value| Setting {
                            field: stringify!($field),
                            property: $property,
                            limit: $limit,
                            value: value.as_value(),
                        }),
                    )+];
                    fields.into_iter().flatten().collect()
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    let fields: Vec<_> = self
                        .settings()
                        .iter()
                        .map(|setting| format!("{}={}", setting.field, setting.value))
                        .collect();
                    write!(formatter, "{}({})", stringify!($name), fields.join(", "))
                }
            }
        )+
    };
}

crate::property_table!(structs);

/// Declares [`EncoderProperties`] with what each variant is for.
macro_rules! kinds {
    ($($(#[$docs:meta])* $variant:ident($props:ident): $codec:ident, $platform:expr;)+) => {
        /// Properties of one encoder, of whichever codec and platform.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum EncoderProperties {
            $($(#[$docs])* $variant($props),)+
        }

        impl EncoderProperties {
            /// The codec that they are for.
            pub fn codec(&self) -> Codec {
                match self {
                    $(Self::$variant(_) => Codec::$codec,)+
                }
            }

            /// The kind of machine that they are for; `None` for every kind.
            pub fn platform(&self) -> Option<Platform> {
                match self {
                    $(Self::$variant(_) => $platform,)+
                }
            }

            /// The fields that are set.
            pub fn settings(&self) -> Vec<Setting> {
                match self {
                    $(Self::$variant(props) => props.settings(),)+
                }
            }

            /// The name of the struct inside.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($props),)+
                }
            }
        }

        impl fmt::Display for EncoderProperties {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(props) => props.fmt(formatter),)+
                }
            }
        }
    };
}

kinds! {
    /// H.264 on a desktop GPU.
    H264Dgpu(H264DgpuProps): H264, Some(Platform::Dgpu);
    /// H.264 on a Jetson.
    H264Jetson(H264JetsonProps): H264, Some(Platform::Jetson);
    /// HEVC on a desktop GPU.
    HevcDgpu(HevcDgpuProps): Hevc, Some(Platform::Dgpu);
    /// HEVC on a Jetson.
    HevcJetson(HevcJetsonProps): Hevc, Some(Platform::Jetson);
    /// AV1 on a desktop GPU.
    Av1Dgpu(Av1DgpuProps): Av1, Some(Platform::Dgpu);
    /// AV1 on a Jetson.
    Av1Jetson(Av1JetsonProps): Av1, Some(Platform::Jetson);
    /// JPEG.
    Jpeg(JpegProps): Jpeg, None;
    /// PNG.
    Png(PngProps): Png, None;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DgpuPreset, H264Profile};

    #[test]
    fn set_fields_are_listed_with_the_names_of_the_element() {
        let props = H264DgpuProps {
            preset: Some(DgpuPreset::P5),
            profile: Some(H264Profile::High),
            temporal_aq: Some(true),
            const_qp: Some("1:2:3".to_owned()),
            ..Default::default()
        };
        let listed: Vec<_> = props
            .settings()
            .iter()
            .map(|setting| (setting.property, setting.value.for_element()))
            .collect();
        let expected = [
            ("profile", "4"),
            ("preset-id", "5"),
            ("constqp", "1:2:3"),
            ("temporalaq", "true"),
        ];
        assert_eq!(listed, expected.map(|(name, text)| (name, text.to_owned())));
        assert_eq!(
            props.to_string(),
            "H264DgpuProps(profile=H264Profile.HIGH, preset=DgpuPreset.P5, const_qp='1:2:3', temporal_aq=True)"
        );
    }

    /// Properties that `gst-inspect-1.0` of DeepStream 9.0 told on an H100, those that encoders of all
    /// codecs have.
    const DGPU: &str = "aq bitrate constqp control-rate cq extra-controls force-idr force-intra gpu-id idrinterval \
        iframeinterval initqp intra-refresh maxbitrate num-Ref-Frames preset-id qp-range temporalaq tuning-info-id \
        vbvbufsize vbvinit";
    /// Those that H.264 and HEVC have beside them.
    const DGPU_H26X: &str = "bit-packetization enable-lossless extended-colorformat insert-aud insert-sps-pps \
        insert-vui num-B-Frames profile slice-mode";
    /// Properties that NVIDIA's documentation of the Jetson elements names.
    const JETSON: &str = "bitrate control-rate iframeinterval idrinterval preset-level peak-bitrate vbv-size qp-range \
        quant-i-frames quant-p-frames quant-b-frames ratecontrol-enable maxperf-enable EnableTwopassCBR \
        num-Ref-Frames";

    #[test]
    fn fields_are_properties_that_the_elements_have() {
        let jetson_h264 = "profile insert-sps-pps insert-aud insert-vui disable-cabac";
        for (fields, known, number) in [
            (H264DgpuProps::PROPERTIES, [DGPU, DGPU_H26X], 17),
            (HevcDgpuProps::PROPERTIES, [DGPU, DGPU_H26X], 17),
            (Av1DgpuProps::PROPERTIES, [DGPU, ""], 13),
            (H264JetsonProps::PROPERTIES, [JETSON, jetson_h264], 19),
            (
                HevcJetsonProps::PROPERTIES,
                [JETSON, "profile enable-lossless"],
                16,
            ),
            (
                Av1JetsonProps::PROPERTIES,
                [JETSON, "insert-seq-hdr tiles"],
                17,
            ),
            (JpegProps::PROPERTIES, ["quality", ""], 1),
            (PngProps::PROPERTIES, ["compression-level", ""], 1),
        ] {
            let known: Vec<_> = known.iter().flat_map(|text| text.split(' ')).collect();
            let unknown: Vec<_> = fields.iter().filter(|name| !known.contains(name)).collect();
            assert_eq!(unknown, Vec::<&&str>::new());
            let distinct: std::collections::HashSet<_> = fields.iter().collect();
            assert_eq!(
                distinct.len(),
                number,
                "each field has a property of its own"
            );
        }
    }

    #[test]
    fn the_umbrella_knows_what_is_inside() {
        let props = EncoderProperties::Av1Jetson(Av1JetsonProps::default());
        assert_eq!(props.codec(), Codec::Av1);
        assert_eq!(props.platform(), Some(Platform::Jetson));
        assert_eq!(props.name(), "Av1JetsonProps");
        assert_eq!(EncoderProperties::Png(PngProps::default()).platform(), None);
    }
}
