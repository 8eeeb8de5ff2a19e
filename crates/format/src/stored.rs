//! Stored proofs and libraries: one writer, one strict reader, one seal.
//!
//! Layout: magic, version, table of nodes, then the parts below in their order, then the seal (blake3 of all bytes before it).
//! The table lists every distinct node once, children before parents, in the order of a walk over the roots
//! (leftmost first), so one content has one sequence of bytes and one sequence of bytes has one content.

use crate::UnknownConstant;
use crate::decode::{Table, cof, position};
use crate::encode::{Sink, encode, put_boundary};
use crate::leb::{Read, ReadError, Reader, put_bytes, put_len, put_u32};
use crate::pack::closure;
use crate::term::{Constructor, DataDecl, Decl, Part, Term};
use crate::walk::{ByAddress, Seen, post_order, roots};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Version of the bytes; the reader knows this one only.
pub const VERSION: u8 = 2;
/// Greatest height of a term in a file.
pub const DEPTH_LIMIT: u32 = 100_000;

const PROOF: &[u8; 4] = b"bfvp";
const LIBRARY: &[u8; 4] = b"bfvl";
const SEAL: usize = blake3::OUT_LEN;

/// Most nodes take no more bytes.
const BYTES_OF_A_NODE: usize = 4;

/// What a stored proof says of its claim. It is a word in a file; only the kernel can make it true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Outcome {
    /// `evidence : statement`.
    Proved = 0,
    /// `evidence : statement -> Empty`.
    Refuted = 1,
}

/// A stored proof: everything that is needed to judge one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Declarations in dependency order; constants are positions in this list.
    pub decls: Vec<Decl>,
    /// Name of the claim, for reading.
    pub claim: String,
    /// The statement.
    pub statement: Term,
    /// What the evidence is evidence of.
    pub verdict: Outcome,
    /// The proof of the statement, or of its negation.
    pub evidence: Term,
    /// The counterexample in the user's names with exact values, for reading only.
    pub witness: Vec<(String, String)>,
    /// Who found the evidence, for reading only.
    pub engine: String,
}

/// Checked declarations to be read instead of elaborated, with bytes that mean something to the caller only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    /// Declarations in dependency order.
    pub decls: Vec<Decl>,
    /// Opaque.
    pub meta: Vec<u8>,
}

/// Writes a stored proof. What is written reads back to the same, as long as terms are no deeper than `DEPTH_LIMIT`,
/// numbers no longer than `NUMBER_LIMIT`, fractions in lowest terms, texts free of control characters, and constants earlier positions.
#[must_use]
pub fn write(stored: &Stored) -> Vec<u8> {
    let decls: Vec<&Decl> = stored.decls.iter().collect();
    whole(Writer::new(PROOF), &decls, stored)
}

/// Writes a stored proof whose terms are over a long list of declarations, in place of its own: of the list it takes what the terms
/// need (types, bodies, proofs of theorems), in the same order.
///
/// # Errors
/// A constant that is not in the list.
pub fn write_over(all: &[Decl], stored: &Stored) -> Result<Vec<u8>, UnknownConstant> {
    let needed = closure(all, [&stored.statement, &stored.evidence])?;
    let mut decls = Vec::new();
    let mut w = Writer::new(PROOF);
    for (new, old) in (0_u32..).zip(needed) {
        w.positions.get_or_insert_default().insert(old, new);
        decls.push(usize::try_from(old).ok().and_then(|i| all.get(i)).ok_or(UnknownConstant(old))?);
    }
    Ok(whole(w, &decls, stored))
}

fn whole(mut w: Writer, decls: &[&Decl], stored: &Stored) -> Vec<u8> {
    w.table(decls.iter().flat_map(|d| roots(d)).chain([&stored.statement, &stored.evidence]));
    w.decls(decls);
    w.text(&stored.claim);
    w.term(&stored.statement);
    w.out.push(stored.verdict as u8);
    w.term(&stored.evidence);
    put_len(&mut w.out, stored.witness.len());
    for (name, value) in &stored.witness {
        w.text(name);
        w.text(value);
    }
    w.text(&stored.engine);
    w.seal()
}

/// Reads a stored proof.
///
/// # Errors
/// Anything but the bytes that `write` gives for what is read: wrong magic, version or seal, truncation, trailing bytes,
/// numbers or fractions not in their shortest form, tables out of order, constants that do not come earlier, and limits.
pub fn read(bytes: &[u8]) -> Result<Stored, ReadError> {
    let (mut r, table, mut walk) = open(bytes, PROOF)?;
    let decls = read_decls(&mut r, &table, &mut walk)?;
    let known = decls.len();
    let claim = r.string()?;
    let statement = root(&mut r, &table, &mut walk, known)?;
    let verdict = match r.byte()? {
        0 => Outcome::Proved,
        1 => Outcome::Refuted,
        _ => return r.fail("unknown verdict"),
    };
    let evidence = root(&mut r, &table, &mut walk, known)?;
    let witness = r.list(|r| Ok((r.string()?, r.string()?)))?;
    let engine = r.string()?;
    close(&r, &table, &walk)?;
    Ok(Stored { decls, claim, statement, verdict, evidence, witness, engine })
}

