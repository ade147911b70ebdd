//! What is worth writing in instructions of its own, for processors with AVX2. Each function does the
//! arithmetic of a portable one.

pub(super) mod halve;
pub(super) mod pairs;
pub(super) mod windows;
pub(super) mod ycbcr;
