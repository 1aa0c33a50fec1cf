"""A policy that a live interface feeds."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pktvisor import _core, clock
from pktvisor.inputs.live import Interface
from pktvisor.metrics.snapshot import HandlerSnapshot
from pktvisor.outputs.json import Document, write_samples
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy

TAP_INTERFACE = "visor.module.input/1.0"
"""What clients expect as the interface of every tap."""

EVENT_COUNTS = (("wire_packets", "events"), ("wire_packets", "deep_samples"))
EVENT_RATE = ("rates", "events")
"""The base metrics of a dns handler that its description shows."""


@dataclass(frozen=True)
class Tap:
    """Where packets come from, and what was said about it."""

    name: str
    interface: Interface
    hosts: str
    """Networks that count as this host, as `-H` gave them; empty for the interface's own."""
    filter_expression: str

    @property
    def networks(self) -> Sequence[str]:
        """The networks that count as this host."""
        return [part for part in self.hosts.split(",") if part] or self.interface.networks

    def describe(self) -> Document:
        """Tell of it, as clients expect."""
        config = {"host_spec": self.hosts, "iface": self.interface.name}
        return {"config": config, "input_type": "pcap", "interface": TAP_INTERFACE, "tags": None}

    def describe_input(self, *, consumers: int, is_running: bool, ledger: dict[str, int]) -> Document:
        """Tell of the input that captures for it, below the input's name.

        `ledger` is what became of its packets: `seen` is the sum of `decoded`, `filtered`, `malformed` and the dropped.
        """
        config = {"bpf": self.filter_expression, "host_spec": self.hosts, "iface": self.interface.name}
        identity = hashlib.blake2b(repr(sorted(config.items())).encode(), digest_size=8).hexdigest()
        name = f"{self.name}-{identity}"
        families = {
            "ipv4": [network for network in self.networks if ":" not in network],
            "ipv6": [network for network in self.networks if ":" in network],
        }
        pcap = {
            "available_iface": ",".join(self.interface.available),
            "host_ips": {family: networks for family, networks in families.items() if networks},
            "pcap_source": "af_packet",
        }
        stream = {"consumers": consumers, "running": is_running}
        return {name: {"input": stream, "module": {"config": config, "name": name}, "pcap": pcap, "ledger": ledger}}


class LivePolicy:
    """What the outside sees of a policy, its input and its tap."""

    def __init__(self, policy: Policy, tap: Tap, capture: _core.LiveInput) -> None:
        self._policy = policy
        self._tap = tap
        self._capture = capture

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._policy.name

    @property
    def instances(self) -> tuple[str, ...]:
        """Names of its handlers."""
        return tuple(instance.name for instance in self._policy.plan.instances)

    @property
    def periods(self) -> int:
        """How many buckets it keeps."""
        return self._policy.periods

    def bucket(self, number: int) -> list[HandlerSnapshot]:
        """Give one bucket."""
        return self._policy.bucket(number, clock.now_ns())

    def window(self, number: int) -> list[HandlerSnapshot]:
        """Give the merge of the newest buckets."""
        return self._policy.window(number, clock.now_ns())

    def latest(self) -> list[HandlerSnapshot]:
        """Give the last closed bucket, or the live one."""
        return self._policy.latest(clock.now_ns())

    def describe(self) -> Document:
        """Tell of its input, tap and handlers."""
        instances = self._policy.plan.instances
        is_running = self._capture.is_running()
        return {
            "input": self._tap.describe_input(
                consumers=len(instances), is_running=is_running, ledger=self._capture.ledger()
            ),
            "modules": {instance.name: self._describe_handler(instance, is_running) for instance in instances},
            "taps": {self._tap.name: self._tap.describe()},
        }

    def _describe_handler(self, instance: Instance, is_running: bool) -> Document:
        config = {
            "_internal_tap_name": self._tap.name,
            "deep_sample_rate": instance.handler.settings.deep_sample_rate,
            "num_periods": self._policy.periods,
        }
        schema = instance.handler.schema
        module = {"config": config, "name": instance.name, "running": is_running, "type": schema}
        if schema != "dns":
            return {"module": module}
        return {
            "module": module,
            "dns": {"predicate": {"enabled": False}, "xact": {"open": self._capture.open_exchanges()}},
            "metrics": {
                "deep_sample_rate": instance.handler.settings.deep_sample_rate,
                "periods": self._describe_periods(instance),
                "periods_configured": self._policy.periods,
            },
        }

    def _describe_periods(self, instance: Instance) -> list[Document]:
        """Tell of a handler's buckets, newest first."""
        buckets = [self.bucket(number) for number in range(max(self._policy.core.available(), 1))]
        return [_describe_bucket(one) for bucket in buckets for one in bucket if one.instance == instance.name]


def _describe_bucket(bucket: HandlerSnapshot) -> Document:
    rates: Document = {}
    events: Document = {"rates": rates}
    write_samples(rates, [sample for sample in bucket.samples if sample.path == EVENT_RATE])
    write_samples(events, [sample for sample in bucket.samples if sample.path in EVENT_COUNTS])
    document: Document = {
        "events": events,
        "length": bucket.length,
        "read_only": bucket.is_closed,
        "start_tstamp": _time_text(bucket.start_ts),
    }
    if bucket.is_closed:
        document["end_tstamp"] = _time_text(bucket.start_ts + bucket.length)
    return document


def _time_text(unix_seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(unix_seconds))
