"""Numbers of all commands have bounds, and one beyond them gets one sentence."""

from __future__ import annotations

import pytest

from pktvisor.cli.hub import hub_parser, main
from pktvisor.cli.hub_demo import DemoOptions
from pktvisor.cli.parsing import read_options
from pktvisor.cli.ui_options import TerminalOptions
from pktvisor.config.command_options import SummaryOptions
from pktvisor.config.daemon_options import DaemonOptions
from pktvisor.config.hub_options import HubOptions
from pktvisor.config.options import Number, options_of
from pktvisor.errors import ConfigError

COMMANDS = (DaemonOptions, HubOptions, DemoOptions, SummaryOptions, TerminalOptions)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_number_has_bounds_that_its_default_keeps(command: type) -> None:
    numbers = {name: one for name, one in options_of(command).items() if isinstance(one.option, Number)}
    assert numbers
    for name, one in numbers.items():
        option = one.option
        assert isinstance(option, Number)
        assert option.least is not None, name
        assert option.most is not None, name
        assert one.default is None or not option.refused(one.default), name
        assert option.refused(option.most + 1), name
        assert option.refused(option.least - 1), name


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("-p", "99999"), "port 99999 is not between 0 and 65535"),
        (("--otel-port", "70000"), "otel_port 70000 is not between 1 and 65535"),
        (("--otel-interval", "0"), "otel_interval 0 is not between 1 and 86400"),
        (("--keep-days", "0"), "'0' is not a whole number from 1 to 3660"),
    ],
)
def test_the_hub_refuses_numbers_beyond_their_bounds(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_options(HubOptions, hub_parser().parse_args(arguments))


def test_what_is_beyond_its_bounds_is_told_in_a_line_before_anything_begins(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["-p", "99999"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "pktvisor-hub: port 99999 is not between 0 and 65535\npktvisor-hub --help lists the options\n",
    )
