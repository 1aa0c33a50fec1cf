"""A hub that reads from Kafka, of the brokers that the client library has for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pktvisor.config.urls import read_broker_url
from pktvisor.errors import InputError
from pktvisor.hub.hub import Hub
from pktvisor.hub.sources import reading
from pktvisor.hub.taking import Taker
from pktvisor.outputs.hub_target import HubTarget
from support.captures import FOLDER
from support.daemon import eventually
from support.fleet import Fleet
from support.hubs import Clock, killed, running_hub
from support.kafka_brokers import KafkaBrokers, kafka_brokers

START_S = 1_796_000_400
FLEET = Fleet([FOLDER / "dns_resolver.pcap"], START_S)


@contextmanager
def reads(hub: Hub, brokers: KafkaBrokers) -> Iterator[None]:
    target = HubTarget(read_broker_url(brokers.url))
    reader = reading(target, "pktvisor-hub", Taker(hub.admission, now_ns=hub.now_ns))
    reader.start()
    try:
        yield
    finally:
        reader.stop()


def test_what_is_taken_is_committed_and_what_comes_again_counts_once(tmp_path: Path) -> None:
    with kafka_brokers() as brokers, running_hub(tmp_path, Clock(START_S)) as hub:
        brokers.produce(*(FLEET.body(agent, 0) for agent in range(3)), FLEET.body(0, 0), b"no delivery")
        with reads(hub, brokers):
            eventually(lambda: brokers.committed() == 5)
        counters = hub.admission.counters
        assert (counters.windows_stored, counters.windows_duplicate, counters.deliveries_refused) == (6, 2, 1)


def test_what_was_taken_and_not_committed_comes_to_the_next_process_and_counts_once(tmp_path: Path) -> None:
    with kafka_brokers() as brokers, running_hub(tmp_path, Clock(START_S)) as first:
        brokers.produce(FLEET.body(0, 0), FLEET.body(1, 0))
        taker = Taker(first.admission, now_ns=first.now_ns)
        taker.take([FLEET.body(0, 0)])  # it was killed before it said so
        taker.close()
        second = killed(first)
        try:
            with reads(second, brokers):
                eventually(lambda: brokers.committed() == 2)
            counters = second.admission.counters
            assert (counters.windows_stored, counters.windows_duplicate) == (2, 2)
        finally:
            second.stop()


def test_what_the_disk_does_not_take_is_tried_again_before_anything_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pktvisor.hub.reading.AGAIN_S", 0.1)
    with kafka_brokers() as brokers, running_hub(tmp_path, Clock(START_S)) as hub:
        failures, append = [1, 2], hub.journal.append

        def full_at_first(*arguments: object) -> object:
            if failures:
                assert brokers.committed() == 0
                failures.pop()
                raise InputError("the disk is full")
            return append(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(hub.journal, "append", full_at_first)
        brokers.produce(FLEET.body(0, 0))
        with reads(hub, brokers):
            eventually(lambda: brokers.committed() == 1)
        assert failures == []
        assert hub.admission.counters.windows_stored == 2
