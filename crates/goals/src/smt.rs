//! Goals as text of SMT-LIB 2.6 (Barrett, Fontaine, Tinelli 2017), for provers that are asked beside bfv. The goal is denied, so it holds where
//! the answer is `unsat`, and a counterexample is `sat`.
//!
//! That text has no types with parameters for functions, so each function is written once for each choice of types that it is called with. A
//! function as a value has no such text, and neither has a comparison of anything but whole numbers.

use crate::Fault;
use crate::node::{self, Node, list, text};
use crate::problem::Problem;
use crate::term::{Op, Order, Term};
use crate::types::Ty;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More copies of functions and data types than this come of a type that grows in a recursion.
const COPIES: usize = 400;

/// A TIP problem as text of SMT-LIB.
///
/// # Errors
/// The file is something else, or a part of it has no such text.
pub fn tip_smt(json: &str) -> Result<String, Fault> {
    let fault = |name: &str, what: String| Fault { name: name.to_owned(), what };
    let value = node::json(json).map_err(|e| fault("of this file", e))?;
    let name = text(&value, "id").map_err(|e| fault("of this file", e))?.to_owned();
    problem(&value).map_err(|e| fault(&name, e))
}

/// The propositional goals of a file, each with its name and its text. What is told of them is classical.
///
/// # Errors
/// The file is no list of such goals.
pub fn logic_smt(json: &str) -> Result<Vec<(String, String)>, Fault> {
    let fault = |what: String| Fault { name: "of this file".to_owned(), what };
    let value = node::json(json).map_err(fault)?;
    let all = value.as_array().ok_or_else(|| fault("The file is no list of goals.".to_owned()))?;
    all.iter().map(|g| Ok((text(g, "id")?.to_owned(), propositional(g)?))).collect::<Result<_, String>>().map_err(fault)
}

fn propositional(value: &Value) -> Result<String, String> {
    let mut atoms = BTreeSet::new();
    let mut asserted = String::new();
    for h in list(value, "hypotheses")? {
        asserted += &format!("(assert {})\n", formula(&Node::of(h)?, &mut atoms)?);
    }
    let goal = Node::of(value.get("goal").ok_or("The member goal is missing.")?)?;
    asserted += &format!("(assert (not {}))\n(check-sat)\n", formula(&goal, &mut atoms)?);
    let declared: String = atoms.iter().map(|a| format!("(declare-const {a} Bool)\n")).collect();
    Ok(format!("(set-logic QF_UF)\n{declared}{asserted}"))
}

fn formula(node: &Node, atoms: &mut BTreeSet<String>) -> Result<String, String> {
    let Some([Node::Word(head), parts @ ..]) = node.list() else {
        return Err(format!("This is no formula: {}.", node.shown()));
    };
    Ok(match (head.as_str(), parts) {
        ("true" | "false", []) => head.clone(),
        ("atom", [Node::Word(p)]) => {
            let atom = symbol("a", p, &[])?;
            atoms.insert(atom.clone());
            atom
        }
        ("not", [a]) => format!("(not {})", formula(a, atoms)?),
        (sign @ ("and" | "or" | "imp" | "iff"), [a, b]) => {
            let sign = match sign {
                "imp" => "=>",
                "iff" => "=",
                other => other,
            };
            format!("({sign} {} {})", formula(a, atoms)?, formula(b, atoms)?)
        }
        _ => return Err(format!("This is no formula: {}.", node.shown())),
    })
}

/// A name that no other kind of thing has, with the types that it is for.
fn symbol(kind: &str, name: &str, types: &[String]) -> Result<String, String> {
    // A name in bars says the same as the name without them.
    let name = name.strip_prefix('|').and_then(|n| n.strip_suffix('|')).unwrap_or(name);
    let mut out = format!("{kind} {name}");
    for ty in types {
        out += " ";
        out += &ty.replace('|', "'");
    }
    if name.contains(['|', '\\']) || !out.is_ascii() {
        return Err(format!("The name {name} cannot be written in SMT-LIB."));
    }
    Ok(format!("|{out}|"))
}

