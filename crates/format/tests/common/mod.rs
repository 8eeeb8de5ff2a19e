//! Terms made from numbers: every kind of node, with sharing.
#![allow(dead_code)]

use bfv_format::{
    Combination, Constructor, DataDecl, DataRef, Decl, Dim, Face, GlueFace, Hypothesis, Node, Op, Outcome, Part, Prim,
    Product, Rational, Relation, Rule, Sort, Step, Stored, Term,
};
use num_bigint::{BigInt, BigUint};

/// One step of a recipe: which node, and numbers that choose its parts.
pub type Seed = (u8, u32, u32, u32, u32);

fn dim(n: u32) -> Dim {
    match n % 5 {
        0 => Dim::Zero,
        1 => Dim::One,
        _ => Dim::Var(n % 300),
    }
}

fn rational(n: u32) -> Rational {
    Rational { num: BigInt::from(i64::from(n % 1000) * 2 - 999), den: BigUint::from(1_u32 << (n % 70).min(20)) }
}

fn arith(n: u32) -> Vec<Op> {
    vec![
        Op::Atom(Sort::Real, n),
        Op::Lit(Sort::Int, rational(n)),
        [Op::Add, Op::Sub, Op::Mul, Op::NatToInt, Op::NatToReal, Op::IntToReal][n as usize % 6].clone(),
    ]
}

/// Builds nodes one after another, each from earlier ones; constants stay below `known`, data types too.
pub fn terms(seeds: &[Seed], known: u32) -> Vec<Term> {
    let mut all = vec![Term::new(Node::Var(0)), Term::new(Node::Prim(Prim::Nat))];
    for &(kind, a, b, c, d) in seeds {
        let t = |n: u32| all[n as usize % all.len()].clone();
        let data = DataRef { id: if known == 0 { 0 } else { a % known }, shift: b % 200 };
        let atoms = vec![(Sort::Nat, t(b)), (Sort::Real, t(c))];
        let hypotheses = vec![Hypothesis {
            relation: [Relation::Lt, Relation::Le, Relation::Eq][a as usize % 3],
            left: arith(a),
            right: vec![],
            proof: t(d),
        }];
        let kind = if known == 0 && matches!(kind % 35, 2 | 26 | 27 | 28) { 8 } else { kind % 35 };
        let glue = |a: u32, b: u32, c: u32| {
            vec![GlueFace { cof: vec![(dim(a), Dim::Zero), (dim(b), dim(c))], ty: t(b), equiv: t(c) }]
        };
        let node = match kind {
            0 => Node::Var(a),
            1 => Node::Univ(a),
            2 => Node::Const { id: data.id, shift: data.shift },
            3 => Node::Prim(Prim::ALL[a as usize % Prim::ALL.len()]),
            4 => Node::NatLit(BigUint::from(a) << (b % 200)),
            5 => Node::IntLit(BigInt::from(a) * (i64::from(b) - 500)),
            6 => Node::RealLit(rational(a)),
            7 => Node::Pi(t(a), t(b)),
            8 => Node::Lam(t(a)),
            9 => Node::App(t(a), t(b)),
            10 => Node::Let(t(a), t(b), t(c)),
            11 => Node::Sigma(t(a), t(b)),
            12 => Node::Pair(t(a), t(b)),
            13 => Node::Fst(t(a)),
            14 => Node::Snd(t(a)),
            15 => Node::Line(t(a)),
            16 => Node::Path(t(a), t(b), t(c)),
            17 => Node::DLam(t(a)),
            18 => Node::LApp(t(a), dim(b)),
            19 => Node::PApp(t(a), t(b), t(c), dim(d)),
            20 => Node::Coe(dim(a), dim(b), t(c), t(d)),
            21 => {
                let faces = vec![
                    Face { cof: vec![(dim(a), Dim::Zero)], body: t(b) },
                    Face { cof: vec![(dim(b), dim(c)), (dim(d), Dim::One)], body: t(c) },
                ];
                Node::HCom(dim(a), dim(b), t(c), faces, t(d))
            }
            22 => Node::EmptyElim(t(a), t(b)),
            23 => Node::BoolElim(t(a), t(b), t(c), t(d)),
            24 => Node::NatElim(t(a), t(b), t(c), t(d)),
            25 => Node::IntElim(t(a), t(b), t(c), t(d)),
            26 => Node::Data(data, vec![t(c), t(d)]),
            27 => Node::Con(data, c % 7, vec![t(c)], vec![t(d), t(a)], vec![dim(b), dim(c)]),
            28 => Node::DataElim(data, vec![t(b)], t(c), vec![t(d), t(a)], t(b)),
            29 => Node::Rule(Box::new(Rule::Ring { sort: Sort::Real, atoms, left: arith(c), right: arith(d) })),
            30 => Node::Rule(Box::new(Rule::Psatz {
                atoms,
                hypotheses,
                products: vec![Product { coefficient: rational(a), hypotheses: vec![0, 0], squares: vec![arith(b)] }],
                equalities: vec![(0, arith(c))],
            })),
            31 => Node::Glue(t(a), glue(b, c, d)),
            32 => {
                let parts = vec![Part { cof: vec![(dim(b), Dim::One)], body: t(c) }, Part { cof: vec![], body: t(d) }];
                Node::GlueEl(t(a), parts)
            }
            33 => Node::Unglue(t(d), glue(a, b, c), t(c)),
            _ => Node::Rule(Box::new(Rule::Lia {
                sort: Sort::Int,
                atoms,
                hypotheses,
                steps: vec![
                    Step::Combine(Combination { terms: vec![(a, BigInt::from(b) - 7)] }),
                    Step::Cut(c, BigUint::from(d)),
                    Step::NatAtom(b),
                ],
            })),
        };
        all.push(Term::new(node));
    }
    all
}

/// A stored proof with one declaration of each kind, of terms made from seeds.
pub fn stored(seeds: &[Seed]) -> Stored {
    let pick = |known: u32, n: usize| {
        let all = terms(seeds, known);
        all[all.len() - 1 - n % all.len()].clone()
    };
    let axiom = Decl::Axiom { name: "inv law".into(), bundle: "real".into(), ty: pick(0, 0) };
    let data = Decl::Data(DataDecl {
        name: "List".into(),
        params: vec![pick(1, 3)],
        level: 2,
        constructors: vec![
            Constructor { name: "nil".into(), fields: vec![], dims: 0, boundary: vec![] },
            Constructor {
                name: "cons".into(),
                fields: vec![pick(1, 1), pick(2, 0)],
                dims: 2,
                boundary: vec![Part { cof: vec![(Dim::Var(0), Dim::Zero)], body: pick(2, 1) }],
            },
        ],
    });
    let def = Decl::Def { name: "double".into(), ty: pick(2, 1), body: pick(2, 0) };
    let theorem = Decl::Theorem { name: "easy".into(), ty: pick(3, 0), proof: pick(3, 2) };
    Stored {
        decls: vec![axiom, data, def, theorem],
        claim: "hull".into(),
        statement: pick(4, 0),
        verdict: Outcome::Refuted,
        evidence: pick(4, 1),
        witness: vec![("w".into(), "[2, 1/3]".into())],
        engine: "native".into(),
    }
}

/// A small sample that has every kind of node.
pub fn sample() -> Stored {
    let seeds: Vec<Seed> =
        (0..64_u8).map(|k| (k, u32::from(k) * 7 + 1, u32::from(k) + 3, 5, u32::from(k) / 2)).collect();
    stored(&seeds)
}
