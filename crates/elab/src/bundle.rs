//! Modules of the library as bundles: checked declarations in one strict format, to be read instead of elaborated.
//!
//! A bundle is a `Library` of the format crate. Its list begins with one stand-in for every earlier declaration that the module names,
//! by full name; a stand-in is never added to anything. The module's own declarations follow, and the kernel checks each of them again:
//! proofs of theorems once something rests on them, everything else at once.
//! Beside them the bundle holds what the elaborator needs: names, which parameters are implicit, and tags, as lines of text.

use crate::module::Session;
use crate::names::{Global, Names, Target};
use bfv_format::{Decl, Library, Node, Prim, Renumber, Term};
use bfv_kernel::Limits;
use bfv_search::Lemma;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The bundle of stand-ins: no axiom of a source has this name, for it is no word.
pub(crate) const STAND_IN: &str = "-";

/// Why a bundle cannot be made or read, as a part of a sentence.
pub type Why = String;

/// What a bundle says beside its declarations.
#[derive(Default)]
struct Meta {
    key: String,
    imports: Vec<String>,
    /// Full names of units.
    units: Vec<String>,
    names: Vec<Global>,
    /// Name of a declaration, tags.
    tags: Vec<(String, Vec<String>)>,
}

impl Session {
    /// The bundle of a module that was elaborated as the last one, from this position on. The key says from what it was made.
    ///
    /// # Errors
    /// A constant that no name stands for.
    pub fn bundle(&self, module: &str, from: u32, key: &str) -> Result<Library, Why> {
        let own: Vec<Decl> =
            self.signature.decls().skip(usize::try_from(from).unwrap_or(usize::MAX)).cloned().collect();
        if own.iter().any(|d| matches!(d, Decl::Axiom { bundle, .. } if bundle == STAND_IN)) {
            return Err("an axiom has the bundle of stand-ins".to_owned());
        }
        let mut renumber = Renumber::default();
        let mut decls: Vec<Decl> = Vec::new();
        for id in bfv_format::mentions(&own).into_iter().filter(|id| *id < from) {
            stand_in(&self.names, id, &mut renumber, &mut decls)?;
        }
        for (id, decl) in (from..).zip(&own) {
            renumber.insert(id, place(decls.len())?);
            decls.push(renumber.decl(decl).map_err(|e| e.to_string())?);
        }
        let names = self.names.of_module(module).cloned().collect();
        let named = |l: &Lemma| self.names.full_name(l.id).map(|n| (n.to_owned(), l.tags.clone()));
        let tags = self.lemmas.iter().filter(|l| l.id >= from).filter_map(named).collect();
        let imports = self.imports(module).to_vec();
        let units = self.names.units.iter().filter(|(m, _)| m == module).map(|(_, full)| full.clone()).collect();
        let meta = Meta { key: key.to_owned(), imports, units, names, tags }.write(from)?.into_bytes();
        Ok(Library { decls, meta })
    }

    /// Reads a bundle into the session: every declaration is checked by the kernel, and proofs of theorems are owed, for most are not
    /// needed. Unchanged after an error.
    ///
    /// # Errors
    /// Anything that keeps the bundle from being the module.
    pub fn load(&mut self, module: &str, library: &Library) -> Result<(), Why> {
        let mut signature = self.signature.clone();
        let mut renumber = Renumber::default();
        let mut own: Vec<u32> = Vec::new();
        for (n, decl) in (0u32..).zip(&library.decls) {
            match decl {
                Decl::Axiom { name, bundle, .. } if bundle == STAND_IN => {
                    if !own.is_empty() {
                        return Err("a stand-in comes after a declaration".to_owned());
                    }
                    let target = self.names.library(name).map(|g| g.target);
                    let Some(Target::Const(id) | Target::Data(id)) = target else {
                        return Err(format!("there is no `{name}`"));
                    };
                    renumber.insert(n, id);
                }
                _ => {
                    let id = signature.len();
                    renumber.insert(n, id);
                    let moved = renumber.decl(decl).map_err(|e| e.to_string())?;
                    let refused =
                        |r: bfv_kernel::Refusal| format!("the kernel refuses `{}`: {}", decl.name(), r.reason);
                    signature.add_owing(moved, Limits::default()).map_err(refused)?;
                    own.push(id);
                }
            }
        }
        let text = std::str::from_utf8(&library.meta).map_err(|_| "its text is not UTF-8".to_owned())?;
        let meta = Meta::read(module, text, &own)?;
        for i in &meta.imports {
            if !self.has(i) {
                return Err(format!("the module `{i}` is not loaded"));
            }
        }
        let mut named: BTreeMap<&str, Target> = BTreeMap::new();
        for g in &meta.names {
            if self.names.library(&g.full).is_some() || named.insert(&g.full, g.target).is_some() {
                return Err(format!("the name `{}` stands twice", g.full));
            }
        }
        let mut lemmas = Vec::new();
        for (full, tags) in meta.tags {
            let target = named.get(full.as_str()).copied().or_else(|| self.names.library(&full).map(|g| g.target));
            let Some(Target::Const(id) | Target::Data(id)) = target else {
                return Err(format!("there is no `{full}`"));
            };
            let name = full.strip_prefix(&format!("{module}.")).unwrap_or(&full).to_owned();
            lemmas.push(Lemma { id, name, tags });
        }
        // Nothing below can fail, so nothing above has changed the session.
        self.signature = signature;
        self.lemmas.append(&mut lemmas);
        for g in meta.names {
            self.names.add(g);
        }
        self.names.units.extend(meta.units.into_iter().map(|full| (module.to_owned(), full)));
        self.add_module(module, meta.imports);
        Ok(())
    }
}

