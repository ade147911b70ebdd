//! The process that runs inputs, and dies of them if they are bad.

use std::io::{self, Write};
use std::ops::Range;

use savant_fuzz::targets::Target;

/// Runs the inputs of these numbers. Says the number of each before it begins, one a line; a panic on any
/// thread, and a wrong outcome, abort the process.
pub(crate) fn run(target: Target, seed: u32, indices: Range<u64>) -> io::Result<()> {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
    let corpus = target.corpus()?;
    let mut output = io::stdout().lock();
    for index in indices {
        writeln!(output, "{index}")?;
        output.flush()?;
        let input = target.input(&corpus, seed, index);
        if let Err(complaint) = target.run(&input) {
            panic!("{complaint}");
        }
    }
    Ok(())
}
