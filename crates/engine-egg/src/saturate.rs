//! The rounds of one search: what can be rewritten is rewritten, until both sides of the goal are in one class or a limit is reached.

use crate::graph::{Graph, Op, Step, Why};
use crate::replay::replay;
use crate::ring::Normaliser;
use crate::rules::{Around, Rule};
use crate::scope::{Name, Named, Scope, Scopes, Stack, indexed};
use crate::tree::{Reader, Shape, Tree};
use crate::{FALSE, FORWARD, along, under};
use bfv_format::{Node, Prim, Sort, Term};
use bfv_kernel::{Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::chain::Chain;
use bfv_search::shift::rename;
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use egg::Id;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Rounds, at most.
const ROUNDS: usize = 12;
/// Monomials that are written down for one step.
const WORK_PER_STEP: u64 = 20;
/// Nodes of the e-graph, at most.
const NODES: usize = 3_000;
/// Steps for one side condition, at most.
const PREMISE: u64 = 300;
/// Steps for what is left of a goal in the end, at most.
const REST: u64 = 3_000;

/// The search for one equation.
pub struct Saturation<'g> {
    m: &'g Machine<'g>,
    side: &'g dyn Engine,
    goal: &'g Goal<'g>,
    scopes: Scopes,
    reader: Reader,
    root: Scope,
    graph: Graph,
    rules: Vec<Rule>,
    /// The types of the variables of the goal.
    hypotheses: Vec<Named>,
    /// The type of both sides.
    ty: V,
    /// The terms that were evaluated.
    seen: HashSet<(Scope, Term)>,
    /// Side conditions that were asked for, and their proofs.
    premises: HashMap<(Scope, Term), Option<Term>>,
}

impl<'g> Saturation<'g> {
    /// With the equations of the context and of the tagged lemmas as rules.
    ///
    /// # Errors
    /// When the evaluator stops.
    pub fn new(side: &'g dyn Engine, goal: &'g Goal<'g>, ctx: &Ctx, ty: &V) -> Res<Self> {
        let mut scopes = Scopes::default();
        let root = scopes.root(ctx);
        let outer = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
        let mut new = Saturation {
            m: goal.machine,
            side,
            goal,
            scopes,
            reader: Reader::default(),
            root,
            graph: Graph::new(outer),
            rules: Vec::new(),
            hypotheses: Vec::new(),
            ty: ty.clone(),
            seen: HashSet::new(),
            premises: HashMap::new(),
        };
        for (level, ty) in (0u32..).zip(ctx.types.iter()) {
            new.fact(Rc::new(Node::Var(level)), ty)?;
            let named = new.scopes.named(root, &new.m.quote(ctx, ty)?);
            new.hypotheses.extend(named);
        }
        let before = u32::try_from(goal.ctx.types.len()).unwrap_or(u32::MAX);
        for hint in &goal.hints {
            // The names of the context are its levels.
            let named = rename(hint, 0, 0, &mut |n| before.checked_sub(n.checked_add(1)?), &mut Some);
            if let Some(named) = named {
                let ty = new.m.infer(&goal.ctx, hint)?;
                new.fact(named, &ty)?;
            }
        }
        for lemma in goal.lemmas.iter().filter(|l| l.has(FORWARD)) {
            if let Some(ty) = goal.machine.globals().const_type(lemma.id) {
                let ty = goal.machine.eval(&bfv_kernel::Env::default(), &ty);
                new.rule(Rc::new(Node::Const { id: lemma.id, shift: 0 }), &ty, false)?;
            }
        }
        Ok(new)
    }

    fn rule(&mut self, proof: Named, ty: &V, flip: bool) -> Res<()> {
        let rule = Rule::open(self.m, &mut self.scopes, &mut self.reader, self.root, proof, ty.clone(), flip)?;
        self.rules.extend(rule);
        Ok(())
    }

