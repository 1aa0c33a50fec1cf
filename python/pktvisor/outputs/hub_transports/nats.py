"""Windows to the hub through NATS: each is published to a subject of JetStream, which acknowledges it once it is kept.

The message's id is the digest of the window, so that JetStream stores what is sent again only once.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from pktvisor.config.urls import BrokerUrl
from pktvisor.errors import ConfigError
from pktvisor.outputs.event_loop import EventLoop
from pktvisor.outputs.http_post import Reply, Sender, shortened
from pktvisor.outputs.hub_target import HubTarget, Stamp
from pktvisor.outputs.nats_connection import connect, need_library, reason_of

if TYPE_CHECKING:
    from nats.aio.client import Client

CLOSE_SECONDS = 1.0


def sender(hub: HubTarget, *, agent: str, version: str) -> Sender:
    """Make what sends windows. ConfigError for files that can't be used, MissingLibraryError without the library."""
    need_library()
    hub.context()
    hub.secret()
    return NatsSender(hub, f"pktvisor/{version} {agent}")


class NatsSender:
    """Publishes windows, one at a time, over a connection that is kept as long as token and certificates stay."""

    def __init__(self, hub: HubTarget, name: str) -> None:
        assert isinstance(hub.url, BrokerUrl)
        self._hub, self._name, self._subject = hub, name, hub.url.place
        self._loop = EventLoop("hub-nats")
        self._connection: Client | None = None
        self._is_lost = asyncio.Event()
        self._credentials: tuple[str, Stamp] | None = None

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Publish a window; no server makes it raise."""
        from nats.errors import Error, MaxPayloadError
        from nats.js.errors import NoStreamResponseError

        try:
            self._loop.run(self._publish(message, timeout_s), timeout_s)
        except MaxPayloadError:
            return Reply("refused", f"a window of {len(message)} bytes is more than max_payload of the NATS server")
        except NoStreamResponseError:
            return Reply("again", f"no stream of JetStream takes {self._subject}: start a hub that reads from it")
        except ConfigError as error:
            return Reply("again", str(error))
        except (TimeoutError, CancelledError):
            return self._lost("timed out")
        except (Error, OSError, ValueError) as error:
            return self._lost(shortened(reason_of(error)))
        return Reply("taken")

    def abort(self) -> None:
        """End what is at work, from another thread."""
        self._loop.abort()

    def close(self) -> None:
        """Let go of the connection."""
        self._drop()
        self._loop.close()

    async def _publish(self, message: bytes, timeout_s: float) -> None:
        credentials = (self._hub.secret(), self._hub.stamp())
        connection = self._connection
        if connection is None or not connection.is_connected or credentials != self._credentials:
            await self._disconnect()
            self._is_lost = asyncio.Event()
            self._connection = connection = await connect(self._hub, self._name, is_lost=self._is_lost)
            self._credentials = credentials
        headers = {"Nats-Msg-Id": hashlib.sha256(message).hexdigest()}
        publish = connection.jetstream().publish(self._subject, message, timeout=timeout_s, headers=headers)
        await self._unless_lost(asyncio.ensure_future(publish))

    async def _unless_lost(self, work: asyncio.Future[Any]) -> None:
        """Wait for an answer, and no longer than there is a connection: the library waits on."""
        losing = asyncio.ensure_future(self._is_lost.wait())
        try:
            await asyncio.wait({work, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ConnectionError("the connection was lost")
            work.result()
        finally:
            work.cancel()
            losing.cancel()

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _lost(self, reason: str) -> Reply:
        self._drop()
        return Reply("again", reason)

    def _drop(self) -> None:
        if self._connection is not None:
            try:
                self._loop.run(self._disconnect(), CLOSE_SECONDS)
            except (TimeoutError, asyncio.CancelledError, CancelledError, OSError):
                self._connection = None
