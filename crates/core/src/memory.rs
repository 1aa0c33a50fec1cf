//! How much memory a process holds, by what holds it, and what gives way where that comes near a budget.
//!
//! Whoever keeps what grows with traffic has a [`Held`], and says there how much it keeps: when a batch has been counted or a
//! second has passed, never per packet. A `Held` belongs to an [`Account`], an account to another one or to nobody; what a
//! policy holds is part of what the process holds. A copy of a state holds as much again as long as it lives; since readers
//! make it, it counts as an answer. Answers make nothing give way but answers.
//!
//! Nobody takes memory away from others: each owner looks whether its [`Step`] is due and gives way by itself, in its own
//! thread. The steps come one after the other, since each begins at a larger share of the budget.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What memory is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Holder {
    /// Metrics of open and closed windows, but for their groups.
    Windows,
    Groups,
    /// What policies counted in the steps of the last hour.
    Steps,
    /// Questions that wait for their answers.
    Transactions,
    /// TCP connections, and what waits of their messages.
    Streams,
    /// IP fragments that wait for others.
    Fragments,
    /// What exporters of flow records have told of their records, and records that wait for it.
    Exporters,
    /// The newest frames of inputs.
    Lookback,
    /// Documents that were made of windows and are kept or being sent.
    Answers,
}

impl Holder {
    pub const ALL: [Self; 9] = [
        Self::Windows,
        Self::Groups,
        Self::Steps,
        Self::Transactions,
        Self::Streams,
        Self::Fragments,
        Self::Exporters,
        Self::Lookback,
        Self::Answers,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Groups => "groups",
            Self::Steps => "steps",
            Self::Transactions => "transactions",
            Self::Streams => "streams",
            Self::Fragments => "fragments",
            Self::Exporters => "exporters",
            Self::Lookback => "lookback",
            Self::Answers => "answers",
        }
    }
}

/// What gives way, in this order: what users miss least comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// Documents that are kept are forgotten, and made anew when somebody asks.
    Answers,
    /// Inputs keep half of their newest frames.
    Lookback,
    /// The older half of a policy's steps is forgotten.
    Steps,
    /// Values of breakdowns that were not met before count into the group of the others.
    NewGroups,
    /// Top lists keep their heaviest items alone, with wider bounds; those of the oldest windows first.
    TopLists,
    /// The lightest groups join the group of the others.
    LightGroups,
    /// The oldest closed windows are forgotten; the newest of them stays.
    Windows,
}

impl Step {
    pub const ALL: [Self; 7] =
        [Self::Answers, Self::Lookback, Self::Steps, Self::NewGroups, Self::TopLists, Self::LightGroups, Self::Windows];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Lookback => "lookback_chunks",
            Self::Steps => "steps",
            Self::NewGroups => "group_rows",
            Self::TopLists => "top_lists",
            Self::LightGroups => "groups",
            Self::Windows => "windows",
        }
    }

    /// The share of the budget from which on it gives way.
    pub const fn percent(self) -> usize {
        match self {
            Self::Answers => 70,
            Self::Lookback => 75,
            Self::Steps => 78,
            Self::NewGroups => 80,
            Self::TopLists => 85,
            Self::LightGroups => 90,
            Self::Windows => 95,
        }
    }
}

/// What somebody holds altogether: a process, a policy, an input.
#[derive(Debug, Default)]
pub struct Account {
    part_of: Option<Arc<Account>>,
    held: [AtomicUsize; Holder::ALL.len()],
    total: AtomicUsize,
    /// How often each step was taken, by what it counts.
    given: [AtomicU64; Step::ALL.len()],
    /// Bytes that may be held; 0 where nobody says. Of the outermost account alone.
    budget: AtomicUsize,
}

impl Account {
    /// An account whose sums are part of another one's.
    pub fn part_of(whole: &Arc<Account>) -> Arc<Self> {
        Arc::new(Self { part_of: Some(whole.clone()), ..Self::default() })
    }

