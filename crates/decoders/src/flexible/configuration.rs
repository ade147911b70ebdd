//! Which configuration a session gets.

use super::core::Core;
use crate::callback;
use crate::config::DecoderConfig;
use crate::outcome::DecoderParameters;

/// What the user's callback made of the configuration that was found for a session.
pub(super) struct Choice {
    params: DecoderParameters,
    found: DecoderConfig,
    chosen: DecoderConfig,
}

impl<T: Clone + Send + Sync + 'static> Core<T> {
    /// What the user wants for the configuration `found` in the stream, asked on this thread. A session that
    /// `continues` a stream gets what was chosen before, unless the stream has another configuration by now.
    pub(super) fn configure(
        &self,
        params: DecoderParameters,
        found: DecoderConfig,
        frame: &T,
        continues: bool,
    ) -> DecoderConfig {
        let Some(callback) = &self.config.config_callback else {
            return found;
        };
        if continues
            && let Some(choice) = &self.state.lock().choice
            && (choice.params, &choice.found) == (params, &found)
        {
            return choice.chosen.clone();
        }
        let chosen = callback::run(self.owner, None, || callback(found.clone(), frame));
        let chosen = chosen.unwrap_or_else(|| {
            tracing::error!(
                "the configuration callback of source {:?} panicked",
                self.source_id
            );
            found.clone()
        });
        self.state.lock().choice = Some(Choice {
            params,
            found,
            chosen: chosen.clone(),
        });
        chosen
    }
}
