"""Real servers for the lab, each started in the foreground with a configuration of a few lines."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from netlab import Host, Lab, wait_until

ZONES = Path(__file__).resolve().parent / "zones"

NAMED_CONFIGURATION = """
options {{ directory "{folder}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  listen-on {{ {ipv4} }}; listen-on-v6 {{ {ipv6} }};
  recursion no; allow-transfer {{ any; }}; dnssec-validation no; minimal-responses no; {options} }};
controls {{ }};
logging {{ channel file_log {{ file "{folder}/named.log"; }}; category default {{ file_log; }}; }};
"""


def answers(host: Host, server: str, name: str) -> bool:
    """Whether `server`, seen from `host`, gives any answer for the SOA of `name`."""
    return "status:" in host.dig(f"@{server}", name, "SOA")


def start_named(
    lab: Lab, host: Host, addresses: Sequence[str], zones: Sequence[str], signed: Sequence[str] = (), options: str = ""
) -> subprocess.Popen[bytes]:
    """Start BIND with zone files from tests/lab/zones (the root zone is "root"); `signed` zones get DNSSEC keys."""
    folder = lab.folder / f"named-{host.namespace}"
    folder.mkdir()
    ipv4 = "".join(f"{address}; " for address in addresses if ":" not in address)
    ipv6 = "".join(f"{address}; " for address in addresses if ":" in address)
    text = NAMED_CONFIGURATION.format(folder=folder, ipv4=ipv4, ipv6=ipv6, options=options)
    for zone in zones:
        (folder / f"{zone}.zone").write_text((ZONES / f"{zone}.zone").read_text())
        name = "." if zone == "root" else zone
        policy = "dnssec-policy default; inline-signing yes;" if zone in signed else ""
        text += f'zone "{name}" {{ type primary; file "{folder}/{zone}.zone"; {policy} }};\n'
    configuration = lab.write(f"{folder.name}/named.conf", text)
    daemon = lab.daemon(host, "named", "-f", "-c", str(configuration))
    first = "." if zones[0] == "root" else zones[0]
    wait_until(lambda: answers(host, addresses[0], first), "named to answer")
    return daemon


UNBOUND_CONFIGURATION = """
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: "{folder}/unbound.pid"
{interfaces}
  access-control: 10.0.0.0/8 allow
  access-control: fd00::/8 allow
  do-not-query-localhost: no
  root-hints: "{folder}/root.hints"
  local-zone: "test." nodefault
  local-zone: "2.0.192.in-addr.arpa." nodefault
  logfile: "{folder}/unbound.log"
  use-syslog: no
  num-threads: 1
{options}
remote-control:
  control-enable: no
"""


def start_unbound(
    lab: Lab, host: Host, addresses: Sequence[str], root_server: str, options: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start the unbound resolver, with `root_server` as its only root hint and extra lines of its server section."""
    folder = lab.folder / f"unbound-{host.namespace}"
    lab.write(f"{folder.name}/root.hints", f". 3600 NS a.root.test.\na.root.test. 3600 A {root_server}\n")
    interfaces = "\n".join(f"  interface: {address}" for address in addresses)
    lines = "\n".join(f"  {line}" for line in options)
    text = UNBOUND_CONFIGURATION.format(folder=folder, interfaces=interfaces, options=lines)
    configuration = lab.write(f"{folder.name}/unbound.conf", text)
    daemon = lab.daemon(host, "unbound", "-d", "-c", str(configuration))
    wait_until(lambda: answers(host, addresses[0], "localhost"), "unbound to answer")
    return daemon


NSD_CONFIGURATION = """
server:
{interfaces}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zone.list"
  logfile: "{folder}/nsd.log"
  ipv4-edns-size: 4096
  ipv6-edns-size: 4096
remote-control:
  control-enable: no
{sections}
"""


def start_nsd(
    lab: Lab, host: Host, addresses: Sequence[str], zones: Sequence[str], sections: str = ""
) -> subprocess.Popen[bytes]:
    """Start NSD, which refuses foreign names and sends UDP answers of up to 4096 bytes."""
    folder = lab.folder / f"nsd-{host.namespace}"
    interfaces = "\n".join(f"  ip-address: {address}" for address in addresses)
    text = NSD_CONFIGURATION.format(folder=folder, interfaces=interfaces, sections=sections)
    for zone in zones:
        lab.write(f"{folder.name}/{zone}.zone", (ZONES / f"{zone}.zone").read_text())
        text += f"zone:\n  name: {zone}\n  zonefile: {zone}.zone\n"
    configuration = lab.write(f"{folder.name}/nsd.conf", text)
    daemon = lab.daemon(host, "nsd", "-d", "-c", str(configuration))
    wait_until(lambda: answers(host, addresses[0], zones[0]), "nsd to answer")
    return daemon
