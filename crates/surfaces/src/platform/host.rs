//! The answers of a machine without a usable GPU.

use std::sync::Once;

use super::Platform;
use super::decoding::DecodeDemand;
use super::jetson::JetsonTraits;
use crate::backend::BackendKind;
use crate::error::Error;

/// Knows one pretended device, number 0.
pub(crate) struct HostPlatform;

const BACKEND: &str = BackendKind::Host.name();

fn check(gpu_id: u32) -> Result<(), Error> {
    if gpu_id == 0 {
        Ok(())
    } else {
        Err(Error::NoSuchGpu {
            gpu_id,
            backend: BACKEND,
            devices: 1,
        })
    }
}

fn no_answer<T>(gpu_id: u32, query: &'static str) -> Result<T, Error> {
    check(gpu_id)?;
    Err(Error::NoPlatformAnswer {
        query,
        backend: BACKEND,
        reason: "no GPU is in use".to_owned(),
    })
}

impl Platform for HostPlatform {
    fn init_cuda(&self, gpu_id: u32) -> Result<(), Error> {
        static NOTICE: Once = Once::new();
        check(gpu_id)?;
        NOTICE
            .call_once(|| tracing::info!("the host backend needs no CUDA: init_cuda does nothing"));
        Ok(())
    }

    fn jetson_traits(&self, gpu_id: u32) -> Result<JetsonTraits, Error> {
        no_answer(gpu_id, "jetson_model")
    }

    fn has_nvenc(&self, gpu_id: u32) -> Result<bool, Error> {
        check(gpu_id).map(|()| false)
    }

    fn gpu_architecture(&self, gpu_id: u32) -> Result<Option<String>, Error> {
        no_answer(gpu_id, "gpu_architecture")
    }

    fn check_decoder(&self, gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), Error> {
        check(gpu_id)?;
        Err(Error::NoDecoder {
            codec: demand.codec.to_owned(),
            gpu_id,
            reason: "the host backend has no hardware decoder".to_owned(),
        })
    }

    fn gpu_platform_tag(&self, gpu_id: u32) -> Result<String, Error> {
        check(gpu_id).map(|()| "unknown".to_owned())
    }

    fn gpu_mem_used_mib(&self, gpu_id: u32) -> Result<u64, Error> {
        no_answer(gpu_id, "gpu_mem_used_mib")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_zero_answers_and_others_do_not_exist() {
        let host = HostPlatform;
        assert_eq!(host.init_cuda(0), Ok(()));
        assert_eq!(host.has_nvenc(0), Ok(false));
        assert_eq!(host.gpu_platform_tag(0), Ok("unknown".to_owned()));
        assert!(matches!(
            host.gpu_architecture(0),
            Err(Error::NoPlatformAnswer { .. })
        ));
        assert!(matches!(
            host.gpu_mem_used_mib(0),
            Err(Error::NoPlatformAnswer { .. })
        ));
        let absent = Error::NoSuchGpu {
            gpu_id: 1,
            backend: "host",
            devices: 1,
        };
        assert_eq!(host.init_cuda(1), Err(absent.clone()));
        assert_eq!(host.has_nvenc(1), Err(absent.clone()));
        assert_eq!(host.gpu_platform_tag(1), Err(absent.clone()));
        assert_eq!(host.gpu_architecture(1), Err(absent.clone()));
        assert_eq!(host.gpu_mem_used_mib(1), Err(absent));
    }
}
