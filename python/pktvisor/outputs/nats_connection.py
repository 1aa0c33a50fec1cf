"""A connection to NATS, for those who send windows through it and for the hub that reads them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pktvisor.config.urls import BrokerUrl
from pktvisor.errors import MissingLibraryError
from pktvisor.outputs.hub_target import HubTarget

if TYPE_CHECKING:
    from nats.aio.client import Client

CONNECT_SECONDS = 5
CLOSE_SECONDS = 0.5


def need_library() -> None:
    """Load the client. MissingLibraryError where it is not installed."""
    try:
        import nats.aio.client
        import nats.js  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError("NATS needs nats-py: pip install 'pktvisor[nats]'") from error


async def connect(target: HubTarget, name: str, *, is_lost: asyncio.Event | None = None) -> Client:
    """Connect to one of the servers. ConfigError where a file can't be used; what else fails is an error of `nats`, or
    of the system. A connection that is lost stays so, and sets `is_lost`: whoever uses it makes another.
    """
    from nats.errors import NoServersError

    url = target.url
    assert isinstance(url, BrokerUrl)
    client = _client(is_tls=url.is_tls)

    faults: list[Exception] = []

    async def told(error: Exception) -> None:
        faults.append(error)
        del faults[:-1]

    async def lost() -> None:
        if is_lost is not None:
            is_lost.set()

    options: dict[str, Any] = dict(_credentials(target.secret()))
    if (context := target.context()) is not None:
        options["tls"] = context
    try:
        await client.connect(
            [f"nats://{f'[{host}]' if ':' in host else host}:{port}" for host, port in url.servers],
            name=name,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            connect_timeout=CONNECT_SECONDS,
            error_cb=told,
            disconnected_cb=lost,
            **options,
        )
    except BaseException as error:
        with suppress(TimeoutError):  # the library leaves the socket open; after a failed handshake it waits for ever
            await asyncio.wait_for(client.close(), CLOSE_SECONDS)
        if isinstance(error, NoServersError) and faults:
            raise faults[-1] from error
        raise
    return client


def _credentials(secret: str) -> dict[str, str]:
    """What a token file says: `NAME:PASSWORD`, or a token."""
    user, colon, password = secret.partition(":")
    if colon:
        return {"user": user, "password": password}
    return {"token": secret} if secret else {}


def _client(*, is_tls: bool) -> Client:
    from nats.aio.client import Client
    from nats.errors import SecureConnWantedError

    class TlsClient(Client):
        """Tells nothing to a server that does not want TLS: the library would go on without."""

        def _connect_command(self) -> bytes:
            if not self._server_info.get("tls_required"):
                raise SecureConnWantedError
            return super()._connect_command()

    return TlsClient() if is_tls else Client()


def reason_of(error: BaseException) -> str:
    """An error as a short text."""
    description = getattr(error, "description", None)  # of JetStream's own answers
    return str(description or str(error) or type(error).__name__)
