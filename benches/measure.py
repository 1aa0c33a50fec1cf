"""Run one command as a whole process and say what it cost: CPU, elapsed time, memory, instructions.

CPU time, not elapsed time, is what most figures are made of: it is user plus system time of the process and of the
children it waited for, as the kernel accounts it (wait4), pinned to one core. It stays meaningful on a shared machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

COLLECTED = re.compile(r"Collected : (\d+)")


class CommandError(RuntimeError):
    """The measured command could not be run or did not succeed."""


@dataclass(frozen=True)
class Cost:
    """What one run of a command cost."""

    cpu_seconds: float
    elapsed_seconds: float
    peak_rss_bytes: int


def need(program: str) -> None:
    """Raise CommandError where a program is not installed."""
    if shutil.which(program) is None:
        raise CommandError(f"{program} is not installed")


def pinned(command: Sequence[str], cores: set[int]) -> list[str]:
    """The command line that keeps `command` on `cores`."""
    return ["taskset", "--cpu-list", ",".join(map(str, sorted(cores))), *command]


def run(command: Sequence[str], cores: set[int]) -> Cost:
    """Run `command` on `cores`, its output thrown away.

    The peak is never below this program's own memory (some 20 MB), which the child inherits as its first peak.
    """
    started = time.perf_counter()
    silent = subprocess.DEVNULL
    with subprocess.Popen(pinned(command, cores), stdin=silent, stdout=silent, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        complaint = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    elapsed = time.perf_counter() - started
    if process.returncode != 0:
        last = complaint.decode(errors="replace").strip().splitlines()[-1:]
        raise CommandError(f"{shlex.join(command)} left with {process.returncode}: {' '.join(last)}")
    return Cost(usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss * 1024)


def side_by_side(command: Sequence[str], cores: set[int]) -> float:
    """Seconds until as many runs of `command` as there are cores, each on its own, have all ended."""
    silent = subprocess.DEVNULL
    started = time.perf_counter()
    processes = [
        subprocess.Popen(pinned(command, {core}), stdin=silent, stdout=silent, stderr=silent) for core in cores
    ]
    statuses = [process.wait() for process in processes]
    if any(statuses):
        raise CommandError(f"{shlex.join(command)} left with {max(statuses, key=abs)}")
    return time.perf_counter() - started


def median_of(costs: Sequence[Cost]) -> Cost:
    """The median of each quantity."""
    return Cost(
        statistics.median(cost.cpu_seconds for cost in costs),
        statistics.median(cost.elapsed_seconds for cost in costs),
        int(statistics.median(cost.peak_rss_bytes for cost in costs)),
    )


def least_of(costs: Sequence[Cost]) -> Cost:
    """The least of each quantity."""
    return Cost(
        min(cost.cpu_seconds for cost in costs),
        min(cost.elapsed_seconds for cost in costs),
        min(cost.peak_rss_bytes for cost in costs),
    )


def interleaved(
    commands: Mapping[str, Sequence[str]],
    runs: int,
    cores: set[int],
    choose: Callable[[Sequence[Cost]], Cost] = median_of,
) -> dict[str, Cost]:
    """What `choose` makes of the runs of several commands: medians, unless told otherwise.

    They are run in turn (A, B, A, B, ...), so that a drifting machine hits them alike.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            costs[name].append(run(command, cores))
    return {name: choose(found) for name, found in costs.items()}


def instructions(command: Sequence[str], cores: set[int]) -> int:
    """Instructions executed by `command` and its children, as valgrind's callgrind counts them."""
    need("valgrind")
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--trace-children=yes"]
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    done = subprocess.run(
        pinned([*tool, *command], cores), capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        raise CommandError(f"{shlex.join(command)} under valgrind left with {done.returncode}: {done.stderr[-300:]}")
    return sum(int(count) for count in COLLECTED.findall(done.stderr))
