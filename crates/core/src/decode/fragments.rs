//! IP fragments put together again, within bounds.