    /// What a hypothesis gives: equations in both directions, parts of conjunctions, and truth values that are false.
    fn fact(&mut self, proof: Named, ty: &V) -> Res<()> {
        let m = self.m;
        match &*m.whnf(ty)? {
            Val::Sigma(a, b) => {
                self.fact(Rc::new(Node::Fst(proof.clone())), a)?;
                let ctx = self.scopes.ctx(self.root).clone();
                let names: Stack = self.scopes.names(self.root).to_vec();
                let Some(t) = indexed(&names, &proof) else { return Ok(()) };
                let rest = m.inst(b, m.fst(&m.eval(&ctx.env, &t)));
                self.fact(Rc::new(Node::Snd(proof)), &rest)
            }
            Val::Pi(dom, cod) => {
                let ctx = self.scopes.ctx(self.root).clone();
                let (_, x) = m.bind(&ctx, dom.clone());
                if !matches!(&*m.whnf(&m.inst(cod, x))?, Val::Prim(Prim::Empty)) {
                    self.rule(proof.clone(), ty, false)?;
                    return self.rule(proof, ty, true);
                }
                let (Val::Path(line, c, t), Some(lemma)) =
                    (&*m.whnf(dom)?, self.goal.lemmas.iter().find(|l| l.has(FALSE)))
                else {
                    return Ok(());
                };
                let bool_type = matches!(&*m.whnf(&m.dinst(line, Ivl::Zero))?, Val::Prim(Prim::Bool));
                if !bool_type || !matches!(&*m.whnf(t)?, Val::Prim(Prim::True)) {
                    return Ok(());
                }
                let Some(c) = self.scopes.named(self.root, &m.quote(&ctx, c)?) else { return Ok(()) };
                let call = |f, a| Rc::new(Node::App(f, a));
                let proof = call(call(Rc::new(Node::Const { id: lemma.id, shift: 0 }), c), proof);
                let names: Stack = self.scopes.names(self.root).to_vec();
                let Some(t) = indexed(&names, &proof) else { return Ok(()) };
                let ty = m.infer(&ctx, &t)?;
                self.rule(proof, &ty, false)
            }
            Val::Path(..) => self.rule(proof, ty, false),
            _ => Ok(()),
        }
    }

    /// Adds both sides of the goal; none when one cannot be read.
    ///
    /// # Errors
    /// When the evaluator stops.
    pub fn sides(&mut self, left: &V, right: &V) -> Res<Option<(Id, Id)>> {
        let ty = self.ty.clone();
        let left = self.reader.value(self.m, &mut self.scopes, self.root, left, &ty)?;
        let right = self.reader.value(self.m, &mut self.scopes, self.root, right, &ty)?;
        Ok(left.zip(right).map(|(l, r)| (self.graph.add(&l), self.graph.add(&r))))
    }

    /// Rewrites until the sides meet, where that is wanted, or there is nothing more to do. Says why it ended.
    ///
    /// # Errors
    /// When the evaluator stops.
    pub fn run(&mut self, left: Id, right: Id, meet: bool, budget: &mut Budget) -> Res<(Reason, String)> {
        for _ in 0..ROUNDS {
            self.graph.rebuild();
            if meet && self.graph.equal(left, right) {
                break;
            }
            let before = self.graph.egg.total_size();
            let mut changed = false;
            let (steps, cost) = Normaliser::all_steps(&self.graph);
            for (l, r, why) in steps {
                changed |= self.graph.unite(&l, &r, why);
            }
            for (l, r, why) in self.evaluated()? {
                changed |= self.graph.unite(&l, &r, why);
            }
            for (l, r, why) in self.rewritten(budget)? {
                changed |= self.graph.unite(&l, &r, why);
            }
            let size = self.graph.egg.total_size();
            let added = u64::try_from(size.saturating_sub(before)).unwrap_or(u64::MAX);
            if budget.spend(added.saturating_add(cost / WORK_PER_STEP)).is_err() || size > NODES {
                self.graph.rebuild();
                return Ok((Reason::Budget, "The search for equations ran out of steps.".to_owned()));
            }
            if !changed {
                break;
            }
        }
        self.graph.rebuild();
        Ok((Reason::Incomplete, "Rewriting does not make both sides equal.".to_owned()))
    }

