"""What keys and the mouse do."""

from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from pktvisor.tui.app import Terminal
from pktvisor.tui.dialogs import Choice, Help, Question
from pktvisor.tui.keys import KEYS
from pktvisor.tui.looks import DARK, LIGHT
from pktvisor.tui.windows import DEFAULT, LAST, LIVE, merged
from support.documents import DNS, PACKETS, policy_metrics
from support.terminals import SMALL, UTC, Bench, play


def test_numbers_and_brackets_change_the_screen() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("4")
        assert "Top Clients" in bench.text
        await bench.press("right_square_bracket")
        assert "memory_bytes" in bench.text
        await bench.press("left_square_bracket", "left_square_bracket")
        assert "payload_size" in bench.text

    play(scenario)


def test_what_only_one_screen_wants_is_read_only_there() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("5")
        await bench.press("6")
        await bench.press("1")
        assert [set(request.extras) for request in bench.watched.asked] == [set(), {"resources"}, {"inventory"}, set()]

    play(scenario)


def test_windows_go_round() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("w")
        await bench.press("w")
        await bench.press("w")
        await bench.press("W")
        asked = [request.window for request in bench.watched.asked]
        assert asked == [DEFAULT, LIVE, LAST, merged(2), LAST]
        assert "window: last closed" in bench.lines[-1]

    play(scenario)


def test_a_policy_is_chosen_from_a_list() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.pilot.press("p")
        await bench.pilot.pause()
        assert isinstance(bench.app.screen, Choice)
        await bench.press("down", "enter")
        assert bench.watched.asked[-1].policy == "second"
        assert "Policy second" in bench.lines[0]

    play(scenario)


def test_leaving_the_list_changes_nothing() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("p", "down", "escape")
        assert bench.watched.asked[-1].policy is None

    play(scenario)


def test_a_policy_of_other_handlers_opens_on_them() -> None:
    async def scenario(bench: Bench) -> None:
        bench.watch.ask(policy="others")
        await bench.step()
        assert "keepalive" in bench.text

    play(scenario, is_read=False)


def test_a_paused_screen_stays_as_it_is() -> None:
    async def scenario(bench: Bench) -> None:
        before = bench.lines[1:]
        await bench.pilot.press("space")
        busier = {**PACKETS, "total": 99_999}
        bench.watched.changes["default"] = policy_metrics("default", packets=busier, dns=DNS)
        await bench.step()
        assert "● paused" in bench.lines[0]
        assert bench.lines[1:] == before
        await bench.press("space")
        assert "Pkts 99,999" in bench.text
        assert "● ok" in bench.lines[0]

    play(scenario)


def test_a_filter_keeps_names_and_whole_panels() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.pilot.press("slash")
        await bench.pilot.pause()
        assert isinstance(bench.app.screen, Question)
        await bench.press(*"MAIL", "enter")
        assert "mail.example.org" in bench.text
        assert "www.example.com" not in bench.text
        assert "filter MAIL" in bench.lines[-1]
        await bench.press("escape")
        assert "www.example.com" in bench.text

    play(scenario)


def test_a_filter_that_is_left_stays() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("slash", *"rcodes", "enter")
        assert "NXDOMAIN" in bench.text
        await bench.press("slash", "x", "escape")
        assert "filter rcodes" in bench.lines[-1]

    play(scenario)


def test_a_filter_that_nothing_meets_says_so() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("4", "slash", *"zzz", "enter")
        assert "nothing with zzz" in bench.text

    play(scenario)


def test_lists_are_sorted_by_name_and_back() -> None:
    async def scenario(bench: Bench) -> None:
        def first() -> str:
            return bench.lines[bench.lines.index(next(one for one in bench.lines if "Top QName 2" in one)) + 1]

        assert first().startswith(" .example.com")
        await bench.press("o")
        assert first().startswith(" (empty)")
        await bench.press("o")
        assert first().startswith(" .example.com")

    play(scenario)