/// Writes a library.
#[must_use]
pub fn write_library(library: &Library) -> Vec<u8> {
    let mut w = Writer::new(LIBRARY);
    w.table(library.decls.iter().flat_map(roots));
    w.decls(&library.decls.iter().collect::<Vec<_>>());
    put_bytes(&mut w.out, &library.meta);
    w.seal()
}

/// Reads a library.
///
/// # Errors
/// As `read`.
pub fn read_library(bytes: &[u8]) -> Result<Library, ReadError> {
    let (mut r, table, mut walk) = open(bytes, LIBRARY)?;
    let decls = read_decls(&mut r, &table, &mut walk)?;
    let meta = r.bytes()?.to_vec();
    close(&r, &table, &walk)?;
    Ok(Library { decls, meta })
}

/// Recomputes the seal of bytes that were changed. For tests of readers: a resealed file is still judged by its content.
#[must_use]
pub fn reseal(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.get(..bytes.len().saturating_sub(SEAL)).unwrap_or(&[]).to_vec();
    let seal = blake3::hash(&out);
    out.extend_from_slice(seal.as_bytes());
    out
}

/// Writes into the table's scratch: children as indices.
struct Indices<'a, 'b> {
    out: &'b mut Vec<u8>,
    by_address: &'b ByAddress<u32>,
    positions: Option<&'b BTreeMap<u32, u32>>,
    marker: std::marker::PhantomData<&'a ()>,
}

impl<'a> Sink<'a> for Indices<'a, '_> {
    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
    fn child(&mut self, t: &'a Term) {
        // The walk gives children before parents, so the index is there.
        put_u32(self.out, self.by_address.get(&Term::as_ptr(t)).copied().unwrap_or(u32::MAX));
    }
    fn reference(&mut self, id: u32) {
        // What is needed has a position.
        let new = self.positions.map_or(id, |p| p.get(&id).copied().unwrap_or(u32::MAX));
        put_u32(self.out, new);
    }
}

struct Writer {
    out: Vec<u8>,
    by_address: ByAddress<u32>,
    /// Where declarations stand in the file, when that is not where they stand in the list that the terms are over.
    positions: Option<BTreeMap<u32, u32>>,
}

impl Writer {
    fn new(magic: &[u8; 4]) -> Self {
        let mut out = magic.to_vec();
        out.push(VERSION);
        Writer { out, by_address: ByAddress::default(), positions: None }
    }

    fn table<'a>(&mut self, all: impl Iterator<Item = &'a Term>) {
        let mut by_bytes: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut table = Vec::new();
        let mut count = 0_u32;
        let mut seen = Seen::default();
        let mut bytes = Vec::new();
        for t in all {
            post_order(t, &mut seen, |t| {
                bytes.clear();
                let mut sink = Indices {
                    out: &mut bytes,
                    by_address: &self.by_address,
                    positions: self.positions.as_ref(),
                    marker: std::marker::PhantomData,
                };
                encode(t, &mut sink);
                let index = by_bytes.get(&bytes).copied().unwrap_or(count);
                if index == count {
                    table.extend_from_slice(&bytes);
                    by_bytes.insert(bytes.clone(), index);
                    count = count.saturating_add(1);
                }
                self.by_address.insert(Term::as_ptr(t), index);
            });
        }
        put_u32(&mut self.out, count);
        self.out.append(&mut table);
    }

    fn term(&mut self, t: &Term) {
        put_u32(&mut self.out, self.by_address.get(&Term::as_ptr(t)).copied().unwrap_or(u32::MAX));
    }

    fn terms(&mut self, ts: &[Term]) {
        put_len(&mut self.out, ts.len());
        for t in ts {
            self.term(t);
        }
    }

    fn text(&mut self, s: &str) {
        put_bytes(&mut self.out, s.as_bytes());
    }

    fn decls(&mut self, decls: &[&Decl]) {
        put_len(&mut self.out, decls.len());
        for d in decls {
            match d {
                Decl::Def { name, ty, body } => {
                    self.out.push(0);
                    self.text(name);
                    self.term(ty);
                    self.term(body);
                }
                Decl::Theorem { name, ty, proof } => {
                    self.out.push(1);
                    self.text(name);
                    self.term(ty);
                    self.term(proof);
                }
                Decl::Axiom { name, bundle, ty } => {
                    self.out.push(2);
                    self.text(name);
                    self.text(bundle);
                    self.term(ty);
                }
                Decl::Data(DataDecl { name, params, level, constructors }) => {
                    self.out.push(3);
                    self.text(name);
                    self.terms(params);
                    put_u32(&mut self.out, *level);
                    put_len(&mut self.out, constructors.len());
                    for c in constructors {
                        self.text(&c.name);
                        self.terms(&c.fields);
                        put_boundary(&mut self.out, c);
                        for part in &c.boundary {
                            self.term(&part.body);
                        }
                    }
                }
            }
        }
    }

    fn seal(mut self) -> Vec<u8> {
        let seal = blake3::hash(&self.out);
        self.out.extend_from_slice(seal.as_bytes());
        self.out
    }
}

