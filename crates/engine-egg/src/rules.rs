//! Equations as rules: lemmas and hypotheses, read from left to right, matched with the classes of the e-graph up to the names of bound
//! variables. `f i` for a bound `i` matches anything, and `f` is then the function of `i` that it is.

use crate::graph::{Graph, Op, Proof, Step, Why};
use crate::scope::{Name, Named, Scope, Scopes, Stack, indexed};
use crate::tree::{Reader, Shape, Tree};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ivl, Machine, Res, V, Val};
use bfv_search::shift::rename;
use egg::Id;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What proves a premise of a rule in a scope, where it can.
type Prove<'a> = &'a mut dyn FnMut(&Scopes, Scope, &V) -> Res<Option<Term>>;

/// Ways in which one rule fits one class, at most.
const WAYS: usize = 32;

/// An equation for all values of some variables.
pub struct Rule {
    /// What proves it, a constant or a part of a hypothesis, in the scope of the goal.
    pub proof: Named,
    /// Its statement.
    pub ty: V,
    /// Its variables, premises included.
    pub variables: Vec<Name>,
    /// The types of its variables.
    types: Vec<Named>,
    /// The side that is looked for.
    pub pattern: Rc<Tree>,
}

/// What a variable of a rule stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    /// Something in a class, as a function of these bound variables.
    Class(Id, Vec<Name>),
    /// A term of the shape of a node.
    Term(Named),
}

/// What is needed to write an equation down.
pub struct Around<'a, 'm> {
    pub m: &'a Machine<'m>,
    pub scopes: &'a mut Scopes,
    pub reader: &'a mut Reader,
    /// The scope of the goal.
    pub root: Scope,
}

/// How a rule fits.
#[derive(Clone, Default)]
pub struct Fit {
    found: BTreeMap<Name, Found>,
    /// Bound variables of the pattern with those of the e-graph.
    bound: Vec<(Name, Name)>,
    /// Every variable that was bound on the way.
    met: BTreeSet<Name>,
}

impl Rule {
    /// A statement as a rule; none when it is no equation, or when one side would match everything.
    pub fn open(
        m: &Machine<'_>,
        scopes: &mut Scopes,
        reader: &mut Reader,
        root: Scope,
        proof: Named,
        ty: V,
        flip: bool,
    ) -> Res<Option<Rule>> {
        let (mut scope, mut current, mut variables, mut types) = (root, ty.clone(), Vec::new(), Vec::new());
        loop {
            let w = m.whnf(&current)?;
            match &*w {
                Val::Pi(dom, cod) => {
                    let Some(of) = scopes.named(scope, &m.quote(scopes.ctx(scope), dom)?) else { return Ok(None) };
                    types.push(of);
                    let (inner, name, x) = scopes.open(m, scope, dom.clone());
                    variables.push(name);
                    current = m.inst(cod, x);
                    scope = inner;
                }
                Val::Path(line, a, b) => {
                    let at = m.dinst(line, Ivl::Zero);
                    let side = if flip { b } else { a };
                    let Some(pattern) = reader.value(m, scopes, scope, side, &at)? else { return Ok(None) };
                    let rigid = !matches!(&*pattern.shape, Shape::Var(n) if variables.contains(n));
                    return Ok(rigid.then_some(Rule { proof, ty, variables, types, pattern }));
                }
                _ => return Ok(None),
            }
        }
    }

    /// How the rule fits a class. What its left side does not determine is read off the hypotheses that its premises fit.
    pub fn fits(&self, graph: &Graph, hypotheses: &[Named], class: Id) -> Vec<Fit> {
        let mut out = Vec::new();
        self.tree(graph, &self.pattern, class, Fit::default(), &mut out);
        for fit in &mut out {
            for (name, ty) in self.variables.iter().zip(&self.types) {
                if fit.found.contains_key(name) {
                    continue;
                }
                for h in hypotheses {
                    let mut attempt = fit.clone();
                    if self.term(ty, h, 0, true, &mut attempt) {
                        *fit = attempt;
                        break;
                    }
                }
            }
        }
        out
    }

    /// A variable of the rule applied to distinct bound variables of the pattern.
    fn flexible(&self, p: &Tree, fit: &Fit) -> Option<(Name, Vec<Name>)> {
        let (mut head, mut args) = (p, Vec::new());
        while let Shape::App = &*head.shape {
            let [f, a] = head.children.as_slice() else { return None };
            let Shape::Var(n) = &*a.shape else { return None };
            let (_, name) = fit.bound.iter().find(|(own, _)| own == n)?;
            if args.contains(name) {
                return None;
            }
            args.push(*name);
            head = f;
        }
        args.reverse();
        match &*head.shape {
            Shape::Var(n) if self.variables.contains(n) => Some((*n, args)),
            _ => None,
        }
    }

