//! One header, one file: where its fields lie, and what a decoder may rely on.
