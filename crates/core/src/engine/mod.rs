//! Inputs at work: read or capture, decode, run the plans, keep the ledger.
