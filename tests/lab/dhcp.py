"""dhcp4.pcap and dhcp6.pcap: addresses leased, renewed and released by ISC DHCP.

Version 4: a client comes back with a lease of another network (REQUEST, NAK), gets a new one (DISCOVER, OFFER, REQUEST,
ACK), renews it at half of its 12 seconds (REQUEST, ACK) and gives it back (RELEASE). Version 6: a client asks for an
address and a prefix (SOLICIT, ADVERTISE, REQUEST, REPLY), renews and releases them.
"""

from __future__ import annotations

from pathlib import Path

from netlab import Host, Lab, stop, wait_until

DHCPD4 = """
default-lease-time 12; max-lease-time 12; min-lease-time 12; authoritative;
subnet 10.7.0.0 netmask 255.255.255.0 {
  range 10.7.0.100 10.7.0.150; option routers 10.7.0.2; option domain-name-servers 10.7.0.2;
  option domain-name "lab.test";
}
"""
DHCPD6 = """
default-lease-time 12; preferred-lifetime 8; option dhcp-renewal-time 4; option dhcp-rebinding-time 6; authoritative;
subnet6 fd07::/64 { range6 fd07::100 fd07::1ff; option dhcp6.name-servers fd07::2; prefix6 fd99:1:: fd99:2:: /48; }
"""
OLD_LEASE = """
lease {
  interface "eth0"; fixed-address 10.66.0.5; option subnet-mask 255.255.255.0; option dhcp-lease-time 864000;
  option dhcp-message-type 5; option dhcp-server-identifier 10.66.0.1;
  renew 2 2037/01/01 00:00:00; rebind 2 2037/01/01 00:00:00; expire 2 2037/01/01 00:00:00;
}
"""
# Sets the address, as dhclient-script does, and nothing else: no routes, no resolv.conf.
CLIENT_SCRIPT = """#!/bin/sh
[ -n "$new_ip_address" ] && ip addr replace "$new_ip_address/24" dev "$interface"
[ -n "$new_ip6_address" ] && ip addr replace "$new_ip6_address/64" dev "$interface"
exit 0
"""


def start_dhcpd(lab: Lab, server: Host, version: str, text: str) -> None:
    """Start the DHCP server of version "4" or "6" on eth0."""
    configuration = lab.write(f"dhcpd{version}.conf", text)
    leases = lab.write(f"dhcpd{version}.leases", "")
    files = ("-cf", str(configuration), "-lf", str(leases), "-pf", str(lab.folder / f"dhcpd{version}.pid"))
    lab.daemon(server, "dhcpd", "-f", f"-{version}", "-user", "root", "-group", "root", *files, "eth0")
    wait_until(lambda: (lab.folder / f"dhcpd{version}.pid").exists(), f"dhcpd -{version} to start")


def client_arguments(lab: Lab, version: str, old_leases: str) -> tuple[str, ...]:
    """Arguments of dhclient with a script and files of its own."""
    script = lab.write("client-script", CLIENT_SCRIPT)
    script.chmod(0o755)
    leases = lab.write(f"client{version}.leases", old_leases)
    options = lab.write("client.conf", 'send host-name "lab-client";\n')
    requests = ("-N", "-P") if version == "6" else ()
    files = ("-sf", str(script), "-lf", str(leases), "-pf", str(lab.folder / f"client{version}.pid"))
    return ("dhclient", f"-{version}", "-cf", str(options), *requests, *files, "eth0")


def lease_renew_release(lab: Lab, client: Host, version: str, log_word: str, old_leases: str = "") -> None:
    """Run dhclient until its log shows `log_word` twice (leased, renewed), then let it release."""
    arguments = client_arguments(lab, version, old_leases)
    daemon = lab.daemon(client, *arguments, "-d")
    log = newest_log(lab)
    wait_until(lambda: log.read_text().count(log_word) >= 2, f"a lease and its renewal: {log.read_text()}", 40)
    stop(daemon)
    client.run(*arguments, "-r")


def newest_log(lab: Lab) -> Path:
    """The log file of the client that was started last."""
    return max(lab.folder.glob("dhclient-*.log"), key=lambda path: path.stat().st_mtime_ns)


def main() -> None:
    """Record both versions."""
    with Lab() as lab:
        client, server = lab.host("client"), lab.host("server")
        lab.link(client, "fd07::1/64", server, "10.7.0.2/24 fd07::2/64")
        start_dhcpd(lab, server, "4", DHCPD4)
        start_dhcpd(lab, server, "6", DHCPD6)
        with lab.capture(server, "dhcp4.pcap", expression="arp or udp port 67 or udp port 68"):
            lease_renew_release(lab, client, "4", "DHCPACK", OLD_LEASE)
        wait_until(lambda: "tentative" not in client.run("ip", "addr"), "IPv6 addresses to be usable")
        with lab.capture(server, "dhcp6.pcap", expression="ip6"):
            lease_renew_release(lab, client, "6", "RCV: Reply")


if __name__ == "__main__":
    main()
