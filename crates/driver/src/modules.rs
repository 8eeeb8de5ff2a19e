//! The modules of the files asked for, and which thread does what with them.

use crate::library;
use bfv_syntax::tree::{Decl, DeclKind, File};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A module that is being read.
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) file: File,
    /// The name and the text of its file, where its claims are asked for.
    pub(crate) asked: Option<(String, Rc<[u8]>)>,
}

/// The module of a file that names none.
pub(crate) fn stem(path: Option<&str>) -> String {
    let path = path.unwrap_or("input");
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.strip_suffix(".sctt").unwrap_or(file).to_owned()
}

/// With fewer modules than this for each share, single claims are shared out.
const MODULES: usize = 4;

/// Whose share each module is: the longest first, each to the one who has least.
pub(crate) fn owners(modules: &[Module], of: usize) -> BTreeMap<String, usize> {
    if modules.len() < MODULES.saturating_mul(of) {
        return BTreeMap::new();
    }
    let length = |m: &Module| m.asked.as_ref().map_or(0, |(_, text)| text.len());
    let mut order: Vec<&Module> = modules.iter().collect();
    order.sort_by_key(|m| std::cmp::Reverse(length(m)));
    let mut loads = vec![0; of];
    let mut out = BTreeMap::new();
    for m in order {
        if let Some((n, load)) = loads.iter_mut().enumerate().min_by_key(|(_, load)| **load) {
            *load += length(m);
            out.insert(m.name.clone(), n);
        }
    }
    out
}

/// The modules whose declarations no other module sees: none imports them, and they have no tags, which every search would know.
pub(crate) fn alone(modules: &[Module]) -> BTreeSet<String> {
    let imported: BTreeSet<&str> = modules.iter().flat_map(|m| &m.file.imports).map(|i| i.text.as_str()).collect();
    let plain = |d: &Decl| d.kind != DeclKind::Unit && d.attrs.iter().all(|a| a.name.text != "tag");
    let alone = modules.iter().filter(|m| {
        // The library imports its own modules, whatever file they come from.
        !imported.contains(m.name.as_str()) && library::source(&m.name).is_none() && m.file.decls.iter().all(plain)
    });
    alone.map(|m| m.name.clone()).collect()
}
