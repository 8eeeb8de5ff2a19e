//! Core terms as a person would write them, for messages: implicit arguments are left out, known forms get their signs back.

use crate::names::{Names, prim_name};
use crate::walk::{self, Depth};
use bfv_format::{Cof, Dim, Face, Node, Prim, Rational, Rule, Term};

/// How loosely an expression binds: a larger number binds tighter.
type Level = u8;
const LOOSE: Level = 0;
const ARROW: Level = 1;
const IFF: Level = 1;
const OR: Level = 2;
const AND: Level = 3;
const NOT: Level = 4;
const RELATION: Level = 4;
const SUM: Level = 5;
const PRODUCT: Level = 6;
/// A number with a minus sign: it may start a product.
const NEGATIVE: Level = 7;
const CALL: Level = 8;
const ATOM: Level = 9;

struct Printer<'n> {
    names: &'n Names,
    vars: Vec<String>,
    dims: Vec<String>,
    /// How many parts may still be printed.
    left: u32,
}

/// Prints a term; `vars` and `dims` are the names in scope, outermost first.
pub fn show(t: &Term, names: &Names, vars: &[String], dims: &[String]) -> String {
    let mut p = Printer { names, vars: vars.to_vec(), dims: dims.to_vec(), left: PARTS };
    let text = p.at(t, LOOSE);
    if p.left == 0 { TOO_LARGE.to_owned() } else { text }
}

/// What is printed in the place of a term of too many parts.
pub(crate) const TOO_LARGE: &str = "a term too large to show";

/// Terms of more parts than this are not printed; a shared part counts each time it stands there, for it would be printed each time.
const PARTS: u32 = 100_000;

/// A rational as a number, or as a quotient.
pub fn rational(q: &Rational) -> String {
    if q.den == 1u8.into() { q.num.to_string() } else { format!("{}/{}", q.num, q.den) }
}

