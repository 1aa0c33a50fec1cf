"""The page as one file: nothing in it comes from elsewhere, and names stay text."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from pktvisor.server import page
from pktvisor.server.report_page import MODULES, report_page

HOSTILE = "</script><script>alert(1)</script><!--\u2028"


def written(**documents: object) -> str:
    return report_page(documents, "capture <1>").decode()


def modules(text: str) -> dict[str, str]:
    found = re.search(r'<script type="importmap">(.*?)</script>', text)
    assert found is not None
    addresses = json.loads(found.group(1))["imports"]
    return {name: base64.b64decode(address.partition(",")[2]).decode() for name, address in addresses.items()}


def test_names_of_the_network_can_not_end_the_script_that_holds_them() -> None:
    text = written(inputs={"name": HOSTILE})
    assert text.count("<script") == 4 - 1, "the map of modules, the documents, the start"
    embedded = re.search(r'id="documents">(.*?)</script>', text)
    assert embedded is not None
    assert json.loads(embedded.group(1)) == {"inputs": {"name": HOSTILE}}
    assert "<title>capture &lt;1&gt;</title>" in text


def test_nothing_is_asked_for_from_elsewhere() -> None:
    text = written()
    linked = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert [address for address in linked if not address.startswith("data:")] == []
    policy = re.search(r'Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy.group(1)
    assert "connect-src" not in policy.group(1)
    assert "unsafe" not in policy.group(1)


def test_each_module_that_a_module_names_is_in_the_file() -> None:
    held = modules(written())
    assert f"{MODULES}app/screens/dns.js" in held
    for name, module in held.items():
        own = re.findall(r'(?:\bfrom |^import |\bimport\()"([^"]+)"', module, re.MULTILINE)
        assert [named for named in own if named not in held] == [], name


def test_screens_that_need_a_running_program_or_are_of_hubs_are_left_out() -> None:
    held = modules(written())
    screens = {name.rpartition("/")[2] for name in held if "/screens/" in name}
    assert {"overview.js", "dns.js", "net.js", "inputs.js", "handlers.js"} <= screens
    assert not screens & {"policies.js", "packets.js", "fleet.js", "history.js"}
    assert not [path for path in page.sources() if path == "app/hub.js" and f"{MODULES}{path}" in held]


def test_what_may_run_is_named_by_its_hash() -> None:
    text = written()
    for script in re.findall(r'<script type="(?:importmap|module)">(.*?)</script>', text):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in text
