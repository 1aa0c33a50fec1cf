"""PromQL over what agents and hubs serve.

Counters count since the start, so that `rate()` fits them. All else is of the newest complete window: it is shown as it
is, and never summed over quantiles.
"""

from __future__ import annotations

from pktvisor.api.catalogue import ShownMetric
from pktvisor.policies.totals import total_name

AGENTS = 'job=~"$job",instance=~"$instance",policy=~"$policy"'
"""The chosen policy of the chosen agents."""
PROCESSES = 'job=~"$job",instance=~"$instance"'
"""The chosen agents as processes."""
HUB = 'job=~"$hub",policy=~"$policy"'
"""The chosen policy of the hub."""
RANGE = "$__rate_interval"
WINDOW_S = 60
"""How long windows are: those of a hub always, those of agents unless they are told otherwise."""


def counter(metric: ShownMetric) -> str:
    """The name of a counter's count since the start."""
    return total_name(metric.prometheus)


def per_second(name: str, where: str = AGENTS, by: str = "") -> str:
    """How fast a count since the start grows, over all agents, or by labels."""
    return f"{_sum(by)}(rate({name}{{{where}}}[{RANGE}]))"


def ledger(name: str, where: str = PROCESSES, by: str = "") -> str:
    """How fast an entry of the loss ledger grows. Policies at one tap have the same packets, which count once."""
    once = f"max by (instance, tap, reason) (rate(pktvisor_input_{name}_total{{{where}}}[{RANGE}]))"
    return f"{_sum(by)}({once})"


def rate(metric: ShownMetric, where: str = AGENTS, by: str = "") -> str:
    """How often a declared counter counts, per second."""
    return per_second(counter(metric), where, by)


def in_window(metric: ShownMetric, where: str = AGENTS, by: str = "") -> str:
    """How often it was counted per second in the newest windows: where there is no count since the start."""
    return f"{newest(metric, where, by)} / {WINDOW_S}"


def bits(metric: ShownMetric, where: str = AGENTS, by: str = "") -> str:
    """How many bits per second were counted in bytes in the newest windows."""
    return f"8 * {in_window(metric, where, by)}"


def share(part: ShownMetric, whole: ShownMetric, where: str = AGENTS, by: str = "") -> str:
    """Which part of what is counted is of one kind, from 0 to 1; nothing while nothing is counted."""
    return f"{rate(part, where, by)} / ({rate(whole, where, by)} > 0)"


def gauge(name: str, where: str = PROCESSES, by: str = "") -> str:
    """What a gauge of processes says now, added over agents."""
    return f"{_sum(by)}({name}{{{where}}})"


def newest(metric: ShownMetric, where: str = AGENTS, by: str = "") -> str:
    """What the newest windows hold, added over agents."""
    return f"{_sum(by)}({metric.prometheus}{{{where}}})"


def greatest(metric: ShownMetric, where: str = AGENTS) -> str:
    """What the newest window of the agent with most holds: for what can't be added, such as cardinalities."""
    return f"max({metric.prometheus}{{{where}}})"


def quantile(metric: ShownMetric, rank: str, where: str = AGENTS) -> str:
    """A quantile of the newest window, of the agent where it is greatest: quantiles can't be added."""
    return f'max({metric.prometheus}{{{where},quantile="{rank}"}})'


def heaviest(metric: ShownMetric, where: str = AGENTS, count: int = 10) -> str:
    """The heaviest items of the newest windows' top lists, added over agents."""
    return f"topk({count}, {newest(metric, where, item(metric))})"


def item(metric: ShownMetric) -> str:
    """The label that names a top list's items."""
    return metric.labels[-1]


def _sum(by: str) -> str:
    return f"sum by ({by}) " if by else "sum"
