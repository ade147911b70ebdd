//! Lets the targets take turns and keeps what was found.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use savant_fuzz::targets::Target;

use crate::child::{self, Ending, Limits};
use crate::processor_time;

/// What is to be run, and how far.
pub(crate) struct Options {
    pub(crate) targets: Vec<Target>,
    pub(crate) seed: u32,
    /// Wall-clock time for all.
    pub(crate) limit: Duration,
    /// Inputs for all.
    pub(crate) inputs: u64,
    pub(crate) hang: Duration,
    pub(crate) memory_mib: u64,
    /// Where inputs are kept that ended a process.
    pub(crate) findings: PathBuf,
}

/// What a target has come to.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    inputs: u64,
    processor_s: u64,
    peak_mib: u64,
    found: u64,
}

/// Runs until a limit is reached and prints the figures. Returns whether nothing was found.
pub(crate) fn run(options: &Options) -> io::Result<bool> {
    std::fs::create_dir_all(&options.findings)?;
    let mut corpora = HashMap::new();
    for target in &options.targets {
        corpora.insert(target.name(), target.corpus()?);
    }
    let mut tallies = vec![Tally::default(); options.targets.len()];
    let begin = Instant::now();
    let total = |tallies: &[Tally]| tallies.iter().map(|tally| tally.inputs).sum::<u64>();
    'turns: loop {
        for (turn, &target) in options.targets.iter().enumerate() {
            let left = options.inputs.saturating_sub(total(&tallies));
            if left == 0 || begin.elapsed() >= options.limit {
                break 'turns;
            }
            let count = inputs_in_a_turn(target).min(left);
            run_turn(
                options,
                target,
                count,
                &corpora[target.name()],
                &mut tallies[turn],
            )?;
        }
    }
    print_table(options, &tallies, begin.elapsed());
    Ok(tallies.iter().all(|tally| tally.found == 0))
}

/// As many as take some ten seconds, so that starting the process costs little.
fn inputs_in_a_turn(target: Target) -> u64 {
    match target {
        Target::Headers => 200_000,
        Target::Decoder | Target::Reader => 2_000,
    }
}

/// Runs the next `count` inputs of a target; behind one that ends the process, another process goes on.
fn run_turn(
    options: &Options,
    target: Target,
    count: u64,
    corpus: &[Vec<u8>],
    tally: &mut Tally,
) -> io::Result<()> {
    let limits = Limits {
        hang: options.hang,
        memory_mib: options.memory_mib,
    };
    let (mut from, end) = (tally.inputs, tally.inputs + count);
    let errors = options.findings.join(format!("{}.stderr", target.name()));
    while from < end {
        let before = processor_time::of_children();
        let mut worker = child::worker(target, options.seed, from..end)?;
        let report = child::watch(&mut worker, limits, &errors)?;
        tally.processor_s += processor_time::of_children() - before;
        tally.peak_mib = tally.peak_mib.max(report.peak_mib);
        let Ending::Died(how) = report.ending else {
            break;
        };
        let Some(index) = report.last else {
            return Err(io::Error::other(format!("a worker does not start: {how}")));
        };
        tally.found += 1;
        let input = target.input(corpus, options.seed, index);
        keep(&options.findings, target, options.seed, index, &input, &how)?;
        from = index + 1;
    }
    tally.inputs = end;
    std::fs::remove_file(errors)
}

fn keep(
    folder: &Path,
    target: Target,
    seed: u32,
    index: u64,
    input: &[u8],
    how: &str,
) -> io::Result<()> {
    let path = folder.join(format!("{}-{seed}-{index}.bin", target.name()));
    std::fs::write(&path, input)?;
    std::fs::write(path.with_extension("txt"), how)?;
    let line = how
        .lines()
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    println!("{}: {line}", path.display());
    Ok(())
}

fn print_table(options: &Options, tallies: &[Tally], elapsed: Duration) {
    println!("| target | inputs | CPU min | peak MiB | found |");
    println!("| --- | --- | --- | --- | --- |");
    for (target, tally) in options.targets.iter().zip(tallies) {
        let Tally {
            inputs,
            processor_s,
            peak_mib,
            found,
        } = tally;
        let minutes = *processor_s as f64 / 60.0;
        println!(
            "| {} | {inputs} | {minutes:.1} | {peak_mib} | {found} |",
            target.name()
        );
    }
    println!(
        "\nseed {}, {:.1} minutes in all",
        options.seed,
        elapsed.as_secs_f64() / 60.0
    );
}
