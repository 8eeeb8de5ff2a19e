//! Merkle hashes: what a statement or a declaration says, independent of names, positions and proofs.

use crate::encode::{Sink, encode, put_boundary};
use crate::leb::{put_bytes, put_len, put_u32};
use crate::term::{DataDecl, Decl, Term};
use crate::walk::{ByAddress, Seen, post_order, roots};

/// A 256-bit hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A constant has no hash: its position is not below the number of hashes given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownConstant(pub u32);

impl std::fmt::Display for UnknownConstant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "constant {} is not among the declarations", self.0)
    }
}

impl std::error::Error for UnknownConstant {}

// First byte of what is hashed. Nodes, declarations and the self reference can never be taken for one another.
const NODE: u8 = 0;
const DEF: u8 = 1;
const THEOREM: u8 = 2;
const AXIOM: u8 = 3;
const DATA: u8 = 4;
// First byte of a reference inside a node.
const EARLIER: u8 = 0;
const ITSELF: u8 = 1;

struct Digests<'b> {
    out: &'b mut Vec<u8>,
    done: &'b ByAddress<Hash>,
    earlier: &'b [Hash],
    /// Position of the data type being hashed.
    own: Option<usize>,
    unknown: Option<u32>,
}

impl<'a> Sink<'a> for Digests<'_> {
    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
    fn child(&mut self, t: &'a Term) {
        if let Some(h) = self.done.get(&Term::as_ptr(t)) {
            self.out.extend_from_slice(&h.0);
        }
    }
    fn reference(&mut self, id: u32) {
        let place = usize::try_from(id).ok();
        if let Some(h) = place.and_then(|i| self.earlier.get(i)) {
            self.out.push(EARLIER);
            self.out.extend_from_slice(&h.0);
        } else if place.is_some() && place == self.own {
            self.out.push(ITSELF);
        } else {
            self.unknown = Some(id);
        }
    }
}

/// Hashes of nodes over one list of declarations; shared nodes are hashed once.
#[derive(Default)]
struct Known {
    done: ByAddress<Hash>,
    seen: Seen,
}

struct Hasher<'b> {
    earlier: &'b [Hash],
    own: Option<usize>,
    known: &'b mut Known,
}

impl Hasher<'_> {
    fn term(&mut self, t: &Term) -> Result<Hash, UnknownConstant> {
        let (mut unknown, mut bytes) = (None, Vec::new());
        let (done, earlier, own) = (&mut self.known.done, self.earlier, self.own);
        post_order(t, &mut self.known.seen, |n| {
            bytes.clear();
            bytes.push(NODE);
            let mut sink = Digests { out: &mut bytes, done, earlier, own, unknown: None };
            encode(n, &mut sink);
            unknown = unknown.or(sink.unknown);
            done.insert(Term::as_ptr(n), hash(&bytes));
        });
        match (unknown, self.known.done.get(&Term::as_ptr(t))) {
            (None, Some(h)) => Ok(*h),
            (id, _) => Err(UnknownConstant(id.unwrap_or(u32::MAX))),
        }
    }
}

fn hash(bytes: &[u8]) -> Hash {
    Hash(*blake3::hash(bytes).as_bytes())
}

/// The hash of a term, constants and data types replaced by the hashes of their declarations. Displacements count.
///
/// # Errors
/// A constant at a position that has no hash.
pub fn term_hash(term: &Term, hashes: &[Hash]) -> Result<Hash, UnknownConstant> {
    Hasher { earlier: hashes, own: None, known: &mut Known::default() }.term(term)
}

/// The hash of the declaration at position `earlier.len()`. Names and proofs of theorems do not count;
/// the bundle of an axiom does; a data type's references to itself count as such.
fn decl_hash(decl: &Decl, earlier: &[Hash], known: &mut Known) -> Result<Hash, UnknownConstant> {
    let own = matches!(decl, Decl::Data(_)).then_some(earlier.len());
    let mut alone = Known::default();
    // A data type that names itself is not yet one of those that come earlier, so its nodes have other hashes.
    let mut h = Hasher { earlier, own, known: if own.is_some() { &mut alone } else { known } };
    let mut out = Vec::new();
    match decl {
        Decl::Def { ty, body, .. } => {
            out.push(DEF);
            out.extend_from_slice(&h.term(ty)?.0);
            out.extend_from_slice(&h.term(body)?.0);
        }
        Decl::Theorem { ty, .. } => {
            out.push(THEOREM);
            out.extend_from_slice(&h.term(ty)?.0);
        }
        Decl::Axiom { bundle, ty, .. } => {
            out.push(AXIOM);
            put_bytes(&mut out, bundle.as_bytes());
            out.extend_from_slice(&h.term(ty)?.0);
        }
        Decl::Data(DataDecl { params, level, constructors, .. }) => {
            out.push(DATA);
            put_u32(&mut out, *level);
            put_len(&mut out, params.len());
            put_len(&mut out, constructors.len());
            for c in constructors {
                put_len(&mut out, c.fields.len());
                put_boundary(&mut out, c);
            }
            for t in roots(decl) {
                out.extend_from_slice(&h.term(t)?.0);
            }
        }
    }
    Ok(hash(&out))
}

/// The hashes of a list of declarations. Names and proofs of theorems do not count, and the bundle of an axiom does.
///
/// # Errors
/// A constant that does not come earlier.
pub fn decl_hashes(decls: &[Decl]) -> Result<Vec<Hash>, UnknownConstant> {
    let (mut out, mut known) = (Vec::new(), Known::default());
    for d in decls {
        out.push(decl_hash(d, &out, &mut known)?);
    }
    Ok(out)
}
