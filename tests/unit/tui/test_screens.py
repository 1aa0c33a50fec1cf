"""Every screen, narrow and wide, as it is on the terminal."""

from __future__ import annotations

import pytest

from pktvisor.tui.views import SCREENS
from support.terminals import SMALL, WIDE, Bench, play
from unit.tui.conftest import Compare

SIZES = {"small": SMALL, "wide": WIDE}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", range(len(SCREENS)), ids=[view.name for view in SCREENS])
def test_screen(compare: Compare, number: int, size: str) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press(str(number + 1))
        compare(f"{SCREENS[number].name}_{size}", bench.text)

    play(scenario, size=SIZES[size])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", [0, 1, 2], ids=["overview", "dns", "net"])
def test_screen_of_a_policy_with_handlers_of_2_0(compare: Compare, number: int, size: str) -> None:
    async def scenario(bench: Bench) -> None:
        bench.watch.ask(policy="second")
        await bench.press(str(number + 1))
        compare(f"{SCREENS[number].name}_2_{size}", bench.text)

    play(scenario, size=SIZES[size])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("handler", range(4), ids=["bgp", "flow", "netprobe", "unknown"])
def test_screen_of_any_handler(compare: Compare, handler: int, size: str, request: pytest.FixtureRequest) -> None:
    async def scenario(bench: Bench) -> None:
        bench.watch.ask(policy="others")
        await bench.press("8", *"h" * handler)
        compare(f"handler_{['bgp', 'flow', 'netprobe', 'unknown'][handler]}_{size}", bench.text)

    play(scenario, size=SIZES[size])


def test_help(compare: Compare) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.pilot.press("question_mark")
        await bench.pilot.pause()
        compare("help", bench.text)

    play(scenario, size=(80, 40))


def test_a_panel_alone(compare: Compare) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("tab", "tab", "down", "enter")
        compare("zoom", bench.text)

    play(scenario)


@pytest.mark.parametrize("size", [(40, 12), (20, 5), (10, 3), (300, 90)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    async def scenario(bench: Bench) -> None:
        for number in range(len(SCREENS)):
            await bench.press(str(number + 1))
            assert len(bench.lines) == size[1]
            assert max(len(line) for line in bench.lines) <= size[0]

    play(scenario, size=size)
