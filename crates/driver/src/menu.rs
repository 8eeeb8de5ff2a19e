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
    /// Values of another type; how many.
    Values(String),
    /// A set of positions.
    Set,
    /// A position among so many.
    Position(String),
    /// A set of vectors.
    Region,
    /// From numbers to numbers.
    Function,
    /// From vectors to vectors.
    Map,
}

/// What a condition says of its variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// 0 < k
    Workers,
    /// A bound on the number of faulty workers, or on the values trimmed.
    Faults,
    /// 0 <= r
    NonNegative,
    /// r <= 0
    NonPositive,
    /// r != 0
    NonZero,
    /// r <= 1
    AtMostOne,
    /// 0 < r
    Positive,
    /// r = 0
    Zero,
    /// r <= 1/10 * (s / k)
    Share,
    /// n <= 512
    Few,
    /// No m with n = 2 * m
    Odd,
    /// abs r <= max_finite f / 2
    Half,
    /// 0 <= v i
    AllNonNegative,
    /// 0 < v i
    AllPositive,
    /// sum v != 0
    SumNonZero,
    /// 0 < sum v
    SumPositive,
    /// sum v = 1
    SumOne,
    /// r <= v i for all i, or v i <= r for all i
    OneSide,
    /// r <= v i
    AllFrom,
    /// v i <= r
    AllUpTo,
    /// v i = v j
    Uniform,
    /// v i = 0
    AllZero,
    /// 1 - r <= v i, for a position i
    Gate,
    /// r <= sum v
    SumFrom,
    /// v is not the vector of zeros.
    NotZero,
    /// variance v != 0
    Varied,
    /// 0 < norm_two v
    Long,
    /// r <= norm_two v
    LongFrom,
    /// abs (v i - v j) <= r
    Spread,
    /// sum v < 2 * mass v s
    Mass,
    /// v i = v j -> i = j
    Distinct,
    /// 0 - 1 < dot v w
    Angle,
    /// Vectors that are not on one line.
    OffLine,
    /// is_finite (v i) = true
    Finite,
    /// A set that contains what lies between two of its elements.
    ConvexSet,
    /// A straight line.
    Affine,
    /// It never decreases.
    Monotone,
    /// It never increases.
    Antitone,
    /// One function never decreases where the other one increases.
    SameWay,
    /// Different arguments have different values.
    Injective,
}

/// What a claim speaks of: some conditions are for such claims only.
struct Words {
    /// What it says, in small letters.
    text: String,
    /// Lengths and angles of vectors.
    lengths: bool,
    /// The order of outputs, where ties matter.
    order: bool,
    /// How far inputs are spread.
    spread: bool,
    /// Numbers of two digits or more, or a format, so that the size of a count may matter.
    sizes: bool,
    /// The format of floating point that is spoken of.
    format: Option<&'static str>,
}

/// Formats of floating point.
const FORMATS: [&str; 4] = ["fp16", "bf16", "fp32", "fp64"];

/// The place of conditions that leave one value: after pairs of weaker ones.
const LAST: u8 = 250;

/// The largest bound on a count is 2 to this power.
const LARGEST: u32 = 20;

impl Words {
    fn of(d: &Decl) -> Self {
        let text = d.ty.as_ref().map(|ty| print::statement(&d.binders, ty)).unwrap_or_default().to_lowercase();
        let any = |words: &[&str]| words.iter().any(|w| text.contains(w));
        let format = FORMATS.into_iter().find(|f| text.contains(f));
        Words {
            lengths: any(&["norm", "dot", "cosine", "chord", "sum_sq", "unit", "sqrt", "slerp", "smooth"]),
            order: any(&["krum", "rank", "sort", "median", "argm", "choice", "smallest", "largest"]),
            spread: any(&["variance", "layer_norm", "deviation"]),
            sizes: format.is_some() || text.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() > 1),
            format,
            text,
        }
    }
}

/// One condition of the menu.
struct Entry {
    text: String,
    kind: Kind,
    /// The place in the order from weak to strong: what is implied by another condition has a smaller one.
    rank: u8,
    about: Vec<String>,
}

