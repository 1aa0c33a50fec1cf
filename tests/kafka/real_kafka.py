"""An agent that sends through a real Kafka to a hub, with TLS, passwords and certificates: what is killed on the way
loses nothing. Not among the tests that are found, since it needs Java: see run beside this.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.daemon import daemon, eventually
from support.hub_daemons import exports, stored
from support.kafka_servers import PASSWORD, PATIENCE_S, USER, KafkaServer, kafka_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaServer]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as server:
        yield server


def papers(server: KafkaServer, option: str, folder: Path, secret: str = f"{USER}:{PASSWORD}") -> tuple[str, ...]:
    """The options for token and certificates."""
    token = folder / "token"
    token.write_text(secret)
    token.chmod(0o600)
    client = str(server.folder / "client.pem")
    files = {"token-file": str(token), "ca": str(server.folder / "ca.pem"), "cert": client, "key": client}
    return tuple(part for name, value in files.items() for part in (f"--{option}-{name}", value))


def agent(server: KafkaServer, folder: Path, *more: str) -> Any:
    of_windows = ("--window-length", "2", "--periods", "10", "--agent-name", "pop1")
    return daemon("--hub", server.url, "--hub-spool", str(folder / "spool"), *more, *of_windows, "mock")


def hub(server: KafkaServer, folder: Path) -> Any:
    own = ("--data-dir", str(folder / "hub"), "--from", server.url)
    return daemon(*own, *papers(server, "from", folder), command="pktvisor-hub")


def test_windows_come_through_kafka_whatever_is_killed(server: KafkaServer, tmp_path: Path) -> None:
    with hub(server, tmp_path) as first, agent(server, tmp_path, *papers(server, "hub", tmp_path)) as sending:
        eventually(lambda: stored(first) >= 4, PATIENCE_S)
        first.process.kill()
        sent = exports(sending)["sent"]
        eventually(lambda: exports(sending)["sent"] > sent + 1, PATIENCE_S)  # the server keeps them
        server.kill()
        eventually(lambda: exports(sending)["queued"] >= 2, PATIENCE_S)  # the agent keeps them
        server.restart()
        eventually(lambda: exports(sending)["queued"] == 0, PATIENCE_S)
        sent, dropped = (exports(sending)[what] for what in ("sent", "dropped"))
        with hub(server, tmp_path) as second:
            assert sending.stop() == 0
            eventually(lambda: stored(second) >= sent, PATIENCE_S)  # each has a handler at least
            assert dropped == 0
            assert second.stop() == 0


def test_who_is_not_let_in_keeps_its_windows_and_says_why(server: KafkaServer, tmp_path: Path) -> None:
    with agent(server, tmp_path, *papers(server, "hub", tmp_path, f"{USER}:wrong")) as sending:
        eventually(lambda: exports(sending)["queued"] >= 1, PATIENCE_S)
        sending.wait_for(r"hub can't be reached; windows are queued: .*uthentication")
        assert exports(sending)["sent"] == 0
        sending.process.kill()
