//! Live capture from network interfaces (Linux, AF_PACKET).
