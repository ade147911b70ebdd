//! Who encodes: a library, or an element in software or hardware.

use surfaces::{Hardware, backend};

use crate::config::EncoderConfig;
use crate::element::ElementPlan;
use crate::error::EncoderError;
use crate::still::Still;
use crate::{nvidia, software};

pub(super) enum Kind {
    /// Pictures are coded each on its own, by a library that was told this.
    Still(Still, Vec<(&'static str, String)>),
    /// Pictures go through an element, which was told this.
    Element(ElementPlan, Vec<(&'static str, String)>),
}

impl Kind {
    /// Checks a configuration and chooses for it.
    pub(super) fn of(config: &EncoderConfig) -> Result<Self, EncoderError> {
        let machine = nvidia::machine()?;
        config.check(machine)?;
        backend()?.resolve_mem_type(config.gpu_id, config.mem_type)?;
        let still = Still::of(config);
        // Pictures are not refused for want of hardware that nobody asked for.
        let default = if machine.is_some() && still.is_none() {
            Hardware::Required
        } else {
            Hardware::Preferred
        };
        let asked = config.hardware.unwrap_or(default);
        if asked != Hardware::Software {
            match nvidia::plan(config) {
                Ok(plan) => return Self::element(plan),
                Err(reason) if asked == Hardware::Required => {
                    return Err(EncoderError::NoHardware {
                        codec: config.codec,
                        reason,
                    });
                }
                Err(reason) if nvidia::knows(config.codec) && machine.is_some() => {
                    tracing::warn!("{} is encoded in software: {reason}", config.codec);
                }
                Err(_) => {}
            }
        }
        if let Some(still) = still {
            return Ok(Self::Still(still, still.settings()));
        }
        match software::plan(config)? {
            Some(plan) => Self::element(plan),
            None => Err(EncoderError::NoHardware {
                codec: config.codec,
                reason: "there is no software encoder either".to_owned(),
            }),
        }
    }

    /// The element is made once, to see whether it takes what it is told.
    fn element(plan: ElementPlan) -> Result<Self, EncoderError> {
        let settings = plan.read_back(&plan.make()?);
        Ok(Self::Element(plan, settings))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Still(still, _) => still.name(),
            Self::Element(plan, _) => plan.element,
        }
    }

    pub(super) fn is_hardware(&self) -> bool {
        matches!(self, Self::Element(plan, _) if plan.hardware)
    }
}
