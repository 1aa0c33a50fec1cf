"""The command `pktvisor`: options, what it prints, and its exit status."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pktvisor.cli import ui
from pktvisor.cli.options import UsageError
from pktvisor.cli.ui_options import TOKEN_VARIABLE
from support.captures import FOLDER
from support.documents import DNS, PACKETS, policy_info, policy_metrics
from support.rest_server import Reply, RestServer, json_reply, rest_server

WINDOW = "/api/v1/policies/default/metrics/window/5"


@pytest.fixture
def server() -> Iterator[RestServer]:
    with rest_server() as running:
        running.replies["/api/v1/metrics/app"] = json_reply({"app": {"version": "4.5.0"}})
        running.replies["/api/v1/policies"] = json_reply({"default": policy_info("default", ["dns", "packets"])})
        running.replies[WINDOW] = json_reply(policy_metrics("default", dns=DNS, packets=PACKETS))
        yield running


def arguments(server: RestServer, *more: str) -> list[str]:
    return ["-H", "127.0.0.1", "-p", str(server.port), *more]


def test_the_first_screen_is_printed_without_escape_codes(
    server: RestServer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert ui.main(arguments(server, "--once")) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "\x1b" not in out
    assert "Policy default" in out.splitlines()[0]
    assert "Top QName 2" in out
    assert 80 < max(len(line) for line in out.splitlines()) <= 100


def test_the_document_is_printed_as_the_agent_gave_it(server: RestServer, capfd: pytest.CaptureFixture[str]) -> None:
    assert ui.main(arguments(server, "--json")) == 0
    assert json.loads(capfd.readouterr().out) == policy_metrics("default", dns=DNS, packets=PACKETS)


def test_a_window_and_a_policy_are_asked_for(server: RestServer, capfd: pytest.CaptureFixture[str]) -> None:
    server.replies["/api/v1/policies"] = json_reply({"edge": policy_info("edge", ["dns"])})
    server.replies["/api/v1/policies/edge/metrics/bucket/0"] = json_reply(policy_metrics("edge", dns=DNS))
    assert ui.main(arguments(server, "--json", "-P", "edge", "--window", "live")) == 0
    assert list(json.loads(capfd.readouterr().out)) == ["edge"]


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(b"", 401), "wants a token: --token"),
        (Reply(b"oops", 200), "does not answer with JSON"),
        (json_reply({"error": "policy does not exist"}, 404), 'policy "default" is not there'),
    ],
)
def test_a_fault_is_one_sentence_and_a_status(
    server: RestServer, capfd: pytest.CaptureFixture[str], reply: Reply, sentence: str
) -> None:
    server.replies[WINDOW] = reply
    assert ui.main(arguments(server, "--once")) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("pktvisor: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_nobody_answers(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert ui.main(["-H", "127.0.0.1", "-p", str(port), "--once"]) == 1
    assert capfd.readouterr().err == f"pktvisor: no agent answers on 127.0.0.1:{port}: connection refused\n"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["-x"], "unrecognized arguments: -x"),
        (["-p", "many"], "'many' is not a port number"),
        (["-p", "70000"], "'70000' is not a port number"),
        (["--window", "11"], "not live, last or a number of periods from 2 to 10"),
        (["--interval", "0"], "'0' is not a number of seconds from 0.2 to 3600"),
        (["--interval", "nan"], "'nan' is not a number of seconds"),
        (["--once", "--json"], "not allowed with"),
        (["--token-file", "/no/token", "--once"], "--token-file: cannot read /no/token"),
        (["--token", "a\nb", "--once"], "the token contains characters that are not allowed in tokens"),
        (["one.pcap", "--window", "live", "--once"], "--window: for a file"),
        (["-P"], "expected one argument"),
        ([], "stdout is not a terminal: use --once for the first screen"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_two_lines_and_2(
    capfd: pytest.CaptureFixture[str], given: list[str], sentence: str
) -> None:
    assert ui.main(given) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert sentence in err
    assert err.splitlines()[1:] == ["pktvisor --help lists the options"]


class Endpoints:
    """Keeps how agents were to be reached."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Any] = []

        def client(endpoint: Any) -> Any:
            self.made.append(endpoint)
            raise UsageError("enough")

        monkeypatch.setattr("pktvisor.api.client.Client", client)


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        (["-H", "ns1"], "host", "ns1"),
        (["--H=ns1"], "host", "ns1"),
        (["-H", "[::1]"], "host", "::1"),
        (["-p", "80"], "port", 80),
        (["--p", "80"], "port", 80),
        (["-p=80"], "port", 80),
        ([], "port", 10853),
        (["-tls"], "is_tls", True),
        (["--tls"], "is_tls", True),
        ([], "is_tls", False),
        (["-tls-noverify"], "is_tls", True),
        (["--tls-noverify"], "is_verified", False),
        (["--tls"], "is_verified", True),
        (["--tls-ca", "ca.pem"], "ca_file", "ca.pem"),
        (["--token", "s3cret"], "token", "s3cret"),
        ([], "token", None),
    ],
)
def test_options_of_either_dash(monkeypatch: pytest.MonkeyPatch, given: list[str], name: str, value: object) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    endpoints = Endpoints(monkeypatch)
    ui.main([*given, "--once"])
    assert getattr(endpoints.made[0], name) == value


