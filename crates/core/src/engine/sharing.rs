//! One capture file for several workers: it is read once, and each worker gets the packets of its own flows.
//!
//! There is no thread that reads. Whoever has few packets left reads the next chunks, finds out whose their frames are
//! and puts them into all queues, while the others work on what is in theirs. So reading is shared out like all other
//! work, and hardly anybody ever waits.
//! What is read and not yet done with is bounded: a worker whose flows are few waits for the slowest.
//!
//! Together the workers hold what one would. There is one exception: a packet that comes later than its own second counts
//! into the second that its worker is in, which knows of other workers' packets only where windows end.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::packets::Filters;
use super::timeline::Timeline;
use super::{FileConfig, Policy, Progress};
use crate::decode::flow_of;
use crate::frame::Frame;
use crate::read::{Capture, Chunk, ChunkReader, Deal, Mark};
use crate::window::Clock;

/// A worker with fewer chunks left than this reads more, if nobody does: the others have as few, mostly, and go on with
/// their last one meanwhile.
const FEW_CHUNKS: usize = 2;

/// Chunks read in a row. With one, workers would come to their last chunk at the same moment for ever.
const CHUNKS_PER_TURN: usize = 8;

/// Bytes of chunks that some worker still needs; beyond them no more is read.
const MOST_WAITING_BYTES: usize = 16 << 20;

/// A capture file that workers share.
pub(super) struct Sharing {
    queues: Mutex<Queues>,
    /// There is something new: a chunk, room for one, the source, or the end.
    news: Condvar,
}

struct Queues {
    /// `None` while somebody reads.
    source: Option<Reading>,
    /// What each worker has still to look at.
    waiting: Vec<VecDeque<Arc<Chunk>>>,
    waiting_bytes: usize,
    /// Emptied chunks, to be filled again.
    spares: Vec<Chunk>,
    progress: Progress,
    /// Workers that wait for news.
    idle: usize,
    /// How often each worker has met the others.
    meetings: Vec<u64>,
    /// Nothing more comes into the queues.
    has_ended: bool,
}

struct Reading {
    reader: ChunkReader,
    dealer: Dealer,
}

/// Decides who gets a frame, and which times all must know of.
struct Dealer {
    workers: u64,
    seed: u64,
    filters: Filters,
    policies: Vec<Arc<Policy>>,
    /// The windows as the workers will have them; none before the first packet.
    clocks: Vec<Clock>,
    timeline: Timeline,
    /// A later packet ends a window; none has started one before the first that passes.
    last_ns: Option<i64>,
}

impl Sharing {
    pub fn new(capture: Capture, config: &FileConfig) -> Self {
        let queues = Queues {
            source: Some(Reading { reader: ChunkReader::new(capture), dealer: Dealer::new(config) }),
            waiting: (0..config.workers).map(|_| VecDeque::new()).collect(),
            waiting_bytes: 0,
            spares: Vec::new(),
            progress: Progress::default(),
            idle: 0,
            meetings: vec![0; config.workers],
            has_ended: false,
        };
        Self { queues: Mutex::new(queues), news: Condvar::new() }
    }

    /// The next chunk for a worker, who gives back the one before; `None` at the end.
    pub fn next(&self, worker: usize, done: Option<Arc<Chunk>>) -> Option<Arc<Chunk>> {
        self.give_back(done);
        let mut queues = self.queues();
        loop {
            if let Some(source) = queues.source_for(worker) {
                queues = self.read(queues, source);
            }
            let chunk = queues.waiting[worker].pop_front();
            if chunk.is_some() || queues.has_ended {
                return chunk;
            }
            if !queues.can_read() {
                queues = self.wait(queues);
            }
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a chunk back from a worker; the last one's is filled again.
    fn give_back(&self, done: Option<Arc<Chunk>>) {
        let Some(mut chunk) = done.and_then(Arc::into_inner) else { return };
        let bytes = chunk.buffer_bytes();
        chunk.clear();
        let mut queues = self.queues();
        queues.waiting_bytes -= bytes;
        queues.spares.push(chunk);
        self.tell(&queues);
    }

    /// Wakes those who wait; where nobody does, that would be a system call for nothing.
    fn tell(&self, queues: &Queues) {
        if queues.idle > 0 {
            self.news.notify_all();
        }
    }

    /// Waits for news, of whatever kind.
    fn wait<'a>(&self, mut queues: MutexGuard<'a, Queues>) -> MutexGuard<'a, Queues> {
        queues.idle += 1;
        queues = self.news.wait(queues).unwrap_or_else(PoisonError::into_inner);
        queues.idle -= 1;
        queues
    }

