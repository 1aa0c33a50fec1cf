//! Handlers written in Python, which get whole batches beside the plans and never hold up a capture.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pktvisor_core::decode;
use pktvisor_core::engine::{BatchSink, Budget};
use pktvisor_core::table::Table;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::batch::Batch;

/// Batches that wait for the handler of a live input; more are skipped. Where little comes at a time they are small, and
/// a moment brings many.
const MOST_WAITING: usize = 1024;

/// Once so many rows wait, more are skipped.
const MOST_WAITING_ROWS: usize = 8 * decode::BATCH_ROWS;

/// When a live input ends, its handlers have so long to take what waits.
const LAST_CALL: Duration = Duration::from_secs(1);

/// A clock that only goes forward, in nanoseconds.
fn steady_ns() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos().min(i64::MAX as u128) as i64
}

/// What became of the batches that a handler was to get.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct BatchCounters {
    seen: AtomicU64,
    skipped: AtomicU64,
    errors: AtomicU64,
    /// Of each table, in batches that it skipped or failed at.
    rows_missed: Box<[AtomicU64]>,
    time_ns: AtomicU64,
    is_off: AtomicBool,
    /// Until then its time is used up.
    resume_ns: AtomicI64,
}

#[pymethods]
impl BatchCounters {
    #[new]
    fn new() -> Self {
        Self {
            seen: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            rows_missed: decode::table_names().map(|_| AtomicU64::new(0)).collect(),
            time_ns: AtomicU64::new(0),
            is_off: AtomicBool::new(false),
            resume_ns: AtomicI64::new(0),
        }
    }

    /// Batches that the handler got.
    #[getter]
    fn batches_seen(&self) -> u64 {
        self.seen.load(Relaxed)
    }

    /// Batches that it did not get: its time was used up, or it was switched off.
    #[getter]
    fn batches_skipped(&self) -> u64 {
        self.skipped.load(Relaxed)
    }

    /// Exceptions that it raised.
    #[getter]
    fn errors(&self) -> u64 {
        self.errors.load(Relaxed)
    }

    /// Rows of a table in the batches that it did not get, or raised an exception at; 0 where there is no such table.
    fn rows_missed(&self, table: &str) -> u64 {
        let at = decode::table_names().position(|name| name == table);
        at.map_or(0, |at| self.rows_missed[at].load(Relaxed))
    }

    /// Time that it used.
    #[getter]
    fn time_ns(&self) -> u64 {
        self.time_ns.load(Relaxed)
    }

    /// It raised too many exceptions and gets nothing more.
    #[getter]
    fn is_off(&self) -> bool {
        self.is_off.load(Relaxed)
    }
}

impl BatchCounters {
    fn is_resting(&self) -> bool {
        self.is_off.load(Relaxed) || steady_ns() < self.resume_ns.load(Relaxed)
    }

    fn skip(&self, batch: &decode::Batch) {
        self.skipped.fetch_add(1, Relaxed);
        self.miss(batch);
    }

    fn miss(&self, batch: &decode::Batch) {
        for (missed, table) in self.rows_missed.iter().zip(batch.tables()) {
            missed.fetch_add(table.len() as u64, Relaxed);
        }
    }
}

/// A `pktvisor.handlers.batch.BatchHandler`, as far as is seen from here.
pub struct Handler {
    object: Py<PyAny>,
    counters: Py<BatchCounters>,
    budget: Option<Budget>,
    most_errors: u64,
}

/// A `BaseException` that is no `Exception` (`KeyboardInterrupt`, `SystemExit`): it is meant for who runs all this.
pub type Interruption = Arc<Mutex<Option<PyErr>>>;

impl Handler {
    pub fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let budget_ms: Option<f64> = object.getattr("budget_ms")?.extract()?;
        Ok(Self {
            counters: object.getattr("counters")?.cast_into::<BatchCounters>()?.unbind(),
            budget: budget_ms.map(|ms| Budget::new(ms, steady_ns())),
            most_errors: object.getattr("most_errors")?.extract()?,
            object: object.clone().unbind(),
        })
    }

    /// Shows a batch, unless the handler has to rest.
    fn show(&mut self, batch: Arc<decode::Batch>) -> Result<(), PyErr> {
        if self.counters.get().is_resting() {
            self.counters.get().skip(&batch);
            return Ok(());
        }
        // Nothing can be called any more where the interpreter is going down.
        Python::try_attach(|py| {
            let from_ns = steady_ns();
            let answer = self.object.call_method1(py, "on_batch", (Batch { inner: Arc::clone(&batch) },));
            self.spend(from_ns, steady_ns());
            answer.err().map_or(Ok(()), |fault| self.fail(py, &batch, fault))
        })
        .unwrap_or(Ok(()))
    }

    fn spend(&mut self, from_ns: i64, to_ns: i64) {
        let counters = self.counters.get();
        counters.seen.fetch_add(1, Relaxed);
        counters.time_ns.fetch_add((to_ns - from_ns).max(0) as u64, Relaxed);
        if let Some(budget) = &mut self.budget {
            counters.resume_ns.store(budget.spend(from_ns, to_ns), Relaxed);
        }
    }

    /// Counts an exception; the handler is told of its first and of the one that switches it off.
    fn fail(&self, py: Python<'_>, batch: &decode::Batch, fault: PyErr) -> Result<(), PyErr> {
        if !fault.is_instance_of::<PyException>(py) {
            return Err(fault);
        }
        let counters = self.counters.get();
        counters.miss(batch);
        let errors = counters.errors.fetch_add(1, Relaxed) + 1;
        let is_last = errors >= self.most_errors;
        counters.is_off.store(is_last, Relaxed);
        if errors == 1 || is_last {
            let told = self.object.call_method1(py, "on_fault", (fault.into_value(py), is_last));
            told.err().filter(|fault| !fault.is_instance_of::<PyException>(py)).map_or(Ok(()), Err)?;
        }
        Ok(())
    }
}

