//! Capture filters, compiled in Python (by libpcap) when the first frame of a link type is met.

use std::sync::Arc;

use pktvisor_core::Error;
use pktvisor_core::engine::FilterMaker;
use pktvisor_core::filter::{FilterProgram, Instruction, LinkFilter};
use pyo3::prelude::*;

pub type Instructions = Vec<(u16, u8, u8, u32)>;

/// The program of each link type.
pub fn programs(filters: Vec<(u16, Instructions)>) -> Result<Vec<LinkFilter>, Error> {
    filters.into_iter().map(|(link_type, instructions)| Ok((link_type, checked(instructions)?))).collect()
}

fn checked(instructions: Instructions) -> Result<FilterProgram, Error> {
    let instruction = |(code, jump_true, jump_false, k)| Instruction { code, jump_true, jump_false, k };
    FilterProgram::new(instructions.into_iter().map(instruction).collect())
}

/// Wraps a Python function from a link type to instructions.
pub fn source(compile: Py<PyAny>) -> FilterMaker {
    Arc::new(move |link_type| {
        let compiled = Python::attach(|py| compile.call1(py, (link_type,))?.extract::<Instructions>(py));
        checked(compiled.map_err(|fault| Error::invalid(sentence(&fault)))?).map(Some)
    })
}

fn sentence(fault: &PyErr) -> String {
    Python::attach(|py| fault.value(py).to_string())
}