/// The conditions for a claim, the weaker one of two first.
pub fn proposals(d: &Decl) -> Vec<Proposal> {
    let entries = entries(&variables(d), &Words::of(d));
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
        ExprKind::Arrow(_, to) if vector(ty).is_some() && named_by(to, "Bool") => Some(Shape::Set),
        ExprKind::App(f, args) if named_by(f, "Fin") => Some(Shape::Position(print::expr(&args.first()?.expr))),
        ExprKind::Arrow(from, to) if vector(ty).is_none() => match (shape(from)?, shape(to)) {
            (Shape::Number, Some(Shape::Number)) => Some(Shape::Function),
            (Shape::Vector(_), Some(Shape::Vector(_))) => Some(Shape::Map),
            (Shape::Vector(_), None) if named_by(to, "Bool") => Some(Shape::Region),
            _ => None,
        },
        _ => {
            let (length, element) = vector(ty)?;
            match shape(element) {
                Some(Shape::Number) => Some(Shape::Vector(length)),
                Some(Shape::Vector(_)) => Some(Shape::Vectors(length)),
                None if matches!(element.kind.as_ref(), ExprKind::Var(_)) => Some(Shape::Values(length)),
                _ => None,
            }
        }
    }
}

fn named_by(e: &Expr, name: &str) -> bool {
    matches!(&*e.kind, ExprKind::Var(x) if x == name)
}

