//! Asks the kernel for a table (links, addresses) or for one link over a netlink route socket. Source: netlink(7), rtnetlink(7).

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// `struct nlmsghdr`: length, type, flags, sequence, port.
const MESSAGE_HEADER_BYTES: usize = 16;
/// `struct rtattr`: length, type.
const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// The upper two bits of an attribute's type are flags.
const ATTRIBUTE_TYPE_MASK: u16 = 0x3fff;
/// The kernel sends a table in messages of at most 32 KiB.
const RECEIVE_BYTES: usize = 64 << 10;
/// How often to ask again when the table changed while it was being sent.
const MOST_ATTEMPTS: u32 = 5;

/// Every row of a table: `request` is `RTM_GETLINK` or `RTM_GETADDR`. A row is the bytes behind its message header.
pub(super) fn table(request: u16) -> io::Result<Vec<Vec<u8>>> {
    for _ in 0..MOST_ATTEMPTS {
        if let Some(rows) = ask(request)? {
            return Ok(rows);
        }
    }
    Err(io::Error::from_raw_os_error(libc::EBUSY))
}

/// The row of one link.
pub(super) fn link(index: u32) -> io::Result<Vec<Vec<u8>>> {
    let socket = open()?;
    send(&socket, libc::RTM_GETLINK, 0, index)?;
    let mut buffer = vec![0; RECEIVE_BYTES];
    let received = receive(&socket, &mut buffer)?;
    let message = messages(&buffer[..received]).next().ok_or(io::ErrorKind::UnexpectedEof)?;
    match i32::from(message.kind) {
        libc::NLMSG_ERROR => Err(error_of(message.body)),
        _ => Ok(vec![message.body.to_vec()]),
    }
}

/// The attributes behind a row's fixed part, as type and bytes.
pub(super) fn attributes(row: &[u8], fixed_bytes: usize) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = row.get(fixed_bytes..).unwrap_or_default();
    std::iter::from_fn(move || {
        let header: &[u8; ATTRIBUTE_HEADER_BYTES] = rest.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let value = rest.get(ATTRIBUTE_HEADER_BYTES..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([header[2], header[3]]) & ATTRIBUTE_TYPE_MASK, value))
    })
}

/// One attempt; `None` when the table changed under way, so that a row may be missing.
fn ask(request: u16) -> io::Result<Option<Vec<Vec<u8>>>> {
    let socket = open()?;
    send(&socket, request, libc::NLM_F_DUMP, 0)?;
    let mut rows = Vec::new();
    let mut buffer = vec![0; RECEIVE_BYTES];
    let mut interrupted = false;
    loop {
        let received = receive(&socket, &mut buffer)?;
        for message in messages(&buffer[..received]) {
            interrupted |= message.flags & libc::NLM_F_DUMP_INTR as u16 != 0;
            match i32::from(message.kind) {
                libc::NLMSG_DONE => return Ok((!interrupted).then_some(rows)),
                libc::NLMSG_ERROR => return Err(error_of(message.body)),
                _ => rows.push(message.body.to_vec()),
            }
        }
    }
}

struct Message<'a> {
    kind: u16,
    flags: u16,
    body: &'a [u8],
}

fn messages(mut rest: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let header: &[u8; MESSAGE_HEADER_BYTES] = rest.first_chunk()?;
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let body = rest.get(MESSAGE_HEADER_BYTES..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Message {
            kind: u16::from_ne_bytes([header[4], header[5]]),
            flags: u16::from_ne_bytes([header[6], header[7]]),
            body,
        })
    })
}

/// An error message's body begins with the negated error number.
fn error_of(body: &[u8]) -> io::Error {
    let number = body.first_chunk().copied().map_or(libc::EPROTO, |bytes| i32::from_ne_bytes(bytes).wrapping_neg());
    io::Error::from_raw_os_error(number)
}

fn open() -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes no pointers; a result that is not negative is a descriptor that nobody else owns.
    unsafe {
        let descriptor = libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE);
        if descriptor < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(descriptor)) }
    }
}

/// A request: the header, and a fixed part (an `ifinfomsg`, the longest one) of zeros but for the index; so with the flag
/// for dumps it asks for all rows of all families.
fn send(socket: &OwnedFd, request: u16, flags: i32, index: u32) -> io::Result<()> {
    let mut message = [0u8; MESSAGE_HEADER_BYTES + size_of::<libc::ifinfomsg>()];
    let length = message.len() as u32;
    message[..4].copy_from_slice(&length.to_ne_bytes());
    message[4..6].copy_from_slice(&request.to_ne_bytes());
    message[6..8].copy_from_slice(&((libc::NLM_F_REQUEST | flags) as u16).to_ne_bytes());
    message[MESSAGE_HEADER_BYTES + 4..][..4].copy_from_slice(&index.to_ne_bytes());
    // SAFETY: the pointer and the length are those of `message`.
    let sent = unsafe { libc::send(socket.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length are those of `buffer`; MSG_TRUNC only changes the result.
    let received = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_TRUNC) };
    match usize::try_from(received) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(bytes) if bytes > buffer.len() => Err(io::Error::from_raw_os_error(libc::EMSGSIZE)),
        Ok(bytes) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn attributes_are_padded_to_four_bytes_and_the_last_may_be_cut() {
        let row = [9, 9, 5, 0, 3, 0, b'x', 0, 0, 0, 4, 0, 7, 0x80, 8, 0, 1, 0];
        let found: Vec<_> = attributes(&row, 2).collect();
        assert_eq!(found, [(3, &b"x"[..]), (7, &b""[..])]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(0u8..24, 0..200)) {
            prop_assert!(attributes(&bytes, 0).count() <= bytes.len());
            prop_assert!(messages(&bytes).count() <= bytes.len());
        }
    }
}
