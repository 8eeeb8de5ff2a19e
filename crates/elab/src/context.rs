//! The local context of elaboration: the kernel's context with the names a person gave.

use crate::walk::{self, Depth};
use bfv_format::{Dim, Node, Term};
use bfv_kernel::{Ctx, Ivl, V};
use std::rc::Rc;

/// What a local name stands for.
#[derive(Clone)]
pub enum Entry {
    /// A variable with its type as a term in the context before it.
    Var { name: String, ty: Term },
    /// A dimension.
    Dim { name: String },
    /// A local definition: its value as a term in the context of the given size, and its type. Binds nothing.
    Alias { name: String, term: Term, ty: V, depth: Depth },
}

impl Entry {
    pub fn name(&self) -> &str {
        match self {
            Entry::Var { name, .. } | Entry::Dim { name } | Entry::Alias { name, .. } => name,
        }
    }
}

/// The local context. `entries`, read without the dimensions, run parallel to `ctx.types`.
#[derive(Clone, Default)]
pub struct Local {
    pub ctx: Ctx,
    pub entries: Rc<Vec<Entry>>,
}

/// A name found in the local context.
pub enum Found {
    /// De Bruijn index and type.
    Var(u32, V),
    /// De Bruijn index among the dimensions.
    Dim(u32),
    /// The value of a local definition, in the present context, and its type.
    Alias(Term, V),
}

impl Local {
    pub fn push(&self, ctx: Ctx, entry: Entry) -> Local {
        let mut entries = (*self.entries).clone();
        entries.push(entry);
        Local { ctx, entries: Rc::new(entries) }
    }

    /// The innermost entry of a name.
    pub fn find(&self, name: &str) -> Option<Found> {
        let (mut vars, mut dims) = (0, 0);
        for e in self.entries.iter().rev() {
            match e {
                Entry::Var { name: n, .. } => {
                    if n == name {
                        let level = self.ctx.types.len().checked_sub(1 + usize::try_from(vars).ok()?)?;
                        return Some(Found::Var(vars, self.ctx.types.get(level)?.clone()));
                    }
                    vars += 1;
                }
                Entry::Dim { name: n } => {
                    if n == name {
                        return Some(Found::Dim(dims));
                    }
                    dims += 1;
                }
                Entry::Alias { name: n, term, ty, depth } => {
                    if n == name {
                        let here = self.size();
                        let by = Depth { terms: here.terms - depth.terms, dims: here.dims - depth.dims };
                        return Some(Found::Alias(walk::shift(term, by), ty.clone()));
                    }
                }
            }
        }
        None
    }

    pub fn depth(&self) -> u32 {
        u32::try_from(self.ctx.types.len()).unwrap_or(u32::MAX)
    }

    /// Closes a type over the context.
    pub fn close_type(&self, ty: &Term) -> Term {
        self.entries.iter().rev().fold(ty.clone(), |t, e| match e {
            Entry::Var { ty, .. } => Rc::new(Node::Pi(ty.clone(), t)),
            Entry::Dim { .. } => Rc::new(Node::Line(t)),
            Entry::Alias { .. } => t,
        })
    }

    /// Closes a term over the context.
    pub fn close(&self, t: &Term) -> Term {
        self.entries.iter().rev().fold(t.clone(), |t, e| match e {
            Entry::Var { .. } => Rc::new(Node::Lam(t)),
            Entry::Dim { .. } => Rc::new(Node::DLam(t)),
            Entry::Alias { .. } => t,
        })
    }

    /// Applies a closed head to every entry of the context, outermost first.
    pub fn applied(&self, head: Term) -> Term {
        let vars = self.depth();
        let dims = u32::try_from(self.ctx.dims.len()).unwrap_or(u32::MAX);
        let (mut v, mut d) = (0, 0);
        self.entries.iter().fold(head, |t, e| match e {
            Entry::Var { .. } => {
                v += 1;
                Rc::new(Node::App(t, Rc::new(Node::Var(vars - v))))
            }
            Entry::Dim { .. } => {
                d += 1;
                Rc::new(Node::LApp(t, Dim::Var(dims - d)))
            }
            Entry::Alias { .. } => t,
        })
    }

    /// The places, among the arguments that `applied` gives, of dimensions that a face fixes.
    pub fn fixed(&self) -> Vec<usize> {
        let (mut place, mut level, mut out) = (0, 0, Vec::new());
        let dims = self.ctx.dims.len();
        for e in self.entries.iter() {
            if let Entry::Dim { .. } = e {
                let index = u32::try_from(dims - 1 - level).ok();
                let value = index.and_then(|n| self.ctx.env.dims.get(n));
                if value.copied() != self.ctx.dims.get(level).map(|i| Ivl::Name(*i)) {
                    out.push(place);
                }
                level += 1;
            }
            if !matches!(e, Entry::Alias { .. }) {
                place += 1;
            }
        }
        out
    }

    /// Names of the term variables by level.
    pub fn names(&self) -> Vec<String> {
        self.entries
            .iter()
            .filter_map(|e| match e {
                Entry::Var { name, .. } => Some(name.clone()),
                Entry::Dim { .. } | Entry::Alias { .. } => None,
            })
            .collect()
    }

    /// How many variables of each scope there are.
    pub fn size(&self) -> Depth {
        Depth { terms: self.depth(), dims: u32::try_from(self.ctx.dims.len()).unwrap_or(u32::MAX) }
    }
}