fn problem(value: &Value) -> Result<String, String> {
    let problem = Problem::read(value)?;
    let mut writer = Writer {
        problem: &problem,
        data: BTreeMap::new(),
        funs: BTreeSet::new(),
        open: Vec::new(),
        known: BTreeMap::new(),
    };
    for p in &problem.goal_params {
        writer.known.insert(p.clone(), symbol("t", p, &[])?);
    }
    let goal = writer.term(&problem.goal)?;
    let (mut heads, mut bodies) = (Vec::new(), Vec::new());
    while let Some((name, types)) = writer.open.pop() {
        let fun = problem.funs.get(&name).ok_or_else(|| format!("The function {name} is not defined."))?;
        let map: BTreeMap<String, Ty> = fun.params.iter().cloned().zip(types.iter().cloned()).collect();
        let mut args = Vec::new();
        for (x, ty) in &fun.args {
            args.push(format!("({} {})", symbol("v", x, &[])?, writer.ty(&ty.with(&map))?));
        }
        let ret = writer.ty(&fun.ret.with(&map))?;
        heads.push(format!("({} ({}) {ret})", writer.fun(&name, &types)?, args.join(" ")));
        bodies.push(writer.term(&fun.body.retyped(&|ty| ty.with(&map)))?);
    }
    let mut out = "(set-logic ALL)\n".to_owned();
    for sort in writer.known.values() {
        out += &format!("(declare-sort {sort} 0)\n");
    }
    if !writer.data.is_empty() {
        let (names, texts): (Vec<String>, Vec<String>) =
            writer.data.into_values().map(|(name, text)| (format!("({name} 0)"), text)).unzip();
        out += &format!("(declare-datatypes ({})\n ({}))\n", names.join(" "), texts.join("\n  "));
    }
    if !heads.is_empty() {
        out += &format!("(define-funs-rec\n ({})\n ({}))\n", heads.join("\n  "), bodies.join("\n  "));
    }
    Ok(out + &format!("(assert (not {goal}))\n(check-sat)\n"))
}

