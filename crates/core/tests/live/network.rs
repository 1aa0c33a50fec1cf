//! A network of a test's own: a namespace for its thread, virtual links, and things that send.

use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::time::Duration;

#[path = "../skip/mod.rs"]
mod skip;
use skip::skip;

/// Runs `story` in a thread with a network namespace of its own, which goes with the thread and all that is in it.
/// Where the rights are missing it says so and returns.
pub fn in_namespace(story: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(|| {
        // SAFETY: unshare(2) takes no pointers; only this thread moves to a new namespace.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            return skip(&format!("a network namespace needs root ({})", std::io::Error::last_os_error()));
        }
        if Command::new("ip").arg("-V").output().is_err() {
            return skip("the command ip (package iproute2) is missing");
        }
        story();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// What a command prints; it must succeed.
pub fn command(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Two Ethernet interfaces with a cable between them, both up, with no address: nothing but the test's own frames.
pub fn veth_pair(left: &str, right: &str) {
    silence_ipv6();
    command("ip", &["link", "add", left, "type", "veth", "peer", "name", right]);
    for name in [left, right, "lo"] {
        command("ip", &["link", "set", name, "up"]);
    }
    wait_until_up(left);
    wait_until_up(right);
}

/// Waits for the kernel to send by an Ethernet interface: it drops silently what is sent before, and on a busy machine
/// that takes a while after the command.
pub fn wait_until_up(name: &str) {
    let is_up = || command("ip", &["-o", "link", "show", "dev", name]).contains("state UP");
    for _ in 0..1000 {
        if is_up() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{name} did not come up");
}

/// Keeps the kernel from greeting its IPv6 neighbours on new interfaces of this thread's namespace.
fn silence_ipv6() {
    // Where the file is missing, so is IPv6.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
}

/// Sends whole Ethernet frames out of an interface.
pub struct Sender {
    socket: OwnedFd,
    address: libc::sockaddr_ll,
}

impl Sender {
    pub fn new(interface: &str) -> Self {
        let name = CString::new(interface).unwrap();
        // SAFETY: a valid C string; the descriptor is checked before it is owned; all zeros are a valid sockaddr_ll.
        unsafe {
            let descriptor = libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0);
            assert!(descriptor >= 0, "{}", std::io::Error::last_os_error());
            let mut address: libc::sockaddr_ll = std::mem::zeroed();
            address.sll_family = libc::AF_PACKET as u16;
            address.sll_ifindex = libc::if_nametoindex(name.as_ptr()) as i32;
            Self { socket: OwnedFd::from_raw_fd(descriptor), address }
        }
    }

    pub fn send(&self, frame: &[u8]) {
        // SAFETY: both pointers come with the length of what they point to.
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const self.address).cast(),
                size_of::<libc::sockaddr_ll>() as u32,
            )
        };
        assert_eq!(sent, frame.len() as isize, "{}", std::io::Error::last_os_error());
    }
}

/// An interface without Ethernet (a `tun` device); its other end is this process.
pub struct Tunnel(File);

impl Tunnel {
    pub fn new(name: &str) -> Self {
        const TUNSETIFF: libc::Ioctl = 0x4004_54ca;
        silence_ipv6();
        let device = File::options().read(true).write(true).open("/dev/net/tun").unwrap();
        // SAFETY: all zeros are a valid ifreq, and the kernel reads and writes no more than that.
        unsafe {
            let mut request: libc::ifreq = std::mem::zeroed();
            for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
                *to = from as libc::c_char;
            }
            request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as i16;
            assert_eq!(libc::ioctl(device.as_raw_fd(), TUNSETIFF, &raw mut request), 0);
        }
        command("ip", &["link", "set", name, "up"]);
        Self(device)
    }

    /// Lets an IP packet come in by the interface.
    pub fn receive(&self, packet: &[u8]) {
        (&self.0).write_all(packet).unwrap();
    }
}

/// Takes all capabilities from this thread.
pub fn drop_capabilities() {
    set_capabilities(0);
}

pub fn keep_only_net_raw() {
    const CAP_NET_RAW: u32 = 13;
    set_capabilities(1 << CAP_NET_RAW);
}

/// Sets effective and permitted capabilities 0 to 31 of this thread, and none above (capset(2)).
fn set_capabilities(capabilities: u32) {
    const VERSION_3: u32 = 0x2008_0522;
    let header = [VERSION_3, 0];
    let sets = [capabilities, capabilities, 0, 0, 0, 0];
    // SAFETY: the layouts of capset(2) in version 3: two words, and two times three words.
    assert_eq!(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) }, 0);
}
