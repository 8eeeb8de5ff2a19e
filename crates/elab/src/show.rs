//! Core terms in the words of the source, for messages. Not parsed back.

use crate::names::{Names, prim_name};
use crate::walk;
use bfv_format::{Dim, Node, Prim, Rational, Rule, Term};

/// How loosely an expression binds: a larger number binds tighter.
type Level = u8;
const LOOSE: Level = 0;
const ARROW: Level = 1;
const AND: Level = 2;
const RELATION: Level = 3;
const SUM: Level = 4;
const PRODUCT: Level = 5;
const CALL: Level = 6;
const ATOM: Level = 7;

struct Printer<'n> {
    names: &'n Names,
    vars: Vec<String>,
    dims: Vec<String>,
}

/// Prints a term; `vars` and `dims` are the names in scope, outermost first.
pub fn show(t: &Term, names: &Names, vars: &[String], dims: &[String]) -> String {
    let mut p = Printer { names, vars: vars.to_vec(), dims: dims.to_vec() };
    p.at(t, LOOSE)
}

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
        if !matches!(&**end, Node::Prim(Prim::True)) {
            return None;
        }
        let Node::App(f, y) = &**b else { return None };
        let Node::App(op, x) = &**f else { return None };
        matches!(&**op, Node::Prim(Prim::NatLtb | Prim::IntLtb | Prim::RealLtb)).then(|| (x.clone(), y.clone()))
    }

    fn at(&mut self, t: &Term, outer: Level) -> String {
        if let Some((a, b)) = Self::less(t) {
            let s = format!("{} < {}", self.at(&a, SUM), self.at(&b, SUM));
            return self.wrap(s, RELATION, outer);
        }
        match &**t {
            Node::Var(n) => pick(&self.vars, *n),
            Node::Univ(n) => self.wrap(format!("U {n}"), CALL, outer),
            Node::Const { id, shift } => {
                let base = if *id >= bfv_kernel::META_BASE {
                    format!("?{}", id - bfv_kernel::META_BASE)
                } else {
                    self.names.by_id.get(id).cloned().unwrap_or_else(|| format!("constant {id}"))
                };
                if *shift == 0 { base } else { format!("{base}^{shift}") }
            }
            Node::Prim(p) => prim_name(*p).to_owned(),
            Node::NatLit(n) => n.to_string(),
            Node::IntLit(n) => {
                self.wrap(n.to_string(), if n.sign() == num_bigint::Sign::Minus { SUM } else { ATOM }, outer)
            }
            Node::RealLit(q) => {
                let own = if q.den == 1u8.into() && q.num.sign() != num_bigint::Sign::Minus { ATOM } else { PRODUCT };
                self.wrap(rational(q), own, outer)
            }
            Node::Pi(a, b) => {
                let s = self.pi(a, b);
                let own =
                    if matches!(&**b, Node::Prim(Prim::Empty)) && Self::less(a).is_some() { RELATION } else { ARROW };
                self.wrap(s, own, outer)
            }
            Node::Sigma(a, b) if !walk::mentions(b, 0) => {
                let (a, b) = (self.at(a, RELATION), self.under("_".to_owned(), b, AND));
                self.wrap(format!("{a} /\\ {b}"), AND, outer)
            }
            Node::Sigma(a, b) => {
                let name = self.fresh("x");
                let s = format!("Sigma ({name} : {}), {}", self.at(a, LOOSE), self.under(name.clone(), b, LOOSE));
                self.wrap(s, LOOSE, outer)
            }
            Node::Lam(b) => {
                let name = self.fresh("x");
                let s = format!("fun {name} => {}", self.under(name.clone(), b, LOOSE));
                self.wrap(s, LOOSE, outer)
            }
            Node::DLam(b) => {
                let (i, s) = self.under_dim(b, LOOSE);
                self.wrap(format!("fun {i} => {s}"), LOOSE, outer)
            }
            Node::App(..) => self.call(t, outer),
            Node::Let(_, v, b) => {
                let name = self.fresh("x");
                let s = format!("let {name} := {} in {}", self.at(v, LOOSE), self.under(name.clone(), b, LOOSE));
                self.wrap(s, LOOSE, outer)
            }
            Node::Pair(a, b) => format!("({}, {})", self.at(a, LOOSE), self.at(b, LOOSE)),
            Node::Fst(p) => format!("{}.1", self.at(p, ATOM)),
            Node::Snd(p) => format!("{}.2", self.at(p, ATOM)),
            Node::Line(a) => {
                let (i, s) = self.under_dim(a, LOOSE);
                self.wrap(format!("({i} : I) -> {s}"), ARROW, outer)
            }
            Node::Path(a, l, r) => {
                let s = format!("{} = {}", self.at(l, SUM), self.at(r, SUM));
                let _ = a;
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
            Node::HCom(r, s, a, _, b) => {
                let s =
                    format!("hcom {} {} {} [...] {}", self.dim(*r), self.dim(*s), self.at(a, ATOM), self.at(b, ATOM));
                self.wrap(s, CALL, outer)
            }
            Node::EmptyElim(_, x) => self.elim("Empty.elim", &[], x, outer),
            Node::BoolElim(_, a, b, x) => {
                let s =
                    format!("if {} then {} else {}", self.at(x, RELATION), self.at(a, RELATION), self.at(b, RELATION));
                self.wrap(s, LOOSE, outer)
            }
            Node::NatElim(_, z, s, x) => self.elim("Nat.elim", &[z, s], x, outer),
            Node::IntElim(_, p, n, x) => self.elim("Int.elim", &[p, n], x, outer),
            Node::Data(d, ps) => self.applied(&self.data_name(d.id), ps, outer),
            Node::Con(d, c, _, xs) => self.applied(&format!("{}.{c}", self.data_name(d.id)), xs, outer),
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

    fn pi(&mut self, a: &Term, b: &Term) -> String {
        if matches!(&**b, Node::Prim(Prim::Empty)) {
            // `a <= b` is `not (b < a)`.
            return match Self::less(a) {
                Some((x, y)) => format!("{} <= {}", self.at(&y, SUM), self.at(&x, SUM)),
                None => format!("not {}", self.at(a, CALL)),
            };
        }
        if walk::mentions(b, 0) {
            let name = self.fresh("x");
            let dom = self.at(a, LOOSE);
            return format!("forall ({name} : {dom}), {}", self.under(name.clone(), b, LOOSE));
        }
        let dom = self.at(a, AND);
        format!("{dom} -> {}", self.under("_".to_owned(), b, ARROW))
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
                let s = format!("{}/{}", self.at(a, CALL), self.at(d, ATOM));
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
        for a in &args {
            match a {
                walk::Argument::Term(t) => s = format!("{s} {}", self.at(t, ATOM)),
                walk::Argument::Dim(r) => s = format!("{s} @ {}", self.dim(*r)),
            }
        }
        self.wrap(s, CALL, outer)
    }
}

fn pick(names: &[String], index: u32) -> String {
    usize::try_from(index)
        .ok()
        .and_then(|n| names.len().checked_sub(n + 1))
        .and_then(|n| names.get(n).cloned())
        .unwrap_or_else(|| format!("x{index}"))
}
