//! The menu of conditions that may be missing from a claim: texts over its variables, chosen by their types. Nothing here is
//! trusted: a text is read like one after `holds_if`, and what it does for the claim is judged by the kernel.
//!
//! A bound that the claim has no number for is written as a strict inequality: a claim that does not mention delta holds for
//! every positive delta below the sum exactly when it holds for every positive sum.

use bfv_syntax::print;
use bfv_syntax::tree::{Binder, Decl, Expr, ExprKind};

/// A condition that may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Ways to write it that say the same. The first one that can be read counts: the library that is imported decides.
    pub texts: Vec<String>,
    /// Its parts: it is met where all of them are.
    pub parts: Vec<String>,
}

/// Most conditions that are proposed for a claim.
const MOST: usize = 400;

/// Most variables of one type that are spoken of.
const VARIABLES: usize = 4;

/// What a variable is, as far as the menu asks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Number,
    Natural,
    /// Numbers; how many.
    Vector(String),
    /// Vectors; how many.
    Vectors(String),
}

/// Conditions that are comparable when they are about the same variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chain {
    Workers,
    Faults,
    Sign,
    Below,
    Sum,
    Norm,
    Distinct,
    Angle,
    Spread,
    Share,
}

/// One condition of the menu.
struct Entry {
    text: String,
    chain: Chain,
    /// The place in the order from weak to strong: what is implied by another condition has a smaller one.
    rank: u8,
    about: Vec<String>,
}

/// The conditions for a claim, the weaker one of two first.
pub fn proposals(d: &Decl) -> Vec<Proposal> {
    let entries = entries(&variables(d));
    let mut out: Vec<(u8, Proposal)> = Vec::new();
    for (at, a) in entries.iter().enumerate() {
        out.push((a.rank, Proposal { texts: vec![a.text.clone()], parts: vec![a.text.clone()] }));
        for b in entries.iter().skip(at + 1).filter(|b| fit(a, b)) {
            let both = format!("{} /\\ {}", operand(&a.text), operand(&b.text));
            let mut texts = vec![both];
            if let Some(short) = simplex(a, b) {
                texts.insert(0, short);
            }
            // A conjunction comes after all single conditions.
            out.push((100 + a.rank + b.rank, Proposal { texts, parts: vec![a.text.clone(), b.text.clone()] }));
        }
    }
    out.sort_by_key(|(rank, _)| *rank);
    out.truncate(MOST);
    out.into_iter().map(|(_, p)| p).collect()
}

/// The statement that a condition is met where the variables have these values; what has no value is left out.
pub fn at_point(d: &Decl, text: &str, point: &[(String, String)]) -> Option<String> {
    let mut binders = Vec::new();
    let mut values = Vec::new();
    for (name, ty) in named(d) {
        let Some((_, value)) = point.iter().find(|(n, _)| *n == name) else { continue };
        binders.push(ty.map_or_else(|| name.clone(), |ty| format!("({name} : {})", print::expr(ty))));
        values.push(format!("({value})"));
    }
    (!binders.is_empty()).then(|| format!("(fun {} => {text}) {}", binders.join(" "), values.join(" ")))
}

/// The names of a claim before its conclusion, with their types.
fn named(d: &Decl) -> Vec<(String, Option<&Expr>)> {
    let inner: &[Binder] = match d.ty.as_ref().map(|t| &*t.kind) {
        Some(ExprKind::Pi(bs, _)) => bs,
        _ => &[],
    };
    let all = d.binders.iter().chain(inner);
    all.flat_map(|b| b.names.iter().map(|n| (n.text.clone(), b.ty.as_ref()))).collect()
}

/// The variables that the menu speaks of. A name that stands twice is left out.
fn variables(d: &Decl) -> Vec<(String, Shape)> {
    let all = named(d);
    let once = |name: &str| all.iter().filter(|(n, _)| n == name).count() == 1;
    let shaped = all.iter().filter_map(|(n, ty)| Some((n.clone(), shape((*ty)?)?)));
    shaped.filter(|(n, _)| n != "_" && once(n)).collect()
}

fn shape(ty: &Expr) -> Option<Shape> {
    match &*ty.kind {
        ExprKind::Var(x) if x == "Real" => Some(Shape::Number),
        ExprKind::Var(x) if x == "Nat" => Some(Shape::Natural),
        _ => {
            let (length, element) = vector(ty)?;
            match shape(element)? {
                Shape::Number => Some(Shape::Vector(length)),
                Shape::Vector(_) => Some(Shape::Vectors(length)),
                Shape::Natural | Shape::Vectors(_) => None,
            }
        }
    }
}