impl Printer<'_> {
    fn fresh(&self, base: &str) -> String {
        let mut name = base.to_owned();
        let mut n = 1;
        while self.vars.contains(&name) || self.dims.contains(&name) {
            name = format!("{base}{n}");
            n += 1;
        }
        name
    }

    fn wrap(&self, inner: String, own: Level, outer: Level) -> String {
        if own < outer { format!("({inner})") } else { inner }
    }

    fn under(&mut self, name: String, t: &Term, level: Level) -> String {
        self.vars.push(name);
        let s = self.at(t, level);
        self.vars.pop();
        s
    }

    fn under_dim(&mut self, t: &Term, level: Level) -> (String, String) {
        let name = self.fresh("i");
        self.dims.push(name.clone());
        let s = self.at(t, level);
        self.dims.pop();
        (name, s)
    }

    fn dim(&self, r: Dim) -> String {
        match r {
            Dim::Zero => "0".to_owned(),
            Dim::One => "1".to_owned(),
            Dim::Var(n) => pick(&self.dims, n),
        }
    }

    /// `a < b` recognised in `Path Bool (ltb a b) true`.
    fn less(t: &Term) -> Option<(Term, Term)> {
        let Node::Path(_, b, end) = &**t else { return None };
        if matches!(&**end, Node::Prim(Prim::True)) { Self::comparison(b) } else { None }
    }

    /// The two sides of a comparison that gives a Bool.
    fn comparison(b: &Term) -> Option<(Term, Term)> {
        let Node::App(f, y) = &**b else { return None };
        let Node::App(op, x) = &**f else { return None };
        matches!(&**op, Node::Prim(Prim::NatLtb | Prim::IntLtb | Prim::RealLtb)).then(|| (x.clone(), y.clone()))
    }

    fn at(&mut self, t: &Term, outer: Level) -> String {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return String::new();
        }
        if let Some((a, b)) = Self::less(t) {
            let s = format!("{} < {}", self.at(&a, SUM), self.at(&b, SUM));
            return self.wrap(s, RELATION, outer);
        }
        match &**t {
            Node::Var(n) => pick(&self.vars, *n),
            Node::Univ(n) => self.wrap(format!("U {n}"), CALL, outer),
            Node::Const { id, shift } => {
                if *id >= bfv_kernel::META_BASE {
                    return "_".to_owned();
                }
                let base = self.names.by_id.get(id).cloned().unwrap_or_else(|| format!("constant{id}"));
                if *shift == 0 { base } else { format!("{base}^{shift}") }
            }
            Node::Prim(p) => prim_name(*p).to_owned(),
            Node::NatLit(n) => n.to_string(),
            Node::IntLit(n) => {
                self.wrap(n.to_string(), if n.sign() == num_bigint::Sign::Minus { NEGATIVE } else { ATOM }, outer)
            }
            Node::RealLit(q) => {
                let whole = q.den == 1u8.into();
                let own = match (q.num.sign(), whole) {
                    (num_bigint::Sign::Minus, true) => NEGATIVE,
                    (_, true) => ATOM,
                    _ => PRODUCT,
                };
                self.wrap(rational(q), own, outer)
            }
            Node::Pi(a, b) => self.pi(a, b, outer),
            Node::Sigma(a, b) => self.sigma(a, b, outer),
            Node::Lam(b) => {
                let name = self.fresh("x");
                let s = format!("fun {name} => {}", self.under(name.clone(), b, LOOSE));
                self.loose(s, outer)
            }
            Node::DLam(b) => {
                let (i, s) = self.under_dim(b, LOOSE);
                self.loose(format!("fun {i} => {s}"), outer)
            }
            Node::App(..) => self.call(t, outer),
            Node::Let(_, v, b) => {
                let name = self.fresh("x");
                let s = format!("let {name} := {} in {}", self.at(v, LOOSE), self.under(name.clone(), b, LOOSE));
                self.loose(s, outer)
            }
            Node::Pair(a, b) => format!("({}, {})", self.at(a, LOOSE), self.at(b, LOOSE)),
            Node::Fst(p) => format!("{}.1", self.at(p, ATOM)),
            Node::Snd(p) => format!("{}.2", self.at(p, ATOM)),
            Node::Line(a) => {
                let (i, s) = self.under_dim(a, LOOSE);
                self.loose(format!("({i} : I) -> {s}"), outer)
            }
            Node::Path(_, l, r) => {
                let s = format!("{} = {}", self.at(l, SUM), self.at(r, SUM));
                self.wrap(s, RELATION, outer)
            }
            Node::LApp(p, r) | Node::PApp(p, _, _, r) => {
                let s = format!("{} @ {}", self.at(p, CALL), self.dim(*r));
                self.wrap(s, CALL, outer)
            }
            Node::Coe(r, s, a, x) => {
                let (i, a) = self.under_dim(a, LOOSE);
                let s = format!("coe {} {} (fun {i} => {a}) {}", self.dim(*r), self.dim(*s), self.at(x, ATOM));
                self.wrap(s, CALL, outer)
            }
            Node::HCom(r, s, a, faces, b) => {
                let sides: Vec<String> = faces.iter().map(|f| self.face(f)).collect();
                let (r, s) = (self.dim(*r), self.dim(*s));
                let s = format!("hcom {r} {s} {} [{}] {}", self.at(a, ATOM), sides.join(", "), self.at(b, ATOM));
                self.wrap(s, CALL, outer)
            }
            Node::EmptyElim(_, x) => self.elim("Empty.elim", &[], x, outer),
            Node::BoolElim(_, a, b, x) => {
                let c = match Self::comparison(x) {
                    Some((x, y)) => format!("{} < {}", self.at(&x, SUM), self.at(&y, SUM)),
                    None => self.at(x, RELATION),
                };
                let s = format!("if {c} then {} else {}", self.at(a, RELATION), self.at(b, RELATION));
                self.loose(s, outer)
            }
            Node::NatElim(_, z, s, x) => self.elim("Nat.elim", &[z, s], x, outer),
            Node::IntElim(_, p, n, x) => self.elim("Int.elim", &[p, n], x, outer),
            Node::Data(d, ps) => self.applied(&self.data_name(d.id), ps, outer),
            Node::Con(..) if let Some(steps) = self.steps(t) => {
                let steps: Vec<String> = steps.iter().map(|s| self.at(s, LOOSE)).collect();
                format!("[{}]", steps.join(", "))
            }
            Node::Con(d, c, _, xs, dims) => match self.position(t) {
                Some((n, None)) => n.to_string(),
                Some((n, Some(rest))) => {
                    let inner = self.at(&rest, ATOM);
                    let s = (1..n).fold(format!("fsuc {inner}"), |s, _| format!("fsuc ({s})"));
                    self.wrap(s, CALL, outer)
                }
                None if dims.is_empty() => self.applied(&self.constructor_name(d.id, *c), xs, outer),
                None => {
                    let mut s = self.applied(&self.constructor_name(d.id, *c), xs, LOOSE);
                    for r in dims {
                        s += &format!(" {}", self.dim(*r));
                    }
                    self.wrap(s, CALL, outer)
                }
            },
            Node::Glue(a, faces) => {
                let mut sides = Vec::new();
                for f in faces {
                    let part = format!("({}, {})", self.at(&f.ty, LOOSE), self.at(&f.equiv, LOOSE));
                    sides.push(format!("{} => {part}", self.cof(&f.cof)));
                }
                let s = format!("Glue {} [{}]", self.at(a, ATOM), sides.join(", "));
                self.wrap(s, CALL, outer)
            }
            Node::GlueEl(a, parts) => {
                let mut sides = Vec::new();
                for p in parts {
                    sides.push(format!("{} => {}", self.cof(&p.cof), self.at(&p.body, LOOSE)));
                }
                let s = format!("glue {} [{}]", self.at(a, ATOM), sides.join(", "));
                self.wrap(s, CALL, outer)
            }
            Node::Unglue(_, _, g) => {
                let s = format!("unglue {}", self.at(g, ATOM));
                self.wrap(s, CALL, outer)
            }
            Node::DataElim(d, _, _, bs, x) => {
                let branches: Vec<&Term> = bs.iter().collect();
                self.elim(&format!("{}.elim", self.data_name(d.id)), &branches, x, outer)
            }
            Node::Rule(r) => match &**r {
                Rule::Ring { .. } => "ring".to_owned(),
                Rule::Psatz { .. } => "psatz".to_owned(),
                Rule::Lia { .. } => "lia".to_owned(),
            },
        }
    }

    fn data_name(&self, id: u32) -> String {
        self.names.by_id.get(&id).cloned().unwrap_or_else(|| format!("data {id}"))
    }

    fn applied(&mut self, head: &str, args: &[Term], outer: Level) -> String {
        if args.is_empty() {
            return head.to_owned();
        }
        let args: Vec<String> = args.iter().map(|a| self.at(a, ATOM)).collect();
        self.wrap(format!("{head} {}", args.join(" ")), CALL, outer)
    }

    fn elim(&mut self, head: &str, args: &[&Term], x: &Term, outer: Level) -> String {
        let mut all: Vec<String> = args.iter().map(|a| self.at(a, ATOM)).collect();
        all.push(self.at(x, ATOM));
        self.wrap(format!("{head} {}", all.join(" ")), CALL, outer)
    }

    /// Functions, implications, and what negation stands for.
    fn pi(&mut self, a: &Term, b: &Term, outer: Level) -> String {
        if is_empty(b) {
            return self.negation(a, outer);
        }
        if walk::mentions(b, 0) {
            let name = self.fresh(base(a));
            let dom = self.at(a, LOOSE);
            let s = format!("forall ({name} : {dom}), {}", self.under(name.clone(), b, LOOSE));
            return self.loose(s, outer);
        }
        let dom = self.at(a, OR);
        let s = format!("{dom} -> {}", self.under("_".to_owned(), b, ARROW));
        self.wrap(s, ARROW, outer)
    }

    /// `a -> Empty`, in which `<=`, `!=`, `\\/` and `exists` are hidden.
    fn negation(&mut self, a: &Term, outer: Level) -> String {
        if let Some((x, y)) = Self::less(a) {
            let s = format!("{} <= {}", self.at(&y, SUM), self.at(&x, SUM));
            return self.wrap(s, RELATION, outer);
        }
        match &**a {
            // A truth value stands for itself being true.
            Node::Path(_, l, r) if matches!(**r, Node::Prim(Prim::True)) => self.not(l, outer),
            Node::Path(_, l, r) => {
                let s = format!("{} != {}", self.at(l, SUM), self.at(r, SUM));
                self.wrap(s, RELATION, outer)
            }
            Node::Sigma(l, r) => match (negated(l), negated(r)) {
                (Some(l), Some(r)) if !walk::mentions(&r, 0) => {
                    let (l, r) = (self.at(&l, AND), self.under("_".to_owned(), &r, OR));
                    self.wrap(format!("{l} \\/ {r}"), OR, outer)
                }
                _ => self.not(a, outer),
            },
            Node::Pi(dom, body) => match negated(body) {
                Some(body) if walk::mentions(&body, 0) => {
                    let name = self.fresh(base(dom));
                    let dom = self.at(dom, LOOSE);
                    let s = format!("exists ({name} : {dom}), {}", self.under(name.clone(), &body, LOOSE));
                    self.loose(s, outer)
                }
                _ => self.not(a, outer),
            },
            _ => self.not(a, outer),
        }
    }

    fn not(&mut self, a: &Term, outer: Level) -> String {
        let s = format!("not {}", self.at(a, CALL));
        self.wrap(s, NOT, outer)
    }

    fn sigma(&mut self, a: &Term, b: &Term, outer: Level) -> String {
        if walk::mentions(b, 0) {
            let name = self.fresh(base(a));
            let s = format!("Sigma ({name} : {}), {}", self.at(a, LOOSE), self.under(name.clone(), b, LOOSE));
            return self.loose(s, outer);
        }
        if let (Node::Pi(p, q), Node::Pi(r, s)) = (&**a, &**b)
            && !is_empty(q)
            && !is_empty(s)
            && *r == *q
            && *s == walk::shift(p, Depth { terms: 2, dims: 0 })
        {
            let (p, q) = (self.at(p, OR), self.under("_".to_owned(), q, OR));
            return self.wrap(format!("{p} <-> {q}"), IFF, outer);
        }
        if is_data(a) || is_data(b) {
            let (a, b) = (self.at(a, NEGATIVE), self.under("_".to_owned(), b, PRODUCT));
            return self.wrap(format!("{a} ** {b}"), PRODUCT, outer);
        }
        let (a, b) = (self.at(a, NOT), self.under("_".to_owned(), b, AND));
        self.wrap(format!("{a} /\\ {b}"), AND, outer)
    }

    /// What extends as far to the right as it can.
    fn loose(&self, inner: String, outer: Level) -> String {
        if outer == LOOSE { inner } else { format!("({inner})") }
    }

    fn face(&mut self, f: &Face) -> String {
        let cof = self.cof(&f.cof);
        let (i, body) = self.under_dim(&f.body, LOOSE);
        format!("{cof} => fun {i} => {body}")
    }

    fn cof(&self, cof: &Cof) -> String {
        let equations: Vec<String> = cof.iter().map(|(r, s)| format!("{} = {}", self.dim(*r), self.dim(*s))).collect();
        equations.join(" /\\ ")
    }

    fn constructor_name(&self, id: u32, c: u32) -> String {
        let known = self.names.constructors.get(&(id, c)).cloned();
        known.unwrap_or_else(|| format!("{}.constructor{c}", self.data_name(id)))
    }

    /// A position, an element of `Fin`: how many `fsuc` stand before the rest, and the rest where it is not the first position.
    fn position(&self, t: &Term) -> Option<(usize, Option<Term>)> {
        let sum = self.names.library("std.logic.Sum").and_then(|g| g.target.data())?.id;
        let (mut n, mut rest) = (0, t.clone());
        loop {
            let next = match &*rest {
                Node::Con(d, c, ps, xs, _) if d.id == sum => match (c, ps.as_slice(), xs.as_slice()) {
                    (0, [one, more], [x]) if is_unit(one) && self.is_fin(more) && is_star(x) => return Some((n, None)),
                    (1, [one, more], [x]) if is_unit(one) && self.is_fin(more) => x.clone(),
                    _ => return None,
                },
                _ => return if n == 0 { None } else { Some((n, Some(rest))) },
            };
            n += 1;
            rest = next;
        }
    }

    /// Whether a type is `Fin n`, as it is written or as it computes.
    fn is_fin(&self, t: &Term) -> bool {
        let fin = self.names.library("std.fin.Fin").and_then(|g| g.target.term());
        let sum = self.names.library("std.logic.Sum").and_then(|g| g.target.data()).map(|d| d.id);
        match &**t {
            Node::Prim(Prim::Empty) => true,
            Node::App(f, _) => Some(f) == fin.as_ref(),
            Node::Data(d, ps) if Some(d.id) == sum => {
                matches!(ps.as_slice(), [one, more] if is_unit(one) && self.is_fin(more))
            }
            _ => false,
        }
    }

    /// `[a, b]` recognised in `cons` and `nil` of the library.
    fn vector(&self, t: &Term) -> Option<Vec<Term>> {
        let named = |head: &Term, name: &str| {
            self.names.library(name).and_then(|g| g.target.term()).is_some_and(|c| c == *head)
        };
        let (mut items, mut rest) = (Vec::new(), t.clone());
        loop {
            let (head, args) = walk::unapply(&rest);
            match args.as_slice() {
                [walk::Argument::Term(_)] if named(&head, "std.vec.nil") => return Some(items),
                [_, _, walk::Argument::Term(a), walk::Argument::Term(tail)] if named(&head, "std.vec.cons") => {
                    items.push(a.clone());
                    rest = tail.clone();
                }
                _ => return None,
            }
        }
    }

    /// The steps of a run that is given from its start.
    fn steps(&self, t: &Term) -> Option<Vec<Term>> {
        let trace = self.names.library(crate::protocol::TRACE)?.target.data()?.id;
        let (mut steps, mut rest) = (Vec::new(), t);
        loop {
            match &**rest {
                Node::Con(d, _, _, fields, _) if d.id == trace => match fields.as_slice() {
                    [before, step] => {
                        steps.push(step.clone());
                        rest = before;
                    }
                    _ => break,
                },
                _ => return None,
            }
        }
        steps.reverse();
        Some(steps)
    }

    fn call(&mut self, t: &Term, outer: Level) -> String {
        if let Some(items) = self.vector(t) {
            let items: Vec<String> = items.iter().map(|i| self.at(i, LOOSE)).collect();
            return format!("[{}]", items.join(", "));
        }
        let (head, args) = walk::unapply(t);
        let terms: Vec<Term> =
            args.iter().filter_map(|a| if let walk::Argument::Term(t) = a { Some(t.clone()) } else { None }).collect();
        if let (Node::Prim(p), [a, b]) = (&*head, terms.as_slice()) {
            let infix = match p {
                Prim::NatAdd | Prim::IntAdd | Prim::RealAdd => Some(("+", SUM, PRODUCT)),
                Prim::NatSub | Prim::IntSub | Prim::RealSub => Some(("-", SUM, PRODUCT)),
                Prim::NatMul | Prim::IntMul | Prim::RealMul => Some(("*", PRODUCT, CALL)),
                _ => None,
            };
            if let (Prim::RealMul, Node::App(f, d)) = (p, &**b)
                && matches!(&**f, Node::Prim(Prim::RealInv))
            {
                let s = format!("{}/{}", self.at(a, NEGATIVE), self.at(d, ATOM));
                return self.wrap(s, PRODUCT, outer);
            }
            if let Some((op, own, right)) = infix {
                let s = format!("{} {op} {}", self.at(a, own), self.at(b, right));
                return self.wrap(s, own, outer);
            }
        }
        if let (Node::Prim(Prim::Suc), [a]) = (&*head, terms.as_slice()) {
            let s = format!("{} + 1", self.at(a, SUM));
            return self.wrap(s, SUM, outer);
        }
        let mut s = self.at(&head, CALL);
        // Metavariables are shown without the context they are applied to.
        if matches!(&*head, Node::Const { id, .. } if *id >= bfv_kernel::META_BASE) {
            return s;
        }
        let implicit = match &*head {
            Node::Const { id, .. } => self.names.implicit.get(id).cloned().unwrap_or_default(),
            _ => Vec::new(),
        };
        let hidden = |n: usize| implicit.get(n).copied().unwrap_or(false);
        if let Some(walk::Argument::Term(f)) = args.last()
            && let Node::Lam(body) = &**f
            && (0..args.len() - 1).all(hidden)
            && ["sum", "prod", "max", "min"].contains(&s.as_str())
        {
            let name = self.fresh("i");
            let s = format!("{s} {name}, {}", self.under(name.clone(), body, SUM));
            return self.wrap(s, SUM, outer);
        }
        for (n, a) in args.iter().enumerate() {
            match a {
                walk::Argument::Term(_) if hidden(n) => {}
                walk::Argument::Term(t) => s = format!("{s} {}", self.at(t, ATOM)),
                walk::Argument::Dim(r) => s = format!("{s} @ {}", self.dim(*r)),
            }
        }
        if s.contains(' ') { self.wrap(s, CALL, outer) } else { s }
    }
}

