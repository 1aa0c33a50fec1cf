"""Names of files as configurations have them."""

from __future__ import annotations

from typing import Any

import pytest

from pktvisor.config.models import Settings
from pktvisor.errors import ConfigError
from pktvisor.inputs.file_names import read_names


@pytest.mark.parametrize(
    ("said", "names"), [(None, []), ("", []), ("a.pcap", ["a.pcap"]), (["a.pcap", "b*.pcap"], ["a.pcap", "b*.pcap"])]
)
def test_a_key_names_one_file_or_several(said: Any, names: list[str]) -> None:
    config: Settings = {} if said is None else {"pcap_file": said}
    assert read_names(config, "pcap_file") == names


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ([], r"^pcap_file: an empty list names no file"),
        (["a.pcap", ""], r"^pcap_file\.1: an empty text names no file"),
        ("/**/a.pcap", r"^pcap_file: \*\* is no pattern: say which folders"),
        (["a.pcap", "/**/a.pcap"], r"^pcap_file\.1: \*\* is no pattern: say which folders"),
        (["a"] * 1001, r"^pcap_file: at most 1000 files and patterns are allowed, not 1001"),
        (7, "wrong type for key: pcap_file"),
        ({"a": 1}, "wrong type for key: pcap_file"),
    ],
)
def test_what_names_no_file_is_told_with_its_place(said: Any, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_names({"pcap_file": said}, "pcap_file")
