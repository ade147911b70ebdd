//! The one table of encoder properties: struct, field, type, element property, allowed values.

/// Calls the macro `$apply` with every property struct and its fields.
///
/// The Python crate makes its classes of this table too. A field reads: name, type, property of the
/// element, [`Limit`](crate::properties::Limit). Fields that a struct leaves out do not exist in the element.
#[macro_export]
macro_rules! property_table {
    ($apply:ident) => {
        $apply! {
            /// Properties of an H.264 encoder on a desktop GPU (``nvv4l2h264enc``).
            H264DgpuProps {
                /// Target in bits a second; ``None`` means 4,000,000.
                bitrate: u32 = "bitrate", Limit::AtLeast(1);
                /// What the encoder holds constant; ``None`` means bits a second.
                control_rate: $crate::RateControl = "control-rate", Limit::Any;
                /// H.264 profile; ``None`` leaves it to the encoder.
                profile: $crate::H264Profile = "profile", Limit::Any;
                /// Frames from one intra frame to the next; ``None`` means 30.
                iframeinterval: u32 = "iframeinterval", Limit::Any;
                /// Frames from one IDR frame to the next; ``None`` means 256.
                idrinterval: u32 = "idrinterval", Limit::Any;
                /// Speed against quality; ``None`` leaves it to the encoder.
                preset: $crate::DgpuPreset = "preset-id", Limit::Any;
                /// What the preset is tuned for; ``None`` leaves it to the encoder.
                tuning_info: $crate::TuningPreset = "tuning-info-id", Limit::Any;
                /// Allowed quantisers (0 to 51): ``"min:max"``, or ``"minP,maxP:minI,maxI:minB,maxB"``.
                qp_range: String = "qp-range", Limit::QuantiserRange(51);
                /// Quantisers (0 to 51) of I, P and B frames as ``"I:P:B"``, used by ``CONSTANT_QP``.
                const_qp: String = "constqp", Limit::Quantisers(51);
                /// Quantisers (0 to 51) that the encoder starts with, as ``"I:P:B"``.
                init_qp: String = "initqp", Limit::Quantisers(51);
                /// Greatest rate of ``VARIABLE_BITRATE`` in bits a second.
                max_bitrate: u32 = "maxbitrate", Limit::Any;
                /// Size of the decoder's buffer in bits.
                vbv_buf_size: u32 = "vbvbufsize", Limit::Any;
                /// Initial delay of the decoder's buffer in bits.
                vbv_init: u32 = "vbvinit", Limit::Any;
                /// Quality that ``VARIABLE_BITRATE`` aims at, 1 (best) to 51; 0 leaves it to the encoder.
                cq: u32 = "cq", Limit::Range(0, 51);
                /// Strength of spatial adaptive quantisation, 1 to 15; 0 leaves it to the encoder.
                aq: u32 = "aq", Limit::Range(0, 15);
                /// Whether quantisation adapts over time.
                temporal_aq: bool = "temporalaq", Limit::Any;
                /// Whether samples use all values from 0 to 255.
                extended_colorformat: bool = "extended-colorformat", Limit::Any;
            }

            /// Properties of an HEVC encoder on a desktop GPU (``nvv4l2h265enc``).
            HevcDgpuProps {
                /// Target in bits a second; ``None`` means 4,000,000.
                bitrate: u32 = "bitrate", Limit::AtLeast(1);
                /// What the encoder holds constant; ``None`` means bits a second.
                control_rate: $crate::RateControl = "control-rate", Limit::Any;
                /// HEVC profile; ``None`` leaves it to the encoder.
                profile: $crate::HevcProfile = "profile", Limit::Any;
                /// Frames from one intra frame to the next; ``None`` means 30.
                iframeinterval: u32 = "iframeinterval", Limit::Any;
                /// Frames from one IDR frame to the next; ``None`` means 256.
                idrinterval: u32 = "idrinterval", Limit::Any;
                /// Speed against quality; ``None`` leaves it to the encoder.
                preset: $crate::DgpuPreset = "preset-id", Limit::Any;
                /// What the preset is tuned for; ``None`` leaves it to the encoder.
                tuning_info: $crate::TuningPreset = "tuning-info-id", Limit::Any;
                /// Allowed quantisers (0 to 51): ``"min:max"``, or ``"minP,maxP:minI,maxI:minB,maxB"``.
                qp_range: String = "qp-range", Limit::QuantiserRange(51);
                /// Quantisers (0 to 51) of I, P and B frames as ``"I:P:B"``, used by ``CONSTANT_QP``.
                const_qp: String = "constqp", Limit::Quantisers(51);
                /// Quantisers (0 to 51) that the encoder starts with, as ``"I:P:B"``.
                init_qp: String = "initqp", Limit::Quantisers(51);
                /// Greatest rate of ``VARIABLE_BITRATE`` in bits a second.
                max_bitrate: u32 = "maxbitrate", Limit::Any;
                /// Size of the decoder's buffer in bits.
                vbv_buf_size: u32 = "vbvbufsize", Limit::Any;
                /// Initial delay of the decoder's buffer in bits.
                vbv_init: u32 = "vbvinit", Limit::Any;
                /// Quality that ``VARIABLE_BITRATE`` aims at, 1 (best) to 51; 0 leaves it to the encoder.
                cq: u32 = "cq", Limit::Range(0, 51);
                /// Strength of spatial adaptive quantisation, 1 to 15; 0 leaves it to the encoder.
                aq: u32 = "aq", Limit::Range(0, 15);
                /// Whether quantisation adapts over time.
                temporal_aq: bool = "temporalaq", Limit::Any;
                /// Whether samples use all values from 0 to 255.
                extended_colorformat: bool = "extended-colorformat", Limit::Any;
            }

            /// Properties of an AV1 encoder on a desktop GPU (``nvv4l2av1enc``).
            Av1DgpuProps {
                /// Target in bits a second; ``None`` means 4,000,000.
                bitrate: u32 = "bitrate", Limit::AtLeast(1);
                /// What the encoder holds constant; ``None`` means bits a second.
                control_rate: $crate::RateControl = "control-rate", Limit::Any;
                /// Frames from one intra frame to the next; ``None`` means 30.
                iframeinterval: u32 = "iframeinterval", Limit::Any;
                /// Frames from one key frame to the next; ``None`` means 256.
                idrinterval: u32 = "idrinterval", Limit::Any;
                /// Speed against quality; ``None`` leaves it to the encoder.
                preset: $crate::DgpuPreset = "preset-id", Limit::Any;
                /// What the preset is tuned for; ``None`` leaves it to the encoder.
                tuning_info: $crate::TuningPreset = "tuning-info-id", Limit::Any;
                /// Allowed quantisers (0 to 255): ``"min:max"``, or ``"minP,maxP:minI,maxI:minB,maxB"``.
                qp_range: String = "qp-range", Limit::QuantiserRange(255);
                /// Greatest rate of ``VARIABLE_BITRATE`` in bits a second.
                max_bitrate: u32 = "maxbitrate", Limit::Any;
                /// Size of the decoder's buffer in bits.
                vbv_buf_size: u32 = "vbvbufsize", Limit::Any;
                /// Initial delay of the decoder's buffer in bits.
                vbv_init: u32 = "vbvinit", Limit::Any;
                /// Quality that ``VARIABLE_BITRATE`` aims at, 1 (best) to 51; 0 leaves it to the encoder.
                cq: u32 = "cq", Limit::Range(0, 51);
                /// Strength of spatial adaptive quantisation, 1 to 15; 0 leaves it to the encoder.
                aq: u32 = "aq", Limit::Range(0, 15);
                /// Whether quantisation adapts over time.
                temporal_aq: bool = "temporalaq", Limit::Any;
            }

            /// Properties of an H.264 encoder on a Jetson (``nvv4l2h264enc``).
            H264JetsonProps {
                /// Target in bits a second; ``None`` means 4,000,000.
                bitrate: u32 = "bitrate", Limit::AtLeast(1);
                /// What the encoder holds constant; ``None`` means bits a second.
                control_rate: $crate::RateControl = "control-rate", Limit::Any;
                /// H.264 profile; ``None`` leaves it to the encoder.
                profile: $crate::H264Profile = "profile", Limit::Any;
                /// Frames from one intra frame to the next; ``None`` means 30.
                iframeinterval: u32 = "iframeinterval", Limit::Any;
                /// Frames from one IDR frame to the next; ``None`` means 256.
                idrinterval: u32 = "idrinterval", Limit::Any;
                /// Speed against quality; ``None`` leaves it to the encoder.
                preset_level: $crate::JetsonPresetLevel = "preset-level", Limit::Any;
                /// Greatest rate of ``VARIABLE_BITRATE`` in bits a second.
                peak_bitrate: u32 = "peak-bitrate", Limit::Any;
                /// Size of the decoder's buffer in bits.
                vbv_size: u32 = "vbv-size", Limit::Any;
                /// Allowed quantisers (0 to 51): ``"min:max"``, or ``"minP,maxP:minI,maxI:minB,maxB"``.
                qp_range: String = "qp-range", Limit::QuantiserRange(51);
                /// Quantiser of I frames, 0 to 51, used without rate control.
                quant_i_frames: u32 = "quant-i-frames", Limit::Range(0, 51);
                /// Quantiser of P frames, 0 to 51, used without rate control.
                quant_p_frames: u32 = "quant-p-frames", Limit::Range(0, 51);
                /// Whether the rate is controlled at all; ``None`` means yes.
                ratecontrol_enable: bool = "ratecontrol-enable", Limit::Any;
                /// Whether the chip runs at its greatest speed.
                maxperf_enable: bool = "maxperf-enable", Limit::Any;
                /// Whether ``CONSTANT_BITRATE`` takes two passes.
                two_pass_cbr: bool = "EnableTwopassCBR", Limit::Any;
                /// Reference frames, 0 to 8; ``None`` means 1.
                num_ref_frames: u32 = "num-Ref-Frames", Limit::Range(0, 8);
                /// Whether parameter sets are repeated. They always are here.
                insert_sps_pps: bool = "insert-sps-pps", Limit::Any;
                /// Whether access unit delimiters are inserted.
                insert_aud: bool = "insert-aud", Limit::Any;
                /// Whether the sequence parameter set tells about colours.
                insert_vui: bool = "insert-vui", Limit::Any;
                /// Whether CAVLC is used in place of CABAC.
                disable_cabac: bool = "disable-cabac", Limit::Any;
            }

            /// Properties of an HEVC encoder on a Jetson (``nvv4l2h265enc``).
            HevcJetsonProps {
                /// Target in bits a second; ``None`` means 4,000,000.
                bitrate: u32 = "bitrate", Limit::AtLeast(1);
                /// What the encoder holds constant; ``None`` means bits a second.
                control_rate: $crate::RateControl = "control-rate", Limit::Any;
                /// HEVC profile; ``None`` leaves it to the encoder.
                profile: $crate::HevcProfile = "profile", Limit::Any;
                /// Frames from one intra frame to the next; ``None`` means 30.
                iframeinterval: u32 = "iframeinterval", Limit::Any;
                /// Frames from one IDR frame to the next; ``None`` means 256.
                idrinterval: u32 = "idrinterval", Limit::Any;
                /// Speed against quality; ``None`` leaves it to the encoder.
                preset_level: $crate::JetsonPresetLevel = "preset-level", Limit::Any;
                /// Greatest rate of ``VARIABLE_BITRATE`` in bits a second.
                peak_bitrate: u32 = "peak-bitrate", Limit::Any;
                /// Size of the decoder's buffer in bits.
                vbv_size: u32 = "vbv-size", Limit::Any;
                /// Allowed quantisers (0 to 51): ``"min:max"``, or ``"minP,maxP:minI,maxI:minB,maxB"``.
                qp_range: String = "qp-range", Limit::QuantiserRange(51);
                /// Quantiser of I frames, 0 to 51, used without rate control.
                quant_i_frames: u32 = "quant-i-frames", Limit::Range(0, 51);
                /// Quantiser of P frames, 0 to 51, used without rate control.
                quant_p_frames: u32 = "quant-p-frames", Limit::Range(0, 51);
                /// Whether the rate is controlled at all; ``None`` means yes.
                ratecontrol_enable: bool = "ratecontrol-enable", Limit::Any;
                /// Whether the chip runs at its greatest speed.
                maxperf_enable: bool = "maxperf-enable", Limit::Any;
                /// Whether ``CONSTANT_BITRATE`` takes two passes.
                two_pass_cbr: bool = "EnableTwopassCBR", Limit::Any;
                /// Reference frames, 0 to 8; ``None`` means 1.
                num_ref_frames: u32 = "num-Ref-Frames", Limit::Range(0, 8);
                /// Whether 4:4:4 pictures are coded bit by bit.
                enable_lossless: bool = "enable-lossless", Limit::Any;
            }

            /// Properties of an AV1 encoder on a Jetson (``nvv4l2av1enc``).
            Av1JetsonProps {
                /// Target in bits a second; ``None`` means 4,000,000.
                bitrate: u32 = "bitrate", Limit::AtLeast(1);
                /// What the encoder holds constant; ``None`` means bits a second.
                control_rate: $crate::RateControl = "control-rate", Limit::Any;
                /// Frames from one intra frame to the next; ``None`` means 30.
                iframeinterval: u32 = "iframeinterval", Limit::Any;
                /// Frames from one key frame to the next; ``None`` means 256.
                idrinterval: u32 = "idrinterval", Limit::Any;
                /// Speed against quality; ``None`` leaves it to the encoder.
                preset_level: $crate::JetsonPresetLevel = "preset-level", Limit::Any;
                /// Greatest rate of ``VARIABLE_BITRATE`` in bits a second.
                peak_bitrate: u32 = "peak-bitrate", Limit::Any;
                /// Size of the decoder's buffer in bits.
                vbv_size: u32 = "vbv-size", Limit::Any;
                /// Allowed quantisers (0 to 255): ``"min:max"``, or ``"minP,maxP:minI,maxI:minB,maxB"``.
                qp_range: String = "qp-range", Limit::QuantiserRange(255);
                /// Quantiser of I frames, 0 to 255, used without rate control.
                quant_i_frames: u32 = "quant-i-frames", Limit::Range(0, 255);
                /// Quantiser of P frames, 0 to 255, used without rate control.
                quant_p_frames: u32 = "quant-p-frames", Limit::Range(0, 255);
                /// Quantiser of B frames, 0 to 255, used without rate control.
                quant_b_frames: u32 = "quant-b-frames", Limit::Range(0, 255);
                /// Whether the rate is controlled at all; ``None`` means yes.
                ratecontrol_enable: bool = "ratecontrol-enable", Limit::Any;
                /// Whether the chip runs at its greatest speed.
                maxperf_enable: bool = "maxperf-enable", Limit::Any;
                /// Whether ``CONSTANT_BITRATE`` takes two passes.
                two_pass_cbr: bool = "EnableTwopassCBR", Limit::Any;
                /// Reference frames, 0 to 4; ``None`` means 1.
                num_ref_frames: u32 = "num-Ref-Frames", Limit::Range(0, 4);
                /// Whether sequence headers are repeated. They always are here.
                insert_seq_hdr: bool = "insert-seq-hdr", Limit::Any;
                /// Tiles as ``"log2rows,log2cols"``, each 0 to 6.
                tiles: String = "tiles", Limit::Tiles;
            }

            /// Properties of a JPEG encoder.
            JpegProps {
                /// Quality, 0 to 100; ``None`` means 85.
                quality: u32 = "quality", Limit::Range(0, 100);
            }

            /// Properties of a PNG encoder.
            PngProps {
                /// Effort, 0 (none) to 9 (smallest files); ``None`` means 6.
                compression_level: u32 = "compression-level", Limit::Range(0, 9);
            }
        }
    };
}
