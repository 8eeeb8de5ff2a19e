//! The claims of files without any judgement on them.

use crate::check::Frontend;
use crate::core_text::core_text;
use crate::load::load;
use crate::problem::{Code, Place, Problem};
use crate::replay::Context;
use crate::verdict::Kind;
use bfv_diag::Sources;
use std::path::PathBuf;

/// A claim as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Full name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The verdict it asks for.
    pub expected: Kind,
    /// Merkle hash of the statement in hex.
    pub hash: String,
    /// The comment before it.
    pub doc: Option<String>,
    /// As written in the source.
    pub source: String,
    /// The statement as written, with its binders.
    pub written: String,
    /// The core form of the statement; nothing when it is too large to print.
    pub core: Option<String>,
}

/// The claims of the given files, and what is ill-formed.
pub fn list(paths: &[PathBuf], frontend: &mut dyn Frontend) -> (Vec<Listed>, Vec<Problem>) {
    let mut sources = Sources::new();
    let (files, mut problems) = load(paths, &mut sources);
    if files.is_empty() {
        return (Vec::new(), problems);
    }
    let elaborated = match frontend.elaborate(&mut sources, &files) {
        Ok(elaborated) => elaborated,
        Err(more) => {
            problems.extend(more);
            return (Vec::new(), problems);
        }
    };
    problems.extend(elaborated.problems);
    let broken = |what: String| Problem::new(Code::Internal, what, "report this as a mistake of bfv.");
    let context = match Context::new(&elaborated.signature) {
        Ok(context) => context,
        Err(e) => {
            problems.push(broken(format!("A checked signature cannot be hashed: {e}.")));
            return (Vec::new(), problems);
        }
    };
    let name = |id: u32| match usize::try_from(id).ok().and_then(|i| context.decls().get(i)) {
        Some(d) => d.name().to_owned(),
        None => format!("constant{id}"),
    };
    let mut out = Vec::new();
    for g in &elaborated.goals {
        let hash = match context.statement_hash(&g.statement) {
            Ok(hash) => hash.to_string(),
            Err(e) => {
                problems.push(broken(format!("The goal {} cannot be hashed: {e}.", g.name)));
                continue;
            }
        };
        out.push(Listed {
            name: g.full_name(),
            place: g.place.clone(),
            expected: g.expected,
            hash,
            doc: g.doc.clone(),
            source: g.source.clone(),
            written: g.written.clone(),
            core: core_text(&g.statement, &name),
        });
    }
    (out, problems)
}
