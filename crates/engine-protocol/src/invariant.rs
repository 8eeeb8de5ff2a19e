//! Safety of protocols: what holds at first and is kept by every action holds at the end of every run. The statement to be kept is made
//! of the invariants that the protocol gives and the property itself; each part of it after each action is one goal.

use crate::ground::library::Library;
use crate::ground::proof::{Cases, P, Proof, Scope, numbered};
use crate::ground::search::Search;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Elim, Env, Head, Machine, Neutral, Res, V, Val};
use bfv_search::shift::{head_constant, rename};
use bfv_search::{Budget, Engine, Goal, Lemma, Outcome, Reason};
use std::rc::Rc;

/// A claim that every legal run ends in a state of which something holds.
struct Claim {
    /// The parameters and hypotheses.
    ctx: Ctx,
    /// The context with the run and its legality.
    whole: Ctx,
    /// `S A init effect guard`, numbered.
    parts: [Term; 5],
    /// What holds at the end, numbered; the state has the number of the run's legality plus one.
    safe: Term,
}

/// Positions of what std.protocol declares.
struct Words {
    legal: u32,
    run: u32,
    by_invariant: u32,
}

fn words(lemmas: &[Lemma]) -> Option<Words> {
    let tagged = |tag: &str| lemmas.iter().find(|l| l.has(tag)).map(|l| l.id);
    Some(Words {
        legal: tagged(crate::LEGAL)?,
        run: tagged("protocol.run")?,
        by_invariant: tagged("protocol.by_invariant")?,
    })
}

/// One goal gets this part of all steps, as what takes longer most likely lacks an invariant, but no fewer than `OBLIGATION`.
const PART: u64 = 100;
/// Steps of one goal.
const OBLIGATION: u64 = 5_000;
/// Steps of the evaluator for each of these, at most.
const EVALUATIONS: u64 = 60;

/// An answer, or why there is none.
type Answer = Res<Result<Term, (Reason, String)>>;

fn no(reason: Reason, why: impl Into<String>) -> Answer {
    Ok(Err((reason, why.into())))
}

/// Proves a claim about a protocol by its invariants.
pub fn run(goal: &Goal<'_>, side: &dyn Engine, budget: &mut Budget) -> Res<Outcome> {
    Ok(match answer(goal, side, budget)? {
        Ok(t) => Outcome::Candidate(t),
        Err((reason, why)) => Outcome::GaveUp(reason, why),
    })
}

