//! What keeping the newest frames costs: `cargo bench --bench lookback -- CAPTURE`.
//!
//! Decodes the frames of a capture from memory, without and with keeping them, and prints CPU nanoseconds per packet,
//! best of five. For instructions run the binary under `valgrind --tool=callgrind`, with `--once` and `off` or `on`.

use pktvisor_core::capture::lookback::Lookback;
use pktvisor_core::decode::app::Needs;
use pktvisor_core::decode::{BATCH_ROWS, Batch, DecodeConfig, Decoder};
use pktvisor_core::frame::Frame;
use pktvisor_core::read::CaptureReader;

const LOOKBACK_BYTES: usize = 32 << 20;

fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes a timespec through a valid pointer.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// A capture in memory: as a ring gives it, frames lie there already.
fn load(path: &str) -> Vec<(i64, u16, Vec<u8>)> {
    let mut reader = CaptureReader::open(path.as_ref()).expect("the capture can be read");
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame() {
        frames.push((frame.time_ns, frame.link_type, frame.data.to_vec()));
    }
    frames
}

fn run(frames: &[(i64, u16, Vec<u8>)], lookback: &mut Option<Lookback>) -> f64 {
    let mut decoder = Decoder::new(DecodeConfig { needs: Needs::all(), ..DecodeConfig::default() });
    let mut batch = Batch::with_room(BATCH_ROWS);
    let started = cpu_ns();
    for (time_ns, link_type, data) in frames {
        let wire_bytes = data.len() as u32;
        let frame = Frame { time_ns: *time_ns, link_type: *link_type, interface: 0, wire_bytes, data };
        if let Some(lookback) = lookback {
            lookback.push(&frame);
        }
        decoder.decode(&frame, &mut batch);
        if batch.is_full() {
            batch.clear();
        }
    }
    (cpu_ns() - started) as f64 / frames.len().max(1) as f64
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [capture, which @ ..] = &arguments[..] else {
        println!("usage: lookback CAPTURE [off | on] (nothing is measured without it)");
        return;
    };
    let frames = load(capture);
    let runs = if std::env::args().any(|argument| argument == "--once") { 1 } else { 5 };
    for (name, bytes) in [("off", 0), ("on", LOOKBACK_BYTES)] {
        if which.iter().any(|wanted| wanted != name) {
            continue;
        }
        let mut lookback = (bytes > 0).then(|| Lookback::new(bytes));
        let best = (0..runs).map(|_| run(&frames, &mut lookback)).fold(f64::INFINITY, f64::min);
        println!("lookback {name}: {best:.1} ns per packet");
    }
}
