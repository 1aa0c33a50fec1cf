from __future__ import annotations

from pathlib import Path

import pytest

from pktvisor.config.services import read_services
from pktvisor.errors import ConfigError, InputError

HEADER = "Service Name,Port Number,Transport Protocol,Description\n"


def digest(folder: Path, text: str) -> str:
    path = folder / "services.csv"
    path.write_text(text, encoding="utf-8")
    return read_services(str(path)).digest


def test_rows_without_name_ports_or_a_transport_that_matters_are_nothing(tmp_path: Path) -> None:
    rows = "domain,53,udp,\n,54,udp,\nnowhere,,tcp,\nsctp-only,9,sctp,\nbad,x-y,tcp,\n"
    rows += "far,65535-65536,tcp,\nback,9-8,tcp,\nshort\n"
    assert digest(tmp_path, HEADER + rows) == digest(tmp_path, HEADER + "domain,53,udp,\n")


def test_registries_that_say_something_else_are_told_apart(tmp_path: Path) -> None:
    one = digest(tmp_path, HEADER + "domain,53,udp,one\n")
    assert one == digest(tmp_path, HEADER + "domain,53,udp,another description\n")
    assert one != digest(tmp_path, HEADER + "domain,53,tcp,one\n")
    assert one != digest(tmp_path, HEADER + "domain,53-54,udp,one\n")


def test_a_file_that_is_no_registry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no column 'Port Number'"):
        digest(tmp_path, "Service Name,Port,Transport Protocol\n")
    with pytest.raises(ConfigError, match="has no column 'Service Name'"):
        digest(tmp_path, "")
    with pytest.raises(InputError, match=r"none\.csv: the registry of services can't be read"):
        read_services(str(tmp_path / "none.csv"))
    (tmp_path / "services.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="the registry of services can't be read"):
        read_services(str(tmp_path / "services.csv"))