    /// Reads some chunks into the queues as long as there is room, without holding the lock meanwhile.
    fn read<'a>(&'a self, mut queues: MutexGuard<'a, Queues>, mut source: Reading) -> MutexGuard<'a, Queues> {
        for _ in 0..CHUNKS_PER_TURN {
            if queues.has_ended || !queues.has_room() {
                break;
            }
            let mut chunk = queues.spare();
            drop(queues);
            let Reading { reader, dealer } = &mut source;
            let has_more = reader.next_chunk(&mut chunk, |frame| dealer.deal(frame));
            queues = self.queues();
            if has_more {
                queues.put(chunk, reader)
            } else {
                queues.has_ended = true
            }
            self.tell(&queues);
        }
        queues.source = Some(source);
        queues
    }

    /// Waits until all other workers have come here as often as this one. They all see the same marks, each between its
    /// own frames, so that nobody needs anything that is not in its queue by then.
    pub fn meet(&self, worker: usize) {
        let mut queues = self.queues();
        queues.meetings[worker] += 1;
        self.tell(&queues);
        while queues.meetings.iter().any(|met| *met < queues.meetings[worker]) {
            queues = self.wait(queues);
        }
    }

    /// A worker takes no more: nobody is to wait for it, and nothing more is read.
    fn leave(&self, worker: usize) {
        self.queues().meetings[worker] = u64::MAX;
        self.end();
    }

    /// Nothing more is read; what was read stays to be looked at by everybody, so that all end at the same packet.
    pub fn end(&self) {
        let mut queues = self.queues();
        queues.has_ended = true;
        self.tell(&queues);
    }

    /// How far reading has come.
    pub fn progress(&self) -> Progress {
        self.queues().progress
    }

    /// Stamps that jumped, as far as was read.
    pub fn take_steps(&self) -> u64 {
        self.queues().source.as_mut().map_or(0, |source| source.dealer.timeline.take_steps())
    }

    /// The capture, once all have left.
    pub fn into_capture(self) -> Capture {
        let queues = self.queues.into_inner().unwrap_or_else(PoisonError::into_inner);
        queues.source.expect("whoever reads gives the source back").reader.into_capture()
    }
}

impl Queues {
    /// What to read from, for a worker that should.
    fn source_for(&mut self, worker: usize) -> Option<Reading> {
        if self.waiting[worker].len() < FEW_CHUNKS && self.can_read() { self.source.take() } else { None }
    }

    fn can_read(&self) -> bool {
        self.source.is_some() && self.has_room() && !self.has_ended
    }

    fn has_room(&self) -> bool {
        self.waiting_bytes < MOST_WAITING_BYTES
    }

    /// An empty chunk.
    fn spare(&mut self) -> Chunk {
        self.spares.pop().unwrap_or_else(|| Chunk::new(self.waiting.len()))
    }

    fn put(&mut self, chunk: Chunk, reader: &ChunkReader) {
        self.waiting_bytes += chunk.buffer_bytes();
        self.progress = Progress::of(reader.capture(), self.progress.packets + chunk.frames());
        let chunk = Arc::new(chunk);
        self.waiting.iter_mut().for_each(|queue| queue.push_back(Arc::clone(&chunk)));
    }
}

impl Dealer {
    fn new(config: &FileConfig) -> Self {
        Self {
            workers: config.workers as u64,
            seed: config.decode.seed,
            filters: Filters::new(config.filter.clone()),
            policies: config.policies.clone(),
            clocks: Vec::new(),
            timeline: Timeline::serving(&config.policies),
            last_ns: None,
        }
    }

