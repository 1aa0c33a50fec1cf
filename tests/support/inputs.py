"""An input made by hand: it needs no rights, remembers what it was asked, and can refuse to start."""

from __future__ import annotations

from typing import ClassVar

import pytest

from pktvisor import _core
from pktvisor.agent import checking, stream, tap
from pktvisor.errors import InputError
from pktvisor.inputs.base import Input


class TestInput(Input):
    """What a policy's input does, without packets."""

    __test__ = False
    type = "pcap"
    keys = ("iface", "bpf", "host_spec", "refuses")
    made: ClassVar[list[TestInput]] = []

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.fed: list[_core.Policy] = []
        self.noted: tuple[int, int] | None = None
        self.is_open = False
        self.broken: str | None = None
        self.starts = 0
        self.warned: list[str] = []
        TestInput.made.append(self)

    @classmethod
    def take_over(cls, monkeypatch: pytest.MonkeyPatch) -> None:
        """Be the input of every type, as long as the test runs."""
        for module in (checking, stream, tap):
            monkeypatch.setattr(module, "inputs", lambda: {"pcap": cls, "mock": cls})
        monkeypatch.setattr(cls, "made", [])

    def start(self, policies: list[_core.Policy]) -> None:
        self.starts += 1
        if "refuses" in self.config or self.broken is not None:
            raise InputError(f"{self.config.get('iface')} can't be captured from")
        self.is_open = True
        self.fed = list(policies)

    def break_down(self, fault: str) -> None:
        """End by itself; it can't start again until `broken` is None."""
        self.broken, self.is_open = fault, False

    def attach(self, policy: _core.Policy) -> None:
        self.fed.append(policy)

    def detach(self, policy: _core.Policy) -> None:
        self.fed.remove(policy)

    def stop(self) -> None:
        self.is_open = False

    @property
    def is_running(self) -> bool:
        return self.is_open and self.broken is None

    @property
    def fault(self) -> str | None:
        return self.broken

    @property
    def warnings(self) -> list[str]:
        return self.warned

    def ledger(self) -> dict[str, int]:
        return {"seen": 3, "decoded": 2, "malformed": 1}

    def note_policies(self, policies: int, handlers: int) -> None:
        self.noted = (policies, handlers)

    def describe(self) -> dict[str, object]:
        return {"pcap_source": "af_packet"}
