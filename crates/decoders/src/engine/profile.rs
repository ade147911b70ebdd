//! H.264 profiles as `GStreamer` caps name them.

/// The caps' name of a `profile_idc` (ITU-T H.264, A.2). Some decoder elements refuse caps without it.
pub(crate) fn h264_caps_name(profile_idc: u8) -> Option<&'static str> {
    Some(match profile_idc {
        66 => "constrained-baseline",
        77 => "main",
        88 => "extended",
        100 => "high",
        110 => "high-10",
        122 => "high-4:2:2",
        244 => "high-4:4:4",
        _ => return None,
    })
}
