//! Tests of values, and arithmetic that the language has no signs for: definitions that a problem needs beside its own.

use crate::calls::Need;
use crate::measure::{Weights, own_fields};
use crate::print::{Printer, group};
use crate::problem::Data;
use crate::types::{Ty, shown};
use std::collections::BTreeMap;

/// Definitions that were written, by what they are for.
#[derive(Clone, Debug, Default)]
pub struct Helpers {
    names: BTreeMap<String, String>,
}

impl Printer<'_> {
    /// The name of a definition, which is written where it is new. The text is made from the name.
    fn helper(&mut self, what: &str, base: &str, text: impl FnOnce(&str) -> String) -> String {
        if let Some(name) = self.helpers.names.get(what) {
            return name.clone();
        }
        let name = self.problem.names.fresh(base);
        self.helpers.names.insert(what.to_owned(), name.clone());
        self.out += &text(&name);
        name
    }

    /// A test whether two values of a type are the same.
    ///
    /// # Errors
    /// There is none, for functions and for types of which nothing is known.
    pub fn same(&mut self, ty: &Ty) -> Result<String, String> {
        match ty {
            Ty::Int => Ok(self.helper("same Int", "same_int", |name| {
                format!(
                    "def {name} (x y : Int) : Bool := if Int.ltb x y then false else if Int.ltb y x then false else true\n\n"
                )
            })),
            Ty::Bool => Ok(self.helper("same Bool", "same_bool", |name| {
                format!("def {name} (x y : Bool) : Bool := if x then y else if y then false else true\n\n")
            })),
            Ty::Var(p) => self.tests.get(&(p.clone(), Need::Equal)).cloned().ok_or_else(|| {
                format!("Values of the type {p} would have to be compared, and nothing is known of it.")
            }),
            Ty::Data(d, args) => {
                let data = self.problem.data(d).cloned().ok_or_else(|| format!("The type {d} is not declared."))?;
                let mut out = self.same_data(&data)?;
                for (arg, p) in args.iter().zip(&data.params) {
                    if data.cons.iter().any(|c| c.fields.iter().any(|(_, t)| t.mentions(p))) {
                        out += &format!(" {}", group(&self.same(arg)?));
                    }
                }
                Ok(out)
            }
            Ty::Fun(..) | Ty::Meta(_) => Err(format!("Values of {} cannot be compared.", shown(ty))),
        }
    }

    /// A test whether one value of a type is less than another one.
    ///
    /// # Errors
    /// The type has no order.
    pub fn less(&mut self, ty: &Ty) -> Result<String, String> {
        match ty {
            Ty::Int => Ok("Int.ltb".to_owned()),
            Ty::Var(p) => {
                self.tests.get(&(p.clone(), Need::Less)).cloned().ok_or_else(|| {
                    format!("Values of the type {p} would have to be ordered, and nothing is known of it.")
                })
            }
            _ => Err(format!("Values of {} have no order.", shown(ty))),
        }
    }

    /// The test for a data type, which takes tests for its parameters.
    fn same_data(&mut self, data: &Data) -> Result<String, String> {
        let what = format!("same data {}", data.source);
        if let Some(name) = self.helpers.names.get(&what) {
            return Ok(name.clone());
        }
        let name = self.problem.names.fresh(&format!("same_{}", data.name));
        self.helpers.names.insert(what, name.clone());
        let outer = std::mem::take(&mut self.tests);
        let mut binders = String::new();
        let mut tests = String::new();
        for p in &data.params {
            binders += &format!(" {{{} : U 0}}", self.param(p));
        }
        for p in &data.params {
            if data.cons.iter().any(|c| c.fields.iter().any(|(_, t)| t.mentions(p))) {
                let test = self.problem.names.fresh("same");
                binders += &format!(" ({test} : {0} -> {0} -> Bool)", self.param(p));
                tests += &format!(" {test}");
                self.tests.insert((p.clone(), Need::Equal), test);
            }
        }
        let own = Ty::Data(data.source.clone(), data.params.iter().cloned().map(Ty::Var).collect());
        let mut clauses = String::new();
        for con in &data.cons {
            let mut vars =
                |base: &str| -> Vec<String> { con.fields.iter().map(|_| self.problem.names.fresh(base)).collect() };
            let (xs, ys) = (vars("x"), vars("y"));
            let other = self.problem.names.fresh("z");
            let mut both = "true".to_owned();
            for (n, ((_, ty), (x, y))) in con.fields.iter().zip(xs.iter().zip(&ys)).enumerate().rev() {
                let test = if *ty == own { format!("{name}{tests}") } else { self.same(ty)? };
                let test = format!("{test} {x} {y}");
                both = if n + 1 == con.fields.len() { test } else { format!("if {test} then {both} else false") };
            }
            clauses += &format!("| {}, {other} => match {other} with", self.con(&con.source, &xs)?);
            for c in &data.cons {
                if c.source == con.source {
                    clauses += &format!(" | {} => {both}", self.con(&c.source, &ys)?);
                } else {
                    let rest: Vec<String> = c.fields.iter().map(|_| "_".to_owned()).collect();
                    clauses += &format!(" | {} => false", self.con(&c.source, &rest)?);
                }
            }
            clauses += " end\n";
        }
        let own = self.ty(&own)?;
        self.tests = outer;
        self.out += &format!("def {name}{binders} : {own} -> {own} -> Bool\n{clauses}\n");
        Ok(name)
    }

    /// A test whether no number in a value of a type is below zero; none for a type without numbers.
    ///
    /// # Errors
    /// The type has no text.
    pub fn not_negative(&mut self, ty: &Ty) -> Result<Option<String>, String> {
        if !self.has_numbers(ty, &mut Vec::new()) {
            return Ok(None);
        }
        match ty {
            Ty::Int => Ok(Some(self.helper("not negative", "not_negative", |name| {
                format!("def {name} (x : Int) : Bool := if Int.ltb x 0 then false else true\n\n")
            }))),
            Ty::Data(d, args) => {
                let data = self.problem.data(d).cloned().ok_or_else(|| format!("The type {d} is not declared."))?;
                let map: BTreeMap<String, Ty> = data.params.iter().cloned().zip(args.iter().cloned()).collect();
                // Written for this very type, for its parameters may have numbers or not.
                let what = format!("not negative {}", shown(ty));
                if let Some(name) = self.helpers.names.get(&what) {
                    return Ok(Some(name.clone()));
                }
                let name = self.problem.names.fresh(&format!("not_negative_{}", data.name));
                self.helpers.names.insert(what, name.clone());
                let mut clauses = String::new();
                for con in &data.cons {
                    let vars: Vec<String> = con.fields.iter().map(|_| self.problem.names.fresh("x")).collect();
                    let mut all = "true".to_owned();
                    for (x, (_, of)) in vars.iter().zip(&con.fields).rev() {
                        if let Some(test) = self.not_negative(&of.with(&map))? {
                            all = format!("if {test} {x} then {all} else false");
                        }
                    }
                    clauses += &format!("| {} => {all}\n", self.con(&con.source, &vars)?);
                }
                let of = self.ty(ty)?;
                self.out += &format!("def {name} : {of} -> Bool\n{clauses}\n");
                Ok(Some(name))
            }
            _ => Ok(None),
        }
    }

    /// Whether values of a type have numbers in them.
    fn has_numbers(&self, ty: &Ty, seen: &mut Vec<Ty>) -> bool {
        match ty {
            Ty::Int => true,
            Ty::Data(d, args) => {
                if seen.contains(ty) {
                    return false;
                }
                seen.push(ty.clone());
                let Some(data) = self.problem.data(d) else { return false };
                let map: BTreeMap<String, Ty> = data.params.iter().cloned().zip(args.iter().cloned()).collect();
                data.cons.iter().flat_map(|c| &c.fields).any(|(_, t)| self.has_numbers(&t.with(&map), seen))
            }
            Ty::Fun(..) | Ty::Var(_) | Ty::Bool | Ty::Meta(_) => false,
        }
    }

    /// Division by a positive number, rounded down.
    pub fn division(&mut self) -> String {
        self.helper("div", "quotient", |name| {
            format!("def {name} (x k : Int) : Int := floor ((x : Real) * inv (k : Real))\n\n")
        })
    }

    /// What division leaves.
    pub fn remainder(&mut self) -> String {
        let division = self.division();
        self.helper("mod", "remainder", |name| format!("def {name} (x k : Int) : Int := x - k * {division} x k\n\n"))
    }

    /// A number as far as it is above zero.
    pub fn above_zero(&mut self) -> String {
        self.helper("nat", "above_zero", |name| {
            format!("def {name} (x : Int) : Nat := match x with | pos n => n | negsuc n => 0 end\n\n")
        })
    }

    /// The size of values of a data type: each constructor counts 1, and parts of the same type count by their weights.
    ///
    /// # Errors
    /// The type has no text.
    pub fn size(&mut self, data: &Data, weights: Weights) -> Result<String, String> {
        let what = format!("size {weights:?} {}", data.source);
        if let Some(name) = self.helpers.names.get(&what) {
            return Ok(name.clone());
        }
        let name = self.problem.names.fresh(&format!("size_{}", data.name));
        self.helpers.names.insert(what, name.clone());
        let binders: String = data.params.iter().map(|p| format!(" {{{} : U 0}}", self.param(p))).collect();
        let own = self.ty(&Ty::Data(data.source.clone(), data.params.iter().cloned().map(Ty::Var).collect()))?;
        let mut clauses = String::new();
        for con in &data.cons {
            let vars: Vec<String> = con.fields.iter().map(|_| self.problem.names.fresh("x")).collect();
            let places = own_fields(data, con);
            let mut sum = "1".to_owned();
            for (n, place) in places.iter().enumerate() {
                let x = vars.get(*place).ok_or("A field is missing.")?;
                sum += &match weights.of(n, places.len()) {
                    1 => format!(" + {name} {x}"),
                    k => format!(" + {k} * {name} {x}"),
                };
            }
            clauses += &format!("| {} => {sum}\n", self.con(&con.source, &vars)?);
        }
        self.out += &format!("def {name}{binders} : {own} -> Nat\n{clauses}\n");
        Ok(name)
    }
}
