//! How many requests a client may send: a bucket for each address, which fills again with time.

use crate::fault::Fault;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most addresses that are remembered. The one that was seen longest ago is forgotten first.
const ADDRESSES: usize = 10_000;

/// The buckets.
pub struct Clients {
    /// Requests for each second.
    rate: f64,
    /// Requests at once.
    burst: f64,
    /// What is left for each address, and since when.
    left: Mutex<BTreeMap<IpAddr, (f64, Instant)>>,
}

impl Clients {
    /// Buckets of `burst` requests that fill with `rate` a second.
    #[must_use]
    pub fn new(rate: u32, burst: u32) -> Clients {
        Clients { rate: f64::from(rate), burst: f64::from(burst), left: Mutex::default() }
    }

    /// Takes a request of an address.
    ///
    /// # Errors
    /// The bucket is empty: 429, with the seconds until there is one again.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), Fault> {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES && !all.contains_key(&address) {
            let oldest = all.iter().min_by_key(|(_, (_, seen))| *seen).map(|(a, _)| *a);
            oldest.and_then(|a| all.remove(&a));
        }
        let (left, seen) = all.entry(address).or_insert((self.burst, now));
        let passed = now.saturating_duration_since(*seen).as_secs_f64();
        *left = (*left + passed * self.rate).min(self.burst);
        *seen = now;
        if *left >= 1.0 {
            *left -= 1.0;
            return Ok(());
        }
        // With at least one request a second, one second is always enough.
        Err(Fault::too_many(1))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bucket_empties_and_fills_again_and_others_have_their_own() {
        let (clients, now) = (Clients::new(2, 3), Instant::now());
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        for _ in 0..3 {
            clients.take(a, now).unwrap();
        }
        let fault = clients.take(a, now).unwrap_err();
        assert_eq!((fault.status, fault.retry_after), (429, Some(1)));
        clients.take(b, now).unwrap();
        clients.take(a, now + Duration::from_millis(500)).unwrap();
        assert!(clients.take(a, now + Duration::from_millis(500)).is_err());
    }

    #[test]
    fn only_so_many_addresses_are_remembered() {
        let (clients, now) = (Clients::new(1, 1), Instant::now());
        for n in 0..u32::try_from(ADDRESSES).unwrap() + 10 {
            clients.take(IpAddr::from(n.to_be_bytes()), now).unwrap();
        }
        assert_eq!(clients.left.lock().unwrap().len(), ADDRESSES);
    }
}
