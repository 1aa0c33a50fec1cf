"""An option is declared once: its parser, its checks and its texts follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest

from pktvisor.cli.options import Parser, UsageError
from pktvisor.cli.parsing import add_options, read_options
from pktvisor.config.options import Flag, Number, Operands, Port, Rule, Text, options_of, rules_broken


@dataclass(frozen=True)
class Oven:
    """A command that there is not."""

    dishes: Annotated[tuple[str, ...], Operands(value="DISH", help="what to bake")] = ()
    heat_c: Annotated[
        int, Number(least=50, most=250, on_line="clamped", help="{least} to {most} (default: {default})")
    ] = 180
    shelf: Annotated[
        int, Number(least=1, most=3, on_line="refused", noun="a shelf from {least} to {most}", help="")
    ] = 2
    port: Annotated[int, Port(written="-p", help="50% off")] = 80
    mode: Annotated[str, Text(choices=("fan", "grill"), help="how", section="modes")] = "fan"
    light: Annotated[bool, Flag(written="-l --light", excludes="one", help="on")] = False
    dark: Annotated[bool, Flag(excludes="one", help="off")] = False
    made_by: str = "nobody"
    """No option: nothing is declared."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(lambda said: said.mode == "grill" and said.heat_c < 100, "no grill at {heat_c}", "use 100", "heat_c"),
        Rule(lambda said: said.dark and len(said.dishes) > 1, "one dish in the dark"),
    )


def parse(*arguments: str, is_open: bool = False) -> dict[str, object]:
    parser = Parser(prog="oven")
    add_options(parser, Oven, is_open=is_open)
    return vars(parser.parse_args(arguments))


def test_the_parser_follows_from_the_fields() -> None:
    given = parse("pie", "--heat-c", "200", "-p", "8080", "--mode", "grill", "--light")
    assert Oven(**given) == Oven(("pie",), 200, 2, 8080, "grill", light=True)  # type: ignore[arg-type]


def test_what_a_file_may_say_is_left_open() -> None:
    assert {name for name, value in parse(is_open=True).items() if value is None} == {"heat_c", "shelf", "port", "mode"}
    assert "made_by" not in options_of(Oven)


@pytest.mark.parametrize(("said", "taken"), [("1000", 250), ("-1", 50), ("50", 50)])
def test_a_number_is_clamped_where_that_is_declared(said: str, taken: int) -> None:
    assert parse(f"--heat-c={said}")["heat_c"] == taken


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--heat-c", "hot"), "argument --heat-c: 'hot' is not a whole number"),
        (("--shelf", "4"), "argument --shelf: '4' is not a shelf from 1 to 3"),
        (("--shelf", "9" * 5000), "is not a shelf from 1 to 3"),
        (("-p", "+80"), "argument -p: '+80' is not a port number"),
        (("--mode", "steam"), "argument --mode: invalid choice"),
        (("-l", "--dark"), "not allowed with"),
    ],
)
def test_what_the_line_cannot_say_is_told(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(*arguments)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("heat_c", 251, ["config.heat_c: heat_c 251 is not between 50 and 250"]),
        ("mode", "steam", ["config.mode: mode must be fan or grill, not steam"]),
        ("mode", "fan", []),
        ("port", None, []),
    ],
)
def test_a_value_of_a_file_is_checked_by_its_declaration(name: str, value: object, told: list[str]) -> None:
    assert [str(error) for error in options_of(Oven)[name].mistakes(value)] == told


def test_what_options_break_together_is_told_with_its_place() -> None:
    assert not list(rules_broken(Oven(mode="grill", heat_c=100)))
    both = rules_broken(Oven(("pie", "cake"), 60, mode="grill", dark=True))
    assert [str(error) for error in both] == [
        "config.heat_c: no grill at 60; use 100",
        "config: one dish in the dark",
    ]


def test_a_line_that_breaks_a_rule_is_refused() -> None:
    parser = Parser(prog="oven")
    add_options(parser, Oven)
    assert read_options(Oven, parser.parse_args(["--mode", "grill"])).heat_c == 180
    with pytest.raises(UsageError, match=r"^no grill at 60; use 100$"):
        read_options(Oven, parser.parse_args(["--mode", "grill", "--heat-c", "60"]))


def test_the_help_has_what_is_declared(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--help")
    shown = capsys.readouterr().out
    assert "50 to 250 (default: 180)" in shown
    assert "50% off" in shown
    assert "modes:\n  --mode" in shown
