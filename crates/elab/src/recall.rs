//! What the scripts of a module gave before, so that they need not run again: candidates, like everything that is not the source.
//!
//! Proofs of theorems are a `Library` of the format crate: one stand-in by full name for every declaration that a proof names, then the
//! theorems. What a theorem states is elaborated from the source, and the kernel checks the proof against that. Where anything does not
//! fit, the script runs as if there were nothing.

use crate::bundle::{STAND_IN, Why, stand_in};
use crate::context::Local;
use crate::elab::{Elab, Engines, R};
use crate::module::Session;
use crate::names::Target;
use crate::scratch::Scratch;
use bfv_format::{Decl as CoreDecl, Renumber, Term, mentions};
use bfv_syntax::tree::{Body, Decl};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What is known of the scripts of one module.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    decls: Rc<Vec<CoreDecl>>,
    /// Where theorems stand, by name.
    theorems: Rc<BTreeMap<String, usize>>,
    /// Claims whose evidence somebody else offers: that of the source is not elaborated.
    claims: Rc<BTreeSet<String>>,
}

impl Recall {
    /// Declarations as `Session::proofs` gives them, and names of claims.
    #[must_use]
    pub fn new(decls: Vec<CoreDecl>, claims: BTreeSet<String>) -> Self {
        let theorems = decls.iter().enumerate().filter(|(_, d)| matches!(d, CoreDecl::Theorem { .. }));
        let theorems = theorems.map(|(n, d)| (d.name().to_owned(), n)).collect();
        Recall { theorems: Rc::new(theorems), decls: Rc::new(decls), claims: Rc::new(claims) }
    }

    /// Whether the evidence that the source gives for a claim is left out.
    pub(crate) fn spares(&self, claim: &Decl) -> bool {
        !matches!(claim.body, Body::None) && self.claims.contains(&claim.name.text)
    }
}

impl Session {
    /// The theorems of a module with their proofs, to be recalled.
    ///
    /// # Errors
    /// A constant that no name stands for.
    pub fn proofs(&self, module: &str) -> Result<Vec<CoreDecl>, Why> {
        let ids =
            self.names.of_module(module).filter_map(|g| if let Target::Const(id) = g.target { Some(id) } else { None });
        let own = ids.filter_map(|id| self.signature.decl(id)).filter(|d| matches!(d, CoreDecl::Theorem { .. }));
        let own: Vec<CoreDecl> = own.cloned().collect();
        let mut renumber = Renumber::default();
        let mut decls = Vec::new();
        for id in mentions(&own) {
            stand_in(&self.names, id, &mut renumber, &mut decls)?;
        }
        for d in &own {
            decls.push(renumber.decl(d).map_err(|e| e.to_string())?);
        }
        Ok(decls)
    }

    /// A theorem that the source states, with the proof that is recalled; the kernel has not seen it. Nothing where there is none,
    /// and where it was stored with another statement.
    pub(crate) fn recalled(&self, d: &Decl, engines: Engines<'_>) -> Option<CoreDecl> {
        let stored = self.recall.decls.get(*self.recall.theorems.get(&d.name.text)?)?;
        let mut renumber = Renumber::default();
        for id in mentions(std::slice::from_ref(stored)) {
            let named = self.recall.decls.get(usize::try_from(id).ok()?)?;
            let CoreDecl::Axiom { name, bundle, .. } = named else { return None };
            let (true, Target::Const(new) | Target::Data(new)) = (bundle == STAND_IN, self.names.library(name)?.target)
            else {
                return None;
            };
            renumber.insert(id, new);
        }
        let CoreDecl::Theorem { name, ty, proof } = renumber.decl(stored).ok()? else { return None };
        let scratch = Scratch::new(&self.signature);
        let stated = self.with_elab(&scratch, engines, |e| e.stated(d)).ok()??;
        (stated == ty).then_some(CoreDecl::Theorem { name, ty: stated, proof })
    }
}

impl Elab<'_> {
    /// What a theorem states, without its proof; nothing where only the proof says it.
    fn stated(&self, d: &Decl) -> R<Option<Term>> {
        let (inner, _) = self.binders(&Local::default(), &d.binders)?;
        let ty = d.ty.as_ref().map(|t| self.ty(&inner, t)).transpose()?;
        ty.map(|(t, _)| self.finish(d.span, &inner.close_type(&t))).transpose()
    }
}