fn pick(names: &[String], index: u32) -> String {
    usize::try_from(index)
        .ok()
        .and_then(|n| names.len().checked_sub(n + 1))
        .and_then(|n| names.get(n).cloned())
        .unwrap_or_else(|| format!("x{index}"))
}

fn is_empty(t: &Term) -> bool {
    matches!(&**t, Node::Prim(Prim::Empty))
}

fn is_unit(t: &Term) -> bool {
    matches!(&**t, Node::Prim(Prim::Unit))
}

fn is_star(t: &Term) -> bool {
    matches!(&**t, Node::Prim(Prim::Star))
}

/// What a negation denies.
fn negated(t: &Term) -> Option<Term> {
    match &**t {
        Node::Pi(p, b) if is_empty(b) => Some(p.clone()),
        _ => None,
    }
}

/// Whether a type is surely no statement, so that its pairs are pairs of data.
fn is_data(t: &Term) -> bool {
    matches!(&**t, Node::Prim(Prim::Nat | Prim::Int | Prim::Real | Prim::Bool) | Node::Univ(_) | Node::Data(..))
}

/// A name for a variable of a type.
fn base(ty: &Term) -> &'static str {
    match &**ty {
        Node::Prim(Prim::Nat) => "n",
        Node::Pi(..) => "f",
        _ => "x",
    }
}
