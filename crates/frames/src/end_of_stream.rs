//! The end of a source.

use serde_json::json;

/// Says that a source sends no more frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndOfStream {
    source_id: String,
}

impl EndOfStream {
    /// The end of the source called `source_id`.
    pub fn new(source_id: impl Into<String>) -> Self {
        Self {
            source_id: source_id.into(),
        }
    }

    /// The source that ended.
    pub fn source_id(&self) -> &str {
        &self.source_id
    }

    /// This object as compact JSON.
    pub fn json(&self) -> String {
        json!({ "type": "EndOfStream", "source_id": self.source_id }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_escapes_the_source_id() {
        let end = EndOfStream::new("a \"quoted\" id");
        let value: serde_json::Value = serde_json::from_str(&end.json()).unwrap();
        assert_eq!(value["source_id"], end.source_id());
    }
}
