//! How an exporter samples, as its options tell: for a part of it, for an interface, or by a sampler that records name.

use std::collections::HashMap;

use super::draft::{Draft, Sampling};

/// Ways of sampling of one exporter: some hundred interfaces of some parts.
const MOST: usize = 1 << 12;

/// Whom a way of sampling is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scope {
    Domain,
    Interface(u32),
    Sampler(u64),
}

/// By observation domain (NetFlow 9: source ID).
#[derive(Debug, Default)]
pub(super) struct Samplings {
    known: HashMap<(u32, Scope), Sampling>,
    /// Domains with a sampler, and how it samples; `None` for several.
    only_samplers: HashMap<u32, Option<Sampling>>,
}

impl Samplings {
    /// Takes note of what a record of options says; false where there is no room.
    pub fn learn(&mut self, domain: u32, draft: &Draft) -> bool {
        let Some(sampling) = draft.sampling() else { return true };
        let scope = match (draft.sampler, draft.in_interface) {
            (Some(sampler), _) => Scope::Sampler(sampler),
            (None, Some(interface)) => Scope::Interface(interface),
            (None, None) => Scope::Domain,
        };
        let is_new = !self.known.contains_key(&(domain, scope));
        if is_new && self.known.len() >= MOST {
            return false;
        }
        self.known.insert((domain, scope), sampling);
        if let Scope::Sampler(_) = scope {
            self.note_sampler(domain, sampling, is_new);
        }
        true
    }

    fn note_sampler(&mut self, domain: u32, sampling: Sampling, is_new: bool) {
        let another = |only: &mut Option<Sampling>| *only = only.filter(|_| !is_new).map(|_| sampling);
        self.only_samplers.entry(domain).and_modify(another).or_insert(Some(sampling));
    }

    /// How the packets of a record were sampled. A sampler that nobody has told of samples as its interface does, or as all do.
    /// Where records name no sampler and there is one alone, it is theirs.
    #[inline]
    pub fn of(&self, domain: u32, sampler: Option<u64>, in_interface: Option<u32>) -> Option<Sampling> {
        if self.known.is_empty() {
            return None;
        }
        let of = |scope: Scope| self.known.get(&(domain, scope)).copied();
        let of_only_sampler = || self.only_samplers.get(&domain).copied().flatten().filter(|_| sampler.is_none());
        sampler
            .and_then(|sampler| of(Scope::Sampler(sampler)))
            .or_else(|| in_interface.and_then(|interface| of(Scope::Interface(interface))))
            .or_else(|| of(Scope::Domain))
            .or_else(of_only_sampler)
    }

    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    pub fn memory_bytes(&self) -> usize {
        let entry = size_of::<((u32, Scope), Sampling)>() + size_of::<(u32, Option<Sampling>)>();
        self.known.len() * entry
    }
}
