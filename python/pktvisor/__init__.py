"""pktvisor: what the network and the DNS are doing, summarised where it happens."""
