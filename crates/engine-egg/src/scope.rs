//! Names for variables, so that a term means the same wherever it stands: a scope is a chain of names with the context of the kernel
//! that they stand for. The same variable, bound again at the same place with the same type, has the same name.

use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Machine, Res, V};
use bfv_search::shift::rename;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// The name of a variable, unique within one search.
pub type Name = u32;

/// A term whose free variables are names.
pub type Named = Term;

/// A place in the tree of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope(usize);

struct Entry {
    ctx: Ctx,
    /// Outermost first.
    names: Vec<Name>,
}

/// All scopes of one search.
#[derive(Default)]
pub struct Scopes {
    entries: Vec<Entry>,
    /// The scope in which a variable of a type was bound, by the scope around it and the type.
    bound: HashMap<(usize, Named), Scope>,
    /// The scope that each name is the innermost of.
    of_name: Vec<Scope>,
}

impl Scopes {
    /// The scope of a context, with a name for each of its variables.
    pub fn root(&mut self, ctx: &Ctx) -> Scope {
        let scope = Scope(self.entries.len());
        let names = (0..ctx.types.len()).map(|_| self.fresh(scope)).collect();
        self.entries.push(Entry { ctx: ctx.clone(), names });
        scope
    }

    fn fresh(&mut self, scope: Scope) -> Name {
        let name = u32::try_from(self.of_name.len()).unwrap_or(u32::MAX);
        self.of_name.push(scope);
        name
    }

    /// A new variable of a type, with its name.
    pub fn open(&mut self, m: &Machine<'_>, scope: Scope, ty: V) -> (Scope, Name, V) {
        let (ctx, x) = m.bind(self.ctx(scope), ty);
        let inner = Scope(self.entries.len());
        let name = self.fresh(inner);
        let mut names = self.names(scope).to_vec();
        names.push(name);
        self.entries.push(Entry { ctx, names });
        (inner, name, x)
    }

    /// The variable that is bound in a scope by functions from a type.
    pub fn bind(&mut self, m: &Machine<'_>, scope: Scope, ty: &V) -> Res<(Scope, Name, V)> {
        let key = self.named(scope, &m.quote(self.ctx(scope), ty)?).map(|t| (scope.0, t));
        if let Some(known) = key.as_ref().and_then(|k| self.bound.get(k)).copied()
            && let Some(name) = self.names(known).last()
        {
            // The variable of a scope is the value of its index 0.
            let x = m.eval(&self.ctx(known).env, &Rc::new(Node::Var(0)));
            return Ok((known, *name, x));
        }
        let opened = self.open(m, scope, ty.clone());
        if let Some(key) = key {
            self.bound.insert(key, opened.0);
        }
        Ok(opened)
    }

    /// The context of a scope.
    pub fn ctx(&self, scope: Scope) -> &Ctx {
        &self.entries[scope.0].ctx
    }

    /// The names of a scope, outermost first.
    pub fn names(&self, scope: Scope) -> &[Name] {
        &self.entries[scope.0].names
    }

    /// The smallest scope that has all of some names; the given one when there are none.
    pub fn holding(&self, root: Scope, names: &BTreeSet<Name>) -> Scope {
        let scopes = names.iter().filter_map(|n| self.of_name.get(usize::try_from(*n).ok()?)).copied();
        scopes.fold(root, |a, b| self.deeper(a, b))
    }

    /// The longer of two chains.
    pub fn deeper(&self, a: Scope, b: Scope) -> Scope {
        if self.names(b).len() > self.names(a).len() { b } else { a }
    }

    /// The scope around the one that a name is the innermost of, if that is deeper than the root.
    pub fn around(&self, root: Scope, name: Name) -> Scope {
        let Some(own) = usize::try_from(name).ok().and_then(|n| self.of_name.get(n)) else { return root };
        let names: BTreeSet<Name> = self.names(*own).iter().rev().skip(1).take(1).copied().collect();
        self.holding(root, &names)
    }

    /// A term of a scope with names for its free variables.
    pub fn named(&self, scope: Scope, t: &Term) -> Option<Named> {
        let names = self.names(scope);
        let name = |i: u32| names.len().checked_sub(usize::try_from(i).ok()?.checked_add(1)?).map(|level| names[level]);
        rename(t, 0, 0, &mut |i| name(i), &mut Some)
    }
}

/// Where the names of a term stand while it is turned back into a term of the kernel: innermost last.
pub type Stack = Vec<Name>;

/// A term with indices in place of names; none when a name has no place.
pub fn indexed(stack: &[Name], t: &Named) -> Option<Term> {
    let index = |name: u32| u32::try_from(stack.iter().rev().position(|n| *n == name)?).ok();
    rename(t, 0, 0, &mut |n| index(n), &mut Some)
}

/// The names that occur free in a term.
pub fn free(t: &Named, out: &mut BTreeSet<Name>) {
    let _all = rename(
        t,
        0,
        0,
        &mut |n| {
            out.insert(n);
            Some(n)
        },
        &mut Some,
    );
}
