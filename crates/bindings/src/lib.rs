//! The Python face of the packet engine. No logic here: types are converted, errors are translated, and the GIL is
//! released around every call that works on a batch.

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
