"""What a hub tells of its disk: the journal, then what is sealed, by kind and step."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pktvisor.errors import InputError
from pktvisor.hub.hub import Hub
from pktvisor.hub.storage import storage
from support.fleet import CAPTURES, NANOSECONDS, Fleet
from support.hubs import Clock, running_hub

START_S = 1_790_000_000 // 3600 * 3600
HOUR = START_S // 3600


def told(hub: Hub) -> Any:
    return storage(hub)


def test_what_is_not_sealed_is_in_the_journal(tmp_path: Path) -> None:
    agents = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
    with running_hub(tmp_path, Clock(START_S)) as hub:
        body = agents.body(0, 0)
        hub.admission.take(body, (START_S + 61) * NANOSECONDS)
        journal = told(hub)["journal"]
        assert (journal["segments"], journal["deliveries"]) == (1, 1)
        assert journal["bytes"] > len(body)


def test_what_is_sealed_is_told_by_its_steps_with_its_bounds(tmp_path: Path) -> None:
    agents = Fleet([CAPTURES / "dns_resolver.pcap"], START_S)
    with running_hub(tmp_path, Clock(START_S)) as hub:
        for minute in range(3):
            hub.admission.take(agents.body(0, minute), (START_S + 240) * NANOSECONDS)
        hub.seal(HOUR)
        kept = told(hub)["kept"]
        assert [(one["kind"], one["step_s"]) for one in kept] == [
            ("windows", None),
            ("merged", 60),
            ("merged", 600),
            ("merged", 3600),
            ("merged", 86400),
        ]
        assert all((one["from"], one["to"]) == (START_S, START_S + 3600) for one in kept[:4])
        assert (kept[4]["files"], kept[4]["bytes"], kept[4]["from"]) == (0, 0, None)
        assert sum(one["bytes"] for one in kept) == hub.hours.size_bytes()
        assert told(hub)["journal"]["deliveries"] == 0


def test_a_disk_that_fails_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with running_hub(tmp_path, Clock(START_S)) as hub:
        monkeypatch.setattr(shutil, "disk_usage", fail)
        with pytest.raises(InputError, match="can't be looked at: Permission denied"):
            storage(hub)
