//! Judgements drawn from a list of numbers, and what a small change makes of them.

use crate::agreement::denoted;
use crate::change;
use crate::common::*;
use crate::draw::Draw;
use crate::free::{at, close, close_dim, map_dims};
use crate::signature::*;
use bfv_format::{
    Combination, Constructor, DataDecl, Decl, Dim, Face, Hypothesis, Node, Op, Part, Prim, Product, Rational, Relation,
    Rule, Sort, Step, Term,
};
use std::cell::Cell;

/// What both checkers are asked.
#[derive(Clone, Debug)]
pub enum Judgement {
    Claim { statement: Term, evidence: Term },
    Declaration(Decl),
}

/// A judgement, and whether it stands as it was drawn: well typed, or nearly so by a small change.
pub fn draw(numbers: Vec<u16>) -> (Judgement, bool) {
    let mut g = Draw::new(numbers);
    let is_changed = g.roll(2) == 1;
    let judgement = match g.roll(20) {
        0..=14 => {
            let (statement, evidence) = claim(&mut g);
            Judgement::Claim { statement, evidence }
        }
        15 | 16 => {
            let (statement, evidence) = certificate(&mut g);
            Judgement::Claim { statement, evidence }
        }
        17 => {
            let (ty, x) = claim(&mut g);
            Judgement::Declaration(match g.roll(4) {
                0 => def(ty, x),
                1 => theorem(ty, x),
                _ => axiom("given", ty),
            })
        }
        _ => Judgement::Declaration(data_type(&mut g)),
    };
    if is_changed { (changed(judgement, &mut g), false) } else { (judgement, true) }
}

/// An equation with its proof by reflexivity, an element of a type, or a path, in a context.
fn claim(g: &mut Draw) -> (Term, Term) {
    let dims: Vec<u32> = (0..g.roll(3)).map(|n| crate::free::NAME / 2 + n).collect();
    g.dims.clone_from(&dims);
    for _ in 0..g.roll(4) {
        g.declare();
    }
    let fuel = 1 + g.roll(4);
    let (mut statement, mut evidence) = match g.roll(6) {
        0..=3 => {
            let ty = g.ty(2);
            let a = g.term(&ty, fuel);
            let b = g.variant(&ty, &a);
            (path(ty, a, b.clone()), refl(b))
        }
        4 => {
            let ty = g.ty(3);
            let x = g.term(&ty, fuel);
            (ty, x)
        }
        _ => g.path_type(fuel.min(3)),
    };
    for (name, ty) in g.vars.drain(..).rev() {
        (statement, evidence) = (pi(ty, close(&statement, name)), lam(close(&evidence, name)));
    }
    for name in dims.into_iter().rev() {
        (statement, evidence) = (line(close_dim(&statement, name)), dlam(close_dim(&evidence, name)));
    }
    g.dims.clear();
    (statement, evidence)
}

fn carrier(s: Sort) -> Term {
    prim([Prim::Nat, Prim::Int, Prim::Real][s as usize])
}

fn whole(s: Sort, n: i64) -> Op {
    Op::Lit(s, Rational { num: n.into(), den: 1u8.into() })
}

/// An arithmetic tree over three atoms.
fn tree(g: &mut Draw, s: Sort, fuel: u32) -> Vec<Op> {
    let n = if fuel == 0 { g.roll(2) } else { g.roll(6) };
    let mut two = |op: Op| [tree(g, s, fuel - 1), tree(g, s, fuel - 1), vec![op]].concat();
    match n {
        0 => vec![Op::Atom(s, g.roll(3))],
        2 | 3 => two(Op::Add),
        4 => two(Op::Mul),
        5 if s != Sort::Nat => two(Op::Sub),
        _ => vec![whole(s, i64::from(g.roll(4)))],
    }
}

