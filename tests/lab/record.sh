#!/bin/sh
# Record every capture again and count it. As root, in the order in which captures are made from one another.
# Without arguments: all. With arguments: the named scenarios, e.g. "sudo tests/lab/record.sh dhcp links".
set -eu
cd "$(dirname "$0")"
recorded="dns_authoritative dns_dnssec dns_ecs dns_truncated dns_tcp dns_resolver dhcp ip_errors cooked tcp_web bgp bgp_frr vxlan dnstap dnstap_transports dnstap_nsd flows flow_fprobe flow_switch"
built="links dns_tcp_segments ip_headers multi_window flow_devices flow_sflow4 tunnels"
for scenario in ${*:-$recorded $built}; do
    echo "$scenario"
    python3 "$scenario.py"
done
python3 counts.py
