//! Errors for people: a wrong option, a file that can't be opened, a right that is missing. Never for packets.

use std::fmt;

/// What kind of mistake or fault an [`Error`] tells of; callers choose exit and status codes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An argument, an expression or a plan that makes no sense.
    Invalid,
    /// Bytes that are not in the format they were said to be in (a capture file, a database, a sketch).
    Format,
    /// The operating system refused for want of rights.
    Permission,
    /// The operating system refused for another reason.
    System,
}

/// One sentence for a person, and the kind of fault it tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    pub fn format(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Format, message)
    }

    /// An operating system error with what was being done: `"open eth0: Operation not permitted"`.
    pub fn system(doing: impl fmt::Display, cause: &std::io::Error) -> Self {
        let kind = match cause.kind() {
            std::io::ErrorKind::PermissionDenied => ErrorKind::Permission,
            _ => ErrorKind::System,
        };
        Self::new(kind, format!("{doing}: {}", reason(cause)))
    }
}

/// What an operating system error says to people, without its number: `"Connection refused"`.
pub fn reason(cause: &std::io::Error) -> String {
    let text = cause.to_string();
    match (cause.raw_os_error(), text.rfind(" (os error ")) {
        (Some(_), Some(end)) => text[..end].to_owned(),
        _ => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
