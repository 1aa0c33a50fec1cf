"""The agent steered while packets come: policies by API and file, restarts and crashes. Needs the right to capture."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.commands import run
from support.daemon import Daemon, ask, daemon, eventually, needs_rights, silent_resolver
from support.written import body, file, policy

pytestmark = needs_rights


@pytest.fixture
def resolver() -> Iterator[socket.socket]:
    with silent_resolver() as sink:
        yield sink


def tap(resolver: socket.socket) -> str:
    """The loopback interface, as far as packets go to the resolver."""
    return f"eth: {{input_type: pcap, config: {{iface: lo, bpf: udp dst port {resolver.getsockname()[1]}}}}}"


def total(running: Daemon, name: str = "edge", view: str = "window/5") -> int:
    """Packets that a policy has counted."""
    document = running.get(f"/api/v1/policies/{name}/metrics/{view}")
    return int(document[name][f"{name}-eth-net"]["packets"]["total"])


def put(running: Daemon, path: str, text: str) -> Any:
    status, reply = running.request("POST", path, text)
    assert status == 201, reply
    return json.loads(reply)


def test_a_policy_comes_and_goes_by_the_api(resolver: socket.socket) -> None:
    with daemon("--admin-api") as running:
        assert running.get("/api/v1/taps") is None
        put(running, "/api/v1/taps", f"visor: {{taps: {{{tap(resolver)}}}}}")
        assert list(put(running, "/api/v1/policies", body(policy()))) == ["edge"]
        ask(resolver, 10)
        eventually(lambda: total(running) == 10)
        assert running.request("POST", "/api/v1/policies", body(policy()))[0] == 409
        assert running.request("DELETE", "/api/v1/policies/edge") == (200, b"{}")
        assert running.get("/api/v1/policies") == {}
        assert running.request("DELETE", "/api/v1/taps/eth") == (200, b"{}")
        assert running.request("DELETE", "/api/v1/server")[0] == 200
        assert running.process.wait(10) == 0


def test_a_new_policy_shows_the_last_minute_at_once(resolver: socket.socket) -> None:
    with daemon("--admin-api") as running:
        put(running, "/api/v1/taps", f"visor: {{taps: {{{tap(resolver)}}}}}")
        put(running, "/api/v1/policies", body(policy()))
        ask(resolver, 10)
        eventually(lambda: total(running) == 10)
        put(running, "/api/v1/policies", body(policy("later")))
        eventually(lambda: total(running, "later") == 10)
        assert running.request("DELETE", "/api/v1/taps/eth") == (200, b"{}"), "which takes nothing from the policies"
        assert ["taps" in running.get(f"/api/v1/policies/{name}")[name] for name in ("edge", "later")] == [False, False]
        ask(resolver, 5)
        eventually(lambda: (total(running), total(running, "later")) == (15, 15))


def test_what_just_passed_can_be_downloaded(resolver: socket.socket, tmp_path: Path) -> None:
    with daemon("--admin-api") as running:
        put(running, "/api/v1/taps", f"visor: {{taps: {{{tap(resolver)}}}}}")
        put(running, "/api/v1/policies", body(policy()))
        ask(resolver, 10)
        eventually(lambda: total(running) == 10)
        (stream,) = running.get("/api/v1/inputs")
        status, capture = running.request("GET", f"/api/v1/inputs/{stream}/pcap?filter=udp")
        assert status == 200
        (tmp_path / "recent.pcapng").write_bytes(capture)
        tcpdump = ["tcpdump", "-n", "-r", str(tmp_path / "recent.pcapng")]
        done = subprocess.run(tcpdump, capture_output=True, text=True, check=True)
        assert done.stdout.count("UDP, length 29") == 10


def test_a_file_read_again_leaves_running_windows_alone(resolver: socket.socket, tmp_path: Path) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(file(policy(), policy("old"), taps=tap(resolver)))
    with daemon("--config", str(path)) as running:
        ask(resolver, 10)
        eventually(lambda: total(running) == 10)
        path.write_text(file(policy(), policy("new"), taps=tap(resolver)))
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("policies added: new; policies removed: old")
        assert total(running) == 10
        path.write_text(file(policy("edge", modules="{net: {type: nett}}"), taps=tap(resolver)))
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(r"edge\.yaml:\d+:\d+: policies\.edge\.handlers\.modules\.net\.type: .*'nett' .*not available")
        ask(resolver, 5)
        eventually(lambda: total(running) == 15)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_windows_survive_a_restart_and_a_crash(resolver: socket.socket, tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(file(policy(), taps=tap(resolver)))
    options = ("--config", str(path), "--state-dir", str(tmp_path / "state"))
    with daemon(*options) as running:
        ask(resolver, 10)
        eventually(lambda: total(running) == 10)
        eventually(lambda: any((tmp_path / "state").rglob("*.window")))
        started = running.get("/api/v1/policies/edge/metrics/bucket/0")["edge"]["edge-eth-net"]["packets"]["period"]
        if number is signal.SIGKILL:
            saved = max((tmp_path / "state").rglob("*.window"), key=lambda one: one.stat().st_mtime_ns)
            before = saved.stat().st_mtime_ns
            eventually(lambda: saved.stat().st_mtime_ns > before)
        running.process.send_signal(number)
        running.process.wait(10)
    with daemon(*options) as running:
        period = running.get("/api/v1/policies/edge/metrics/bucket/0")["edge"]["edge-eth-net"]["packets"]["period"]
        assert period["start_ts"] == started["start_ts"], "the minute goes on"
        assert total(running) == 10
        ask(resolver, 5)
        eventually(lambda: total(running) == 15)


def test_a_state_directory_serves_one_agent(tmp_path: Path) -> None:
    with daemon("--state-dir", str(tmp_path), "lo") as running:
        assert running.process.poll() is None
        other = run("pktvisord", "-l", "127.0.0.1", "-p", "0", "--state-dir", tmp_path, "lo")
    assert other.returncode == 1
    assert b"another agent uses it" in other.stdout


def test_a_recording_is_seen_whole_by_its_policy(tmp_path: Path) -> None:
    capture = Path(__file__).parents[1] / "captures" / "dns_resolver.pcap"
    path = tmp_path / "edge.yaml"
    path.write_text(file(policy(), taps=f"eth: {{input_type: pcap, config: {{pcap_file: '{capture}'}}}}"))
    with daemon("--config", str(path)) as running:
        eventually(lambda: total(running) == 211)


def test_policies_change_under_load_and_nothing_is_lost(resolver: socket.socket) -> None:
    with daemon("--admin-api") as running:
        put(running, "/api/v1/taps", f"visor: {{taps: {{{tap(resolver)}}}}}")
        put(running, "/api/v1/policies", body(policy()))
        for _ in range(50):
            put(running, "/api/v1/policies", body(policy("guest", modules="{dns: {type: dns}, net: {type: net}}")))
            ask(resolver, 20)
            assert running.request("DELETE", "/api/v1/policies/guest")[0] == 200
        eventually(lambda: total(running) == 1000)


def rights(running: Daemon) -> set[int]:
    """The capabilities that the daemon's threads have, as bits."""
    tasks = Path(f"/proc/{running.process.pid}/task").iterdir()
    found = (re.search(r"CapEff:\s+([0-9a-f]+)", (task / "status").read_text()) for task in tasks)
    return {int(one[1], 16) for one in found if one is not None}


NET_RAW = 1 << 13


@pytest.mark.parametrize(("arguments", "kept"), [(("lo",), {0}), (("--admin-api", "lo"), {0, NET_RAW})])
def test_what_is_not_needed_any_more_is_given_up(arguments: tuple[str, ...], kept: set[int]) -> None:
    with daemon(*arguments) as running:
        assert rights(running) == kept
        assert "sandbox" not in running.log.replace("this kernel has no Landlock", "")
    with daemon("--no-sandbox", *arguments) as running:
        assert rights(running) != kept
