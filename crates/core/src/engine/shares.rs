//! A capture file by several workers, who share one reading of it ([`Sharing`]): each gets the packets of its own flows,
//! and all see the same times at the same packets, so that together they hold what one worker would.

use super::intake::Intake;
use super::packets::Packets;
use super::recorded::ITEMS_PER_REPORT;
use super::sharing::{Leaving, Sharing};
use super::{BatchSink, FileConfig, FileReport, Progress};
use crate::Error;
use crate::frame::Frame;
use crate::read::{Capture, Chunk, Mark, Piece};

/// Several workers share the file; this thread is one of them, and tells the progress.
pub(super) fn run_shared(
    capture: Capture,
    config: &FileConfig,
    sinks: &dyn Fn() -> Vec<Box<dyn BatchSink>>,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<FileReport, Error> {
    let sharing = Sharing::new(capture, config);
    let shared = &sharing;
    let mut shares = std::thread::scope(|scope| {
        let others: Vec<_> = (1..config.workers)
            .map(|number| (number, sinks()))
            .map(|(number, sinks)| scope.spawn(move || Share::new(config, sinks).run(number, shared, &mut |_| true)))
            .collect();
        let mut shares = vec![Share::new(config, sinks()).run(0, shared, progress)];
        let joined =
            others.into_iter().map(|thread| thread.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault)));
        shares.extend(joined);
        shares.into_iter().collect::<Result<Vec<_>, _>>()
    })?;
    shares[0].intake.batch().ledger.time_steps += sharing.take_steps();
    progress(sharing.progress());
    let capture = sharing.into_capture();
    capture.check()?;
    let report = finish(&capture, shares);
    config.policies.iter().for_each(|policy| policy.end());
    Ok(report)
}

/// Ends the windows of all workers with the newest packet of any.
fn finish(capture: &Capture, shares: Vec<Share>) -> FileReport {
    let mut whole = FileReport::of(capture);
    for share in &shares {
        let (first_ns, newest_ns) = share.intake.span_ns();
        whole.first_ns = whole.first_ns.or(first_ns);
        whole.last_ns = whole.last_ns.max(newest_ns);
        whole.was_stopped |= share.was_stopped;
        whole.unread_links.extend(share.packets.decoder.unread_links());
    }
    for mut share in shares {
        share.packets.decoder.finish(share.intake.batch());
        share.packets.hand_on(&mut share.intake);
        share.intake.finish(whole.last_ns.unwrap_or(0));
        whole.ledger += &share.intake.take_ledger();
    }
    whole
}

/// One worker's share of a file.
struct Share {
    packets: Packets,
    intake: Intake,
    was_stopped: bool,
}

impl Share {
    fn new(config: &FileConfig, sinks: Vec<Box<dyn BatchSink>>) -> Self {
        let intake = Intake::led(&config.policies, sinks);
        let mut packets = Packets::new(config.decode.clone(), config.filter.clone());
        packets.decoder.set_needs(&intake.needs());
        Self { packets, intake, was_stopped: false }
    }

    /// Takes one worker's share of a file. Said to stop, it has no more read, and takes what was.
    fn run(
        mut self,
        worker: usize,
        sharing: &Sharing,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Self, Error> {
        let _leaving = Leaving { sharing, worker };
        let (mut done, mut packets) = (None, 0_u64);
        while let Some(chunk) = sharing.next(worker, done.take()) {
            self.take(&chunk, worker, sharing)?;
            let reports = packets / ITEMS_PER_REPORT;
            packets += chunk.frames();
            let is_due = packets / ITEMS_PER_REPORT > reports;
            if is_due && !self.was_stopped && !progress(sharing.progress()) {
                self.was_stopped = true;
                sharing.end();
            }
            done = Some(chunk);
        }
        if !self.intake.is_idle() {
            self.packets.hand_on(&mut self.intake); // here, where the others do theirs at the same time
        }
        Ok(self)
    }

    #[inline(never)] // a loop of its own, with all registers for it
    fn take(&mut self, chunk: &Chunk, worker: usize, sharing: &Sharing) -> Result<(), Error> {
        for piece in chunk.share(worker) {
            match piece {
                Piece::Frame(frame) => drop(self.packets.take(frame, &mut self.intake)?),
                Piece::Mark(mark) => self.pass_mark(mark, worker, sharing),
            }
        }
        Ok(())
    }

    /// A packet of this time, perhaps another worker's, starts or ends a window. The workers end it together: what
    /// comes later is compared with the whole window, and not with a worker's share of it.
    #[cold]
    fn pass_mark(&mut self, mark: Mark, worker: usize, sharing: &Sharing) {
        self.intake.come_to::<Frame<'_>>(mark.time_ns, mark.correction_ns, &mut self.packets.decoder);
        sharing.meet(worker);
        self.intake.advance(mark.time_ns);
        sharing.meet(worker);
        self.intake.remember_whole();
    }
}
