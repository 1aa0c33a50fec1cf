from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pktvisor.server.clients import LOCAL
from pktvisor.server.connections import Connections
from pktvisor.server.counters import Counters
from pktvisor.server.settings import Bounds

BOUNDS = Bounds(most_connections=4, most_connections_per_client=2)


class Table:
    """A table with connections whose other ends are at hand."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.connections = Connections(BOUNDS, self.counters)
        self.pairs: list[tuple[socket.socket, socket.socket]] = []

    def connect(self, client: str) -> int | None:
        """Give the descriptor of a new connection, None where it was refused."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        self.pairs.append((ours, theirs))
        return ours.fileno() if self.connections.admit(ours, client) else None

    def is_hung_up(self, descriptor: int | None) -> bool:
        (theirs,) = (theirs for ours, theirs in self.pairs if ours.fileno() == descriptor)
        try:
            return theirs.recv(1) == b""
        except BlockingIOError:
            return False

    def close(self) -> None:
        for pair in self.pairs:
            for end in pair:
                end.close()


@pytest.fixture
def table() -> Iterator[Table]:
    table = Table()
    yield table
    table.close()


def test_a_client_with_too_many_loses_its_oldest(table: Table) -> None:
    first, second, third = (table.connect("a") for _ in range(3))
    assert [table.is_hung_up(one) for one in (first, second, third)] == [True, False, False]
    assert len(table.connections) == 2


def test_a_full_server_lets_go_who_waited_longest_whoever_it_is(table: Table) -> None:
    first, second, *_ = (table.connect(client) for client in ("a", "b", "c", "d"))
    assert first is not None
    table.connections.answers(first)
    table.connections.waits(first)
    assert table.connect("e") is not None
    assert (table.is_hung_up(first), table.is_hung_up(second)) == (False, True)


def test_who_is_being_answered_stays_and_the_new_one_is_refused(table: Table) -> None:
    for descriptor in [table.connect(client) for client in ("a", "b", "c", "d")]:
        assert descriptor is not None
        table.connections.answers(descriptor)
    assert table.connect("e") is None
    assert (table.counters.connections, table.counters.connections_refused) == (5, 1)


def test_closing_makes_room(table: Table) -> None:
    descriptors = [table.connect("a") for _ in range(2)]
    for descriptor in descriptors:
        assert descriptor is not None
        table.connections.remove(descriptor)
        table.connections.remove(descriptor)
    assert len(table.connections) == 0
    table.connect("a")
    assert table.counters.connections_evicted == 0


def test_a_unix_socket_is_not_one_client(table: Table) -> None:
    descriptors = [table.connect(LOCAL) for _ in range(4)]
    assert not any(table.is_hung_up(one) for one in descriptors)


STEPS = st.lists(st.tuples(st.sampled_from(["connect", "answers", "waits", "remove"]), st.integers(0, 5)), max_size=60)


@given(STEPS)
def test_the_bounds_hold_whatever_happens(steps: list[tuple[str, int]]) -> None:
    table = Table()
    open_: list[tuple[int, str]] = []
    for step, number in steps:
        if step == "connect":
            client = "abc"[number % 3]
            descriptor = table.connect(client)
            if descriptor is not None:
                open_.append((descriptor, client))
        elif open_:
            descriptor, _ = open_[number % len(open_)]
            getattr(table.connections, step)(descriptor)
            if step == "remove":
                open_.pop(number % len(open_))
        held = [client for descriptor, client in open_ if not table.is_hung_up(descriptor)]
        assert len(held) == len(table.connections) <= BOUNDS.most_connections
        assert all(held.count(client) <= BOUNDS.most_connections_per_client for client in "abc")
    table.close()
