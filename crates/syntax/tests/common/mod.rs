//! What the tests share: trees without places, and random trees.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use bfv_diag::{Code, Diagnostic, Span};
use bfv_syntax::tree::*;
use num_bigint::BigUint;
use proptest::prelude::*;

/// 3,000 random cases, or as many as `BFV_CASES` says.
pub fn settings() -> ProptestConfig {
    let cases = std::env::var("BFV_CASES").map_or(3000, |n| n.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Debug text of a tree without its places.
pub fn shape<T: std::fmt::Debug>(tree: &T) -> String {
    let text = format!("{tree:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[rest.find('}').unwrap() + 1..];
    }
    out + rest
}

/// Reads a text that has no errors.
pub fn good(source: &str) -> File {
    let (file, diagnostics) = bfv_syntax::parse(0, source.as_bytes());
    assert!(diagnostics.is_empty(), "{source}\n{diagnostics:#?}");
    file
}

/// Reads an expression.
pub fn expression(source: &str) -> Expr {
    let file = good(&format!("def t := [{source}\n]"));
    let [decl] = &file.decls[..] else { panic!("{source}") };
    let Body::Term(e) = &decl.body else { panic!("{source}") };
    let ExprKind::Vector(es) = &*e.kind else { panic!("{source}") };
    let [e] = &es[..] else { panic!("{source}") };
    e.clone()
}

/// The diagnostics of a text.
pub fn diagnostics(source: &[u8]) -> Vec<Diagnostic> {
    bfv_syntax::parse(0, source).1
}

/// The codes of a text.
pub fn codes(source: &[u8]) -> Vec<Code> {
    diagnostics(source).iter().map(|d| d.code).collect()
}

fn e(kind: ExprKind) -> Expr {
    Expr { span: Span::default(), kind: Box::new(kind) }
}

fn n(text: &str) -> Name {
    Name { text: text.to_string(), span: Span::default() }
}

/// Names that are special somewhere, and dotted ones.
fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "x",
        "f",
        "std.real.add",
        "h'",
        "_u",
        "ring",
        "at",
        "cases",
        "exact",
        "max",
        "min",
        "sum",
        "inf",
        "expect",
    ])
    .prop_map(str::to_string)
}

fn plain() -> impl Strategy<Value = Name> {
    prop::sample::select(vec!["x", "y", "z", "i", "h'", "_", "_0"]).prop_map(n)
}

fn ops() -> impl Strategy<Value = BinOp> {
    use BinOp::*;
    prop::sample::select(vec![Add, Sub, Mul, Div, Pow, Lt, Le, Gt, Ge, Eq, Ne, And, Or, Iff, Times])
}