    fn tree(&self, graph: &Graph, p: &Tree, class: Id, fit: Fit, out: &mut Vec<Fit>) {
        if out.len() >= WAYS {
            return;
        }
        if let Some((name, args)) = self.flexible(p, &fit) {
            let names = graph.names(class);
            let closed = fit.bound.iter().all(|(_, n)| args.contains(n) || !names.contains(n));
            let found = Found::Class(graph.egg.find(class), args);
            match fit.found.get(&name) {
                Some(Found::Class(..)) if fit.found.get(&name) == Some(&found) => out.push(fit),
                Some(Found::Term(t)) => {
                    let same = graph.smallest(class).and_then(|s| s.term(&mut Vec::new()));
                    if same.is_some_and(|s| indexed(&[], t).as_ref() == Some(&s)) || named_leaf(graph, class, t) {
                        out.push(fit);
                    }
                }
                Some(Found::Class(..)) => {}
                None if closed => {
                    let mut fit = fit;
                    fit.found.insert(name, found);
                    out.push(fit);
                }
                None => {}
            }
            return;
        }
        for node in &graph.egg[class].nodes {
            let Some(fit) = self.shape(graph, &p.shape, node, &fit) else { continue };
            let mut ways = vec![fit];
            for (p, c) in p.children.iter().zip(&node.children) {
                let mut next = Vec::new();
                for way in ways {
                    self.tree(graph, p, *c, way, &mut next);
                }
                ways = next;
            }
            // The variable of a function is bound in its body only.
            if let Shape::Lam(_) = &*p.shape {
                for way in &mut ways {
                    way.bound.pop();
                }
            }
            out.extend(ways);
            out.truncate(WAYS);
        }
    }

    /// What the shapes of pattern and node say; none where they differ.
    fn shape(&self, graph: &Graph, p: &Shape, node: &Op, fit: &Fit) -> Option<Fit> {
        let mut fit = fit.clone();
        let mut terms = |p: &Term, t: &Term| self.term(p, t, 0, false, &mut fit);
        let same = match (p, &**graph.shape(node)) {
            (Shape::Lam(own), Shape::Lam(name)) => {
                fit.bound.push((*own, *name));
                fit.met.insert(*name);
                true
            }
            (Shape::Var(n), Shape::Var(k)) => match fit.bound.iter().find(|(own, _)| own == n) {
                Some((_, name)) => name == k,
                None => n == k,
            },
            (Shape::Head(h, ps), Shape::Head(g, ts)) => {
                h == g
                    && ps.len() == ts.len()
                    && ps.iter().zip(ts).all(|pair| match pair {
                        (Some(p), Some(t)) => terms(p, t),
                        (None, None) => true,
                        _ => false,
                    })
            }
            (Shape::App, Shape::App)
            | (Shape::Pair, Shape::Pair)
            | (Shape::Fst, Shape::Fst)
            | (Shape::Snd, Shape::Snd) => true,
            (Shape::AppTo(p), Shape::AppTo(t))
            | (Shape::Choice(p), Shape::Choice(t))
            | (Shape::Opaque(p), Shape::Opaque(t)) => terms(p, t),
            (Shape::Con(d, c, ps), Shape::Con(e, f, ts)) => {
                d == e && c == f && ps.len() == ts.len() && ps.iter().zip(ts).all(|(p, t)| terms(p, t))
            }
            _ => false,
        };
        same.then_some(fit)
    }

