//! Global names: what they stand for, where they come from, which parameters are implicit.

use bfv_format::{DataRef, Node, Prim, Term};
use bfv_syntax::tree::Binder;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
/// Edit distance with transpositions (optimal string alignment).
pub use strsim::osa_distance as distance;

/// What a global name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A declaration that is a constant.
    Const(u32),
    /// A data type.
    Data(u32),
    /// A constructor.
    Con(u32, u32),
    /// A constant of the theory.
    Prim(Prim),
}

/// A global name.
#[derive(Clone, Debug)]
pub struct Global {
    /// The full name, `module.name`; predeclared names have no module.
    pub full: String,
    /// The module.
    pub module: String,
    /// What it stands for.
    pub target: Target,
    /// For each leading parameter: its name, and whether it is implicit.
    pub params: Vec<(String, bool)>,
}

/// Modules with the names that they declare. The first module of a name counts.
pub type Catalogue = Vec<(&'static str, Vec<&'static str>)>;

/// All global names.
#[derive(Clone, Debug, Default)]
pub struct Names {
    globals: Vec<Global>,
    /// Short and full names.
    index: BTreeMap<String, Vec<usize>>,
    /// Modules whose short names may be used.
    pub visible: BTreeSet<String>,
    /// Declared units: module, full name. They are no terms, so a term may have the same name.
    pub units: Vec<(String, String)>,
    /// Places of the constants among the globals, by position in the signature.
    constants: BTreeMap<u32, usize>,
    /// Constants that were made from a protocol.
    pub made: BTreeSet<u32>,
    /// Names of constants by position, for printing.
    pub by_id: BTreeMap<u32, String>,
    /// Which leading arguments of a constant are implicit, for printing.
    pub implicit: BTreeMap<u32, Vec<bool>>,
    /// Modules that can be imported, with the names that each declares. It is asked for suggestions only, so it is made when needed.
    pub catalogue: Option<fn() -> Catalogue>,
    /// Names of constructors by data type and number, for printing.
    pub constructors: BTreeMap<(u32, u32), String>,
}

/// Names that are there before any module.
const PREDECLARED: &[(&str, Prim)] = &[
    ("Empty", Prim::Empty),
    ("Unit", Prim::Unit),
    ("Bool", Prim::Bool),
    ("Nat", Prim::Nat),
    ("Int", Prim::Int),
    ("Real", Prim::Real),
    ("tt", Prim::Star),
    ("true", Prim::True),
    ("false", Prim::False),
    ("suc", Prim::Suc),
    ("Nat.add", Prim::NatAdd),
    ("Nat.mul", Prim::NatMul),
    ("Nat.sub", Prim::NatSub),
    ("Nat.ltb", Prim::NatLtb),
    ("Int.pos", Prim::IntPos),
    ("Int.negsuc", Prim::IntNegSuc),
    ("Int.add", Prim::IntAdd),
    ("Int.sub", Prim::IntSub),
    ("Int.mul", Prim::IntMul),
    ("Int.ltb", Prim::IntLtb),
    ("Real.add", Prim::RealAdd),
    ("Real.sub", Prim::RealSub),
    ("Real.mul", Prim::RealMul),
    ("Real.inv", Prim::RealInv),
    ("Real.ltb", Prim::RealLtb),
    ("Real.of_nat", Prim::RealOfNat),
    ("Real.of_int", Prim::RealOfInt),
    ("Real.floor", Prim::RealFloor),
    ("inv", Prim::RealInv),
    ("of_nat", Prim::RealOfNat),
    ("of_int", Prim::RealOfInt),
    ("floor", Prim::RealFloor),
];

/// The name of a constant of the theory.
pub fn prim_name(p: Prim) -> &'static str {
    PREDECLARED.iter().find(|(_, q)| *q == p).map_or("?", |(n, _)| n)
}

impl Names {
    /// The predeclared names.
    pub fn new() -> Self {
        let mut names = Names::default();
        for (name, prim) in PREDECLARED {
            names.add(Global {
                full: (*name).to_owned(),
                module: String::new(),
                target: Target::Prim(*prim),
                params: Vec::new(),
            });
        }
        names.visible.insert(String::new());
        names
    }

