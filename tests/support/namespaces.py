"""Network namespaces of tests' own, with interfaces to send by: they need root, and the command ip."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.live import PATIENCE_SECONDS

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
TUN_WITHOUT_HEADER = 0x1001


def in_namespace(story: Callable[[], None]) -> None:
    """Run a story in a namespace with a veth pair, left and right, and one that is down; all go with the thread."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                pytest.skip("a network namespace needs root")
            for command in (
                "link add left type veth peer name right",
                "link set left arp off up",
                "link set right arp off up",
                "link set lo up",
                "addr add 10.9.0.1/24 dev left",
                "link add idle type veth peer name idle-peer",
            ):
                subprocess.run(["ip", *command.split()], check=True)
            story()
        except BaseException as problem:
            problems.append(problem)

    if shutil.which("ip") is None:
        pytest.skip("the command ip (package iproute2) is missing")
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]


@contextmanager
def neighbour() -> Iterator[list[str]]:
    """Have the interface `right` of a story in another namespace, 10.9.0.2 and fd09::2; `left` is fd09::1, too.

    Gives the words that begin a command there.
    """
    holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
    there = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
    try:
        ends = time.monotonic() + PATIENCE_SECONDS
        here = Path("/proc/thread-self/ns/net").readlink()
        while Path(f"/proc/{holder.pid}/ns/net").readlink() == here:
            assert time.monotonic() < ends, "there is no other namespace"
            time.sleep(0.01)
        for command in (
            f"ip link set right netns {holder.pid}",
            "ip link set left arp on",
            "ip addr add fd09::1/64 dev left nodad",
            *(f"{' '.join(there)} ip {rest}" for rest in NEIGHBOUR),
        ):
            subprocess.run(command.split(), check=True)
        yield there
    finally:
        holder.kill()
        holder.wait()


NEIGHBOUR = (
    "link set right arp on up",
    "link set lo up",
    "addr add 10.9.0.2/24 dev right",
    "addr add fd09::2/64 dev right nodad",
)


class Tunnel:
    """A tunnel device: its packets begin with an IP header."""

    def __init__(self, name: str) -> None:
        self._device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self._device, TUNSETIFF, struct.pack("16sH", name.encode(), TUN_WITHOUT_HEADER))
        subprocess.run(["ip", "link", "set", name, "up"], check=True)

    def receive(self, packet: bytes) -> None:
        """Let an IP packet come in by it."""
        os.write(self._device, packet)

    def close(self) -> None:
        """Take it away."""
        os.close(self._device)


def send(interface: str, frame: bytes) -> None:
    """Send an Ethernet frame by an interface of the calling thread's namespace."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((interface, 0))
        sender.send(frame)
