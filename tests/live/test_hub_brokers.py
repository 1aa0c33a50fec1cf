"""An agent that sends through a real NATS server to a hub: what is killed on the way loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.daemon import daemon, eventually
from support.hub_daemons import agents, exports, stored
from support.nats_servers import NatsServer, nats_server

PROGRAM = "pktvisor-hub"


def sending(server: NatsServer, spool: Path) -> tuple[str, ...]:
    of_windows = ("--window-length", "2", "--periods", "10", "--agent-name", "pop1")
    return ("--hub", server.url, "--hub-spool", str(spool), *of_windows, "mock")


def hub(server: NatsServer, folder: Path) -> Any:
    return daemon("--data-dir", str(folder), "--from", server.url, command=PROGRAM)


def test_windows_come_through_nats_whatever_is_killed(tmp_path: Path) -> None:
    with (
        nats_server(tmp_path / "nats") as server,
        hub(server, tmp_path / "hub") as first,
        daemon(*sending(server, tmp_path / "spool")) as agent,
    ):
        eventually(lambda: stored(first) >= 4)
        first.process.kill()
        sent = exports(agent)["sent"]
        eventually(lambda: exports(agent)["sent"] > sent + 1)  # the server keeps them
        server.kill()
        eventually(lambda: exports(agent)["queued"] >= 2)  # the agent keeps them
        server.restart()
        eventually(lambda: exports(agent)["queued"] == 0)
        with hub(server, tmp_path / "hub") as second:
            eventually(lambda: server.waiting() == 0)
            assert agent.stop() == 0
            eventually(lambda: server.waiting() == 0)
            assert agents(second).keys() == {"pop1"}
            assert agents(second)["pop1"]["windows"]["missing"] == 0
            assert second.stop() == 0
