//! Place and network of an address, from MaxMind DB files.
