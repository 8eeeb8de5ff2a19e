//! Machines by name, with the order in which they sum. A card is here when its order was measured, and not before.

use crate::order::Order;
use bfv_cert::digest::{Context, Digest};

/// A machine, with its kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// What it is called.
    pub name: &'static str,
    /// Its class, as certificates number devices.
    pub device: u8,
    /// How it sums.
    pub order: Order,
}

/// The processor: a plain loop.
pub const REFERENCE: Card = Card { name: "reference", device: 0, order: Order::Sequential };

/// All machines whose order is known. The reference has its order by definition. No graphics card was measured yet.
pub const MEASURED: [Card; 1] = [REFERENCE];

impl Card {
    /// What a certificate names as the kernel: name, class and order.
    #[must_use]
    pub fn kernel(&self) -> Digest {
        let hash = Context::Kernel.hash().bytes(b"replay").bytes(self.name.as_bytes()).byte(self.device);
        hash.bytes(&self.order.bytes()).finish()
    }
}

/// The machine with this kernel and class among some.
#[must_use]
pub fn of<'a>(cards: &'a [Card], kernel: &Digest, device: u8) -> Option<&'a Card> {
    cards.iter().find(|card| card.device == device && card.kernel() == *kernel)
}
