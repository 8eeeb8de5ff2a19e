//! Reads claims about the runs of a protocol.

use crate::ground::proof::numbered;
use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Elim, Env, Head, Machine, Neutral, Res, V, Val};
use bfv_search::Lemma;
use bfv_search::shift::head_constant;
use std::rc::Rc;

/// A claim that every legal run ends in a state of which something holds.
pub struct Claim {
    /// The parameters and hypotheses.
    pub ctx: Ctx,
    /// The context with the run and its legality.
    pub whole: Ctx,
    /// `S A init effect guard`, numbered.
    pub parts: [Term; 5],
    /// What holds at the end, numbered; the state has the number of the run's legality plus one.
    pub safe: Term,
}

/// Positions of what std.protocol declares.
pub struct Words {
    pub legal: u32,
    pub run: u32,
    pub by_invariant: u32,
}

pub fn words(lemmas: &[Lemma]) -> Option<Words> {
    let tagged = |tag: &str| lemmas.iter().find(|l| l.has(tag)).map(|l| l.id);
    Some(Words {
        legal: tagged(crate::LEGAL)?,
        run: tagged("protocol.run")?,
        by_invariant: tagged("protocol.by_invariant")?,
    })
}

pub fn count(ctx: &Ctx) -> u32 {
    u32::try_from(ctx.types.len()).unwrap_or(u32::MAX)
}

/// Takes a claim apart; none when it is not about the runs of a protocol.
pub fn read(m: &Machine<'_>, ctx: &Ctx, target: &V, words: &Words) -> Res<Option<Claim>> {
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
pub fn given(
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
