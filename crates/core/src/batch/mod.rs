//! Columnar batches: one table per kind of row, one vector per column.