    /// Adds a name; the short name is the full one without the module.
    pub fn add(&mut self, g: Global) {
        let n = self.globals.len();
        let short = g.full.strip_prefix(&format!("{}.", g.module)).unwrap_or(&g.full).to_owned();
        if let Target::Const(id) | Target::Data(id) = g.target {
            self.by_id.insert(id, short.clone());
            self.implicit.insert(id, g.params.iter().map(|(_, implicit)| *implicit).collect());
        }
        if let Target::Con(id, n) = g.target {
            self.constructors.insert((id, n), short.clone());
        }
        if let Target::Const(id) = g.target {
            self.constants.insert(id, n);
        }
        if short != g.full {
            self.index.entry(g.full.clone()).or_default().push(n);
        }
        self.index.entry(short).or_default().push(n);
        self.globals.push(g);
    }

    /// How many names there are.
    pub fn count(&self) -> usize {
        self.globals.len()
    }

    /// Takes back what was added after there were so many names.
    pub fn take_back(&mut self, count: usize) {
        for g in self.globals.drain(count.min(self.globals.len())..).rev() {
            let short = g.full.strip_prefix(&format!("{}.", g.module)).unwrap_or(&g.full);
            for name in if short == g.full { vec![short] } else { vec![short, &g.full] } {
                if let Some(all) = self.index.get_mut(name) {
                    all.pop();
                    if all.is_empty() {
                        self.index.remove(name);
                    }
                }
            }
            match g.target {
                Target::Const(id) | Target::Data(id) => {
                    self.by_id.remove(&id);
                    self.implicit.remove(&id);
                    self.constants.remove(&id);
                }
                Target::Con(id, n) => {
                    self.constructors.remove(&(id, n));
                }
                Target::Prim(_) => {}
            }
        }
    }

    /// What a name stands for in the visible modules: several answers mean that it is ambiguous.
    pub fn find(&self, name: &str) -> Vec<&Global> {
        self.index.get(name).map_or_else(Vec::new, |ns| {
            ns.iter()
                .filter_map(|n| self.globals.get(*n))
                .filter(|g| self.visible.contains(&g.module) || g.full == name)
                .collect()
        })
    }

    /// A name of the library that the elaborator itself needs, by its full name.
    pub fn library(&self, full: &str) -> Option<&Global> {
        self.index.get(full)?.iter().find_map(|n| self.globals.get(*n).filter(|g| g.full == full))
    }

    /// The constant `c.domain` beside the constant c, which says where the partial operation c is used as meant.
    pub fn domain_of(&self, constant: u32) -> Option<u32> {
        let g = self.globals.get(*self.constants.get(&constant)?)?;
        match self.library(&format!("{}.domain", g.full))?.target {
            Target::Const(id) => Some(id),
            _ => None,
        }
    }

    /// The full name of the declaration at a position.
    pub fn full_name(&self, id: u32) -> Option<&str> {
        let short = self.by_id.get(&id)?;
        let stands = |g: &&Global| matches!(g.target, Target::Const(n) | Target::Data(n) if n == id);
        let found = self.index.get(short)?.iter().filter_map(|n| self.globals.get(*n)).find(stands);
        found.map(|g| g.full.as_str())
    }

    /// The full names of declarations with their positions in the signature; a constructor has that of its data type.
    pub fn positions(&self) -> impl Iterator<Item = (&str, u32)> {
        self.globals.iter().filter_map(|g| match g.target {
            Target::Const(id) | Target::Data(id) | Target::Con(id, _) => Some((g.full.as_str(), id)),
            Target::Prim(_) => None,
        })
    }

    /// The names of the visible modules, in the order in which they were declared.
    pub fn in_sight(&self) -> impl Iterator<Item = &Global> {
        self.globals.iter().filter(|g| self.visible.contains(&g.module))
    }

    /// The names that a module declares, in order.
    pub fn of_module(&self, module: &str) -> impl Iterator<Item = &Global> {
        self.globals.iter().filter(move |g| g.module == module)
    }

    /// Modules that declare this short name.
    pub fn modules_of(&self, short: &str) -> Vec<String> {
        let loaded = self.index.get(short).map_or_else(Vec::new, |ns| {
            ns.iter().filter_map(|n| self.globals.get(*n)).map(|g| g.module.clone()).collect()
        });
        if !loaded.is_empty() {
            return loaded;
        }
        let offered = self.offered().into_iter().find(|(_, names)| names.contains(&short));
        offered.map(|(module, _)| module.to_owned()).into_iter().collect()
    }