def test_panels_and_rows_are_walked() -> None:
    async def scenario(bench: Bench) -> None:
        def focus() -> tuple[str, int]:
            return bench.app.cursor.focus.panel, bench.app.cursor.focus.row

        await bench.press("tab")
        assert focus() == ("top_qname2", 0)
        await bench.press("right", "down", "down")
        assert focus() == ("top_qname3", 2)
        await bench.press("left", "up")
        assert focus() == ("top_qname2", 0)
        await bench.press("shift+tab")
        assert focus() == ("top_asn", 0)
        assert "Top IPv6" in bench.text, "what has the focus is in sight"
        await bench.press("escape")
        assert focus() == ("", 0)

    play(scenario)


def test_rows_lead_to_the_panel_below_and_above() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("tab", *["down"] * 6)
        assert bench.app.cursor.focus.panel == "top_nxdomain"
        await bench.press("up")
        assert (bench.app.cursor.focus.panel, bench.app.cursor.focus.row) == ("top_qname2", 5)
        assert "in-addr.arpa" in bench.text, "the selected row is in sight"

    play(scenario)


def test_a_panel_alone_shows_all_its_rows() -> None:
    async def scenario(bench: Bench) -> None:
        assert "img.example.com" not in bench.text
        await bench.press("tab", "tab", "enter")
        assert "img.example.com" in bench.text
        assert "Top NX" not in bench.text
        await bench.press("escape")
        assert "Top NX" in bench.text

    play(scenario)


def test_a_value_is_copied_to_the_terminals_clipboard() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("c")
        assert "nothing to copy" in bench.lines[-1]
        await bench.press("tab", "tab", "down", "c")
        assert bench.app.clipboard == "api.example.com"
        assert "copied: api.example.com" in bench.lines[-1]

    play(scenario)


def test_units() -> None:
    async def scenario(bench: Bench) -> None:
        assert "Volume 202 kbit/s" in bench.text
        assert "UDP 80.9%" in bench.text
        assert "22:13:20 to 22:17:55 UTC" in bench.text
        await bench.press("b", "percent_sign", "u")
        assert "Volume 25.2 kB/s" in bench.text
        assert "UDP 38,850" in bench.text
        assert " UTC" not in bench.text

    play(scenario, size=(120, 30))


def test_light_and_dark() -> None:
    async def scenario(bench: Bench) -> None:
        assert bench.app.theme == DARK.name
        await bench.press("t")
        assert bench.app.theme == LIGHT.name
        await bench.press("t")
        assert bench.app.theme == DARK.name

    play(scenario)