/// A claim that a certificate rule shows, over three variables.
fn certificate(g: &mut Draw) -> (Term, Term) {
    let s = [Sort::Nat, Sort::Int, Sort::Real][usize::try_from(g.roll(3)).unwrap()];
    let a = tree(g, s, 2);
    let (x, y) = (vec![Op::Atom(s, 0)], vec![Op::Atom(s, 1)]);
    let sum = |parts: &[&[Op]]| parts.concat();
    let double = |a: &[Op]| sum(&[a, a, &[Op::Add]]);
    let more = |a: &[Op]| sum(&[a, &[whole(s, 1), Op::Add]]);
    let one = || Rational { num: 1.into(), den: 1u8.into() };
    let product = |hypotheses: Vec<u32>, squares| Product { coefficient: one(), hypotheses, squares };
    let combine = |terms: &[(u32, i64)]| {
        Step::Combine(Combination { terms: terms.iter().map(|(n, k)| (*n, (*k).into())).collect() })
    };
    let zero = vec![whole(s, 0)];
    let (lt, le, eq) = (Relation::Lt, Relation::Le, Relation::Eq);
    let kind = g.roll(5);
    if kind == 0 {
        let b = [tree(g, s, 1), a.clone(), vec![Op::Add]].concat();
        let turned = [a.clone(), b[..b.len() - 1 - a.len()].to_vec(), vec![Op::Add]].concat();
        return stated(s, &[], Some((&b, &turned)), |atoms, _| Rule::Ring {
            sort: s,
            atoms,
            left: b.clone(),
            right: turned.clone(),
        });
    }
    let (given, products, equalities, steps) = match (kind, s) {
        // a < a
        (1, _) => (vec![(lt, a.clone(), a)], vec![product(vec![0], vec![])], vec![], vec![combine(&[(0, 1)])]),
        (2, Sort::Real) => {
            let square = sum(&[&x, &x, &[Op::Mul]]);
            (vec![(lt, square, zero)], vec![product(vec![0], vec![]), product(vec![], vec![x])], vec![], vec![])
        }
        // x < 0, for a natural number
        (2, Sort::Nat) => (vec![(lt, x, zero)], vec![], vec![], vec![Step::NatAtom(0), combine(&[(0, 1), (1, 1)])]),
        // x = y + 1 and y = x
        (3, _) => (
            vec![(eq, x.clone(), more(&y)), (eq, y, x)],
            vec![],
            vec![(0, vec![whole(s, -1)]), (1, vec![whole(s, -1)])],
            vec![combine(&[(0, 1), (1, 1)])],
        ),
        // y + y + 1 <= x + x and x <= y
        _ => (
            vec![(le, more(&double(&y)), double(&x)), (le, x, y)],
            vec![product(vec![0], vec![]), product(vec![1], vec![]), product(vec![1], vec![])],
            vec![],
            vec![Step::Cut(0, 2u8.into()), combine(&[(1, 1), (2, 1)])],
        ),
    };
    stated(s, &given, None, |atoms, hypotheses| {
        if s == Sort::Real {
            Rule::Psatz { atoms, hypotheses, products: products.clone(), equalities: equalities.clone() }
        } else {
            Rule::Lia { sort: s, atoms, hypotheses, steps: steps.clone() }
        }
    })
}

/// The claim over three atoms that hypotheses contradict each other, or an equation, shown by a rule.
fn stated(
    s: Sort,
    given: &[(Relation, Vec<Op>, Vec<Op>)],
    equation: Option<(&[Op], &[Op])>,
    rule: impl Fn(Vec<(Sort, Term)>, Vec<Hypothesis>) -> Rule,
) -> (Term, Term) {
    let n = u32::try_from(given.len()).unwrap();
    let term = |tree: &[Op], depth: u32| denoted(tree, &|a| Some(v((2 + depth).checked_sub(a)?))).unwrap().1;
    let less = |a: Term, b: Term| {
        path(boolean(), op([Prim::NatLtb, Prim::IntLtb, Prim::RealLtb][s as usize], &[a, b]), prim(Prim::True))
    };
    let mut statement = equation.map_or(empty(), |(a, b)| path(carrier(s), term(a, n), term(b, n)));
    let mut hypotheses = Vec::new();
    for (k, (relation, left, right)) in (0..n).zip(given).rev() {
        let (a, b) = (term(left, k), term(right, k));
        let ty = match relation {
            Relation::Lt => less(a, b),
            Relation::Le => pi(less(b, a), empty()),
            Relation::Eq => path(carrier(s), a, b),
        };
        statement = pi(ty, statement);
        let proof = v(n - 1 - k);
        hypotheses.insert(0, Hypothesis { relation: *relation, left: left.clone(), right: right.clone(), proof });
    }
    let atoms = (0..3).map(|a| (s, v(2 + n - a))).collect();
    let evidence = (0..n).fold(t(Node::Rule(Box::new(rule(atoms, hypotheses)))), |x, _| lam(x));
    let three = |x: Term, f: &dyn Fn(Term) -> Term| f(f(f(x)));
    (three(statement, &|x| pi(carrier(s), x)), three(evidence, &lam))
}

