from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.errors import ConfigError
from pktvisor.server.exposure import Exposure, check_exposure, is_loopback
from pktvisor.server.settings import ServerSettings, TlsFiles

TLS = TlsFiles(Path("cert.pem"), Path("key.pem"))
MUTUAL = TlsFiles(Path("cert.pem"), Path("key.pem"), Path("ca.pem"))
TOKENS = Path("tokens")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("unix:/run/pktvisor.sock", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("", False),
        ("no.such.host.invalid", False),
    ],
)
def test_loopback_is_what_only_this_host_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_the_admin_api_is_not_offered_to_a_network_without_asking_who_it_is() -> None:
    for tls in (None, TLS):
        with pytest.raises(ConfigError) as caught:
            check_exposure(ServerSettings("0.0.0.0", admin_api=True, tls=tls))
        assert str(caught.value) == (
            "the admin API would let others change this agent on 0.0.0.0:10853: "
            "require tokens or client certificates (mutual TLS), or listen on localhost"
        )


@pytest.mark.parametrize(
    "settings",
    [
        ServerSettings("localhost", admin_api=True),
        ServerSettings("unix:/run/pktvisor.sock", admin_api=True),
        ServerSettings("0.0.0.0", admin_api=False),
        ServerSettings("0.0.0.0", admin_api=True, token_file=TOKENS),
        ServerSettings("0.0.0.0", admin_api=True, tls=MUTUAL),
    ],
)
def test_anything_else_is_offered(settings: ServerSettings) -> None:
    assert isinstance(check_exposure(settings), Exposure)


@pytest.mark.parametrize(
    ("tls", "tokens", "authentication", "warnings"),
    [
        (None, None, "none", ["everyone who reaches here can read"]),
        (TLS, None, "none", ["everyone who reaches here can read"]),
        (None, TOKENS, "token", ["tokens travel to here unencrypted"]),
        (TLS, TOKENS, "token", []),
        (MUTUAL, None, "certificate", []),
        (MUTUAL, TOKENS, "token+certificate", []),
    ],
)
def test_what_others_could_do_is_warned_of(
    tls: TlsFiles | None, tokens: Path | None, authentication: str, warnings: list[str]
) -> None:
    exposure = check_exposure(ServerSettings("0.0.0.0", tls=tls, token_file=tokens))
    assert (exposure.has_tls, exposure.authentication, exposure.is_loopback) == (tls is not None, authentication, False)
    assert [sentence.split(":")[0] for sentence in exposure.warnings("here")] == warnings
    assert check_exposure(ServerSettings("127.0.0.1", tls=tls, token_file=tokens)).warnings("here") == []
