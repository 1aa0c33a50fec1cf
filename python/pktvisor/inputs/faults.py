"""The core's exceptions as those of pktvisor's own family."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pktvisor import _core
from pktvisor.errors import ConfigError, InputError, RightsError


@contextmanager
def translated() -> Iterator[None]:
    """Raise ConfigError, InputError or RightsError where the core raises its own."""
    try:
        yield
    except _core.ConfigFault as fault:
        raise ConfigError(str(fault)) from fault
    except _core.RightsFault as fault:
        raise RightsError(str(fault)) from fault
    except _core.InputFault as fault:
        raise InputError(str(fault)) from fault