/// The length and the type of the elements of `Vec n A` or `Fin n -> A`.
fn vector(ty: &Expr) -> Option<(String, &Expr)> {
    let call = |e: &Expr, name: &str| match &*e.kind {
        ExprKind::App(f, _) => matches!(&*f.kind, ExprKind::Var(x) if x == name),
        _ => false,
    };
    match &*ty.kind {
        ExprKind::App(_, args) if call(ty, "Vec") => match args.as_slice() {
            [n, a] => Some((print::expr(&n.expr), &a.expr)),
            _ => None,
        },
        ExprKind::Arrow(from, to) if call(from, "Fin") => match &*from.kind {
            ExprKind::App(_, args) => Some((print::expr(&args.first()?.expr), to)),
            _ => None,
        },
        _ => None,
    }
}

fn entries(variables: &[(String, Shape)]) -> Vec<Entry> {
    let of = |wanted: fn(&Shape) -> bool| -> Vec<&str> {
        variables.iter().filter(|(_, s)| wanted(s)).map(|(n, _)| n.as_str()).take(VARIABLES).collect()
    };
    let numbers = of(|s| matches!(s, Shape::Number));
    let naturals = of(|s| matches!(s, Shape::Natural));
    let vectors = of(|s| matches!(s, Shape::Vector(_)));
    let lists = of(|s| matches!(s, Shape::Vectors(_)));
    let mut lengths: Vec<&str> = Vec::new();
    for (_, s) in variables {
        if let Shape::Vector(n) | Shape::Vectors(n) = s
            && !lengths.contains(&n.as_str())
        {
            lengths.push(n);
        }
    }
    let (i, j) = fresh(variables);
    let mut out = Vec::new();
    let mut add = |chain, rank, about: &[&str], text: String| {
        out.push(Entry { text, chain, rank, about: about.iter().map(|v| (*v).to_owned()).collect() });
    };
    for n in &naturals {
        add(Chain::Workers, 0, &[n], format!("0 < {n}"));
        // A length that is a sum, such as k + 1, stands for the number of workers in place of k.
        let inside = |t: &&&str| !naturals.contains(t) && t.split(|c: char| !c.is_alphanumeric()).any(|w| w == *n);
        let sums: Vec<&str> = lengths.iter().filter(inside).copied().collect();
        let sizes = if sums.is_empty() { vec![*n] } else { sums };
        for f in naturals.iter().filter(|f| *f != n && !lengths.contains(f)) {
            for size in &sizes {
                add(Chain::Faults, 1, &[n, f], format!("{f} <= {size}"));
                add(Chain::Faults, 2, &[n, f], format!("2 * {f} < {size}"));
                add(Chain::Faults, 3, &[n, f], format!("3 * {f} + 1 <= {size}"));
            }
        }
    }
    for r in &numbers {
        add(Chain::Sign, 1, &[r], format!("0 <= {r}"));
        add(Chain::Sign, 1, &[r], format!("{r} != 0"));
        add(Chain::Below, 1, &[r], format!("{r} <= 1"));
        add(Chain::Sign, 2, &[r], format!("0 < {r}"));
        for (s, k) in numbers.iter().filter(|s| *s != r).flat_map(|s| naturals.iter().map(move |k| (s, k))) {
            add(Chain::Share, 3, &[r, s, k], format!("{r} <= {s} / (10 * of_nat {k})"));
        }
    }
    for v in &vectors {
        add(Chain::Norm, 1, &[v], format!("0 < norm_two {v}"));
        add(Chain::Sum, 2, &[v], format!("sum {v} != 0"));
        add(Chain::Sum, 3, &[v], format!("0 < sum {v}"));
        add(Chain::Sum, 4, &[v], format!("sum {v} = 1"));
        add(Chain::Sign, 1, &[v], format!("forall {i}, 0 <= {v} {i}"));
        add(Chain::Sign, 2, &[v], format!("forall {i}, 0 < {v} {i}"));
        for r in &numbers {
            add(Chain::Sum, 2, &[v, r], format!("{r} <= sum {v}"));
            add(Chain::Norm, 2, &[v, r], format!("{r} <= norm_two {v}"));
            add(Chain::Spread, 2, &[v, r], format!("forall {i} {j}, abs ({v} {i} - {v} {j}) <= {r}"));
        }
    }
    for v in vectors.iter().chain(&lists) {
        add(Chain::Distinct, 1, &[v], format!("forall {i} {j}, {v} {i} = {v} {j} -> {i} = {j}"));
    }
    for (at, v) in vectors.iter().enumerate() {
        for w in vectors.iter().skip(at + 1) {
            add(Chain::Angle, 1, &[v, w], format!("0 - 1 < dot {v} {w}"));
        }
    }
    out
}

