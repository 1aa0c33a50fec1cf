"""pktvisord on the loopback interface, as its users meet it. Capturing needs rights: skipped without them."""

from __future__ import annotations

import signal
import socket
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import run
from support.daemon import ask, daemon, eventually, needs_rights, silent_resolver


@pytest.fixture
def resolver() -> Iterator[socket.socket]:
    with silent_resolver() as sink:
        yield sink


@needs_rights
def test_live_packets_reach_every_route(resolver: socket.socket) -> None:
    port = resolver.getsockname()[1]
    with daemon("-b", f"udp dst port {port}", "--prom-instance", "pop1", "lo") as running:
        ask(resolver, 10)
        eventually(lambda: running.get("/api/v1/metrics/bucket/0")["1m"]["packets"]["total"] >= 10)

        document = running.get("/api/v1/policies/default/metrics/bucket/0")
        instances = ["default-default-dhcp", "default-default-dns", "default-default-net", "default-default-pcap_stats"]
        assert list(document["default"]) == instances
        assert document["default"]["default-default-net"]["packets"]["total"] == 10
        assert running.get("/api/v1/metrics/window/2")["2m"]["packets"]["total"] == 10
        assert 'packets_total{instance="pop1",policy="default",tap="default"} 10' in running.text("/metrics")
        assert list(running.get("/api/v1/policies/default")["default"]["modules"]) == instances

        with pytest.raises(urllib.error.HTTPError, match="425"):
            running.get("/api/v1/policies/default/metrics/bucket/1")
        assert running.stop() == 0
    assert "REQUEST: " not in running.log
    assert running.log.splitlines()[-1].endswith("[info] exit with success")


@needs_rights
@pytest.mark.parametrize("target", ["any", "127.0.0.1", "::1"])
def test_a_target_may_be_anything_that_names_an_interface(target: str) -> None:
    if target == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with daemon(target) as running:
        assert running.get("/api/v1/metrics/bucket/0")["1m"]["packets"]["total"] >= 0
        assert running.stop(signal.SIGINT) == 0


@needs_rights
def test_a_taken_port_ends_it(resolver: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("pktvisord", "-l", "127.0.0.1", "-p", str(port), "lo")
    assert done.returncode == 1
    assert f"unable to bind to 127.0.0.1:{port}" in done.stdout.decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nosuch0"], 'Couldn\'t find interface by provided name: "nosuch0". Available interfaces: '),
        (["203.0.113.77"], "Couldn't find interface by provided IP: 203.0.113.77"),
        (["-b", "no such filter", "lo"], "no such filter"),
        (["-H", "10.0.0.0/33", "lo"], "invalid CIDR: 10.0.0.0/33"),
        (["--geo-city", "no.mmdb", "lo"], "no.mmdb"),
        (["--iana-service-port-registry", "no.csv", "lo"], "no.csv: the registry of services can't be read"),
        (["--suffix-list", "no.dat", "lo"], "no.dat: No such file"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], words: str) -> None:
    done = run("pktvisord", "-l", "127.0.0.1", "-p", "0", *arguments)
    assert done.returncode == 1
    sentences = [line for line in done.stdout.decode().splitlines() if "[error]" in line and words in line]
    assert len(sentences) == 1
    (told,) = done.stderr.decode().splitlines()
    assert told.startswith("pktvisord: ")
    assert words in told
    assert "Traceback" not in done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize("arguments", [["-p", "http", "lo"], ["--periods", "x", "lo"], ["lo", "x.pcap"], ["--frob"]])
def test_a_command_line_that_makes_no_sense(arguments: list[str]) -> None:
    done = run("pktvisord", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    what, help_ = done.stderr.decode().splitlines()
    assert what.startswith("pktvisord: ")
    assert help_ == "pktvisord --help lists the options"


@pytest.mark.parametrize("arguments", [[], ["-d"]])
def test_a_log_file_that_cannot_be_written_is_said_before_anything_starts(arguments: list[str]) -> None:
    done = run("pktvisord", *arguments, "--log-file", "/proc/nope/log", "lo")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Log init failed: /proc/nope")
    assert done.stderr.count(b"\n") == 1


def test_nothing_to_do_is_said() -> None:
    done = run("pktvisord")
    assert done.returncode == 1
    assert done.stderr.startswith(b"Nothing to do: ")
    assert done.stderr.count(b"\n") == 2


@pytest.mark.parametrize("kind", ["tap", "policy"])
def test_an_interface_beside_a_file_that_has_its_names_is_refused_before_it_starts(kind: str, tmp_path: Path) -> None:
    names = {"tap": "host", "policy": "mine", kind: "default"}
    file = tmp_path / "agent.yaml"
    file.write_text(
        f"visor:\n  taps: {{{names['tap']}: {{input_type: mock, config: {{}}}}}}\n"
        f"  policies: {{{names['policy']}: {{kind: collection, input: {{tap: {names['tap']}, input_type: mock}},"
        " handlers: {modules: {dns: {type: dns}}}}}\n"
    )
    refused = run("pktvisord", "--config", str(file), "lo")
    sentence = (
        f"lo makes the {kind} 'default', which {file} has, too: leave lo out, or name the {kind} in the file otherwise"
    )
    assert (refused.returncode, refused.stdout, sentence.encode() in refused.stderr) == (2, b"", True), refused.stderr


@pytest.mark.parametrize(
    ("targets", "sentence"),
    [
        (["mock", "lo"], "mock is made-up traffic: it can't be one of several interfaces"),
        (["lo", "lo"], "name each interface once: lo lo"),
        (["lo", "x.pcap"], "name either capture files or interfaces, not both"),
    ],
)
def test_interfaces_that_go_together_with_nothing_are_refused(targets: list[str], sentence: str) -> None:
    refused = run("pktvisord", *targets)
    assert (refused.returncode, sentence.encode() in refused.stderr) == (2, True), refused.stderr
