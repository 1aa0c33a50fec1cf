"""Windows through Kafka, to the brokers that the client library has for tests."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pktvisor.config.urls import read_hub_url
from pktvisor.errors import ConfigError, MissingLibraryError
from pktvisor.outputs.http_post import Reply, Sender
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.hub_transports import sender
from pktvisor.outputs.kafka_settings import settings
from support.http_receiver import serving, silent
from support.hub_receiver import Hub
from support.identities import Identities
from support.kafka_brokers import kafka_brokers

TIMEOUT_S = 30.0
"""Longer than anything here takes."""


def target(url: str, **files: Path) -> HubTarget:
    return HubTarget(read_hub_url(url), **files)


@contextmanager
def sending(url: str, **files: Path) -> Iterator[Sender]:
    made = sender(target(url, **files), agent="pop1", version="5.0.0")
    try:
        yield made
    finally:
        made.close()


def test_windows_are_kept_in_order_under_their_agent() -> None:
    with kafka_brokers() as brokers:
        with sending(brokers.url) as sender:
            replies = [sender.post(body, timeout_s=TIMEOUT_S) for body in (b"first", b"second", b"third")]
        assert replies == [Reply("taken")] * 3
        stored = brokers.stored(3)
    assert [message.value() for message in stored] == [b"first", b"second", b"third"]
    assert {message.key() for message in stored} == {b"pop1"}
    assert len({message.partition() for message in stored}) == 1


def test_brokers_that_are_away_keep_the_window() -> None:
    with kafka_brokers() as brokers, sending(brokers.url) as sender:
        assert sender.post(b"window", timeout_s=TIMEOUT_S) == Reply("taken")
        brokers.end()
        reply = sender.post(b"window", timeout_s=2.0)
        assert reply.verdict == "again"


def test_brokers_that_say_nothing_are_left_in_time() -> None:
    with serving(Hub(port=0, answers=[silent]), None) as receiver, sending(f"kafka://127.0.0.1:{receiver.port}") as one:
        assert one.post(b"window", timeout_s=0.3) == Reply("again", "timed out")
        threading.Timer(0.3, one.abort).start()
        assert one.post(b"window", timeout_s=TIMEOUT_S) == Reply("again", "timed out")


def test_a_window_that_no_broker_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pktvisor.outputs.hub_transports.kafka.MOST_MESSAGE_BYTES", 1000)
    with kafka_brokers() as brokers, sending(brokers.url) as sender:
        reply = sender.post(bytes(2000), timeout_s=TIMEOUT_S)
        assert reply == Reply("refused", "a window of 2000 bytes is more than max.message.bytes of the topic")
        assert sender.post(b"window", timeout_s=TIMEOUT_S) == Reply("taken")


def test_certificates_and_a_password_go_to_the_library(tmp_path: Path) -> None:
    identities, secret = Identities(tmp_path), tmp_path / "secret"
    secret.write_text("pop1:s3:cr3t\n")
    told = settings(target("kafka+tls://b1,b2:9093/here", token_file=secret, ca=identities.authority))
    assert told["bootstrap.servers"] == "b1:9092,b2:9093"
    assert told["security.protocol"] == "SASL_SSL"
    assert (told["sasl.username"], told["sasl.password"]) == ("pop1", "s3:cr3t")
    assert told["ssl.ca.location"] == str(identities.authority)
    told = settings(target("kafka+tls://b1", cert=identities.both))
    assert told["security.protocol"] == "SSL"
    assert told["ssl.certificate.location"] == told["ssl.key.location"] == str(identities.both)
    assert settings(target("kafka://b1"))["security.protocol"] == "PLAINTEXT"


def test_a_token_without_a_name_is_told_at_the_start(tmp_path: Path) -> None:
    (path := tmp_path / "token").write_text("s3cr3t")
    with (
        pytest.raises(ConfigError, match=r"token must hold NAME:PASSWORD for Kafka"),
        sending("kafka://b", token_file=path),
    ):
        pass


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    told = r"^Kafka needs confluent-kafka: pip install 'pktvisor\[kafka\]'$"
    with pytest.raises(MissingLibraryError, match=told), sending("kafka://127.0.0.1"):
        pass
