//! Declarations of files and of the library that are no claims: what they say, where they stand, and what stands behind them.

use crate::check::{Frontend, internal};
use crate::core_text::core_text;
use crate::library;
use crate::load::{Input, load};
use crate::modules::stem;
use crate::problem::{Place, Problem, place};
use crate::replay::Context;
use bfv_diag::{Sources, Span};
use bfv_format::Decl as CoreDecl;
use bfv_syntax::tree::{Body, Decl, DeclKind, File};
use std::path::PathBuf;

/// A declaration that is no claim, as its source has it.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Full name.
    pub name: String,
    /// The module.
    pub module: String,
    /// The word that starts it; a constructor counts as one, with the text of its data type.
    pub kind: &'static str,
    /// Where its name stands.
    pub place: Place,
    /// The comment before it.
    pub doc: Option<String>,
    /// The statement or type as written, with its binders; a data type has none.
    pub written: Option<String>,
    /// The declaration as it stands in the source; a theorem without its proof.
    pub source: String,
    /// Whether it is one of the library.
    pub library: bool,
}

/// What stands behind a declaration, from the checked signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Bundles of axioms used, sorted.
    pub axioms: Vec<String>,
    /// Certificate rules used, sorted.
    pub rules: Vec<String>,
    /// The core form of its type; nothing for a data type, and for a type that is too large to print.
    pub core: Option<String>,
}

/// The declarations of the given files, and what keeps files from being read. What the parser refuses is left out.
#[must_use]
pub fn declarations(paths: &[PathBuf]) -> (Vec<Declared>, Vec<Problem>) {
    let mut sources = Sources::new();
    let (files, problems) = load(paths, &mut sources);
    let mut out = Vec::new();
    for input in &files {
        let (file, _) = bfv_syntax::parse(input.number, &input.bytes);
        let module = file.module.as_ref().map_or_else(|| stem(sources.name(input.number)), |m| m.text.clone());
        out.extend(of_file(&module, &file, &sources, false));
    }
    (out, problems)
}

/// The modules of the library, each after what it imports.
pub fn modules() -> impl Iterator<Item = &'static str> {
    library::MODULES.iter().map(|(module, _)| *module)
}

/// The declarations of a module of the library; none for another name.
#[must_use]
pub fn library_declarations(module: &str) -> Vec<Declared> {
    let Some(text) = library::source(module) else { return Vec::new() };
    let mut sources = Sources::new();
    let number = sources.add(library_file(module), text.as_bytes());
    let (file, _) = bfv_syntax::parse(number, text.as_bytes());
    of_file(module, &file, &sources, true)
}

/// The name under which a module of the library appears in reports.
pub(crate) fn library_file(module: &str) -> String {
    format!("library {module}")
}

fn of_file(module: &str, file: &File, sources: &Sources, library: bool) -> Vec<Declared> {
    let text = |span: Span| sources.span_text(span).unwrap_or_default().trim_end().to_owned();
    let mut out = Vec::new();
    for d in &file.decls {
        let Some(kind) = word(d.kind) else { continue };
        let proof = matches!(d.kind, DeclKind::Theorem);
        let source = match (&d.ty, proof) {
            (Some(ty), true) => text(Span { end: ty.span.end, ..d.span }),
            _ => text(d.span),
        };
        let one = |name: &bfv_syntax::tree::Name, kind, written| Declared {
            name: format!("{module}.{}", name.text),
            module: module.to_owned(),
            kind,
            place: place(name.span, sources).unwrap_or_default(),
            doc: d.doc.clone(),
            written,
            source: source.clone(),
            library,
        };
        out.push(one(&d.name, kind, written(d)));
        if let Body::Constructors(constructors) = &d.body {
            out.extend(constructors.iter().map(|c| one(&c.name, "constructor", None)));
        }
    }
    out
}

/// The word of a declaration; nothing for a claim, and for a unit, which has no core form.
fn word(kind: DeclKind) -> Option<&'static str> {
    match kind {
        DeclKind::Def => Some("def"),
        DeclKind::Axiom => Some("axiom"),
        DeclKind::Theorem => Some("theorem"),
        DeclKind::Operator => Some("operator"),
        DeclKind::Data => Some("data"),
        DeclKind::Claim | DeclKind::Unit => None,
    }
}

fn written(d: &Decl) -> Option<String> {
    let ty = d.ty.as_ref().filter(|_| d.kind != DeclKind::Data)?;
    Some(bfv_syntax::print::statement(&d.binders, ty))
}

/// What stands behind a declaration: its module is elaborated and checked, with the files given.
///
/// # Errors
/// Problems that keep it from being in the signature; none of them when it stands in it, whatever else is wrong.
pub fn behind(d: &Declared, paths: &[PathBuf], frontend: &mut dyn Frontend) -> Result<Behind, Vec<Problem>> {
    let mut sources = Sources::new();
    let (files, mut problems) = if d.library {
        let text = format!("import {}\n", d.module).into_bytes();
        (vec![Input { number: sources.add("input", &text), bytes: text }], Vec::new())
    } else {
        load(paths, &mut sources)
    };
    let elaborated = frontend.elaborate(&mut sources, &files)?;
    problems.extend(elaborated.problems);
    let Some(id) = elaborated.positions.get(&d.name).copied() else { return Err(problems) };
    if let Err(r) = elaborated.signature.settle(id) {
        let what = format!("The kernel refuses {}: {}. {}", d.name, r.reason, r.detail);
        problems.push(internal(what.trim_end()));
        return Err(problems);
    }
    let context = Context::new(&elaborated.signature).ok();
    let name = |id: u32| {
        let found = usize::try_from(id).ok().and_then(|i| context.as_ref()?.decls().get(i));
        found.map_or_else(|| format!("constant{id}"), |d| d.name().to_owned())
    };
    let core = match elaborated.signature.decl(id) {
        Some(CoreDecl::Def { ty, .. } | CoreDecl::Theorem { ty, .. } | CoreDecl::Axiom { ty, .. }) => {
            core_text(ty, &name)
        }
        Some(CoreDecl::Data(_)) | None => None,
    };
    let rules = elaborated.signature.rules(id).into_iter().map(str::to_owned).collect();
    Ok(Behind { axioms: elaborated.signature.axioms(id), rules, core })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_of_the_library_has_words_place_and_source() {
        let all = library_declarations("std.hull");
        let d = all.iter().find(|d| d.name == "std.hull.pool_simplex").unwrap();
        assert_eq!((d.kind, d.place.file.as_str(), d.library), ("theorem", "library std.hull", true));
        assert_eq!(d.doc.as_deref(), Some("A weighted mean of distributions is a distribution."));
        assert!(d.written.as_deref().unwrap().starts_with("forall (k n : Nat) (w : Vec k Real)"), "{:?}", d.written);
        assert!(d.source.starts_with("theorem pool_simplex {k n : Nat}"), "{}", d.source);
        assert!(d.source.ends_with("weighted_mean w (fun i => p i v))"), "the proof is left out: {}", d.source);
        assert!(library_declarations("std.nothing").is_empty());
    }
}
