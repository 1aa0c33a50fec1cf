"""Keeps what was read last, and what went wrong since: asks again, waits longer where it fails, adapts the window."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, replace

from pktvisor import clock
from pktvisor.api.faults import ApiFault, BusyFault, PeriodFault
from pktvisor.tui.watched import Extra, Reading, Request, Watched
from pktvisor.tui.windows import LIVE, WindowChoice, merged

LONGEST_WAIT_S = 30.0
"""Between tries of what keeps failing."""


@dataclass(frozen=True, slots=True)
class State:
    """What there is to show."""

    reading: Reading | None = None
    fault: ApiFault | None = None
    """Why there is nothing newer; None where the last try went well."""
    notice: str = ""
    """What else is to be known of the reading, in a sentence."""
    failures: int = 0
    """Tries that failed since the last that went well."""
    retry_at: float = 0.0
    """Unix seconds of the next try after a failed one."""


class Watch:
    """Reads what is watched. One thread steps; any other may ask for something else."""

    def __init__(
        self, watched: Watched, request: Request, *, interval_s: float, now: Callable[[], float] = clock.now
    ) -> None:
        self.watched = watched
        self.interval_s = interval_s
        self.request = request
        self.state = State()
        self.now = now

    def ask(
        self, *, window: WindowChoice | None = None, policy: str | None = None, extras: Set[Extra] | None = None
    ) -> None:
        """Ask for something else from the next step on; what is None stays."""
        request = self.request
        self.request = Request(
            request.window if window is None else window,
            request.policy if policy is None else policy,
            request.extras if extras is None else extras,
        )

    def step(self) -> float | None:
        """Read once, and give how many seconds to wait before the next time; None for as long as nobody asks."""
        try:
            reading, notice = self._read(self.request)
        except ApiFault as fault:
            failures = self.state.failures + 1
            wait_s = self._wait_s(fault, failures)
            self.state = State(self.state.reading, fault, "", failures, self.now() + wait_s)
            return wait_s
        self.state = State(reading, notice=notice)
        return self.interval_s if self.watched.is_live else None

    def _read(self, request: Request) -> tuple[Reading, str]:
        """Read; where there is no such window, read one that there is."""
        try:
            return self.watched.read(request), ""
        except PeriodFault as fault:
            window, is_for_now = _instead(request.window, fault)
            if window == request.window:
                raise
        reading = self.watched.read(replace(request, window=window))
        shown = window.name(reading.length_s)
        if is_for_now:
            return reading, f"no period has closed yet: this is the {shown} one"
        if self.request is request:
            self.request = replace(request, window=window)
        return reading, f"the policy keeps no {request.window.name(reading.length_s)}: this is {shown}"

    def _wait_s(self, fault: ApiFault, failures: int) -> float:
        if isinstance(fault, BusyFault) and fault.retry_after_s is not None:
            return max(self.interval_s, min(fault.retry_after_s, LONGEST_WAIT_S))
        doubled: float = self.interval_s * 2 ** min(failures - 1, 10)
        return max(self.interval_s, min(doubled, LONGEST_WAIT_S))


def _instead(window: WindowChoice, fault: PeriodFault) -> tuple[WindowChoice, bool]:
    """Give the nearest window that there is, and whether the one asked for will come."""
    if window.kind == "bucket":
        return LIVE, fault.is_early
    if fault.most < 2:
        return LIVE, False
    return merged(min(window.number, fault.most)), False
