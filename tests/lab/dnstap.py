"""dnstap_authoritative.fstrm and dnstap_resolver.fstrm: what BIND and unbound log of the same questions as dnstap.

client 10.9.0.1 - 10.9.0.2 unbound 10.8.0.1 - 10.8.0.2 BIND. Each server writes to its own fstrm_capture over a unix
socket. Counts are those of BIND's dnstap-read, by message type and transport.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

from netlab import CAPTURES, Host, Lab, keep, stop, wait_until
from servers import start_named, start_unbound

NAMES = ("www.lab.test", "mail.lab.test", "alias2.lab.test", "missing.lab.test", "only4.lab.test", "h.wild.lab.test")
# 23-Nov-2026 23:59:59.999 CQ 10.9.0.1:40000 -> 10.9.0.2:53 UDP 40b www.lab.test/IN/A
MESSAGE = re.compile(r"^\S+ \S+ (\S\S) \S+ (?:->|<-) \S+ (\S+) (\d+)b ")


def start_listener(lab: Lab, host: Host, name: str) -> tuple[subprocess.Popen[bytes], Path, Path]:
    """Start fstrm_capture; the process, its socket and the file that it writes."""
    socket, path = lab.folder / f"{name}.sock", lab.folder / f"{name}.fstrm"
    content = ("-t", "protobuf:dnstap.Dnstap")
    process = lab.daemon(host, "fstrm_capture", *content, "-u", str(socket), "-w", str(path))
    wait_until(socket.exists, "fstrm_capture to listen")
    return process, socket, path


def ask_everything(client: Host) -> None:
    """The same questions over UDP, TCP and both families."""
    for name in NAMES:
        client.dig("@10.9.0.2", name, "A")
        client.dig("@fd09::2", name, "AAAA")
        client.dig("+tcp", "@10.9.0.2", name, "A")
    client.dig("@10.9.0.2", "big.lab.test", "TXT")
    client.dig("@10.8.0.2", "WWW.Lab.Test", "A")


def count_messages(path: Path) -> dict[str, object]:
    """What dnstap-read prints of a file, counted."""
    printed = subprocess.run(["dnstap-read", path], check=True, capture_output=True, text=True).stdout.splitlines()
    found = [match.groups() for line in printed if (match := MESSAGE.match(line))]
    if len(found) != len(printed):
        raise ValueError(f"dnstap-read printed something else: {printed[:3]}")
    return {
        "messages": len(found),
        "dns_bytes": sum(int(size) for _, _, size in found),
        "types": dict(sorted(Counter(kind for kind, _, _ in found).items())),
        "transports": dict(sorted(Counter(transport for _, transport, _ in found).items())),
    }


def keep_counted(path: Path) -> None:
    """Keep one file and its counts."""
    keep(path, CAPTURES / path.name)
    counts = {"capture": path.name, **count_messages(path)}
    (CAPTURES / f"{path.stem}.counts.json").write_text(json.dumps(counts, indent=2) + "\n")


def dnstap_of_unbound(socket: Path) -> tuple[str, ...]:
    """The lines of unbound's configuration; they start a section of their own."""
    kinds = ("client-query", "client-response", "resolver-query", "resolver-response")
    logged = (f"  dnstap-log-{kind}-messages: yes" for kind in kinds)
    place = ("  dnstap-enable: yes", "  dnstap-bidirectional: yes", f'  dnstap-socket-path: "{socket}"')
    return ("dnstap:", *place, '  dnstap-identity: "resolver"', "  dnstap-send-identity: yes", *logged)


def main() -> None:
    """Record both files at once."""
    with Lab() as lab:
        client, resolver, server = lab.host("client"), lab.host("resolver"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", resolver, "10.9.0.2/24 fd09::2/64")
        lab.link(resolver, "10.8.0.1/24", server, "10.8.0.2/24")
        client.ip("route", "add", "default", "via", "10.9.0.2")
        server.ip("route", "add", "default", "via", "10.8.0.1")
        resolver.run("sysctl", "-q", "net.ipv4.ip_forward=1")
        near, near_socket, near_file = start_listener(lab, resolver, "dnstap_resolver")
        far, far_socket, far_file = start_listener(lab, server, "dnstap_authoritative")
        output = f'dnstap {{ all; }}; dnstap-output unix "{far_socket}"; dnstap-identity "authority";'
        named = start_named(lab, server, ("10.8.0.2",), ("root", "test", "lab.test"), options=output)
        options = ("qname-minimisation: no", *dnstap_of_unbound(near_socket))
        unbound = start_unbound(lab, resolver, ("10.9.0.2", "fd09::2"), "10.8.0.2", options=options)
        ask_everything(client)
        time.sleep(1.5)  # unbound hands over what it has gathered once a second
        for process in (unbound, named, near, far):  # the writers first, so that they end their streams
            stop(process)
        keep_counted(near_file)
        keep_counted(far_file)


if __name__ == "__main__":
    main()