/// The length and the type of the elements of `Vec n A` or `Fin n -> A`.
fn vector(ty: &Expr) -> Option<(String, &Expr)> {
    let call = |e: &Expr, name: &str| matches!(&*e.kind, ExprKind::App(f, _) if named_by(f, name));
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

fn entries(variables: &[(String, Shape)], words: &Words) -> Vec<Entry> {
    let of = |wanted: fn(&Shape) -> bool| -> Vec<&str> {
        variables.iter().filter(|(_, s)| wanted(s)).map(|(n, _)| n.as_str()).take(VARIABLES).collect()
    };
    let numbers = of(|s| matches!(s, Shape::Number));
    let naturals = of(|s| matches!(s, Shape::Natural));
    let vectors = of(|s| matches!(s, Shape::Vector(_)));
    let sets = of(|s| matches!(s, Shape::Set));
    let lists = of(|s| matches!(s, Shape::Vectors(_)));
    let mut lengths: Vec<&str> = Vec::new();
    for (_, s) in variables {
        if let Shape::Vector(n) | Shape::Vectors(n) | Shape::Values(n) = s
            && !lengths.contains(&n.as_str())
        {
            lengths.push(n);
        }
    }
    let (i, j, m) = fresh(variables);
    let mut out = Vec::new();
    let mut add = |kind, rank, about: &[&str], text: String| {
        out.push(Entry { text, kind, rank, about: about.iter().map(|v| (*v).to_owned()).collect() });
    };
    for n in &naturals {
        add(Kind::Workers, 0, &[n], format!("0 < {n}"));
        // A length that is a sum, such as k + 1, stands for the number of workers in place of k.
        let inside = |t: &&&str| !naturals.contains(t) && t.split(|c: char| !c.is_alphanumeric()).any(|w| w == *n);
        let sums: Vec<&str> = lengths.iter().filter(inside).copied().collect();
        let more = format!("{n} + 1");
        let sizes = match sums.is_empty() {
            false => sums,
            true if words.text.contains(&format!("({more})").to_lowercase()) => vec![more.as_str()],
            true => vec![*n],
        };
        add(Kind::Zero, LAST, &[n], format!("{n} = 0"));
        for size in &sizes {
            if words.sizes {
                for power in 0..LARGEST {
                    // The larger bound is the weaker condition.
                    let rank = u8::try_from(LARGEST - power).unwrap_or(u8::MAX).saturating_add(10);
                    add(Kind::Few, rank, &[n], format!("{size} <= {}", 2_u64 << power));
                }
            }
            if words.order {
                add(Kind::Odd, 3, &[n], format!("forall ({m} : Nat), {size} != 2 * {m}"));
            }
        }
        for f in naturals.iter().filter(|f| *f != n && !lengths.contains(f)) {
            for size in &sizes {
                add(Kind::Faults, 1, &[n, f], format!("{f} <= {size}"));
                add(Kind::Faults, 1, &[n, f], format!("{size} <= 3 * {f} + 1"));
                add(Kind::Faults, 2, &[n, f], format!("2 * {f} < {size}"));
                add(Kind::Faults, 3, &[n, f], format!("3 * {f} + 1 <= {size}"));
            }
        }
    }
    for r in &numbers {
        add(Kind::NonNegative, 1, &[r], format!("0 <= {r}"));
        add(Kind::NonPositive, 1, &[r], format!("{r} <= 0"));
        add(Kind::NonZero, 1, &[r], format!("{r} != 0"));
        add(Kind::AtMostOne, 1, &[r], format!("{r} <= 1"));
        add(Kind::Positive, 2, &[r], format!("0 < {r}"));
        for (s, k) in numbers.iter().filter(|s| *s != r).flat_map(|s| naturals.iter().map(move |k| (s, k))) {
            add(Kind::Share, 3, &[r, s, k], format!("{r} <= 1/10 * ({s} / of_nat {k})"));
        }
        add(Kind::Zero, LAST, &[r], format!("{r} = 0"));
        if let Some(f) = words.format {
            add(Kind::Half, 1, &[r], format!("abs {r} <= max_finite {f} / 2"));
        }
    }
    for v in &vectors {
        add(Kind::SumNonZero, 2, &[v], format!("sum {v} != 0"));
        add(Kind::SumPositive, 3, &[v], format!("0 < sum {v}"));
        add(Kind::SumOne, 4, &[v], format!("sum {v} = 1"));
        add(Kind::AllNonNegative, 1, &[v], format!("forall {i}, 0 <= {v} {i}"));
        add(Kind::AllPositive, 2, &[v], format!("forall {i}, 0 < {v} {i}"));
        for s in &sets {
            add(Kind::Mass, 2, &[v, s], format!("sum {v} < 2 * mass {v} {s}"));
        }
        add(Kind::Uniform, 4, &[v], format!("forall {i} {j}, {v} {i} = {v} {j}"));
        add(Kind::AllZero, 5, &[v], format!("forall {i}, {v} {i} = 0"));
        if words.spread {
            add(Kind::Varied, 1, &[v], format!("variance {v} != 0"));
        }
        for r in &numbers {
            let (from, up_to) = (format!("forall {i}, {r} <= {v} {i}"), format!("forall {i}, {v} {i} <= {r}"));
            add(Kind::OneSide, 2, &[v, r], format!("({from}) \\/ ({up_to})"));
            add(Kind::AllFrom, 3, &[v, r], from);
            add(Kind::AllUpTo, 3, &[v, r], up_to);
            for (at, _) in variables.iter().filter(|(_, s)| is_position(s, variables, v)) {
                add(Kind::Gate, 3, &[v, r, at], format!("1 - {r} <= {v} {at}"));
            }
            add(Kind::SumFrom, 2, &[v, r], format!("{r} <= sum {v}"));
            add(Kind::Spread, 2, &[v, r], format!("forall {i} {j}, abs ({v} {i} - {v} {j}) <= {r}"));
        }
    }
    if words.lengths {
        for (at, v) in vectors.iter().enumerate() {
            add(Kind::NotZero, 1, &[v], format!("{v} != (fun {i} => 0)"));
            add(Kind::Long, 1, &[v], format!("0 < norm_two {v}"));
            for r in &numbers {
                add(Kind::LongFrom, 2, &[v, r], format!("{r} <= norm_two {v}"));
            }
            for w in vectors.iter().skip(at + 1) {
                add(Kind::Angle, 1, &[v, w], format!("0 - 1 < dot {v} {w}"));
            }
        }
    }
    if words.order {
        for v in vectors.iter().chain(&lists) {
            add(Kind::Distinct, 1, &[v], format!("forall {i} {j}, {v} {i} = {v} {j} -> {i} = {j}"));
        }
        for x in &lists {
            add(Kind::OffLine, 2, &[x], format!("not Collinear {x}"));
        }
    }
    for v in of(|s| matches!(s, Shape::Values(_))) {
        add(Kind::Finite, 2, &[v], format!("forall {i}, is_finite ({v} {i}) = true"));
    }
    for s in of(|s| matches!(s, Shape::Region)) {
        add(Kind::ConvexSet, 2, &[s], format!("ConvexSet {s}"));
    }
    for f in of(|s| matches!(s, Shape::Map)) {
        add(Kind::Injective, 2, &[f], format!("forall {i} {j}, {f} {i} = {f} {j} -> {i} = {j}"));
    }
    let functions = of(|s| matches!(s, Shape::Function));
    for (at, f) in functions.iter().enumerate() {
        add(Kind::Monotone, 2, &[f], format!("Monotone {f}"));
        add(Kind::Antitone, 2, &[f], format!("Antitone {f}"));
        add(Kind::Affine, 3, &[f], format!("Affine {f}"));
        for g in functions.iter().skip(at + 1) {
            add(Kind::SameWay, 3, &[f, g], format!("forall {i} {j}, 0 <= ({f} {i} - {f} {j}) * ({g} {i} - {g} {j})"));
        }
    }
    out
}

/// Whether a shape is that of a position in a vector.
fn is_position(shape: &Shape, variables: &[(String, Shape)], vector: &str) -> bool {
    let length = variables.iter().find_map(|(v, s)| match s {
        Shape::Vector(n) if v == vector => Some(n),
        _ => None,
    });
    matches!(shape, Shape::Position(n) if Some(n) == length)
}

/// Three names that are no variables, for what is spoken of in a condition only.
fn fresh(variables: &[(String, Shape)]) -> (&'static str, &'static str, &'static str) {
    let names = ["i", "j", "l", "m", "i'", "j'", "l'", "position", "position'"];
    let mut free = names.iter().filter(|n| variables.iter().all(|(v, _)| v != **n));
    let mut next = || free.next().copied().unwrap_or("i");
    (next(), next(), next())
}

/// Whether two conditions make one that is worth a try.
fn fit(a: &Entry, b: &Entry) -> bool {
    joined(a, b) || joined(b, a)
}

fn joined(a: &Entry, b: &Entry) -> bool {
    use Kind::*;
    if a.about == b.about {
        return matches!(
            (a.kind, b.kind),
            (NonNegative | Positive, AtMostOne) | (AllNonNegative, SumPositive | SumOne) | (AllPositive, SumOne)
        );
    }
    if a.about.iter().any(|v| b.about.contains(v)) {
        return matches!(
            (a.kind, b.kind),
            (AllNonNegative, SumFrom | Mass) | (Positive, SumFrom | LongFrom | Share) | (Workers, Share)
        );
    }
    let alike = a.kind == b.kind
        && matches!(
            a.kind,
            NonNegative
                | NonZero
                | Positive
                | Half
                | AllNonNegative
                | AllPositive
                | AllZero
                | SumNonZero
                | NotZero
                | Long
                | Monotone
                | Antitone
        );
    alike
        || matches!(
            (a.kind, b.kind),
            (NonPositive, NonNegative) | (Workers, NonNegative | Positive | AllNonNegative | AllPositive)
        )
}

/// The two conditions together, in one word.
fn simplex(a: &Entry, b: &Entry) -> Option<String> {
    let [v] = a.about.as_slice() else { return None };
    let kinds = [a.kind, b.kind];
    let both = kinds.contains(&Kind::AllNonNegative) && kinds.contains(&Kind::SumOne);
    (both && a.about == b.about).then(|| format!("Simplex {v}"))
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
    fn weak_conditions_come_before_those_that_imply_them() {
        let all = menu("(t : Real) (n : Nat) (x : Vec n Real) (f : Real -> Real) : sum x <= 100");
        let place = |text: &str| all.iter().position(|a| a == text).unwrap();
        assert!(place("0 <= t /\\ t <= 1") < place("t = 0"));
        assert!(place("n <= 1024") < place("n <= 512"));
        assert!(place("(forall i, t <= x i) \\/ (forall i, x i <= t)") < place("forall i, t <= x i"));
        assert!(all.contains(&"Affine f".to_owned()));
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
