"""The command `pktvisor` as installed, where no terminal is needed."""

from __future__ import annotations

import json

from support.commands import CAPTURES, run

CAPTURE = CAPTURES / "dns_authoritative.pcap"


def test_a_capture_is_shown_as_text() -> None:
    done = run("pktvisor", CAPTURE, "--once")
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout
    assert "Top QTypes" in done.stdout.decode()


def test_a_capture_is_given_as_a_document() -> None:
    done = run("pktvisor", "--json", CAPTURE)
    assert done.returncode == 0
    assert list(json.loads(done.stdout)) == ["capture"]


def test_without_a_terminal_it_says_what_would_do() -> None:
    done = run("pktvisor", stdin=b"")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"pktvisor: stdout is not a terminal: use --once for the first screen")
