//! Capture filters: classic BPF programs, as tcpdump compiles them, run over one frame.
