"""The section `planning` of `run.py`: how long it takes until policies are planned.

Run by itself with a number, it plans so many handlers of dns 2.0 with all groups, each with a filter of its own, and
prints the CPU seconds that took.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from figures import Figure

if TYPE_CHECKING:
    from run import Bench

HANDLERS = (25, 100, 200)
RUNS = 3


def planning_section(bench: Bench) -> list[Figure]:
    """CPU time to plan policies, the least of some runs; that of starting Python is not part of it."""
    cores = ",".join(map(str, sorted(bench.core)))
    command = ["taskset", "-c", cores, str(Path(bench.reader).with_name("python")), __file__]

    def planned(number: int) -> float:
        return float(subprocess.run([*command, str(number)], capture_output=True, check=True, text=True).stdout)

    return [
        Figure(f"planning of {number} handlers", min(planned(number) for _ in range(RUNS)), "s CPU")
        for number in HANDLERS
    ]


def plan(number: int) -> float:
    """Plan so many handlers as one policy; give the CPU seconds."""
    from pktvisor.handlers import handler
    from pktvisor.handlers.base import HandlerSettings
    from pktvisor.policies.plan import Instance
    from pktvisor.policies.policy import Policy

    dns = handler("dns", "2.0")
    instances = [
        Instance(f"dns{at}", dns(HandlerSettings({"only_qname_suffix": [f"site{at}.example"]}, enable=["all"])))
        for at in range(number)
    ]
    begin = time.process_time()
    Policy("planned", instances)
    return time.process_time() - begin


if __name__ == "__main__":
    print(plan(int(sys.argv[1])))
