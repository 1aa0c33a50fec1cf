//! Why an address can't be listened on, and what would do.

use std::fmt;
use std::io::{Error as Cause, ErrorKind};
use std::path::Path;

use crate::Error;

/// Of what is said, for a port.
pub(super) fn of_port(said: impl fmt::Display, cause: &Cause) -> Error {
    let remedy = match cause.kind() {
        ErrorKind::AddrNotAvailable => "it needs an address of this host",
        ErrorKind::AddrInUse => "something else listens there; choose another port",
        ErrorKind::PermissionDenied => "choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE",
        _ => "",
    };
    with(remedy, Error::system(format!("listen on {said}"), cause))
}

/// For the path of a Unix socket.
pub(super) fn of_path(path: &Path, cause: &Cause) -> Error {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let remedy = match cause.kind() {
        ErrorKind::NotFound => format!("there is no folder {}; make it first", folder.display()),
        ErrorKind::NotADirectory => format!("{} is no folder; name another path", folder.display()),
        ErrorKind::PermissionDenied => {
            format!("the user of this process needs the right to write to {}", folder.display())
        }
        ErrorKind::InvalidInput => "a socket's path has at most 107 bytes; choose a shorter one".to_owned(),
        _ => String::new(),
    };
    with(&remedy, Error::system(format!("listen on {}", path.display()), cause))
}

fn with(remedy: &str, mut error: Error) -> Error {
    if !remedy.is_empty() {
        error.message = format!("{}: {remedy}", error.message);
    }
    error
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;

    use super::super::streams::{StreamAddress, StreamListener};
    use crate::listen::datagrams::{self, DatagramConfig};

    fn refused(address: StreamAddress) -> String {
        StreamListener::open(&address).unwrap_err().message
    }

    #[test]
    fn a_path_that_no_socket_can_be_at_is_told_with_what_would_do() {
        let path = |name: &str| StreamAddress::Unix(std::env::temp_dir().join(name));
        let told = refused(path("pktvisor-nowhere/dnstap.sock"));
        assert!(told.contains("No such file or directory: there is no folder "), "{told}");
        assert!(told.ends_with("pktvisor-nowhere; make it first"), "{told}");
        let told = refused(path(&"x".repeat(120)));
        assert!(told.ends_with("at most 107 bytes; choose a shorter one"), "{told}");
        let program = std::env::current_exe().unwrap();
        let told = refused(StreamAddress::Unix(program.join("dnstap.sock")));
        assert!(told.ends_with(&format!("{} is no folder; name another path", program.display())), "{told}");
        assert!(
            PathBuf::from("dnstap.sock").parent().unwrap().as_os_str().as_bytes().is_empty(),
            "it means this folder"
        );
    }

    #[test]
    fn a_port_that_can_not_be_had_is_told_with_what_would_do() {
        let told = refused(StreamAddress::Tcp("192.0.2.1".into(), 6000));
        assert!(told.ends_with("Cannot assign requested address: it needs an address of this host"), "{told}");
        let held = StreamListener::open(&StreamAddress::Tcp("127.0.0.1".into(), 0)).unwrap();
        let told = refused(StreamAddress::Tcp("127.0.0.1".into(), held.port().unwrap()));
        assert!(told.ends_with("Address already in use: something else listens there; choose another port"), "{told}");
        let address = "192.0.2.1:2055".parse().unwrap();
        let config = DatagramConfig { address, sockets: 1, receive_buffer_bytes: 0 };
        let told = datagrams::open(&config).err().unwrap().message;
        assert_eq!(
            told,
            "listen on 192.0.2.1, UDP port 2055: Cannot assign requested address: it needs an address of this host"
        );
    }
}
