//! From words to typed terms: types are found by unification.

use crate::names::Names;
use crate::node::Node;
use crate::problem::Data;
use crate::term::{Branch, Op, Order, Term};
use crate::types::{Metas, Ty};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// A name of the source, its name in the language, its type.
type Scope = Vec<(String, String, Ty)>;

struct Sig {
    params: Vec<String>,
    args: Vec<Ty>,
    ret: Ty,
}

/// A type of the words of a problem.
///
/// # Errors
/// It is no type.
pub fn plain(node: &Node, params: &[String]) -> Result<Ty, String> {
    match node {
        Node::Word(w) => Ok(match w.as_str() {
            _ if params.contains(w) => Ty::Var(w.clone()),
            "Bool" => Ty::Bool,
            "Int" => Ty::Int,
            _ => Ty::Data(w.clone(), Vec::new()),
        }),
        Node::List(all) => match all.as_slice() {
            [Node::Word(arrow), from @ .., to] if arrow == "=>" && !from.is_empty() => {
                let from = from.iter().map(|t| plain(t, params)).collect::<Result<Vec<_>, _>>()?;
                Ok(Ty::function(from.into_iter(), plain(to, params)?))
            }
            [Node::Word(d), args @ ..] if !args.is_empty() => {
                Ok(Ty::Data(d.clone(), args.iter().map(|t| plain(t, params)).collect::<Result<_, _>>()?))
            }
            _ => Err(format!("This is no type: {}.", node.shown())),
        },
    }
}

pub struct Reader<'d> {
    data: &'d [Data],
    funs: BTreeMap<String, Sig>,
    metas: Metas,
}

impl<'d> Reader<'d> {
    pub fn new(data: &'d [Data]) -> Self {
        Reader { data, funs: BTreeMap::new(), metas: Metas::default() }
    }

    pub fn declare(&mut self, name: &str, params: Vec<String>, args: Vec<Ty>, ret: Ty) {
        self.funs.insert(name.to_owned(), Sig { params, args, ret });
    }

    /// Whether a word names nothing.
    pub fn unknown(&self, word: &str) -> bool {
        !self.data.iter().any(|d| d.source == word || d.cons.iter().any(|c| c.source == word))
            && !self.funs.contains_key(word)
    }

    /// A type whose data types are declared.
    ///
    /// # Errors
    /// It is no type.
    pub fn ty(&self, node: &Node, params: &[String]) -> Result<Ty, String> {
        let ty = plain(node, params)?;
        self.declared(&ty)?;
        Ok(ty)
    }

    fn declared(&self, ty: &Ty) -> Result<(), String> {
        match ty {
            Ty::Data(d, args) => {
                let Some(data) = self.data.iter().find(|x| x.source == *d) else {
                    return Err(format!("The type {d} is not declared."));
                };
                if data.params.len() != args.len() {
                    return Err(format!("The type {d} has another number of parameters."));
                }
                args.iter().try_for_each(|a| self.declared(a))
            }
            Ty::Fun(a, b) => {
                self.declared(a)?;
                self.declared(b)
            }
            Ty::Meta(_) | Ty::Var(_) | Ty::Bool | Ty::Int => Ok(()),
        }
    }

    /// A whole body of a type.
    ///
    /// # Errors
    /// It has no such type, or something in it is not supported.
    pub fn whole(
        &mut self,
        node: &Node,
        scope: Scope,
        params: &[String],
        ty: &Ty,
        names: &mut Names,
    ) -> Result<Term, String> {
        let mut body = Body { reader: self, scope, params, names };
        let term = body.term(node, ty)?;
        let metas = &self.metas;
        Ok(term.retyped(&|t| metas.known(t)))
    }
}

struct Body<'r, 'd> {
    reader: &'r mut Reader<'d>,
    scope: Scope,
    params: &'r [String],
    names: &'r mut Names,
}

impl Body<'_, '_> {
    fn fresh(&mut self) -> Ty {
        self.reader.metas.fresh()
    }

    fn same(&mut self, a: &Ty, b: &Ty) -> Result<(), String> {
        self.reader.metas.unify(a, b)
    }

    /// Takes in variables, and gives their new names.
    fn bind(&mut self, all: &[(String, Ty)]) -> Vec<(String, Ty)> {
        all.iter()
            .map(|(x, ty)| {
                let new = self.names.fresh(x);
                self.scope.push((x.clone(), new.clone(), ty.clone()));
                (new, ty.clone())
            })
            .collect()
    }

