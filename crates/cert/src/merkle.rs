//! Merkle commitments: a root of a known number of leaves, and openings of one leaf or many.
//!
//! The tree has the shape of RFC 9162, section 2.1.1: n leaves are split at the largest power of two below n. A leaf is hashed with the
//! byte 0, its index and the number of leaves, an inner node with the byte 1, each under its own context, and the root absorbs the number of
//! leaves again. So an inner node is never taken for a leaf, no leaf for another, and no last leaf is doubled. The depth is computed from the
//! number of leaves, which comes from signed or hashed bytes; a proof does not say it.

use crate::digest::{Context, Digest};
use crate::refusal::{BindingFault, Part, Refusal};

/// The largest number of leaves, 2^32.
pub const LEAF_LIMIT: u64 = 1 << 32;

/// The largest power of two below `n`, which is at least 2 (RFC 9162, section 2.1.1).
pub(crate) fn split(n: u64) -> u64 {
    n.saturating_sub(1).checked_ilog2().map_or(1, |bits| 1 << bits)
}

/// The hash of an inner node.
pub(crate) fn node(context: Context, left: &Digest, right: &Digest) -> Digest {
    // At once, as there are many of these.
    let mut bytes = [1; 65];
    let [_, rest @ ..] = &mut bytes;
    let (l, r) = rest.split_at_mut(32);
    l.copy_from_slice(&left.0);
    r.copy_from_slice(&right.0);
    context.of(&bytes)
}

/// Hashes of leaves and of all complete subtrees above them, appended one by one. 64 bytes a leaf.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    context: Context,
    /// In row k, the hashes of complete subtrees of 2^k leaves, from left to right.
    rows: Vec<Vec<Digest>>,
}

impl Forest {
    pub(crate) fn new(context: Context) -> Forest {
        Forest { context, rows: vec![Vec::new()] }
    }

    pub(crate) fn len(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.len() as u64)
    }

    pub(crate) fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for level in 0.. {
            if level == self.rows.len() {
                self.rows.push(Vec::new());
            }
            let Some(row) = self.rows.get_mut(level) else { return };
            row.push(hash);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => hash = node(self.context, left, right),
                _ => return,
            }
        }
    }

    /// The hash of `size` leaves from `start` on; `None` where there are not so many, or none. At most 64 nodes are hashed.
    pub(crate) fn range(&self, start: u64, size: u64) -> Option<Digest> {
        if size.is_power_of_two() && start.is_multiple_of(size) {
            let row = self.rows.get(usize::try_from(size.ilog2()).ok()?)?;
            return row.get(usize::try_from(start.checked_div(size)?).ok()?).copied();
        }
        let left = if size == 0 { return None } else { split(size) };
        let (l, r) = (self.range(start, left)?, self.range(start.checked_add(left)?, size.checked_sub(left)?)?);
        Some(node(self.context, &l, &r))
    }
}

/// The hash of a leaf of a commitment: of what it contains, where it stands and among how many.
fn leaf(index: u64, count: u64, content: &Digest) -> Digest {
    let mut bytes = [0; 49];
    let [_, rest @ ..] = &mut bytes;
    let (numbers, last) = rest.split_at_mut(16);
    let (i, n) = numbers.split_at_mut(8);
    i.copy_from_slice(&index.to_le_bytes());
    n.copy_from_slice(&count.to_le_bytes());
    last.copy_from_slice(&content.0);
    Context::Leaf.of(&bytes)
}

fn root(count: u64, top: &Digest) -> Digest {
    Context::Root.hash().number(count).digest(top).finish()
}

/// Collects hashes of contents as they are computed, while it is not known how many there will be. 32 bytes each. A worker pushes
/// [`crate::certificate::trace_content`] of each intermediate value, in the order of [`crate::certificate::TraceShape::leaf`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    contents: Vec<Digest>,
}

impl Builder {
    /// None yet.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Appends the hash of what the next leaf contains.
    pub fn push(&mut self, content: Digest) {
        self.contents.push(content);
    }

    /// How many were pushed.
    pub fn len(&self) -> u64 {
        self.contents.len() as u64
    }