def test_a_light_terminal_begins_light(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORFGBG", "0;15")

    async def scenario(bench: Bench) -> None:
        assert bench.app.theme == LIGHT.name

    play(scenario)


def test_no_colour_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def scenario(bench: Bench) -> None:
        for key in ("tab", "t", "p", "escape", "question_mark", "escape"):
            await bench.pilot.press(key)
            await bench.pilot.pause()
            app = bench.app
            filters = [one for one in app._filters if one.enabled]
            for strip in app.screen._compositor.render_strips():
                segments = list(strip)
                for one in filters:
                    segments = one.apply(segments, app.screen.styles.background)
                styles = [segment.style for segment in segments if segment.style]
                assert all(colour.is_default for style in styles for colour in (style.color, style.bgcolor) if colour)

    play(scenario)


def test_the_picture_and_the_document_are_saved_and_never_over_others(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("s")
        await bench.press("j")
        assert "saved pktvisor-default-1700000275.json" in bench.lines[-1]
        await bench.press("j")
        document = json.loads((tmp_path / "pktvisor-default-1700000275.json").read_text())
        assert document["default"]["default-tap-packets"]["packets"]["total"] == PACKETS["total"]
        assert (tmp_path / "pktvisor-default-1700000275-1.json").exists()
        assert "<svg" in (tmp_path / "pktvisor-default-1700000275.svg").read_text()

    play(scenario)


def test_a_folder_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(bench: Bench) -> None:
        monkeypatch.setattr(bench.app, "_file_name", lambda: "gone/pktvisor")
        await bench.press("j")
        assert "cannot save gone/pktvisor.json: No such file or directory" in bench.lines[-1]

    play(scenario)


def test_an_answer_to_a_key_goes_away() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("o")
        for _ in range(4):
            bench.app._tick()
        await bench.pilot.pause()
        assert "? help" in bench.lines[-1]

    play(scenario)


def test_the_page_is_scrolled_by_keys_and_wheel() -> None:
    async def scenario(bench: Bench) -> None:
        canvas = bench.app.canvas("page")
        await bench.press("pagedown")
        assert canvas.scroll_y == canvas.max_scroll_y == 12
        await bench.press("home")
        await bench.press("down")
        assert canvas.scroll_y == 1
        await bench.press("end")
        assert "Top ASN" in bench.text
        assert bench.lines[-1].endswith("13-33/33")
        canvas.scroll_to(0, 0, animate=False)
        await bench.pilot._post_mouse_events([_wheel_event()], "#page", (5, 5))
        await bench.pilot.pause()
        assert canvas.scroll_y > 0

    play(scenario)


def _wheel_event() -> type:
    from textual.events import MouseScrollDown

    return MouseScrollDown


def test_clicks_choose_screens_panels_rows_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terminal, "CLICK_CHAIN_TIME_THRESHOLD", 60.0)

    async def scenario(bench: Bench) -> None:
        await bench.pilot.click("#tabs", offset=(28, 0))
        await bench.step()
        assert bench.app.view.name == "dhcp"
        await bench.pilot.click("#hints", offset=(2, 0))
        await bench.pilot.pause()
        assert isinstance(bench.app.screen, Help)
        await bench.press("escape", "1")
        row = next(number for number, line in enumerate(bench.lines) if "Top QName 2" in line) + 2
        await bench.pilot.click("#page", offset=(3, row - 2))
        assert (bench.app.cursor.focus.panel, bench.app.cursor.focus.row) == ("top_qname2", 1)
        await bench.pilot.click("#page", offset=(3, row - 2), times=2)
        await bench.pilot.pause()
        assert bench.app.cursor.is_zoomed

    play(scenario)


def test_another_handler_is_shown() -> None:
    async def scenario(bench: Bench) -> None:
        bench.watch.ask(policy="others")
        await bench.press("8")
        assert "keepalive" in bench.text
        await bench.press("H")
        assert "tally" in bench.text

    play(scenario)


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_keys_that_quit(key: str) -> None:
    async def scenario(bench: Bench) -> None:
        await bench.pilot.press(key)
        await bench.pilot.pause()
        assert not bench.app.is_running

    play(scenario)


def test_ctrl_c_quits_from_a_dialog_too() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.pilot.press("slash")
        await bench.pilot.pause()
        assert bench.app.screen.query_one(Input).has_focus
        await bench.pilot.press("ctrl+c")
        await bench.pilot.pause()
        assert not bench.app.is_running

    play(scenario)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_quit(number: signal.Signals) -> None:
    async def scenario(bench: Bench) -> None:
        signal.raise_signal(number)
        await bench.pilot.pause(0.05)
        assert not bench.app.is_running

    play(scenario)


def test_a_row_that_goes_away_does_not_take_the_focus_along() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.press("tab", "tab", *["down"] * 9)
        assert bench.app.cursor.focus.row == 9
        shorter = {**DNS, "top_qname3": DNS["top_qname3"][:2]}
        bench.watched.changes["default"] = policy_metrics("default", packets=PACKETS, dns=shorter)
        await bench.step()
        assert (bench.app.cursor.focus.panel, bench.app.cursor.focus.row) == ("top_qname3", 1)

    play(scenario)


def test_a_smaller_terminal_gets_another_layout() -> None:
    async def scenario(bench: Bench) -> None:
        await bench.pilot.resize_terminal(160, 40)
        await bench.pilot.pause()
        assert "Top SRVFAIL" in bench.text
        await bench.pilot.resize_terminal(*SMALL)
        await bench.pilot.pause()
        assert max(len(line) for line in bench.lines) <= SMALL[0]

    play(scenario)


def test_every_key_has_an_action_and_a_help() -> None:
    bench = Bench(replace(UTC))
    for key in KEYS:
        assert key.help
        name = key.action.split("(")[0]
        assert not name or hasattr(bench.app, f"action_{name}")