fn binder(ty: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Binder> {
    let typed = (prop::collection::vec(plain(), 1..3), ty, any::<bool>()).prop_map(|(names, ty, implicit)| Binder {
        names,
        ty: Some(ty),
        implicit,
        span: Span::default(),
    });
    let bare = plain().prop_map(|name| Binder { names: vec![name], ty: None, implicit: false, span: Span::default() });
    prop_oneof![typed, bare]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let leaf = prop_oneof![
        names().prop_map(|x| Pattern::Name(n(&x), vec![])),
        Just(Pattern::Wildcard(Span::default())),
        any::<u32>().prop_map(|k| Pattern::Number(BigUint::from(k), Span::default())),
    ];
    leaf.prop_recursive(3, 8, 3, |p| {
        prop_oneof![
            (names(), prop::collection::vec(p.clone(), 1..3)).prop_map(|(x, ps)| Pattern::Name(n(&x), ps)),
            (p.clone(), p).prop_map(|(a, b)| Pattern::Pair(Box::new(a), Box::new(b), Span::default())),
        ]
    })
}

fn step(x: BoxedStrategy<Expr>) -> BoxedStrategy<Tactic> {
    use TacticKind as K;
    let xs = || prop::collection::vec(x.clone(), 0..3);
    let simple = prop_oneof![
        prop::collection::vec(plain(), 0..3).prop_map(K::Intro),
        x.clone().prop_map(K::Apply),
        x.clone().prop_map(K::Exact),
        x.clone().prop_map(K::Show),
        x.clone().prop_map(K::Exists),
        Just(K::Assumption),
        Just(K::Refl),
        Just(K::Ring),
        Just(K::Split),
        xs().prop_map(K::Arith),
        xs().prop_map(K::Auto),
        (prop::collection::vec((any::<bool>(), x.clone()), 1..3), prop::option::of(Just(n("h"))))
            .prop_map(|(es, at)| K::Rewrite(es, at)),
        (prop::collection::vec(Just(n("f.g")), 1..3), prop::option::of(Just(n("h"))))
            .prop_map(|(ns, at)| K::Unfold(ns, at)),
        (Just(n("h")), prop::option::of(x.clone()), x.clone()).prop_map(|(h, ty, x)| match *x.kind {
            ExprKind::By(s) => K::Have(h, ty, HaveBody::By(s)),
            kind => K::Have(h, ty, HaveBody::Term(e(kind))),
        }),
    ];
    let tactic = |kind| Tactic { span: Span::default(), kind };
    let script = |steps| Script { steps, span: Span::default() };
    simple
        .prop_map(tactic)
        .prop_recursive(2, 6, 2, move |t| {
            let x = x.clone();
            let steps = prop::collection::vec(t, 0..3).prop_map(script);
            let cases = prop::collection::vec((names(), prop::collection::vec(plain(), 0..2), steps.clone()), 0..3)
                .prop_map(|cs| {
                    cs.into_iter()
                        .map(|(c, names, script)| Case { constructor: n(&c), names, script })
                        .collect::<Vec<_>>()
                })
                .boxed();
            prop_oneof![
                steps.clone().prop_map(K::Block),
                (x.clone(), cases.clone()).prop_map(|(x, cs)| K::Induction(x, cs)),
                (x.clone(), cases).prop_map(|(x, cs)| K::Cases(x, cs)),
                (prop::option::of(x), steps).prop_map(|(ty, s)| K::Have(n("h"), ty, HaveBody::By(s))),
            ]
            .prop_map(tactic)
        })
        .boxed()
}

/// Random expressions of every kind that the parser makes.
pub fn expressions() -> impl Strategy<Value = Expr> {
    use ExprKind as K;
    let leaf = prop_oneof![
        4 => names().prop_map(K::Var),
        2 => (any::<u16>(), 0_u32..4).prop_map(|(m, places)| K::Number(BigUint::from(m), places)),
        1 => "[a-z(\\[{\"\\\\ \\n]{0,4}".prop_map(K::String),
        1 => Just(K::Hole(None)),
        1 => Just(K::Hole(Some("goal".to_string()))),
        1 => (0_u32..3).prop_map(K::Univ),
    ]
    .prop_map(e);
    leaf.prop_recursive(5, 40, 4, |x| {
        let x = x.boxed();
        let bs = || prop::collection::vec(binder(x.clone()), 1..3);
        let big_bs = prop::collection::vec(binder(x.clone()), 1..3).prop_map(|mut bs| {
            bs.iter_mut().for_each(|b| b.implicit &= b.ty.is_some());
            bs
        });
        let arg = (prop::option::of(Just("k")), any::<bool>(), x.clone()).prop_map(|(name, implicit, expr)| Arg { name: name.map(n), implicit: implicit && name.is_none(), expr });
        let clause = (prop::collection::vec(pattern(), 1..3), x.clone()).prop_map(|(patterns, body)| Clause { patterns, body, span: Span::default() });
        let face = (prop::collection::vec((x.clone(), x.clone()), 1..3), x.clone());
        let faces = prop::collection::vec(face, 0..3);
        let p = || (x.clone(), x.clone());
        prop_oneof![
            4 => (ops(), x.clone(), x.clone()).prop_map(|(op, a, b)| K::Binary(op, a, b)),
            2 => p().prop_map(|(a, b)| K::Arrow(a, b)),
            2 => (x.clone(), prop::collection::vec(arg, 1..4)).prop_map(|(f, args)| K::App(f, args)),
            1 => (bs(), x.clone()).prop_map(|(bs, e)| K::Lam(bs, e)),
            2 => (bs(), x.clone()).prop_map(|(bs, e)| K::Pi(bs, e)),
            1 => (bs(), x.clone()).prop_map(|(bs, e)| K::Sigma(bs, e)),
            1 => (bs(), x.clone()).prop_map(|(bs, e)| K::Exists(bs, e)),
            2 => (prop::sample::select(vec!["sum", "prod", "max", "min"]), big_bs, x.clone()).prop_map(|(w, bs, e)| K::Big(n(w), bs, e)),
            2 => x.clone().prop_map(K::Neg),
            1 => x.clone().prop_map(K::Not),
            1 => prop::collection::vec(x.clone(), 0..4).prop_map(K::Vector),
            2 => p().prop_map(|(a, b)| K::Pair(a, b)),
            2 => (x.clone(), prop::sample::select(vec!["1", "2", "name"])).prop_map(|(e, f)| K::Proj(e, f.to_string())),
            2 => p().prop_map(|(a, b)| K::Ann(a, b)),
            1 => (plain(), prop::option::of(x.clone()), x.clone(), x.clone()).prop_map(|(n, ty, a, b)| K::Let(n, ty, a, b)),
            1 => (x.clone(), x.clone(), x.clone()).prop_map(|(c, a, b)| K::If(c, a, b)),
            1 => (x.clone(), prop::collection::vec(clause, 0..3)).prop_map(|(e, cs)| K::Match(e, cs)),
            2 => prop::collection::vec(step(x.clone()), 0..4).prop_map(|steps| K::By(Script { steps, span: Span::default() })),
            1 => p().prop_map(|(a, b)| K::At(a, b)),
            1 => (p(), p()).prop_map(|((a, b), (c, d))| K::Coe(a, b, c, d)),
            1 => (p(), p(), faces.clone()).prop_map(|((a, b), (c, d), fs)| K::HCom(a, b, c, fs, d)),
            1 => (x.clone(), faces.clone()).prop_map(|(a, fs)| K::Glue(a, fs)),
            1 => (x.clone(), faces).prop_map(|(a, fs)| K::GlueEl(a, fs)),
            1 => x.clone().prop_map(K::Unglue),
        ]
        .prop_map(e)
    })
}

/// Checks that a diagnostic is made of plain sentences that read well aloud.
pub fn plain_sentences(d: &Diagnostic) {
    let texts = d.labels.iter().map(|l| &l.1).chain(d.fix.iter()).chain([&d.message]);
    for text in texts {
        assert!(text.is_ascii() && text.ends_with('.') && !text.contains('\n') && !text.contains("  "), "{text}");
        assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
        for sentence in text.split(". ") {
            assert!(sentence.split_whitespace().count() <= 20, "more than 20 words: {sentence}");
        }
        assert!(!text.contains("an the") && !text.contains("a the") && !text.contains("Some("), "{text}");
    }
    assert!(d.message.split(". ").count() <= 2, "more than two sentences: {}", d.message);
}
