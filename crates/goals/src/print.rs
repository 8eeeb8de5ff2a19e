//! Typed terms as text of the language.

use crate::calls::{Need, Needs};
use crate::equality::Helpers;
use crate::problem::Problem;
use crate::term::{Op, Order, Term};
use crate::types::Ty;
use std::collections::BTreeMap;

/// How a function is called.
#[derive(Clone, Debug)]
pub struct Callee {
    /// What stands in front of all arguments: a name, or a term in parentheses.
    pub head: String,
    /// Whether type parameters and tests belong to the head already.
    pub bound: bool,
    /// The tests that come first.
    pub needs: Needs,
    /// The arguments in the order in which the language takes them.
    pub order: Vec<usize>,
}

/// Everything that text is made with.
pub struct Printer<'p> {
    pub problem: &'p mut Problem,
    pub callees: BTreeMap<String, Callee>,
    /// Names of the tests of type parameters that the function at hand has.
    pub tests: BTreeMap<(String, Need), String>,
    pub helpers: Helpers,
    /// Whether some function has no value below zero in the original.
    pub cut: bool,
    /// Declarations so far.
    pub out: String,
}

type Text = Result<String, String>;

/// A text in parentheses, unless it is one word.
pub fn group(text: &str) -> String {
    let simple = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    if simple || wrapped(text) { text.to_owned() } else { format!("({text})") }
}

/// Whether one pair of parentheses is around all of it.
fn wrapped(text: &str) -> bool {
    let mut depth = 0u32;
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
    inner.is_some_and(|inner| {
        inner.chars().all(|c| {
            match c {
                '(' => depth += 1,
                ')' if depth == 0 => return false,
                ')' => depth -= 1,
                _ => {}
            }
            true
        }) && depth == 0
    })
}