    fn below<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        let depth = self.scope.len();
        let out = work(self);
        self.scope.truncate(depth);
        out
    }

    /// A constructor or a function with fresh type parameters: the parameters, the types of its arguments, and its result.
    fn instance(&mut self, name: &str) -> Option<(bool, Vec<Ty>, Vec<Ty>, Ty)> {
        let found = self.reader.data.iter().find_map(|d| d.cons.iter().find(|c| c.source == name).map(|c| (d, c)));
        if let Some((d, c)) = found {
            let fresh: Vec<Ty> = d.params.iter().map(|_| self.reader.metas.fresh()).collect();
            let map = d.params.iter().cloned().zip(fresh.iter().cloned()).collect();
            let args = c.fields.iter().map(|(_, t)| t.with(&map)).collect();
            return Some((true, fresh.clone(), args, Ty::Data(d.source.clone(), fresh)));
        }
        let sig = self.reader.funs.get(name)?;
        let fresh: Vec<Ty> = sig.params.iter().map(|_| self.reader.metas.fresh()).collect();
        let map = sig.params.iter().cloned().zip(fresh.iter().cloned()).collect();
        let args = sig.args.iter().map(|t| t.with(&map)).collect();
        Some((false, fresh, args, sig.ret.with(&map)))
    }

    /// A constructor or a function applied, with type parameters where they are given.
    fn applied(&mut self, name: &str, given: &[Node], args: &[Node], want: &Ty) -> Result<Term, String> {
        let Some((is_con, params, types, ret)) = self.instance(name) else {
            return Err(format!("The name {name} stands for nothing."));
        };
        if !given.is_empty() {
            if given.len() != params.len() {
                return Err(format!("The word {name} gets a wrong number of types."));
            }
            for (p, t) in params.iter().zip(given) {
                let t = self.reader.ty(t, self.params)?;
                self.same(p, &t)?;
            }
        }
        if types.len() != args.len() {
            return Err(format!("The word {name} takes {} arguments, and has {}.", types.len(), args.len()));
        }
        self.same(&ret, want)?;
        let args = args.iter().zip(&types).map(|(a, t)| self.term(a, t)).collect::<Result<_, _>>()?;
        Ok(if is_con { Term::Con(name.to_owned(), params, args) } else { Term::Call(name.to_owned(), params, args) })
    }

    fn word(&mut self, w: &str, want: &Ty) -> Result<Term, String> {
        if let Some((_, new, ty)) = self.scope.iter().rev().find(|(x, ..)| x == w) {
            let (new, ty) = (new.clone(), ty.clone());
            self.same(&ty, want)?;
            return Ok(Term::Var(new));
        }
        if let "true" | "false" = w {
            self.same(want, &Ty::Bool)?;
            return Ok(Term::Bool(w == "true"));
        }
        if let Ok(n) = w.parse::<BigInt>() {
            self.same(want, &Ty::Int)?;
            return Ok(Term::Int(n));
        }
        self.applied(w, &[], &[], want)
    }

    fn term(&mut self, node: &Node, want: &Ty) -> Result<Term, String> {
        let all = match node {
            Node::Word(w) => return self.word(w, want),
            Node::List(all) => all.as_slice(),
        };
        match all {
            [Node::List(inner), args @ ..] => match inner.as_slice() {
                [Node::Word(under), Node::Word(name), given @ ..] if under == "_" => {
                    self.applied(name, given, args, want)
                }
                _ => Err(format!("This is no term: {}.", node.shown())),
            },
            [Node::Word(head), args @ ..] => self.headed(head, args, node, want),
            [] => Err("An empty list is no term.".to_owned()),
        }
    }

    fn two(&mut self, a: &Node, b: &Node, ty: &Ty) -> Result<(Box<Term>, Box<Term>), String> {
        Ok((Box::new(self.term(a, ty)?), Box::new(self.term(b, ty)?)))
    }

    fn bools(&mut self, all: &[Node]) -> Result<Vec<Term>, String> {
        all.iter().map(|a| self.term(a, &Ty::Bool)).collect()
    }

    fn headed(&mut self, head: &str, args: &[Node], node: &Node, want: &Ty) -> Result<Term, String> {
        // What the problem declares goes before what the language of problems has.
        if !self.reader.unknown(head) {
            return self.applied(head, &[], args, want);
        }
        match (head, args) {
            ("_", [Node::Word(name), given @ ..]) => self.applied(name, given, &[], want),
            ("match", [scrutinee, cases]) => self.matched(scrutinee, cases.list().unwrap_or(&[]), want),
            ("ite", [c, a, b]) => {
                let c = Box::new(self.term(c, &Ty::Bool)?);
                let (a, b) = self.two(a, b, want)?;
                Ok(Term::Ite(c, a, b, want.clone()))
            }
            ("let", [bound, body]) => self.lets(bound.list().unwrap_or(&[]), body, want),
            ("lambda", [xs, body]) => {
                let xs = self.binders(xs)?;
                let result = self.fresh();
                self.same(want, &Ty::function(xs.iter().map(|(_, t)| t.clone()), result.clone()))?;
                self.below(|b| {
                    let xs = b.bind(&xs);
                    Ok(Term::Lam(xs, Box::new(b.term(body, &result)?)))
                })
            }
            ("forall" | "exists", [xs, body]) => {
                self.same(want, &Ty::Bool)?;
                let xs = self.binders(xs)?;
                self.below(|b| {
                    let xs = b.bind(&xs);
                    let body = Box::new(b.term(body, &Ty::Bool)?);
                    Ok(if head == "forall" { Term::Forall(xs, body) } else { Term::Exists(xs, body) })
                })
            }
            ("@", [f, args @ ..]) if !args.is_empty() => {
                let types: Vec<Ty> = args.iter().map(|_| self.fresh()).collect();
                let f = self.term(f, &Ty::function(types.iter().cloned(), want.clone()))?;
                let args = args.iter().zip(&types).map(|(a, t)| self.term(a, t)).collect::<Result<_, _>>()?;
                Ok(Term::App(Box::new(f), args))
            }
            ("=" | "distinct", [_, _, ..]) => {
                self.same(want, &Ty::Bool)?;
                let ty = self.fresh();
                let all: Vec<Term> = args.iter().map(|a| self.term(a, &ty)).collect::<Result<_, _>>()?;
                let equal = |a: &Term, b: &Term| Term::Equal(ty.clone(), Box::new(a.clone()), Box::new(b.clone()));
                let mut out = Vec::new();
                for (n, a) in all.iter().enumerate() {
                    if head == "=" {
                        out.extend(all.get(n + 1).map(|b| equal(a, b)));
                    } else {
                        out.extend(all.iter().skip(n + 1).map(|b| Term::Not(Box::new(equal(a, b)))));
                    }
                }
                Ok(match (out.pop(), out.is_empty()) {
                    (Some(one), true) => one,
                    (last, _) => Term::And(out.into_iter().chain(last).collect()),
                })
            }
            ("and" | "or" | "not" | "=>", all) => {
                self.same(want, &Ty::Bool)?;
                let mut all = self.bools(all)?;
                match head {
                    "and" => Ok(Term::And(all)),
                    "or" => Ok(Term::Or(all)),
                    "not" if all.len() == 1 => Ok(Term::Not(Box::new(all.remove(0)))),
                    "=>" => {
                        let last = all.pop().ok_or("An implication has no parts.")?;
                        Ok(all.into_iter().rev().fold(last, |b, a| Term::Implies(Box::new(a), Box::new(b))))
                    }
                    _ => Err(format!("This is no term: {}.", node.shown())),
                }
            }
            ("<" | "<=" | ">" | ">=", [a, b]) => {
                self.same(want, &Ty::Bool)?;
                let ty = self.fresh();
                let (a, b) = self.two(a, b, &ty)?;
                let order = if head.len() == 1 { Order::Less } else { Order::AtMost };
                Ok(if head.starts_with('<') { Term::Compare(order, ty, a, b) } else { Term::Compare(order, ty, b, a) })
            }
            ("-", [a]) => {
                self.same(want, &Ty::Int)?;
                let a = self.term(a, &Ty::Int)?;
                Ok(Term::Arith(Op::Sub, Box::new(Term::Int(0.into())), Box::new(a)))
            }
            ("+" | "-" | "*" | "div" | "mod", [first, rest @ ..]) if !rest.is_empty() => {
                self.same(want, &Ty::Int)?;
                let op = match head {
                    "+" => Op::Add,
                    "-" => Op::Sub,
                    "*" => Op::Mul,
                    "div" => Op::Div,
                    _ => Op::Mod,
                };
                let mut out = self.term(first, &Ty::Int)?;
                for b in rest {
                    let b = self.term(b, &Ty::Int)?;
                    if matches!(op, Op::Div | Op::Mod)
                        && !matches!(&b, Term::Int(n) if n.sign() == num_bigint::Sign::Plus)
                    {
                        return Err(format!(
                            "The operation {head} is translated for a positive number as divisor only."
                        ));
                    }
                    out = Term::Arith(op, Box::new(out), Box::new(b));
                }
                Ok(out)
            }
            _ => Err(format!("This is no term, or its head is not known: {}.", node.shown())),
        }
    }

    fn binders(&mut self, node: &Node) -> Result<Vec<(String, Ty)>, String> {
        let mut out = Vec::new();
        for b in node.list().unwrap_or(&[]) {
            let Some([Node::Word(x), ty]) = b.list() else {
                return Err(format!("This is no name with a type: {}.", b.shown()));
            };
            out.push((x.clone(), self.reader.ty(ty, self.params)?));
        }
        Ok(out)
    }

    fn lets(&mut self, bound: &[Node], body: &Node, want: &Ty) -> Result<Term, String> {
        let mut values = Vec::new();
        for b in bound {
            let Some([Node::Word(x), value]) = b.list() else {
                return Err(format!("This is no name with a value: {}.", b.shown()));
            };
            let ty = self.fresh();
            let value = self.term(value, &ty)?;
            values.push((x.clone(), ty, value));
        }
        self.below(|b| {
            let xs = b.bind(&values.iter().map(|(x, ty, _)| (x.clone(), ty.clone())).collect::<Vec<_>>());
            let body = b.term(body, want)?;
            let all = xs.into_iter().zip(values).rev();
            Ok(all.fold(body, |out, ((x, ty), (_, _, value))| Term::Let(x, ty, Box::new(value), Box::new(out))))
        })
    }

    fn matched(&mut self, scrutinee: &Node, cases: &[Node], want: &Ty) -> Result<Term, String> {
        let of = self.fresh();
        let scrutinee = self.term(scrutinee, &of)?;
        let mut given: Vec<(&str, Vec<String>, &Node)> = Vec::new();
        let mut default = None;
        for case in cases {
            let Some([pattern, body]) = case.list() else {
                return Err(format!("This is no case: {}.", case.shown()));
            };
            match pattern {
                Node::Word(w) if w == "_" => default = Some(body),
                Node::Word(w) => given.push((w, Vec::new(), body)),
                Node::List(all) => {
                    let words: Option<Vec<&str>> = all.iter().map(Node::word).collect();
                    let Some([con, vars @ ..]) = words.as_deref() else {
                        return Err(format!("A pattern inside a pattern is not supported: {}.", pattern.shown()));
                    };
                    given.push((con, vars.iter().map(|v| (*v).to_owned()).collect(), body));
                }
            }
        }
        // The type is known by now, or by the first constructor.
        if let (Ty::Meta(_), Some((con, ..))) = (self.reader.metas.known(&of), given.first())
            && let Some((true, _, _, ty)) = self.instance(con)
        {
            self.same(&of, &ty)?;
        }
        let branch = |word: &str| given.iter().find(|(c, ..)| *c == word).map(|(_, _, b)| *b).or(default);
        if let (Some(("true" | "false", ..)), Some(a), Some(b)) = (given.first(), branch("true"), branch("false")) {
            self.same(&of, &Ty::Bool)?;
            let (a, b) = self.two(a, b, want)?;
            return Ok(Term::Ite(Box::new(scrutinee), a, b, want.clone()));
        }
        let ty = self.reader.metas.known(&of);
        let Ty::Data(name, args) = &ty else { return Err("The type of what is matched is no data type.".to_owned()) };
        let reader_data = self.reader.data;
        let Some(data) = reader_data.iter().find(|d| d.source == *name) else {
            return Err(format!("The type {name} is not declared."));
        };
        let map: BTreeMap<String, Ty> = data.params.iter().cloned().zip(args.iter().cloned()).collect();
        let mut branches = Vec::new();
        for con in &data.cons {
            let types: Vec<Ty> = con.fields.iter().map(|(_, t)| t.with(&map)).collect();
            let (vars, body) = match given.iter().find(|(c, ..)| *c == con.source) {
                Some((_, vars, body)) if vars.len() == types.len() => (vars.clone(), *body),
                Some(_) => return Err(format!("A pattern of {} has another number of variables.", con.source)),
                None => {
                    let body = default.ok_or_else(|| format!("A case for {} is missing.", con.source))?;
                    // Names that no source has, so that nothing is hidden.
                    (con.fields.iter().map(|_| "rest of it".to_owned()).collect(), body)
                }
            };
            branches.push(self.below(|b| {
                let all: Vec<(String, Ty)> = vars.into_iter().zip(types).collect();
                let vars = b.bind(&all).into_iter().map(|(x, _)| x).collect();
                Ok(Branch { con: con.source.clone(), vars, body: b.term(body, want)? })
            })?);
        }
        if let Some((con, ..)) = given.iter().find(|(c, ..)| !data.cons.iter().any(|d| d.source == *c)) {
            return Err(format!("The pattern {con} is no constructor of the type {name}."));
        }
        Ok(Term::Match(Box::new(scrutinee), ty.clone(), want.clone(), branches))
    }
}
