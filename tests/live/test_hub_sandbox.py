"""A hub that has given up its rights does all that it has to: it takes windows, seals hours, and reads them."""

from __future__ import annotations

from pathlib import Path

from pktvisor import clock
from pktvisor.hub.hub import Hub, HubSettings
from support.daemon import daemon, eventually
from support.fleet import CAPTURES, Fleet

HOUR_S = 3600
CAPABILITIES = "CapEff:"


def rights(process: int) -> set[str]:
    """The capabilities of a process's threads, each once, as the kernel writes them."""
    found = set()
    for task in Path(f"/proc/{process}/task").iterdir():
        status = (task / "status").read_text()
        found.add(next(line.split()[1] for line in status.splitlines() if line.startswith(CAPABILITIES)))
    return found


def test_a_hub_without_rights_seals_and_answers(tmp_path: Path) -> None:
    start_s = int(clock.now()) // HOUR_S * HOUR_S - 3 * HOUR_S
    fleet = Fleet([CAPTURES / "dns_resolver.pcap"], start_s)
    before = Hub(HubSettings(tmp_path))
    before.admission.take(fleet.body(0, 0), before.now_ns())
    before.stop()
    with daemon("--data-dir", str(tmp_path), command="pktvisor-hub") as running:
        eventually(lambda: running.get("/api/v1/hub")["sealed"]["merged_from"])
        asked = f"metric=dns.wire_packets.total&from={start_s}&to={start_s + HOUR_S}"
        eventually(lambda: running.get(f"/api/v1/history?{asked}")["series"])
        assert {int(mask, 16) for mask in rights(running.process.pid)} == {0}
        assert running.stop() == 0
    assert "sandbox" not in running.log.replace("this kernel has no Landlock", "")
