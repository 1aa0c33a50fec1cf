"""What becomes a mark of a hub: agents that are new, late, back or gone, and those that began anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pktvisor.agent.happenings import MOST_NAMES, several
from pktvisor.agent.marks import MarkRing
from pktvisor.hub.presence import NANOSECONDS, State, state_of
from pktvisor.hub.registry import KnownAgent

LOOK_S = 5.0
"""Between two looks at all agents."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was known of an agent at the last look."""

    state: State
    restarts: int
    last_seen_ns: int


class Happenings:
    """What was seen of agents. The first look notes nothing: a hub that starts has not heard of anybody yet."""

    def __init__(self, marks: MarkRing) -> None:
        self._marks = marks
        self._known: dict[str, _Known] | None = None
        self._silent: dict[str, int] = {}
        """Agents of which a mark says that they are silent, with when something came of them last."""
        self._due_s = 0.0

    def look(self, agents: Iterable[KnownAgent], now_ns: int, now_s: float) -> None:
        """Look whether anything is new; `now_ns` is since 1970, `now_s` of a clock that nobody sets."""
        if now_s < self._due_s:
            return
        self._due_s = now_s + LOOK_S
        before = self._known
        found = {one.name: _Known(state_of(one, now_ns), one.restarts, one.last_seen_ns) for one in agents}
        self._known = found
        if before is None:
            return
        changed = {name: (before.get(name), one) for name, one in found.items() if before.get(name) != one}
        now = now_ns / NANOSECONDS
        self._note(now, "agent_new", [name for name, (was, _) in changed.items() if was is None], "new")
        for state, word in (("stale", "late"), ("gone", "gone")):
            names = [name for name, (was, one) in changed.items() if one.state == state and was and was.state != state]
            self._silent |= {name: found[name].last_seen_ns for name in names}
            self._note(now, f"agent_{word}", names, word)
        self._note_back(now, {name: one for name, (_, one) in changed.items() if one.state == "live"})
        names = [name for name, (was, one) in changed.items() if was is not None and one.restarts > was.restarts]
        self._note(now, "agent_restarted", names, "at work anew: it restarted")
        self._silent = {name: last for name, last in self._silent.items() if name in found}

    def _note_back(self, now: float, live: Mapping[str, _Known]) -> None:
        silent_ns = {name: live[name].last_seen_ns - self._silent.pop(name) for name in live if name in self._silent}
        longest_s = max(silent_ns.values(), default=0) // NANOSECONDS
        self._note(now, "agent_back", list(silent_ns), f"back after {longest_s} s")

    def _note(self, now: float, kind: str, names: list[str], what: str) -> None:
        if len(names) <= MOST_NAMES:
            for name in names:
                self._marks.add(now, kind, name, f"{name} is {what}")
        else:
            self._marks.add(now, kind, "", f"{len(names)} agents are {what}: {several(names)}")
