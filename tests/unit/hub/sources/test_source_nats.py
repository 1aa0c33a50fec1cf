"""A hub that reads from a real NATS server: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pktvisor.config.urls import read_broker_url
from pktvisor.errors import InputError
from pktvisor.hub.hub import Hub
from pktvisor.hub.sources import nats, reading
from pktvisor.hub.taking import Taker
from pktvisor.outputs.hub_target import HubTarget
from support.captures import FOLDER
from support.daemon import eventually
from support.fleet import Fleet
from support.hubs import Clock, killed, running_hub
from support.nats_servers import NatsServer, nats_server

START_S = 1_796_000_400
FLEET = Fleet([FOLDER / "dns_resolver.pcap"], START_S)


def target(server: NatsServer) -> HubTarget:
    return HubTarget(read_broker_url(server.url))


@contextmanager
def reads(hub: Hub, server: NatsServer, group: str = "pktvisor-hub") -> Iterator[None]:
    reader = reading(target(server), group, Taker(hub.admission, now_ns=hub.now_ns))
    reader.start()
    try:
        yield
    finally:
        reader.stop()


def test_what_is_taken_leaves_the_queue_and_what_comes_again_counts_once(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, running_hub(tmp_path / "hub", Clock(START_S)) as hub:
        with reads(hub, server):
            eventually(lambda: is_there(server))
            server.publish(*(FLEET.body(agent, 0) for agent in range(3)), FLEET.body(0, 0))
            eventually(lambda: hub.admission.counters.deliveries == 4)
        counters = hub.admission.counters
        assert (counters.windows_stored, counters.windows_duplicate) == (6, 2)
        assert server.waiting() == 0


def test_what_was_taken_and_not_acknowledged_comes_to_the_next_process_and_counts_once(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, running_hub(tmp_path / "hub", Clock(START_S)) as first:
        with reads(first, server):
            eventually(lambda: is_there(server))
        taker = Taker(first.admission, now_ns=first.now_ns)
        server.publish(FLEET.body(0, 0), FLEET.body(1, 0))
        unacknowledged = [body for body, _ in server.stored()]
        taker.take(unacknowledged[:1])  # it was killed before it said so
        taker.close()
        second = killed(first)
        try:
            with reads(second, server):
                eventually(lambda: server.waiting() == 0)
            counters = second.admission.counters
            assert (counters.windows_stored, counters.windows_duplicate) == (2, 2)
        finally:
            second.stop()


def test_two_hubs_of_a_group_share_what_there_is(tmp_path: Path) -> None:
    with (
        nats_server(tmp_path / "nats") as server,
        running_hub(tmp_path / "one", Clock(START_S)) as one,
        running_hub(tmp_path / "two", Clock(START_S)) as two,
        reads(one, server),
        reads(two, server),
    ):
        eventually(lambda: is_there(server))
        server.publish(*(FLEET.body(agent, 0) for agent in range(20)))
        eventually(lambda: server.waiting() == 0)
        stored = [hub.admission.counters.windows_stored for hub in (one, two)]
        assert sum(stored) == 40


def test_what_is_no_delivery_is_counted_and_does_not_block_what_follows(tmp_path: Path) -> None:
    with nats_server(tmp_path / "nats") as server, running_hub(tmp_path / "hub", Clock(START_S)) as hub:
        with reads(hub, server):
            eventually(lambda: is_there(server))
            server.publish(b"no delivery", FLEET.body(0, 0))
            eventually(lambda: server.waiting() == 0)
        assert hub.admission.counters.deliveries_refused == 1
        assert hub.admission.counters.windows_stored == 2


def test_what_the_disk_does_not_take_comes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats, "LATER_S", 0.1)
    with nats_server(tmp_path / "nats") as server, running_hub(tmp_path / "hub", Clock(START_S)) as hub:
        failures, append = [1, 2], hub.journal.append

        def full_at_first(*arguments: object) -> object:
            if failures:
                failures.pop()
                raise InputError("the disk is full")
            return append(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(hub.journal, "append", full_at_first)
        with reads(hub, server):
            eventually(lambda: is_there(server))
            server.publish(FLEET.body(0, 0))
            eventually(lambda: server.waiting() == 0)
        assert failures == []
        assert hub.admission.counters.windows_stored == 2


def test_a_server_that_comes_back_is_read_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pktvisor.hub.reading.AGAIN_S", 0.1)
    with nats_server(tmp_path / "nats") as server, running_hub(tmp_path / "hub", Clock(START_S)) as hub:
        with caplog.at_level(logging.INFO), reads(hub, server):
            eventually(lambda: is_there(server))
            server.kill()
            eventually(lambda: "can't read from" in caplog.text)
            server.restart()
            server.publish(FLEET.body(0, 0))
            eventually(lambda: server.waiting() == 0)
        assert hub.admission.counters.windows_stored == 2
    told = [one.getMessage() for one in caplog.records if one.name == "pktvisor.hub.reading"]
    assert told[0].startswith(f"can't read from {server.url}/pktvisor.windows: ")
    assert told[1] == f"reading from {server.url}/pktvisor.windows again"


def is_there(server: NatsServer) -> bool:
    """Whether the hub has made its stream and its consumer."""
    return server.has_consumer("pktvisor-hub")
