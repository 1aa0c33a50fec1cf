"""What systemd hears of a process, on a socket as it makes one."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pktvisor.cli.service_manager import VARIABLE, ServiceManager


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(60)
        monkeypatch.setenv(VARIABLE, str(tmp_path / "notify"))
        yield lambda: listener.recv(4096).decode()


def test_it_hears_of_the_start_and_the_end(heard: Callable[[], str]) -> None:
    manager = ServiceManager()
    manager.ready()
    manager.stopping()
    assert (heard(), heard()) == ("READY=1", "STOPPING=1")
    manager.close()


def test_it_hears_of_a_reload_with_its_time_and_that_it_is_over_also_after_a_fault(heard: Callable[[], str]) -> None:
    manager = ServiceManager()
    with pytest.raises(ZeroDivisionError), manager.reloading():
        raise ZeroDivisionError
    name, _, time_us = heard().partition("\nMONOTONIC_USEC=")
    assert name == "RELOADING=1"
    assert int(time_us) > 0
    assert heard() == "READY=1"
    manager.close()


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("")  # the kernel finds a name
        monkeypatch.setenv(VARIABLE, "@" + listener.getsockname()[1:].decode())
        manager = ServiceManager()
        manager.ready()
        assert listener.recv(4096) == b"READY=1"
        manager.close()


def test_nobody_who_listens_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    ServiceManager().ready()
    assert not caplog.messages
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nothing"))
    manager = ServiceManager()
    manager.ready()
    manager.close()
    assert "nothing: systemd is not told when the process is ready: No such file" in caplog.text