    /// What nodes compute to, and what definitions stand for.
    fn evaluated(&mut self) -> Res<Vec<Step>> {
        let mut out = Vec::new();
        for id in self.graph.classes() {
            for node in self.graph.egg[id].nodes.clone() {
                let shape = self.graph.shape(&node).clone();
                if matches!(&*shape, Shape::Lam(_) | Shape::Var(_) | Shape::Pair) {
                    continue;
                }
                let Some(tree) = self.node(&node) else { continue };
                let mut names = self.graph.names(id).clone();
                for c in &node.children {
                    names.extend(self.graph.names(*c));
                }
                let scope = self.scopes.holding(self.root, &names);
                let ctx = self.scopes.ctx(scope).clone();
                let Some(t) = tree.term(&mut self.scopes.names(scope).to_vec()) else { continue };
                if !self.seen.insert((scope, t.clone())) {
                    continue;
                }
                let Ok(ty) = self.m.infer(&ctx, &t) else { continue };
                let v = self.m.eval(&ctx.env, &t);
                let mut images = vec![self.m.quote(&ctx, &v)?];
                if let Val::Neutral(n) = &*self.m.folded(&v)?
                    && let Some(unfolded) = &n.unfolded
                {
                    images.push(self.m.quote(&ctx, unfolded)?);
                }
                for image in images {
                    if !stuck(&image)
                        && let Some(image) = self.reader.read(self.m, &mut self.scopes, scope, &image, &ty)?
                        && image != tree
                    {
                        out.push((tree.clone(), image, Why::Computes));
                    }
                }
            }
        }
        Ok(out)
    }

    /// The tree of a node with the smallest trees of its children.
    fn node(&self, node: &Op) -> Option<Rc<Tree>> {
        let children = node.children.iter().map(|c| self.graph.smallest(*c).cloned()).collect::<Option<_>>()?;
        Some(Rc::new(Tree { shape: self.graph.shape(node).clone(), children }))
    }

    /// What the rules give.
    fn rewritten(&mut self, budget: &mut Budget) -> Res<Vec<Step>> {
        let mut out = Vec::new();
        let classes = self.graph.classes();
        let Saturation { m, side, goal, scopes, reader, root, graph, rules, hypotheses, premises, .. } = self;
        for rule in rules.iter() {
            for class in &classes {
                for fit in rule.fits(graph, hypotheses, *class) {
                    if budget.spend(1).is_err() {
                        return Ok(out);
                    }
                    let mut premise = |scopes: &Scopes, scope: Scope, ty: &V| -> Res<Option<Term>> {
                        let ctx = scopes.ctx(scope);
                        if !is_statement(m, ctx, ty)? {
                            return Ok(None);
                        }
                        let key = (scope, m.quote(ctx, ty)?);
                        if let Some(known) = premises.get(&key) {
                            return Ok(known.clone());
                        }
                        let found = ask(*side, goal, ctx, ty, PREMISE, budget);
                        premises.insert(key, found.clone());
                        Ok(found)
                    };
                    let mut at = Around { m, scopes, reader, root: *root };
                    out.extend(rule.instance(&mut at, graph, &fit, &mut premise)?);
                }
            }
        }
        Ok(out)
    }

    /// The path from one side to the other, at the dimension of the scope.
    ///
    /// # Errors
    /// When the evaluator stops.
    pub fn equation(&mut self, left: Id, right: Id, budget: &mut Budget) -> Res<Option<Term>> {
        let mut stack: Stack = self.scopes.names(self.root).to_vec();
        let ctx = self.scopes.ctx(self.root).clone();
        let ty = self.m.quote(&ctx, &self.ty)?;
        if self.graph.equal(left, right) {
            let Some(start) = self.tree_of(left).and_then(|t| t.term(&mut stack)) else { return Ok(None) };
            return Ok(replay(&mut self.graph, left, right, &mut stack, Chain::at(ty, start)).map(Chain::body));
        }
        let Some((l, r)) = self.forms(left, right) else { return Ok(None) };
        let (Some(a), Some(b)) = (l.term(&mut stack), r.term(&mut stack)) else { return Ok(None) };
        let rest: Term = Rc::new(Node::Path(ty.clone(), a, b));
        let Some(proof) = ask(self.side, self.goal, &ctx, &self.m.eval(&ctx.env, &rest), REST, budget) else {
            return Ok(None);
        };
        // The fact that was proved is the innermost variable from here on.
        stack.push(Name::MAX);
        let (l, r) = ((self.graph.add(&l), l), (self.graph.add(&r), r));
        let chain = (|| {
            let start = self.tree_of(left)?.term(&mut stack)?;
            let chain = Chain::at(lifted(&ty)?, start);
            let chain = replay(&mut self.graph, left, l.0, &mut stack, chain)?;
            let chain = chain.then(along(Rc::new(Node::Var(0)), l.1.term(&mut stack)?, r.1.term(&mut stack)?));
            replay(&mut self.graph, r.0, right, &mut stack, chain)
        })();
        Ok(chain.map(|c| under(rest, proof, c.body())))
    }

