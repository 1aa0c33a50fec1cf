"""Hours become days, shorter steps go before longer ones, and a question tells what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pktvisor.errors import ConfigError, InputError
from pktvisor.hub import history as module
from pktvisor.hub.history import Question, answer
from pktvisor.hub.hours import DAY_S, HOUR_S, MERGED, WINDOWS
from pktvisor.hub.hub import Hub, HubSettings
from pktvisor.hub.sets import heaviest
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock, killed

START_S = 1_790_000_400 // DAY_S * DAY_S
DAY = START_S // DAY_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
ONE = sum(r.value or 0 for r in FLEET.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
KEPT = {60: 1, 600: 3, HOUR_S: 6, DAY_S: 100}


@pytest.fixture
def clock() -> Clock:
    return Clock(START_S)


@pytest.fixture
def hub(tmp_path: Path, clock: Clock) -> Iterator[Hub]:
    made = Hub(HubSettings(tmp_path, kept_days=2, kept_days_merged=KEPT), now_ns=clock)
    yield made
    made.stop()


def take(hub: Hub, clock: Clock, day: float, *, agents: int = 2) -> None:
    """Have some agents send a minute, so many days after the beginning."""
    minute = int(day * DAY_S / 60)
    clock.after_s = max(clock.after_s, minute * 60 + 120.0)
    for number in range(agents):
        hub.admission.take(FLEET.body(number, minute), hub.now_ns())


def go_on(hub: Hub, clock: Clock, days: float) -> None:
    """Have the hub do what is due so many days after the beginning."""
    clock.after_s = days * DAY_S
    hub.look_after_hours()


def ask(hub: Hub, days: tuple[float, float], metric: str = "dns.wire_packets.total", **more: Any) -> dict[str, Any]:
    begin, end = (int(START_S + day * DAY_S) for day in days)
    return dict(answer(Question("default", metric, begin, end, **more), hub.stored, hub.minutes))


def test_a_day_is_read_from_one_file_and_says_the_same_as_its_hours(hub: Hub, clock: Clock) -> None:
    for day in (0.1, 0.5, 0.9):
        take(hub, clock, day)
    go_on(hub, clock, 1.01)
    by_hours = ask(hub, (0, 1), step_s=DAY_S, tag="site")
    names = ask(hub, (0, 1), "dns.top_qname2", step_s=DAY_S)
    assert (by_hours["read"]["files"], hub.rolled) == (3, {})
    go_on(hub, clock, 1.03)
    by_day = ask(hub, (0, 1), step_s=DAY_S, tag="site")
    assert (by_day["read"]["files"], list(hub.rolled)) == (1, [DAY])
    assert by_day["series"] == by_hours["series"] == {"ams": [[START_S, 3 * ONE]], "fra": [[START_S, 3 * ONE]]}
    assert ask(hub, (0, 1), "dns.top_qname2", step_s=DAY_S)["series"] == names["series"]
    assert len(ask(hub, (0, 1), step_s=HOUR_S)["series"][""]) == 3


def test_what_comes_late_counts_at_once_and_goes_into_the_day_later(hub: Hub, clock: Clock) -> None:
    take(hub, clock, 0.5)
    go_on(hub, clock, 1.03)
    take(hub, clock, 0.6, agents=1)
    go_on(hub, clock, 1.04)
    late = ask(hub, (0, 1), step_s=DAY_S)
    assert (late["series"][""], late["read"]["files"]) == ([[START_S, 3 * ONE]], 2)
    go_on(hub, clock, 1.5)
    rolled = ask(hub, (0, 1), step_s=DAY_S)
    assert (rolled["series"], rolled["read"]["files"]) == (late["series"], 2)
    assert len(hub.hours.files(MERGED, [DAY * 24], step_s=DAY_S)) == 2


@pytest.mark.parametrize("step", ["written", "renamed", "noted"])
def test_a_hub_that_is_killed_while_it_merges_a_day_counts_nothing_twice(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    take(hub, clock, 0.5)
    go_on(hub, clock, 1.01)
    clock.after_s = 1.03 * DAY_S
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        if step == "written":
            patch.setattr(Path, "replace", dies)
        if step == "renamed":
            patch.setattr(hub.registry, "note_rolled", dies)
        if step == "noted":
            patch.setattr(hub, "rolled", Dying())
        with pytest.raises(Dies):
            hub.roll_due()
    after = killed(hub)
    assert ask(after, (0, 1), step_s=DAY_S)["series"][""] == [[START_S, 2 * ONE]]
    after.look_after_hours()
    assert ask(after, (0, 1), step_s=DAY_S)["series"][""] == [[START_S, 2 * ONE]]
    assert list(after.rolled) == [DAY]
    after.stop()


class Dies(BaseException):
    """Stands for SIGKILL: nobody cleans up behind it."""


def dies(*_: object, **__: object) -> None:
    raise Dies


class Dying(dict[int, int]):
    """The process dies once the registry knows."""

    __setitem__ = dies


def test_a_disk_that_is_full_leaves_the_day_for_later(hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    take(hub, clock, 0.5)
    go_on(hub, clock, 1.01)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(InputError, match="No space left"):
            hub.roll(DAY, 10)
    assert hub.hours.files(MERGED, [DAY * 24], step_s=DAY_S) == []
    go_on(hub, clock, 1.03)
    assert ask(hub, (0, 1), step_s=DAY_S)["series"][""] == [[START_S, 2 * ONE]]


def test_what_is_kept_of_an_old_time_is_shown_in_longer_steps(hub: Hub, clock: Clock) -> None:
    for day in (0.5, 4.5, 8.5):
        take(hub, clock, day)
        go_on(hub, clock, day + 0.53)
    clock.after_s = 9.2 * DAY_S
    hub.look_after_hours()
    assert {step: len(hub.hours.hours(MERGED, step_s=step)) for step in KEPT} == {60: 1, 600: 1, HOUR_S: 2, DAY_S: 3}
    assert len(hub.hours.hours(WINDOWS)) == 1
    assert ask(hub, (8, 9), step_s=60)["step_s"] == 60
    assert ask(hub, (4, 9), step_s=60)["step_s"] == HOUR_S
    whole = ask(hub, (0, 9), step_s=60)
    assert whole["step_s"] == DAY_S
    assert whole["series"][""] == [[START_S + day * DAY_S, 2 * ONE] for day in (0, 4, 8)]
    assert (whole["data_from"], whole["data_to"]) == (START_S, START_S + 9 * DAY_S)


def test_a_list_of_a_long_time_reads_days_where_they_are_whole(hub: Hub, clock: Clock) -> None:
    for day in (0.5, 1.5, 2.5):
        take(hub, clock, day)
        go_on(hub, clock, day + 0.53)
    asked = Question("default", "dns.top_qname2", START_S + HOUR_S, START_S + 3 * DAY_S, step_s=HOUR_S)
    told: Any = heaviest(asked, hub.stored, hub.minutes)
    by_day: Any = heaviest(Question("default", "dns.top_qname2", START_S, START_S + DAY_S), hub.stored, hub.minutes)
    assert told["total"] == 3 * by_day["total"]
    assert told["read"]["files"] == 3, "an hour's of the first day, and two of days"


def test_where_there_is_nothing_the_answer_says_from_when_on_there_is(hub: Hub, clock: Clock) -> None:
    take(hub, clock, 4.5)
    go_on(hub, clock, 5.03)
    told = ask(hub, (1, 2), step_s=HOUR_S)
    assert (told["series"], told["data_from"]) == ({}, None)
    assert told["kept_from"] == START_S + 4 * DAY_S


def test_a_question_that_would_read_too_much_says_what_would_do(
    hub: Hub, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in (0.1, 0.2, 0.3):
        take(hub, clock, day)
    go_on(hub, clock, 1.03)
    monkeypatch.setattr(module, "MOST_FILES", 2)
    with pytest.raises(ConfigError, match=r"would read 3 files.* ask for a shorter time or for step=600$"):
        ask(hub, (0, 1), step_s=60)
    assert ask(hub, (0, 1), step_s=DAY_S)["read"]["files"] == 1
    monkeypatch.setattr(module, "MOST_POINTS", 24)
    with pytest.raises(ConfigError, match=r"would have \d+ points, more than 24|steps are more than 24"):
        ask(hub, (0, 1), step_s=600)
