//! The answers of NVIDIA's driver.

use std::sync::{Arc, Mutex, PoisonError};

use nvbufsurface_sys::nvenc::{self, NV_ENC_ERR_NO_ENCODE_DEVICE, NV_ENC_ERR_UNSUPPORTED_DEVICE};

use serde::Serialize;

use super::decoding::DecodeDemand;
use super::jetson::JetsonTraits;
use super::{Platform, capability, is_jetson_kernel, management};
use crate::backend::{BackendKind, Cuda};
use crate::error::Error;

/// Compute capability to architecture, by the highest minor number of each.
const ARCHITECTURES: [(u32, u32, &str); 12] = [
    (3, u32::MAX, "kepler"),
    (5, u32::MAX, "maxwell"),
    (6, u32::MAX, "pascal"),
    (7, 2, "volta"),
    (7, 5, "turing"),
    (8, 7, "ampere"),
    (8, 9, "ada"),
    (9, u32::MAX, "hopper"),
    (10, u32::MAX, "blackwell"),
    (11, u32::MAX, "blackwell"),
    (12, u32::MAX, "blackwell"),
    (0, 0, UNKNOWN),
];

const UNKNOWN: &str = "unknown";

/// Chips without an encoder, by NVIDIA's published table of what GPUs encode: the data-centre chips
/// of the generations Ampere, Hopper and Blackwell.
const WITHOUT_ENCODER: [(u32, u32); 4] = [(8, 0), (9, 0), (10, 0), (10, 3)];

const MIB: u64 = 1 << 20;

fn architecture((major, minor): (u32, u32)) -> &'static str {
    ARCHITECTURES
        .iter()
        .find(|(of_major, to_minor, _)| *of_major == major && minor <= *to_minor)
        .map_or(UNKNOWN, |(_, _, name)| name)
}

/// Memory of a GPU, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GpuMemory {
    /// In use by all processes and the driver.
    pub used_mib: u64,
    /// All there is.
    pub total_mib: u64,
}

/// Asks CUDA, NVML and the video libraries of the driver.
pub(crate) struct NvidiaPlatform {
    cuda: Arc<Cuda>,
    /// Answers of [`Platform::has_nvenc`]: a probe opens an encode session.
    nvenc: Mutex<Vec<(u32, bool)>>,
}

impl NvidiaPlatform {
    pub(crate) fn new(cuda: Arc<Cuda>) -> Self {
        Self {
            cuda,
            nvenc: Mutex::default(),
        }
    }

    /// Memory of the GPU; of the machine on Jetson, where they are one.
    pub(super) fn memory(&self, gpu_id: u32) -> Result<GpuMemory, Error> {
        const QUERY: &str = "gpu_mem_used_mib";
        self.cuda.check_device(gpu_id)?;
        if is_jetson_kernel() {
            let total = meminfo(QUERY, "MemTotal")?;
            return Ok(GpuMemory {
                used_mib: (total - meminfo(QUERY, "MemAvailable")?) / 1024,
                total_mib: total / 1024,
            });
        }
        let memory = management::memory(&self.cuda, gpu_id)?;
        Ok(GpuMemory {
            used_mib: memory.used / MIB,
            total_mib: memory.total / MIB,
        })
    }

    fn probe_nvenc(&self, gpu_id: u32) -> Result<bool, Error> {
        let context = self.cuda.context(gpu_id)?;
        let api = match nvenc::load() {
            Ok(api) => api,
            Err(error) => {
                tracing::debug!("no video can be encoded: {error}");
                return Ok(false);
            }
        };
        let _current = self.cuda.enter(gpu_id)?;
        // SAFETY: a retained primary context is alive.
        match unsafe { api.try_session(context) } {
            Ok(()) => Ok(true),
            Err((_, NV_ENC_ERR_NO_ENCODE_DEVICE | NV_ENC_ERR_UNSUPPORTED_DEVICE)) => Ok(false),
            // Whatever else the probe says, these cannot.
            Err(_) if WITHOUT_ENCODER.contains(&self.cuda.capability(gpu_id)?) => Ok(false),
            Err((call, status)) => Err(Error::Device {
                call,
                reason: format!("NVENC status {status} on GPU {gpu_id}"),
            }),
        }
    }
}

