"""An agent that is killed at any moment, and whose windows reach a real hub each once."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pktvisor.hub.delivery import read_delivery
from pktvisor.hub.journal import JournalReader
from support.daemon import Daemon, daemon, eventually
from support.hub_crashes import hub
from support.inputs import free_port

LIVES, SEED = 4, 7
PERIODS = 10
CONFIG = """
visor:
  taps:
    made_up: {input_type: mock, config: {traffic: site, seed: 5, packets_per_second: 2000}}
  policies:
    edge:
      kind: collection
      input: {tap: made_up, input_type: mock}
      handlers:
        modules:
          packets: {type: net}
          names: {type: dns}
"""
NET, DNS = "edge-made_up-packets", "edge-made_up-names"
