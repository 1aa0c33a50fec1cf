from __future__ import annotations

import pytest

from pktvisor.errors import ConfigError, NotFoundError
from support.agents import FakeAgent, FakeInput
from support.serving import admin, client

PCAP = "/api/v1/inputs/default-1a2b/pcap"


@pytest.fixture
def source() -> FakeInput:
    return FakeInput()


@pytest.fixture
def agent(source: FakeInput) -> FakeAgent:
    return FakeAgent(inputs={"default-1a2b": source})


def test_inputs_are_told_by_name(agent: FakeAgent) -> None:
    described = {"default-1a2b": {"input": {"consumers": 1, "running": True}}}
    assert client(agent).get("/api/v1/inputs").json() == described
    assert client(agent).get("/api/v1/inputs/default-1a2b").json() == described
    assert client().get("/api/v1/inputs").text == "{}"


@pytest.mark.parametrize("path", ["/api/v1/inputs/nope", "/api/v1/inputs/nope/pcap"])
def test_an_unknown_input_is_404(agent: FakeAgent, path: str) -> None:
    reply = admin(agent).get(path)
    assert (reply.status_code, reply.json()) == (404, {"error": "there is no input nope"})


def test_recent_packets_come_as_a_file(agent: FakeAgent, source: FakeInput) -> None:
    reply = admin(agent).get(PCAP)
    assert (reply.status_code, reply.content) == (200, b"packets")
    assert reply.headers["content-type"] == "application/x-pcapng"
    assert reply.headers["content-disposition"] == 'attachment; filename="default-1a2b.pcapng"'
    assert source.asked == [("", None, 8 * 1024 * 1024)]


def test_which_packets_can_be_said(agent: FakeAgent, source: FakeInput) -> None:
    admin(agent).get(PCAP, params={"filter": "udp port 53", "seconds": 30, "bytes": 4096})
    assert source.asked == [("udp port 53", 30, 4096)]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("seconds=0", "seconds must be a whole number from 1 to 86400, not 0"),
        ("seconds=-1", "seconds must be a whole number from 1 to 86400, not -1"),
        ("seconds=soon", "seconds must be a whole number from 1 to 86400, not soon"),
        ("seconds=\u0663", "seconds must be a whole number from 1 to 86400, not \u0663"),
        ("bytes=99999999999999999999", "bytes must be a whole number from 1024 to 33554432, not 99999999999999999999"),
        ("bytes=1023", "bytes must be a whole number from 1024 to 33554432, not 1023"),
        ("bytes=", "bytes must be a whole number from 1024 to 33554432, not "),
        ("filter=" + "x" * 5000, "filter must be a text of at most 4096 characters, not 5000 characters"),
    ],
)
def test_a_number_out_of_bounds_is_400(agent: FakeAgent, source: FakeInput, query: str, text: str) -> None:
    reply = admin(agent).get(f"{PCAP}?{query}")
    assert (reply.status_code, reply.json()) == (400, {"error": text})
    assert source.asked == []


@pytest.mark.parametrize(
    ("error", "status"),
    [(ConfigError("can't parse filter expression: syntax error"), 400), (NotFoundError("nothing is kept"), 404)],
)
def test_why_there_are_no_packets_is_told(agent: FakeAgent, source: FakeInput, error: Exception, status: int) -> None:
    source.fault = error
    reply = admin(agent).get(PCAP)
    assert (reply.status_code, reply.json()) == (status, {"error": str(error)})