impl Platform for NvidiaPlatform {
    fn init_cuda(&self, gpu_id: u32) -> Result<(), Error> {
        self.cuda.make_current(gpu_id)
    }

    fn jetson_traits(&self, gpu_id: u32) -> Result<JetsonTraits, Error> {
        Ok(JetsonTraits {
            capability: self.cuda.capability(gpu_id)?,
            multiprocessors: self.cuda.multiprocessors(gpu_id)?,
            mem_total_mib: meminfo("jetson_model", "MemTotal")? / 1024,
        })
    }

    fn has_nvenc(&self, gpu_id: u32) -> Result<bool, Error> {
        self.cuda.check_device(gpu_id)?;
        // Held during the probe: two at a time would open two sessions.
        let mut answers = self.nvenc.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = answers.iter().find(|(of, _)| *of == gpu_id) {
            return Ok(*answer);
        }
        let answer = self.probe_nvenc(gpu_id)?;
        answers.push((gpu_id, answer));
        Ok(answer)
    }

    fn check_decoder(&self, gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), Error> {
        capability::check(&self.cuda, gpu_id, demand)
    }

    fn gpu_architecture(&self, gpu_id: u32) -> Result<Option<String>, Error> {
        let capability = self.cuda.capability(gpu_id)?;
        if cfg!(target_arch = "aarch64") {
            return Ok(None);
        }
        Ok(Some(architecture(capability).to_owned()))
    }

    fn gpu_platform_tag(&self, gpu_id: u32) -> Result<String, Error> {
        let architecture = self.gpu_architecture(gpu_id)?;
        Ok(architecture.unwrap_or_else(|| UNKNOWN.to_owned()))
    }

    fn gpu_mem_used_mib(&self, gpu_id: u32) -> Result<u64, Error> {
        self.memory(gpu_id).map(|memory| memory.used_mib)
    }
}

/// A line of the kernel's memory statistics, in KiB.
fn meminfo(query: &'static str, key: &str) -> Result<u64, Error> {
    const FILE: &str = "/proc/meminfo";
    let text = std::fs::read_to_string(FILE)
        .map_err(|error| no_answer(query, format!("{FILE}: {error}")))?;
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| *name == key)
        .and_then(|(_, value)| value.split_whitespace().next()?.parse().ok())
        .ok_or_else(|| no_answer(query, format!("{FILE} has no {key}")))
}

fn no_answer(query: &'static str, reason: String) -> Error {
    Error::NoPlatformAnswer {
        query,
        backend: BackendKind::DeepStream.name(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::{architecture, meminfo};

    #[test]
    fn capabilities_have_their_architecture() {
        for (capability, name) in [
            ((3, 5), "kepler"),
            ((5, 2), "maxwell"),
            ((6, 1), "pascal"),
            ((7, 0), "volta"),
            ((7, 2), "volta"),
            ((7, 5), "turing"),
            ((8, 0), "ampere"),
            ((8, 7), "ampere"),
            ((8, 9), "ada"),
            ((9, 0), "hopper"),
            ((10, 3), "blackwell"),
            ((12, 1), "blackwell"),
            ((99, 0), "unknown"),
            ((0, 0), "unknown"),
        ] {
            assert_eq!(architecture(capability), name, "{capability:?}");
        }
    }

    #[test]
    fn the_kernel_says_how_much_memory_there_is() {
        assert!(meminfo("test", "MemTotal").unwrap() > meminfo("test", "MemAvailable").unwrap());
        assert!(meminfo("test", "Nothing").is_err());
    }
}