/// Adds a stand-in for the declaration at a position.
pub(crate) fn stand_in(names: &Names, id: u32, renumber: &mut Renumber, decls: &mut Vec<Decl>) -> Result<(), Why> {
    let name = names.full_name(id).ok_or_else(|| format!("the declaration at {id} has no name"))?;
    renumber.insert(id, place(decls.len())?);
    let ty: Term = Rc::new(Node::Prim(Prim::Unit));
    decls.push(Decl::Axiom { name: name.to_owned(), bundle: STAND_IN.to_owned(), ty });
    Ok(())
}

fn place(n: usize) -> Result<u32, Why> {
    u32::try_from(n).map_err(|_| "there are too many declarations".to_owned())
}

/// What a bundle says that it was made from; nothing is checked for that.
#[must_use]
pub fn bundle_key(library: &Library) -> Option<&str> {
    std::str::from_utf8(&library.meta).ok()?.lines().next()?.strip_prefix("key ")
}

impl Meta {
    /// One line for each fact; words are separated by single spaces, and a brace marks an implicit parameter.
    fn write(&self, from: u32) -> Result<String, Why> {
        let mut out = format!("key {}\n", self.key);
        for i in &self.imports {
            out += &format!("import {i}\n");
        }
        for full in &self.units {
            out += &format!("unit {full}\n");
        }
        let place = |id: u32| id.checked_sub(from).ok_or_else(|| "a name stands for an earlier declaration".to_owned());
        for g in &self.names {
            out += &match g.target {
                Target::Const(id) => format!("const {} {}", place(id)?, g.full),
                Target::Data(id) => format!("data {} {}", place(id)?, g.full),
                Target::Con(id, n) => format!("con {} {n} {}", place(id)?, g.full),
                Target::Prim(_) => return Err(format!("`{}` is no declaration", g.full)),
            };
            for (name, implicit) in &g.params {
                out += &format!(" {}{name}", if *implicit { "{" } else { "" });
            }
            out += "\n";
        }
        for (name, tags) in &self.tags {
            out += &format!("tag {name} {}\n", tags.join(" "));
        }
        Ok(out)
    }

    /// `own` are the positions of the module's declarations.
    fn read(module: &str, text: &str, own: &[u32]) -> Result<Meta, Why> {
        let mut meta = Meta::default();
        for line in text.lines() {
            let bad = || format!("the line `{}` means nothing", line.escape_debug());
            let words: Vec<&str> = line.split(' ').collect();
            let place = |n: &str| -> Result<u32, Why> {
                let n: usize = n.parse().map_err(|_| bad())?;
                own.get(n).copied().ok_or_else(bad)
            };
            let mut global = |full: &str, target: Target, params: &[&str]| -> Result<(), Why> {
                if full.strip_prefix(module).is_none_or(|rest| !rest.starts_with('.')) {
                    return Err(bad());
                }
                let param = |p: &&str| match p.strip_prefix('{') {
                    Some(name) => (name.to_owned(), true),
                    None => ((*p).to_owned(), false),
                };
                let params = params.iter().map(param).collect();
                meta.names.push(Global { full: full.to_owned(), module: module.to_owned(), target, params });
                Ok(())
            };
            match words.as_slice() {
                ["key", key] => meta.key = (*key).to_owned(),
                ["import", name] => meta.imports.push((*name).to_owned()),
                ["unit", full] => meta.units.push((*full).to_owned()),
                ["const", n, full, params @ ..] => global(full, Target::Const(place(n)?), params)?,
                ["data", n, full, params @ ..] => global(full, Target::Data(place(n)?), params)?,
                ["con", n, k, full, params @ ..] => {
                    global(full, Target::Con(place(n)?, k.parse().map_err(|_| bad())?), params)?;
                }
                ["tag", full, tags @ ..] => {
                    meta.tags.push(((*full).to_owned(), tags.iter().map(|t| (*t).to_owned()).collect()));
                }
                _ => return Err(bad()),
            }
        }
        Ok(meta)
    }
}
