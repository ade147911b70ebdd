//! Damaged input for everything that reads what comes from outside.
//!
//! An input is bytes. [`targets::Target`] tells who reads them, [`corpus`] where undamaged ones come from, and
//! [`mutate`] how they are damaged. The program (`main.rs`) runs them by the thousand in processes of their own;
//! the targets in `fuzz/` hand those of cargo-fuzz to the same functions.

#![forbid(unsafe_code)]

pub mod corpus;
pub mod mutate;
pub mod stream;
pub mod targets;
