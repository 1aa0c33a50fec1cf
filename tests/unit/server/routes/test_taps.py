from __future__ import annotations

from support.agents import FakeAgent, FakeTap
from support.serving import client

TAP = {
    "config": {"host_spec": "192.168.0.0/24", "iface": "lo"},
    "input_type": "pcap",
    "interface": "visor.module.input/1.0",
    "tags": None,
}


def test_no_taps_are_null() -> None:
    reply = client().get("/api/v1/taps")
    assert (reply.status_code, reply.text) == (200, "null")


def test_taps_are_told_by_name() -> None:
    asking = client(FakeAgent(taps={"default": FakeTap()}))
    assert asking.get("/api/v1/taps").json() == {"default": TAP}
    assert asking.get("/api/v1/taps/default").json() == {"default": TAP}


def test_an_unknown_tap_is_404() -> None:
    reply = client().get("/api/v1/taps/nope")
    assert (reply.status_code, reply.text) == (404, '{"error":"tap does not exists"}')
