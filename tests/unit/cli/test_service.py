"""The daemon's way from start to end, with an agent that needs no rights."""

from __future__ import annotations

import re
import signal
import threading
from argparse import Namespace
from collections.abc import Iterator

import pytest

from pktvisor.agent.local import LiveSettings
from pktvisor.cli import service
from pktvisor.errors import InputError
from support.agents import FakeAgent


class Agent(FakeAgent):
    """Can be started and stopped, and fail."""

    instances: list[Agent] = []  # noqa: RUF012 (what was made in a test)
    fault: str | None = None

    def __init__(self, settings: LiveSettings) -> None:
        super().__init__()
        self.settings = settings
        self.calls: list[str] = []
        Agent.instances.append(self)

    def start(self) -> None:
        self.calls.append("start")

    def check(self) -> None:
        if self.fault is not None:
            raise InputError(self.fault)

    def stop(self) -> None:
        self.calls.append("stop")


@pytest.fixture(autouse=True)
def _fake_agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(service, "LocalAgent", Agent)
    monkeypatch.setattr(service, "LOOK_INTERVAL_S", 0.01)
    monkeypatch.setattr(Agent, "instances", [])
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def options(**given: object) -> Namespace:
    return Namespace(
        **{
            "target": "eth0",
            "filter_expression": "",
            "hosts": None,
            "periods": 5,
            "deep_sample_rate": 100,
            "geo_city": None,
            "geo_asn": None,
            "workers": None,
            "host": "127.0.0.1",
            "port": 0,
            "prom_instance": None,
            "verbose": False,
            **given,
        }
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(capsys: pytest.CaptureFixture[str], number: signal.Signals) -> None:
    threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident or 0, number)).start()
    assert service.serve(options()) == 0
    assert Agent.instances[0].calls == ["start", "stop"]
    texts = [line.split("] ")[-1] for line in capsys.readouterr().out.splitlines()]
    assert texts[0] == "pktvisor 5.0.0 starting up"
    assert re.fullmatch(r"web server listening on 127\.0\.0\.1:\d+", texts[1])
    assert texts[-2:] == ["Shutting down", "exit with success"]


def test_a_capture_that_ends_by_itself_ends_the_daemon(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Agent, "fault", "policy [default]: eth0 is gone")
    assert service.serve(options()) == 1
    assert Agent.instances[0].calls == ["start", "stop"]
    *_, reason, last = capsys.readouterr().out.splitlines()
    assert reason.endswith("[error] policy [default]: eth0 is gone")
    assert last.endswith("[error] exit with failure")


def test_a_taken_port_stops_the_agent(capsys: pytest.CaptureFixture[str]) -> None:
    assert service.serve(options(port=99999)) == 1
    assert Agent.instances[0].calls == ["start", "stop"]
    assert "unable to bind to 127.0.0.1:99999" in capsys.readouterr().out


def test_options_become_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Agent, "fault", "enough")
    service.serve(options(hosts="10.0.0.0/8", workers=3, filter_expression="udp", periods=2))
    settings = Agent.instances[0].settings
    assert settings == LiveSettings("eth0", "udp", "10.0.0.0/8", periods=2, workers=3)


def test_a_lower_sample_rate_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Agent, "fault", "enough")
    service.serve(options(deep_sample_rate=10))
    assert "Using maximum deep sample rate: 10%" in capsys.readouterr().out
