"""Deliveries from Kafka: a consumer group, whose hubs share the partitions. An agent's windows are all in one of them.

Offsets are committed once everything before them is on disk. What can't be taken now is tried again, and nothing behind
it meanwhile: the brokers keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pktvisor.config.urls import BrokerUrl
from pktvisor.errors import ConfigError, InputError
from pktvisor.hub.taking import Taker
from pktvisor.outputs.hub_target import HubTarget
from pktvisor.outputs.kafka_settings import need_library, settings

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message

WAIT_S = 1.0
CONNECT_S = 5.0
MOST_MESSAGES = 64
MOST_QUEUED_KIB = 64 << 10
"""What waits in memory at most."""


def source(target: HubTarget, group: str) -> KafkaSource:
    """Make the source. ConfigError for files that can't be used, MissingLibraryError without the library."""
    need_library()
    settings(target)
    return KafkaSource(target, group)


class KafkaSource:
    """Consumes deliveries some at a time."""

    def __init__(self, target: HubTarget, group: str) -> None:
        assert isinstance(target.url, BrokerUrl)
        self._target, self._group, self._topic = target, group, target.url.place
        self._consumer: Consumer | None = None
        self._left: Sequence[Message] = ()
        """What was read and is to be taken."""
        self._fault = ""

    def step(self, taker: Taker) -> None:
        """Take what there is; where all of it was taken, its end is committed."""
        from confluent_kafka import KafkaException

        try:
            consumer = self._consumer = self._consumer or self._subscribed()
            read = self._left or self._read(consumer)
            outcomes = taker.take([message.value() or b"" for message in read])
            self._left = [message for message, outcome in zip(read, outcomes, strict=True) if outcome == "later"]
            if self._left:
                raise InputError(f"{len(self._left)} deliveries can't be taken now")
            if read:
                consumer.commit(asynchronous=False)
        except (KafkaException, ConfigError) as error:
            self.close()
            raise InputError(_reason(error)) from error
        if self._fault:
            self.close()
            raise InputError(self._fault)

    def close(self) -> None:
        """Leave the group."""
        consumer, self._consumer, self._left = self._consumer, None, ()
        if consumer is not None:
            consumer.close()

    def _read(self, consumer: Consumer) -> list[Message]:
        from confluent_kafka import KafkaException

        first = consumer.poll(WAIT_S)
        read = [] if first is None else [first, *consumer.consume(MOST_MESSAGES - 1, timeout=0)]
        for message in read:
            if (error := message.error()) is not None:
                raise KafkaException(error)
        return read

    def _subscribed(self) -> Consumer:
        from confluent_kafka import Consumer

        consumer = Consumer(
            settings(self._target)
            | {
                "group.id": self._group,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": True,
                "queued.max.messages.kbytes": MOST_QUEUED_KIB,
                "error_cb": self._note,
            }
        )
        self._fault = ""
        try:
            consumer.list_topics(self._topic, timeout=CONNECT_S)
            consumer.subscribe([self._topic])
        except BaseException:
            consumer.close()
            raise
        return consumer

    def _note(self, error: KafkaError) -> None:
        """The library goes on by itself, unless it has lost all brokers."""
        from confluent_kafka import KafkaError as Codes

        if error.fatal() or error.code() == Codes._ALL_BROKERS_DOWN:
            self._fault = error.str()


def _reason(error: Exception) -> str:
    """The library's own words, without its codes."""
    told = error.args[0] if error.args else error
    return str(told.str() if hasattr(told, "str") else told)
