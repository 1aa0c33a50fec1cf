"""bgp_frr.pcap: FRR and BIRD open a session, exchange routes of both families, withdraw some, refresh, and close it.

FRR packs the routes of one family into few updates, and says of itself more than BIRD does: long-lived graceful
restart, extended messages, its name and version.
"""

from __future__ import annotations

from bgp import configuration, control, start_bird
from netlab import Host, Lab, wait_until

NETWORKS = 12
ROUTER = """
hostname lab-frr
router bgp 65001
 bgp router-id 10.3.0.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.3.0.2 remote-as 65002
 neighbor 10.3.0.2 timers 1 3
 neighbor 10.3.0.2 timers connect 1
 address-family ipv4 unicast
{networks4}
  neighbor 10.3.0.2 soft-reconfiguration inbound
 exit-address-family
 address-family ipv6 unicast
{networks6}
  neighbor 10.3.0.2 activate
  neighbor 10.3.0.2 route-map own-address out
 exit-address-family
route-map own-address permit 10
 set ipv6 next-hop global fd03::1
"""


def start_frr(lab: Lab, router: Host, networks: int) -> None:
    """Start FRR's bgpd alone, without the daemon that would set the kernel's routes."""
    text = ROUTER.format(
        networks4="\n".join(f"  network 203.0.{number}.0/24" for number in range(networks)),
        networks6="\n".join(f"  network 2001:db8:f{number:x}::/48" for number in range(networks)),
    )
    path = lab.write("frr.conf", text)
    folders = ("--vty_socket", str(lab.folder), "-i", str(lab.folder / "bgpd.pid"), "-P", "0")
    lab.daemon(router, "/usr/lib/frr/bgpd", "-Z", "-n", "-S", "-u", "root", "-g", "root", "-f", str(path), *folders)


def learned(lab: Lab, router: Host, networks: int) -> bool:
    """Whether BIRD has so many routes of both families from FRR."""
    return control(lab, router, 2, "show", "route", "protocol", "peer", "count").count(f"\n{networks} of") == 2


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        left, right = lab.host("left"), lab.host("right")
        lab.link(left, "10.3.0.1/24 fd03::1/64", right, "10.3.0.2/24 fd03::2/64")
        with lab.capture(left, "bgp_frr.pcap", expression="tcp port 179"):
            start_frr(lab, left, NETWORKS)
            start_bird(lab, right, 2, networks=9)
            wait_until((lab.folder / "bird2.ctl").exists, "BIRD to take commands")
            wait_until(lambda: learned(lab, right, NETWORKS), f"{NETWORKS} routes of each family", 20)
            frr = ("vtysh", "--vty_socket", str(lab.folder), "-d", "bgpd")
            change = ("-c", "configure terminal", "-c", "router bgp 65001", "-c", "no network 203.0.1.0/24")
            left.run(*frr, *change, "-c", "address-family ipv6 unicast", "-c", "no network 2001:db8:f1::/48")
            wait_until(lambda: learned(lab, right, NETWORKS - 1), "a route less of each family")
            lab.write("bird2.conf", configuration(2, networks=3))
            control(lab, right, 2, "configure")
            control(lab, right, 2, "reload", "in", "peer")  # ROUTE-REFRESH
            wait_until(lambda: " 3 " in left.run(*frr, "-c", "show bgp ipv4 unicast summary"), "withdrawals by BIRD")
            left.run(*frr, "-c", "clear bgp *")  # NOTIFICATION


if __name__ == "__main__":
    main()
