"""Servers of four makes tell a running agent of their messages: it counts what tshark sees go to them and come back."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from support.daemon import Daemon, daemon, eventually, needs_rights
from support.dns_servers import ask, dnsdist, free_port, knot, named, program, unbound

CONFIGURATION = """
version: "1.0"
visor:
  taps:
    servers: {{input_type: dnstap, config: {{socket: {path}}}}}
    by_tcp: {{input_type: dnstap, config: {{tcp: "127.0.0.1:{port}"}}}}
  policies:
    {policies}
"""
POLICY = """
    of_{tap}:
      kind: collection
      input: {{tap: {tap}, input_type: dnstap}}
      handlers:
        modules:
          told:
            type: custom
            config: {{where: 'dns.qname starts with "counted"'}}
            metrics:
              messages: {{counter: dns, by: [dnstap.identity, dnstap.type]}}
              transports: {{counter: dns, by: [dnstap.identity, dns.transport]}}
              versions: {{counter: dns, by: dnstap.version}}
"""
UDP_NAMES = [f"counted-{number}.example" for number in range(40)]
TCP_NAMES = [f"counted-tcp-{number}.example" for number in range(7)]

Server = Callable[[Path, str], AbstractContextManager[int]]


class Told:
    """What a running agent has counted."""

    def __init__(self, agent: Daemon, tap: str) -> None:
        self._agent, self._policy, self._module = agent, f"of_{tap}", f"of_{tap}-{tap}-told"

    def _window(self) -> Any:
        answer = self._agent.get(f"/api/v1/policies/{self._policy}/metrics/window/5")
        return answer[self._policy].get(self._module, {}).get("custom", {})

    def by(self, column: str, metric: str) -> dict[str, dict[str, int]]:
        """A metric by server and by the words of a column."""
        servers = self._window().get("dnstap_identity", {})
        return {
            server: {word: group[metric] for word, group in groups.get(column, {}).items() if metric in group}
            for server, groups in servers.items()
        }

    def versions(self) -> set[str]:
        return set(self._window().get("dnstap_version", {}))

    def ledger(self) -> Any:
        (told,) = self._agent.get(f"/api/v1/policies/{self._policy}")[self._policy]["input"].values()
        return told["ledger"]


@contextmanager
def agent_of(folder: Path, tap: str) -> Iterator[tuple[Told, str]]:
    """An agent that listens on a tap; gives what it has counted, and where servers find it."""
    path, port = str(folder / "dnstap.sock"), free_port()
    file = folder / "agent.yaml"
    file.write_text(CONFIGURATION.format(path=path, port=port, policies=POLICY.format(tap=tap)))
    with daemon("--config", str(file)) as agent:
        yield Told(agent, tap), path if tap == "servers" else f"127.0.0.1:{port}"


@contextmanager
def captured(file: Path, port: int) -> Iterator[None]:
    """What goes to a port of loopback and comes from there, in a file."""
    line = (program("tcpdump"), "-i", "lo", "-U", "-w", str(file), f"port {port}")
    with subprocess.Popen(line, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while b"listening on" not in process.stderr.readline():
            assert process.poll() is None
        yield
        process.terminate()


def seen_by_tshark(file: Path, port: int) -> Counter[tuple[str, str]]:
    """Messages about the names that count, by transport and kind."""
    decoded = ("-d", f"udp.port=={port},dns", "-d", f"tcp.port=={port},dns")
    fields = ("-T", "fields", "-e", "tcp.port", "-e", "dns.flags.response")
    line = (program("tshark"), "-r", str(file), *decoded, "-Y", 'dns.qry.name contains "counted"', *fields)
    rows = subprocess.run(line, check=True, capture_output=True, text=True).stdout.splitlines()
    split = (row.split("\t") for row in rows)
    words = {"0": "QUERY", "1": "RESPONSE", "False": "QUERY", "True": "RESPONSE"}
    return Counter(("tcp" if ports else "udp", words[reply]) for ports, reply in split)


def connect(told: Told, port: int) -> None:
    """Ask a server until it has told the agent of it: what it tells before it has connected is lost on its side."""

    def is_told() -> bool:
        ask(port, ["ns.example"])
        time.sleep(0.2)  # between two questions
        return bool(told.ledger()["decoded"])

    eventually(is_told)


@needs_rights
@pytest.mark.parametrize(
    ("server", "tap", "identity", "version", "kind"),
    [
        (named, "servers", "authority", "lab 1", "AUTH"),
        (knot, "servers", "knot", "lab 2", "AUTH"),
        (unbound, "servers", "resolver", "lab 3", "CLIENT"),
        (unbound, "by_tcp", "resolver", "lab 3", "CLIENT"),
    ],
)
def test_what_a_server_tells_is_what_tshark_sees(
    server: Server, tap: str, identity: str, version: str, kind: str, tmp_path: Path
) -> None:
    file = tmp_path / "seen.pcap"
    with agent_of(tmp_path, tap) as (told, place), server(tmp_path, place) as port:
        connect(told, port)
        with captured(file, port):
            ask(port, UDP_NAMES)
            ask(port, TCP_NAMES, over_tcp=True)
            eventually(lambda: sum(seen_by_tshark(file, port).values()) >= 2 * len(UDP_NAMES + TCP_NAMES))
        seen = seen_by_tshark(file, port)
        types = {f"{kind}_{what}": seen["udp", what] + seen["tcp", what] for what in ("QUERY", "RESPONSE")}
        eventually(lambda: told.by("dnstap_type", "messages").get(identity) == types)
        transports = {name: seen[name, "QUERY"] + seen[name, "RESPONSE"] for name in ("udp", "tcp")}
        assert told.by("dns_transport", "transports") == {identity: transports}
        assert told.versions() == {version}
        assert told.ledger()["malformed"] == 0


def test_messages_over_tls_and_https_are_told_as_such(tmp_path: Path) -> None:
    kdig, behind = program("kdig"), tmp_path / "behind"
    behind.mkdir()
    with (
        agent_of(tmp_path, "servers") as (told, path),
        named(behind, str(tmp_path / "nobody.sock")) as backend,
        dnsdist(tmp_path, path, backend) as (port, tls_port, https_port),
    ):
        ask(backend, ["ns.example"])
        connect(told, port)
        ask(port, UDP_NAMES[:5])
        ask(port, TCP_NAMES[:3], over_tcp=True)
        for options, encrypted_port in (("+tls", tls_port), ("+https", https_port)):
            for name in UDP_NAMES[5:9]:
                line = [kdig, "@127.0.0.1", "-p", str(encrypted_port), options, "+timeout=20", name]
                subprocess.run(line, check=True, capture_output=True)
        expected = {"udp": 2 * 5, "tcp": 2 * 3, "tls": 2 * 4, "https": 2 * 4}
        eventually(lambda: told.by("dns_transport", "transports").get("dnsdist") == expected)
        assert told.ledger()["malformed"] == 0
