//! What this process and the calling thread have used so far.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

use pktvisor_core::engine::Usage;

/// Sizes of the process in pages, proc(5). Opened once, so that it can be read when files can't be opened any more.
fn sizes() -> Option<&'static File> {
    static SIZES: OnceLock<Option<File>> = OnceLock::new();
    SIZES.get_or_init(|| File::open("/proc/self/statm").ok()).as_ref()
}

/// Opens what has to be opened.
pub fn prepare() {
    sizes();
}

pub fn usage() -> Usage {
    Usage { thread_cpu_ns: thread_cpu_ns(), memory_bytes: memory_bytes().unwrap_or(0) }
}

/// Processor time of the calling thread, in nanoseconds.
fn thread_cpu_ns() -> u64 {
    read_clock_ns(libc::CLOCK_THREAD_CPUTIME_ID).max(0).cast_unsigned()
}

/// Nanoseconds since the machine was started, which nobody sets; it goes on while the machine sleeps.
pub fn since_boot_ns() -> i64 {
    read_clock_ns(libc::CLOCK_BOOTTIME)
}

fn read_clock_ns(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes a timespec through a valid pointer.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// Resident memory: the second number, in pages.
fn memory_bytes() -> Option<u64> {
    let mut text = [0; 128];
    let length = sizes()?.read_at(&mut text, 0).ok()?;
    let pages: u64 = std::str::from_utf8(&text[..length]).ok()?.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: sysconf(3) takes no pointers.
    let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    Some(pages * page_bytes.max(0).cast_unsigned())
}
