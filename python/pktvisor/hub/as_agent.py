"""The hub as servers see an agent: over all agents, with their policies, and with nothing that captures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from pktvisor import _core, clock
from pktvisor.agent.changes import sentence
from pktvisor.agent.dashboards import by_name
from pktvisor.agent.marks import MarkRing
from pktvisor.agent.running import OwnMetric, RunningInput, RunningTap
from pktvisor.api.configuring import RunningConfiguration
from pktvisor.api.documents import Memory
from pktvisor.api.events import Tick
from pktvisor.api.keys import document_of
from pktvisor.config.models import DashboardConfig
from pktvisor.errors import ConflictError, NotFoundError
from pktvisor.hub.configuring import changes_of, load_configuration
from pktvisor.hub.happenings import Happenings
from pktvisor.hub.hub import Hub
from pktvisor.hub.own_metrics import own_metrics
from pktvisor.hub.policy import HubPolicy
from pktvisor.hub.ticks import tick_of

logger = logging.getLogger(__name__)


class HubAsAgent:
    """A hub whose windows are read, and whose process is ended, as an agent's."""

    version = _core.__version__
    is_hub = True

    def __init__(self, hub: Hub, config_file: Path | None = None) -> None:
        self.hub = hub
        self._config_file = config_file
        self._configuring = threading.Lock()
        self.started = clock.now()
        self.marks = MarkRing(self.started)
        self.marks.add(self.started, "started", "", f"pktvisor-hub {self.version} started")
        self._happenings = Happenings(self.marks)
        self.is_stopping = threading.Event()
        """Set when somebody has asked the process to end."""
        self._policies: Mapping[str, HubPolicy] = {}

    @property
    def is_ready(self) -> bool:
        """Whether it takes windows: from when it has read what it kept to its end."""
        return not self.is_stopping.is_set()

    @property
    def memory(self) -> Memory:
        """What the hub holds of memory."""
        held = {"minutes": self.hub.minutes.held_bytes}
        return Memory(held_bytes=sum(held.values()), held=held)

    def tick(self, now: float) -> Tick:
        """Tell what is newest."""
        return tick_of(self.hub, self.policies, now=now, started=self.started, mark=self.marks.newest)

    def own_metrics(self) -> Iterator[OwnMetric]:
        """Tell of what came in, of the agents, and of what is missing."""
        return own_metrics(self.hub)

    @property
    def policies(self) -> Mapping[str, HubPolicy]:
        """The hub's policies: those that the agents have, and those that were configured."""
        minutes = self.hub.minutes
        configured = {one.name: one for one in minutes.configured}
        known = self._policies
        shown = {name: configured.get(name) for name in (*minutes.policies, *configured)}
        if {name: one.configured for name, one in known.items()} != shown:
            self._policies = known = {
                name: known[name]
                if name in known and known[name].configured == one
                else HubPolicy(name, minutes, self.hub.now_ns, one)
                for name, one in shown.items()
            }
        return known

    @property
    def dashboards(self) -> Mapping[str, DashboardConfig]:
        """The dashboards that were configured of the hub."""
        return by_name(self.hub.dashboards)

    def look(self, now_s: float) -> None:
        """Note what has become of agents; `now_s` is of a clock that nobody sets."""
        self._happenings.look(self.hub.registry.agents(), self.hub.now_ns(), now_s)

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

    def configuration(self) -> dict[str, object]:
        """Nothing but whether there is a file: a hub has no taps, and its policies are those of its agents."""
        return document_of(RunningConfiguration(self._config_file is not None, {}, {}))

    def find_faults(self, text: str) -> dict[str, object]:
        """Refused: texts are for agents."""
        raise ConflictError("a hub's policies are those of its agents: check the text with an agent")

    def apply_policy(self, text: str, *, base: str | None, is_dry_run: bool) -> dict[str, object]:
        """Refused."""
        raise ConflictError("a hub's policies are those of its agents")

    def apply(self, text: str | None, *, is_dry_run: bool, is_detailed: bool = False) -> dict[str, object]:
        """Read the configuration file again, and show the policies that it has. Raises as an agent's does."""
        del is_detailed  # there are no windows to drop
        if text is not None:
            raise ConflictError("a hub is configured by its file: change it, and have it read again")
        if self._config_file is None:
            raise NotFoundError("there is no file to reload: the hub was started without --config")
        config = load_configuration(self._config_file)
        with self._configuring:
            changes = changes_of(self.hub, config)
            if not is_dry_run:
                self.hub.configure(config)
                logger.info("configuration: %s", sentence(changes))
                self.marks.add(clock.now(), "configuration_read", "", f"configuration read: {sentence(changes)}")
        return document_of(changes)

    def shut_down(self) -> None:
        """Ask the process to end."""
        self.is_stopping.set()
