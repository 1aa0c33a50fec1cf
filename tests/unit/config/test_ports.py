from __future__ import annotations

import pytest

from pktvisor.config.models import Value
from pktvisor.config.ports import read_ports
from pktvisor.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "ports"),
    [
        (["8600", "53"], (53, 8600)),
        ("8600, 53,53", (53, 8600)),
        (8600, (8600,)),
        ("65535", (65535,)),
    ],
)
def test_ports_are_a_list_a_text_or_a_number(value: Value, ports: tuple[int, ...]) -> None:
    assert read_ports(value) == ports


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "at least one port is needed"),
        ("", "'' is no port"),
        ("53,", "'' is no port"),
        ("53;54", "'53;54' is no port"),
        (0, "'0' is no port"),
        (["65536"], "'65536' is no port"),
        (["-1"], "'-1' is no port"),
        (True, "ports are a list or a text with commas, as 53,8600, not true"),
        ({"udp": 53}, "ports are a list or a text with commas, as 53,8600, not a map"),
        ([str(port) for port in range(1, 300)], "there may be 256 ports, not 299"),
    ],
)
def test_what_are_no_ports_is_said(value: Value, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_ports(value)
    assert why in caught.value.message
