"""tcp_web.pcap: TCP that is not DNS: HTTP requests, refused connections, a connection that is reset, both families."""

from __future__ import annotations

import sys

from netlab import Host, Lab, wait_until

RESET = """
import socket, struct, sys
with socket.create_connection((sys.argv[1], 8080), timeout=5) as connection:
    connection.sendall(b"GET / HTTP/1.1\\r\\n")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
"""


def browse(client: Host, address: str) -> None:
    """Fetch a page and a missing page, meet a closed port, and reset a half-sent request."""
    client.run("curl", "-s", "-o", "/dev/null", f"http://{address}:8080/page.txt", f"http://{address}:8080/missing")
    client.run("curl", "-s", f"http://{address}:8081/", check=False)
    client.run(sys.executable, "-c", RESET, address.strip("[]"))


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "10.9.0.1/24 fd09::1/64", server, "10.9.0.2/24 fd09::2/64")
        page = lab.write("www/page.txt", "A line of the page.\n" * 500)
        listen = ("-m", "http.server", "8080", "--bind", "::", "--directory", str(page.parent))
        lab.daemon(server, sys.executable, *listen)
        wait_until(lambda: "LISTEN" in server.run("ss", "-ltn", "sport = 8080"), "the web server to listen")
        with lab.capture(client, "tcp_web.pcap"):
            browse(client, "10.9.0.2")
            browse(client, "[fd09::2]")


if __name__ == "__main__":
    main()
