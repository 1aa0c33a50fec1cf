"""Inputs that probe targets, and what is counted of them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pktvisor.config.models import Settings
from pktvisor.handlers.base import HandlerSettings
from pktvisor.handlers.netprobe import Netprobe
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.netprobe import NetprobeInput
from pktvisor.outputs import prometheus
from pktvisor.outputs.json import flat_document
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy

OFTEN: Settings = {"interval_msec": 50, "timeout_msec": 50}
"""Tests that come often, and probes that time out soon."""

NOT_FOUND = f"{'.'.join(['x' * 60] * 5)}.invalid"
"""Too long for any server to be asked for it (RFC 1035 section 2.3.4)."""


@dataclass(frozen=True)
class Probing:
    """An input at work and a policy that it feeds."""

    source: NetprobeInput
    policy: Policy

    @property
    def ledger(self) -> Mapping[str, int]:
        return self.source.ledger()

    def targets(self) -> dict[str, Any]:
        """What the handler shows of each target."""
        document: Any = flat_document(self.policy.bucket(0, time.time_ns()))
        found: dict[str, Any] = document.get("netprobe", {}).get("targets", {})
        return found

    def prometheus(self) -> str:
        return prometheus.render({"probes": self.policy.bucket(0, time.time_ns())})


@contextmanager
def probing(
    test_type: str,
    targets: Mapping[str, dict[str, Any]],
    *,
    handler: Settings | None = None,
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    config: Settings | None = None,
) -> Iterator[Probing]:
    """Probe targets, often, as long as it takes."""
    source = NetprobeInput({**OFTEN, "test_type": test_type, "targets": dict(targets), **(config or {})}, Defaults())
    settings = HandlerSettings(handler or {}, enable, disable, input_type="netprobe")
    policy = Policy("probes", [Instance("probes", Netprobe(settings), "tap")])
    source.start([policy.core])
    try:
        yield Probing(source, policy)
    finally:
        source.stop()


@contextmanager
def listener(address: str = "127.0.0.1") -> Iterator[int]:
    """Take connections at a port of its own."""
    with socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET) as server:
        yield server.getsockname()[1]


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full: a further one is neither taken nor refused."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


def closed_port() -> int:
    """A port at which nobody listens: it was free a moment ago."""
    with listener() as port:
        return port


def has_ipv6() -> bool:
    """Whether this machine has IPv6 on its loopback interface."""
    with suppress(OSError), listener("::1"):
        return True
    return False
