from __future__ import annotations

import pytest

from pktvisor.errors import ConfigError
from pktvisor.handlers import handler
from pktvisor.handlers.base import Settings
from pktvisor.handlers.dhcp import Dhcp


def test_the_time_to_live_becomes_microseconds() -> None:
    assert Dhcp(Settings()).parameters() == {"ttl_us": 5_000_000}
    assert Dhcp(Settings(options={"xact_ttl_ms": 7})).parameters() == {"ttl_us": 7_000}


def test_it_has_no_filters() -> None:
    with pytest.raises(ConfigError, match=r"^only_queries is an invalid/unsupported config or filter"):
        Dhcp(Settings(options={"only_queries": True}))


def test_its_lists_have_a_length_of_their_own() -> None:
    assert Dhcp(Settings(topn_count=3)).fixed_top


def test_a_version_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"no handler 'dhcp' of version 2\.0"):
        handler("dhcp", "2.0")
