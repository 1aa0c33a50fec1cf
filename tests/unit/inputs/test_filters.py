from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from pktvisor.errors import ConfigError
from pktvisor.inputs import filters
from pktvisor.inputs.filters import PASSES_NOTHING, Program, capture_filter, compile_filter
from support.namespaces import in_namespace

ETHERNET, RAW_IP, COOKED = 1, 101, 113

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
            assert compile_filter(expression, ETHERNET, interfaces=["left"]) == tcpdump("-i", "left", expression)

    in_namespace(story)


def test_a_live_filter_looks_for_the_vlan_tag_beside_the_packet() -> None:
    vlan_tag_present = 0xFFFFF030  # SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT

    def story() -> None:
        for interfaces in (["left"], ["idle", "left"], ["there-is-none", "lo"]):
            live = compile_filter("vlan 100", ETHERNET, interfaces=interfaces)
            assert vlan_tag_present in {k for *_, k in live}
            assert live != compile_filter("vlan 100", ETHERNET)

    in_namespace(story)


def test_an_interface_that_cannot_be_opened_has_the_filter_for_files() -> None:
    assert compile_filter("vlan 100", ETHERNET, interfaces=["no-such-one"]) == compile_filter("vlan 100", ETHERNET)


def test_an_interface_of_another_link_type_has_the_filter_for_files() -> None:
    assert compile_filter("udp port 53", RAW_IP, interfaces=["lo"]) == compile_filter("udp port 53", RAW_IP)


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


def test_a_link_type_that_cannot_express_a_filter_is_one_where_nothing_passes_and_that_is_told() -> None:
    for expression in ("vlan 77", "arp", "ether host 02:00:00:00:00:01", "mpls", "pppoes"):
        wanted = capture_filter(expression)
        assert wanted is not None
        assert wanted(ETHERNET) == compile_filter(expression, ETHERNET)
        assert wanted.notes() == []
        assert wanted(RAW_IP) == wanted(RAW_IP) == PASSES_NOTHING
        [note] = wanted.notes()
        assert note.startswith("no packet of link type 101 (Raw IP) passes the filter: ")
        assert repr(expression) in note
        assert wanted.notes([ETHERNET]) == []


def test_a_filter_that_ethernet_cannot_express_is_none_the_worse_for_it() -> None:
    wanted = capture_filter("type mgt subtype beacon")
    assert wanted is not None
    assert wanted(105) == tcpdump("-y", "IEEE802_11", "type mgt subtype beacon")
    assert wanted(ETHERNET) == PASSES_NOTHING


def test_a_filter_that_makes_sense_nowhere_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="syntax error"):
        capture_filter("udp prot 53")
    assert capture_filter(" ") is None


def test_a_filter_is_compiled_once_for_each_link_type(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = capture_filter("vlan 77")
    assert wanted is not None
    expected = wanted(ETHERNET), wanted(RAW_IP)
    monkeypatch.setattr(filters, "_compile", None)
    assert (wanted(ETHERNET), wanted(RAW_IP)) == expected


def test_what_is_compiled_waits_for_no_other_filter() -> None:
    wanted = capture_filter("udp port 53")
    assert wanted is not None
    with filters._one_at_a_time:  # as one holds it that takes long
        assert wanted(ETHERNET) != PASSES_NOTHING


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("ip[2:2]" + "+ip[0]&1" * 1500 + " > 5", "instructions; 4096 are the most"),
        ("ip6 protochain 17", "a loop"),
    ],
)
def test_a_filter_that_no_kernel_runs_is_refused_at_once(expression: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        capture_filter(expression)


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
            compile_filter("udp port 53", ETHERNET, interfaces=["left"])
        assert len(list(Path("/proc/self/fd").iterdir())) == before

    in_namespace(story)
