//! What exporters have told of themselves: templates, how they sample, and records whose template has not come yet.
//!
//! Each exporter has a bound of its own, so that a flood from one takes nothing from the others; those of whom nothing was
//! heard for longest make room for new ones. What is given up is counted.

use std::collections::{HashMap, VecDeque};

use super::Template;
use super::draft::{Clock, Draft, Sampling};
use super::samplings::Samplings;
use crate::ledger::Ledger;
use crate::table::{Address, FlowRow};

/// Exporters in each of two generations, the older of which makes room as a whole.
const MOST_EXPORTERS: usize = 1 << 14;
/// Bytes that all exporters hold together before the older generation makes room.
const MOST_BYTES: usize = 64 << 20;
/// Templates of one exporter.
const MOST_TEMPLATES: usize = 1 << 10;
/// Bytes of the templates of one exporter.
const MOST_TEMPLATE_BYTES: usize = 1 << 20;
/// Bytes of the records of one exporter that wait for their templates.
const MOST_WAITING_BYTES: usize = 1 << 16;
/// Parts of one exporter whose start is remembered.
const MOST_STARTS: usize = 1 << 12;
/// How long records wait: exporters send templates anew every few seconds or minutes.
const PATIENCE_NS: i64 = 120 * 1_000_000_000;
/// A template that was neither told anew nor needed for so long is no more.
const LIFETIME_NS: i64 = 3_600 * 1_000_000_000;

/// Of an exporter, by observation domain (NetFlow 9: source ID) and number.
pub(super) type TemplateKey = (u32, u16);

/// Exporters by address.
#[derive(Debug, Default)]
pub struct Exporters {
    young: HashMap<Address, Exporter>,
    old: HashMap<Address, Exporter>,
    bytes: usize,
    given_up: GivenUp,
}

/// What bounds and time have taken since this was told last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct GivenUp {
    pub templates: u64,
    pub sets: u64,
}

impl Exporters {
    /// Lends out what is known of an exporter.
    pub fn with<Answer>(&mut self, address: &Address, ask: impl FnOnce(&mut Exporter) -> Answer) -> Answer {
        if !self.young.contains_key(address) {
            self.take_in(address);
        }
        let exporter = self.young.get_mut(address).expect("it was taken in");
        let before = exporter.memory_bytes();
        let answer = ask(exporter);
        self.bytes = (self.bytes + exporter.memory_bytes()).saturating_sub(before);
        self.given_up.add(std::mem::take(&mut exporter.given_up));
        if self.bytes > MOST_BYTES {
            self.change_generation();
        }
        answer
    }

    #[cold]
    fn take_in(&mut self, address: &Address) {
        if self.young.len() >= MOST_EXPORTERS {
            self.change_generation();
        }
        let known = self.old.remove(address);
        if known.is_none() {
            self.bytes += size_of::<Exporter>();
        }
        self.young.insert(*address, known.unwrap_or_default());
    }

    #[cold]
    fn change_generation(&mut self) {
        for exporter in self.old.values() {
            self.given_up.templates += exporter.templates.len() as u64;
            self.given_up.sets += exporter.waiting.len() as u64;
            self.bytes = self.bytes.saturating_sub(exporter.memory_bytes());
        }
        self.old = std::mem::take(&mut self.young);
    }

    /// Gives up records that have waited too long by now, and counts what was given up since the last time.
    pub fn settle(&mut self, now_ns: i64, ledger: &mut Ledger) {
        for exporter in self.young.values_mut().chain(self.old.values_mut()).filter(|one| !one.waiting.is_empty()) {
            let before = exporter.memory_bytes();
            exporter.give_up_late(now_ns);
            self.bytes = self.bytes.saturating_sub(before - exporter.memory_bytes());
            self.given_up.add(std::mem::take(&mut exporter.given_up));
        }
        let GivenUp { templates, sets } = std::mem::take(&mut self.given_up);
        ledger.evicted.templates += templates;
        ledger.evicted.flow_sets += sets;
    }

    pub fn memory_bytes(&self) -> usize {
        self.bytes
    }
}

impl GivenUp {
    fn add(&mut self, other: Self) {
        self.templates += other.templates;
        self.sets += other.sets;
    }
}

/// A set of records that waits for its template.
#[derive(Debug)]
pub(super) struct Waiting {
    pub key: TemplateKey,
    /// What all records of its datagram share.
    pub common: FlowRow,
    pub clock: Clock,
    pub records: Box<[u8]>,
}

/// What one exporter has told.
#[derive(Debug, Default)]
pub struct Exporter {
    templates: HashMap<TemplateKey, Template>,
    template_bytes: usize,
    samplings: Samplings,
    /// When each part started, as options of IPFIX tell.
    starts_ns: HashMap<u32, i64>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    given_up: GivenUp,
}

