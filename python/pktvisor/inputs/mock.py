"""An input without events, for trying policies out."""

from __future__ import annotations

from pktvisor import _core
from pktvisor.errors import ConfigError
from pktvisor.inputs.base import Input


class MockInput(Input):
    """Takes any key; `except_on_start` makes its start fail."""

    type = "mock"
    keys = None

    _is_running = False

    def start(self, policies: list[_core.Policy]) -> None:
        del policies  # there is nothing to feed them
        if "except_on_start" in self.config:
            raise ConfigError("mock error on start")
        self._is_running = True

    def attach(self, policy: _core.Policy) -> None:
        del policy

    def detach(self, policy: _core.Policy) -> None:
        del policy

    def stop(self) -> None:
        self._is_running = False

    @property
    def is_running(self) -> bool:
        return self._is_running
