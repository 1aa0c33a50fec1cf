//! A frame stream of a connection: bytes as they come.

use super::protocol::{FrameStream, Step};
use super::violation::Violation;

/// The side of a connection that reads: takes bytes as they come, however they are parted.
#[derive(Debug)]
pub struct FrameStreamReceiver {
    stream: FrameStream,
    /// What has come of a frame that is not whole.
    partial: Vec<u8>,
}

/// A buffer that has grown beyond this is given back when its frame is whole.
const MOST_KEPT_BYTES: usize = 64 << 10;

impl FrameStreamReceiver {
    pub fn new(content_type: &'static str) -> Self {
        Self { stream: FrameStream::new(content_type), partial: Vec::new() }
    }

    /// Takes bytes: gives the content of each data frame that is whole to `each`, and writes what is to be answered.
    ///
    /// # Errors
    /// When the stream makes no sense from here on.
    pub fn take(
        &mut self,
        mut bytes: &[u8],
        answers: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<(), Violation> {
        while !bytes.is_empty() {
            bytes = match self.partial.is_empty() {
                true => self.take_whole(bytes, answers, each)?,
                false => self.complete(bytes, answers, each)?,
            };
        }
        Ok(())
    }

    /// Takes the frame that the bytes begin with, or keeps them; gives the rest.
    fn take_whole<'a>(
        &mut self,
        bytes: &'a [u8],
        answers: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<&'a [u8], Violation> {
        Ok(match self.stream.step(bytes)? {
            Step::Needs(wanted) => {
                self.keep(bytes, wanted);
                &[]
            }
            Step::Control(control, end) => {
                answers.extend(self.stream.answer(control).unwrap_or_default());
                &bytes[end..]
            }
            Step::Data(content) => {
                each(&bytes[content.clone()]);
                &bytes[content.end..]
            }
        })
    }

