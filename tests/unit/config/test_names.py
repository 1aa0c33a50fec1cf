"""Names of taps, policies and handlers."""

from __future__ import annotations

import pytest

from pktvisor.config.names import check_name
from pktvisor.errors import ConfigError


@pytest.mark.parametrize("name", ["a", "_", "edge-1", "Edge_2", "a--b"])
def test_names_that_can_stand_in_a_path_are_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "1a", "-a", "a b", "a.b", "ä", "a\n", "a/b"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="invalid module name: "):
        check_name(name)