fn answer(goal: &Goal<'_>, side: &dyn Engine, budget: &mut Budget) -> Answer {
    let m = goal.machine;
    let (Some(words), Some(lib)) = (words(goal.lemmas), Library::find(m, goal.lemmas)) else {
        return no(Reason::OutsideFragment, "");
    };
    let Some(claim) = read(m, &goal.ctx, &goal.target, &words)? else { return no(Reason::OutsideFragment, "") };
    let depth = count(&claim.whole);
    let [state, actions, init, effect, guard] = &claim.parts;
    // The state is a variable of its own.
    let value = |t: &Term| evaluate(m, &claim.whole, t);
    let Some(state_type) = value(state) else { return no(Reason::Unsupported, "") };
    let given = given(m, goal.lemmas, guard, &state_type, &value)?;
    // What is kept, of a state with the number `depth`.
    let at = |t: &Term| Rc::new(Node::App(t.clone(), Rc::new(Node::Var(depth)))) as Term;
    let kept: Term = match &given {
        Some(i) => Rc::new(Node::Sigma(at(i), raise(&claim.safe, 1))),
        None => claim.safe.clone(),
    };
    // `fun s => kept`
    let Some(body) = rename(&kept, 0, 0, &mut |n| if n == depth { Some(0) } else { Some(n + 1) }, &mut Some) else {
        return no(Reason::Unsupported, "");
    };
    let invariant: Term = Rc::new(Node::Lam(body));
    let Some(holds) = value(&invariant) else { return no(Reason::Unsupported, "") };
    let (Some(init_value), Some(effect_value), Some(guard_value), Some(action_type)) =
        (value(init), value(effect), value(guard), value(actions))
    else {
        return no(Reason::Unsupported, "");
    };
    let evaluations = m.steps().saturating_add(budget.left.saturating_mul(crate::EVALUATIONS));
    let share = OBLIGATION.max(budget.left / PART);
    let mut open = Open { evaluations, share, ..Open::default() };
    let mut search = Search::new(m, lib, side, goal.lemmas, &claim.ctx)?;
    // Numbers of the run and of its legality are taken, so that all terms agree on numbers.
    for ty in claim.whole.types.iter().skip(claim.ctx.types.len()) {
        search.reader.variable(ty.clone());
    }
    let base = open.prove(&mut search, &m.apply(&holds, init_value), None, goal.lemmas, budget)?;
    let Val::Data(data, parameters) = &*m.whnf(&action_type)? else {
        return no(Reason::Unsupported, "The actions are no data type.");
    };
    let Some(decl) = m.globals().data(data.id) else { return no(Reason::Unsupported, "") };
    let mut branches = Vec::new();
    for (number, constructor) in (0u32..).zip(&decl.constructors) {
        let mark = search.mark();
        let mut env = Env { shift: data.shift, ..Env::default() };
        for p in parameters.iter() {
            env.terms = env.terms.push(p.clone());
        }
        let (mut levels, mut fields) = (Vec::new(), Vec::new());
        for ty in &constructor.fields {
            let ty = m.eval(&env, ty);
            let (level, x) = search.variable(&ty)?;
            env.terms = env.terms.push(x.clone());
            levels.push(level);
            fields.push(x);
        }
        let action = m.value(Val::Con(*data, number, parameters.clone(), fields.into(), [].into()));
        let (state, s) = search.variable(&state_type)?;
        let (before, _) = search.variable(&m.apply(&holds, s.clone()))?;
        let (allowed, _) = search.variable(&m.apply(&m.apply(&guard_value, action.clone()), s.clone()))?;
        let after = m.apply(&holds, m.apply(&m.apply(&effect_value, action), s));
        let short = constructor.name.rsplit('.').next().unwrap_or(&constructor.name);
        if let Some(p) = open.prove(&mut search, &after, Some(short), goal.lemmas, budget)? {
            levels.extend([state, before, allowed]);
            branches.push(levels.into_iter().rev().fold(p, |p, n| Proof::lam(n, p)));
        }
        search.undo(&mark);
    }
    let (Some(base), None) = (base, open.reason) else {
        return no(open.reason.unwrap_or(Reason::Incomplete), open.said());
    };
    let written: Option<Vec<Term>> = parameters
        .iter()
        .map(|p| Ok(numbered(&m.quote(&claim.whole, p)?, depth)))
        .collect::<Res<Vec<_>>>()?
        .into_iter()
        .collect();
    let Some(parameters) = written else { return no(Reason::Unsupported, "") };
    let step = {
        // A number that nothing else has.
        let a = u32::MAX - 1;
        let app = |f: Term, x: Term| Rc::new(Node::App(f, x)) as Term;
        let var = |n: u32| Rc::new(Node::Var(n)) as Term;
        // What is kept, of a bound state.
        let of = |state: u32, by: u32| {
            rename(&kept, 0, 0, &mut |n| Some(if n == depth { state } else { n + by }), &mut Some)
        };
        let (Some(before), Some(after)) = (of(0, 2), of(0, 5)) else { return no(Reason::Unsupported, "") };
        let next = app(app(raise(effect, 4), var(3)), var(2));
        // Under the motive's variable: `(s : S) -> I s -> guard a s -> I (effect a s)`.
        let motive = Rc::new(Node::Pi(
            raise(state, 1),
            Rc::new(Node::Pi(
                before,
                Rc::new(Node::Pi(
                    app(app(raise(guard, 3), var(2)), var(1)),
                    Rc::new(Node::Let(raise(state, 4), next, after)),
                )),
            )),
        ));
        let cases = Cases { data: *data, parameters, motive, branches, on: Proof::var(a) };
        Proof::lam(a, Rc::new(Proof::Cases(Rc::new(cases))))
    };
    let data = |t: &Term| Proof::data(t.clone());
    let args = [state, actions, init, effect, guard, &invariant].map(data).into_iter().chain([base, step]);
    let (trace, legal) = (depth - 2, depth - 1);
    let all = Proof::call(words.by_invariant, args.chain([Proof::var(trace), Proof::var(legal)]));
    let proof = if given.is_some() { Rc::new(Proof::Snd(all)) } else { all };
    let mut scope = Scope::default();
    (0..depth).for_each(|n| scope.bind(n));
    let outer = count(&goal.ctx);
    let Some(t) = scope.write(&proof) else { return no(Reason::Unsupported, "") };
    Ok(Ok((outer..depth).fold(t, |t, _| Rc::new(Node::Lam(t)))))
}

/// What is not shown so far.
#[derive(Default)]
struct Open {
    /// So many steps of the evaluator may have been taken at the end.
    evaluations: u64,
    /// Steps of each goal.
    share: u64,
    reason: Option<Reason>,
    /// After which action, and what.
    goals: Vec<(Option<String>, String)>,
}

impl Open {
    /// Proves each part of a conjunction.
    fn prove(
        &mut self,
        search: &mut Search<'_>,
        ty: &V,
        after: Option<&str>,
        lemmas: &[Lemma],
        budget: &mut Budget,
    ) -> Res<Option<P>> {
        self.part(search, ty, after, "the property", lemmas, budget)
    }

