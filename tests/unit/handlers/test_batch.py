"""Handlers that get whole batches: they see what the plans see, and can't hurt them."""

from __future__ import annotations

import logging
import time

import pytest

from pktvisor import BatchHandler, _core
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.net import Net
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from support.captures import FOLDER, counts_of

CAPTURE = str(FOLDER / "dns_authoritative.pcap")
PACKETS = counts_of(FOLDER / "dns_authoritative.pcap")["packets"]


def policy() -> Policy:
    return Policy("test", [Instance("net", Net(HandlerSettings()))], periods=1, is_recorded=True)


class Rows(BatchHandler):
    budget_ms = None

    def __init__(self) -> None:
        super().__init__()
        self.rows = 0

    def on_batch(self, batch: _core.Batch) -> None:
        self.rows += len(batch.packets)


class Failing(BatchHandler):
    budget_ms = None
    most_errors = 1

    def on_batch(self, batch: _core.Batch) -> None:
        raise ValueError(f"no use for {len(batch.packets)} packets")


class Slow(BatchHandler):
    budget_ms = 1.0

    def on_batch(self, batch: _core.Batch) -> None:
        time.sleep(0.02)


class Interrupted(BatchHandler):
    budget_ms = None

    def on_batch(self, batch: _core.Batch) -> None:
        raise KeyboardInterrupt


def total(policy: Policy) -> int:
    window = policy.core.read(0, 0)
    assert window is not None
    return window.metric(0, 0).count()


def test_a_handler_sees_every_packet_beside_the_plan() -> None:
    handler, net = Rows(), policy()
    run_file(CAPTURE, net, handlers=[handler])
    assert handler.rows == total(net) == PACKETS
    assert (handler.counters.batches_seen, handler.counters.batches_skipped) == (1, 0)


def test_a_handler_that_raises_is_switched_off_and_the_plan_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    handler, net = Failing(), policy()
    with caplog.at_level(logging.ERROR):
        run_file(CAPTURE, net, handlers=[handler])
    assert handler.counters.is_off
    assert handler.counters.errors == 1
    assert handler.counters.rows_missed("packet") == PACKETS
    assert total(net) == PACKETS
    assert "handler Failing: ValueError: no use for" in caplog.text
    assert "it is switched off" in caplog.text


def test_what_is_over_the_budget_is_skipped_and_counted() -> None:
    handler = Slow()
    for _ in range(3):
        run_file(CAPTURE, policy(), handlers=[handler])
    # The budget starts anew with each run; within a run of one batch nothing is skipped.
    assert handler.counters.batches_seen + handler.counters.batches_skipped == 3
    assert handler.counters.batches_skipped >= 1
    assert handler.counters.rows_missed("packet") == PACKETS * handler.counters.batches_skipped
    assert handler.counters.time_ns >= 20_000_000


def test_an_interrupt_in_a_handler_reaches_who_runs_the_file() -> None:
    with pytest.raises(KeyboardInterrupt):
        run_file(CAPTURE, policy(), handlers=[Interrupted()])
