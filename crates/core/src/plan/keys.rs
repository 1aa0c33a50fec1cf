//! What a metric is known by in saved windows: by what it is and what it counts, not by where it stands in a plan. So
//! windows outlive an upgrade, or a policy, that adds a metric or removes one.

use serde_json::Value;

use super::spec::MetricSpec;
use crate::Error;
use crate::metric::MetricKind;
use crate::sketch::murmur3::{DATASKETCHES_SEED, murmur3_128};
use crate::sketch::reader::{Reader, write_varint};

/// A hash of a metric's identity, kind, items and meaning: the same in every process and release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct MetricKey(u128);

impl MetricKey {
    /// The key of a metric. One without identity and meaning is known by its place in this very plan: the plan's
    /// fingerprint, the handler's number and its own.
    pub fn of(spec: &MetricSpec, kind: MetricKind, place: (u128, usize, usize)) -> Self {
        let named = match (&spec.identity, &spec.meaning) {
            (Some(identity), Some(meaning)) => format!("{identity} {meaning}"),
            _ => format!("{place:?}"),
        };
        Self(hash(&format!("{} {} {named}", kind.kind.name(), kind.items.name())))
    }

    pub fn write_all(keys: &[Self], out: &mut Vec<u8>) {
        write_varint(out, keys.len() as u64);
        keys.iter().for_each(|key| out.extend(key.0.to_le_bytes()));
    }

    pub fn read_all(reader: &mut Reader) -> Result<Vec<Self>, Error> {
        (0..reader.count()?).map(|_| Ok(Self(reader.u128()?))).collect()
    }
}

/// What plans had not when version 1 of saved windows was current: what names metrics, ports, finer matching of exchanges.
const LATER: [&str; 2] = ["identity", "meaning"];
const LATER_OF_EXCHANGES: [&str; 2] = ["pairing", "question"];

/// The same for the same specification, in every process and whatever the order of keys. Version 1 of saved windows knows
/// its plan by this.
pub(super) fn fingerprint(spec: &Value) -> u128 {
    let mut spec = spec.clone();
    let handlers = spec.get_mut("handlers").and_then(Value::as_array_mut);
    for handler in handlers.into_iter().flatten() {
        let metrics = handler.get_mut("metrics").and_then(Value::as_array_mut);
        for metric in metrics.into_iter().flatten().filter_map(Value::as_object_mut) {
            metric.retain(|name, _| !LATER.contains(&name.as_str()));
        }
        if let Some(handler) = handler.as_object_mut() {
            handler.retain(|name, value| name != "ports" || *value != serde_json::json!({}));
        }
        if let Some(exchanges) = handler.get_mut("exchanges").and_then(Value::as_object_mut) {
            exchanges.retain(|name, _| !LATER_OF_EXCHANGES.contains(&name.as_str()));
        }
    }
    hash(&spec.to_string())
}

fn hash(text: &str) -> u128 {
    let (high, low) = murmur3_128(text.as_bytes(), DATASKETCHES_SEED);
    u128::from(high) << 64 | u128::from(low)
}
