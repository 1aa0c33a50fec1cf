//! Authentication header (RFC 4302): next protocol (0), its own length in units of four bytes, less two (1).

/// Next protocol, bytes of the header, and payload.
pub fn read(bytes: &[u8]) -> Option<(u8, usize, &[u8])> {
    let &[next, length] = bytes.first_chunk()?;
    let header_bytes = (usize::from(length) + 2) * 4;
    Some((next, header_bytes, bytes.get(header_bytes..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_is_stepped_over() {
        let mut bytes = vec![17, 4];
        bytes.resize(24, 0);
        bytes.push(9);
        assert_eq!(read(&bytes), Some((17, 24, &[9][..])));
        assert_eq!(read(&bytes[..23]), None);
    }
}
