//! Theorems of the library with what their proofs name.

use bfv_driver::Desk;
use bfv_encode::telescope;
use bfv_engine_neural::{Data, Example, Theorem};
use bfv_format::{Decl, Node, Term};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All of it.
pub fn data() -> Result<Data, String> {
    let mut data = Data::default();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for module in bfv_driver::modules() {
        let mut desk = Desk::open(bfv_engines::FOR_GOALS, &[module.to_owned()])
            .map_err(|problems| format!("{module} is not loaded: {:?}", problems.first().map(|p| &p.what)))?;
        // From now on the desk sees what the module sees.
        desk.open_goals(module, "claim goal : 1 = 1\nby { }\n", 1_000)
            .map_err(|problems| format!("{module}: {:?}", problems.first().map(|p| &p.what)))?;
        let text = source(module)?;
        let proofs = proofs(&text);
        for id in 0..desk.signature().len() {
            let Some(full) = desk.name(id).filter(|n| own(n, module)) else { continue };
            let Some(decl @ Decl::Theorem { ty, proof, .. }) = desk.signature().decl(id) else { continue };
            let features = bfv_service::rank::features(&desk, ty, &[]);
            let place = data.theorems.len();
            places.insert(full.clone(), place);
            data.theorems.push(Theorem { name: full.clone(), module: module.to_owned(), features });
            let short = full.strip_prefix(&format!("{module}.")).unwrap_or(&full);
            let words = proofs.get(short).map_or(&[][..], Vec::as_slice);
            let is_named = |full: &String| {
                words.iter().any(|w| full == w || full.strip_suffix(w.as_str()).is_some_and(|r| r.ends_with('.')))
            };
            let earlier = |id: u32| desk.name(id).filter(is_named).and_then(|n| places.get(&n)).copied();
            let mut used: Vec<usize> = bfv_format::mentions(std::slice::from_ref(decl))
                .into_iter()
                .filter_map(earlier)
                .filter(|p| *p != place)
                .collect();
            used.sort_unstable();
            used.dedup();
            let root = head(proof).and_then(earlier).filter(|p| used.contains(p));
            let (_, end) = telescope(ty);
            let fitting = desk.fitting(end).into_iter().filter(|f| f.id < id);
            let fitting = fitting.filter_map(|f| desk.name(f.id).and_then(|n| places.get(&n)).copied()).collect();
            let visible =
                (0..id).filter_map(|id| desk.name(id).and_then(|n| places.get(&n)).copied()).collect::<Vec<_>>();
            data.examples.push(Example { theorem: place, used, root, fitting, visible });
        }
    }
    Ok(data)
}

/// Whether a full name is one of this very module, and not of one below it.
fn own(full: &str, module: &str) -> bool {
    full.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')).is_some_and(|short| {
        !bfv_driver::modules()
            .any(|m| m.len() > module.len() && full.starts_with(&format!("{m}.")) && !short.is_empty())
    })
}

/// What a proof applies: the constant at its head.
fn head(proof: &Term) -> Option<u32> {
    match &**proof {
        Node::Lam(b) | Node::Let(_, _, b) | Node::App(b, _) => head(b),
        Node::Const { id, .. } => Some(*id),
        _ => None,
    }
}

fn source(module: &str) -> Result<String, String> {
    let name = module.strip_prefix("std.").unwrap_or(module).replace('.', "/");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../sctt/{name}.sctt"));
    std::fs::read_to_string(&path).map_err(|e| format!("{} cannot be read: {e}.", path.display()))
}

/// The words of the proof of each declaration.
fn proofs(text: &str) -> BTreeMap<String, Vec<String>> {
    let (file, _) = bfv_syntax::parse(0, text.as_bytes());
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'' | '.');
    let words = |d: &bfv_syntax::tree::Decl| {
        let place = |n: u32| usize::try_from(n).unwrap_or_default();
        let start = d.ty.as_ref().map_or(d.name.span.end, |t| t.span.end);
        let proof = text.get(place(start)..place(d.span.end)).unwrap_or_default();
        proof.split(|c| !letter(c)).filter(|w| !w.is_empty()).map(str::to_owned).collect()
    };
    file.decls.iter().map(|d| (d.name.text.clone(), words(d))).collect()
}