def test_the_token_of_a_file_or_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    endpoints = Endpoints(monkeypatch)
    (tmp_path / "token").write_text("from-file\n")
    monkeypatch.setenv(TOKEN_VARIABLE, "from-environment")
    for given in (["--token", "said"], ["--token-file", str(tmp_path / "token")], []):
        ui.main([*given, "--once"])
    assert [endpoint.token for endpoint in endpoints.made] == ["said", "from-file", "from-environment"]


def test_ctrl_c_while_a_file_is_read(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pktvisor.cli.analysis.run_file", interrupted)
    assert ui.main([str(FOLDER / "dns_authoritative.pcap"), "--once"]) == 130
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("option", ["-h", "--help", "--h"])
def test_help(capfd: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit) as raised:
        ui.main([option])
    assert raised.value.code == 0
    assert capfd.readouterr().out.startswith("usage: pktvisor ")


@pytest.mark.parametrize("option", ["-version", "--version"])
def test_the_version_is_a_number_alone(capfd: pytest.CaptureFixture[str], option: str) -> None:
    with pytest.raises(SystemExit) as raised:
        ui.main([option])
    assert raised.value.code == 0
    assert capfd.readouterr().out.replace(".", "").strip().isdecimal()


def test_a_capture_file_is_shown_like_an_agent(capfd: pytest.CaptureFixture[str]) -> None:
    assert ui.main([str(FOLDER / "dns_authoritative.pcap"), "--once", "--hosts", "10.0.0.0/8"]) == 0
    out, err = capfd.readouterr()
    assert "Window whole file" in out.splitlines()[0]
    assert "Top QTypes" in out
    assert err.startswith("processed ")


@pytest.mark.parametrize("option", ["-H", "--hosts"])
def test_the_hosts_of_a_capture_file(capfd: pytest.CaptureFixture[str], option: str) -> None:
    assert ui.main([str(FOLDER / "dns_authoritative.pcap"), "--json", option, "0.0.0.0/0, ::/0"]) == 0
    packets = json.loads(capfd.readouterr().out)["capture"]["capture-default-net"]["packets"]
    assert packets["in"] > 0
    assert packets["unknown_dir"] < packets["in"]


def test_the_last_minutes_of_a_capture_file(capfd: pytest.CaptureFixture[str]) -> None:
    path = str(FOLDER / "multi_window.pcap")
    totals = []
    for window in (["--window", "2"], []):
        assert ui.main([path, "--json", *window]) == 0
        document = json.loads(capfd.readouterr().out)
        totals.append(document["capture"]["capture-default-net"]["packets"]["total"])
    assert 0 < totals[0] < totals[1]


def test_a_file_that_is_not_there(capfd: pytest.CaptureFixture[str]) -> None:
    assert ui.main(["no.pcap", "--once"]) == 1
    assert capfd.readouterr().err == "pktvisor: open capture file no.pcap: No such file or directory\n"


def test_a_misspelled_interface_is_told_with_those_that_there_are(capfd: pytest.CaptureFixture[str]) -> None:
    assert ui.main(["nosuch0", "--once"]) == 1
    told = capfd.readouterr().err
    assert told.startswith("pktvisor: Cannot open interface for packet capture: Couldn't find interface ")
    assert 'by provided name: "nosuch0". Available interfaces: ' in told


def test_the_interface_opens_on_a_terminal_and_lets_go_of_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    from pktvisor.tui.app import Terminal
    from pktvisor.tui.watched_agent import WatchedAgent

    events: list[str] = []
    monkeypatch.setattr(Terminal, "run", lambda self: events.append(f"run {self.feed.watched.name}"))
    monkeypatch.setattr(WatchedAgent, "close", lambda self: events.append("close"))
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    assert ui.main(["-H", "ns1"]) == 0
    assert events == ["run ns1:10853", "close"]
