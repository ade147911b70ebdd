//! What is wrong with a value that a frame was given.

/// A value that a frame cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A number is outside the range of its field.
    #[error("{field} must be from {min} to {max}, not {value}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The value given.
        value: i64,
        /// The smallest value allowed.
        min: i64,
        /// The largest value allowed.
        max: i64,
    },
    /// Numerator or denominator of the time base is not positive.
    #[error("time_base must have two positive terms, not {numerator}/{denominator}")]
    TimeBase {
        /// The numerator given.
        numerator: i32,
        /// The denominator given.
        denominator: i32,
    },
}
