//! Functions as definitions. A function that recurs on parts of an argument becomes clauses; any other recursion is bounded by a measure that is
//! computed from the arguments and falls in every call, so that the bound is never met where the original has a value.

use crate::calls::{Needs, Structural, components, needs, structural};
use crate::measure::{Group, Measure, Part, Path};
use crate::print::{Callee, Printer, group};
use crate::problem::Fun;
use crate::term::Term;
use crate::types::Ty;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Most functions of one group that are looked at for a recursion of their own.
const INNER: usize = 6;

impl Printer<'_> {
    /// All functions, those that are called by others first.
    ///
    /// # Errors
    /// One has no translation.
    pub fn functions(&mut self) -> Result<(), String> {
        let needs = needs(self.problem);
        for together in components(self.problem) {
            let funs: Vec<Fun> = together.iter().filter_map(|f| self.problem.funs.get(f).cloned()).collect();
            let own = |f: &Fun| needs.get(&f.source).cloned().unwrap_or_default();
            match funs.as_slice() {
                [f] if !calls_any(f, &together) => {
                    let f = self.simple(f);
                    self.plain(&f, own(&f))?;
                }
                [f] => match structural(self.problem, f) {
                    Some(s) => self.clauses(f, &s, own(f))?,
                    None => self.bounded(&funs, &needs)?,
                },
                _ => self.bounded(&funs, &needs)?,
            }
        }
        Ok(())
    }

    fn simple(&self, f: &Fun) -> Fun {
        Fun { body: f.body.simplified(&BTreeMap::new()), ..f.clone() }
    }

    /// Type parameters and tests of a function as binders; the tests are at hand from here on.
    fn head(&mut self, f: &Fun, needs: &Needs) -> String {
        let mut out: String = f.params.iter().map(|p| format!(" {{{} : U 0}}", self.param(p))).collect();
        self.tests.clear();
        for (p, need) in needs {
            let test = self.problem.names.fresh("test");
            out += &format!(" ({test} : {0} -> {0} -> Bool)", self.param(p));
            self.tests.insert((p.clone(), *need), test);
        }
        out
    }

    fn callee(&mut self, f: &Fun, needs: Needs, order: Vec<usize>) {
        self.callees.insert(f.source.clone(), Callee { head: f.name.clone(), bound: false, needs, order });
    }

    /// A function that does not call itself.
    fn plain(&mut self, f: &Fun, needs: Needs) -> Result<(), String> {
        let head = self.head(f, &needs);
        let binders: String =
            f.args.iter().map(|(x, ty)| Ok(format!(" ({x} : {})", self.ty(ty)?))).collect::<Result<_, String>>()?;
        let body = self.term(&f.body, true)?;
        let ret = self.ty(&f.ret)?;
        self.out += &format!("def {}{head}{binders} : {ret} :=\n  {body}\n\n", f.name);
        self.callee(f, needs, (0..f.args.len()).collect());
        Ok(())
    }

    /// A function by clauses.
    fn clauses(&mut self, f: &Fun, s: &Structural, needs: Needs) -> Result<(), String> {
        let head = self.head(f, &needs);
        // A test that it has is handed on to its calls of itself.
        self.callee(f, needs, s.order.clone());
        self.clauses_with(f, s, &head)
    }

    /// Functions whose recursion is bounded.
    fn bounded(&mut self, funs: &[Fun], needs: &BTreeMap<String, Needs>) -> Result<(), String> {
        let names: Vec<&str> = funs.iter().map(|f| f.source.as_str()).collect();
        let Some(first) = funs.first() else { return Ok(()) };
        let own: Needs = funs.iter().filter_map(|f| needs.get(&f.source)).flatten().cloned().collect();
        if funs.iter().any(|f| f.params != first.params) {
            return Err(format!("These functions call each other at different types: {}.", names.join(", ")));
        }
        // Those that recur on their own argument as far as their calls of themselves go may be handed the others.
        let parts: Vec<Option<Structural>> = funs
            .iter()
            .map(|f| {
                let alone = funs.len() > 1 && calls_any(f, std::slice::from_ref(&f.source));
                if alone { structural(self.problem, f) } else { None }
            })
            .collect();
        let able: Vec<usize> =
            parts.iter().enumerate().filter(|(_, s)| s.is_some()).map(|(n, _)| n).take(INNER).collect();
        for choice in (0..1usize << able.len()).rev() {
            let is_inner = |n: usize| able.iter().position(|m| *m == n).is_some_and(|bit| choice >> bit & 1 == 1);
            let split =
                |wanted: bool| funs.iter().enumerate().filter(move |(n, _)| is_inner(*n) == wanted).map(|(_, f)| f);
            let (inner, outer): (Vec<&Fun>, Vec<&Fun>) = (split(true).collect(), split(false).collect());
            let apart = inner.iter().all(|f| {
                let others: Vec<String> =
                    inner.iter().filter(|g| g.source != f.source).map(|g| g.source.clone()).collect();
                !calls_any(f, &others)
            });
            if outer.is_empty() || !apart {
                continue;
            }
            let group =
                Group { problem: self.problem, outer: outer.clone(), inner: inner.clone(), cut: Cell::new(false) };
            let found = group.measures();
            let cut = group.cut.get();
            let Some(measures) = found else { continue };
            self.cut |= cut;
            let inner = funs.iter().zip(&parts).enumerate().filter(|(n, _)| is_inner(*n));
            let inner: Vec<(&Fun, &Structural)> = inner.filter_map(|(_, (f, s))| Some((f, s.as_ref()?))).collect();
            return self.write_bounded(&outer, &inner, &measures, &own);
        }
        Err(format!(
            "The recursion of {} is no recursion on parts of an argument, and no measure was found that falls in every call.",
            names.join(", ")
        ))
    }

    fn write_bounded(
        &mut self,
        outer: &[&Fun],
        inner: &[(&Fun, &Structural)],
        measures: &[Measure],
        needs: &Needs,
    ) -> Result<(), String> {
        let Some(first) = outer.first() else { return Ok(()) };
        let mut sizes = Vec::new();
        for (f, m) in outer.iter().zip(measures) {
            sizes.push(self.measured(f, m)?);
        }
        let bound = self.problem.names.fresh(&format!("{}_bounded", first.name));
        let types: Vec<String> = outer.iter().map(|f| self.function_type(f)).collect::<Result<_, _>>()?;
        // The inner ones, which take the outer ones.
        let handed: Vec<String> = outer.iter().map(|f| self.problem.names.fresh(&format!("{}_less", f.name))).collect();
        let binders: Vec<String> = handed.iter().zip(&types).map(|(x, ty)| format!(" ({x} : {ty})")).collect();
        let mut inner_names = Vec::new();
        for (f, s) in inner {
            for (g, x) in outer.iter().zip(&handed) {
                self.handed(g, x);
            }
            let open = Fun { name: self.problem.names.fresh(&format!("{}_open", f.name)), ..(*f).clone() };
            // Inside, it calls itself with the same functions and tests.
            let head = self.head(&open, needs);
            let tests: Vec<String> = needs.iter().filter_map(|key| self.tests.get(key).cloned()).collect();
            let own = std::iter::once(open.name.clone()).chain(tests).chain(handed.iter().cloned());
            let own = own.collect::<Vec<_>>().join(" ");
            self.callees.insert(
                f.source.clone(),
                Callee { head: own, bound: true, needs: Needs::new(), order: s.order.clone() },
            );
            self.clauses_with(&open, s, &format!("{head}{}", binders.concat()))?;
            inner_names.push(open.name);
        }
        // The outer ones, together.
        let head = self.head(first, needs);
        let tests: String = needs.iter().filter_map(|key| self.tests.get(key)).map(|t| format!(" {t}")).collect();
        let given: String = first.params.iter().map(|p| format!(" {{{}}}", self.param(p))).collect();
        let left = self.problem.names.fresh("left");
        // Type parameters stay what they are, so they are not given.
        let below = format!("{bound}{tests} {left}");
        let mut bodies = Vec::new();
        let mut defaults = Vec::new();
        for (n, g) in outer.iter().enumerate() {
            self.handed(g, &format!("({below}){}", projection(n, outer.len())));
        }
        for ((f, s), name) in inner.iter().zip(&inner_names) {
            let functions: String = (0..outer.len())
                .map(|n| format!(" {}", group(&format!("({below}){}", projection(n, outer.len())))))
                .collect();
            let head = format!("{name}{tests}{functions}");
            self.callees
                .insert(f.source.clone(), Callee { head, bound: true, needs: Needs::new(), order: s.order.clone() });
        }
        for f in outer {
            let xs: Vec<&str> = f.args.iter().map(|(x, _)| x.as_str()).collect();
            let body = self.term(&f.body.simplified(&BTreeMap::new()), true)?;
            bodies.push(format!("fun {} => {body}", xs.join(" ")));
            defaults.push(format!("fun {} => {}", xs.join(" "), self.default(&f.ret, f, 8)?));
        }
        let ty = types.join(" ** ");
        let (zero, step) = match (defaults.as_slice(), bodies.as_slice()) {
            ([d], [b]) => (d.clone(), b.clone()),
            _ => (tuple(&defaults), tuple(&bodies)),
        };
        self.out += &format!("def {bound}{head} : Nat -> {ty}\n| 0 => {zero}\n| suc {left} => {step}\n\n");
        // Each function, with as much as its measure says.
        for ((n, f), size) in outer.iter().enumerate().zip(sizes) {
            let head = self.head(f, needs);
            let tests: String = needs.iter().filter_map(|key| self.tests.get(key)).map(|t| format!(" {t}")).collect();
            let xs: String = f.args.iter().map(|(x, _)| format!(" {x}")).collect();
            let binders: String =
                f.args.iter().map(|(x, ty)| Ok(format!(" ({x} : {})", self.ty(ty)?))).collect::<Result<_, String>>()?;
            let ret = self.ty(&f.ret)?;
            let call = format!("({bound}{given}{tests} ({size})){}", projection(n, outer.len()));
            self.out += &format!("def {}{head}{binders} : {ret} := {call}{xs}\n\n", f.name);
            self.callee(f, needs.clone(), (0..f.args.len()).collect());
        }
        for ((f, s), name) in inner.iter().zip(&inner_names) {
            let head = self.head(f, needs);
            let tests: String = needs.iter().filter_map(|key| self.tests.get(key)).map(|t| format!(" {t}")).collect();
            let functions: String =
                outer.iter().map(|g| format!(" {}", group(&format!("{}{given}{tests}", g.name)))).collect();
            let binders: String =
                f.args.iter().map(|(x, ty)| Ok(format!(" ({x} : {})", self.ty(ty)?))).collect::<Result<_, String>>()?;
            let xs: String = s.order.iter().filter_map(|n| f.args.get(*n)).map(|(x, _)| format!(" {x}")).collect();
            let ret = self.ty(&f.ret)?;
            self.out += &format!("def {}{head}{binders} : {ret} := {name}{tests}{functions}{xs}\n\n", f.name);
            self.callee(f, needs.clone(), (0..f.args.len()).collect());
        }
        Ok(())
    }

    fn clauses_with(&mut self, f: &Fun, s: &Structural, head: &str) -> Result<(), String> {
        let mut ty = String::new();
        for n in &s.order {
            let (_, t) = f.args.get(*n).ok_or("An argument is missing.")?;
            ty += &format!("{} -> ", self.ty(t)?);
        }
        let ret = self.ty(&f.ret)?;
        let mut clauses = String::new();
        for (con, vars, body) in &s.clauses {
            let mut columns = Vec::new();
            for n in &s.order {
                let arg = f.args.get(*n).map(|(x, _)| x.clone()).ok_or("An argument is missing.")?;
                columns.push(if *n == s.on { self.con(con, vars)? } else { arg });
            }
            clauses += &format!("| {} => {}\n", columns.join(", "), self.term(body, true)?);
        }
        self.out += &format!("def {}{head} : {ty}{ret}\n{clauses}\n", f.name);
        Ok(())
    }

    /// From here on, calls of a function are calls of something at hand.
    fn handed(&mut self, f: &Fun, head: &str) {
        let callee = Callee { head: group(head), bound: true, needs: Needs::new(), order: (0..f.args.len()).collect() };
        self.callees.insert(f.source.clone(), callee);
    }

    fn function_type(&self, f: &Fun) -> Result<String, String> {
        let ty = Ty::function(f.args.iter().map(|(_, t)| t.clone()), f.ret.clone());
        Ok(group(&self.ty(&ty)?))
    }

    /// One more than a measure, over the arguments by their names.
    fn measured(&mut self, f: &Fun, m: &Measure) -> Result<String, String> {
        let mut sum = Vec::new();
        for part in &m.parts {
            sum.push(match part {
                Part::Size(p) => {
                    let (x, ty) = self.place(f, *p)?;
                    let Ty::Data(d, _) = &ty else { return Err("What has a size is no data.".to_owned()) };
                    let data = self.problem.data(d).cloned().ok_or("A type is missing.")?;
                    format!("{} {x}", self.size(&data, m.weights)?)
                }
                Part::Count(p) => {
                    let (x, _) = self.place(f, *p)?;
                    format!("{} {x}", self.above_zero())
                }
                Part::Span(a, b) => {
                    let ((a, _), (b, _)) = (self.place(f, *a)?, self.place(f, *b)?);
                    format!("{} ({b} - {a} + 1)", self.above_zero())
                }
            });
        }
        let sum = sum.join(" + ");
        Ok(if m.scale == 1 { format!("{sum} + 1") } else { format!("{} * ({sum}) + {}", m.scale, m.offset + 1) })
    }

    /// What stands at a path, as an argument, and its type.
    fn place(&mut self, f: &Fun, path: Path) -> Result<(String, Ty), String> {
        let (x, ty) = f.args.get(path.arg).ok_or("An argument is missing.")?;
        let Some(field) = path.field else { return Ok((x.clone(), ty.clone())) };
        let Ty::Data(d, params) = ty else { return Err("What has a field is no data.".to_owned()) };
        let data = self.problem.data(d).ok_or("A type is missing.")?;
        let map = data.params.iter().cloned().zip(params.iter().cloned()).collect();
        let con = data.cons.first().cloned().ok_or("A constructor is missing.")?;
        let of = con.fields.get(field).map(|(_, t)| t.with(&map)).ok_or("A field is missing.")?;
        let vars: Vec<String> = con.fields.iter().map(|_| self.problem.names.fresh("part")).collect();
        let var = vars.get(field).ok_or("A field is missing.")?;
        let text = format!("(match {x} with | {} => {var} end : {})", self.con(&con.source, &vars)?, self.ty(&of)?);
        Ok((text, of))
    }

    /// Some value of a type, which is never asked for where the original has a value.
    fn default(&mut self, ty: &Ty, f: &Fun, depth: u32) -> Result<String, String> {
        let none = || format!("The function {} would need some value of its type, and none is at hand.", f.source);
        if let Some((x, _)) = f.args.iter().find(|(_, t)| t == ty) {
            return Ok(x.clone());
        }
        let depth = depth.checked_sub(1).ok_or_else(none)?;
        match ty {
            Ty::Bool => Ok("false".to_owned()),
            Ty::Int => Ok("(0 : Int)".to_owned()),
            Ty::Data(d, args) => {
                let data = self.problem.data(d).cloned().ok_or_else(none)?;
                let map = data.params.iter().cloned().zip(args.iter().cloned()).collect();
                let mut cons: Vec<_> = data.cons.iter().collect();
                cons.sort_by_key(|c| c.fields.len());
                for con in cons {
                    let fields: Result<Vec<String>, String> =
                        con.fields.iter().map(|(_, t)| self.default(&t.with(&map), f, depth)).collect();
                    if let Ok(fields) = fields {
                        let fields: Vec<String> = fields.iter().map(|t| group(t)).collect();
                        return self.con(&con.source, &fields);
                    }
                }
                Err(none())
            }
            _ => Err(none()),
        }
    }
}

/// Whether a function calls one of some.
fn calls_any(f: &Fun, some: &[String]) -> bool {
    let mut calls: Vec<(&str, &[Ty], &[Term])> = Vec::new();
    f.body.calls(&mut calls);
    calls.iter().any(|(g, ..)| some.iter().any(|s| s == g))
}

/// The word for one part of a tuple of so many parts.
fn projection(n: usize, all: usize) -> String {
    match (n, all) {
        (_, 0 | 1) => String::new(),
        (n, all) if n + 1 == all => ".2".repeat(n),
        (n, _) => format!("{}.1", ".2".repeat(n)),
    }
}

/// Parts as nested pairs.
fn tuple(parts: &[String]) -> String {
    let mut all = parts.iter().rev();
    let last = all.next().cloned().unwrap_or_default();
    all.fold(last, |out, p| format!("({p}, {out})"))
}
