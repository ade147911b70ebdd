//! Runs damaged inputs in processes of its own, and keeps those that end one.
//!
//!     savant-fuzz --seconds 3600 --seed 1            # as long as told
//!     savant-fuzz --inputs 100000                    # as many as told
//!     savant-fuzz --replay fuzz-findings/decoder-1-77.bin
//!
//! Prints a Markdown table; exit status 1 if anything was found.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)] // what the program is for

mod child;
mod processor_time;
mod supervisor;
mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgMatches, Command, value_parser};
use savant_fuzz::targets::Target;

fn command() -> Command {
    let number = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(u64));
    Command::new("savant-fuzz")
        .about("Damaged input for the parsers, the decoders and the reader")
        .args([
            number("seconds").help("End after so many seconds [60, unless --inputs is given]"),
            number("inputs").help("End after so many inputs"),
            Arg::new("seed")
                .long("seed")
                .value_parser(value_parser!(u32))
                .default_value("1")
                .help("Where the inputs begin"),
            Arg::new("target")
                .long("target")
                .value_parser(Target::ALL.map(Target::name))
                .help("Only this one"),
            number("hang-seconds")
                .default_value("30")
                .help("An input that takes longer hangs"),
            number("memory-mib")
                .default_value("2048")
                .help("An input that takes the process beyond is a bomb"),
            Arg::new("findings")
                .long("findings")
                .value_parser(value_parser!(PathBuf))
                .default_value("fuzz-findings")
                .help("The folder for inputs that ended a process"),
            Arg::new("replay")
                .long("replay")
                .value_parser(value_parser!(PathBuf))
                .help("Run one file of that folder in this process"),
            // What the program starts itself with.
            number("worker-from").hide(true),
            number("worker-count").hide(true),
        ])
}

fn main() -> ExitCode {
    match run(&command().get_matches()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("savant-fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether nothing was found.
fn run(options: &ArgMatches) -> io::Result<bool> {
    let number = |name: &str| options.get_one::<u64>(name).copied();
    let target = options
        .get_one::<String>("target")
        .and_then(|name| Target::from_name(name));
    let seed = options.get_one("seed").copied().unwrap_or(1);
    if let Some(path) = options.get_one::<PathBuf>("replay") {
        return replay(path);
    }
    if let (Some(target), Some(from), Some(count)) =
        (target, number("worker-from"), number("worker-count"))
    {
        return worker::run(target, seed, from..from + count).map(|()| true);
    }
    let inputs = number("inputs");
    let default_limit = inputs.is_none().then_some(60);
    supervisor::run(&supervisor::Options {
        targets: target.map_or_else(|| Target::ALL.to_vec(), |target| vec![target]),
        seed,
        limit: number("seconds")
            .or(default_limit)
            .map_or(Duration::MAX, Duration::from_secs),
        inputs: inputs.unwrap_or(u64::MAX),
        hang: Duration::from_secs(number("hang-seconds").unwrap_or(30)),
        memory_mib: number("memory-mib").unwrap_or(2048),
        findings: options
            .get_one::<PathBuf>("findings")
            .cloned()
            .unwrap_or_default(),
    })
}

/// Runs the input of a file whose name begins with that of its target.
fn replay(path: &Path) -> io::Result<bool> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let target = Target::ALL
        .into_iter()
        .find(|target| name.starts_with(target.name()))
        .ok_or_else(|| io::Error::other("the file's name begins with no target's"))?;
    let outcome = target.run(&std::fs::read(path)?);
    println!("{}: {outcome:?}", target.name());
    Ok(outcome.is_ok())
}
