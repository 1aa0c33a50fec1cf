"""An agent and a hub in their sandbox, at all that they do: nothing that they need is refused, whoever they run as."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.commands import BIN
from support.daemon import Daemon, ask, daemon, eventually, needs_rights, silent_resolver
from support.hub_daemons import agents
from support.users import NOBODY, folder_of_nobody, within_reach

pytestmark = needs_rights

CONFIG = """
visor:
  config: {{state_dir: {folder}/state}}
  taps:
    loop: {{input_type: pcap, config: {{iface: lo}}}}
    reports: {{input_type: dnstap, config: {{socket: {folder}/dnstap.sock}}}}
    records:
      input_type: flow
      config: {{flow_type: netflow, bind: 127.0.0.1, port: {port}, table_dir: {folder}/parquet}}
    made: {{input_type: mock, config: {{}}}}
  policies:
    dns:
      kind: collection
      input: {{tap: loop, input_type: pcap, filter: {{bpf: udp}}}}
      handlers: {{modules: {{dns: {{type: dns}}, net: {{type: net}}}}}}
    made:
      kind: collection
      input: {{tap: made, input_type: mock}}
      handlers: {{modules: {{net: {{type: net}}, dns: {{type: dns}}}}}}
    reports:
      kind: collection
      input: {{tap: reports, input_type: dnstap}}
      handlers: {{modules: {{dns: {{type: dns}}}}}}
    records:
      kind: collection
      input: {{tap: records, input_type: flow}}
      handlers: {{modules: {{flow: {{type: flow}}}}}}
