//! Time windows: when one ends and the next begins, and what closed ones hold.
