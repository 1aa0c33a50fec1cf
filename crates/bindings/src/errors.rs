//! The core's errors as Python exceptions, one per kind; `pktvisor.errors` gives them their family.

use pktvisor_core::Error;
use pktvisor_core::error::ErrorKind;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(_core, ConfigFault, PyException, "An argument, an expression or a plan makes no sense.");
create_exception!(_core, InputFault, PyException, "A file, a database or an interface can't be opened or read.");
create_exception!(_core, RightsFault, InputFault, "The operating system refuses for want of rights.");

pub fn raise(error: Error) -> PyErr {
    match error.kind {
        ErrorKind::Invalid => ConfigFault::new_err(error.message),
        ErrorKind::Format | ErrorKind::System => InputFault::new_err(error.message),
        ErrorKind::Permission => RightsFault::new_err(error.message),
    }
}
