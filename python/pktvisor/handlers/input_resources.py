"""What an input itself takes: processor, memory, policies (handler input_resources, version 1.0)."""

from __future__ import annotations

from dataclasses import replace

from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.metrics.expressions import EVENT, SAMPLED, resources
from pktvisor.metrics.kinds import Counter, Last, Quantiles, Rate

MEASUREMENT = resources.event == 0


class InputResources(Handler):
    """Version 1.0. A live input measures every five seconds that packets come; a capture file measures nothing."""

    type, schema, table = "input_resources", "input_resources", "resources"
    inputs = ("pcap", "dnstap", "flow", "netprobe", "mock")
    options = ("recorded_stream",)

    cpu_usage = Quantiles(
        resources.cpu_percent,
        MEASUREMENT,
        prefix="resources",
        help="Quantiles of 5s averages of percent cpu usage by the input stream",
    )
    memory_bytes = Quantiles(
        resources.memory_bytes,
        MEASUREMENT,
        prefix="resources",
        help="Quantiles of 5s averages of memory usage (in bytes) by the input stream",
    )
    policy_count = Last(
        resources.policies, prefix="resources", help="Total number of policies attached to the input stream"
    )
    handler_count = Last(
        resources.handlers, prefix="resources", help="Total number of handlers attached to the input stream"
    )
    total = Counter(within=EVENT, prefix="base", help="Total number of events")
    deep_samples = Counter(within=SAMPLED, prefix="base", help="Total number of deep samples")
    event_rate = Rate(within=EVENT, prefix="base", help="Rate of events")

    def __init__(self, settings: HandlerSettings) -> None:
        """Take the options that it knows; others do not matter, as the C++ pktvisor does not check them."""
        known = {key: value for key, value in settings.options.items() if key in self.options}
        super().__init__(replace(settings, options=known))
