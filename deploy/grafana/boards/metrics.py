"""The metrics that handlers declare, by their place in JSON below the handler's key, as Prometheus has them."""

from __future__ import annotations

from collections.abc import Mapping

from pktvisor.api.catalogue import ShownMetric
from pktvisor.handlers import handler
from pktvisor.server.catalogue import shown_metrics


def _declared(handler_type: str) -> Mapping[str, ShownMetric]:
    declared = handler(handler_type)
    return {one.path.removeprefix(f"{declared.schema}.").rpartition("*.")[2]: one for one in shown_metrics(declared)}


DHCP = _declared("dhcp")
DNS = _declared("dns")
FLOW = _declared("flow")
NET = _declared("net")
PCAP = _declared("pcap")