"""
NEAR = "config: {test_type: ping, interval_msec: 100, timeout_msec: 100, targets: {here: {target: localhost}}}"
TAP = f"visor: {{taps: {{near: {{input_type: netprobe, {NEAR}}}}}}}"
LATER = {
    "near": "input: {tap: near, input_type: netprobe}, handlers: {modules: {netprobe: {type: netprobe}}}",
    "late": "input: {tap: loop, input_type: pcap, filter: {bpf: tcp}}, handlers: {modules: {net: {type: net}}}",
}
POLICIES = [f"visor: {{policies: {{{name}: {{kind: collection, {rest}}}}}}}" for name, rest in LATER.items()]


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_of_nobody() as made:
        yield made


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    if shutil.which("strace") is None:
        pytest.skip("the command strace (package strace) is missing")
    return tmp_path


def traced(trace: Path) -> list[str]:
    (folder := trace.with_suffix(".within")).mkdir()
    return [*within_reach(folder), "strace", "-D", "-f", "-q", "-e", "status=failed", "-o", str(trace)]


def refused(trace: Path) -> set[str]:
    """The system calls that failed for want of rights once there was a filter. strace writes what fails only, so that
    the filter itself is told by the first call that it answers: clone3, as by a kernel without it.
    """
    lines = trace.read_text().splitlines()
    begin = next(number for number, line in enumerate(lines) if " clone3(" in line and "ENOSYS" in line)
    wanted = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)[ (].* = -1 E(?:PERM|NOSYS) ")
    return {found[1] for line in lines[begin:] if (found := wanted.match(line))}


def end(running: Daemon, trace: Path) -> None:
    assert running.stop() == 0
    last = re.compile(rf"^{running.process.pid} +\+\+\+ exited", re.MULTILINE)
    eventually(lambda: last.search(trace.read_text()))


def test_an_agent_and_a_hub_at_work_are_refused_nothing(traces: Path, folder: Path) -> None:
    (folder / "parquet").mkdir()
    os.chown(folder / "parquet", NOBODY, NOBODY)
    config = folder / "agent.yaml"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        config.write_text(CONFIG.format(folder=folder, port=free.getsockname()[1]))
    ours, its = traces / "agent", traces / "hub"
    with ExitStack() as stack:
        resolver = stack.enter_context(silent_resolver())
        kept = ("--data-dir", str(folder / "hub"), "--lake", f"file://{folder}/lake", "--user", "nobody")
        hub = stack.enter_context(daemon(*kept, command="pktvisor-hub", within=traced(its)))
        pushed = ("--hub", f"http://127.0.0.1:{hub.port}", "--hub-policies", "--otel", "--otel-port", str(hub.port))
        line = ("--user", "nobody", "--admin-api", "--config", str(config), "--window-length", "1", *pushed)
        agent = stack.enter_context(daemon(*line, within=traced(ours)))
        ask(resolver, 10)
        eventually(lambda: agents(hub))
        for path, body in (("taps", TAP), *(("policies", policy) for policy in POLICIES)):
            status_code, told = agent.request("POST", f"/api/v1/{path}", body)
            assert status_code == 201, told
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(folder / "dnstap.sock"))
        for path in ("/api/v1/taps", "/api/v1/policies", "/api/v1/metrics/app"):
            agent.text(path)
        eventually(lambda: "here" in agent.text("/api/v1/policies/near/metrics/bucket/0"))
        stream = next(name for name in agent.get("/api/v1/inputs") if name.startswith("loop-"))
        assert agent.request("GET", f"/api/v1/inputs/{stream}/pcap?filter=udp")[0] == 200
        agent.process.send_signal(signal.SIGHUP)
        hub.process.send_signal(signal.SIGHUP)
        agent.wait_for("configuration: nothing has changed")
        eventually(lambda: hub.get("/api/v1/hub"))
        end(agent, ours)
        end(hub, its)
    assert refused(ours) <= {"clone3"}
    assert refused(its) <= {"clone3"}


def status(running: Daemon, name: str) -> set[str]:
    """What /proc says of all threads of a process."""
    found = set()
    for task in Path(f"/proc/{running.process.pid}/task").iterdir():
        lines = (task / "status").read_text().splitlines()
        found.add(" ".join(next(line for line in lines if line.startswith(f"{name}:")).split()[1:]))
    return found


NET_RAW = f"{1 << 13:016x}"
NOTHING = f"{0:016x}"


@pytest.mark.parametrize(("more", "kept"), [((), {NOTHING}), (("--admin-api",), {NOTHING, NET_RAW})])
def test_all_threads_are_of_another_user_with_the_rights_that_are_needed(
    more: tuple[str, ...], kept: set[str], tmp_path: Path
) -> None:
    with daemon("--user", "41001:41002", *more, "lo", within=within_reach(tmp_path)) as running:
        assert status(running, "Uid") == {"41001 41001 41001 41001"}
        assert status(running, "Gid") == {"41002 41002 41002 41002"}
        assert status(running, "Groups") == {"41002"}
        assert status(running, "CapPrm") == kept
        assert status(running, "NoNewPrivs") == {"1"}
        assert status(running, "Seccomp") == {"2"}


def test_what_it_makes_belongs_to_the_user(folder: Path, tmp_path: Path) -> None:
    places = ("--state-dir", str(folder / "state"), "--log-file", str(folder / "log"))
    line = ("-l", f"unix:{folder}/api.sock", "--user", "nobody", *places, "-d", "mock")
    told = subprocess.run(
        [*within_reach(tmp_path), str(BIN / "pktvisord"), *line], capture_output=True, text=True, check=True
    ).stderr
    process = int(told.split()[-1])
    try:
        eventually(lambda: (folder / "state" / "policies").is_dir() and (folder / "api.sock").exists())
        assert {path.stat().st_uid for path in folder.rglob("*")} == {NOBODY}
    finally:
        os.kill(process, signal.SIGTERM)
    eventually(lambda: not (folder / "api.sock").exists())


def test_what_the_user_can_not_write_ends_the_start_with_a_sentence(folder: Path, tmp_path: Path) -> None:
    (folder / "root").mkdir()
    (folder / "mixed").mkdir()
    os.chown(folder / "mixed", NOBODY, NOBODY)
    (folder / "mixed" / "VERSION").touch()
    stories = {
        ("--state-dir", f"{folder}/root"): f"can't write {folder}/root: give it to that user (chown -R nobody",
        ("--state-dir", f"{folder}/mixed"): f"can't write {folder}/mixed/VERSION: give it to that user",
        ("--state-dir", f"{folder}/root/new"): f"can't make {folder}/root/new: make it (install -d -o nobody",
        ("--log-file", f"{folder}/root/log"): f"can't write in {folder}/root: let that user write there",
        ("-l", f"unix:{folder}/root/api.sock"): f"can't write in {folder}/root: let that user write there",
    }
    for number, (said, sentence) in enumerate(stories.items()):
        (tmp_path / str(number)).mkdir()
        command = [*within_reach(tmp_path / str(number)), str(BIN / "pktvisord"), "--user", "nobody", *said, "mock"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"user: nobody {sentence}")


def test_a_lake_that_the_user_can_not_write_ends_the_start_of_a_hub_with_a_sentence(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "lake").mkdir()
    places = ("--data-dir", str(folder / "hub"), "--lake", f"file://{folder}/lake")
    command = [*within_reach(tmp_path), str(BIN / "pktvisor-hub"), "--user", "nobody", *places]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"user: nobody can't write {folder}/lake: give it to that user (chown -R nobody")


def test_what_the_user_can_not_read_again_is_told_and_a_reload_changes_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "agent.yaml").write_text("visor: {config: {user: nobody}}\n")
    (folder / "agent.yaml").chmod(0o600)
    with daemon("--config", str(folder / "agent.yaml"), "mock", within=within_reach(tmp_path)) as running:
        assert f"user nobody can't read {folder}/agent.yaml (config) again" in running.log
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("not reloaded; nothing has changed: Permission denied in config file")
        assert running.stop() == 0