    /// Says how many bytes may be held; 0 for as many as the bounds of each owner allow.
    pub fn set_budget(&self, bytes: usize) {
        self.budget.store(bytes, Ordering::Relaxed);
    }

    pub fn budget(&self) -> usize {
        self.whole().budget.load(Ordering::Relaxed)
    }

    pub fn held(&self, holder: Holder) -> usize {
        self.held[holder as usize].load(Ordering::Relaxed)
    }

    pub fn total(&self) -> usize {
        self.total.load(Ordering::Relaxed)
    }

    /// How often a step was taken: answers, chunks of frames, steps, rows, lists, groups, windows.
    pub fn given(&self, step: Step) -> u64 {
        self.given[step as usize].load(Ordering::Relaxed)
    }

    pub fn count_given(&self, step: Step, count: u64) {
        self.lineage().for_each(|account| {
            account.given[step as usize].fetch_add(count, Ordering::Relaxed);
        });
    }

    /// Whether so much is held that this step is to be taken.
    #[inline]
    pub fn is_due(&self, step: Step) -> bool {
        self.is_due_with(step, 0)
    }

    /// The same with so many bytes more than were told.
    #[inline]
    fn is_due_with(&self, step: Step, more: usize) -> bool {
        let whole = self.whole();
        match whole.budget.load(Ordering::Relaxed) {
            0 => false,
            budget => {
                let answers = if step == Step::Answers { 0 } else { whole.held(Holder::Answers) };
                whole.total().saturating_add(more).saturating_sub(answers) >= budget / 100 * step.percent()
            }
        }
    }

    /// Whether something new may take so many bytes: data would give way to it otherwise.
    pub fn has_room(&self, bytes: usize) -> bool {
        !self.is_due_with(Step::NewGroups, bytes)
    }

    fn whole(&self) -> &Account {
        self.lineage().last().unwrap_or(self)
    }

    /// This account, that which it is part of, and so on.
    fn lineage(&self) -> impl Iterator<Item = &Account> {
        std::iter::successors(Some(self), |account| account.part_of.as_deref())
    }

    fn change(&self, holder: Holder, before: usize, after: usize) {
        let difference = after.wrapping_sub(before);
        self.lineage().for_each(|account| {
            account.held[holder as usize].fetch_add(difference, Ordering::Relaxed);
            account.total.fetch_add(difference, Ordering::Relaxed);
        });
    }
}

/// What one owner says that it holds; nothing any more once it is dropped.
#[derive(Debug)]
pub struct Held {
    /// None where nobody keeps account.
    account: Option<Arc<Account>>,
    holder: Holder,
    /// A copy that a reader has made.
    is_copy: bool,
    bytes: usize,
}

impl Held {
    /// Nothing yet.
    pub fn new(account: &Arc<Account>, holder: Holder) -> Self {
        Self { account: Some(account.clone()), ..Self::untold(holder) }
    }

    /// Of an owner that belongs to nobody.
    pub fn untold(holder: Holder) -> Self {
        Self { account: None, holder, is_copy: false, bytes: 0 }
    }

    /// Says to whom the owner belongs from now on.
    pub fn belong_to(&mut self, account: &Arc<Account>) {
        let bytes = self.bytes;
        *self = Self::new(account, self.holder);
        self.tell(bytes);
    }

    /// Says how much is held now.
    #[inline]
    pub fn tell(&mut self, bytes: usize) {
        if bytes != self.bytes {
            if let Some(account) = &self.account {
                account.change(self.counts_as(), self.bytes, bytes);
            }
            self.bytes = bytes;
        }
    }

    fn counts_as(&self) -> Holder {
        if self.is_copy { Holder::Answers } else { self.holder }
    }

    /// A copy stays: its owner keeps it in the place of the original.
    pub fn keep(&mut self) {
        if self.is_copy {
            let bytes = self.bytes;
            self.tell(0);
            self.is_copy = false;
            self.tell(bytes);
        }
    }

