"""Write a dictionary for packed window records: what the records of all handlers look like, without any values.

    PYTHONPATH=python .venv/bin/python crates/records/dictionaries/make.py FILE

Records come from the declarations and from made-up traffic (input mock), whose groups show what labels look like; of
each metric some groups are enough. FILE is the next number, as `2.bin`, which is then to be listed in
`crates/records/src/packed/dictionaries.rs`. Files of a release never change: what they have packed may wait anywhere.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pktvisor import clock
from pktvisor.errors import ConfigError
from pktvisor.handlers import handlers
from pktvisor.handlers.base import Handler, HandlerSettings
from pktvisor.inputs.base import Defaults
from pktvisor.inputs.mock import MockInput
from pktvisor.outputs.hub_body import Identity
from pktvisor.policies.default import DEFAULT
from pktvisor.policies.plan import Instance
from pktvisor.policies.policy import Policy
from pktvisor.policies.records import bucket_records
from pktvisor.windows.record import Record
from pktvisor.windows.tables import record_table

LAST = (("net", "1.0"), ("dns", "1.0"))
"""What is met most often: the end of a dictionary is the cheapest to refer to."""
GROUPS = 3
"""Groups of a metric that are enough."""
TRAFFIC_S = 3


def main(arguments: Sequence[str]) -> int:
    """Write the dictionary."""
    (path,) = arguments
    parts = [part for settings in ({"enable": ("all",)}, {"input_type": "dnstap"}, {}) for part in parts_of(settings)]
    Path(path).write_bytes(b"".join(dict.fromkeys(parts)))
    return 0


def parts_of(settings: dict[str, object]) -> Iterator[bytes]:
    """The columns of each handler's records, then those of the usual handlers together."""
    usable = [one for one in handlers().values() if is_usable(one, settings)]
    for one in usable:
        yield columns(records([one], settings))
    usual = [handlers()[key] for key in LAST]
    if all(one in usable for one in usual):
        yield columns(records(usual, settings))


def is_usable(one: type[Handler], settings: dict[str, object]) -> bool:
    """Whether it has something to count, as it is: metrics of its own, from this input."""
    try:
        one(HandlerSettings(**settings))  # type: ignore[arg-type]
    except ConfigError:
        return False
    return settings.get("input_type", "pcap") in one.inputs or not one.inputs


def records(kinds: Sequence[type[Handler]], settings: dict[str, object]) -> list[Record]:
    """What handlers make of some traffic."""
    made = [(kind.type, kind(HandlerSettings(**settings))) for kind in kinds]  # type: ignore[arg-type]
    instances = [Instance(f"{DEFAULT}-{DEFAULT}-{name}", one, DEFAULT) for name, one in made]
    policy = Policy(DEFAULT, instances, periods=2)
    traffic = MockInput({"traffic": ["dns", "web", "dhcp", "flow"], "packets_per_second": 2000}, Defaults())
    traffic.start([policy.core])
    time.sleep(TRAFFIC_S)
    traffic.stop()
    return bucket_records(policy, 0, agent="", now_ns=clock.now_ns())


def columns(found: Sequence[Record]) -> bytes:
    """What stands in a packed table besides images."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for record in found:
        seen[record.schema, record.path] += 1
        if seen[record.schema, record.path] <= GROUPS:
            kept.append(replace(record, value=None, number=0, start_ns=0, end_ns=0, length_s=60, is_closed=True))
    metadata = Identity("", "", "5.0.0", ()).metadata()
    parts = {name: content for name, content, _ in record_table(kept, metadata).packed_parts()}
    return parts["records"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
