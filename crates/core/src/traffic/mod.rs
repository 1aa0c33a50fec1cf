//! Made-up traffic that looks like that of a site: what its clients ask resolvers, load from web servers and get from a DHCP
//! server, what others ask its name server, and what its routers export of flows. For demonstrations without rights, and
//! for tests: the same from the same seed, with times of its own.
//!
//! A kind of traffic is made in sessions, as an exchange of DNS or a visit to a web server. After each the next one
//! waits so long that the packets come at the rate that is asked for.

mod dhcp;
mod dns;
mod flow;
mod frames;
pub mod random;
mod site;
mod tcp;
mod web;

use std::collections::BTreeMap;

use flow::Exporters;
use frames::Script;
use random::Random;
use site::Site;

pub use site::HOSTS;

const SECOND_NS: f64 = 1e9;
/// Traffic swells and ebbs by this part of its rate, in this time.
const SWELL: f64 = 0.25;
const SWELL_SECONDS: f64 = 240.0;

/// What traffic may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Dns,
    Web,
    Dhcp,
    /// Datagrams of flow records, as exporters send them.
    Flow,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Self::Dns, Self::Web, Self::Dhcp, Self::Flow];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Web => "web",
            Self::Dhcp => "dhcp",
            Self::Flow => "flow",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its part of all packets, where there are all kinds.
    const fn weight(self) -> f64 {
        match self {
            Self::Dns => 0.36,
            Self::Web => 0.6,
            Self::Dhcp => 0.02,
            Self::Flow => 0.02,
        }
    }
}

/// What is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrafficConfig {
    pub seed: u64,
    /// Of all kinds together, over some minutes.
    pub packets_per_second: u32,
    pub kinds: Vec<Kind>,
}

/// A frame (Ethernet) and when it comes, counted from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub at_ns: u64,
    pub data: Vec<u8>,
}

/// The frames of some kinds of traffic in the order of their times, without end.
pub struct Traffic {
    site: Site,
    exporters: Exporters,
    sources: Vec<Sessions>,
    /// Frames of sessions that have begun, by time and number.
    ahead: BTreeMap<(u64, u64), Vec<u8>>,
    made: u64,
}

/// The sessions of one kind.
struct Sessions {
    kind: Kind,
    random: Random,
    packets_per_second: f64,
    next_at_ns: u64,
}

impl Traffic {
    /// Those kinds of what is to be made that are wanted here, each at the rate that it has among all.
    pub fn new(config: &TrafficConfig, is_wanted: impl Fn(Kind) -> bool) -> Self {
        let all: f64 = config.kinds.iter().map(|kind| kind.weight()).sum();
        let sessions = |kind: &Kind| {
            let packets_per_second = f64::from(config.packets_per_second) * kind.weight() / all;
            let mut random = Random::new(config.seed ^ (*kind as u64 + 1) << 56);
            let next_at_ns = (random.fraction() * SECOND_NS / 10.0) as u64;
            Sessions { kind: *kind, random, packets_per_second, next_at_ns }
        };
        let sources = config.kinds.iter().filter(|kind| is_wanted(**kind)).map(sessions).collect();
        Self { site: Site::new(config.seed), exporters: Exporters::default(), sources, ahead: BTreeMap::new(), made: 0 }
    }

    /// Begins the sessions that begin before the next frame.
    fn begin_sessions(&mut self) -> Option<()> {
        loop {
            let source = self.sources.iter_mut().min_by_key(|source| source.next_at_ns)?;
            if self.ahead.first_key_value().is_some_and(|((at_ns, _), _)| *at_ns < source.next_at_ns) {
                return Some(());
            }
            let begin_ns = source.next_at_ns;
            for (after_ns, data) in source.session(&self.site, &mut self.exporters) {
                self.made += 1;
                self.ahead.insert((begin_ns + after_ns, self.made), data);
            }
        }
    }
}

impl Iterator for Traffic {
    type Item = Made;

    fn next(&mut self) -> Option<Made> {
        self.begin_sessions()?;
        self.ahead.pop_first().map(|((at_ns, _), data)| Made { at_ns, data })
    }
}

impl Sessions {
    /// Makes the next session, and says when the one after it begins.
    fn session(&mut self, site: &Site, exporters: &mut Exporters) -> Script {
        let mut script = Script::default();
        let Self { random, next_at_ns, .. } = self;
        match self.kind {
            Kind::Dns => dns::exchange(site, random, &mut script),
            Kind::Web => web::visit(site, random, &mut script),
            Kind::Dhcp => dhcp::lease(site, random, &mut script),
            Kind::Flow => flow::export(exporters, site, random, *next_at_ns, &mut script),
        }
        let seconds = *next_at_ns as f64 / SECOND_NS;
        let swell = 1.0 + SWELL * (seconds / SWELL_SECONDS * std::f64::consts::TAU).sin();
        let mean_seconds = script.len() as f64 / (self.packets_per_second * swell);
        *next_at_ns += (random.exponential(mean_seconds) * SECOND_NS) as u64 + 1;
        script
    }
}

#[cfg(test)]
mod tests;
