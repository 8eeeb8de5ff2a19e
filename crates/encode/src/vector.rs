//! What a statement looks like, as a vector of fixed length: counts of its structure, and counts of the walks from node to node, hashed.
//!
//! Term walks as features are from Jakubuv and Urban, "ENIGMA: Efficient Learning-Based Inference Guiding Machine" (2017); the similarity is the
//! coefficient of Dice (1945) of two multisets. All numbers are whole, so the same statement has the same vector on every machine.

use crate::parts::{children, telescope};
use bfv_format::{Node, Term};

/// Grows whenever the meaning of a place changes. Vectors of two versions are not compared.
pub const VERSION: u16 = 1;
/// Places of counts of the structure.
pub const STRUCTURE: usize = 16;
/// Places of hashed walks.
pub const WALKS: usize = 112;
/// Places that a learned part may fill. They are 0 until there is one.
pub const LEARNED: usize = 32;

/// A vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// The version of its places.
    pub version: u16,
    /// Size, depth, arguments, equations among them, functions, applications, equations, pairs, data types, constructors, eliminations,
    /// names, primitive notions, literals, variables, universes; each as far as 16 bits go.
    pub structure: [u16; STRUCTURE],
    /// How often walks of one, two and three nodes fall on each place.
    pub walks: [u16; WALKS],
    /// The learned part.
    pub learned: [i8; LEARNED],
}

impl Vector {
    /// How much two vectors have in common, in thousandths: 1000 where all counts of walks agree. Of two versions nothing is said: 0.
    #[must_use]
    pub fn similarity(&self, other: &Vector) -> u32 {
        if self.version != other.version {
            return 0;
        }
        let pairs = || self.walks.iter().zip(&other.walks).map(|(a, b)| (u64::from(*a), u64::from(*b)));
        let both: u64 = pairs().map(|(a, b)| a.min(b)).sum();
        let all: u64 = pairs().map(|(a, b)| a + b).sum();
        let thousandths = (2000 * both).checked_div(all).unwrap_or(1000);
        u32::try_from(thousandths).unwrap_or(1000)
    }
}

/// Deeper parts of a statement are not looked at, for terms may be deeper than a stack.
const DEEPEST: u16 = 512;

/// The vector of a statement. `name` is a number for a declaration that does not depend on where it stands.
pub fn encode(statement: &Term, name: &dyn Fn(u32) -> u64) -> Vector {
    let (structure, walks) = ([0; STRUCTURE], [0; WALKS]);
    let mut v = Vector { version: VERSION, structure, walks, learned: [0; LEARNED] };
    let (arguments, end) = telescope(statement);
    for ty in &arguments {
        v.count(2);
        if matches!(***ty, Node::Path(..)) {
            v.count(3);
        }
    }
    for t in arguments.into_iter().chain([end]) {
        met(t, [0, 0], 1, name, &mut |node| v.note(node));
    }
    v
}

impl Vector {
    fn count(&mut self, place: usize) {
        if let Some(n) = self.structure.get_mut(place) {
            *n = n.saturating_add(1);
        }
    }

    /// Counts what ends at a node.
    fn note(&mut self, node: &Met) {
        self.count(0);
        self.count(node.place);
        if let Some(deepest) = self.structure.get_mut(1) {
            *deepest = node.depth.max(*deepest);
        }
        for walk in node.walks {
            let at = usize::try_from(walk % 112).unwrap_or_default();
            if let Some(n) = self.walks.get_mut(at) {
                *n = n.saturating_add(1);
            }
        }
    }
}

/// A node as it is met on the way through a term: the place of its count, how deep it lies, and the walks of one, two and three nodes that
/// end at it.
struct Met {
    place: usize,
    depth: u16,
    walks: [u64; 3],
}

/// Tells of each node of a term; the two nodes above it lead to it.
fn met(t: &Term, above: [u64; 2], depth: u16, name: &dyn Fn(u32) -> u64, tell: &mut dyn FnMut(&Met)) {
    let (label, place) = label(t, name);
    let two = mixed(above[1], label);
    tell(&Met { place, depth, walks: [label, two, mixed(above[0], two)] });
    if depth >= DEEPEST {
        return;
    }
    for (n, (child, ..)) in (1u64..).zip(children(t).unwrap_or_default()) {
        // Which child it is belongs to the walk.
        met(child, [above[1], mixed(label, n)], depth + 1, name, tell);
    }
}

/// The walks of one, two and three nodes in a term, as numbers: what the places of a vector count, before it is folded into that many. Each
/// stands here once, in the order of the numbers. `name` is as for `encode`.
pub fn walks(t: &Term, name: &dyn Fn(u32) -> u64) -> Vec<u64> {
    let mut all = std::collections::BTreeSet::new();
    met(t, [0, 0], 1, name, &mut |node| all.extend(node.walks));
    all.into_iter().collect()
}

/// A number for what a node is, without its children, and the place of its count.
fn label(t: &Term, name: &dyn Fn(u32) -> u64) -> (u64, usize) {
    let (kind, own, place) = match &**t {
        Node::Var(_) => (0, 0, 14),
        Node::Univ(n) => (1, u64::from(*n), 15),
        Node::Const { id, .. } => (2, name(*id), 11),
        Node::Prim(p) => (3, *p as u64, 12),
        Node::NatLit(n) => (4, n.iter_u64_digits().next().unwrap_or_default(), 13),
        Node::IntLit(n) => (5, n.iter_u64_digits().next().unwrap_or_default(), 13),
        Node::RealLit(q) => (6, q.num.iter_u64_digits().next().unwrap_or_default(), 13),
        Node::Pi(..) => (7, 0, 4),
        Node::Lam(_) => (8, 0, 4),
        Node::App(..) => (9, 0, 5),
        Node::Let(..) => (10, 0, 5),
        Node::Sigma(..) | Node::Pair(..) | Node::Fst(_) | Node::Snd(_) => (11, 0, 7),
        Node::Line(_) | Node::Path(..) | Node::DLam(_) | Node::LApp(..) | Node::PApp(..) => (12, 0, 6),
        Node::Coe(..) | Node::HCom(..) => (13, 0, 6),
        Node::EmptyElim(..) | Node::BoolElim(..) | Node::NatElim(..) | Node::IntElim(..) => (14, 0, 10),
        Node::Data(d, _) => (15, name(d.id), 8),
        Node::Con(d, c, ..) => (16, mixed(name(d.id), u64::from(*c)), 9),
        Node::DataElim(d, ..) => (17, name(d.id), 10),
        Node::Rule(_) => (18, 0, 12),
        Node::Glue(..) | Node::GlueEl(..) | Node::Unglue(..) => (19, 0, 12),
    };
    (mixed(kind, own), place)
}

/// Two numbers as one (the finalizer of SplitMix64, Steele and others 2014).
fn mixed(a: u64, b: u64) -> u64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