    #[inline(always)]
    fn deal(&mut self, frame: &Frame<'_>) -> Deal {
        let time_ns = self.timeline.place(frame.time_ns);
        let is_due = self.last_ns.is_none_or(|last_ns| time_ns > last_ns);
        let mark = if is_due { self.mark(frame, time_ns) } else { None };
        // The upper bits of the hash as a fraction of one.
        let share = ((flow_of(frame, self.seed) >> 32) * self.workers) >> 32;
        Deal { share: share as usize, time_ns, mark }
    }

    #[cold]
    fn mark(&mut self, frame: &Frame<'_>, time_ns: i64) -> Option<Mark> {
        // Where the filter can't be made, the worker who gets the frame says so.
        if !self.filters.pass(frame).unwrap_or(false) {
            return None;
        }
        if self.last_ns.is_none() {
            self.clocks = self.policies.iter().map(|policy| policy.clock(time_ns, None)).collect();
        }
        for clock in self.clocks.iter_mut().filter(|clock| time_ns > clock.last_ns()) {
            clock.shift(time_ns);
        }
        self.last_ns = Some(self.clocks.iter().map(Clock::last_ns).min().unwrap_or(i64::MAX));
        Some(Mark { time_ns, correction_ns: self.timeline.correction_ns() })
    }
}

