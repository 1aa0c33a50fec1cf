"""Small networks for recording captures: namespaces, veth links, daemons and tcpdump.

Everything lives inside network namespaces and one temporary folder, and goes away when the `Lab` is left, so a
scenario can be recorded again at any time. Needs root, iproute2, ethtool and tcpdump.

    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24", server, "10.9.0.2/24")
        with lab.capture(server, "example.pcap"):
            client.run("ping", "-c", "1", "10.9.0.2")
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

CAPTURES = Path(__file__).resolve().parent.parent / "captures"
LARGEST_CAPTURE_BYTES = 60_000
STOP_SECONDS = 5.0


class LabError(RuntimeError):
    """The network could not be built, a daemon did not answer, or a capture came out wrong."""


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll `condition` until it holds; raise `LabError` naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)


class Host:
    """One network namespace, used as if it were a machine."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.interfaces: list[str] = []

    def command(self, *arguments: str) -> list[str]:
        """The command line that runs `arguments` inside this namespace."""
        return ["ip", "netns", "exec", self.namespace, *arguments]

    def run(self, *arguments: str, check: bool = True, seconds: float = 30.0) -> str:
        """Run a command here and return its standard output."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=seconds, check=False)
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(arguments)} left with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def ip(self, *arguments: str) -> None:
        """Run `ip -n NAMESPACE ...`."""
        subprocess.run(["ip", "-n", self.namespace, *arguments], check=True, capture_output=True, text=True)

    def dig(self, *arguments: str) -> str:
        """Ask with dig: one try of two seconds unless the arguments say otherwise. A missing answer is no error."""
        return self.run("dig", "+tries=1", "+time=2", *arguments, check=False)


class Lab:
    """A set of hosts, links and daemons that is taken down again on leaving."""

    def __init__(self) -> None:
        self._hosts: list[Host] = []
        self._daemons: list[subprocess.Popen[bytes]] = []
        self._link_numbers = itertools.count(1)
        self.folder = Path(tempfile.mkdtemp(prefix="pktvisor-lab-"))

    def __enter__(self) -> Lab:
        if os.geteuid() != 0:
            raise LabError("network namespaces need root: run this with sudo")
        self.folder.chmod(0o755)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for daemon in reversed(self._daemons):
            stop(daemon)
        for host in self._hosts:
            subprocess.run(["ip", "netns", "del", host.namespace], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def host(self, name: str) -> Host:
        """Add a namespace with only a loopback interface."""
        host = Host(f"pvlab{os.getpid()}-{name}")
        subprocess.run(["ip", "netns", "add", host.namespace], check=True)
        self._hosts.append(host)
        host.ip("link", "set", "lo", "up")
        return host

    def link(self, left: Host, left_addresses: str, right: Host, right_addresses: str, mtu: int = 1500) -> None:
        """Join two hosts by a veth pair; addresses are space-separated CIDRs, MAC addresses are fixed by position."""
        number = next(self._link_numbers)
        names = (f"eth{len(left.interfaces)}", f"eth{len(right.interfaces)}")
        peer = ["peer", "name", names[1], "netns", right.namespace]
        subprocess.run(["ip", "link", "add", names[0], "netns", left.namespace, "type", "veth", *peer], check=True)
        sides = ((left, names[0], left_addresses), (right, names[1], right_addresses))
        for side, (host, name, addresses) in enumerate(sides, start=1):
            host.interfaces.append(name)
            host.ip("link", "set", name, "address", f"02:00:00:00:{number:02x}:{side:02x}", "mtu", str(mtu), "up")
            # Offloads would show segments above the MTU and unfinished checksums in the capture.
            host.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
            for address in addresses.split():
                host.ip("addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))

    def write(self, name: str, text: str) -> Path:
        """Write a configuration file into the lab's temporary folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def daemon(self, host: Host, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a program in the foreground on `host`; it is stopped when the lab is left."""
        log = (self.folder / f"{Path(arguments[0]).name}-{len(self._daemons)}.log").open("wb")
        daemon = subprocess.Popen(host.command(*arguments), stdout=log, stderr=log, cwd=self.folder)
        self._daemons.append(daemon)
        return daemon

    @contextlib.contextmanager
    def capture(
        self, host: Host, name: str, *options: str, interface: str = "eth0", expression: str = ""
    ) -> Iterator[Path]:
        """Capture on `interface` of `host` into tests/captures/`name` while the body runs."""
        with self.capture_raw(host, name, *options, interface=interface, expression=expression) as raw:
            yield raw
        keep(raw, CAPTURES / name)

    @contextlib.contextmanager
    def capture_raw(
        self, host: Host, name: str, *options: str, interface: str = "eth0", expression: str = ""
    ) -> Iterator[Path]:
        """Capture into the lab's temporary folder, for scenarios that work on the file before keeping it."""
        path = self.folder / name
        # Without -B, the ring of immediate mode has room for eight packets only.
        arguments = ["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-B", "32768", "-n", "-i", interface]
        arguments += ["-w", str(path)]
        log = self.folder / f"{name}.tcpdump.log"
        with log.open("wb") as stream:
            tcpdump = subprocess.Popen(host.command(*arguments, *options, *expression.split()), stderr=stream)
        try:
            wait_until(lambda: "listening on" in log.read_text(), f"tcpdump on {interface} to listen")
            yield path
            time.sleep(0.4)
        finally:
            stop(tcpdump)
        if " 0 packets dropped by kernel" not in " " + log.read_text().replace("\n", " "):
            raise LabError(f"tcpdump dropped packets: {log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask one process to stop, and insist after a while."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def keep(source: Path, target: Path) -> None:
    """Copy a finished capture among the project's captures, if it is small enough."""
    size_bytes = source.stat().st_size
    if size_bytes > LARGEST_CAPTURE_BYTES:
        raise LabError(f"{target.name} has {size_bytes} bytes, a kept capture at most {LARGEST_CAPTURE_BYTES}")
    shutil.copyfile(source, target)
    target.chmod(0o644)
