"""A daemon that sends its windows to a hub on loopback. Its traffic is made up, which needs no rights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pktvisor import _core
from support.daemon import daemon, eventually
from support.http_receiver import silent
from support.hub_daemons import exports
from support.hub_receiver import Hub, hub, refusal

MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Window:
    """A handler's window as it came to the hub."""

    boot: str
    policy: str
    instance: str
    number: int
    start_ns: int
    end_ns: int
    is_closed: bool


def windows(receiver: Hub, instance: str = "default-default-net") -> list[Window]:
    """The windows of a handler in the order in which they came."""
    return [one for one in _all_windows(receiver) if one.instance == instance]


def _all_windows(receiver: Hub) -> Iterator[Window]:
    for body in receiver.bodies:
        table = _core.RecordTable.read(body, most_bytes=MOST_BYTES)
        boot = table.metadata["pktvisor.boot"]
        for run in table.windows():
            yield Window(boot, run.policy, run.instance, run.number, run.start_ns, run.end_ns, run.is_closed)


def once(found: Iterable[Window]) -> list[Window]:
    """Windows as the hub counts them: what comes again under its key is the same, and counts once."""
    return list(dict.fromkeys(found))


def options(receiver: Hub, *more: str) -> tuple[str, ...]:
    url = f"http://127.0.0.1:{receiver.port}"
    return ("--hub", url, "--window-length", "2", "--periods", "10", "--agent-name", "pop1", *more, "mock")


def more_than(receiver: Hub, number: int) -> Callable[[], bool]:
    return lambda: len(windows(receiver)) > number


def test_a_hub_gets_every_window_and_at_the_end_the_open_one() -> None:
    with hub(refusal(503, "busy")) as receiver:
        with daemon(*options(receiver, "--tag", "site=fra")) as running:
            eventually(lambda: len(windows(receiver)) >= 4)
            assert running.stop() == 0
        found = once(windows(receiver))  # what was not taken came again
    assert [window.number for window in found] == list(range(len(found)))
    assert all(window.is_closed for window in found)
    assert [window.end_ns for window in found[:-1]] == [window.start_ns for window in found[1:]]
    table = _core.RecordTable.read(receiver.bodies[-1], most_bytes=MOST_BYTES)
    assert set(table.column("agent")) == {"pop1"}
    assert table.metadata["pktvisor.agent"] == "pop1"
    assert json.loads(table.metadata["pktvisor.tags"]) == {"site": "fra"}
    assert receiver.headers[0]["content-type"] == "application/vnd.pktvisor.windows"


def test_what_a_hub_could_not_take_comes_from_the_next_process_under_its_own_key(tmp_path: Path) -> None:
    with hub() as receiver:
        pass  # its port is free now
    spool = tmp_path / "spool"
    with daemon(*options(receiver, "--hub-spool", str(spool))) as running:
        eventually(lambda: exports(running)["queued"] >= 4)
        running.process.kill()
    left = len(list(spool.glob("*.window")))
    assert left >= 4
    with hub(port=receiver.port) as again, daemon(*options(receiver, "--hub-spool", str(spool))) as running:
        eventually(lambda: exports(running)["sent"] > left)
        assert running.stop() == 0
    former, later = dict.fromkeys(window.boot for window in windows(again))
    for boot in (former, later):
        numbers = [window.number for window in once(windows(again)) if window.boot == boot]
        assert numbers == list(range(len(numbers)))
    assert not list(spool.glob("*.window"))


def test_a_window_that_outlives_its_process_is_sent_once(tmp_path: Path) -> None:
    with hub() as receiver:
        state = ("--state-dir", str(tmp_path / "state"))
        for _ in range(3):
            known = len(windows(receiver))
            with daemon(*options(receiver, *state)) as running:
                eventually(more_than(receiver, known + 1))
                running.process.kill()
    found = once(windows(receiver))  # one that was on its way as the process was killed may come again
    assert len({window.boot for window in found}) == 3
    assert len({window.start_ns for window in found}) == len(found)


def test_a_hub_that_hangs_does_not_keep_the_agent(tmp_path: Path) -> None:
    with hub(silent, silent) as receiver, daemon(*options(receiver, "--hub-spool", str(tmp_path))) as running:
        receiver.wait()
        assert "packets" in running.get("/api/v1/metrics/bucket/0")["1m"]
        assert running.stop() == 0
    assert list(tmp_path.glob("*.window"))
