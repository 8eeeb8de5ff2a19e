//! A program with the properties that were proved of it, as one file.

use crate::build::{apply, computed, constant, prim, table};
use crate::denote::denote;
use crate::property::{Number, Property};
use crate::vocabulary::{Vocabulary, known_axiom, named_hashes};
use bfv_exact::Refused;
use bfv_exact::bytes::{Reader, Writer};
use bfv_exact::program::Program;
use bfv_format::{
    Decl, Hash, Node, Outcome, Prim, Renumber, Stored, Term, UnknownConstant, read, term_hash, write_over,
};
use bfv_kernel::{Limits, Signature};
use std::collections::BTreeMap;

const MAGIC: [u8; 4] = *b"bfxk";
const VERSION: u8 = 1;
/// The most properties of a package.
pub const MAX_PROPERTIES: usize = 32;
/// The most bytes of a program, and of a proof.
pub const MAX_BYTES: usize = 1 << 24;
/// The largest file of a package: a program and a proof, with lengths and the names of properties.
pub const PACKAGE_LIMIT: u64 = 2 * MAX_BYTES as u64 + (1 << 16);

/// A program and the properties that the kernel has accepted of it. There is no other way to have one than by [`Package::read`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    program: Program,
    properties: Vec<Property>,
    statements: Vec<Hash>,
    axioms: Vec<String>,
    proof: Vec<u8>,
}

/// A property, and the claim that says so in general.
pub struct Evidence<'a> {
    /// The property.
    pub property: Property,
    /// The stored proof of the claim.
    pub stored: &'a Stored,
    /// What the claim's variables are for this program, and its hypotheses.
    pub arguments: &'a [Argument<'a>],
}

/// What a variable or a hypothesis of a claim is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument<'a> {
    /// A number.
    Number(Number),
    /// A table, as a function from natural numbers that is 0 at all others.
    Table(&'a [i64]),
    /// A hypothesis that computes to true, such as `a < b` for numbers.
    Holds,
}

impl Package {
    /// Puts a package together and reads it back, so that everything is judged once, from its bytes.
    ///
    /// # Errors
    /// As [`Package::read`], for instance when a claim is about another program; or evidence of a refutation.
    pub fn make(program: &Program, evidence: &[Evidence<'_>], limits: Limits) -> Result<Self, Refused> {
        let mut merged = Merged::default();
        let mut parts = Vec::new();
        for e in evidence {
            let theorem = merged.claim(e.stored)?;
            let arguments = e.arguments.iter().map(|a| match a {
                Argument::Number(n) => n.term(),
                Argument::Table(entries) => table(entries),
                Argument::Holds => computed(),
            });
            parts.push(apply(constant(theorem), arguments));
        }
        let properties: Vec<Property> = evidence.iter().map(|e| e.property.clone()).collect();
        let hashes = named_hashes(&merged.decls).map_err(broken)?;
        let statement = pair(statements(program, &properties, &hashes)?, Node::Sigma);
        let stored = Stored {
            decls: Vec::new(),
            claim: "properties".to_owned(),
            statement,
            verdict: Outcome::Proved,
            evidence: pair(parts, Node::Pair),
            witness: Vec::new(),
            engine: "extract".to_owned(),
        };
        let proof = write_over(&merged.decls, &stored).map_err(broken)?;
        Self::read(&bytes(program, &properties, &proof), limits)
    }

    /// Reads a package and judges it: what every property says of this very program is made from the program, and the kernel checks the
    /// proof of that, with all declarations that it rests on. The limits are those of each declaration, so a judge who expects a certain
    /// package compares its root first. The stack must bear evaluation; see [`Limits`].
    ///
    /// # Errors
    /// Bytes that [`Package::bytes`] does not write; a proof of another statement, such as one about another program or property;
    /// an axiom that the library does not have; or what the kernel refuses. Tables of more than 33,000 entries are too deep for proofs.
    pub fn read(bytes: &[u8], limits: Limits) -> Result<Self, Refused> {
        let mut r = Reader::new("a package", MAGIC, VERSION, bytes)?;
        let program = Program::read(r.sized(MAX_BYTES)?)?;
        let properties = r.list(MAX_PROPERTIES, Property::read)?;
        let proof = r.sized(MAX_BYTES)?.to_vec();
        r.end()?;
        let fail = |why: String| Err(Refused::new("the proof of a package", why));
        let stored = match read(&proof) {
            Ok(stored) => stored,
            Err(e) => return fail(format!("it cannot be read: {}", e.reason)),
        };
        if stored.verdict != Outcome::Proved {
            return fail("it is a refutation".to_owned());
        }
        let hashes = named_hashes(&stored.decls).map_err(broken)?;
        let parts = statements(&program, &properties, &hashes)?;
        let statements = parts.iter().map(|s| term_hash(s, &hashes)).collect::<Result<_, _>>().map_err(broken)?;
        let statement = pair(parts, Node::Sigma);
        // What is proved below is this statement, whatever the file has; but the reason is a plainer one.
        if term_hash(&statement, &hashes) != term_hash(&stored.statement, &hashes) {
            return fail("it is one of another statement than that this program has these properties".to_owned());
        }
        let mut signature = Signature::new();
        for (decl, hash) in stored.decls.into_iter().zip(&hashes) {
            let name = decl.name().to_owned();
            if !known_axiom(&decl, hash) {
                return fail(format!("it brings the axiom {name}, which the library does not have"));
            }
            if let Err(refusal) = signature.add(decl, limits) {
                return fail(format!("the kernel refuses {name}: {}", refusal.reason));
            }
        }
        match signature.prove(&statement, &stored.evidence, limits) {
            Ok(proved) => Ok(Self { program, properties, statements, axioms: proved.axioms().to_vec(), proof }),
            Err(refusal) => fail(format!("the kernel refuses it: {}", refusal.reason)),
        }
    }

    /// The bytes of the package. They are what the root of a specification is the hash of.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        bytes(&self.program, &self.properties, &self.proof)
    }

