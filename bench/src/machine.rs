//! Facts of the machine and the programs on it, CPU time, and how long its disk takes.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};

/// User and system time of this process.
pub(crate) fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// User and system time of another process with all its threads.
pub(crate) fn cpu_of(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything, also blanks and parentheses.
    let fields = stat.rsplit_once(')').context("a process without a name")?.1;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (times.next().context("user time")??, times.next().context("system time")??);
    Ok(Duration::from_secs_f64((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// User and system time of all processes that this one started and saw end.
pub(crate) fn cpu_of_children() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("a process without a name")?.1;
    let mut times = fields.split_whitespace().skip(13).map(str::parse::<u64>);
    let (user, system) = (times.next().context("user time")??, times.next().context("system time")??);
    Ok(Duration::from_secs_f64((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// The CPU time of all processes of a PostgreSQL server that listens on this port: postmaster and its children.
pub(crate) fn postgres_cpu(port: u16) -> Duration {
    let Some(postmaster) = postmaster(port) else { return Duration::ZERO };
    let children = processes().filter(|pid| parent_of(*pid) == Some(postmaster));
    children.chain([postmaster]).filter_map(|pid| cpu_of(pid).ok()).sum()
}

/// The version of the PostgreSQL server that listens on this port.
pub(crate) fn postgres_version(port: u16) -> Option<String> {
    let program = fs::read_link(format!("/proc/{}/exe", postmaster(port)?)).ok()?;
    output(program.to_str()?, &["--version"])
}

fn postmaster(port: u16) -> Option<u32> {
    let wanted = format!("\0-p\0{port}\0");
    processes().find(|pid| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let program = line.split('\0').next().unwrap_or_default();
        program.ends_with("/postgres") && line.contains(&wanted)
    })
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Resident memory of a process, in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    memory(pid, "VmRSS:")
}

/// The most that it ever was.
pub(crate) fn peak_resident(pid: u32) -> Result<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, which: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(which)).context("a process without memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

/// How long two appends with fdatasync take on the disk of this folder, `count` times; sorted, in milliseconds.
pub(crate) fn two_syncs(folder: &Path, count: usize) -> Result<Vec<f64>> {
    let mut file = fs::File::create(folder.join("sync"))?;
    let page = [7_u8; 4096];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        for _ in 0..2 {
            file.write_all(&page)?;
            file.sync_data()?;
        }
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    fs::remove_file(folder.join("sync"))?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// What the head of the report says.
pub(crate) fn facts(server: &Path, peers: &Path) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        facts.push((name.to_owned(), value.unwrap_or_else(|| "unknown".to_owned())));
    };
    fact("date", Some(jiff::Zoned::now().strftime("%Y-%m-%d %H:%M %Z").to_string()));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    fact("processor", Some(format!("{model}, {cores} cores")));
    let kib = field("/proc/meminfo", "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<f64>().ok());
    fact("memory", kib.map(|kib| format!("{:.1} GiB", kib / 1024.0 / 1024.0)));
    let system = rustix::system::uname();
    let words = [system.sysname(), system.release(), system.machine()];
    fact("system", Some(words.map(|word| word.to_string_lossy()).join(" ")));
    let load = fs::read_to_string("/proc/loadavg").ok();
    fact("load when it began", load.map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" ")));
    fact("BotServer", output(server.to_str().unwrap_or_default(), &["--version"]));
    fact("commit", output("git", &["describe", "--always", "--dirty", "--abbrev=10"]));
    fact("rustc", output("rustc", &["--version"]));
    fact("Node.js", output("node", &["--version"]));
    for name in ["@microsoft/agents-hosting", "express", "ws"] {
        fact(name, npm_version(peers, name));
    }
    for name in ["rhai", "mlua", "rquickjs"] {
        fact(name, crate_version(name));
    }
    facts
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The version that npm's lock file pins.
fn npm_version(peers: &Path, name: &str) -> Option<String> {
    let lock = fs::read_to_string(peers.join("package-lock.json")).ok()?;
    let lock: serde_json::Value = serde_json::from_str(&lock).ok()?;
    Some(lock["packages"][format!("node_modules/{name}")]["version"].as_str()?.to_owned())
}

/// The version that our lock file pins.
fn crate_version(name: &str) -> Option<String> {
    let lock = include_str!("../Cargo.lock");
    let entry = lock.split("[[package]]").find(|entry| entry.contains(&format!("name = \"{name}\"\n")))?;
    let version = entry.lines().find_map(|line| line.strip_prefix("version = "))?;
    Some(version.trim_matches('"').to_owned())
}