    /// Whether none was pushed.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// The tree of what was pushed; `None` where nothing was, or more than [`LEAF_LIMIT`].
    pub fn finish(self) -> Option<Tree> {
        let count = self.len();
        if count > LEAF_LIMIT {
            return None;
        }
        let mut forest = Forest::new(Context::Node);
        (0u64..).zip(&self.contents).for_each(|(i, content)| forest.push(leaf(i, count, content)));
        let root = root(count, &forest.range(0, count)?);
        Some(Tree { forest, root })
    }
}

/// A committed tree, from which leaves can be opened.
#[derive(Clone, Debug)]
pub struct Tree {
    forest: Forest,
    root: Digest,
}

impl Tree {
    /// What is committed to.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// How many leaves there are.
    pub fn count(&self) -> u64 {
        self.forest.len()
    }

    /// The proof for these leaves, strictly ascending: the hashes of the largest subtrees without any of them, from left to right.
    /// `None` where an index does not ascend or is not below the count, or none is given.
    pub fn open(&self, indices: &[u64]) -> Option<Vec<Digest>> {
        let ascending = indices.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        if indices.is_empty() || !ascending || indices.last().is_some_and(|last| *last >= self.count()) {
            return None;
        }
        let mut proof = Vec::new();
        self.siblings(0, self.count(), indices, &mut proof)?;
        Some(proof)
    }

    fn siblings(&self, start: u64, size: u64, indices: &[u64], proof: &mut Vec<Digest>) -> Option<()> {
        if indices.is_empty() {
            proof.push(self.forest.range(start, size)?);
        } else if size > 1 {
            let left = split(size);
            let middle = start.checked_add(left)?;
            let (l, r) = indices.split_at(indices.partition_point(|i| *i < middle));
            self.siblings(start, left, l, proof)?;
            self.siblings(middle, size.checked_sub(left)?, r, proof)?;
        }
        Some(())
    }
}

/// Checks an opening against a root. `leaves` gives, strictly ascending, the index of each leaf that is opened and the hash of what it
/// contains; it is asked once for each, in order, so a caller can hash a large opening while it is read. `proof` is that of [`Tree::open`].
/// Memory does not depend on the number of leaves or hashes.
///
/// # Errors
/// A binding fault of `part`: no leaf, an index that does not ascend or is not below `count`, too many or too few hashes, or another root.
pub fn verify_opening(
    part: Part,
    expected: &Digest,
    count: u64,
    leaves: impl Iterator<Item = (u64, Digest)>,
    proof: impl Iterator<Item = Digest>,
) -> Result<(), Refusal> {
    let refuse = |found| Err(Refusal::Binding(part, found));
    let mut leaves = leaves.peekable();
    match leaves.peek() {
        Some((first, _)) if *first < count && count <= LEAF_LIMIT => (),
        Some((first, _)) => return refuse(BindingFault::Index(*first)),
        None => return refuse(BindingFault::Count(1, 0)),
    }
    let mut opening = Opening { count, leaves, proof };
    let top = match opening.hash(0, count) {
        Ok(top) => top,
        Err(found) => return refuse(found),
    };
    if let Some((index, _)) = opening.leaves.next() {
        return refuse(BindingFault::Index(index));
    }
    if opening.proof.next().is_some() {
        return refuse(BindingFault::ProofLength);
    }
    if root(count, &top) == *expected { Ok(()) } else { refuse(BindingFault::Root) }
}

struct Opening<L: Iterator<Item = (u64, Digest)>, P> {
    count: u64,
    leaves: std::iter::Peekable<L>,
    proof: P,
}

impl<L: Iterator<Item = (u64, Digest)>, P: Iterator<Item = Digest>> Opening<L, P> {
    /// The hash of the subtree of `size` leaves from `start` on. Recursion is at most 33 deep, as sizes are halved.
    fn hash(&mut self, start: u64, size: u64) -> Result<Digest, BindingFault> {
        let end = start.saturating_add(size);
        match self.leaves.peek() {
            // What does not ascend is never reached again; the caller finds it left over.
            Some((index, _)) if *index >= start && *index < end => (),
            _ => return self.proof.next().ok_or(BindingFault::ProofLength),
        }
        if size == 1 {
            let (index, content) = self.leaves.next().ok_or(BindingFault::ProofLength)?;
            return Ok(leaf(index, self.count, &content));
        }
        let left = split(size);
        let l = self.hash(start, left)?;
        let r = self.hash(start.saturating_add(left), size.saturating_sub(left))?;
        Ok(node(Context::Node, &l, &r))
    }
}