/// Two names for positions that are no variables.
fn fresh(variables: &[(String, Shape)]) -> (&'static str, &'static str) {
    let free = |n: &&&str| variables.iter().all(|(v, _)| v != **n);
    let names = ["i", "j", "l", "i'", "j'", "l'", "position", "position'"];
    let mut free = names.iter().filter(free);
    (free.next().unwrap_or(&"i"), free.next().unwrap_or(&"j"))
}

/// Whether two conditions make one that is worth a try: different ones with a variable in common, or the same of two variables.
fn fit(a: &Entry, b: &Entry) -> bool {
    let common = a.about.iter().any(|v| b.about.contains(v));
    if common { a.chain != b.chain } else { a.chain == b.chain && a.rank == b.rank && a.about.len() == b.about.len() }
}

/// The two conditions together, in one word.
fn simplex(a: &Entry, b: &Entry) -> Option<String> {
    let ends = |e: &Entry, chain, rank| e.chain == chain && e.rank == rank && e.about.len() == 1;
    let both = |a, b| ends(a, Chain::Sum, 4) && ends(b, Chain::Sign, 1);
    let [v] = a.about.as_slice() else { return None };
    (a.about == b.about && (both(a, b) || both(b, a))).then(|| format!("Simplex {v}"))
}

/// A text as one side of a conjunction.
fn operand(text: &str) -> String {
    if text.starts_with("forall") { format!("({text})") } else { text.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn claim(text: &str) -> Decl {
        let (file, problems) = bfv_syntax::parse(0, format!("claim c {text}\n").as_bytes());
        assert!(problems.is_empty(), "{problems:?}");
        file.decls.into_iter().next().unwrap()
    }

    fn menu(text: &str) -> Vec<String> {
        proposals(&claim(text)).into_iter().map(|p| p.texts.first().unwrap().clone()).collect()
    }

    #[test]
    fn the_types_of_the_variables_choose_the_conditions() {
        let all = menu("{k : Nat} (w : Vec (k + 1) Real) : sum w = 1");
        let place = |t: &str| all.iter().position(|a| a == t).unwrap();
        assert!(place("0 < k") < place("forall i, 0 <= w i"));
        assert!(place("sum w != 0") < place("0 < sum w"));
        assert!(place("0 < sum w") < place("sum w = 1"));
        assert!(place("sum w = 1") < place("Simplex w"), "single conditions come first");
        assert!(all.iter().all(|t| !t.contains("dot")), "{all:?}");
        assert_eq!(menu("(b : Bool) : b = b"), Vec::<String>::new());
    }

    #[test]
    fn names_of_the_claim_are_not_captured() {
        assert!(menu("(i : Vec 2 Real) : sum i = 1").contains(&"forall j, 0 <= i j".to_owned()));
        assert_eq!(menu("(x : Real) (x : Real) : x = 1"), Vec::<String>::new());
    }

    #[test]
    fn a_length_that_is_a_sum_stands_for_the_number_of_workers() {
        let all = menu("{n : Nat} (f : Nat) (x : Fin (n + 1) -> Real) : sum x = 1");
        assert!(all.contains(&"2 * f < n + 1".to_owned()) && !all.contains(&"2 * f < n".to_owned()), "{all:?}");
    }

    #[test]
    fn variables_after_forall_are_spoken_of_too() {
        let all = menu(": forall (t : Real), t = 1");
        assert!(all.contains(&"0 <= t /\\ t <= 1".to_owned()), "{all:?}");
    }

    #[test]
    fn a_point_is_put_into_a_condition() {
        let d = claim("{k : Nat} (w : Vec k Real) (h : sum w = 1) : sum w = 2");
        let point = [("k".to_owned(), "1".to_owned()), ("w".to_owned(), "[1]".to_owned())];
        let text = at_point(&d, "0 < sum w", &point).unwrap();
        assert_eq!(text, "(fun (k : Nat) (w : Vec k Real) => 0 < sum w) (1) ([1])");
        assert_eq!(at_point(&d, "0 < sum w", &[]), None);
    }
}
