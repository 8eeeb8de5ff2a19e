//! Opened values by their places.

use crate::verdict::{Fault, Found, Rejected, Spot, Stop, Undecided};
use bfv_cert::{BindingFault, Part, Refusal};
use bfv_exact::commit::{Form, Layout, OPERATIONS};
use bfv_exact::forward::{Op, Place};

/// The opened values of an answer. Memory depends on how many were opened.
pub(crate) struct Cells<'a> {
    pub(crate) layout: Layout,
    /// By leaves, ascending.
    opened: Vec<(u64, &'a [u8])>,
}

impl<'a> Cells<'a> {
    pub(crate) fn new(layout: Layout, opened: impl Iterator<Item = (u64, &'a [u8])>) -> Self {
        Self { layout, opened: opened.collect() }
    }

    /// The shape of a value and its bytes, where it was opened.
    pub(crate) fn get(&self, block: u32, layer: u32, op: Op) -> Option<(Form, &'a [u8])> {
        Some((self.layout.form(block, layer, op)?, self.opened.get(self.at(block, layer, op)?)?.1))
    }

    /// Which of the opened values this is.
    pub(crate) fn at(&self, block: u32, layer: u32, op: Op) -> Option<usize> {
        let leaf = self.layout.leaf(block, layer, op)?;
        self.opened.binary_search_by_key(&leaf, |(l, _)| *l).ok()
    }

    /// Every product and all that comes in is opened, and everything opened has its size. So what is computed afterwards is not much larger
    /// than the envelope. Where the trace has no operation there is nothing but the empty value: nobody would look at another.
    pub(crate) fn complete(&self, late: bool) -> Result<(), Stop> {
        let stray = |(leaf, bytes): &&(u64, &[u8])| !bytes.is_empty() && self.layout.place(*leaf).is_none();
        if let Some((leaf, _)) = self.opened.iter().find(stray) {
            return Err(Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Trace, BindingFault::Index(*leaf)))));
        }
        let shape = self.layout.shape();
        for block in 0..shape.blocks {
            let rows = self.layout.input_row().unwrap_or(0)..self.layout.rows().end.into();
            for layer in rows {
                for op in OPERATIONS.into_iter().filter(|op| self.layout.leaf(block, layer, *op).is_some()) {
                    let spot = Spot { layer, op, token: self.layout.block(block).0 };
                    let needed = self.layout.needs(Place { layer, op, first: spot.token });
                    match self.get(block, layer, op) {
                        Some((form, bytes)) if bytes.len() != form.bytes() => {
                            return Err(Fault { spot, found: Found::Bytes(bytes.len(), form.bytes()) }.into());
                        }
                        None if needed && late => return Err(Fault { spot, found: Found::Withheld }.into()),
                        None if needed => return Err(Stop::Undecided(Undecided::Unopened(spot))),
                        _ => (),
                    }
                }
            }
        }
        Ok(())
    }
}