    fn part(
        &mut self,
        search: &mut Search<'_>,
        ty: &V,
        after: Option<&str>,
        name: &str,
        lemmas: &[Lemma],
        budget: &mut Budget,
    ) -> Res<Option<P>> {
        let m = search.reader.m;
        let own = named(m, ty, lemmas)?;
        let name = own.as_deref().unwrap_or(name);
        if let Val::Sigma(a, b) = &*m.whnf(ty)? {
            let rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
            let first = self.part(search, a, after, name, lemmas, budget)?;
            let second = self.part(search, &rest, after, name, lemmas, budget)?;
            return Ok(first.zip(second).map(|(a, b)| Rc::new(Proof::Pair(a, b))));
        }
        let mut own = Budget::new(self.share.min(budget.left));
        let mark = search.mark();
        // What one goal takes is caught, so that the others are tried and the one that is open is named. A part of what is left is kept.
        let left = self.evaluations.saturating_sub(m.steps());
        let share = self.share.saturating_mul(EVALUATIONS).min(left / 4);
        let found = m.within(share, || search.prove(ty, &mut own))?.unwrap_or(Err(Reason::Budget));
        search.undo(&mark);
        let _ = budget.spend(own.used.min(budget.left));
        match found {
            Ok(p) => Ok(Some(p)),
            Err(reason) => {
                self.reason.get_or_insert(reason);
                self.goals.push((after.map(str::to_owned), name.to_owned()));
                Ok(None)
            }
        }
    }

    fn said(&self) -> String {
        let mut out = Vec::new();
        for (after, what) in self.goals.iter().take(3) {
            out.push(match after {
                None => format!("It is not shown that {what} holds at first."),
                Some(action) => format!("It is not shown that `{action}` keeps {what}."),
            });
        }
        if let Some(more @ 1..) = self.goals.len().checked_sub(3) {
            out.push(format!("The same goes for {more} more."));
        }
        out.join(" ")
    }
}

fn count(ctx: &Ctx) -> u32 {
    u32::try_from(ctx.types.len()).unwrap_or(u32::MAX)
}

/// A numbered term under more binders.
fn raise(t: &Term, by: u32) -> Term {
    rename(t, 0, 0, &mut |n| Some(n + by), &mut Some).unwrap_or_else(|| t.clone())
}

/// The value of a numbered term.
fn evaluate(m: &Machine<'_>, ctx: &Ctx, t: &Term) -> Option<V> {
    let depth = count(ctx);
    let mut env = Env::default();
    for (level, ty) in (0u32..).zip(&ctx.types) {
        env.terms = env.terms.push(m.var(level, ty.clone()));
    }
    let t = rename(t, 0, 0, &mut |n| depth.checked_sub(1)?.checked_sub(n), &mut Some)?;
    Some(m.eval(&env, &t))
}

fn named(m: &Machine<'_>, ty: &V, lemmas: &[Lemma]) -> Res<Option<String>> {
    Ok(match &*m.folded(ty)? {
        Val::Neutral(Neutral { head: Head::Const(id, _), .. }) => {
            lemmas.iter().find(|l| l.id == *id).map(|l| format!("`{}`", l.name))
        }
        _ => None,
    })
}

/// Takes a claim apart; none when it is not about the runs of a protocol.
fn read(m: &Machine<'_>, ctx: &Ctx, target: &V, words: &Words) -> Res<Option<Claim>> {
    let (mut outer, mut here, mut ty) = (ctx.clone(), ctx.clone(), target.clone());
    loop {
        let w = m.whnf(&ty)?;
        let Val::Pi(dom, cod) = &*w else { return Ok(None) };
        let legal = match &*m.folded(dom)? {
            Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) if *id == words.legal => {
                let args: Vec<V> =
                    spine.iter().filter_map(|e| if let Elim::App(v) = e { Some(v.clone()) } else { None }).collect();
                Some(args)
            }
            _ => None,
        };
        let (inner, x) = m.bind(&here, dom.clone());
        ty = m.inst(cod, x);
        if let Some(args) = legal {
            let depth = count(&inner);
            let [_, _, _, _, _, trace] = &*args else { return Ok(None) };
            // The run is the variable just before.
            let Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) = &*m.whnf(trace)? else {
                return Ok(None);
            };
            if *level + 2 != depth || !spine.is_empty() {
                return Ok(None);
            }
            let mut terms = Vec::new();
            for a in args.iter().take(5) {
                let Some(t) = numbered(&m.quote(&inner, a)?, depth) else { return Ok(None) };
                terms.push(t);
            }
            let Ok(parts) = <[Term; 5]>::try_from(terms) else { return Ok(None) };
            let Some(said) = numbered(&m.quote(&inner, &ty)?, depth) else { return Ok(None) };
            let Some(safe) = at_state(&said, 0, words.run, *level, depth) else { return Ok(None) };
            return Ok(Some(Claim { ctx: outer, whole: inner, parts, safe }));
        }
        (outer, here) = (here, inner);
    }
}

