"""What the C++ pktvisor answers on public captures, compared with what this one does."""
