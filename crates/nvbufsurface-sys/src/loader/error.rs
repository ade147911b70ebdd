//! Why no libraries were loaded.

use std::fmt;
use std::path::{Path, PathBuf};

use super::place::Place;
use crate::api::MissingSymbol;
use crate::probe::ProbeError;

/// One place that was tried, or passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The place.
    pub place: Place,
    /// What was opened: a path or a soname; `None` if there was nothing to open.
    pub target: Option<PathBuf>,
    /// Why it gave no library: the dynamic linker's words, or why nothing was opened.
    pub reason: String,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some(target) = &self.target {
            // The dynamic linker begins with what it could not open, mostly the target itself.
            let target = target.display().to_string();
            if !self.reason.starts_with(&target) {
                write!(f, "{target}: ")?;
            }
        }
        f.write_str(&self.reason)
    }
}

/// Why no libraries were loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// No place has the library, or the one that was demanded has not.
    #[error("{}", NotFound { library, attempts })]
    NotFound {
        /// File name of the library.
        library: &'static str,
        /// Every place, in the order tried.
        attempts: Vec<Attempt>,
    },
    /// Two copies of the libraries would be in one process; each would keep its own buffers.
    #[error(
        "NvBufSurface is in use from {loaded} and a second copy, {refused}, is refused: one \
         process can use one copy only",
        loaded = loaded.display(),
        refused = refused.display()
    )]
    SecondRoot {
        /// The file in use.
        loaded: PathBuf,
        /// The other file.
        refused: PathBuf,
    },
    /// A library lacks a function that every version has.
    #[error("{} is not a usable library: {missing}", file.display())]
    MissingSymbol {
        /// The file that was opened.
        file: PathBuf,
        /// The function.
        missing: MissingSymbol,
    },
    /// The layout of the library's structs could not be measured.
    #[error("{} cannot be used: {source}", file.display())]
    Probe {
        /// The file that was opened.
        file: PathBuf,
        /// What went wrong.
        source: ProbeError,
    },
}

impl LoadError {
    pub(super) fn second_root(loaded: &Path, refused: &Path) -> Self {
        Self::SecondRoot {
            loaded: loaded.to_owned(),
            refused: refused.to_owned(),
        }
    }
}

/// The text of [`LoadError::NotFound`].
struct NotFound<'a> {
    library: &'a str,
    attempts: &'a [Attempt],
}

impl fmt::Display for NotFound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} could not be loaded; tried in this order:",
            self.library
        )?;
        for (index, attempt) in self.attempts.iter().enumerate() {
            write!(f, "\n  {}. {attempt}", index + 1)?;
        }
        if let Some(Attempt {
            place: Place::Environment(variable),
            ..
        }) = self.attempts.last()
        {
            write!(f, "\n{variable} is set, so no other place was tried")?;
        }
        Ok(())
    }
}
