"""The thread that pushes windows to a hub over HTTP, however that behaves."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pktvisor.config.urls import read_url
from pktvisor.outputs import hub_push
from pktvisor.outputs.http_post import Reply
from pktvisor.outputs.hub_push import HubPusher
from pktvisor.outputs.hub_spool import Spool
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports.http import Client
from support.http_receiver import silent
from support.hub_receiver import NoHub, hub, refusal
from support.hub_worlds import IDENTITY, MUCH, TAKEN, World, counters, encode, next_world, values
from support.parts import FakePart, FakePolicy


def pusher_to(port: int, part: FakePart, folder: Path | None = None, *, is_over: bool = True) -> HubPusher:
    client = Client(HubTarget(read_url(f"http://127.0.0.1:{port}")), version="5.0.0")
    return HubPusher(
        lambda: {"edge": FakePolicy([part])},
        Spool(folder, most_bytes=MUCH),
        client,
        IDENTITY,
        encode,
        most_items=384,
        windows_outlive=not is_over,
    )


def test_a_thread_pushes_to_a_hub_that_has_its_faults(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hub_push, "FIRST_DELAY_SECONDS", 0.1)
    policies = [FakePart(newest=2)]
    with hub(refusal(503, "busy"), refusal(400, "none of mine")) as receiver:
        pusher = pusher_to(receiver.port, policies[0])
        pusher.start()
        for _ in range(3):
            receiver.wait()
        pusher.stop()
    assert [values(body) for body in receiver.bodies] == [[0], [0], [1], [2]]
    assert len(receiver.connections) == 1
    assert pusher.counters() == counters(sent=2, refused=1)
    assert "the hub refused a window: 400 Bad Request: none of mine" in caplog.text


def test_stopping_does_not_wait_for_a_hub_that_hangs(tmp_path: Path) -> None:
    part = FakePart(newest=1)
    with hub(silent) as receiver:
        pusher = pusher_to(receiver.port, part, tmp_path, is_over=False)
        pusher.start()
        receiver.wait()
        pusher.stop(timeout_s=0.2)
    assert pusher.counters()["queued"] == 1
    with hub() as receiver:
        pusher = pusher_to(receiver.port, part, tmp_path, is_over=False)
        pusher.start()
        receiver.wait()
        pusher.stop()
    assert [values(body) for body in receiver.bodies] == [[0]]


class StuckHub(NoHub):
    """A way to a hub in which a request hangs and can't be cut, as while a name is looked up."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        self.is_asked.set()
        assert self.may_answer.wait(60)
        return TAKEN


def test_a_request_that_can_not_be_cut_keeps_no_window_from_the_spool(tmp_path: Path) -> None:
    stuck, part = StuckHub(), FakePart(newest=1)
    pusher = HubPusher(
        lambda: {"edge": FakePolicy([part])},
        Spool(tmp_path, most_bytes=MUCH),
        stuck,
        IDENTITY,
        encode,
        most_items=384,
        windows_outlive=False,
    )
    pusher.start()
    assert stuck.is_asked.wait(60)
    part.close(2)
    pusher.stop(timeout_s=0.1)
    stuck.may_answer.set()
    later = next_world(World(folder=tmp_path))
    later.live(later.pusher(), 1)
    assert later.values == [0, 1, 2, 3]  # 0 may come twice: the hub knows it by its key
