from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pktvisor.errors import ConfigError
from pktvisor.inputs import filters
from pktvisor.inputs.filters import compile_filter

ETHERNET, RAW_IP, COOKED = 1, 101, 113
CLONE_NEWNET = 0x40000000

Program = list[tuple[int, int, int, int]]

EXPRESSIONS = [
    "udp port 53",
    "tcp or udp",
    "port 53 or port 853",
    "ip",
    "ip6 and not icmp6",
    "arp",
    "host 192.0.2.1",
    "net 10.0.0.0/8",
    "src net 2001:db8::/32",
    "dst port 443 and tcp[tcpflags] & tcp-syn != 0",
    "vlan 100",
    "vlan 100 and vlan 200 and udp port 53",
    "mpls 1000 and ip",
    "ether host 02:00:00:00:00:01",
    "ip broadcast",
    "ether multicast",
    "portrange 1000-2000",
    "greater 1000",
    "ip[6:2] & 0x1fff != 0",
    "udp[8:2] = 4711 or icmp[icmptype] = icmp-echo",
]


def tcpdump(*arguments: str) -> Program:
    command = shutil.which("tcpdump", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if command is None:
        pytest.skip("tcpdump is missing")
    output = subprocess.run([command, "-ddd", *arguments], check=True, capture_output=True, text=True).stdout
    numbers = [[int(number) for number in line.split()] for line in output.splitlines()]
    assert numbers[0] == [len(numbers) - 1]
    return [(code, jump_true, jump_false, k) for code, jump_true, jump_false, k in numbers[1:]]


def in_namespace(story: Callable[[], None]) -> None:
    """Run a story in a network namespace with a veth pair, left and right; both go with the thread."""
    problems: list[BaseException] = []

    def run() -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
                pytest.skip("a network namespace needs root")
            for command in (
                "link add left type veth peer name right",
                "link set left up",
                "link set right up",
                "link set lo up",
                "addr add 10.9.0.1/24 dev left",
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


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_file_filter_is_what_tcpdump_compiles(expression: str) -> None:
    assert compile_filter(expression, ETHERNET) == tcpdump("-y", "EN10MB", expression)


def test_link_types_have_their_numbers_from_capture_files() -> None:
    assert compile_filter("udp port 53", RAW_IP) == tcpdump("-y", "RAW", "udp port 53")
    assert compile_filter("udp port 53", COOKED) == tcpdump("-y", "LINUX_SLL", "udp port 53")
    assert compile_filter("udp port 53", RAW_IP) != compile_filter("udp port 53", ETHERNET)


def test_a_live_filter_is_what_tcpdump_attaches() -> None:
    def story() -> None:
        for expression in EXPRESSIONS:
            assert compile_filter(expression, ETHERNET, interface="left") == tcpdump("-i", "left", expression)

    in_namespace(story)


def test_a_live_filter_looks_for_the_vlan_tag_beside_the_packet() -> None:
    vlan_tag_present = 0xFFFFF030  # SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT

    def story() -> None:
        for interface in ("left", "any"):
            live = compile_filter("vlan 100", ETHERNET, interface=interface)
            assert vlan_tag_present in {k for *_, k in live}
            assert live != compile_filter("vlan 100", ETHERNET)

    in_namespace(story)


def test_an_interface_that_cannot_be_opened_has_the_filter_for_files() -> None:
    assert compile_filter("vlan 100", ETHERNET, interface="no-such-one") == compile_filter("vlan 100", ETHERNET)


def test_an_interface_of_another_link_type_has_the_filter_for_files() -> None:
    assert compile_filter("udp port 53", RAW_IP, interface="lo") == compile_filter("udp port 53", RAW_IP)


def test_the_snap_length_is_what_an_accepting_program_returns() -> None:
    assert compile_filter("ip", ETHERNET, snaplen=96)[-2:] == [(6, 0, 0, 96), (6, 0, 0, 0)]


@pytest.mark.parametrize("expression", ["", "  \n"])
def test_no_expression_is_no_program(expression: str) -> None:
    assert compile_filter(expression, ETHERNET) == []


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("udp prot 53", "syntax error"),
        ("vlan 5000", "4095"),
        ("host 300.1.2.3", "300.1.2.3"),
        ("ip and\0tcp", "zero byte"),
    ],
)
def test_a_mistake_is_told_with_the_expression_and_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(ConfigError) as error:
        compile_filter(expression, ETHERNET)
    assert repr(expression) in str(error.value)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_library_is_told_with_the_package_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "_LIBRARY_NAMES", ("libno-such-library.so.9",))
    with pytest.raises(ConfigError, match=r"apt install libpcap0\.8"):
        compile_filter("ip", ETHERNET)


def test_threads_may_compile_at_once() -> None:
    expected = compile_filter("udp port 53", ETHERNET)
    results: list[Program] = []
    threads = [
        threading.Thread(target=lambda: results.extend(compile_filter("udp port 53", ETHERNET) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 80


def test_compiling_leaves_no_open_files() -> None:
    def story() -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(5):
            compile_filter("udp port 53", ETHERNET, interface="left")
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    in_namespace(story)
