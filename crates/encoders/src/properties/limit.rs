//! What a property may be.

use std::fmt;

use super::Value;

/// The allowed values of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Every value of the field's type.
    Any,
    /// Numbers from this one on.
    AtLeast(u32),
    /// Numbers from the first to the last.
    Range(u32, u32),
    /// Three quantisers up to this one, as `I:P:B`.
    Quantisers(u32),
    /// `min:max`, or three such pairs as `min,max:min,max:min,max`, up to this quantiser.
    QuantiserRange(u32),
    /// `log2rows,log2cols`.
    Tiles,
}

/// Most rows or columns of tiles, as a logarithm.
const MOST_TILES_LOG2: u32 = 6;

impl Limit {
    /// Whether the value is allowed.
    pub(crate) fn allows(self, value: &Value) -> bool {
        match (self, value) {
            (Self::AtLeast(least), Value::Number(number)) => *number >= least,
            (Self::Range(first, last), Value::Number(number)) => (first..=last).contains(number),
            (Self::Quantisers(greatest), Value::Text(text)) => {
                numbers(text, ':', greatest).is_some_and(|quantisers| quantisers.len() == 3)
            }
            (Self::QuantiserRange(greatest), Value::Text(text)) => {
                quantiser_ranges(text, greatest).is_some()
            }
            (Self::Tiles, Value::Text(text)) => {
                numbers(text, ',', MOST_TILES_LOG2).is_some_and(|tiles| tiles.len() == 2)
            }
            _ => true,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => formatter.write_str("any value"),
            Self::AtLeast(least) => write!(formatter, "{least} or more"),
            Self::Range(first, last) => write!(formatter, "{first} to {last}"),
            Self::Quantisers(greatest) => {
                write!(formatter, "\"I:P:B\", three numbers of 0 to {greatest}")
            }
            Self::QuantiserRange(greatest) => write!(
                formatter,
                "\"min:max\" or \"minP,maxP:minI,maxI:minB,maxB\", numbers of 0 to {greatest}"
            ),
            Self::Tiles => write!(
                formatter,
                "\"log2rows,log2cols\", two numbers of 0 to {MOST_TILES_LOG2}"
            ),
        }
    }
}

/// Numbers up to `greatest`, each between two separators.
pub(crate) fn numbers(text: &str, separator: char, greatest: u32) -> Option<Vec<u32>> {
    text.split(separator)
        .map(|number| number.parse().ok().filter(|number| *number <= greatest))
        .collect()
}

/// The allowed quantisers of P, I and B frames; one pair means all of them.
pub(crate) fn quantiser_ranges(text: &str, greatest: u32) -> Option<[(u32, u32); 3]> {
    let pair = |numbers: Vec<u32>| match numbers[..] {
        [least, most] if least <= most => Some((least, most)),
        _ => None,
    };
    if !text.contains(',') {
        return pair(numbers(text, ':', greatest)?).map(|range| [range; 3]);
    }
    let ranges: Option<Vec<_>> = text
        .split(':')
        .map(|range| pair(numbers(range, ',', greatest)?))
        .collect();
    ranges?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(limit: Limit, text: &str) -> bool {
        limit.allows(&Value::Text(text.to_owned()))
    }

    #[test]
    fn numbers_are_allowed_from_the_first_to_the_last() {
        let range = Limit::Range(1, 3);
        let allowed: Vec<u32> = (0..6)
            .filter(|n| range.allows(&Value::Number(*n)))
            .collect();
        assert_eq!(allowed, [1, 2, 3]);
        assert!(!Limit::AtLeast(1).allows(&Value::Number(0)));
    }

    #[test]
    fn texts_must_have_the_form_of_their_property() {
        for text in ["10:20:30", "0:0:51"] {
            assert!(allows(Limit::Quantisers(51), text), "{text}");
        }
        for text in [
            "", "10", "10:20", "10:20:52", "10:20:-1", "1:2:3:4", "a:b:c",
        ] {
            assert!(!allows(Limit::Quantisers(51), text), "{text}");
        }
        for text in ["10:40", "10,40:12,42:14,44"] {
            assert!(allows(Limit::QuantiserRange(51), text), "{text}");
        }
        for text in [
            "",
            "10",
            "40:10",
            "10,40",
            "10,40:12,42",
            "0:52",
            "10:40:50",
        ] {
            assert!(!allows(Limit::QuantiserRange(51), text), "{text}");
        }
        assert!(allows(Limit::Tiles, "1,2"));
        assert!(!allows(Limit::Tiles, "1,7") && !allows(Limit::Tiles, "1:2"));
    }

    #[test]
    fn pairs_are_those_of_p_i_and_b_frames() {
        assert_eq!(quantiser_ranges("10:40", 51), Some([(10, 40); 3]));
        assert_eq!(
            quantiser_ranges("1,2:3,4:5,6", 51),
            Some([(1, 2), (3, 4), (5, 6)])
        );
    }
}
