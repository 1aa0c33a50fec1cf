from __future__ import annotations

import pytest

from pktvisor.metrics.completeness import completeness


@pytest.mark.parametrize(
    ("ledger", "complete"),
    [
        ({}, None),
        ({"seen": 0, "decoded": 0}, None),
        ({"seen": 4, "decoded": 3, "filtered": 1}, 1.0),
        ({"seen": 4, "decoded": 1, "dropped_by_kernel": 1, "dropped_by_us": 1, "dns.too_short": 1}, 0.25),
        ({"seen": 3, "decoded": 3, "dropped_by_interface": 1}, 0.75),
        ({"dropped_by_interface": 5}, 0.0),
        ({"seen": 2, "decoded": 2, "evicted.groups": 9, "time.steps": 1, "direction_unknown": 2}, 1.0),
    ],
)
def test_what_was_dropped_or_malformed_is_missing_of_what_came(ledger: dict[str, int], complete: float | None) -> None:
    assert completeness(ledger) == complete
