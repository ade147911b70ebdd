//! The pool of uniform batches.

use surfaces::savant_id::SavantId;
use surfaces::wait::Wait;
use surfaces::{BufferGenerator, Error, GeneratorConfig, PoolStats, TransformConfig};

use crate::surface_batch::SurfaceBatch;

/// A pool of buffers with many slots of one size and format. A buffer returns to the pool when its
/// last reference goes. Clones share the pool.
#[derive(Clone)]
pub struct UniformBatchGenerator {
    pool: BufferGenerator,
}

impl UniformBatchGenerator {
    /// Allocates the pool; `config.batch_size` is the number of slots of a batch.
    ///
    /// # Errors
    /// Those of [`BufferGenerator::new`].
    pub fn new(config: GeneratorConfig) -> Result<Self, Error> {
        BufferGenerator::new(config).map(|pool| Self { pool })
    }

    /// The configuration as given.
    pub fn config(&self) -> &GeneratorConfig {
        self.pool.config()
    }

    /// A fresh batch whose slots are scaled as `config` says, with `ids` on its buffer. Their number
    /// is not checked. The pixels are whatever the last user left. Blocks while all buffers are out.
    ///
    /// # Errors
    /// Those of [`BufferGenerator::acquire`].
    pub fn acquire_batch(
        &self,
        config: TransformConfig,
        ids: Vec<SavantId>,
        wait: Wait<'_>,
    ) -> Result<SurfaceBatch, Error> {
        let buffer = self.pool.acquire_unfilled(wait)?;
        buffer.set_savant_ids(ids)?;
        Ok(SurfaceBatch::new(buffer, self.config().batch_size, config))
    }

    /// What the pool is doing.
    pub fn stats(&self) -> PoolStats {
        self.pool.stats()
    }
}
