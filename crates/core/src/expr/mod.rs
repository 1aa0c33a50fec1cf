//! Conditions over columns, evaluated a batch at a time into bitmaps.
