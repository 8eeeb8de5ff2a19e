//! The declarations of the library that statements about programs are made of, found by what they say.
//!
//! A proof brings the declarations that it needs, and their names prove nothing. So the definitions of `std.program` and the axioms of
//! the library are known by their Merkle hashes, which `pins.rs` has; a test elaborates the library and compares.

use crate::build::{apply, constant, nat, prim};
use crate::pins::{AXIOMS, DEFINITIONS};
use bfv_exact::Refused;
use bfv_format::{Decl, Hash, Prim, Term, UnknownConstant, decl_hashes};
use std::collections::BTreeMap;

/// The Merkle hashes of declarations, where axioms count with their names.
///
/// Axioms without a statement, such as `exp` and `log`, have one type and are different functions. Without names they would have one hash,
/// and so would what is assumed of them.
///
/// # Errors
/// A constant that does not come earlier.
pub fn named_hashes(decls: &[Decl]) -> Result<Vec<Hash>, UnknownConstant> {
    let named = |d: &Decl| match d {
        Decl::Axiom { name, bundle, ty } => {
            Decl::Axiom { name: String::new(), bundle: format!("{bundle} {name}"), ty: ty.clone() }
        }
        other => other.clone(),
    };
    decl_hashes(&decls.iter().map(named).collect::<Vec<_>>())
}

/// The words of statements, as positions in a list of declarations.
pub(crate) struct Vocabulary {
    positions: BTreeMap<&'static str, u32>,
}

impl Vocabulary {
    /// What a list of declarations with these hashes has of the vocabulary.
    pub(crate) fn of(hashes: &[Hash]) -> Self {
        let place: BTreeMap<String, u32> = hashes.iter().map(Hash::to_string).zip(0..).collect();
        let known = |(name, hash): &(&'static str, &str)| place.get(*hash).map(|id| (*name, *id));
        Self { positions: DEFINITIONS.iter().filter_map(known).collect() }
    }

    /// A definition at its arguments.
    pub(crate) fn apply(&self, name: &str, arguments: impl IntoIterator<Item = Term>) -> Result<Term, Refused> {
        match self.positions.get(name) {
            Some(id) => Ok(apply(constant(*id), arguments)),
            None => Err(Refused::new("a proof", format!("it does not know the definition {name} of the library"))),
        }
    }

    /// A vector of numbers of a type.
    pub(crate) fn vector(&self, of: Prim, elements: impl DoubleEndedIterator<Item = Term>) -> Result<Term, Refused> {
        let empty = self.apply("std.vec.nil", [prim(of)])?;
        let mut last_first = (0_u64..).zip(elements.rev());
        last_first.try_fold(empty, |rest, (k, e)| self.apply("std.vec.cons", [nat(k), prim(of), e, rest]))
    }
}

/// Only axioms of the library may be assumed.
pub(crate) fn known_axiom(decl: &Decl, hash: &Hash) -> bool {
    !matches!(decl, Decl::Axiom { .. }) || AXIOMS.iter().any(|(_, known)| *known == hash.to_string())
}
