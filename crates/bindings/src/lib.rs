//! The Python face of the packet engine. No logic here: types are converted, errors are translated, and the GIL is
//! released around every call that works on a batch.

mod accumulators;
mod batch;
mod batch_reader;
mod errors;
mod file;
mod filter;
mod geo;
mod handler;
mod interfaces;
mod live;
mod memory;
mod metric;
mod policy;
mod record_table;
mod rights;
mod schema;
mod series;
mod services;
mod suffix;
mod traffic;
mod usage;
mod window;

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use pyo3::prelude::*;

/// Keys the hash tables of this process, so that nobody outside can choose names that collide.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| RandomState::new().hash_one("pktvisor"))
}

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("MOST_STEPPED", pktvisor_core::window::MOST_STEPPED)?;
    module.add("MOST_STEPPED_HISTOGRAMS", pktvisor_core::window::MOST_STEPPED_HISTOGRAMS)?;
    module.add_class::<geo::GeoDatabase>()?;
    module.add_class::<services::Services>()?;
    module.add_class::<suffix::SuffixList>()?;
    module.add_class::<policy::Policy>()?;
    module.add_class::<window::Window>()?;
    module.add_class::<window::Group>()?;
    module.add_class::<metric::Metric>()?;
    module.add_class::<metric::Exponential>()?;
    module.add_class::<record_table::RecordTable>()?;
    module.add_class::<series::Series>()?;
    module.add_class::<record_table::JoinedTables>()?;
    module.add_class::<record_table::WindowRun>()?;
    module.add_class::<accumulators::Accumulators>()?;
    module.add_class::<file::FileReport>()?;
    module.add_class::<file::Stop>()?;
    module.add_class::<file::Following>()?;
    module.add_class::<live::LiveInput>()?;
    module.add_class::<memory::Account>()?;
    module.add_class::<memory::Answers>()?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<batch::Table>()?;
    module.add_class::<batch::TableRows>()?;
    module.add_class::<batch_reader::BatchReader>()?;
    module.add_class::<handler::BatchCounters>()?;
    module.add_function(wrap_pyfunction!(batch::table_schema, module)?)?;
    module.add_function(wrap_pyfunction!(batch::frame_columns, module)?)?;
    module.add_function(wrap_pyfunction!(schema::columns, module)?)?;
    module.add_function(wrap_pyfunction!(schema::port_options, module)?)?;
    module.add_function(wrap_pyfunction!(schema::tunnel_options, module)?)?;
    module.add_function(wrap_pyfunction!(schema::usual_ports, module)?)?;
    module.add_function(wrap_pyfunction!(schema::malformed_reasons, module)?)?;
    module.add_function(wrap_pyfunction!(file::run_file, module)?)?;
    module.add_function(wrap_pyfunction!(file::run_dnstap, module)?)?;
    module.add_function(wrap_pyfunction!(file::check_dnstap, module)?)?;
    module.add_function(wrap_pyfunction!(file::holds_dnstap, module)?)?;
    module.add_function(wrap_pyfunction!(traffic::traffic_kinds, module)?)?;
    module.add_function(wrap_pyfunction!(traffic::traffic_hosts, module)?)?;
    module.add_function(wrap_pyfunction!(traffic::made_up_frames, module)?)?;
    module.add_function(wrap_pyfunction!(rights::drop_capabilities, module)?)?;
    module.add_function(wrap_pyfunction!(rights::restrict_filesystem, module)?)?;
    module.add_function(wrap_pyfunction!(rights::become_user, module)?)?;
    module.add_function(wrap_pyfunction!(rights::restrict_system_calls, module)?)?;
    module.add_function(wrap_pyfunction!(interfaces::interfaces, module)?)?;
    module.add_function(wrap_pyfunction!(memory::memory_account, module)?)?;
    module.add_function(wrap_pyfunction!(interfaces::resolve_interface, module)?)?;
    module.add("LIVE_LINK_TYPES", pktvisor_core::capture::LIVE_LINK_TYPES.to_vec())?;
    module.add("ConfigFault", module.py().get_type::<errors::ConfigFault>())?;
    module.add("InputFault", module.py().get_type::<errors::InputFault>())?;
    module.add("RightsFault", module.py().get_type::<errors::RightsFault>())
}
