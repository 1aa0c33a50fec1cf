"""A hub that is killed at any step on disk loses nothing that it acknowledged, and counts nothing twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pktvisor.hub.history import Question, answer
from pktvisor.hub.hub import Hub, HubSettings
from support import hub_disk_crashes
from support.hub_disk_crashes import ALL, DAY_S, DONE, FLEET, START_S
from support.hubs import Clock

ONE = sum(r.value or 0 for r in FLEET.records(0) if (r.schema, r.path) == ("dns", "wire_packets.total"))
LEAST_CRASHES = 4


def count(hub: Hub) -> int:
    """How many windows count: all of them are alike."""
    if not hub.sealed and not hub.minutes.policies:
        return 0  # it never heard of a policy
    asked = Question("default", "dns.wire_packets.total", START_S, START_S + DAY_S, step_s=DAY_S)
    told: Any = answer(asked, hub.stored, hub.minutes)
    messages = sum(value for _, value in told["series"].get("", []))
    assert messages % ONE == 0
    return int(messages // ONE)


def test_whatever_step_it_is_killed_at(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    line = [sys.executable, hub_disk_crashes.__file__, str(tmp_path)]
    told = json.loads(subprocess.run(line, check=True, stdout=subprocess.PIPE, env=environment).stdout)
    assert len([done for done in told.values() if DONE not in done]) >= LEAST_CRASHES
    for step, done in told.items():
        acknowledged = len(done) - (DONE in done)
        hub = Hub(HubSettings(tmp_path / step), now_ns=Clock(START_S, 1.7 * DAY_S))
        try:
            # One more may be on disk: nobody was told so yet.
            assert acknowledged <= count(hub) <= acknowledged + 1, step
            for number, minute in ALL:
                hub.admission.take(FLEET.body(number, minute), hub.now_ns())
            hub.look_after_hours()
            assert count(hub) == len(ALL), step
        finally:
            hub.stop()
