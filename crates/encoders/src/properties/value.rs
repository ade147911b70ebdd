//! Values of properties, whatever their type.

use std::fmt;

use super::Limit;
use crate::{DgpuPreset, H264Profile, HevcProfile, JetsonPresetLevel, RateControl, TuningPreset};

/// A field that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The field's name.
    pub field: &'static str,
    /// The property of the element.
    pub property: &'static str,
    /// What is allowed.
    pub limit: Limit,
    /// The value.
    pub value: Value,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u32),
    /// Yes or no.
    Switch(bool),
    /// Text, passed on as it is.
    Text(String),
    /// A member of an enum.
    Choice {
        /// The enum's name.
        kind: &'static str,
        /// The member's name in lower case.
        name: &'static str,
        /// The element's own number.
        number: u32,
    },
}

impl Value {
    /// The value as elements read it.
    pub fn for_element(&self) -> String {
        match self {
            Self::Number(number) | Self::Choice { number, .. } => number.to_string(),
            Self::Switch(switch) => switch.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The value as Python shows it.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Switch(true) => formatter.write_str("True"),
            Self::Switch(false) => formatter.write_str("False"),
            Self::Text(text) => write!(formatter, "'{}'", text.escape_debug()),
            Self::Choice { kind, name, .. } => {
                write!(formatter, "{kind}.{}", name.to_ascii_uppercase())
            }
        }
    }
}

/// What a field may have as its type.
pub(super) trait AsValue {
    fn as_value(&self) -> Value;
}

impl AsValue for u32 {
    fn as_value(&self) -> Value {
        Value::Number(*self)
    }
}

impl AsValue for bool {
    fn as_value(&self) -> Value {
        Value::Switch(*self)
    }
}

impl AsValue for String {
    fn as_value(&self) -> Value {
        Value::Text(self.clone())
    }
}

macro_rules! choices {
    ($($kind:ident),+) => {
        $(impl AsValue for $kind {
            fn as_value(&self) -> Value {
                Value::Choice {
                    kind: stringify!($kind),
                    name: self.name(),
                    number: *self as u32,
                }
            }
        })+
    };
}

choices!(
    RateControl,
    H264Profile,
    HevcProfile,
    DgpuPreset,
    TuningPreset,
    JetsonPresetLevel
);
