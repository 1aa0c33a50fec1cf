"""What pktvisor-hub can be told of a broker to read from."""

from __future__ import annotations

import pytest

from pktvisor.cli.hub import hub_parser
from pktvisor.cli.parsing import read_options
from pktvisor.config.hub_options import HubOptions
from pktvisor.errors import ConfigError, PktvisorError


def options(*arguments: str) -> HubOptions:
    return read_options(HubOptions, hub_parser().parse_args(arguments))


def test_a_broker_and_a_group_can_be_named() -> None:
    said = options("--from", "kafka+tls://b.example/here", "--from-group", "second", "--from-token-file", "x")
    assert (said.source, said.source_group) == ("kafka+tls://b.example/here", "second")
    assert options().source is None
    assert options().source_group == "pktvisor-hub"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "nats+tls://b", "--from-key", "x"), "a key needs its certificate, --from-cert"),
        (("--from", "nats://b", "--from-ca", "x"), "--from-ca and --from-cert need a broker that is reached over TLS"),
        (("--from", "nats://b", "--from-token-file", "x"), "a token goes to a broker over TLS only"),
        (
            ("--from-token-file", "x"),
            "--from-token-file, --from-ca, --from-cert and --from-key need a broker: say --from",
        ),
        (("--from-group", "second"), "--from-group, --from-token-file, .* need a broker: say --from"),
        (("--from", "nats://b", "--from-group", "a.b"), "--from-group must be a name of letters, digits, _ and -"),
    ],
)
def test_what_makes_no_sense_together_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        options(*arguments)


def test_a_hub_can_not_read_from_a_hub() -> None:
    with pytest.raises(PktvisorError, match=r"is no broker's URL; write it as nats\+tls://.* or kafka\+tls://"):
        options("--from", "https://hub.example")


def test_what_would_do_is_told_of_the_broker_that_is_meant() -> None:
    with pytest.raises(
        PktvisorError, match=r"is not a URL; write it as kafka\+tls://broker\.example:9092/pktvisor-wind"
    ):
        options("--from", "kafka://b.example/one/two")