    /// `not (left = right)` from the same about what both sides were rewritten to.
    ///
    /// # Errors
    /// When the evaluator stops.
    pub fn refused(&mut self, left: Id, right: Id, budget: &mut Budget) -> Res<Option<Term>> {
        let mut stack: Stack = self.scopes.names(self.root).to_vec();
        let ctx = self.scopes.ctx(self.root).clone();
        let ty = self.m.quote(&ctx, &self.ty)?;
        let Some((l, r)) = self.forms(left, right) else { return Ok(None) };
        let (Some(a), Some(b)) = (l.term(&mut stack), r.term(&mut stack)) else { return Ok(None) };
        let empty = Rc::new(Node::Prim(Prim::Empty));
        let rest: Term = Rc::new(Node::Pi(Rc::new(Node::Path(ty.clone(), a, b)), empty));
        let Some(proof) = ask(self.side, self.goal, &ctx, &self.m.eval(&ctx.env, &rest), REST, budget) else {
            return Ok(None);
        };
        // The fact that was proved, and the equation that is refused.
        stack.extend([Name::MAX - 1, Name::MAX]);
        let (l, r) = (self.graph.add(&l), self.graph.add(&r));
        let chain = (|| {
            let ty = lifted(&lifted(&ty)?)?;
            let start = self.tree_of(l)?.term(&mut stack)?;
            let chain = replay(&mut self.graph, l, left, &mut stack, Chain::at(ty, start))?;
            let (a, b) = (self.tree_of(left)?.term(&mut stack)?, self.tree_of(right)?.term(&mut stack)?);
            let chain = chain.then(along(Rc::new(Node::Var(0)), a, b));
            replay(&mut self.graph, right, r, &mut stack, chain)
        })();
        let applied = |c: Chain| Rc::new(Node::App(Rc::new(Node::Var(1)), Rc::new(Node::DLam(c.body()))));
        Ok(chain.map(|c| under(rest, proof, Rc::new(Node::Lam(applied(c))))))
    }
}