impl Printer<'_> {
    /// The name of a type parameter.
    pub fn param(&self, p: &str) -> String {
        self.problem.params.get(p).cloned().unwrap_or_else(|| p.to_owned())
    }

    /// A type, in parentheses where it has several words.
    pub fn ty(&self, ty: &Ty) -> Text {
        Ok(match ty {
            Ty::Meta(_) => return Err("A type is not determined by the problem.".to_owned()),
            Ty::Var(p) => self.param(p),
            Ty::Bool => "Bool".to_owned(),
            Ty::Int => "Int".to_owned(),
            Ty::Data(d, args) => {
                let data = self.problem.data(d).ok_or_else(|| format!("The type {d} is not declared."))?;
                let mut out = if data.nat.is_some() { "Nat".to_owned() } else { data.name.clone() };
                for a in args {
                    out = format!("{out} {}", self.ty(a)?);
                }
                group(&out)
            }
            Ty::Fun(a, b) => format!("({} -> {})", self.ty(a)?, self.ty(b)?),
        })
    }

    /// A pattern, or a constructor with its arguments.
    pub fn con(&self, con: &str, args: &[String]) -> Text {
        let (data, c) = self.problem.con(con).ok_or_else(|| format!("The constructor {con} is not declared."))?;
        let head = match &data.nat {
            Some((zero, _)) if *zero == con => "0",
            Some(_) => "suc",
            None => c.name.as_str(),
        };
        Ok(std::iter::once(head).chain(args.iter().map(String::as_str)).collect::<Vec<_>>().join(" "))
    }

    /// Type parameters that do not follow from the types of the arguments are given, all of them then.
    fn given(&self, params: &[String], types: &[Ty], tys: &[Ty]) -> Text {
        if params.iter().all(|p| types.iter().any(|t| t.mentions(p))) {
            return Ok(String::new());
        }
        tys.iter().map(|t| Ok(format!(" {{{}}}", self.ty(t)?))).collect()
    }

    /// A term as an argument.
    pub fn arg(&mut self, t: &Term) -> Text {
        Ok(group(&self.term(t, false)?))
    }

    fn args(&mut self, all: &[Term]) -> Result<Vec<String>, String> {
        all.iter().map(|t| self.arg(t)).collect()
    }

    /// A term; `checked` where its type is known from its place.
    pub fn term(&mut self, t: &Term, checked: bool) -> Text {
        Ok(match t {
            Term::Var(x) => x.clone(),
            Term::Int(n) => format!("({n} : Int)"),
            Term::Bool(b) => b.to_string(),
            Term::Con(con, tys, args) => {
                let (data, c) =
                    self.problem.con(con).ok_or_else(|| format!("The constructor {con} is not declared."))?;
                let fields: Vec<Ty> = c.fields.iter().map(|(_, t)| t.clone()).collect();
                let nat = data.nat.is_some();
                let given = self.given(&data.params, &fields, tys)?;
                let args = self.args(args)?;
                let rest: String = args.iter().map(|a| format!(" {a}")).collect();
                let head = self.con(con, &[])?;
                if nat && args.is_empty() { "(0 : Nat)".to_owned() } else { format!("{head}{given}{rest}") }
            }
            Term::Call(f, tys, args) => self.call(f, tys, args)?,
            Term::App(f, args) => {
                let f = self.arg(f)?;
                std::iter::once(f).chain(self.args(args)?).collect::<Vec<_>>().join(" ")
            }
            Term::Lam(xs, b) => {
                let mut binders = String::new();
                for (x, ty) in xs {
                    binders += &format!(" ({x} : {})", self.ty(ty)?);
                }
                format!("fun{binders} => {}", self.term(b, false)?)
            }
            Term::Match(s, _, ty, branches) => {
                let mut out = format!("match {} with", self.term(s, false)?);
                for b in branches {
                    out += &format!(" | {} => {}", self.con(&b.con, &b.vars)?, self.term(&b.body, true)?);
                }
                out += " end";
                if checked { out } else { format!("({out} : {})", self.ty(ty)?) }
            }
            Term::Ite(c, a, b, ty) => {
                let out =
                    format!("if {} then {} else {}", self.term(c, false)?, self.term(a, true)?, self.term(b, true)?);
                if checked { out } else { format!("({out} : {})", self.ty(ty)?) }
            }
            Term::Let(x, ty, a, b) => {
                let (ty, a, b) = (self.ty(ty)?, self.term(a, true)?, self.term(b, checked)?);
                format!("let {x} := ({a} : {ty}) in {b}")
            }
            Term::Equal(ty, a, b) => {
                let test = self.same(ty)?;
                format!("{test} {} {}", self.arg(a)?, self.arg(b)?)
            }
            Term::Compare(order, ty, a, b) => {
                let less = self.less(ty)?;
                let (a, b) = (self.arg(a)?, self.arg(b)?);
                match order {
                    Order::Less => format!("{less} {a} {b}"),
                    Order::AtMost => format!("(if {less} {b} {a} then false else true)"),
                }
            }
            Term::And(all) => self.chain(all, |a, b| format!("if {a} then {b} else false"), "true")?,
            Term::Or(all) => self.chain(all, |a, b| format!("if {a} then true else {b}"), "false")?,
            Term::Not(a) => format!("(if {} then false else true)", self.term(a, false)?),
            Term::Implies(a, b) => format!("(if {} then {} else true)", self.term(a, false)?, self.term(b, false)?),
            Term::Arith(op, a, b) => {
                let (x, y) = (self.arg(a)?, self.arg(b)?);
                match op {
                    Op::Add => format!("({x} + {y})"),
                    Op::Sub => format!("({x} - {y})"),
                    Op::Mul => format!("({x} * {y})"),
                    Op::Div => format!("{} {x} {y}", self.division()),
                    Op::Mod => format!("{} {x} {y}", self.remainder()),
                }
            }
            Term::Forall(..) | Term::Exists(..) => {
                return Err("A quantifier stands where a Bool is needed.".to_owned());
            }
        })
    }

    fn chain(&mut self, all: &[Term], join: impl Fn(&str, &str) -> String, none: &str) -> Text {
        let mut all: Vec<String> = all.iter().map(|t| self.term(t, false)).collect::<Result<_, _>>()?;
        let Some(last) = all.pop() else { return Ok(none.to_owned()) };
        Ok(all.iter().rev().fold(last, |out, a| format!("({})", join(a, &out))))
    }

    fn call(&mut self, f: &str, tys: &[Ty], args: &[Term]) -> Text {
        let fun = self.problem.funs.get(f).ok_or_else(|| format!("The function {f} is not declared."))?;
        let (params, types): (Vec<String>, Vec<Ty>) =
            (fun.params.clone(), fun.args.iter().map(|(_, t)| t.clone()).collect());
        let callee =
            self.callees.get(f).cloned().ok_or_else(|| format!("The function {f} is used before it is defined."))?;
        let mut out = callee.head.clone();
        if !callee.bound {
            out += &self.given(&params, &types, tys)?;
            for (p, need) in &callee.needs {
                let ty = params.iter().position(|q| q == p).and_then(|n| tys.get(n));
                let ty = ty.ok_or("A type parameter is missing.")?;
                let test = match need {
                    Need::Equal => self.same(ty)?,
                    Need::Less => self.less(ty)?,
                };
                out += &format!(" {}", group(&test));
            }
        }
        for n in &callee.order {
            let arg = args.get(*n).ok_or_else(|| format!("An argument of {f} is missing."))?;
            out += &format!(" {}", self.arg(arg)?);
        }
        Ok(out)
    }

    /// A Bool as a statement.
    pub fn statement(&mut self, t: &Term) -> Text {
        Ok(match t {
            Term::Bool(true) => "Unit".to_owned(),
            Term::Bool(false) => "Empty".to_owned(),
            Term::Forall(xs, b) => format!("forall{}, {}", self.binders(xs)?, self.statement(b)?),
            Term::Exists(xs, b) => format!("exists{}, {}", self.binders(xs)?, self.statement(b)?),
            Term::Implies(a, b) => format!("{} -> {}", self.operand(a)?, self.statement(b)?),
            Term::And(all) => self.joined(all, " /\\ ", "Unit")?,
            Term::Or(all) => self.joined(all, " \\/ ", "Empty")?,
            Term::Not(a) => match &**a {
                Term::Equal(_, a, b) => format!("not ({} = {})", self.arg(a)?, self.arg(b)?),
                Term::And(_) | Term::Or(_) | Term::Not(_) | Term::Implies(..) | Term::Forall(..) | Term::Exists(..) => {
                    format!("not {}", self.operand(a)?)
                }
                Term::Compare(_, Ty::Int, ..) => format!("not {}", self.operand(a)?),
                other => format!("{} = false", self.arg(other)?),
            },
            Term::Equal(_, a, b) => format!("{} = {}", self.arg(a)?, self.arg(b)?),
            Term::Compare(order, Ty::Int, a, b) => {
                let sign = if *order == Order::Less { "<" } else { "<=" };
                format!("{} {sign} {}", self.arg(a)?, self.arg(b)?)
            }
            other => format!("{} = true", self.arg(other)?),
        })
    }

    fn operand(&mut self, t: &Term) -> Text {
        Ok(group(&self.statement(t)?))
    }

    fn joined(&mut self, all: &[Term], sign: &str, none: &str) -> Text {
        let all: Vec<String> = all.iter().map(|t| self.operand(t)).collect::<Result<_, _>>()?;
        Ok(if all.is_empty() { none.to_owned() } else { all.join(sign) })
    }

    fn binders(&mut self, xs: &[(String, Ty)]) -> Text {
        xs.iter().map(|(x, ty)| Ok(format!(" ({x} : {})", self.ty(ty)?))).collect()
    }
}
