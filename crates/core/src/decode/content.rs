//! What a protocol may say about a payload whose protocol no port tells.

/// A payload of a flow whose protocol is not known.
#[derive(Debug, Clone, Copy)]
pub struct Probed<'a> {
    /// Its first bytes, as captured.
    pub bytes: &'a [u8],
    /// Its size on the wire: of a datagram, or of a TCP segment.
    pub wire_bytes: u32,
    /// The bytes are part of a TCP stream, with whatever frames messages there.
    pub is_stream: bool,
}

/// Whether a payload is of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// No other protocol would look like this.
    Certain(Sender),
    /// It looks like it as far as it can be seen. A second payload of the flow makes it certain.
    Perhaps(Sender),
    NotMine,
}

/// Who has sent a payload; the other end's port is not the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    Client,
    Server,
    /// It does not say: the lower port is taken for the server's.
    Either,
}

/// How a protocol tells that a payload is of it.
pub type Probe = fn(&Probed<'_>) -> Finding;
