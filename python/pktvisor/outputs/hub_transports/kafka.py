"""Windows to the hub through Kafka: an idempotent producer, acknowledged by all replicas that are in step.

The key of a message is the agent, so that an agent's windows stay in order in one partition.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from pktvisor import clock
from pktvisor.config.urls import BrokerUrl
from pktvisor.errors import ConfigError
from pktvisor.outputs.http_post import Reply, Sender, shortened
from pktvisor.outputs.hub_target import HubTarget, Stamp
from pktvisor.outputs.kafka_settings import need_library, settings

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message, Producer

MOST_MESSAGE_BYTES = 64 << 20
"""What we would send; the brokers have their own bound."""
LOOK_SECONDS = 0.1
TOO_LARGE = "a window of {} bytes is more than max.message.bytes of the topic"


def sender(hub: HubTarget, *, agent: str, version: str) -> Sender:
    """Make what sends windows. ConfigError for files that can't be used, MissingLibraryError without the library."""
    need_library()
    return KafkaSender(hub, agent, settings(hub) | {"client.id": f"pktvisor/{version}"})


class KafkaSender:
    """Produces windows, one at a time. The connection is made anew where token or certificates have changed."""

    def __init__(self, hub: HubTarget, agent: str, told: dict[str, Any]) -> None:
        assert isinstance(hub.url, BrokerUrl)
        self._hub, self._key, self._told, self._topic = hub, agent.encode(), told, hub.url.place
        self._producer: Producer | None = None
        self._credentials: tuple[str, Stamp] | None = None
        self._is_aborted = threading.Event()
        self._fault = ""
        """What went wrong with the brokers last."""

    def post(self, message: bytes, *, timeout_s: float) -> Reply:
        """Produce a window; no broker makes it raise."""
        from confluent_kafka import KafkaException

        self._is_aborted.clear()
        try:
            return self._produce(message, timeout_s)
        except ConfigError as error:
            self._drop()
            return Reply("again", str(error))
        except KafkaException as error:
            return self._failed(error.args[0], len(message))
        except BufferError:
            self._drop()
            return Reply("again", "what was sent before is still on its way")

    def abort(self) -> None:
        """End what is at work, from another thread."""
        self._is_aborted.set()

    def close(self) -> None:
        """Let go of the connections."""
        self._drop()

    def _produce(self, message: bytes, timeout_s: float) -> Reply:
        answers: list[KafkaError | None] = []

        def answered(error: KafkaError | None, _message: Message) -> None:
            answers.append(error)

        self._fault = ""
        producer = self._connected()
        producer.produce(self._topic, message, self._key, on_delivery=answered)
        deadline_s = clock.monotonic() + timeout_s
        while not answers and not self._is_aborted.is_set() and clock.monotonic() < deadline_s:
            producer.poll(LOOK_SECONDS)
        if not answers:
            self._drop()  # what is left of it must not go out later
            return Reply("again", self._fault or "timed out")
        return Reply("taken") if answers[0] is None else self._failed(answers[0], len(message))

    def _connected(self) -> Producer:
        from confluent_kafka import Producer

        credentials = (self._hub.secret(), self._hub.stamp())
        if self._producer is None or credentials != self._credentials:
            self._drop()
            self._producer = Producer(
                self._told
                | settings(self._hub)
                | {
                    "enable.idempotence": True,
                    "acks": "all",
                    "message.max.bytes": MOST_MESSAGE_BYTES,
                    "error_cb": self._note,
                }
            )
            self._credentials = credentials
        return self._producer

    def _note(self, error: KafkaError) -> None:
        self._fault = shortened(error.str())

    def _failed(self, error: KafkaError, message_bytes: int) -> Reply:
        from confluent_kafka import KafkaError as Codes

        if error.code() in {Codes.MSG_SIZE_TOO_LARGE, Codes.INVALID_MSG_SIZE, Codes.INVALID_RECORD}:
            return Reply("refused", TOO_LARGE.format(message_bytes))
        self._drop()
        return Reply("again", shortened(error.str()))

    def _drop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.poll(0)
