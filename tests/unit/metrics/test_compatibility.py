"""The room of what exists for single metrics of the C++ agent: each thing serves those that it names, and no others."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import pytest

from pktvisor.handlers import handlers
from pktvisor.handlers.base import Handler
from pktvisor.metrics import compatibility
from pktvisor.metrics.compatibility import Parameter, PeerHandler, PeerMetric, Purged
from pktvisor.metrics.kinds import Counter, Metric, TopN

Users = Callable[[type[Handler], Metric], bool]


def families(uses: Users) -> set[str]:
    """The shown metrics of all handlers that use something, by their names in Prometheus."""
    return {
        "_".join((metric.prefix or handler.schema, *metric.path.split(".")))
        for handler in handlers().values()
        for metric in handler.declared().values()
        if not metric.is_hidden and uses(handler, metric)
    }


def named(text: str | None) -> set[str]:
    """The metrics that a text of the room names."""
    return set(re.findall(r"`((?:dns|dhcp|packets)_\w+)`", text or ""))


def overrides(handler: type[Handler], name: str) -> bool:
    return inspect.getattr_static(handler, name) is not inspect.getattr_static(PeerHandler, name)


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        (Parameter.__doc__, lambda _, metric: any("'$" in repr(where.json) for where, _, _ in metric.feeds())),
        (Purged.__doc__, lambda _, metric: isinstance(metric, Counter) and metric.purged is not None),
        (inspect.getsource(PeerMetric), lambda _, metric: metric.print_groups is not None),
        (
            inspect.getsource(PeerHandler).split("def purged_of")[0],
            lambda handler, metric: isinstance(metric, TopN) and overrides(handler, "fixed_top"),
        ),
        (
            PeerHandler.purged_of.__doc__,
            lambda handler, metric: (
                isinstance(metric, Counter) and metric.purged is not None and overrides(handler, "purged_of")
            ),
        ),
    ],
    ids=["Parameter", "Purged", "print_groups", "fixed_top", "purged_of"],
)
def test_it_serves_the_metrics_that_it_names(text: str | None, uses: Users) -> None:
    assert named(text)
    assert families(uses) == named(text)


def test_a_witness_is_what_version_2_of_net_and_dns_have() -> None:
    witnessed = {key for key, handler in handlers().items() if overrides(handler, "witness")}
    assert witnessed == {("net", "2.0"), ("dns", "2.0")}


def test_the_room_depends_on_nothing_so_that_all_can_use_it() -> None:
    assert "from pktvisor" not in inspect.getsource(compatibility)
