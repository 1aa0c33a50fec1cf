//! What a policy asks of each batch, compiled: shared conditions once, then one kernel per metric.
