//! The JSON form of a frame. Payload bytes are left out; their number is given.

use serde_json::{Value, json};

use crate::VideoFrameContent;
use crate::frame::State;

pub(crate) fn frame(uuid: uuid::Uuid, state: &State) -> Value {
    json!({
        "type": "VideoFrame",
        "uuid": uuid.to_string(),
        "creation_timestamp_ns": state.creation_timestamp_ns,
        "source_id": state.source_id,
        "fps": state.fps,
        "width": state.width,
        "height": state.height,
        "transcoding_method": state.transcoding_method.name(),
        "codec": state.codec.map(crate::Codec::name),
        "keyframe": state.keyframe,
        "time_base": state.time_base,
        "pts": state.pts,
        "dts": state.dts,
        "duration": state.duration,
        "previous_frame_seq_id": state.previous_frame_seq_id,
        "previous_keyframe_uuid": state.previous_keyframe_uuid.map(|uuid| uuid.to_string()),
        "content": content(&state.content),
    })
}

fn content(content: &VideoFrameContent) -> Value {
    match content {
        VideoFrameContent::Internal(data) => json!({ "internal": { "size": data.len() } }),
        VideoFrameContent::External { method, location } => {
            json!({ "external": { "method": method, "location": location } })
        }
        VideoFrameContent::None => Value::Null,
    }
}
