"""dnstap_nsd.fstrm: what NSD logs of the questions of dnstap.py, over UDP and TCP and both families.

client 10.9.0.1 - 10.9.0.2 NSD, which writes to fstrm_capture over a unix socket. Counts are those of dnstap-read.
"""

from __future__ import annotations

import time

from dnstap import NAMES, keep_counted, start_listener
from netlab import Host, Lab, stop
from servers import start_nsd

DNSTAP = """dnstap:
  dnstap-enable: yes
  dnstap-socket-path: "{socket}"
  dnstap-identity: "nsd.lab.test"
  dnstap-version: "NSD of the lab"
  dnstap-send-identity: yes
  dnstap-send-version: yes
  dnstap-log-auth-query-messages: yes
  dnstap-log-auth-response-messages: yes
"""


def ask(client: Host) -> None:
    """The same questions over UDP, TCP and both families, and one that the server refuses."""
    for name in (*NAMES, "www.example.test"):
        client.dig("@10.9.0.2", name, "A")
        client.dig("@fd09::2", name, "AAAA")
        client.dig("+tcp", "@10.9.0.2", name, "A")


def main() -> None:
    """Record the file."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64")
        listener, socket, path = start_listener(lab, server, "dnstap_nsd")
        sections = DNSTAP.format(socket=socket)
        nsd = start_nsd(lab, server, ("10.9.0.2", "fd09::2"), ("lab.test",), sections)
        ask(client)
        time.sleep(1.5)
        for process in (nsd, listener):  # the writer first, so that it ends its stream
            stop(process)
        keep_counted(path)


if __name__ == "__main__":
    main()
