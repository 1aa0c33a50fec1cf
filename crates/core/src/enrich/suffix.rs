//! The public suffix of a domain name.