    /// Whether a step is due, where so many bytes are held by now.
    #[inline]
    pub fn is_due(&self, step: Step, bytes: usize) -> bool {
        self.account.as_ref().is_some_and(|account| account.is_due_with(step, bytes.saturating_sub(self.bytes)))
    }

    pub fn count_given(&self, step: Step, count: u64) {
        if let Some(account) = self.account.as_ref().filter(|_| count > 0) {
            account.count_given(step, count);
        }
    }
}

impl Clone for Held {
    /// A copy of an owner holds as much again.
    fn clone(&self) -> Self {
        let mut copy = Self { account: self.account.clone(), is_copy: true, ..Self::untold(self.holder) };
        copy.tell(self.bytes);
        copy
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.tell(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_numbers_are_in_order_and_steps_begin_one_after_the_other() {
        assert!(Holder::ALL.iter().enumerate().all(|(at, holder)| *holder as usize == at));
        assert!(Step::ALL.iter().enumerate().all(|(at, step)| *step as usize == at));
        assert!(Step::ALL.windows(2).all(|pair| pair[0].percent() < pair[1].percent()));
        assert!(Step::ALL[Step::ALL.len() - 1].percent() < 100);
    }

    #[test]
    fn a_step_is_due_from_its_share_of_the_budget_on() {
        let whole = Arc::new(Account::default());
        let part = Account::part_of(&whole);
        let mut held = Held::new(&part, Holder::Groups);
        held.tell(1 << 40);
        assert!(!part.is_due(Step::Answers), "nobody has stated a budget");
        whole.set_budget(1000);
        held.tell(799);
        assert!(part.is_due(Step::Lookback) && !part.is_due(Step::NewGroups));
        assert!(held.is_due(Step::NewGroups, 800) && !held.is_due(Step::NewGroups, 799));
        drop(held);
        assert_eq!((whole.total(), part.total()), (0, 0));
    }

    #[test]
    fn copies_count_as_answers_until_they_are_kept_and_make_nothing_else_give_way() {
        let whole = Arc::new(Account::default());
        whole.set_budget(1000);
        let mut held = Held::new(&whole, Holder::Windows);
        held.tell(600);
        let mut copy = held.clone();
        assert_eq!((whole.held(Holder::Windows), whole.held(Holder::Answers)), (600, 600));
        assert!(whole.is_due(Step::Answers) && !whole.is_due(Step::Lookback));
        copy.keep();
        assert_eq!((whole.held(Holder::Windows), whole.held(Holder::Answers)), (1200, 0));
        assert!(whole.is_due(Step::Windows));
    }

    proptest! {
        /// However owners tell, are copied and go: accounts are the sums of those that there are.
        #[test]
        fn accounts_are_sums_of_what_is_held(changes in prop::collection::vec((0usize..4, 0usize..7, 0usize..1000, 0u8..3), 1..80)) {
            let whole = Arc::new(Account::default());
            let parts = [Account::part_of(&whole), Account::part_of(&whole)];
            let mut owners: Vec<(usize, Held)> = Vec::new();
            for (at, holder, bytes, change) in changes {
                match change {
                    0 => owners.push((at % 2, Held::new(&parts[at % 2], Holder::ALL[holder]))),
                    1 if at < owners.len() => drop(owners.swap_remove(at)),
                    2 if at < owners.len() => owners.push(owners[at].clone()),
                    _ => {}
                }
                if let Some((_, owner)) = owners.last_mut() {
                    owner.tell(bytes);
                }
            }
            for holder in Holder::ALL {
                let of = |part: usize| -> usize {
                    let owned = owners.iter().filter(|(at, owner)| *at == part && owner.counts_as() == holder);
                    owned.map(|(_, owner)| owner.bytes).sum()
                };
                prop_assert_eq!([parts[0].held(holder), parts[1].held(holder)], [of(0), of(1)]);
                prop_assert_eq!(whole.held(holder), of(0) + of(1));
            }
            prop_assert_eq!(whole.total(), parts[0].total() + parts[1].total());
        }
    }
}