/// The walk that the writer made, followed by the reader over indices: node `next` must be the next one that is finished.
struct Walk {
    next: u32,
}

impl Walk {
    fn follow(&mut self, table: &Table, root: u32) -> bool {
        // Everything below `next` is finished, and nothing else is.
        let mut stack = vec![(root, false)];
        while let Some((i, children_done)) = stack.pop() {
            if i < self.next {
                continue;
            }
            if children_done {
                if i != self.next {
                    return false;
                }
                self.next += 1;
                continue;
            }
            let Some(children) = table.children(i) else {
                return false;
            };
            stack.push((i, true));
            stack.extend(children.iter().rev().map(|c| (*c, false)));
        }
        true
    }
}

fn open<'a>(bytes: &'a [u8], magic: &[u8; 4]) -> Read<(Reader<'a>, Table, Walk)> {
    let fail = |reason, offset| Err(ReadError { reason, offset });
    let Some(end) = bytes.len().checked_sub(SEAL) else {
        return fail("truncated", bytes.len());
    };
    let (body, seal) = bytes.split_at(end);
    match body.split_first_chunk::<4>() {
        None => return fail("truncated", bytes.len()),
        Some((m, _)) if m != magic => return fail("not a file of this kind", 0),
        Some((_, rest)) => match rest.first() {
            None => return fail("truncated", bytes.len()),
            Some(v) if *v != VERSION => return fail("unknown version", 4),
            Some(_) => {}
        },
    }
    if blake3::hash(body).as_bytes() != seal {
        return fail("seal does not match", end);
    }
    let mut r = Reader::new(body, magic.len() + 1);
    let count = r.count()?;
    // As many as are likely for so many bytes, whatever the count says.
    let likely = count.min(body.len() / BYTES_OF_A_NODE);
    let mut table = Table::with_room(likely);
    let mut distinct: HashSet<&[u8]> = HashSet::with_capacity(likely);
    for _ in 0..count {
        let start = r.at();
        table.node(&mut r, DEPTH_LIMIT)?;
        if !distinct.insert(r.since(start)) {
            return r.fail("the same term twice");
        }
    }
    Ok((r, table, Walk { next: 0 }))
}

fn close(r: &Reader<'_>, table: &Table, walk: &Walk) -> Read<()> {
    if position(walk.next) != Some(table.nodes.len()) {
        return r.fail("unused term");
    }
    if r.finished() { Ok(()) } else { r.fail("trailing bytes") }
}

/// Reads the index of a root whose constants must be below `known`.
fn root(r: &mut Reader<'_>, table: &Table, walk: &mut Walk, known: usize) -> Read<Term> {
    let (i, t) = table.index(r)?;
    if !walk.follow(table, i) {
        return r.fail("terms out of order");
    }
    let reach = position(i).and_then(|i| table.reach.get(i)).and_then(|n| position(*n));
    if reach.is_none_or(|reach| reach > known) {
        return r.fail("constant does not come earlier");
    }
    Ok(t)
}

fn read_constructor(r: &mut Reader<'_>, table: &Table, walk: &mut Walk, known: usize) -> Read<Constructor> {
    let name = r.string()?;
    let fields = r.list(|r| root(r, table, walk, known))?;
    let dims = r.u32()?;
    let cofs = r.list(cof)?;
    let mut boundary = Vec::new();
    for cof in cofs {
        boundary.push(Part { cof, body: root(r, table, walk, known)? });
    }
    Ok(Constructor { name, fields, dims, boundary })
}

fn read_decls(r: &mut Reader<'_>, table: &Table, walk: &mut Walk) -> Read<Vec<Decl>> {
    let mut known = 0;
    r.list(|r| {
        let kind = r.byte()?;
        let name = r.string()?;
        let d = match kind {
            0 => Decl::Def { name, ty: root(r, table, walk, known)?, body: root(r, table, walk, known)? },
            1 => Decl::Theorem { name, ty: root(r, table, walk, known)?, proof: root(r, table, walk, known)? },
            2 => Decl::Axiom { name, bundle: r.string()?, ty: root(r, table, walk, known)? },
            3 => Decl::Data(DataDecl {
                name,
                params: r.list(|r| root(r, table, walk, known))?,
                level: r.u32()?,
                // A data type may name itself in its constructors, at its own position.
                constructors: r.list(|r| read_constructor(r, table, walk, known + 1))?,
            }),
            _ => return r.fail("unknown kind of declaration"),
        };
        known += 1;
        Ok(d)
    })
}
