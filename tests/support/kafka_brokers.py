"""A stand-in for Kafka on loopback: the brokers that librdkafka has for tests, in this process. They speak Kafka's
protocol, with idempotent producers and groups of consumers; they check no certificates and no passwords, and keep
nothing once they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, Message, Producer, TopicPartition

from support.daemon import PATIENCE_S

TOPIC = "pktvisor-windows"


class KafkaBrokers:
    """One broker, until its `end`."""

    def __init__(self) -> None:
        told = {"bootstrap.servers": "none", "log_level": 0, "test.mock.num.brokers": 1}
        self._owner: Producer | None = Producer(told)
        (broker,) = self._owner.list_topics(timeout=PATIENCE_S).brokers.values()
        self.servers = f"{broker.host}:{broker.port}"
        self.url = f"kafka://{self.servers}"

    def end(self) -> None:
        self._owner = None

    def produce(self, *bodies: bytes) -> None:
        producer = Producer({"bootstrap.servers": self.servers, "log_level": 0})
        for body in bodies:
            producer.produce(TOPIC, body, b"somebody")
        assert producer.flush(PATIENCE_S) == 0

    def stored(self, count: int) -> list[Message]:
        """So many messages of the topic."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": "test", "log_level": 0})
        try:
            partitions = consumer.list_topics(TOPIC, timeout=PATIENCE_S).topics[TOPIC].partitions
            consumer.assign([TopicPartition(TOPIC, number, 0) for number in partitions])
            return consumer.consume(count, timeout=PATIENCE_S)
        finally:
            consumer.close()

    def committed(self, group: str = "pktvisor-hub") -> int:
        """How many messages a group has done."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": group, "log_level": 0})
        try:
            partitions = consumer.list_topics(TOPIC, timeout=PATIENCE_S).topics[TOPIC].partitions
            asked = [TopicPartition(TOPIC, number) for number in partitions]
            return sum(max(0, one.offset) for one in consumer.committed(asked, timeout=PATIENCE_S))
        finally:
            consumer.close()


@contextmanager
def kafka_brokers() -> Iterator[KafkaBrokers]:
    brokers = KafkaBrokers()
    yield brokers
    brokers.end()
