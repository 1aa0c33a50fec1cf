"""The hub as servers see an agent: over all agents, with their policies, and with nothing that captures."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from pktvisor import _core, clock
from pktvisor.agent.running import RunningInput, RunningTap
from pktvisor.api.documents import Memory
from pktvisor.errors import ConflictError, NotFoundError
from pktvisor.hub.hub import Hub
from pktvisor.hub.policy import HubPolicy


class HubAsAgent:
    """A hub whose windows are read, and whose process is ended, as an agent's."""

    version = _core.__version__

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.started = clock.now()
        self.is_stopping = threading.Event()
        """Set when somebody has asked the process to end."""
        self._policies: Mapping[str, HubPolicy] = {}

    @property
    def memory(self) -> Memory:
        """What the hub holds of memory."""
        held = {"minutes": self.hub.minutes.held_bytes}
        return Memory(held_bytes=sum(held.values()), held=held)

    @property
    def policies(self) -> Mapping[str, HubPolicy]:
        """The hub's policies: those that the agents have, and those that were configured."""
        names = [*self.hub.minutes.policies]
        known = self._policies
        if any(name not in known for name in names):
            self._policies = {
                **known,
                **{n: HubPolicy(n, self.hub.minutes, self.hub.now_ns) for n in names if n not in known},
            }
        return self._policies

    @property
    def taps(self) -> Mapping[str, RunningTap]:
        """A hub has no taps."""
        return {}

    @property
    def inputs(self) -> Mapping[str, RunningInput]:
        """A hub has no inputs."""
        return {}

    def add_tap(self, text: str) -> dict[str, object]:
        """Refused: a hub captures nothing."""
        raise ConflictError("a hub has no taps: define it with an agent")

    def remove_tap(self, name: str) -> None:
        """Refused: there is none."""
        raise NotFoundError("tap does not exists")

    def add_policy(self, text: str) -> dict[str, object]:
        """Refused: a hub shows what agents measure."""
        raise ConflictError("a hub's policies are those of its agents")

    def remove_policy(self, name: str) -> None:
        """Refused."""
        raise ConflictError("a hub's policies are those of its agents")

    def apply(self, text: str | None, *, is_dry_run: bool) -> dict[str, object]:
        """Refused: the configuration of a hub is read when it starts."""
        raise NotFoundError("there is nothing to reload: a hub reads its configuration when it starts")

    def shut_down(self) -> None:
        """Ask the process to end."""
        self.is_stopping.set()
