"""A hub whose process is killed at its syncs, renames and removals: each time in a folder of its own.

Run as a program with a folder, it prints a JSON object: for each step, which windows had been acknowledged by then.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pktvisor.hub.hub import Hub, HubSettings
from support.fleet import CAPTURES, Fleet
from support.hubs import Clock

DAY_S = 86400
START_S = 1_790_000_400 // DAY_S * DAY_S
FLEET = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
ALL = ((0, 0), (1, 0))
DONE = "done"
FIRST, EVERY = 2, 4
"""Which of the steps: all of them take minutes."""


def story(folder: Path, done: Callable[[str], None]) -> None:
    """Take windows, seal their hour, merge their day."""
    clock = Clock(START_S)
    hub = Hub(HubSettings(folder), now_ns=clock)
    for number, minute in ALL:
        hub.admission.take(FLEET.body(number, minute), hub.now_ns())
        done(f"{number} {minute}")
    clock.after_s = 1.1 * DAY_S
    hub.flush()
    hub.seal_due()
    hub.roll_due()
    hub.stop()
    done(DONE)


class Killer:
    """Kills the process at one of its steps on disk."""

    def __init__(self, at: int) -> None:
        self._left = at

    def take_over(self) -> None:
        """Have every step counted, before it is done."""
        for name in ("fsync", "fdatasync", "replace", "rename", "unlink"):
            setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*given, **named)

        return counted


def killed_at(step: int, folder: Path) -> list[str]:
    """Run the story in a process of its own that is killed at a step; give what it had done by then."""
    told_by, told = os.pipe()
    child = os.fork()
    if child == 0:
        _live(step, folder, told)
    os.close(told)
    with os.fdopen(told_by, encoding="ascii") as lines:
        done = lines.read().splitlines()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the hub failed before step {step}, having done {done}")
    return done


def _live(step: int, folder: Path, told: int) -> None:
    """Be the child, which never returns."""
    status = 1
    try:
        Killer(step).take_over()
        story(folder, lambda deed: _tell(told, f"{deed}\n"))
        status = 0
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _tell(descriptor: int, line: str) -> None:
    os.write(descriptor, line.encode())


def main(folder: Path) -> None:
    FLEET.records(0)
    done: dict[int, list[str]] = {}
    step = FIRST
    while DONE not in done.get(step - EVERY, []):
        done[step] = killed_at(step, folder / str(step))
        step += EVERY
    print(json.dumps(done))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
