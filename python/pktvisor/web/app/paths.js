// Where figures stand in handlers of either layout: first where 1.0 has them, then 2.0, whose directions `*` stands for.

/** @typedef {readonly string[]} Paths */

export const DNS = {
  messages: ["wire_packets.total", "*.xacts"],
  answers: ["wire_packets.replies", "*.xacts"],
  xacts: ["xact.counts.total", "*.xacts"],
  noerror: ["wire_packets.noerror", "*.noerror_xacts"],
  nodata: ["wire_packets.nodata", "*.nodata_xacts"],
  nxdomain: ["wire_packets.nxdomain", "*.nxdomain_xacts"],
  refused: ["wire_packets.refused", "*.refused_xacts"],
  servfail: ["wire_packets.srvfail", "*.srvfail_xacts"],
  timedOut: ["xact.counts.timed_out", "*.timeout_queries"],
  orphans: ["*.orphan_responses"],
  names: ["cardinality.qname", "*.cardinality.qname"],
  times: ["xact.*.histogram_us", "*.xact_histogram_us"],
  topNames2: ["top_qname2", "*.top_qname2_xacts"],
  topNames3: ["top_qname3", "*.top_qname3_xacts"],
  topNxdomain: ["top_nxdomain", "*.top_nxdomain_xacts"],
  topRefused: ["top_refused", "*.top_refused_xacts"],
  topServfail: ["top_srvfail", "*.top_srvfail_xacts"],
  topSlow: ["xact.*.top_slow", "*.top_slow_xacts"],
  topTypes: ["top_qtype", "*.top_qtype_xacts"],
  topSubnets: ["top_query_ecs", "*.top_ecs_xacts"],
  failing: ["top_failing", "*.top_failing_xacts"],
  failingResults: ["top_failing_results", "*.top_failing_results"],
  failingClients: ["top_failing_clients", "*.top_failing_clients"],
  failingServers: ["top_failing_servers", "*.top_failing_servers"],
  slowClients: ["xact.*.top_slow_clients", "*.top_slow_clients"],
  slowServers: ["xact.*.top_slow_servers", "*.top_slow_servers"],
};

export const NET = {
  total: ["total", "*.total_packets"],
  in: ["in", "in.total_packets"],
  out: ["out", "out.total_packets"],
  unknown: ["unknown_dir", "unknown.total_packets"],
  udp: ["udp", "*.udp_packets"],
  tcp: ["tcp", "*.tcp_packets"],
  other: ["other_l4", "*.other_l4_packets"],
  ipv4: ["ipv4", "*.ipv4_packets"],
  ipv6: ["ipv6", "*.ipv6_packets"],
  syn: ["protocol.tcp.syn", "*.tcp.syn_packets"],
  topIpv4: ["top_ipv4", "*.top_ipv4_packets"],
  topIpv6: ["top_ipv6", "*.top_ipv6_packets"],
  topPlaces: ["top_geoLoc", "*.top_geo_loc_packets"],
  topNetworks: ["top_ASN", "*.top_asn_packets"],
};

/** Paths of one direction; of all where it is empty. @param {Paths} paths @param {string} direction */
export const toward = (paths, direction) => (direction ? paths.map((path) => path.replace("*", direction)) : paths);
