"""bgp.pcap: two BIRD routers open a session, exchange and withdraw routes of both families, refresh, and close it."""

from __future__ import annotations

import subprocess

from netlab import Host, Lab, wait_until

CONFIGURATION = """
router id {router};
log stderr all;
protocol device {{ }}
protocol static static4 {{ ipv4; {routes4} }}
protocol static static6 {{ ipv6; {routes6} }}
protocol bgp peer {{
  local {router} as {local};
  neighbor {neighbor} as {remote};
  hold time 3; connect delay time 1; connect retry time 1;
  ipv4 {{ import all; export all; import table on; }};
  ipv6 {{ import all; export all; next hop address {router6}; }};
}}
"""


def configuration(number: int, networks: int) -> str:
    """The configuration of router 1 or 2, which announces so many networks of each family."""
    other = 3 - number
    return CONFIGURATION.format(
        router=f"10.3.0.{number}",
        neighbor=f"10.3.0.{other}",
        router6=f"fd03::{number}",
        local=65000 + number,
        remote=65000 + other,
        routes4=" ".join(f"route 198.51.{number * 100 + i}.0/24 blackhole;" for i in range(networks)),
        routes6=" ".join(f"route 2001:db8:{number}{i}::/48 blackhole;" for i in range(networks)),
    )


def start_bird(lab: Lab, router: Host, number: int, networks: int) -> subprocess.Popen[bytes]:
    """Start one router in the foreground."""
    path = lab.write(f"bird{number}.conf", configuration(number, networks))
    return lab.daemon(router, "bird", "-f", "-c", str(path), "-s", str(lab.folder / f"bird{number}.ctl"))


def control(lab: Lab, router: Host, number: int, *command: str) -> str:
    """What a router answers to a command."""
    return router.run("birdc", "-s", str(lab.folder / f"bird{number}.ctl"), *command)


def learned(lab: Lab, router: Host, networks: int) -> bool:
    """Whether the left router has so many routes of both families from its peer."""
    return control(lab, router, 1, "show", "route", "protocol", "peer", "count").count(f"\n{networks} of") == 2


def main() -> None:
    """Record the scenario."""
    with Lab() as lab:
        left, right = lab.host("left"), lab.host("right")
        lab.link(left, "10.3.0.1/24 fd03::1/64", right, "10.3.0.2/24 fd03::2/64")
        with lab.capture(left, "bgp.pcap", expression="tcp port 179"):
            start_bird(lab, left, 1, networks=5)
            start_bird(lab, right, 2, networks=20)
            wait_until(lambda: learned(lab, left, 20), "20 routes of each family", 20)
            lab.write("bird2.conf", configuration(2, networks=3))
            control(lab, right, 2, "configure")
            control(lab, right, 2, "reload", "in", "peer")  # ROUTE-REFRESH
            wait_until(lambda: learned(lab, left, 3), "3 routes of each family")
            control(lab, left, 1, "disable", "peer")  # NOTIFICATION


if __name__ == "__main__":
    main()
