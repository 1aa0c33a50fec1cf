"""dnstap from servers that connect: by a Unix socket and by TCP, each as its file, and none in the way of another."""

from __future__ import annotations

import random
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError, InputError
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.dns import Dns
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.dnstap import DnstapInput, parse_address
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from support.frame_streams import CONTENT_TYPE, READY, START, Writer, contents, control
from support.live import eventually

MESSAGES = list(contents(Path(__file__).parents[2] / "captures" / "dnstap_resolver.fstrm"))


@contextmanager
def listening(config: Settings) -> Iterator[tuple[DnstapInput, Policy]]:
    """An input that listens, with a policy that counts DNS."""
    source = DnstapInput(config, Defaults())
    policy = Policy("test", [Instance("dns", Dns(HandlerSettings(input_type="dnstap")))])
    source.prepare()
    source.start([policy.core])
    try:
        assert source.is_running
        yield source, policy
    finally:
        source.stop()


def free_port(host: str) -> int:
    """A TCP port that nobody has for the moment."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            pytest.skip("no IPv6 here")
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("is_two_way", [False, True])
def test_messages_by_a_unix_socket_are_counted_as_those_of_a_file(tmp_path: Path, is_two_way: bool) -> None:
    path = str(tmp_path / "dnstap.sock")
    with listening({"socket": path}) as (source, policy):
        with Writer(path, is_two_way=is_two_way) as writer:
            writer.tell(MESSAGES)
            writer.finish()
        eventually(lambda: source.ledger()["decoded"] == len(MESSAGES))
        assert not source.is_recorded
        source.stop()
        window = policy.core.read(0, 0)
        assert window is not None
        assert (window.ledger()["decoded"], window.ledger()["malformed"]) == (len(MESSAGES), 0)
    assert not Path(path).exists()


@pytest.mark.parametrize(
    ("host", "written"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.1", "localhost")]
)
def test_messages_by_tcp_are_counted(host: str, written: str) -> None:
    port = free_port(host)
    with listening({"tcp": f"{written}:{port}"}) as (source, _):
        with Writer((host, port), is_two_way=True) as writer:
            writer.tell(MESSAGES[:10])
            writer.finish()
        eventually(lambda: source.ledger()["decoded"] == 10)


def test_slow_and_silent_clients_stop_nobody_and_what_makes_no_sense_closes_one(tmp_path: Path) -> None:
    path = str(tmp_path / "dnstap.sock")
    with (
        listening({"socket": path}) as (source, _),
        Writer(path, is_two_way=False) as half,
        Writer(path, is_two_way=False) as wrong,
        Writer(path, is_two_way=False) as good,
        socket.socket(socket.AF_UNIX) as silent,
    ):
        silent.connect(path)
        half.send(control(START, CONTENT_TYPE)[:3])
        wrong.send(b"\xff\xff\xff\xff")
        assert wrong.is_closed()
        good.tell(MESSAGES)
        good.finish()
        eventually(lambda: source.ledger()["decoded"] == len(MESSAGES))
        eventually(lambda: source.ledger()["dnstap.frame_too_long"] == 1)
        assert source.is_running


def test_many_clients_of_noise_take_nothing_from_one_that_makes_sense(tmp_path: Path) -> None:
    """Noise after each stage of the handshake: every connection is closed and counted, and memory is given back."""
    path = str(tmp_path / "dnstap.sock")
    noise = random.Random(7)
    begins = (b"", control(READY, CONTENT_TYPE), control(START, CONTENT_TYPE), control(START, CONTENT_TYPE)[:9])
    with listening({"socket": path}) as (source, _), Writer(path, is_two_way=True) as good:
        for number in range(200):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
                client.sendall(begins[number % len(begins)] + b"\xff" + noise.randbytes(5000))
        good.tell(MESSAGES)
        good.finish()
        eventually(lambda: source.ledger()["decoded"] == len(MESSAGES))
        eventually(lambda: source.ledger()["malformed"] == 200)
        assert source.ledger()["seen"] == len(MESSAGES) + 200
        memory = source.memory
        assert memory is not None
        eventually(lambda: sum(memory.held().values()) < 1 << 20)


def test_only_hosts_keeps_what_has_an_end_in_the_list(tmp_path: Path) -> None:
    path = str(tmp_path / "dnstap.sock")
    config: Settings = {"socket": path, "only_hosts": ["10.8.0.2/32"]}
    with listening(config) as (source, _), Writer(path, is_two_way=False) as writer:
        writer.tell(MESSAGES)
        eventually(lambda: source.ledger()["seen"] == len(MESSAGES))
        assert (source.ledger()["decoded"], source.ledger()["filtered"]) == (32, len(MESSAGES) - 32)


def test_a_policy_that_comes_later_counts_from_then_on(tmp_path: Path) -> None:
    path = str(tmp_path / "dnstap.sock")
    with listening({"socket": path}) as (source, _), Writer(path, is_two_way=False) as writer:
        writer.tell(MESSAGES[:20])
        eventually(lambda: source.ledger()["decoded"] == 20)
        late = Policy("late", [Instance("dns", Dns(HandlerSettings(input_type="dnstap")))])
        source.attach(late.core)
        eventually(lambda: late.core.read(0, 0) is not None)
        writer.tell(MESSAGES[:5])
        eventually(lambda: source.ledger()["decoded"] == 25)
        source.stop()
        window = late.core.read(0, 0)
        assert window is not None
        assert window.ledger()["decoded"] == 5


def test_a_socket_left_behind_is_replaced_and_another_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "dnstap.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with listening({"socket": str(path)}):
        assert stat.S_ISSOCK(path.stat().st_mode)
    path.write_text("kept")
    with pytest.raises(InputError, match="no socket is there"), listening({"socket": str(path)}):
        pass
    assert path.read_text() == "kept"


def test_a_port_that_another_has_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"TCP port {port}"), listening({"tcp": f"127.0.0.1:{port}"}):
            pass


@pytest.mark.parametrize(
    ("written", "address"),
    [("127.0.0.1:6000", ("127.0.0.1", 6000)), ("[::1]:53", ("::1", 53)), ("dns.example:1", ("dns.example", 1))],
)
def test_an_address_is_a_host_and_a_port(written: str, address: tuple[str, int]) -> None:
    assert parse_address(written) == address


@pytest.mark.parametrize("written", ["", "6000", "localhost", ":6000", "::1:6000", "[]:6000", "h:", "h:65536", "h:-1"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        parse_address(written)
