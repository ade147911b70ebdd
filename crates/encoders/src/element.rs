//! Making an encoder element and telling it what to do.

use gst::glib;
use gst::prelude::*;
use surfaces::VideoFormat;

use crate::error::EncoderError;

/// The element to make, and what it is told.
#[derive(Debug, Clone)]
pub(crate) struct ElementPlan {
    pub element: &'static str,
    pub hardware: bool,
    /// The format that the element takes.
    pub input: VideoFormat,
    /// Caps of the packets.
    pub output_caps: String,
    /// Property, value, and the field that asks for it if there is one.
    pub properties: Vec<(&'static str, String, Option<&'static str>)>,
    /// The range of the samples, if it is asked for.
    pub full_range: Option<bool>,
    /// Of an element that puts something in front of packets: how many bytes of a key frame's are none of it.
    pub excess: Option<Excess>,
}

/// Tells how many bytes at the start of a packet are none of it.
pub(crate) type Excess = fn(&[u8]) -> usize;

impl ElementPlan {
    /// Makes the element.
    pub(crate) fn make(&self) -> Result<gst::Element, EncoderError> {
        let element = gst::ElementFactory::make(self.element)
            .build()
            .map_err(|error| EncoderError::Element {
                element: self.element,
                reason: error.to_string(),
            })?;
        for (property, value, field) in &self.properties {
            self.set(&element, property, value, field.unwrap_or(property))?;
        }
        Ok(element)
    }

    /// The properties that were set, as the element tells them.
    pub(crate) fn read_back(&self, element: &gst::Element) -> Vec<(&'static str, String)> {
        let read = |property: &str| {
            let value = element.property_value(property);
            // Numbers and names read better than the text of a serialised value, which has quotes.
            match value.get::<Option<String>>() {
                Ok(text) => text.unwrap_or_default(),
                Err(_) => value
                    .serialize()
                    .map_or_else(|_| String::new(), |text| text.to_string()),
            }
        };
        self.properties
            .iter()
            .map(|(property, _, _)| (*property, read(property)))
            .collect()
    }

    fn set(
        &self,
        element: &gst::Element,
        property: &'static str,
        value: &str,
        field: &'static str,
    ) -> Result<(), EncoderError> {
        let spec =
            element
                .find_property(property)
                .ok_or_else(|| EncoderError::UnknownProperty {
                    element: self.element,
                    property,
                    field,
                    value: value.to_owned(),
                })?;
        // Text needs no parsing, and must not get any.
        let parsed = if spec.value_type() == glib::Type::STRING {
            Some(value.to_value())
        } else {
            glib::Value::deserialize_with_pspec(value, &spec).ok()
        };
        let refused = || EncoderError::Value {
            field,
            value: value.to_owned(),
            allowed: format!("what property {property} of {} takes", self.element),
        };
        let parsed = parsed
            .filter(|value| is_in_range(&spec, value))
            .ok_or_else(refused)?;
        element.set_property_from_value(property, &parsed);
        let kept = element.property_value(property);
        if kept.serialize().ok() == parsed.serialize().ok() {
            Ok(())
        } else {
            Err(refused())
        }
    }
}

/// Whether a number is one that the property takes. To set another one would panic.
fn is_in_range(spec: &glib::ParamSpec, value: &glib::Value) -> bool {
    macro_rules! check {
        ($($kind:ident: $number:ty),+) => {
            $(if let (Some(spec), Ok(number)) =
                (spec.downcast_ref::<glib::$kind>(), value.get::<$number>())
            {
                return (spec.minimum()..=spec.maximum()).contains(&number);
            })+
        };
    }
    check!(
        ParamSpecInt: i32,
        ParamSpecUInt: u32,
        ParamSpecInt64: i64,
        ParamSpecUInt64: u64,
        ParamSpecFloat: f32,
        ParamSpecDouble: f64
    );
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(property: &'static str, value: &str) -> ElementPlan {
        gst::init().unwrap();
        ElementPlan {
            element: "x265enc",
            hardware: false,
            input: VideoFormat::I420,
            output_caps: String::new(),
            properties: vec![(property, value.to_owned(), Some("the_field"))],
            full_range: None,
            excess: None,
        }
    }

    #[test]
    fn what_is_set_is_read_back() {
        for (property, value) in [
            ("bitrate", "77"),
            ("option-string", "bframes=0:ref=2"),
            ("tune", "psnr"),
        ] {
            let plan = plan(property, value);
            let element = plan.make().unwrap();
            assert_eq!(plan.read_back(&element), [(property, value.to_owned())]);
        }
    }

    #[test]
    fn an_unknown_property_and_a_value_that_is_not_taken_are_errors_with_the_field() {
        for (property, value) in [
            ("no-such", "1"),
            ("bitrate", "0"),
            ("bitrate", "x"),
            ("tune", "x"),
        ] {
            let error = plan(property, value).make().unwrap_err().to_string();
            assert!(
                error.contains("the_field") && error.contains(property),
                "{error}"
            );
        }
    }
}
