from __future__ import annotations

import pytest

from pktvisor.outputs.values import number_text, signed, unicode_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (10**12, "1000000000000"),
        (1 / 3, "0.333333"),
        (1e6, "1e+06"),
        (1e-5, "1e-05"),
        (0.0, "0"),
        (2.5, "2.5"),
    ],
)
def test_numbers_are_written_as_cpp_streams_do(value: float, text: str) -> None:
    assert number_text(value) == text


def test_what_is_no_text_becomes_a_question_mark() -> None:
    assert [unicode_text(text) for text in ("plain", "bücher", "caf\udce9")] == ["plain", "bücher", "caf?"]


def test_numbers_are_cut_to_63_bits() -> None:
    assert [signed(value) for value in (5, 2**63 - 1, 2**64 - 1)] == [5, 2**63 - 1, 2**63 - 1]
