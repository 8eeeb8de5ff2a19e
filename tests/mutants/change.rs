//! Changes of one place of a stored proof: what can be done to a node, a rule, a declaration, and to the parts around them.

use bfv_format::{
    Decl, Dim, Face, GlueFace, Hypothesis, Node, Op, Outcome, Part, Prim, Rational, Relation, Rule, Sort, Step, Stored,
    Term,
};
use std::rc::Rc;

/// A kind of change, and what it makes of the place.
pub type Changed<T> = Vec<(&'static str, T)>;

/// Rebuilds a node from its direct subterms; they are numbered in the order in which they are written.
pub fn map(node: &Node, f: &mut dyn FnMut(usize, &Term) -> Term) -> Node {
    let mut n = 0;
    let mut go = |t: &Term| {
        n += 1;
        f(n - 1, t)
    };
    match node {
        Node::Var(_)
        | Node::Univ(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_) => node.clone(),
        Node::Pi(a, b) => Node::Pi(go(a), go(b)),
        Node::Lam(a) => Node::Lam(go(a)),
        Node::App(a, b) => Node::App(go(a), go(b)),
        Node::Let(a, b, c) => Node::Let(go(a), go(b), go(c)),
        Node::Sigma(a, b) => Node::Sigma(go(a), go(b)),
        Node::Pair(a, b) => Node::Pair(go(a), go(b)),
        Node::Fst(a) => Node::Fst(go(a)),
        Node::Snd(a) => Node::Snd(go(a)),
        Node::Line(a) => Node::Line(go(a)),
        Node::Path(a, b, c) => Node::Path(go(a), go(b), go(c)),
        Node::DLam(a) => Node::DLam(go(a)),
        Node::LApp(a, r) => Node::LApp(go(a), *r),
        Node::PApp(a, b, c, r) => Node::PApp(go(a), go(b), go(c), *r),
        Node::Coe(r, s, a, b) => Node::Coe(*r, *s, go(a), go(b)),
        Node::HCom(r, s, a, faces, b) => {
            let a = go(a);
            let faces = faces.iter().map(|f| Face { cof: f.cof.clone(), body: go(&f.body) }).collect();
            Node::HCom(*r, *s, a, faces, go(b))
        }
        Node::EmptyElim(a, b) => Node::EmptyElim(go(a), go(b)),
        Node::BoolElim(a, b, c, d) => Node::BoolElim(go(a), go(b), go(c), go(d)),
        Node::NatElim(a, b, c, d) => Node::NatElim(go(a), go(b), go(c), go(d)),
        Node::IntElim(a, b, c, d) => Node::IntElim(go(a), go(b), go(c), go(d)),
        Node::Data(d, ps) => Node::Data(*d, ps.iter().map(go).collect()),
        Node::Con(d, c, ps, fs, rs) => {
            let ps = ps.iter().map(&mut go).collect();
            Node::Con(*d, *c, ps, fs.iter().map(go).collect(), rs.clone())
        }
        Node::Glue(a, faces) => Node::Glue(go(a), glue_faces(faces, &mut go)),
        Node::GlueEl(a, parts) => {
            let a = go(a);
            Node::GlueEl(a, parts.iter().map(|p| Part { cof: p.cof.clone(), body: go(&p.body) }).collect())
        }
        Node::Unglue(a, faces, g) => {
            let a = go(a);
            let faces = glue_faces(faces, &mut go);
            Node::Unglue(a, faces, go(g))
        }
        Node::DataElim(d, ps, m, bs, x) => {
            let ps = ps.iter().map(&mut go).collect();
            let m = go(m);
            Node::DataElim(*d, ps, m, bs.iter().map(&mut go).collect(), go(x))
        }
        Node::Rule(r) => {
            let mut r = r.clone();
            let (atoms, hypotheses): (&mut Vec<(Sort, Term)>, Option<&mut Vec<Hypothesis>>) = match &mut *r {
                Rule::Ring { atoms, .. } => (atoms, None),
                Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => {
                    (atoms, Some(hypotheses))
                }
            };
            atoms.iter_mut().for_each(|(_, t)| *t = go(t));
            hypotheses.into_iter().flatten().for_each(|h| h.proof = go(&h.proof));
            Node::Rule(r)
        }
    }
}

fn glue_faces(faces: &[GlueFace], go: &mut dyn FnMut(&Term) -> Term) -> Vec<GlueFace> {
    faces.iter().map(|f| GlueFace { cof: f.cof.clone(), ty: go(&f.ty), equiv: go(&f.equiv) }).collect()
}

/// The direct subterms of a node.
pub fn children(node: &Node) -> Vec<Term> {
    let mut out = Vec::new();
    map(node, &mut |_, t| {
        out.push(t.clone());
        t.clone()
    });
    out
}

/// The term with the node at a place replaced.
pub fn replace(t: &Term, place: &[usize], new: &Node) -> Term {
    Rc::new(match place.split_first() {
        None => new.clone(),
        Some((here, rest)) => map(t, &mut |n, x| if n == *here { replace(x, rest, new) } else { x.clone() }),
    })
}

/// The places of a term, as paths of child numbers. A test that tries every change chooses places otherwise.
#[allow(dead_code)]
pub fn places(t: &Node, here: &mut Vec<usize>, out: &mut Vec<Vec<usize>>) {
    out.push(here.clone());
    for (n, c) in children(t).iter().enumerate() {
        here.push(n);
        places(c, here, out);
        here.pop();
    }
}

/// The term with one of its nodes changed a little. `roll` gives a number below another.
#[allow(dead_code)]
pub fn somewhere(t: &Term, known: u32, mut roll: impl FnMut(u32) -> u32) -> Term {
    let mut all = Vec::new();
    places(t, &mut Vec::new(), &mut all);
    let mut one_of = |n: usize| usize::try_from(roll(u32::try_from(n).unwrap())).unwrap();
    for _ in 0..20 {
        let place = &all[one_of(all.len())];
        let at = place.iter().fold(t.clone(), |t, n| children(&t)[*n].clone());
        let changes = node(&at, known);
        if !changes.is_empty() {
            return replace(t, place, &changes[one_of(changes.len())].1);
        }
    }
    t.clone()
}

fn one() -> Rational {
    Rational { num: 1.into(), den: 1u8.into() }
}

fn negated(q: &Rational) -> Rational {
    Rational { num: -q.num.clone(), den: q.den.clone() }
}

fn raised(q: &Rational) -> Rational {
    let den = Rational { num: q.den.clone().into(), den: 1u8.into() };
    Rational { num: &q.num + &den.num, den: q.den.clone() }
}

/// Another constant of the same type where there is one.
fn other(p: Prim) -> Prim {
    const KINDS: [&[Prim]; 9] = [
        &[Prim::Empty, Prim::Unit, Prim::Bool, Prim::Nat, Prim::Int, Prim::Real],
        &[Prim::True, Prim::False],
        &[Prim::NatAdd, Prim::NatMul, Prim::NatSub],
        &[Prim::IntAdd, Prim::IntSub, Prim::IntMul],
        &[Prim::RealAdd, Prim::RealSub, Prim::RealMul],
        &[Prim::IntPos, Prim::IntNegSuc],
        &[Prim::NatLtb, Prim::IntLtb, Prim::RealLtb],
        &[Prim::RealOfNat, Prim::RealOfInt],
        &[Prim::Star, Prim::Suc, Prim::RealInv, Prim::RealFloor],
    ];
    let kind = KINDS.iter().find(|k| k.contains(&p)).unwrap();
    let at = kind.iter().position(|q| *q == p).unwrap();
    kind[(at + 1) % kind.len()]
}

fn turned(r: Dim) -> Dim {
    match r {
        Dim::Zero => Dim::One,
        Dim::One | Dim::Var(_) => Dim::Zero,
    }
}

fn swapped(ts: &[Term]) -> Option<Vec<Term>> {
    let mut out = ts.to_vec();
    let n = out.windows(2).position(|w| w[0] != w[1])?;
    out.swap(n, n + 1);
    Some(out)
}

/// Everything that is tried at a node. `known` is the number of declarations that it may refer to.
pub fn node(node: &Node, known: u32) -> Changed<Node> {
    let mut out: Changed<Node> = Vec::new();
    let mut put = |kind, n| out.push((kind, n));
    match node {
        Node::Var(k) => {
            put("changed variable", Node::Var(k + 1));
            k.checked_sub(1).into_iter().for_each(|k| put("changed variable", Node::Var(k)));
        }
        Node::Univ(n) => {
            put("changed universe", Node::Univ(n + 1));
            n.checked_sub(1).into_iter().for_each(|n| put("changed universe", Node::Univ(n)));
        }
        Node::Const { id, shift } => {
            for id in [id.wrapping_sub(1), id + 1].into_iter().filter(|id| *id < known) {
                put("changed constant", Node::Const { id, shift: *shift });
            }
            put("changed displacement", Node::Const { id: *id, shift: shift + 1 });
        }
        Node::Prim(p) => put("changed constant of the theory", Node::Prim(other(*p))),
        Node::NatLit(n) => put("changed literal", Node::NatLit(n + 1u8)),
        Node::IntLit(n) => {
            put("changed literal", Node::IntLit(n + 1));
            put("negated literal", Node::IntLit(-n));
        }
        Node::RealLit(q) => {
            put("changed literal", Node::RealLit(raised(q)));
            put("negated literal", Node::RealLit(negated(q)));
        }
        Node::Pi(a, b) => {
            put("function type made a pair type", Node::Sigma(a.clone(), b.clone()));
            // The hypothesis goes; what stood for it now stands for the next thing outside.
            put("dropped hypothesis", (**b).clone());
            put("dropped conclusion", (**a).clone());
        }
        Node::Sigma(a, b) => put("pair type made a function type", Node::Pi(a.clone(), b.clone())),
        Node::Lam(b) => put("dropped abstraction", (**b).clone()),
        Node::App(f, a) => {
            if let Node::App(g, b) = &**f {
                put("swapped arguments", Node::App(Rc::new(Node::App(g.clone(), a.clone())), b.clone()));
            }
            put("dropped argument", (**f).clone());
            put("argument in place of the application", (**a).clone());
        }
        Node::Let(a, v, b) => put("changed definition", Node::Let(a.clone(), b.clone(), v.clone())),
        Node::Pair(a, b) => put("swapped parts", Node::Pair(b.clone(), a.clone())),
        Node::Fst(p) => put("other projection", Node::Snd(p.clone())),
        Node::Snd(p) => put("other projection", Node::Fst(p.clone())),
        Node::Line(a) => put("line made its type", (**a).clone()),
        Node::Path(a, l, r) => {
            put("swapped ends", Node::Path(a.clone(), r.clone(), l.clone()));
            put("both ends the same", Node::Path(a.clone(), l.clone(), l.clone()));
        }
        Node::DLam(a) => put("dropped dimension", (**a).clone()),
        Node::LApp(p, r) => put("changed end", Node::LApp(p.clone(), turned(*r))),
        Node::PApp(p, l, r, i) => {
            put("changed end", Node::PApp(p.clone(), l.clone(), r.clone(), turned(*i)));
            put("swapped ends", Node::PApp(p.clone(), r.clone(), l.clone(), *i));
        }
        Node::Coe(r, s, a, x) => {
            put("turned coercion", Node::Coe(*s, *r, a.clone(), x.clone()));
            put("dropped coercion", (**x).clone());
        }
        Node::HCom(r, s, a, faces, b) => {
            put("turned composition", Node::HCom(*s, *r, a.clone(), faces.clone(), b.clone()));
            put("dropped side", Node::HCom(*r, *s, a.clone(), faces.iter().skip(1).cloned().collect(), b.clone()));
            put("dropped composition", (**b).clone());
        }
        Node::EmptyElim(m, x) => put("swapped motive", Node::EmptyElim(x.clone(), m.clone())),
        Node::BoolElim(m, a, b, x) => {
            put("swapped branches", Node::BoolElim(m.clone(), b.clone(), a.clone(), x.clone()));
        }
        Node::NatElim(m, a, b, x) => put("swapped branches", Node::NatElim(m.clone(), b.clone(), a.clone(), x.clone())),
        Node::IntElim(m, a, b, x) => put("swapped branches", Node::IntElim(m.clone(), b.clone(), a.clone(), x.clone())),
        Node::Data(d, ps) => {
            put("dropped argument", Node::Data(*d, ps.iter().skip(1).cloned().collect()));
        }
        Node::Con(d, c, ps, fs, rs) => {
            let with = |c: u32, fs: Vec<Term>| Node::Con(*d, c, ps.clone(), fs, rs.clone());
            put("other constructor", with(c + 1, fs.clone()));
            c.checked_sub(1).into_iter().for_each(|c| put("other constructor", with(c, fs.clone())));
            swapped(fs).into_iter().for_each(|fs| put("swapped arguments", with(*c, fs)));
        }
        Node::Glue(a, faces) => put("dropped face", Node::Glue(a.clone(), faces.iter().skip(1).cloned().collect())),
        Node::GlueEl(a, parts) => {
            put("dropped part", Node::GlueEl(a.clone(), parts.iter().skip(1).cloned().collect()));
            put("dropped glue", (**a).clone());
        }
        Node::Unglue(_, _, g) => put("dropped unglue", (**g).clone()),
        Node::DataElim(d, ps, m, bs, x) => {
            let with = |bs| Node::DataElim(*d, ps.clone(), m.clone(), bs, x.clone());
            swapped(bs).into_iter().for_each(|bs| put("swapped branches", with(bs)));
            put("dropped branch", with(bs.iter().skip(1).cloned().collect()));
        }
        Node::Rule(r) => rule(r).into_iter().for_each(|(kind, r)| put(kind, Node::Rule(Box::new(r)))),
    }
    out.retain(|(_, n)| n != node);
    out
}

/// Changes of an arithmetic tree: operations, atoms, literals.
fn arith(tree: &[Op]) -> Changed<Vec<Op>> {
    let mut out = Vec::new();
    for (n, op) in tree.iter().enumerate() {
        let new = match op {
            Op::Atom(s, k) => ("changed atom", Op::Atom(*s, if *k == 0 { 1 } else { k - 1 })),
            Op::Lit(s, q) => ("changed literal of a rule", Op::Lit(*s, raised(q))),
            Op::Add => ("changed operation of a rule", Op::Mul),
            Op::Sub | Op::Mul => ("changed operation of a rule", Op::Add),
            Op::NatToInt => ("changed embedding of a rule", Op::NatToReal),
            Op::NatToReal | Op::IntToReal => ("changed embedding of a rule", Op::NatToInt),
        };
        let mut tree = tree.to_vec();
        tree[n] = new.1;
        out.push((new.0, tree));
    }
    out
}

/// Changes of the hypotheses of a refuting rule.
fn hypotheses(hs: &[Hypothesis]) -> Changed<Vec<Hypothesis>> {
    let mut out = Vec::new();
    for (n, h) in hs.iter().enumerate() {
        let with = |change: &dyn Fn(&mut Hypothesis)| {
            let mut hs = hs.to_vec();
            change(&mut hs[n]);
            hs
        };
        match h.relation {
            Relation::Lt => out.push(("dropped strictness", with(&|h| h.relation = Relation::Le))),
            Relation::Le => out.push(("added strictness", with(&|h| h.relation = Relation::Lt))),
            Relation::Eq => out.push(("equation made an inequality", with(&|h| h.relation = Relation::Le))),
        }
        out.push(("swapped sides of a hypothesis", with(&|h| std::mem::swap(&mut h.left, &mut h.right))));
        out.extend(arith(&h.left).into_iter().map(|(kind, tree)| (kind, with(&|h| h.left = tree.clone()))));
        let next = hs[(n + 1) % hs.len()].proof.clone();
        out.push(("proof of another hypothesis", with(&|h| h.proof = next.clone())));
        let mut fewer = hs.to_vec();
        fewer.remove(n);
        out.push(("dropped hypothesis of a rule", fewer));
    }
    out
}

fn rule(r: &Rule) -> Changed<Rule> {
    let mut out = Vec::new();
    let mut put = |kind, r| out.push((kind, r));
    match r {
        Rule::Ring { sort, atoms, left, right } => {
            let with = |left: Vec<Op>, right| Rule::Ring { sort: *sort, atoms: atoms.clone(), left, right };
            put("swapped sides of a rule", with(right.clone(), left.clone()));
            arith(left).into_iter().for_each(|(kind, tree)| put(kind, with(tree, right.clone())));
        }
        Rule::Psatz { atoms, hypotheses: hs, products, equalities } => {
            let with =
                |hs, products, equalities| Rule::Psatz { atoms: atoms.clone(), hypotheses: hs, products, equalities };
            for (kind, hs) in hypotheses(hs) {
                put(kind, with(hs, products.clone(), equalities.clone()));
            }
            for n in 0..products.len() {
                let mut change = |kind, f: &dyn Fn(&mut bfv_format::Product)| {
                    let mut products = products.clone();
                    f(&mut products[n]);
                    put(kind, with(hs.clone(), products, equalities.clone()));
                };
                change("negated multiplier", &|p| p.coefficient = negated(&p.coefficient));
                change("changed multiplier", &|p| p.coefficient = raised(&p.coefficient));
                change("changed fact of a product", &|p| p.hypotheses.iter_mut().for_each(|h| *h ^= 1));
                change("dropped fact of a product", &|p| p.hypotheses.truncate(p.hypotheses.len().saturating_sub(1)));
                change("dropped square", &|p| p.squares.truncate(p.squares.len().saturating_sub(1)));
                let mut fewer = products.clone();
                fewer.remove(n);
                put("dropped product", with(hs.clone(), fewer, equalities.clone()));
            }
            for (n, (_, tree)) in equalities.iter().enumerate() {
                let mut more = equalities.clone();
                more[n].1 = [tree.clone(), vec![Op::Lit(Sort::Real, one()), Op::Add]].concat();
                put("changed multiplier", with(hs.clone(), products.clone(), more));
                let mut turned = equalities.clone();
                turned[n].1 = [tree.clone(), vec![Op::Lit(Sort::Real, negated(&one())), Op::Mul]].concat();
                put("negated multiplier", with(hs.clone(), products.clone(), turned));
                let mut fewer = equalities.clone();
                fewer.remove(n);
                put("dropped equation", with(hs.clone(), products.clone(), fewer));
            }
        }
        Rule::Lia { sort, atoms, hypotheses: hs, steps } => {
            let with = |hs, steps| Rule::Lia { sort: *sort, atoms: atoms.clone(), hypotheses: hs, steps };
            hypotheses(hs).into_iter().for_each(|(kind, hs)| put(kind, with(hs, steps.clone())));
            for (n, s) in steps.iter().enumerate() {
                let mut change = |kind, s: Step| {
                    let mut steps = steps.clone();
                    steps[n] = s;
                    put(kind, with(hs.clone(), steps));
                };
                match s {
                    Step::Combine(c) => {
                        for k in 0..c.terms.len() {
                            let mut turned = c.clone();
                            turned.terms[k].1 = -turned.terms[k].1.clone();
                            // An equation that is false in itself is false turned around, too.
                            let alone = c.terms.len() == 1;
                            let kind = if alone { "negated only multiplier" } else { "negated multiplier" };
                            change(kind, Step::Combine(turned));
                            let mut more = c.clone();
                            more.terms[k].1 += 1;
                            change("changed multiplier", Step::Combine(more));
                            let mut moved = c.clone();
                            moved.terms[k].0 ^= 1;
                            change("changed fact of a step", Step::Combine(moved));
                        }
                    }
                    Step::Cut(fact, by) => {
                        change("changed cut", Step::Cut(*fact, by + 1u8));
                        change("changed fact of a step", Step::Cut(fact ^ 1, by.clone()));
                    }
                    Step::NatAtom(k) => change("changed atom", Step::NatAtom(k ^ 1)),
                }
                let mut fewer = steps.clone();
                fewer.remove(n);
                put("dropped step", with(hs.clone(), fewer));
            }
        }
    }
    out
}

/// Changes of a declaration that are not changes of one of its terms.
pub fn declaration(decl: &Decl) -> Changed<Decl> {
    let star = || Rc::new(Node::Prim(Prim::Star));
    let renamed = |name: &str| format!("{name}_other");
    let mut out = match decl {
        Decl::Def { name, ty, body } => {
            let (ty, body) = (ty.clone(), body.clone());
            vec![
                ("changed name", Decl::Def { name: renamed(name), ty: ty.clone(), body: body.clone() }),
                ("definition made opaque", Decl::Theorem { name: name.clone(), ty: ty.clone(), proof: body }),
                ("definition made an axiom", Decl::Axiom { name: name.clone(), bundle: "real".into(), ty }),
            ]
        }
        Decl::Theorem { name, ty, proof } => {
            let (ty, proof) = (ty.clone(), proof.clone());
            vec![
                ("changed name", Decl::Theorem { name: renamed(name), ty: ty.clone(), proof: proof.clone() }),
                ("theorem without its proof", Decl::Theorem { name: name.clone(), ty: ty.clone(), proof: star() }),
                ("theorem made transparent", Decl::Def { name: name.clone(), ty: ty.clone(), body: proof }),
                ("theorem made an axiom", Decl::Axiom { name: name.clone(), bundle: "real".into(), ty }),
            ]
        }
        Decl::Axiom { name, bundle, ty } => {
            let (ty, bundle) = (ty.clone(), bundle.clone());
            vec![
                ("changed name", Decl::Axiom { name: renamed(name), bundle, ty: ty.clone() }),
                ("changed bundle", Decl::Axiom { name: name.clone(), bundle: "other".into(), ty: ty.clone() }),
                ("axiom made a theorem", Decl::Theorem { name: name.clone(), ty, proof: star() }),
            ]
        }
        Decl::Data(d) => {
            let with = |f: &dyn Fn(&mut bfv_format::DataDecl)| {
                let mut d = d.clone();
                f(&mut d);
                Decl::Data(d)
            };
            vec![
                ("changed name", with(&|d| d.name = renamed(&d.name))),
                ("changed level of data", with(&|d| d.level += 1)),
                ("dropped constructor", with(&|d| drop(d.constructors.pop()))),
                ("swapped constructors", with(&|d| d.constructors.reverse())),
                ("dropped field", with(&|d| d.constructors.iter_mut().for_each(|c| drop(c.fields.pop())))),
            ]
        }
    };
    out.retain(|(_, d)| d != decl);
    out
}

/// Changes around the terms: verdict, names, witness, engine.
pub fn frame(s: &Stored) -> Changed<Stored> {
    let with = |f: &dyn Fn(&mut Stored)| {
        let mut s = s.clone();
        f(&mut s);
        s
    };
    vec![
        (
            "other verdict",
            with(&|s| s.verdict = if s.verdict == Outcome::Proved { Outcome::Refuted } else { Outcome::Proved }),
        ),
        ("changed name of the claim", with(&|s| s.claim += "_other")),
        ("other witness", with(&|s| s.witness.push(("x".into(), "1".into())))),
        ("other engine", with(&|s| s.engine += "_other")),
        ("evidence in place of the statement", with(&|s| s.statement = s.evidence.clone())),
        ("statement in place of the evidence", with(&|s| s.evidence = s.statement.clone())),
    ]
}