/// Shows batches in the thread that reads a file: the file waits, and Ctrl-C reaches the handler.
#[derive(Clone)]
struct Direct {
    handler: Arc<Mutex<Handler>>,
    interruption: Interruption,
}

impl BatchSink for Direct {
    fn take(&mut self, batch: &Arc<decode::Batch>) {
        let handler = &mut *self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        let interruption = || self.interruption.lock().unwrap_or_else(PoisonError::into_inner);
        if interruption().is_some() {
            return handler.counters.get().skip(batch);
        }
        if let Err(fault) = handler.show(Arc::clone(batch)) {
            *interruption() = Some(fault);
        }
    }
}

/// Makes each worker of a file its sinks.
pub fn direct_sinks(handlers: Vec<Handler>, interruption: &Interruption) -> impl Fn() -> Vec<Box<dyn BatchSink>> {
    let direct = |handler| Direct { handler: Arc::new(Mutex::new(handler)), interruption: interruption.clone() };
    let sinks: Vec<Direct> = handlers.into_iter().map(direct).collect();
    move || sinks.iter().cloned().map(|sink| Box::new(sink) as Box<dyn BatchSink>).collect()
}

/// Gives batches to a handler in a thread of its own: a capture never waits for it.
#[derive(Clone)]
struct Beside {
    /// `None` only while it is dropped.
    waiting: Option<SyncSender<Arc<decode::Batch>>>,
    waiting_rows: Arc<AtomicUsize>,
    counters: Arc<Py<BatchCounters>>,
    thread: Arc<HandlerThread>,
}

/// The end of a handler's thread, told by its dropping the other end of the channel.
struct HandlerThread {
    ended: Mutex<Receiver<()>>,
    is_over: Arc<AtomicBool>,
}

impl BatchSink for Beside {
    fn take(&mut self, batch: &Arc<decode::Batch>) {
        let counters = (*self.counters).get();
        let has_room = self.waiting_rows.load(Relaxed) < MOST_WAITING_ROWS;
        let Some(waiting) = self.waiting.as_ref().filter(|_| has_room && !counters.is_resting()) else {
            return counters.skip(batch);
        };
        self.waiting_rows.fetch_add(rows_of(batch), Relaxed);
        if waiting.try_send(Arc::clone(batch)).is_err() {
            self.waiting_rows.fetch_sub(rows_of(batch), Relaxed);
            counters.skip(batch);
        }
    }
}

fn rows_of(batch: &decode::Batch) -> usize {
    batch.tables().map(Table::len).sum()
}

impl Drop for Beside {
    /// The last of an input's sinks waits for the handler, but not for ever.
    fn drop(&mut self) {
        self.waiting = None;
        if Arc::strong_count(&self.thread) == 1 {
            let ended = self.thread.ended.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = ended.recv_timeout(LAST_CALL);
            self.thread.is_over.store(true, Relaxed);
        }
    }
}

impl Beside {
    fn start(py: Python<'_>, mut handler: Handler) -> PyResult<Self> {
        let (waiting, batches) = sync_channel::<Arc<decode::Batch>>(MOST_WAITING);
        let (running, ended) = sync_channel::<()>(0);
        let (is_over, waiting_rows) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let rows_left = Arc::clone(&waiting_rows);
        let counters = Arc::new(handler.counters.clone_ref(py));
        let thread = Arc::new(HandlerThread { ended: Mutex::new(ended), is_over: is_over.clone() });
        std::thread::Builder::new().name("batch-handler".to_owned()).spawn(move || {
            let _running = running;
            for batch in batches {
                rows_left.fetch_sub(rows_of(&batch), Relaxed);
                if is_over.load(Relaxed) {
                    handler.counters.get().skip(&batch);
                } else if handler.show(batch).is_err() {
                    handler.counters.get().is_off.store(true, Relaxed); // SystemExit ends a thread, not the agent
                }
            }
        })?;
        Ok(Self { waiting: Some(waiting), waiting_rows, counters, thread })
    }
}

/// Makes each worker of a live input its sinks.
pub fn beside_sinks(py: Python<'_>, handlers: Vec<Handler>) -> PyResult<impl Fn() -> Vec<Box<dyn BatchSink>> + Send> {
    let started = handlers.into_iter().map(|handler| Beside::start(py, handler));
    let sinks = started.collect::<PyResult<Vec<Beside>>>()?;
    Ok(move || sinks.iter().cloned().map(|sink| Box::new(sink) as Box<dyn BatchSink>).collect())
}