impl Saturation<'_> {
    /// The very tree that was added.
    fn tree_of(&self, id: Id) -> Option<Rc<Tree>> {
        let node = self.graph.egg.id_to_node(id);
        let children = node.children.iter().map(|c| self.tree_of(*c)).collect::<Option<_>>()?;
        Some(Rc::new(Tree { shape: self.graph.shape(node).clone(), children }))
    }

    /// The comparison of real numbers that a choice goes by, where it is not decided and its numbers have their place in the goal.
    pub fn comparison(&self) -> Option<(Term, Term)> {
        let nodes = |id: Id| &self.graph.egg[id].nodes;
        let known = |id: Id| {
            nodes(id).iter().any(|n| {
                matches!(&**self.graph.shape(n), Shape::Head(h, _) if matches!(&**h, Node::Prim(Prim::True | Prim::False)))
            })
        };
        let mut stack: Stack = self.scopes.names(self.root).to_vec();
        let classes = self.graph.classes();
        let choices =
            classes.iter().flat_map(|id| nodes(*id)).filter(|n| matches!(&**self.graph.shape(n), Shape::Choice(_)));
        for condition in choices.filter_map(|n| n.children.get(2)) {
            if known(*condition) || !self.graph.names(*condition).is_empty() {
                continue;
            }
            for node in nodes(*condition) {
                if let Shape::Head(h, _) = &**self.graph.shape(node)
                    && let Node::Prim(Prim::RealLtb) = &**h
                    && let [x, y] = node.children.as_slice()
                {
                    let mut term = |id: Id| self.graph.smallest(id)?.term(&mut stack);
                    if let Some(pair) = term(*x).zip(term(*y)) {
                        return Some(pair);
                    }
                }
            }
        }
        None
    }

    /// What both sides were rewritten to: numbers in their polynomial forms, comparisons with those on both sides.
    fn forms(&self, left: Id, right: Id) -> Option<(Rc<Tree>, Rc<Tree>)> {
        let mut forms = Normaliser::new(&self.graph);
        let mut form = |id: Id| -> Option<Rc<Tree>> {
            let id = self.graph.egg.find(id);
            let compared = self.graph.egg[id].nodes.iter().find_map(|n| match &**self.graph.shape(n) {
                Shape::Head(h, args) if args.len() == 2 => match &**h {
                    Node::Prim(Prim::NatLtb) => Some((n, Sort::Nat)),
                    Node::Prim(Prim::IntLtb) => Some((n, Sort::Int)),
                    Node::Prim(Prim::RealLtb) => Some((n, Sort::Real)),
                    _ => None,
                },
                _ => None,
            });
            if let Some((node, sort)) = compared {
                let children = node.children.iter().map(|c| forms.form(*c, sort)).collect::<Option<_>>()?;
                return Some(Rc::new(Tree { shape: self.graph.shape(node).clone(), children }));
            }
            match self.m.whnf(&self.ty).ok().as_deref() {
                Some(Val::Prim(Prim::Nat)) => forms.form(id, Sort::Nat),
                Some(Val::Prim(Prim::Int)) => forms.form(id, Sort::Int),
                Some(Val::Prim(Prim::Real)) => forms.form(id, Sort::Real),
                _ => self.graph.smallest(id).cloned(),
            }
        };
        form(left).zip(form(right))
    }
}

/// Asks the engine of side conditions.
fn ask(side: &dyn Engine, goal: &Goal<'_>, ctx: &Ctx, ty: &V, steps: u64, budget: &mut Budget) -> Option<Term> {
    let mut part = budget.part(steps);
    let asked =
        Goal { machine: goal.machine, ctx: ctx.clone(), target: ty.clone(), lemmas: goal.lemmas, hints: Vec::new() };
    let outcome = side.solve(&asked, &mut part);
    // What was left of the budget was the limit.
    let _within = budget.spend(part.used);
    match outcome {
        Outcome::Candidate(t) => Some(t),
        Outcome::Refutation(..) | Outcome::GaveUp(..) => None,
    }
}

/// Whether a type can be proved: equations, negations and conjunctions, for all values of some variables.
fn is_statement(m: &Machine<'_>, ctx: &Ctx, ty: &V) -> Res<bool> {
    Ok(match &*m.whnf(ty)? {
        Val::Path(..) | Val::Prim(Prim::Empty) => true,
        Val::Sigma(a, _) => is_statement(m, ctx, a)?,
        Val::Pi(dom, cod) => {
            let (inner, x) = m.bind(ctx, dom.clone());
            is_statement(m, &inner, &m.inst(cod, x))?
        }
        _ => false,
    })
}

/// Whether a term waits for the value that it goes by: unfolding a recursion that cannot go on helps nobody.
fn stuck(t: &Term) -> bool {
    match &**t {
        Node::App(f, _) | Node::Fst(f) | Node::Snd(f) => stuck(f),
        Node::NatElim(..)
        | Node::IntElim(..)
        | Node::DataElim(..)
        | Node::EmptyElim(..)
        | Node::Coe(..)
        | Node::HCom(..) => true,
        _ => false,
    }
}

/// A term under one more variable.
fn lifted(t: &Term) -> Option<Term> {
    rename(t, 0, 0, &mut |i| i.checked_add(1), &mut Some)
}
