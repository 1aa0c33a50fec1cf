"""How soon the hub answers of a long time: top lists of a day and of a year, by tag."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hub_fleet import HOUR_S, hours_ago, made, peak_bytes, read

DAY_HOURS = 24
YEAR_DAYS = 365
FEW_AGENTS = 20
"""Each piece of mix once: further agents make counters larger, but no list of a day longer."""
METRIC = "dns.top_qname2"
ASKED = 7
SHOWN = 100


def day_begin_s() -> int:
    """The hour that a day of windows begins in; it ends with the hour before this one."""
    return hours_ago(DAY_HOURS)


def day_made(agents: int) -> Iterator[bytes]:
    """What is sent in a day: a minute of each hour by all agents, but of the last hour all minutes, by few."""
    last = (DAY_HOURS - 1) * 60
    yield from made(agents, range(0, last, 60), day_begin_s())
    yield from made(min(agents, FEW_AGENTS), range(last, last + 60), day_begin_s())


def year_begin_s() -> int:
    """The midnight that a year of windows begins with."""
    days = hours_ago(0) // HOUR_S // DAY_HOURS
    return (days - YEAR_DAYS - 1) * DAY_HOURS * HOUR_S


def ask_day(deliveries: str, folder: str) -> dict[str, Any]:
    """Seal the hours of a day but the last, then ask for a top list over all of it, by tag."""
    from pktvisor.hub.hub import Hub, HubSettings

    hub = Hub(HubSettings(Path(folder)))
    before = time.process_time()
    count = take(hub, read(Path(deliveries)))
    taken_s = (time.process_time() - before) / count
    sealed_s = min(sealing(hub, hour) for hour in sorted(hub.admission.hours)[:-1])
    hub.minutes.close_before(int(time.time()) // 60)
    begin_s = min(hub.sealed) * HOUR_S
    answer = asked(hub, begin_s, begin_s + DAY_HOURS * HOUR_S, HOUR_S)
    told = {
        "taken_s": taken_s,
        "sealed_s": sealed_s,
        "hours": len(hub.sealed),
        "cell_bytes": merged_bytes(hub) / len(hub.sealed) / (answer["sites"] + 1),
        "peak_bytes": peak_bytes(),
        **answer,
    }
    hub.stop()
    return told


def ask_year(agents: str, folder: str) -> dict[str, Any]:
    """Seal an hour of each day of a year, merge the days, then ask for a top list over all of it, by tag."""
    from pktvisor.hub.hub import Hub, HubSettings

    hub = Hub(HubSettings(Path(folder), kept_days=2 * YEAR_DAYS))
    begin_s = year_begin_s()
    for day in range(YEAR_DAYS):
        take(hub, made(int(agents), [day * DAY_HOURS * 60], begin_s))
        hub.seal_due()
    hub.roll_due()
    answer = asked(hub, begin_s, begin_s + YEAR_DAYS * DAY_HOURS * HOUR_S, DAY_HOURS * HOUR_S)
    days = len(hub.rolled)
    hub.stop()
    return {"days": days, **answer}


def take(hub: Any, bodies: Iterable[bytes]) -> int:
    """Let the hub take deliveries in; give their number."""
    count = sum(1 for body in bodies if hub.admission.take(body, time.time_ns()))
    assert hub.counters["windows_refused"] == 0
    return count


def sealing(hub: Any, hour: int) -> float:
    """Seal an hour; give the CPU time that each delivery of it takes, in seconds."""
    count = len(hub.admission.hours[hour])
    before = time.process_time()
    hub.seal(hour)
    return (time.process_time() - before) / count


def asked(hub: Any, begin_s: int, end_s: int, step_s: int) -> dict[str, Any]:
    """Ask for a top list of all the time as one, by tag, some times: the least that it takes, and what is read."""
    from pktvisor.hub.history import Question, answer

    question = Question("default", METRIC, begin_s, end_s, step_s, "site", SHOWN, is_whole=True)
    times, cpu = [], []
    for _ in range(ASKED):
        before, cpu_before = time.monotonic(), time.process_time()
        told: Any = answer(question, hub.stored, hub.minutes)
        times.append(time.monotonic() - before)
        cpu.append(time.process_time() - cpu_before)
    return {"answer_s": min(times), "cpu_s": min(cpu), "sites": len(told["series"]), **told["read"]}


def merged_bytes(hub: Any) -> int:
    """What the windows of an hour take that were merged: of all agents, and of each site."""
    from pktvisor.hub.hours import MERGED

    return sum(path.stat().st_size for path in hub.hours.files(MERGED, hub.sealed, step_s=HOUR_S))


def note_of(told: dict[str, Any]) -> str:
    """What an answer is of."""
    return (
        f"{told['sites']} sites, {told['files']} files; the least of {ASKED}, {told['cpu_s']:.3f} s of CPU; "
        f"load {os.getloadavg()[0]:.1f}"
    )