    /// Adds no more than the frame needs that is not whole; gives the rest.
    fn complete<'a>(
        &mut self,
        bytes: &'a [u8],
        answers: &mut Vec<u8>,
        each: &mut impl FnMut(&[u8]),
    ) -> Result<&'a [u8], Violation> {
        let Step::Needs(wanted) = self.stream.step(&self.partial)? else {
            unreachable!("what is whole is taken at once")
        };
        let (more, rest) = bytes.split_at(bytes.len().min(wanted - self.partial.len()));
        self.keep(more, wanted);
        if self.partial.len() == wanted {
            let frame = std::mem::take(&mut self.partial);
            self.take_whole(&frame, answers, each)?; // which keeps it where this was but its length
            if self.partial.is_empty() && frame.capacity() <= MOST_KEPT_BYTES {
                self.partial = frame;
                self.partial.clear();
            }
        }
        Ok(rest)
    }

    /// Keeps bytes of a frame that has so many at least: its room grows twofold, but never beyond the frame.
    fn keep(&mut self, bytes: &[u8], wanted: usize) {
        let length = self.partial.len() + bytes.len();
        if length > self.partial.capacity() {
            let room = length.max(wanted.min(2 * self.partial.capacity()));
            self.partial.reserve_exact(room - self.partial.len());
        }
        self.partial.extend_from_slice(bytes);
    }

    /// Nothing more comes.
    ///
    /// # Errors
    /// When a frame is not whole.
    pub fn end(&self) -> Result<(), Violation> {
        if self.partial.is_empty() { Ok(()) } else { Err(Violation::Cut) }
    }

    /// Whether data may come.
    pub fn is_running(&self) -> bool {
        self.stream.is_running()
    }

    /// Memory that it holds for a frame that is not whole.
    pub fn waiting_bytes(&self) -> usize {
        self.partial.capacity()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::MOST_FRAME_BYTES;
    use super::super::testing::{CONTENT, control, data, start};
    use super::*;

    /// What a receiver makes of a stream that comes in parts of these sizes, over and over.
    fn receive(stream: &[u8], sizes: &[usize]) -> (Vec<Vec<u8>>, Vec<u8>, Result<(), Violation>) {
        let mut receiver = FrameStreamReceiver::new(CONTENT);
        let (mut frames, mut answers, mut rest) = (Vec::new(), Vec::new(), stream);
        for size in sizes.iter().cycle() {
            let (part, others) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
            if let Err(fault) = receiver.take(part, &mut answers, &mut |content| frames.push(content.to_vec())) {
                return (frames, answers, Err(fault));
            }
            rest = others;
            if rest.is_empty() {
                break;
            }
        }
        (frames, answers, receiver.end())
    }

    proptest! {
        /// Whatever the parts in which a stream comes: it is taken as if it had come whole.
        #[test]
        fn how_a_stream_is_parted_makes_no_difference(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..20),
            is_two_way in any::<bool>(),
            damage in prop::option::of((0usize..4000, any::<u8>())),
            cut in prop::option::of(0usize..4000),
            sizes in prop::collection::vec(1usize..700, 1..20),
        ) {
            let mut stream = if is_two_way { control(4, &[(1, CONTENT.as_bytes())]) } else { Vec::new() };
            stream.extend(start());
            contents.iter().for_each(|content| stream.extend(data(content)));
            stream.extend(control(3, &[]));
            if let Some((at, byte)) = damage {
                let at = at % stream.len();
                stream[at] = byte;
            }
            stream.truncate(cut.unwrap_or(usize::MAX));
            let whole = receive(&stream, &[usize::MAX]);
            prop_assert_eq!(receive(&stream, &sizes), whole.clone());
            prop_assert_eq!(receive(&stream, &[1]), whole.clone());
            if damage.is_none() && cut.is_none() {
                prop_assert_eq!(whole.0, contents);
            }
        }
    }

    #[test]
    fn a_writer_that_asks_is_answered_with_what_is_wanted_of_its_offer() {
        let offer = control(4, &[(1, b"other"), (1, CONTENT.as_bytes())]);
        let stream = [offer, start(), data(b"a"), control(3, &[])].concat();
        let answers = [control(1, &[(1, CONTENT.as_bytes())]), control(5, &[])].concat();
        assert_eq!(receive(&stream, &[usize::MAX]), (vec![b"a".to_vec()], answers, Ok(())));
        let without_offer = receive(&control(4, &[]), &[usize::MAX]);
        assert_eq!(without_offer, (Vec::new(), control(1, &[]), Ok(())));
        let one_way = receive(&[start(), control(3, &[])].concat(), &[usize::MAX]);
        assert_eq!(one_way, (Vec::new(), Vec::new(), Ok(())), "nobody listens");
        let other = receive(&control(4, &[(1, b"other")]), &[usize::MAX]).2;
        assert!(matches!(other, Err(Violation::ContentType { .. })));
    }

    #[test]
    fn a_receiver_holds_no_more_than_has_come_and_gives_it_back() {
        let mut receiver = FrameStreamReceiver::new(CONTENT);
        let mut answers = Vec::new();
        let mut take = |receiver: &mut FrameStreamReceiver, bytes: &[u8]| {
            receiver.take(bytes, &mut answers, &mut |_| {}).unwrap();
            receiver.waiting_bytes()
        };
        assert_eq!(take(&mut receiver, &start()), 0);
        assert!(take(&mut receiver, &(MOST_FRAME_BYTES as u32).to_be_bytes()) < 64, "a length alone is no room");
        assert!(take(&mut receiver, &vec![0; MOST_FRAME_BYTES / 2 + 1]) <= MOST_FRAME_BYTES);
        assert!(
            take(&mut receiver, &vec![0; MOST_FRAME_BYTES / 2 - 2]) <= MOST_FRAME_BYTES + 4,
            "never more than a frame"
        );
        assert_eq!(take(&mut receiver, &[0]), 0);
    }
}
