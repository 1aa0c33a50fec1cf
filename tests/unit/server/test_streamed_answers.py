"""Documents of very many groups are sent while they are made."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from pktvisor.metrics.snapshot import Sample, SampleGroup, Samples
from pktvisor.outputs.json import encode, policy_document
from pktvisor.server.app import create_app
from pktvisor.server.context import Context, make_context
from pktvisor.server.replies import STREAM_BYTES
from pktvisor.server.settings import ServerSettings
from support.agents import FakeAgent, FakePolicy
from support.serving import PATIENCE_S, UNHURRIED, running, until
from support.snapshots import counter, handler

GROUPS = 3000
PATH = "/api/v1/policies/many/metrics/window/2"
ASK = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class Many(Samples):
    """Groups of some kilobytes each; counts how many were read, and may fail at one."""

    def __init__(self, *, failing: int | None = None, kilobytes: int = 4) -> None:
        self.read = 0
        self._failing, self._kilobytes = failing, kilobytes

    def metrics(self) -> Iterator[Iterable[Sample]]:
        yield list(self.together())
        yield [sample for group in self.groups() for sample in group.read()]

    def together(self) -> Iterator[Sample]:
        yield counter("flow_all", "all", 7)

    def groups(self) -> Iterator[SampleGroup]:
        for number in range(GROUPS):
            yield SampleGroup(("devices", f"{number:04}"), self._reading(number))

    def _reading(self, number: int) -> Callable[[], Iterator[Sample]]:
        def read() -> Iterator[Sample]:
            if number == self._failing:
                raise ValueError("the group is gone")
            self.read += 1
            yield counter("flow_bytes", f"devices.{number:04}.{'x' * (self._kilobytes << 10)}", number)

        return read


def policy(samples: Samples) -> FakePolicy:
    return FakePolicy("many", [[replace(handler(schema="flow"), samples=samples)]])


def client_of(samples: Samples) -> tuple[TestClient, Context]:
    context = make_context(FakeAgent({"many": policy(samples)}), ServerSettings(bounds=UNHURRIED))
    return TestClient(create_app(context), base_url="http://localhost:10853"), context


def test_the_client_gets_the_bytes_of_the_whole_document() -> None:
    client, context = client_of(Many())
    reply = client.get(PATH)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/json")
    assert "content-length" not in reply.headers
    assert reply.content == encode({"many": policy_document(policy(Many()).window(2))})
    assert context.answers.bytes == 0, "what was taken counts no more"


def test_what_is_not_large_has_its_length() -> None:
    client, _ = client_of(Many(kilobytes=0))
    reply = client.get(PATH)
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert len(reply.json()["many"]["default-default-dns"]["flow"]["devices"]) == GROUPS


def test_who_asks_for_the_head_alone_gets_no_body() -> None:
    samples = Many()
    client, _ = client_of(samples)
    reply = client.head(PATH)
    assert (reply.status_code, reply.content) == (200, b"")
    assert samples.read < GROUPS


def test_such_answers_have_a_bound_together() -> None:
    client, context = client_of(Many())
    context.answers.bytes = context.settings.bounds.most_answer_bytes - STREAM_BYTES + 1
    assert client.get(PATH).status_code == 503
    context.answers.bytes -= 1
    assert client.get(PATH).status_code == 200


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_real_server_sends_all(version: str) -> None:
    with running(FakeAgent({"many": policy(Many())}), bounds=UNHURRIED) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        connection._http_vsn_str = f"HTTP/{version}"  # type: ignore[attr-defined]  # no other way to ask as of old
        connection.request("GET", PATH)
        assert connection.getresponse().read() == encode({"many": policy_document(policy(Many()).window(2))})
        connection.close()


def test_for_a_client_that_leaves_no_more_is_made() -> None:
    samples = Many()
    with running(FakeAgent({"many": policy(samples)}), bounds=UNHURRIED) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S) as leaving:
            leaving.sendall(ASK)
            assert leaving.recv(100).startswith(b"HTTP/1.1 200")
        answers = server._context.answers
        assert until(lambda: answers.bytes == 0)
        assert samples.read < GROUPS


def test_an_answer_that_fails_on_the_way_does_not_look_whole() -> None:
    with running(FakeAgent({"many": policy(Many(failing=2000))}), bounds=UNHURRIED) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
        connection.request("GET", PATH)
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
        connection.close()
        connection.request("GET", "/api/v1/taps")
        assert connection.getresponse().status == 200
        connection.close()
