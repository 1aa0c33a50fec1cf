"""One interface that packets are captured on."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pktvisor import _core
from pktvisor.errors import PktvisorError
from pktvisor.inputs.filters import CaptureFilter, Program
from pktvisor.inputs.hosts import parse_hosts, split_hosts
from pktvisor.inputs.interfaces import ANY, Interface, find_interface
from pktvisor.inputs.live import Live

logger = logging.getLogger(__name__)

ADDRESSES_SECONDS = 10
"""Between two looks at an interface's addresses."""

_captures = itertools.count()
"""Gives each capture of this process a fanout group of its own."""


@dataclass(frozen=True)
class CaptureSettings:
    """How packets are captured, and what is made of them."""

    hosts: str = ""
    """The networks that count as this host; those of the interface where it is empty."""
    wanted: CaptureFilter | None = None
    """Lets the packets pass that are wanted; all, where there is none."""
    ports: Mapping[str, Sequence[int]] = field(default_factory=dict)
    workers: int = 1
    lookback_bytes: int = 0
    is_promiscuous: bool = True
    decapsulates: bool = False


class TappedInterface:
    """An interface by the word that somebody has for it, and the capture on it once that was started."""

    def __init__(self, target: str, settings: CaptureSettings) -> None:
        self.target = target
        self.interface: Interface | None = None
        """What the word stood for when the capture was started last."""
        self.live = Live(self._open)
        self.handlers: Sequence[object] = ()
        self._settings = settings
        self._look_again_s = 0.0
        """When its addresses are looked at again."""

    @property
    def name(self) -> str:
        """Its name, or the word for it as long as nobody has looked."""
        return self.target if self.interface is None else self.interface.name

    @property
    def networks(self) -> Sequence[str]:
        """The networks that count as this host: those configured, else the interface's own."""
        return split_hosts(self._settings.hosts) or (self.interface.networks if self.interface else ())

    @property
    def hosts(self) -> Sequence[str]:
        """What directions are told by: the networks configured, else those of the interface and its addresses."""
        return split_hosts(self._settings.hosts) or (self.interface.hosts if self.interface else ())

    @property
    def warnings(self) -> Sequence[str]:
        """What is not as it should be though it works, a sentence each."""
        wanted = self._settings.wanted
        missed = wanted.notes(self.interface.own_link_types) if wanted and self.interface else []
        return [*self.live.warnings, *missed]

    def prepare(self) -> None:
        """Compile the filter, which may take long: the start finds it compiled."""
        if self._settings.wanted is not None:
            self._programs(self.find())

    def find(self) -> Interface:
        """Find what the word stands for now. Raises `ConfigError` where that is nothing."""
        try:
            return find_interface(self.target)
        except PktvisorError as error:
            error.message = f"Cannot open interface for packet capture: {error.message}"
            raise

    def follow(self, now_s: float) -> None:
        """Addresses of an interface come and go: look at them now and then, where they are its hosts."""
        capture = self.live.at_work
        if capture is None or self.interface is None or self._settings.hosts or now_s < self._look_again_s:
            return
        self._look_again_s = now_s + ADDRESSES_SECONDS
        try:
            found = find_interface(self.interface.name)
        except PktvisorError:
            return  # the interface is gone, which the capture tells itself
        if found.networks != self.interface.networks:
            self.interface = found
            self._tell_hosts()
            capture.set_hosts(parse_hosts(",".join(self.hosts)))

    def _open(self, policies: list[_core.Policy]) -> _core.LiveInput:
        self.interface = found = self.find()
        self.target = found.name if self.target == "auto" else self.target
        self._tell_hosts()
        return _core.LiveInput(
            found.name,
            policies,
            hosts=parse_hosts(",".join(self.hosts)),
            ports=self._settings.ports,
            filters=self._programs(found),
            promiscuous=self._settings.is_promiscuous,
            workers=self._settings.workers,
            fanout_group=(os.getpid() + next(_captures)) & 0xFFFF,
            lookback_bytes=self._settings.lookback_bytes,
            sinks=self.handlers,
            decapsulates=self._settings.decapsulates,
        )

    def _programs(self, interface: Interface) -> list[tuple[int, Program]] | None:
        """Compile the filter for the link types of an interface; for all that may come where it is `any`."""
        wanted = self._settings.wanted
        if wanted is None:
            return None
        link_types = _core.LIVE_LINK_TYPES if interface.name == ANY else interface.own_link_types
        return [(link_type, wanted(link_type, interface.like(link_type))) for link_type in link_types]

    def _tell_hosts(self) -> None:
        known = ", ".join(self.hosts)
        what = f"this host is {known}" if known else "no addresses, so directions are unknown"
        logger.info("%s: %s", self.name, what)