/// A data type: point constructors, then path constructors between them and between recursive fields.
fn data_type(g: &mut Draw) -> Decl {
    let (params, me) = (g.roll(3), next());
    let level = g.roll(2);
    let own_at = |depth: u32| data_at(me, (0..params).map(|n| v(params + depth - 1 - n)).collect());
    let fields = |g: &mut Draw, most: u32| -> Vec<Term> {
        (0..g.roll(most))
            .map(|n| match g.roll(8) {
                1 if params > 0 => v(n + g.roll(params)),
                2 | 3 => own_at(n),
                4 => pi(nat(), own_at(n + 1)),
                5 if params > 0 => data_at(LIST, vec![v(n)]),
                6 if level > 0 => u(0),
                7 => sigma(nat(), path(nat(), v(0), num(0))),
                _ => nat(),
            })
            .collect()
    };
    let mut constructors: Vec<Constructor> = (0..1 + g.roll(2)).map(|_| point(fields(g, 3))).collect();
    for _ in 0..g.roll(3) {
        let given = fields(g, 4);
        let n = u32::try_from(given.len()).unwrap();
        let places = (0u32..).zip(&given);
        let mut ends: Vec<Term> = places
            .filter_map(|(k, field)| match &**field {
                Node::Data(r, _) if r.id == me => Some(v(n - 1 - k)),
                Node::Pi(..) => Some(app(v(n - 1 - k), num(1))),
                _ => None,
            })
            .collect();
        let parameters: Vec<Term> = (0..params).map(|k| v(params + n - 1 - k)).collect();
        for (number, c) in (0u32..).zip(constructors.iter().filter(|c| c.dims == 0)) {
            let filled: Option<Vec<Term>> = c
                .fields
                .iter()
                .map(|field| match &**field {
                    Node::Data(r, _) if r.id == me => ends.first().cloned(),
                    Node::Prim(Prim::Nat) => Some(num(2)),
                    _ => None,
                })
                .collect();
            ends.extend(filled.map(|xs| con(me, number, parameters.clone(), xs)));
        }
        if ends.is_empty() {
            continue;
        }
        let mut end = || ends[usize::try_from(g.roll(u32::try_from(ends.len()).unwrap())).unwrap()].clone();
        let (dims, boundary) = match (end(), end()) {
            (a, b) if a == b => (2, [I0, I1].iter().flat_map(|r| (0..2).map(|i| part(d(i), *r, a.clone()))).collect()),
            (a, b) => (1, vec![part(d(0), I0, a), part(d(0), I1, b)]),
        };
        constructors.push(path_con(given, dims, boundary));
    }
    path_data((0..params).map(|_| u(level)).collect(), level, constructors)
}

/// The judgement with one small change.
fn changed(j: Judgement, g: &mut Draw) -> Judgement {
    match j {
        Judgement::Claim { statement, evidence } if g.roll(3) == 0 => {
            Judgement::Claim { statement: changed_term(&statement, g), evidence }
        }
        Judgement::Claim { statement, evidence } => {
            Judgement::Claim { statement, evidence: changed_term(&evidence, g) }
        }
        Judgement::Declaration(mut decl) => {
            if g.roll(4) == 3 {
                let all = change::declaration(&decl);
                let n = g.roll(u32::try_from(all.len()).unwrap());
                return Judgement::Declaration(all[usize::try_from(n).unwrap()].1.clone());
            }
            match &mut decl {
                Decl::Data(d) if g.roll(3) == 2 => changed_boundary(d, g),
                Decl::Data(d) => {
                    let fields = d
                        .constructors
                        .iter_mut()
                        .flat_map(|c| c.fields.iter_mut().chain(c.boundary.iter_mut().map(|p| &mut p.body)));
                    let mut terms: Vec<&mut Term> = d.params.iter_mut().chain(fields).collect();
                    if !terms.is_empty() {
                        let n = usize::try_from(g.roll(u32::try_from(terms.len()).unwrap())).unwrap();
                        *terms[n] = changed_term(terms[n], g);
                    }
                }
                Decl::Def { ty, body: x, .. } | Decl::Theorem { ty, proof: x, .. } => {
                    let place = if g.roll(2) == 0 { ty } else { x };
                    *place = changed_term(place, g);
                }
                Decl::Axiom { ty, .. } => *ty = changed_term(ty, g),
            }
            Judgement::Declaration(decl)
        }
    }
}

/// A face of a boundary that is not there, stands elsewhere, or says something else.
fn changed_boundary(d: &mut DataDecl, g: &mut Draw) {
    let Some(c) = d.constructors.iter_mut().rfind(|c| c.dims > 0) else {
        d.level += 1;
        return;
    };
    match g.roll(5) {
        0 => drop(c.boundary.pop()),
        1 => c.boundary[0].cof = vec![(I0, crate::common::d(0))],
        2 => c.boundary[0].cof = vec![(crate::common::d(0), crate::common::d(1))],
        3 => c.dims += 1,
        _ => {
            let last = c.boundary.len() - 1;
            let other = c.boundary[0].cof.clone();
            c.boundary[last].cof = other;
        }
    }
}

