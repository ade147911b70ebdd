//! The parameter sets of an H.264 stream, cheap to clone.

use std::ops::Deref;
use std::sync::Arc;

use h264_reader::Context;
use h264_reader::nal::pps::PicParameterSet;
use h264_reader::nal::sps::SeqParameterSet;

/// A [`Context`] that clones share until one of them changes.
#[derive(Debug, Clone, Default)]
pub(super) struct ParameterSets(Arc<Context>);

impl Deref for ParameterSets {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

impl ParameterSets {
    pub fn put_sequence(&mut self, set: SeqParameterSet) {
        self.change(|context| context.put_seq_param_set(set));
    }

    pub fn put_picture(&mut self, set: PicParameterSet) {
        self.change(|context| context.put_pic_param_set(set));
    }

    fn change(&mut self, change: impl FnOnce(&mut Context)) {
        if let Some(context) = Arc::get_mut(&mut self.0) {
            return change(context);
        }
        // A `Context` has no `Clone`.
        let mut own = Context::new();
        for set in self.0.sps() {
            own.put_seq_param_set(set.clone());
        }
        for set in self.0.pps() {
            own.put_pic_param_set(set.clone());
        }
        change(&mut own);
        self.0 = Arc::new(own);
    }
}
