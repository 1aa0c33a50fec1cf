"""The daemon's way from start to end, with inputs that need no rights."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pktvisor import logs
from pktvisor.cli import service, serving
from pktvisor.cli.service import Work
from pktvisor.cli.serving import Signals
from pktvisor.config.daemon_options import DaemonOptions
from pktvisor.config.models import AgentConfig
from pktvisor.config.schema import load_config
from support.http_receiver import silent
from support.hub_receiver import hub
from support.inputs import TestInput
from support.live import eventually
from support.written import file, policy

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    TestInput.take_over(monkeypatch)
    Rounds.take_over(monkeypatch)
    monkeypatch.setattr(serving, "LOOK_INTERVAL_S", 0.01)
    before = [(number, signal.getsignal(number)) for number in SIGNALS]
    yield
    for number, handler in before:
        signal.signal(number, handler)
    logs.start(sys.stdout, verbose=False)


def work(
    target: str | None = "eth0",
    *,
    config: AgentConfig | None = None,
    config_file: Path | None = None,
    hosts: str = "",
    **given: object,
) -> Work:
    said: dict[str, object] = {"host": "127.0.0.1", "port": 0, "no_sandbox": True, **given}
    options = DaemonOptions(**said)  # type: ignore[arg-type]
    return Work(options, config or AgentConfig(), config_file, target, "udp", hosts)


ROUNDS = 3
"""What is done beside the daemon has had its effect once it has looked around so often."""


def meanwhile(*steps: Callable[[], object]) -> None:
    """Take the steps beside the daemon, once it looks after its input; the last is to end it."""
    before = [Rounds.count]

    def run() -> None:
        for step in steps:
            eventually(Rounds.are_more_than(before[-1] + ROUNDS))
            before.append(Rounds.count)
            step()

    threading.Thread(target=run, daemon=True).start()


class Rounds:
    """Counts how often the daemon has looked around."""

    count = 0

    @classmethod
    def are_more_than(cls, number: int) -> Callable[[], bool]:
        return lambda: cls.count > number

    @classmethod
    def take_over(cls, monkeypatch: pytest.MonkeyPatch) -> None:
        wait = serving.wait

        def counted(signals: Signals) -> set[int]:
            cls.count += 1
            return wait(signals)

        monkeypatch.setattr(service, "wait", counted)


def send(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def texts(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.split("] ")[-1] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(capsys: pytest.CaptureFixture[str], number: signal.Signals) -> None:
    meanwhile(send(number))
    assert service.serve(work()) == 0
    assert not TestInput.made[0].is_open
    told = texts(capsys)
    assert re.fullmatch(r"pktvisor \d+\.\d+\.\d+ starting up", told[0])
    assert any(re.fullmatch(r"web server listening on 127\.0\.0\.1:\d+", text) for text in told)
    assert told[-2:] == ["Shutting down", "exit with success"]


def test_the_interface_of_the_command_line_gets_what_was_said_about_it() -> None:
    meanwhile(send(signal.SIGTERM))
    service.serve(work(hosts="10.0.0.0/8"))
    assert TestInput.made[0].config == {"iface": "eth0", "host_spec": "10.0.0.0/8", "bpf": "udp"}


def test_many_signals_at_once_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(file(policy("one")))

    def storm() -> None:
        for number in [*[signal.SIGHUP] * 500, *[signal.SIGTERM] * 50]:
            os.kill(os.getpid(), number)

    meanwhile(storm)
    config = load_config(path.read_text(), source=str(path))
    assert service.serve(work(None, config=config, config_file=path)) == 0
    assert texts(capsys)[-1] == "exit with success"


def test_an_interface_that_comes_back_is_captured_again(capsys: pytest.CaptureFixture[str]) -> None:
    meanwhile(
        lambda: TestInput.made[0].break_down("eth0 is gone"),
        lambda: setattr(TestInput.made[0], "broken", None),
        lambda: eventually(lambda: TestInput.made[0].is_open),
        send(signal.SIGTERM),
    )
    assert service.serve(work(admin_api=True)) == 0
    told = texts(capsys)
    assert any("eth0 is gone" in text for text in told)
    assert any(text.endswith("captured on again") for text in told)


def test_an_interface_that_ends_by_itself_ends_a_daemon_that_has_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    meanwhile(lambda: setattr(TestInput.made[0], "broken", "eth0 is gone"))
    assert service.serve(work()) == 1
    *_, reason, last = capsys.readouterr().out.splitlines()
    assert reason.endswith("eth0 is gone")
    assert last.endswith("[error] exit with failure")


def test_a_daemon_that_can_get_other_work_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    meanwhile(lambda: setattr(TestInput.made[0], "broken", "eth0 is gone"), send(signal.SIGTERM))
    assert service.serve(work(admin_api=True)) == 0
    assert sum("eth0 is gone" in text for text in texts(capsys)) == 1, "it is told once"


def test_a_taken_port_stops_the_agent(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.serve(work(host="192.0.2.1", port=1)) == 1
    assert not TestInput.made[0].is_open
    assert "unable to bind to 192.0.2.1:1" in capsys.readouterr().out


def test_the_configurations_policies_run_and_are_read_again_on_sighup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "edge.yaml"
    path.write_text(file(policy("one")))
    meanwhile(
        lambda: path.write_text(file(policy("one"), policy("two"))),
        send(signal.SIGHUP),
        lambda: path.write_text("visor: {policies: 3}\n"),
        send(signal.SIGHUP),
        send(signal.SIGTERM),
    )
    config = load_config(path.read_text(), source=str(path))
    assert service.serve(work(None, config=config, config_file=path)) == 0
    told = texts(capsys)
    assert "configuration: policies added: two" in told
    assert len(TestInput.made) == 1, "the stream of the first has never stopped"


def test_windows_are_kept_where_there_is_a_place(tmp_path: Path) -> None:
    meanwhile(send(signal.SIGTERM))
    assert service.serve(work(state_dir=str(tmp_path / "state"))) == 0
    assert (tmp_path / "state" / "policies" / "default").is_dir()


def test_windows_are_pushed_once_the_inputs_have_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hub(silent) as receiver:
        meanwhile(send(signal.SIGTERM))
        url = f"http://127.0.0.1:{receiver.port}"
        assert service.serve(work(hub=url, hub_spool=str(tmp_path / "spool"), agent_name="pop1")) == 0
    assert f"hub: sending to {url} as pop1; 0 windows wait in {tmp_path / 'spool'}" in texts(capsys)
    assert {path.name for path in (tmp_path / "spool").iterdir()} >= {"lock"}


def test_windows_wait_in_the_state_directory_unless_another_is_named(tmp_path: Path) -> None:
    meanwhile(send(signal.SIGTERM))
    assert service.serve(work(hub="http://127.0.0.1:1", state_dir=str(tmp_path / "state"))) == 0
    assert (tmp_path / "state" / "hub" / "lock").exists()


def test_a_hub_that_can_not_be_spoken_to_as_told_stops_the_agent(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.serve(work(hub="https://hub.example", hub_token_file="/nowhere/token")) == 1
    assert "no token can be read from /nowhere/token: No such file or directory" in capsys.readouterr().out


def test_options_without_effect_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    meanwhile(send(signal.SIGTERM))
    service.serve(work(cp_token="t", cp_url="u", cp_path="p", module_dir="/x", max_deep_sample=10))
    told = "\n".join(texts(capsys))
    assert "this agent sends no crash reports" in told
    assert "there are no modules to load" in told
    assert "Using maximum deep sample rate: 10%" in told


def test_the_log_goes_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meanwhile(send(signal.SIGTERM))
    service.serve(work(log_file=str(tmp_path / "made" / "visor.log")))
    assert capsys.readouterr().out == ""
    assert "exit with success" in (tmp_path / "made" / "visor.log").read_text()


def test_a_log_that_cant_be_written_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert service.serve(work(log_file=str(tmp_path / "file" / "visor.log"))) == 1
    assert "Log init failed" in capsys.readouterr().err


def test_modules_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.list_modules(DaemonOptions()) == 0
    told = texts(capsys)
    assert "input: pcap version 1.0" in told
    assert {"handler: net version 1.0", "handler: net version 2.0"} <= set(told)
