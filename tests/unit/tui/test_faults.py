"""What the terminal shows when something is wrong: one line, and the last data marked old."""

from __future__ import annotations

import pytest

from pktvisor.api.faults import (
    AccessFault,
    ApiFault,
    BusyFault,
    DocumentFault,
    MissingFault,
    PeriodFault,
    ServerFault,
    TlsFault,
    Unreachable,
)
from pktvisor.tui.windows import LAST
from support.terminals import Bench, play
from unit.tui.conftest import Compare

FAULTS: dict[str, ApiFault] = {
    "no_agent": Unreachable("no agent answers on ns1.example.net:10853: connection refused"),
    "policy_deleted": MissingFault('policy "default" is not there; there are second, others'),
    "tls_refused": TlsFault("the certificate of ns1.example.net:10853 is refused: self-signed certificate"),
    "token_missing": AccessFault("ns1.example.net:10853 wants a token: --token"),
    "token_refused": AccessFault("ns1.example.net:10853 refuses this token"),
    "busy": BusyFault("ns1.example.net:10853 is busy", retry_after_s=9.0),
    "failing": ServerFault("ns1.example.net:10853 fails with status 500: stol"),
    "bad_document": DocumentFault("ns1.example.net:10853 does not answer with JSON to /api/v1/policies"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_last_data_stays_and_is_marked_old(compare: Compare, name: str) -> None:
    async def scenario(bench: Bench) -> None:
        bench.watched.fault = FAULTS[name]
        bench.now += 12
        await bench.step()
        compare(f"fault_{name}", bench.text)
        assert "● 12 s old" in bench.lines[0]
        assert str(FAULTS[name])[:20] in bench.lines[2]

    play(scenario)


@pytest.mark.parametrize("name", ["no_agent", "tls_refused", "token_missing"])
def test_nothing_was_ever_read(compare: Compare, name: str) -> None:
    async def scenario(bench: Bench) -> None:
        bench.watched.fault = FAULTS[name]
        await bench.step()
        compare(f"fault_first_{name}", bench.text)

    play(scenario, is_read=False)


def test_before_the_first_answer(compare: Compare) -> None:
    async def scenario(bench: Bench) -> None:
        compare("waiting", bench.text)

    play(scenario, is_read=False)


def test_a_period_that_has_not_closed_yet(compare: Compare) -> None:
    async def scenario(bench: Bench) -> None:
        early = PeriodFault("has not yet accumulated, current range is [0, 0]", least=0, most=0, is_early=True)
        bench.watched.faults_once = [early]
        bench.watch.ask(window=LAST)
        await bench.step()
        compare("period_not_there_yet", bench.text)
        await bench.step()
        assert "Window last closed" in bench.lines[0]
        assert "no period" not in bench.text

    play(scenario)


def test_it_comes_back_by_itself() -> None:
    async def scenario(bench: Bench) -> None:
        bench.watched.fault = FAULTS["no_agent"]
        await bench.step()
        assert "● 0 s old" in bench.lines[0]
        bench.watched.fault = None
        await bench.step()
        assert "● ok" in bench.lines[0]
        assert "no agent" not in bench.text

    play(scenario)


def test_the_age_and_the_next_try_are_told_each_second() -> None:
    async def scenario(bench: Bench) -> None:
        bench.watched.fault = FAULTS["busy"]
        await bench.step()
        assert "is busy; next try in 9 s" in bench.lines[2]
        bench.now += 5
        bench.app._tick()
        await bench.pilot.pause()
        assert "● 5 s old" in bench.lines[0]
        assert "is busy; next try in 4 s" in bench.lines[2]

    play(scenario)


def test_a_failure_of_our_own_ends_the_application() -> None:
    async def scenario(bench: Bench) -> None:
        bench.app._deliver(RuntimeError("a bug"))
        await bench.pilot.pause()

    with pytest.raises(RuntimeError, match="a bug"):
        play(scenario)