/// Ends the reading when its worker leaves, in whatever way: the others must not wait for what it will not give back.
pub(super) struct Leaving<'a> {
    pub sharing: &'a Sharing,
    pub worker: usize,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.sharing.leave(self.worker);
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::json;

    use super::*;
    use crate::Error;
    use crate::decode::DecodeConfig;
    use crate::engine::{FileReport, PolicyConfig, run_file};
    use crate::metric::MetricState;
    use crate::plan::compile;
    use crate::read::testing::{self, Packet, PcapFile};

    const SECOND: i64 = 1_000_000_000;

    /// A file that is gone with its test.
    struct TemporaryFile(PathBuf);

    impl TemporaryFile {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("pktvisor-sharing-{name}-{}", std::process::id()));
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for TemporaryFile {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// An IPv4 packet of no protocol, padded to a size.
    fn packet(time_ns: i64, from: u8, to: u8, bytes: usize) -> Packet {
        let mut data = vec![0; bytes];
        data[12..14].copy_from_slice(&[8, 0]);
        data[14..34].copy_from_slice(&[0x45, 0, 0, 20, 0, 0, 0, 0, 64, 255, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        Packet::new(time_ns, &data)
    }

    /// Twenty megabytes of packets over five minutes, a few of them so much late, of so many hosts.
    fn capture(hosts: u32, late_ns: i64) -> Vec<u8> {
        let packets: Vec<_> = (0..20_000_u32)
            .map(|at| {
                let late_ns = if at % 97 == 0 { late_ns } else { 0 };
                let time_ns = SECOND * 1_000 + i64::from(at) * SECOND * 300 / 20_000 - late_ns;
                packet(time_ns, (at * 7 % hosts) as u8, (at * 11 % hosts) as u8, 1_000)
            })
            .collect();
        PcapFile::MICROSECONDS.write(&packets)
    }

    fn config(path: &Path, workers: usize) -> FileConfig {
        config_of_length(path, workers, 60)
    }

    fn config_of_length(path: &Path, workers: usize, length_s: u32) -> FileConfig {
        let metrics = json!([{"kind": "counter", "feeds": [{}]}, {"kind": "rate", "feeds": [{}]}]);
        let plan = json!({"handlers": [{"table": "packet", "metrics": metrics}]});
        let policy = PolicyConfig { periods: 9, length_s, seed: 1, ..PolicyConfig::default() };
        FileConfig {
            paths: vec![path.into()],
            patience: None,
            following: None,
            decode: DecodeConfig { seed: 1, ..DecodeConfig::default() },
            filter: None,
            policies: vec![Arc::new(Policy::new(compile(&plan.to_string()).unwrap(), policy))],
            workers,
        }
    }

    fn read(config: &FileConfig) -> FileReport {
        run_file(config, &Vec::new, &mut |_| true).unwrap()
    }

    /// Start, end, packets and the spread of packets over seconds of each window.
    fn windows(config: &FileConfig) -> Vec<(i64, i64, u64, Vec<u8>)> {
        let store = config.policies[0].store();
        let window = |back| {
            let merged = store.read(back, back).unwrap();
            let [MetricState::Counter(count), MetricState::Rate(rate)] = &merged.state.metrics[..] else { panic!() };
            (merged.start_ns, merged.end_ns, count.0, rate.0.distribution().to_bytes())
        };
        (0..store.available()).map(window).collect()
    }

    #[test]
    fn workers_together_hold_what_one_would_window_by_window() {
        for (hosts, pack) in [(200, None), (2, None), (200, Some(testing::gzip as fn(&[u8]) -> Vec<u8>))] {
            let bytes = capture(hosts, 0);
            let file = TemporaryFile::new("windows", &pack.map_or(bytes.clone(), |pack| pack(&bytes)));
            let one = config(&file.0, 1);
            let report = read(&one);
            assert!(windows(&one).len() >= 5);
            for workers in [2, 3, 7] {
                let several = config(&file.0, workers);
                let other = read(&several);
                assert_eq!(windows(&several), windows(&one), "{workers} workers, {hosts} hosts");
                assert_eq!(other.ledger, report.ledger);
                assert_eq!((other.first_ns, other.last_ns), (report.first_ns, report.last_ns));
            }
        }
    }

    /// What the workers of a file hold of packets at these seconds, one worker or several.
    fn held(name: &str, seconds: &[i64]) -> Vec<(i64, i64, u64)> {
        held_in(name, seconds, 60)
    }

    /// The same in windows of another length.
    fn held_in(name: &str, seconds: &[i64], length_s: u32) -> Vec<(i64, i64, u64)> {
        let packets: Vec<_> =
            seconds.iter().enumerate().map(|(at, second)| packet(second * SECOND, at as u8, 1, 100)).collect();
        let file = TemporaryFile::new(name, &PcapFile::MICROSECONDS.write(&packets));
        let [one, several] = [1, 3].map(|workers| {
            let config = config_of_length(&file.0, workers, length_s);
            let steps = read(&config).ledger.time_steps;
            let shown = windows(&config);
            assert_eq!(config.policies[0].read(0, 9).unwrap().state.ledger.time_steps, steps);
            (steps, shown)
        });
        assert_eq!(one, several, "{name}");
        one.1
            .into_iter()
            .rev()
            .map(|(start_ns, end_ns, count, _)| (start_ns / SECOND, end_ns / SECOND, count))
            .collect()
    }

    #[test]
    fn windows_go_on_closing_whatever_the_stamps() {
        const Y2106: i64 = u32::MAX as i64;
        let bad: Vec<_> = (0..180)
            .map(|at| {
                if at == 30 {
                    Y2106
                } else if at == 90 {
                    0
                } else {
                    10_000 + at
                }
            })
            .collect();
        assert_eq!(held("bad", &bad), [(10_000, 10_060, 60), (10_060, 10_120, 60), (10_120, 10_179, 60)]);
        let set_back: Vec<_> = (0..180).map(|at| if at < 30 { 10_000 + at } else { 5_000 + at }).collect();
        let shown = held("set-back", &set_back);
        let lengths: Vec<_> = shown.iter().map(|(start, end, _)| end - start).collect();
        assert_eq!((lengths, shown[0].0, shown[1].0), (vec![60, 60, 58], 10_000, 5_061));
        let set_ahead: Vec<_> = (0..60).map(|at| if at < 30 { 10_000 + at } else { Y2106 - 1000 + at }).collect();
        assert_eq!(held("set-ahead", &set_ahead), [(10_000, 10_058, 60)]);
    }

    #[test]
    fn windows_are_as_long_as_the_policy_says() {
        let seconds: Vec<_> = (0..25).map(|at| 10_000 + at).collect();
        assert_eq!(held_in("ten", &seconds, 10), [(10_000, 10_010, 10), (10_010, 10_020, 10), (10_020, 10_024, 5)]);
        let every_minute: Vec<_> = (0..90).map(|at| 10_000 + 60 * at).collect();
        assert_eq!(held_in("hour", &every_minute, 3600), [(10_000, 13_600, 60), (13_600, 15_340, 30)]);
    }

    #[test]
    fn a_silence_that_nobody_would_believe_ends_a_window_of_whatever_length() {
        for length_s in [10, 600] {
            let set_ahead = 900_000_000;
            let later = set_ahead + 2 * 86_400;
            let stamps: Vec<_> = (10_000..10_008).chain([set_ahead]).chain(later..later + 3).collect();
            let shown = held_in("silence", &stamps, length_s);
            assert_eq!(shown.len(), 2, "{shown:?}");
            assert_eq!((shown[0].2, shown[1].0, shown[1].2), (9, later, 3));
        }
    }

    #[test]
    fn late_packets_count_into_the_same_windows_whoever_gets_them() {
        let file = TemporaryFile::new("late", &capture(200, 3 * SECOND));
        let [one, several] = [1, 3].map(|workers| {
            let config = config(&file.0, workers);
            read(&config);
            windows(&config)
                .into_iter()
                .map(|(start_ns, end_ns, packets, _)| (start_ns, end_ns, packets))
                .collect::<Vec<_>>()
        });
        assert_eq!(one, several);
    }

    #[test]
    fn who_stops_stops_all_at_the_same_packet() {
        let file = TemporaryFile::new("stop", &capture(200, 0));
        let several = config(&file.0, 3);
        let sharing = Sharing::new(Capture::open(std::slice::from_ref(&file.0)).unwrap(), &several);
        let first = sharing.next(1, None).unwrap();
        sharing.end();
        let read = sharing.progress().packets;
        let frames = |worker: usize| {
            let mut frames = 0;
            while let Some(chunk) = sharing.next(worker, None) {
                frames += chunk.frames();
            }
            frames
        };
        assert_eq!([frames(0), frames(1) + first.frames(), frames(2)], [read; 3]);
        assert!(read < 20_000);
    }

    #[test]
    fn what_nobody_has_looked_at_yet_is_bounded() {
        let file = TemporaryFile::new("bound", &capture(200, 0));
        let sharing = Sharing::new(Capture::open(std::slice::from_ref(&file.0)).unwrap(), &config(&file.0, 2));
        let mut done = None;
        // Worker 1 looks at nothing, until worker 0 would have to wait for it.
        while sharing.queues().has_room() {
            done = sharing.next(0, done.take());
        }
        let waiting_bytes = sharing.queues().waiting_bytes;
        assert!(waiting_bytes < MOST_WAITING_BYTES + (1 << 20), "{waiting_bytes}");
        let take_all = |worker: usize, mut done: Option<Arc<Chunk>>| {
            while let Some(chunk) = sharing.next(worker, done.take()) {
                done = Some(chunk);
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| take_all(1, None));
            take_all(0, done);
        });
        assert_eq!(sharing.progress().packets, 20_000);
    }

    #[test]
    fn workers_wait_for_each_other_and_not_for_one_that_has_left() {
        let file = TemporaryFile::new("meet", &capture(2, 0));
        let sharing = Sharing::new(Capture::open(std::slice::from_ref(&file.0)).unwrap(), &config(&file.0, 2));
        let has_come = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                has_come.store(true, Ordering::SeqCst);
                sharing.meet(1);
                sharing.leave(1);
            });
            sharing.meet(0);
            assert!(has_come.load(Ordering::SeqCst));
            sharing.meet(0);
        });
    }

    #[test]
    fn a_worker_that_fails_does_not_leave_the_others_waiting() {
        let file = TemporaryFile::new("fails", &capture(200, 0));
        let refuses: crate::engine::FilterMaker = Arc::new(|_| Err(Error::format("no such filter".to_string())));
        let failing = FileConfig { filter: Some(refuses), ..config(&file.0, 3) };
        assert_eq!(run_file(&failing, &Vec::new, &mut |_| true).unwrap_err().message, "no such filter");
    }
}