    /// The definitions outside the library that a term mentions and an author wrote, by their short names, each once.
    #[must_use]
    pub fn own_definitions(&self, t: &Term) -> Vec<String> {
        let mut ids = BTreeSet::new();
        constants(t, &mut ids);
        let own = |id: &u32| {
            let written = self.module_of(*id).is_some() && !self.in_library(*id) && !self.made.contains(id);
            written.then(|| self.by_id.get(id).cloned()).flatten()
        };
        ids.iter().filter_map(own).collect()
    }

    /// Whether a constant is one of the library, which is the same for everybody.
    #[must_use]
    pub fn in_library(&self, id: u32) -> bool {
        self.module_of(id).is_some_and(|m| m.starts_with("std."))
    }

    /// The module that declares a constant.
    pub(crate) fn module_of(&self, id: u32) -> Option<&str> {
        Some(&self.globals.get(*self.constants.get(&id)?)?.module)
    }

    fn offered(&self) -> Catalogue {
        self.catalogue.map_or_else(Vec::new, |catalogue| catalogue())
    }

    /// The module that was probably meant by a name.
    pub fn module_like(&self, name: &str) -> Option<&'static str> {
        let near = self.offered().into_iter().map(|(m, _)| (distance(name, m), m));
        near.filter(|(d, m)| *d <= 1 + m.len() / 4).min().map(|(_, m)| m)
    }

    /// At most three visible names close to a mistyped one.
    pub fn similar(&self, name: &str) -> Vec<&str> {
        let mut near: Vec<(usize, &str)> = self
            .index
            .iter()
            .filter(|(k, ns)| {
                !k.contains('.')
                    && ns.iter().any(|n| self.globals.get(*n).is_some_and(|g| self.visible.contains(&g.module)))
            })
            .map(|(k, _)| (distance(name, k), k.as_str()))
            .filter(|(d, k)| *d <= 1 + k.len() / 4)
            .collect();
        near.sort_unstable();
        near.into_iter().take(3).map(|(_, k)| k).collect()
    }
}

/// The constants of a term.
pub(crate) fn constants(t: &Term, ids: &mut BTreeSet<u32>) {
    if let Node::Const { id, .. } = &**t {
        ids.insert(*id);
    }
    let done: Result<Term, std::convert::Infallible> = crate::walk::map(
        t,
        crate::walk::Depth::default(),
        &mut |c, _| {
            constants(c, ids);
            Ok(c.clone())
        },
        &mut |r, _| Ok(r),
    );
    let Ok(_) = done;
}

/// What to write for a name of other languages.
pub fn foreign(name: &str) -> Option<&'static str> {
    Some(match name {
        "float" | "double" | "f32" | "f64" | "real" | "R" | "Float" => "Write `Real` for numbers with fractions.",
        "int" | "integer" | "Z" | "i32" | "i64" => "Write `Int` for whole numbers, or `Nat` for those from 0 on.",
        "nat" | "uint" | "u32" | "u64" | "usize" | "N" => "Write `Nat` for whole numbers from 0 on.",
        "bool" | "boolean" => "Write `Bool`.",
        "True" | "False" => "Write `true` or `false` for a `Bool`, `Unit` or `Empty` for a statement.",
        "Prop" | "Type" | "Set" => "Write `U 0` for the type of types and statements.",
        "list" | "List" | "array" | "Array" | "vector" | "Vector" => {
            "Write `Vec k Real`, and `import std.vec` at the top."
        }
        "ln" => "Write `log`, and `import std.exp` at the top.",
        "sin" | "cos" => "The library does not have it. State what you need of it.",
        _ => return None,
    })
}

impl Target {
    /// The term that a constant, or a constant of the theory, is.
    pub fn term(self) -> Option<Term> {
        match self {
            Target::Const(id) => Some(Rc::new(Node::Const { id, shift: 0 })),
            Target::Prim(p) => Some(Rc::new(Node::Prim(p))),
            Target::Data(_) | Target::Con(..) => None,
        }
    }

    /// The data type that a data type or constructor belongs to.
    pub fn data(self) -> Option<DataRef> {
        match self {
            Target::Data(id) | Target::Con(id, _) => Some(DataRef { id, shift: 0 }),
            Target::Const(_) | Target::Prim(_) => None,
        }
    }
}

/// Names of binders with their implicitness; dimensions are left out.
pub fn params(bs: &[Binder]) -> Vec<(String, bool)> {
    bs.iter().flat_map(|b| b.names.iter().map(|n| (n.text.clone(), b.implicit))).collect()
}
