//! Any bytes as a serialised sketch: refused, or read to something that writes and merges. The first byte says which
//! kind.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pktvisor_core::hash::hash_bytes;
use pktvisor_core::sketch::distribution::Distribution;
use pktvisor_core::sketch::frequent::Frequent;
use pktvisor_core::sketch::hll::Hll;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, image)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => {
            if let Ok(mut hll) = Hll::from_bytes(image) {
                hll.merge(&hll.clone());
                Hll::from_bytes(&hll.to_bytes()).unwrap();
                assert!(hll.estimate() >= 0.0);
            }
        }
        1 => {
            if let Ok(mut top) = Frequent::from_bytes(image, |item| hash_bytes(1, item)) {
                top.merge(&top.clone());
                top.top(10);
                let text = |item: &[u8]| String::from_utf8_lossy(item).into_owned();
                Frequent::from_bytes(&top.to_bytes(text), |item| hash_bytes(1, item)).unwrap();
            }
        }
        _ => {
            if let Ok(mut values) = Distribution::from_bytes(image) {
                values.merge(&values.clone());
                values.quantile(0.99);
                Distribution::from_bytes(&values.to_bytes()).unwrap();
            }
        }
    }
});