struct Writer<'p> {
    problem: &'p Problem,
    /// Name and constructors of each data type that was met.
    data: BTreeMap<Ty, (String, String)>,
    /// Functions that were met, with their types.
    funs: BTreeSet<(String, Vec<Ty>)>,
    /// Those of them that are not written yet.
    open: Vec<(String, Vec<Ty>)>,
    /// The types of which nothing is known.
    known: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn types(&mut self, types: &[Ty]) -> Result<Vec<String>, String> {
        types.iter().map(|t| self.ty(t)).collect()
    }

    fn ty(&mut self, ty: &Ty) -> Result<String, String> {
        Ok(match ty {
            Ty::Bool => "Bool".to_owned(),
            Ty::Int => "Int".to_owned(),
            Ty::Var(x) => self.known.get(x).cloned().ok_or_else(|| format!("The type {x} is not known."))?,
            Ty::Data(name, params) => {
                let types = self.types(params)?;
                let sort = symbol("t", name, &types)?;
                if self.data.contains_key(ty) {
                    return Ok(sort);
                }
                if self.data.len() >= COPIES {
                    return Err("Its data types have no end of copies.".to_owned());
                }
                let data = self.problem.data(name).ok_or_else(|| format!("The type {name} is not declared."))?;
                let map: BTreeMap<String, Ty> = data.params.iter().cloned().zip(params.iter().cloned()).collect();
                // It may stand in itself.
                self.data.insert(ty.clone(), (sort.clone(), String::new()));
                let mut cons = Vec::new();
                for con in &data.cons {
                    let mut fields = String::new();
                    for (n, (_, of)) in con.fields.iter().enumerate() {
                        let selector = symbol(&format!("s {n}"), &con.source, &types)?;
                        fields += &format!(" ({selector} {})", self.ty(&of.with(&map))?);
                    }
                    cons.push(format!("({}{fields})", symbol("c", &con.source, &types)?));
                }
                self.data.insert(ty.clone(), (sort.clone(), format!("({})", cons.join(" "))));
                sort
            }
            Ty::Fun(..) => return Err("A function stands as a value in it.".to_owned()),
            Ty::Meta(_) => return Err("A type in it is not determined.".to_owned()),
        })
    }

    fn fun(&mut self, name: &str, types: &[Ty]) -> Result<String, String> {
        let written = self.types(types)?;
        if self.funs.insert((name.to_owned(), types.to_vec())) {
            if self.funs.len() > COPIES {
                return Err("Its functions have no end of copies.".to_owned());
            }
            self.open.push((name.to_owned(), types.to_vec()));
        }
        symbol("f", name, &written)
    }

    fn row(&mut self, head: &str, parts: &[&Term]) -> Result<String, String> {
        let mut out = format!("({head}");
        for part in parts {
            out += " ";
            out += &self.term(part)?;
        }
        Ok(out + ")")
    }

    fn bound(&mut self, sign: &str, xs: &[(String, Ty)], body: &Term) -> Result<String, String> {
        let mut names = Vec::new();
        for (x, ty) in xs {
            names.push(format!("({} {})", symbol("v", x, &[])?, self.ty(ty)?));
        }
        let body = self.term(body)?;
        Ok(if names.is_empty() { body } else { format!("({sign} ({}) {body})", names.join(" ")) })
    }

    fn term(&mut self, term: &Term) -> Result<String, String> {
        Ok(match term {
            Term::Var(x) => symbol("v", x, &[])?,
            Term::Int(n) if n.sign() == num_bigint::Sign::Minus => format!("(- {})", n.magnitude()),
            Term::Int(n) => n.to_string(),
            Term::Bool(b) => b.to_string(),
            Term::Con(c, types, args) => {
                let (data, _) = self.problem.con(c).ok_or_else(|| format!("The constructor {c} is not declared."))?;
                let sort = self.ty(&Ty::Data(data.source.clone(), types.clone()))?;
                let name = symbol("c", c, &self.types(types)?)?;
                match args.as_slice() {
                    // Its type cannot be told from its arguments.
                    [] => format!("(as {name} {sort})"),
                    args => self.row(&name, &args.iter().collect::<Vec<_>>())?,
                }
            }
            Term::Call(f, types, args) => {
                let name = self.fun(f, types)?;
                if args.is_empty() { name } else { self.row(&name, &args.iter().collect::<Vec<_>>())? }
            }
            Term::App(..) | Term::Lam(..) => return Err("A function stands as a value in it.".to_owned()),
            Term::Match(of, ty, _, branches) => {
                let Ty::Data(_, types) = ty else { return Err("It matches on what is no data.".to_owned()) };
                let (types, of) = (self.types(types)?, self.term(of)?);
                let mut cases = Vec::new();
                for b in branches {
                    let con = symbol("c", &b.con, &types)?;
                    let vars = b.vars.iter().map(|x| symbol("v", x, &[])).collect::<Result<Vec<_>, _>>()?;
                    let pattern = if vars.is_empty() { con } else { format!("({con} {})", vars.join(" ")) };
                    cases.push(format!("({pattern} {})", self.term(&b.body)?));
                }
                format!("(match {of} ({}))", cases.join(" "))
            }
            Term::Ite(c, a, b, _) => self.row("ite", &[c, a, b])?,
            Term::Let(x, _, a, b) => format!("(let (({} {})) {})", symbol("v", x, &[])?, self.term(a)?, self.term(b)?),
            Term::Equal(_, a, b) => self.row("=", &[a, b])?,
            Term::Compare(order, Ty::Int, a, b) => {
                let sign = match order {
                    Order::Less => "<",
                    Order::AtMost => "<=",
                };
                self.row(sign, &[a, b])?
            }
            Term::Compare(..) => return Err("Values are compared in it that are no whole numbers.".to_owned()),
            Term::And(all) | Term::Or(all) => {
                let and = matches!(term, Term::And(_));
                match all.as_slice() {
                    [] => and.to_string(),
                    [one] => self.term(one)?,
                    all => self.row(if and { "and" } else { "or" }, &all.iter().collect::<Vec<_>>())?,
                }
            }
            Term::Not(a) => self.row("not", &[a])?,
            Term::Implies(a, b) => self.row("=>", &[a, b])?,
            Term::Arith(op, a, b) => {
                let sign = match op {
                    Op::Add => "+",
                    Op::Sub => "-",
                    Op::Mul => "*",
                    Op::Div => "div",
                    Op::Mod => "mod",
                };
                self.row(sign, &[a, b])?
            }
            Term::Forall(xs, body) => self.bound("forall", xs, body)?,
            Term::Exists(xs, body) => self.bound("exists", xs, body)?,
        })
    }
}
