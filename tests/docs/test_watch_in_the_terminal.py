"""The policy on the page gives the terminal's drill-down what it needs."""

from __future__ import annotations

import re
from pathlib import Path

from pktvisor.api.documents import read_policy_metrics
from pktvisor.config.schema import load_config
from pktvisor.outputs.json import policy_document
from pktvisor.policies.instances import WindowDefaults, make_modules
from pktvisor.policies.policy import Policy
from pktvisor.policies.summary import run_file
from pktvisor.tui.drill import Target, related
from support.captures import FOLDER

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "watch-in-the-terminal.md").read_text(encoding="utf-8")


def test_the_policy_on_the_page_tells_names_from_clients() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (config,) = load_config(text).policies
    modules = make_modules(config, tap="wire", input_type="pcap", defaults=WindowDefaults(), global_settings={})
    policy = Policy("pairs", [module.instance for module in modules], periods=1, is_recorded=True)
    run_file(str(FOLDER / "dns_resolver.pcap"), policy)
    handlers = read_policy_metrics("pairs", {"pairs": policy_document(policy.bucket(0, 0))}).handlers
    for target in ("www.lab.test", "10.8.0.1"):
        assert related(handlers, Target(target))[0].entries
