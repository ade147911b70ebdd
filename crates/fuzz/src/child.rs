//! A worker, watched from outside.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use savant_fuzz::targets::Target;

use crate::processor_time;

/// How often the memory of a worker is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// Starting GStreamer and reading the clips.
const START_LIMIT: Duration = Duration::from_mins(2);

/// How a worker ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It ran all of its inputs.
    Done,
    /// It died of an input, or was killed for it; the text says how.
    Died(String),
}

/// What a worker may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) hang: Duration,
    pub(crate) memory_mib: u64,
}

/// What a worker came to.
pub(crate) struct Report {
    pub(crate) ending: Ending,
    /// The number of the input that it began last.
    pub(crate) last: Option<u64>,
    /// The most memory that was seen, in MiB.
    pub(crate) peak_mib: u64,
}

/// The program itself, to run these inputs of a target.
pub(crate) fn worker(target: Target, seed: u32, indices: Range<u64>) -> io::Result<Command> {
    let count = indices.end - indices.start;
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["--target", target.name()])
        .args(["--seed", &seed.to_string()])
        .args(["--worker-from", &indices.start.to_string()])
        .args(["--worker-count", &count.to_string()])
        .env("SAVANT_BACKEND", "host")
        .env("SAVANT_LOG", "off");
    Ok(command)
}

/// Runs a worker to its end. What it writes to standard error goes to the file `errors`.
pub(crate) fn watch(command: &mut Command, limits: Limits, errors: &Path) -> io::Result<Report> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(errors)?)
        .spawn()?;
    let numbers = numbers(&mut child);
    let (mut last, mut peak_mib) = (None, 0);
    let mut since = Instant::now();
    let reason = loop {
        match numbers.recv_timeout(LOOK) {
            Ok(number) => {
                // Whatever else has come, without waiting: some targets are fast.
                last = numbers.try_iter().last().or(Some(number));
                since = Instant::now();
            }
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let limit = if last.is_some() {
            limits.hang
        } else {
            START_LIMIT
        };
        if since.elapsed() > limit {
            break Some(format!("hangs for {} s", limit.as_secs()));
        }
        let memory = processor_time::resident_mib(child.id());
        peak_mib = peak_mib.max(memory);
        if memory > limits.memory_mib {
            break Some(format!("takes {memory} MiB"));
        }
    };
    if reason.is_some() {
        child.kill()?;
    }
    let status = child.wait()?;
    let ending = match reason {
        Some(reason) => Ending::Died(reason),
        None if status.success() => Ending::Done,
        None => {
            let said = std::fs::read(errors)?;
            Ending::Died(format!(
                "{status}: {}",
                String::from_utf8_lossy(&said).trim()
            ))
        }
    };
    Ok(Report {
        ending,
        last,
        peak_mib,
    })
}

/// The numbers that a worker says, as they come.
fn numbers(child: &mut Child) -> Receiver<u64> {
    let (sender, receiver) = channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Ok(number) = line.parse()
                    && sender.send(number).is_err()
                {
                    return;
                }
            }
        });
    }
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        hang: Duration::from_secs(2),
        memory_mib: 100,
    };

    /// How a shell script ends, what it said last, and what it wrote to standard error.
    fn ending(name: &str, script: &str) -> (Ending, Option<u64>) {
        let errors =
            std::env::temp_dir().join(format!("savant-fuzz-{name}-{}", std::process::id()));
        let report = watch(Command::new("sh").args(["-c", script]), LIMITS, &errors);
        let _ = std::fs::remove_file(errors);
        let report = report.expect("a shell");
        (report.ending, report.last)
    }

    fn cause(name: &str, script: &str) -> String {
        match ending(name, script) {
            (Ending::Died(how), Some(8)) => how,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_that_ends_well_is_done() {
        assert_eq!(ending("done", "echo 7; echo 8"), (Ending::Done, Some(8)));
        assert_eq!(ending("silent", "true"), (Ending::Done, None));
    }

    #[test]
    fn the_last_number_is_that_of_the_input_that_ended_it() {
        let crash = cause("crash", "echo 7; echo 8; echo complaint >&2; kill -SEGV $$");
        assert!(
            crash.contains("11") && crash.contains("complaint"),
            "{crash}"
        );
        let exit = cause("exit", "echo 7; echo 8; exit 9");
        assert!(exit.contains('9'), "{exit}");
    }

    #[test]
    fn one_that_hangs_is_ended() {
        assert_eq!(cause("hang", "echo 8; exec sleep 100"), "hangs for 2 s");
    }

    #[test]
    fn one_that_takes_too_much_memory_is_ended() {
        let bomb = "echo 8; exec python3 -c 'import time; data = bytes([1]) * 300_000_000; time.sleep(100)'";
        let how = cause("bomb", bomb);
        assert!(how.starts_with("takes "), "{how}");
    }
}
