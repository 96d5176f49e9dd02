//! Sizes as people read them, and the limits that the child sets for itself before it opens anything.

use std::{fmt, time::Duration};

use botserver_ports::ExtractLimits;
use rlimit::Resource;

/// A number of bytes in the largest fitting unit.
pub(crate) struct Size(pub(crate) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 10 << 30 => write!(f, "{} GiB", bytes >> 30),
            bytes if bytes >= 10 << 20 => write!(f, "{} MiB", bytes >> 20),
            bytes if bytes >= 10 << 10 => write!(f, "{} KiB", bytes >> 10),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}

/// A duration in seconds, as people read it.
pub(crate) fn seconds(time: Duration) -> String {
    if time.as_secs() >= 1 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

/// Takes from this process what it will not need: memory above the limit, more CPU time than wall time, files to
/// write, dumps of its memory. What a system does not know is left out; the parent watches the time and the output
/// in any case.
pub(crate) fn confine(limits: &ExtractLimits) {
    // The data segment, not the address space: allocators reserve addresses that they never use. What the program
    // itself has by now, its threads and its allocator's reserve, is not the document's.
    lower(Resource::DATA, limits.memory.saturating_add(data_of_this_process()));
    lower(Resource::AS, limits.memory.saturating_mul(4).max(4 << 30));
    // Also ends a child whose parent was killed.
    lower(Resource::CPU, limits.time.as_secs().saturating_add(1));
    // Nothing is written but the output, which may go to a file.
    lower(Resource::FSIZE, limits.output.saturating_mul(2));
    lower(Resource::CORE, 0);
    lower(Resource::NOFILE, 64);
}

/// Bytes of private data that this process has mapped, where the system tells.
fn data_of_this_process() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

fn lower(resource: Resource, to: u64) {
    if !resource.is_supported() {
        return;
    }
    let Ok((_, hard)) = resource.get() else { return };
    let to = to.min(hard);
    // A limit that cannot be lowered leaves the parent's: its clock and its count of bytes.
    let _ = resource.set(to, to);
}
