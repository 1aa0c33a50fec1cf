//! Questions matched with their answers, within bounds.