impl Exporter {
    /// The template of a set, if it is known.
    pub(super) fn template(&mut self, key: TemplateKey, now_ns: i64) -> Option<&Template> {
        let template = self.templates.get_mut(&key)?;
        if now_ns.saturating_sub(template.used_ns) > LIFETIME_NS {
            self.withdraw(key);
            return None;
        }
        template.used_ns = template.used_ns.max(now_ns);
        self.templates.get(&key)
    }

    /// The same, which is not noted.
    pub(super) fn peek(&self, key: TemplateKey) -> Option<&Template> {
        self.templates.get(&key)
    }

    /// A new definition takes the place of the old one.
    pub(super) fn define(&mut self, key: TemplateKey, template: Template) {
        self.withdraw(key);
        let bytes = template.memory_bytes();
        while self.templates.len() >= MOST_TEMPLATES || self.template_bytes + bytes > MOST_TEMPLATE_BYTES {
            if self.templates.is_empty() {
                return;
            }
            self.make_room();
        }
        self.template_bytes += bytes;
        self.templates.insert(key, template);
    }

    /// Gives up the quarter that was needed least of late: so many at once that a flood does not look through all for each.
    #[cold]
    fn make_room(&mut self) {
        let mut keys: Vec<_> = self.templates.iter().map(|(key, template)| (template.used_ns, *key)).collect();
        keys.sort_unstable();
        keys.truncate(keys.len().div_ceil(4));
        self.given_up.templates += keys.len() as u64;
        keys.into_iter().for_each(|(_, key)| self.withdraw(key));
    }

    pub(super) fn withdraw(&mut self, key: TemplateKey) {
        if let Some(template) = self.templates.remove(&key) {
            self.template_bytes -= template.memory_bytes();
        }
    }

    /// Withdraws all templates of a domain: those of options, or the others.
    pub(super) fn withdraw_all(&mut self, domain: u32, are_options: bool) {
        let is_meant = |key: &TemplateKey, template: &Template| key.0 == domain && template.is_options == are_options;
        let keys: Vec<_> = self.templates.iter().filter(|(key, one)| is_meant(key, one)).map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.withdraw(key));
    }

    /// Takes note of when a part has started, by a record of options.
    pub(super) fn learn_start(&mut self, domain: u32, draft: &Draft) {
        let Some(started_ns) = draft.started_ns() else { return };
        if self.starts_ns.len() < MOST_STARTS || self.starts_ns.contains_key(&domain) {
            self.starts_ns.insert(domain, started_ns);
        } else {
            self.given_up.templates += 1;
        }
    }

    /// When a part has started, as far as options have told.
    pub(super) fn start_ns(&self, domain: u32) -> Option<i64> {
        self.starts_ns.get(&domain).copied()
    }

    /// Takes note of what a record of options says of sampling.
    pub(super) fn learn(&mut self, domain: u32, draft: &Draft) {
        self.given_up.templates += u64::from(!self.samplings.learn(domain, draft));
    }

    /// How the packets of a record were sampled that names this sampler and interface, as far as options have told.
    #[inline]
    pub(super) fn sampling(&self, domain: u32, sampler: Option<u64>, in_interface: Option<u32>) -> Option<Sampling> {
        self.samplings.of(domain, sampler, in_interface)
    }

    /// Whether options have told anything of sampling.
    pub(super) fn samples(&self) -> bool {
        !self.samplings.is_empty()
    }

    /// Keeps a set until its template comes; false where there is no room.
    pub(super) fn keep(&mut self, waiting: Waiting) -> bool {
        self.give_up_late(waiting.common.time_ns);
        let has_room = self.waiting_bytes + waiting.memory_bytes() <= MOST_WAITING_BYTES;
        if has_room {
            self.waiting_bytes += waiting.memory_bytes();
            self.waiting.push_back(waiting);
        }
        has_room
    }

    /// Hands out the sets that have waited for a template, and not too long by now.
    pub(super) fn take_waiting(&mut self, key: TemplateKey, now_ns: i64) -> Vec<Waiting> {
        self.give_up_late(now_ns);
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let (found, rest) = std::mem::take(&mut self.waiting).into_iter().partition(|waiting| waiting.key == key);
        let found: VecDeque<Waiting> = found;
        self.waiting = rest;
        self.waiting_bytes -= found.iter().map(Waiting::memory_bytes).sum::<usize>();
        found.into()
    }

    fn give_up_late(&mut self, now_ns: i64) {
        let is_late = |waiting: &Waiting| now_ns.saturating_sub(waiting.common.time_ns) > PATIENCE_NS;
        while self.waiting.front().is_some_and(is_late) {
            let Some(late) = self.waiting.pop_front() else { return };
            self.waiting_bytes -= late.memory_bytes();
            self.given_up.sets += 1;
        }
    }

    fn memory_bytes(&self) -> usize {
        let starts_bytes = self.starts_ns.len() * size_of::<(u32, i64)>();
        size_of::<Self>() + self.template_bytes + self.waiting_bytes + self.samplings.memory_bytes() + starts_bytes
    }
}

impl Waiting {
    fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.records.len()
    }
}
