//! What processes take of the processor and of memory, as Linux tells.

use std::fs;

/// Ticks a second in `/proc`, on every Linux that Rust's standard library supports.
const TICKS: u64 = 100;

/// Processor seconds of all ended children of this process.
pub(crate) fn of_children() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name, which may hold anything, ends at the last bracket; fields 16 and 17 of proc(5) count
    // from the first, the name is the second.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks / TICKS
}

/// Resident memory of a process in MiB; 0 of one that has ended.
pub(crate) fn resident_mib(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
