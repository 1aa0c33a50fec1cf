//! Capture files: pcap and pcapng, plain or compressed.
