//! What the process, its policies and its inputs hold of memory.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use pktvisor_core::memory::{self, Holder, Step};
use pyo3::prelude::*;

static PROCESS: LazyLock<Arc<memory::Account>> = LazyLock::new(Arc::default);

/// The account of this process, which those of policies and inputs are part of.
pub fn process() -> &'static Arc<memory::Account> {
    &PROCESS
}

/// What somebody holds: the process (`memory_account`), a policy or an input (`memory`).
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Account {
    pub inner: Arc<memory::Account>,
}

#[pymethods]
impl Account {
    /// Bytes by what they are held for.
    fn held(&self) -> BTreeMap<&'static str, usize> {
        Holder::ALL.into_iter().map(|holder| (holder.name(), self.inner.held(holder))).collect()
    }

    /// The sum of what is held.
    #[getter]
    fn held_bytes(&self) -> usize {
        self.inner.total()
    }

    /// What gave way to the budget so far, by name, in the order in which it does.
    fn gave_way(&self) -> Vec<(&'static str, u64)> {
        Step::ALL.into_iter().map(|step| (step.name(), self.inner.given(step))).collect()
    }

    /// Bytes that the process may hold; 0 where nobody has said.
    #[getter]
    fn budget_bytes(&self) -> usize {
        self.inner.budget()
    }

    /// Whether something new may take so many bytes more: other data would give way to it otherwise.
    fn has_room(&self, bytes: usize) -> bool {
        self.inner.has_room(bytes)
    }

    /// States how many bytes the process may hold; 0 for as many as the bounds of each owner allow. Of the account of the
    /// process alone.
    fn set_budget(&self, bytes: usize) {
        self.inner.set_budget(bytes);
    }

    /// A place to tell what kept answers take.
    fn answers(&self) -> Answers {
        Answers { account: self.inner.clone(), held: Mutex::new(memory::Held::new(&self.inner, Holder::Answers)) }
    }
}

/// What an owner of kept answers holds; nothing any more once it is gone.
#[pyclass(frozen, module = "pktvisor._core")]
pub struct Answers {
    account: Arc<memory::Account>,
    held: Mutex<memory::Held>,
}

#[pymethods]
impl Answers {
    fn tell(&self, bytes: usize) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).tell(bytes);
    }

    /// Whether so much is held that answers are to be forgotten.
    fn must_give_way(&self) -> bool {
        self.account.is_due(Step::Answers)
    }

    /// Counts answers that were forgotten for it.
    fn count_forgotten(&self, answers: u64) {
        self.account.count_given(Step::Answers, answers);
    }
}

/// The account of this process.
#[pyfunction]
pub fn memory_account() -> Account {
    Account { inner: process().clone() }
}
