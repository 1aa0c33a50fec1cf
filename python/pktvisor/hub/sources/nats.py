"""Deliveries from NATS: a durable consumer of JetStream, which the hubs of a group share.

Where no stream has the subject, the hub makes one, within a bound: a queue, which keeps each window until a hub has it,
and takes no more where it is full, so that windows wait in the agents' spools.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

from pktvisor.config.urls import BrokerUrl
from pktvisor.errors import ConfigError, InputError
from pktvisor.hub.taking import Taker
from pktvisor.outputs.event_loop import EventLoop
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.nats_connection import connect, need_library, reason_of

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext

MOST_STREAM_BYTES = 1 << 30
DUPLICATE_WINDOW_S = 600.0
"""How long the stream knows what was sent to it; the hub knows for longer."""
MOST_MESSAGES = 64
WAIT_S = 1.0
REQUEST_S = 30.0
ACKNOWLEDGE_WITHIN_S = 60.0
LATER_S = 5.0
"""After how long something comes again that could not be taken."""


def source(target: HubTarget, group: str) -> NatsSource:
    """Make the source. ConfigError for files that can't be used, MissingLibraryError without the library."""
    need_library()
    target.context()
    target.secret()
    return NatsSource(target, group)


class NatsSource:
    """Fetches deliveries some at a time."""

    def __init__(self, target: HubTarget, group: str) -> None:
        assert isinstance(target.url, BrokerUrl)
        self._target, self._group, self._subject = target, group, target.url.place
        self._loop = EventLoop("hub-nats")
        self._connection: Client | None = None
        self._subscription: JetStreamContext.PullSubscription | None = None

    def step(self, taker: Taker) -> None:
        """Take what there is; what was taken is acknowledged."""
        from nats.errors import Error

        try:
            messages = self._loop.run(self._fetch(), REQUEST_S)
            if messages:
                outcomes = taker.take([message.data for message in messages])
                are_done = [outcome == "done" for outcome in outcomes]
                self._loop.run(self._answer(messages, are_done), REQUEST_S)
        except (Error, OSError, ConfigError, CancelledError) as error:
            self._drop()
            raise InputError(reason_of(error)) from error

    def close(self) -> None:
        """Let go of the connection."""
        self._drop()
        self._loop.close()

    async def _fetch(self) -> Sequence[Msg]:
        from nats.errors import TimeoutError as NothingCame

        if self._subscription is None:
            self._subscription = await self._subscribed()
        try:
            return await self._subscription.fetch(MOST_MESSAGES, timeout=WAIT_S)
        except NothingCame:
            if self._connection is None or not self._connection.is_connected:
                raise ConnectionError("the connection was lost") from None
            return ()

    async def _answer(self, messages: Sequence[Msg], are_done: Sequence[bool]) -> None:
        for message, is_done in zip(messages, are_done, strict=True):
            await (message.ack() if is_done else message.nak(delay=LATER_S))
        assert self._connection is not None
        await self._connection.flush()

    async def _subscribed(self) -> JetStreamContext.PullSubscription:
        from nats.js.api import AckPolicy, ConsumerConfig

        self._connection = await connect(self._target, f"pktvisor-hub {self._group}")
        jetstream = self._connection.jetstream()
        await self._make_stream(jetstream)
        config = ConsumerConfig(
            ack_policy=AckPolicy.EXPLICIT, ack_wait=ACKNOWLEDGE_WITHIN_S, filter_subject=self._subject
        )
        return await jetstream.pull_subscribe(self._subject, durable=self._group, config=config)

    async def _make_stream(self, jetstream: JetStreamContext) -> None:
        """Make a stream where none has the subject."""
        from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig
        from nats.js.errors import NotFoundError

        try:
            await jetstream.find_stream_name_by_subject(self._subject)
        except NotFoundError:
            await jetstream.add_stream(
                StreamConfig(
                    name=self._subject.replace(".", "-"),
                    subjects=[self._subject],
                    retention=RetentionPolicy.WORK_QUEUE,
                    discard=DiscardPolicy.NEW,
                    max_bytes=MOST_STREAM_BYTES,
                    duplicate_window=DUPLICATE_WINDOW_S,
                )
            )

    def _drop(self) -> None:
        connection, self._connection, self._subscription = self._connection, None, None
        if connection is not None:
            try:
                self._loop.run(connection.close(), WAIT_S)
            except (OSError, CancelledError):
                return
