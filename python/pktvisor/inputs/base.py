"""What an input is: a stream of events at work, which policies are attached to while it runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from pktvisor import _core
from pktvisor.config.ports import PortsByProtocol
from pktvisor.config.suggestions import did_you_mean
from pktvisor.errors import ConfigError
from pktvisor.inputs.holding import Holding

if TYPE_CHECKING:
    from pktvisor.config.models import Settings, Value


@dataclass(frozen=True)
class Defaults:
    """What the command line says of all inputs, where their configuration says nothing."""

    workers: int = 1
    """Threads that share the packets of an interface."""
    lookback_mb: int = 0
    """How many megabytes of the newest packets each keeps."""
    is_promiscuous: bool = True
    ports: PortsByProtocol = field(default_factory=dict)
    """Ports by which protocols are known; those that are not named have their usual ones."""
    decapsulates: bool = False
    """Packets in tunnels are known by what is inside."""


class Input(ABC):
    """Base of all inputs. Making one checks its configuration; nothing is opened before `start`."""

    type: ClassVar[str]
    """Name in taps and policies, as `pcap`."""
    aliases: ClassVar[tuple[str, ...]] = ()
    keys: ClassVar[tuple[str, ...] | None]
    """Keys of its configuration and filters, in the order that errors list them; None for an input that takes any."""
    path_keys: ClassVar[tuple[str, ...]] = ()
    """Those of its keys that name files, folders or sockets of this host: what comes from a hub may have none."""
    stand_in: ClassVar[Settings] = {}
    """A configuration with as little as makes sense: what is missing in a tap that a policy may complete."""

    def __init__(self, config: Settings, defaults: Defaults) -> None:
        self._config = dict(config)
        self._defaults = defaults
        for key in config:
            if error := self.unknown(key):
                raise error

    @classmethod
    def unknown(cls, key: str) -> ConfigError | None:
        """Give the error for a key that its configuration does not have; None where it has."""
        if cls.keys is None or key in cls.keys:
            return None
        return ConfigError(
            f"{key} is an invalid/unsupported config or filter. The valid configs/filters are: {', '.join(cls.keys)}",
            hint=did_you_mean(key, cls.keys),
            path=key,
        )

    @classmethod
    def check_tap(cls, config: Settings) -> None:
        """Check those settings of a tap that stand by themselves; policies may complete the others. ConfigError."""
        cls({**cls.stand_in, **config}, Defaults())

    @classmethod
    def written_paths(cls, config: Settings) -> Sequence[str]:
        """Give the files that it makes when it starts: the daemon keeps the right to write where they lie."""
        del config
        return ()

    @property
    def config(self) -> Mapping[str, Value]:
        """Its configuration as it is shown: what was asked for, with what was found instead of `auto`."""
        return self._config

    @property
    def ports(self) -> PortsByProtocol:
        """The ports by which it knows protocols; none for an input that has no packets."""
        return {}

    @property
    def is_recorded(self) -> bool:
        """It plays something back: its time is that of the recording, and it has an end."""
        return False

    def prepare(self) -> None:  # noqa: B027 (most inputs have nothing to try)
        """Try what may take long before it starts; nothing is changed by it. Raises `InputError`, `ConfigError`."""

    @abstractmethod
    def start(self, policies: list[_core.Policy]) -> None:
        """Open it and feed these policies; again where it has ended by itself. Raises `InputError`, `ConfigError`."""

    @abstractmethod
    def attach(self, policy: _core.Policy) -> None:
        """Feed one policy more, from what is kept of the last minute on."""

    @abstractmethod
    def detach(self, policy: _core.Policy) -> None:
        """Feed a policy no more."""

    @abstractmethod
    def stop(self) -> None:
        """End it; what was counted stays readable."""

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """Whether it is at work."""

    @property
    def fault(self) -> str | None:
        """Why it ended though nobody stopped it."""
        return None

    @property
    def warnings(self) -> Sequence[str]:
        """What is not as it should be though it works, a sentence each: what it can't read, rights that it has kept."""
        return ()

    def ledger(self) -> dict[str, int]:
        """What became of its packets so far, by name; see the loss ledger in the docs."""
        return {}

    @property
    def memory(self) -> Holding | None:
        """What it holds of memory beside its policies; None where it keeps no account of its own."""
        return None

    def follow(self, now_s: float) -> None:  # noqa: B027 (most inputs depend on nothing that changes)
        """Take in what has changed around it while at work; `now_s` is of a clock that nobody sets."""

    def interfaces(self) -> Mapping[str, bool]:
        """Tell of each interface that it captures on whether it does; of none where it captures on none by name."""
        return {}

    def note_policies(self, policies: int, handlers: int) -> None:  # noqa: B027 (most inputs need not know)
        """Hear how many policies it feeds, and how many handlers they have."""

    def describe(self) -> dict[str, object]:
        """Tell what is special about it: the object below its type in descriptions; empty for none."""
        return {}