    /// Terms that are part of shapes, such as lengths and types, match as they are written, below so many binders.
    /// In a premise, what was found in the e-graph matches anything: it is asked for, as it is, later.
    fn term(&self, p: &Term, t: &Term, depth: u32, premise: bool, fit: &mut Fit) -> bool {
        let mut go = |p: &Term, t: &Term, more: u32| self.term(p, t, depth + more, premise, fit);
        match (&**p, &**t) {
            (Node::Var(n), _) if n.checked_sub(depth).is_some_and(|n| self.variables.contains(&n)) => {
                let Some(t) = rename(t, 0, 0, &mut |i| i.checked_sub(depth), &mut Some) else { return false };
                match fit.found.get(&(n - depth)) {
                    Some(Found::Term(old)) => *old == t,
                    Some(Found::Class(..)) => premise,
                    None => {
                        fit.found.insert(n - depth, Found::Term(t));
                        true
                    }
                }
            }
            (Node::Var(n), Node::Var(k)) if *n >= depth && *k >= depth => {
                let own = n - depth;
                fit.bound.iter().find(|(name, _)| *name == own).map_or(own, |(_, name)| *name) == k - depth
            }
            (Node::App(f, a), Node::App(g, b)) => go(f, g, 0) && go(a, b, 0),
            // `Suc k` against a literal: one less.
            (Node::App(f, a), Node::NatLit(n)) if matches!(&**f, Node::Prim(Prim::Suc)) => {
                *n != 0u8.into() && go(a, &Rc::new(Node::NatLit(n - 1u8)), 0)
            }
            (Node::Data(d, ps), Node::Data(e, ts)) => {
                d == e && ps.len() == ts.len() && ps.iter().zip(ts).all(|(p, t)| go(p, t, 0))
            }
            (Node::Pi(a, b), Node::Pi(c, d)) => go(a, c, 0) && go(b, d, 1),
            (Node::Lam(b), Node::Lam(d)) => go(b, d, 1),
            (Node::Path(l, a, b), Node::Path(k, c, d)) => go(l, k, 0) && go(a, c, 0) && go(b, d, 0),
            _ => p == t,
        }
    }

    /// The equation that a fit gives, in the scope where it is used, as trees and with its proof.
    /// None where something does not fit after all, or a premise is not proved.
    pub fn instance(&self, at: &mut Around<'_, '_>, graph: &Graph, fit: &Fit, premise: Prove<'_>) -> Res<Option<Step>> {
        let Around { m, scopes, reader, root } = at;
        let (m, root) = (*m, *root);
        let scope = self.place(scopes, root, graph, fit);
        let ctx = scopes.ctx(scope).clone();
        let mut stack: Stack = scopes.names(scope).to_vec();
        let Some(mut proof) = indexed(&stack, &self.proof) else { return Ok(None) };
        let mut current = self.ty.clone();
        for name in &self.variables {
            let w = m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(None) };
            let arg = match fit.found.get(name) {
                Some(found) => {
                    let Some(arg) = argument(graph, found, &mut stack) else { return Ok(None) };
                    // Lengths and types are compared as they are written, so an argument may not fit after all.
                    if m.check(&ctx, &arg, dom).is_err() {
                        return Ok(None);
                    }
                    arg
                }
                None => match premise(scopes, scope, dom)? {
                    Some(arg) => arg,
                    None => return Ok(None),
                },
            };
            current = m.inst(cod, m.eval(&ctx.env, &arg));
            proof = Rc::new(Node::App(proof, arg));
        }
        let w = m.whnf(&current)?;
        let Val::Path(line, a, b) = &*w else { return Ok(None) };
        let at = m.dinst(line, Ivl::Zero);
        let (left, right) = (reader.value(m, scopes, scope, a, &at)?, reader.value(m, scopes, scope, b, &at)?);
        let ty = scopes.named(scope, &m.quote(&ctx, &at)?);
        let (Some(left), Some(right), Some(ty), Some(proof)) = (left, right, ty, scopes.named(scope, &proof)) else {
            return Ok(None);
        };
        let why = Why::Proof { proof: Proof::Term(proof), ty, left: left.clone(), right: right.clone() };
        Ok(Some((left, right, why)))
    }

    /// The smallest scope in which everything that was found has its place.
    fn place(&self, scopes: &Scopes, root: Scope, graph: &Graph, fit: &Fit) -> Scope {
        let mut scope = root;
        for name in &fit.met {
            scope = scopes.deeper(scope, scopes.around(root, *name));
        }
        for found in fit.found.values() {
            let mut names = BTreeSet::new();
            match found {
                Found::Class(id, args) => names.extend(graph.names(*id).iter().filter(|n| !args.contains(n))),
                Found::Term(t) => crate::scope::free(t, &mut names),
            }
            scope = scopes.deeper(scope, scopes.holding(root, &names));
        }
        scope
    }
}

/// Whether a class holds a term of a shape as a variable.
fn named_leaf(graph: &Graph, class: Id, t: &Named) -> bool {
    let Node::Var(name) = &**t else { return false };
    graph.egg[class].nodes.iter().any(|n| matches!(&**graph.shape(n), Shape::Var(k) if k == name))
}

/// What was found, as a term of a scope.
fn argument(graph: &Graph, found: &Found, stack: &mut Stack) -> Option<Term> {
    match found {
        Found::Term(t) => indexed(stack, t),
        Found::Class(id, args) => {
            let outer = stack.len();
            stack.extend(args);
            let body = graph.smallest(*id).and_then(|t| t.term(stack));
            stack.truncate(outer);
            Some(args.iter().fold(body?, |t, _| Rc::new(Node::Lam(t))))
        }
    }
}
