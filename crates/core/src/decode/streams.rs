//! TCP segments put in order again, and cut into messages, within bounds.