/// A numbered statement about the end of a run as one about a state with a number of its own. None when it mentions the run otherwise.
fn at_state(t: &Term, under: u32, run: u32, trace: u32, state: u32) -> Option<Term> {
    let mut args = Vec::new();
    let mut f = t;
    while let Node::App(g, x) = &**f {
        args.push(x);
        f = g;
    }
    if matches!(&**f, Node::Const { id, .. } if *id == run)
        && args.len() == 5
        && args.first().is_some_and(|x| matches!(&***x, Node::Var(n) if *n == trace + under))
    {
        return Some(Rc::new(Node::Var(state + under)));
    }
    let go = |t: &Term, more: u32| at_state(t, under + more, run, trace, state);
    Some(Rc::new(match &**t {
        Node::Var(n) if *n == trace + under => return None,
        Node::Var(_)
        | Node::Univ(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => {
            return Some(t.clone());
        }
        Node::App(f, x) => Node::App(go(f, 0)?, go(x, 0)?),
        Node::Lam(b) => Node::Lam(go(b, 1)?),
        Node::Pi(a, b) => Node::Pi(go(a, 0)?, go(b, 1)?),
        Node::Sigma(a, b) => Node::Sigma(go(a, 0)?, go(b, 1)?),
        Node::Pair(a, b) => Node::Pair(go(a, 0)?, go(b, 0)?),
        Node::Fst(a) => Node::Fst(go(a, 0)?),
        Node::Snd(a) => Node::Snd(go(a, 0)?),
        // The type of a path binds a dimension, which is no variable.
        Node::Path(l, a, b) => Node::Path(go(l, 0)?, go(a, 0)?, go(b, 0)?),
        Node::BoolElim(m, a, b, c) => Node::BoolElim(go(m, 1)?, go(a, 0)?, go(b, 0)?, go(c, 0)?),
        Node::NatElim(m, a, b, c) => Node::NatElim(go(m, 1)?, go(a, 0)?, go(b, 0)?, go(c, 0)?),
        Node::Data(d, ps) => Node::Data(*d, ps.iter().map(|p| go(p, 0)).collect::<Option<_>>()?),
        Node::Con(d, c, ps, xs, rs) => Node::Con(
            *d,
            *c,
            ps.iter().map(|p| go(p, 0)).collect::<Option<_>>()?,
            xs.iter().map(|p| go(p, 0)).collect::<Option<_>>()?,
            rs.clone(),
        ),
        _ => return None,
    }))
}

/// The invariants that go with a guard: a definition with their tag that takes the same arguments and then a state, the next one after it.
fn given(
    m: &Machine<'_>,
    lemmas: &[Lemma],
    guard: &Term,
    state: &V,
    value: &dyn Fn(&Term) -> Option<V>,
) -> Res<Option<Term>> {
    let Some(from) = head_constant(guard) else { return Ok(None) };
    let mut candidates: Vec<u32> =
        lemmas.iter().filter(|l| l.has("protocol.invariant") && l.id > from).map(|l| l.id).collect();
    candidates.sort_unstable();
    for id in candidates {
        let term = at_head(guard, id);
        let (Some(ty), Some(_)) = (m.globals().const_type(id), value(&term)) else { continue };
        let mut ty = m.eval(&Env::default(), &ty);
        let mut fits = true;
        for a in arguments(guard) {
            let w = m.whnf(&ty)?;
            match (&*w, value(&a)) {
                (Val::Pi(_, cod), Some(x)) => ty = m.inst(cod, x),
                _ => fits = false,
            }
        }
        let w = m.whnf(&ty)?;
        if let (true, Val::Pi(dom, _)) = (fits, &*w)
            && m.conv_type(&Ctx::default(), dom, state).unwrap_or(false)
        {
            return Ok(Some(term));
        }
    }
    Ok(None)
}

fn arguments(t: &Term) -> Vec<Term> {
    match &**t {
        Node::App(f, x) => {
            let mut out = arguments(f);
            out.push(x.clone());
            out
        }
        _ => Vec::new(),
    }
}

fn at_head(t: &Term, id: u32) -> Term {
    match &**t {
        Node::App(f, x) => Rc::new(Node::App(at_head(f, id), x.clone())),
        _ => Rc::new(Node::Const { id, shift: 0 }),
    }
}
