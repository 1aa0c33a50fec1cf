//! Capture filters, compiled in Python (by libpcap) when the first frame of a link type is met.

use std::sync::Arc;

use pktvisor_core::Error;
use pktvisor_core::engine::FilterSource;
use pktvisor_core::filter::{FilterProgram, Instruction};
use pyo3::prelude::*;

pub type Instructions = Vec<(u16, u8, u8, u32)>;

/// `None` for no instructions: everything passes.
pub fn program(instructions: Instructions) -> Result<Option<FilterProgram>, Error> {
    if instructions.is_empty() {
        return Ok(None);
    }
    let instruction = |(code, jump_true, jump_false, k)| Instruction { code, jump_true, jump_false, k };
    FilterProgram::new(instructions.into_iter().map(instruction).collect()).map(Some)
}

/// Wraps a Python function from a link type to instructions.
pub fn source(compile: Py<PyAny>) -> FilterSource {
    Arc::new(move |link_type| {
        let compiled = Python::attach(|py| compile.call1(py, (link_type,))?.extract::<Instructions>(py));
        program(compiled.map_err(|fault| Error::invalid(sentence(&fault)))?)
    })
}

fn sentence(fault: &PyErr) -> String {
    Python::attach(|py| fault.value(py).to_string())
}