/// The term with one of its nodes changed a little.
fn changed_term(t: &Term, g: &mut Draw) -> Term {
    let mut all = Vec::new();
    change::places(t, &mut Vec::new(), &mut all);
    let node_at = |place: &[usize]| place.iter().fold(t.clone(), |t, n| change::children(&t)[*n].clone());
    // Most of what a certificate says is in one node.
    let rule = all.iter().find(|place| matches!(&*node_at(place), Node::Rule(_))).cloned();
    for _ in 0..20 {
        let mut place = &all[usize::try_from(g.roll(u32::try_from(all.len()).unwrap())).unwrap()];
        if let Some(rule) = &rule
            && g.roll(4) != 3
        {
            place = rule;
        }
        let node = node_at(place);
        let mut changes: Vec<Node> = change::node(&node, next()).into_iter().map(|(_, n)| n).collect();
        if changes.is_empty() || g.roll(2) == 1 {
            changes = twisted(&node, g);
        }
        if !changes.is_empty() {
            let n = usize::try_from(g.roll(u32::try_from(changes.len()).unwrap())).unwrap();
            return change::replace(t, place, &changes[n]);
        }
    }
    t.clone()
}

/// More changes of a node: its interval terms, its faces, and what no change of a stored proof tries.
fn twisted(node: &Node, g: &mut Draw) -> Vec<Node> {
    let mut out = Vec::new();
    let here = || t(node.clone());
    let dims = Cell::new(0);
    map_dims(node, &|r| {
        dims.set(dims.get() + 1);
        r
    });
    if dims.get() > 0 {
        let (chosen, seen) = (g.roll(dims.get()), Cell::new(0));
        let new = [I0, I1, d(0), d(1), d(40)][usize::try_from(g.roll(5)).unwrap()];
        out.push(map_dims(node, &|r| {
            seen.set(seen.get() + 1);
            if seen.get() == chosen + 1 { new } else { r }
        }));
    }
    match node {
        Node::Var(k) => out.push(Node::Var(k + 60)),
        Node::Const { .. } => out.push(Node::Const { id: 90, shift: 0 }),
        Node::RealLit(q) => out.push(Node::RealLit(Rational { num: &q.num * 2, den: &q.den * 2u8 })),
        // What a definition gave a type stands by itself.
        Node::Let(_, x, _) => out.push((**x).clone()),
        Node::Con(k, n, ps, fs, rs) => {
            out.push(Node::Con(*k, *n, ps.clone(), fs.iter().skip(1).cloned().collect(), rs.clone()));
            out.push(Node::Con(*k, *n, ps.clone(), fs.clone(), [rs.as_slice(), &[I0]].concat()));
        }
        Node::HCom(r, s, a, faces, b) if !faces.is_empty() => {
            let with = |faces: Vec<Face>, b: &Term| Node::HCom(*r, *s, a.clone(), faces, b.clone());
            let more = [faces.as_slice(), &[Face { cof: faces[0].cof.clone(), body: b.clone() }]].concat();
            out.push(with(more, b));
            // Another side where no other face forbids it.
            let other = Face { cof: vec![(g_dim(g), g_dim(g))], body: b.clone() };
            out.push(with([faces.as_slice(), &[other]].concat(), b));
            out.push(with(faces.clone(), &at(b, 0, I0)));
        }
        Node::Glue(a, faces) if !faces.is_empty() => {
            let mut other = faces[0].clone();
            other.equiv = if other.equiv == c(NOT) { app(c(SAME), boolean()) } else { c(NOT) };
            out.push(Node::Glue(a.clone(), [faces.as_slice(), &[other]].concat()));
        }
        Node::GlueEl(a, parts) if !parts.is_empty() => {
            let body = if parts[0].body == prim(Prim::True) { prim(Prim::False) } else { prim(Prim::True) };
            let part = Part { cof: parts[0].cof.clone(), body };
            out.push(Node::GlueEl(a.clone(), [&[part], &parts[1..]].concat()));
        }
        Node::DataElim(k, ps, m, bs, x) if bs.len() > 1 => {
            let mut bs = bs.clone();
            bs[0] = con_at(k.id, 1, ps.clone(), vec![], vec![I0]);
            out.push(Node::DataElim(*k, ps.clone(), m.clone(), bs, x.clone()));
        }
        Node::Rule(r) => {
            if let Rule::Lia { sort, atoms, hypotheses, steps } = &**r {
                let mut steps = steps.clone();
                steps.iter_mut().for_each(|s| {
                    if let Step::Cut(_, by) = s {
                        *by += 1u8
                    }
                });
                let r = Rule::Lia { sort: *sort, atoms: atoms.clone(), hypotheses: hypotheses.clone(), steps };
                out.push(Node::Rule(Box::new(r)));
            }
        }
        _ => {}
    }
    out.push(match g.roll(5) {
        0 => Node::Prim(Prim::Star),
        1 => Node::App(here(), here()),
        2 => Node::Fst(here()),
        3 => Node::LApp(here(), I0),
        _ => Node::PApp(here(), here(), here(), I0),
    });
    out
}

fn g_dim(g: &mut Draw) -> Dim {
    [d(0), d(1), I0, I1][usize::try_from(g.roll(4)).unwrap()]
}
