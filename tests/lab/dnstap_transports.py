"""dnstap_knot.fstrm and dnstap_encrypted.fstrm: the same questions as Knot DNS, and dnsdist before it, log them.

client 10.9.0.1 - 10.9.0.2 dnsdist (port 53, TLS on 853, HTTPS on 443) - Knot DNS on port 5300 of the same host. Knot
tells responses with their queries; both name themselves. Counts are those of BIND's dnstap-read.
"""

from __future__ import annotations

import subprocess
import time

from dnstap import keep_counted, start_listener
from netlab import Host, Lab, stop, wait_until
from servers import ZONES, answers

NAMES = ("www.lab.test", "missing.lab.test", "only4.lab.test")

KNOT = """
server:
  listen: [10.9.0.2@5300, fd09::2@5300]
  rundir: "{folder}"
database:
  storage: "{folder}"
mod-dnstap:
  - id: lab
    sink: "unix:{socket}"
    identity: "knot.lab.test"
    responses-with-queries: on
template:
  - id: default
    storage: "{zones}"
    global-module: mod-dnstap/lab
zone:
  - domain: lab.test
    file: lab.test.zone
    zonefile-sync: -1
    journal-content: none
"""

DNSDIST = """
setLocal("10.9.0.2:53")
addLocal("[fd09::2]:53")
addTLSLocal("10.9.0.2:853", "{folder}/lab.pem", "{folder}/lab.key")
addDOHLocal("10.9.0.2:443", "{folder}/lab.pem", "{folder}/lab.key")
setACL({{"10.9.0.0/24", "fd09::/64"}})
newServer({{address = "10.9.0.2:5300", healthCheckMode = "up"}})
logger = newFrameStreamUnixLogger("{socket}")
addAction(AllRule(), DnstapLogAction("dnsdist.lab.test", logger))
addResponseAction(AllRule(), DnstapLogResponseAction("dnsdist.lab.test", logger))
"""


def make_certificate(lab: Lab) -> None:
    """A key and a certificate that nobody trusts."""
    files = ("-keyout", str(lab.folder / "lab.key"), "-out", str(lab.folder / "lab.pem"))
    line = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab.test", "-days", "2", *files)
    subprocess.run(line, check=True, capture_output=True)


def ask_everything(client: Host) -> None:
    """The same questions in the clear, over TLS and over HTTPS."""
    for name in NAMES:
        client.dig("@10.9.0.2", name, "A")
        client.dig("@fd09::2", name, "AAAA")
        client.dig("+tcp", "@10.9.0.2", name, "A")
        client.run("kdig", "+tls", "@10.9.0.2", name, "A")
        client.run("kdig", "+https", "@10.9.0.2", name, "AAAA")


def main() -> None:
    """Record both files at once."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64")
        near, near_socket, near_file = start_listener(lab, server, "dnstap_encrypted")
        far, far_socket, far_file = start_listener(lab, server, "dnstap_knot")
        make_certificate(lab)
        knot = lab.write("knot.conf", KNOT.format(folder=lab.folder, zones=ZONES, socket=far_socket))
        dnsdist = lab.write("dnsdist.conf", DNSDIST.format(folder=lab.folder, socket=near_socket))
        servers = [lab.daemon(server, "knotd", "-c", str(knot))]
        servers.append(lab.daemon(server, "dnsdist", "--supervised", "-C", str(dnsdist)))
        wait_until(lambda: answers(client, "10.9.0.2", "lab.test"), "dnsdist to answer")
        ask_everything(client)
        time.sleep(8)  # both hand over what they have gathered now and then
        for process in (*reversed(servers), near, far):  # the writers first, so that they end their streams
            stop(process)
        keep_counted(near_file)
        keep_counted(far_file)


if __name__ == "__main__":
    main()
