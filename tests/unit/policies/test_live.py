"""Live batches of the loopback interface."""

from __future__ import annotations

import gc
import socket
import weakref

import polars
import pytest

import pktvisor
from pktvisor.errors import ConfigError
from support.daemon import QUERY, needs_rights

PORT = 53
FILTER = "udp port 53 and dst host 127.0.0.53"


def ask(times: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(times):
            sender.sendto(QUERY, ("127.0.0.53", PORT))


@needs_rights
def test_queries_come_as_they_are_asked_until_it_is_closed() -> None:
    names: list[str] = []
    with pktvisor.live("lo", filter_expression=FILTER) as batches:
        ask(3)
        for batch in batches:
            names += polars.DataFrame(batch.dns)["dns.qname"].to_list()
            if len(names) >= 3:
                break
    assert names == ["example.com"] * 3
    ledger = batches.ledger
    assert ledger["seen"] - ledger["filtered"] == 3  # what passed before the kernel had the filter is left out by us
    assert batches.skipped == 0
    assert list(batches) == []


@needs_rights
def test_who_takes_nothing_misses_batches_and_is_told_how_many() -> None:
    with pktvisor.live("lo", filter_expression=FILTER) as batches:
        while batches.skipped == 0:
            ask(1)
    batches.close()


@needs_rights
def test_a_capture_that_nobody_holds_ends() -> None:
    batches = pktvisor.live("lo", filter_expression=FILTER)
    watch = weakref.ref(batches._input)
    del batches
    gc.collect()
    assert watch() is None


def test_an_interface_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="nowhere0"):
        pktvisor.live("nowhere0")