    /// The stored proof, which the second checker reads too.
    #[must_use]
    pub fn proof(&self) -> &[u8] {
        &self.proof
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// The properties, in order.
    #[must_use]
    pub fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// The hash of what each property says of the program.
    #[must_use]
    pub fn statements(&self) -> &[Hash] {
        &self.statements
    }

    /// The bundles of axioms that the proofs rest on.
    #[must_use]
    pub fn axioms(&self) -> &[String] {
        &self.axioms
    }
}

fn bytes(program: &Program, properties: &[Property], proof: &[u8]) -> Vec<u8> {
    let mut w = Writer::new(MAGIC, VERSION);
    w.sized(&program.bytes());
    w.count(properties.len());
    properties.iter().for_each(|p| p.write(&mut w));
    w.sized(proof);
    w.end()
}

/// What each property says of the program, over declarations with these hashes.
fn statements(program: &Program, properties: &[Property], hashes: &[Hash]) -> Result<Vec<Term>, Refused> {
    if properties.is_empty() {
        return Err(Refused::new("a package", "it has no property"));
    }
    if program.source().inputs.first().is_none_or(|i| !i.shape.workers || !i.shape.coords) {
        return Err(Refused::new("a package", "input 0 has no output for each worker and coordinate"));
    }
    let words = Vocabulary::of(hashes);
    let meaning = denote(program, &words)?;
    let operator = |hash: &Hash| (0..).zip(hashes).find(|(_, h)| *h == hash).map(|(id, _)| constant(id));
    properties.iter().map(|p| p.statement(program, &meaning, &words, operator)).collect()
}

/// Closed terms, side by side; there is at least one.
fn pair(parts: Vec<Term>, node: fn(Term, Term) -> Node) -> Term {
    let all = parts.into_iter().rev().reduce(|rest, part| Term::new(node(part, rest)));
    all.unwrap_or_else(|| prim(Prim::Unit))
}

fn broken(unknown: UnknownConstant) -> Refused {
    Refused::new("a proof", unknown.to_string())
}

/// Declarations of several proofs in one list; those that say the same stand there once.
#[derive(Default)]
struct Merged {
    decls: Vec<Decl>,
    places: BTreeMap<Hash, u32>,
}

impl Merged {
    /// A claim with its proof as one more declaration; its position.
    fn claim(&mut self, stored: &Stored) -> Result<u32, Refused> {
        if stored.verdict != Outcome::Proved {
            return Err(Refused::new("a proof", format!("the claim {} is refuted", stored.claim)));
        }
        let hashes = named_hashes(&stored.decls).map_err(broken)?;
        let mut renumber = Renumber::default();
        for (old, (decl, hash)) in (0_u32..).zip(stored.decls.iter().zip(hashes)) {
            if let Some(id) = self.places.get(&hash) {
                renumber.insert(old, *id);
                continue;
            }
            let new = self.next();
            // Only a data type may name itself.
            if matches!(decl, Decl::Data(_)) {
                renumber.insert(old, new);
            }
            let moved = renumber.decl(decl).map_err(broken)?;
            self.decls.push(moved);
            self.places.insert(hash, new);
            renumber.insert(old, new);
        }
        let ty = renumber.term(&stored.statement).map_err(broken)?;
        let proof = renumber.term(&stored.evidence).map_err(broken)?;
        let id = self.next();
        self.decls.push(Decl::Theorem { name: stored.claim.clone(), ty, proof });
        Ok(id)
    }

    /// The next position. There are fewer declarations than bytes that were read.
    fn next(&self) -> u32 {
        u32::try_from(self.decls.len()).unwrap_or(u32::MAX)
    }
}
