//! TIP problems: data types, recursive functions, and one goal.

use crate::equality::Helpers;
use crate::node::{self, text};
use crate::print::Printer;
use crate::problem::Problem;
use crate::term::Term;
use crate::types::Ty;
use crate::{Binder, Expected, Fault, Goal};
use std::collections::{BTreeMap, BTreeSet};

/// The goal of a file `{"id", "datatypes", "functions", "goal", "expect"}`.
///
/// # Errors
/// The file is something else, or a part of it has no translation that keeps its meaning.
pub fn tip(json: &str) -> Result<Goal, Fault> {
    let fault = |name: &str, what: String| Fault { name: name.to_owned(), what };
    let value = node::json(json).map_err(|e| fault("of this file", e))?;
    let name = text(&value, "id").map_err(|e| fault("of this file", e))?.to_owned();
    translate(&name, &value).map_err(|e| fault(&name, e))
}

fn translate(name: &str, value: &serde_json::Value) -> Result<Goal, String> {
    let expected = match text(value, "expect")? {
        "theorem" => Expected::Proved,
        "non-theorem" => Expected::Refuted,
        other => return Err(format!("What is expected is theorem or non-theorem, not {other}.")),
    };
    let mut problem = Problem::read(value)?;
    let goal = problem.goal.clone();
    let goal_params = problem.goal_params.clone();
    let mut printer = Printer {
        problem: &mut problem,
        callees: BTreeMap::new(),
        tests: BTreeMap::new(),
        helpers: Helpers::default(),
        cut: false,
        out: String::new(),
    };
    printer.data_types()?;
    printer.functions()?;
    let mut binders: Vec<Binder> =
        goal_params.iter().map(|p| Binder { name: printer.param(p), ty: "U 0".to_owned() }).collect();
    let mut rest = &goal;
    loop {
        match rest {
            Term::Forall(xs, body) => {
                for (x, ty) in xs {
                    binders.push(Binder { name: x.clone(), ty: printer.ty(ty)? });
                    // What the original says nothing of is no part of the goal.
                    if printer.cut
                        && let Some(test) = printer.not_negative(ty)?
                    {
                        let ty = format!("{test} {x} = true");
                        binders.push(Binder { name: printer.problem.names.fresh("h"), ty });
                    }
                }
                rest = body;
            }
            Term::Implies(a, b) => {
                let ty = printer.statement(a)?;
                binders.push(Binder { name: printer.problem.names.fresh("h"), ty });
                rest = b;
            }
            _ => break,
        }
    }
    let statement = printer.statement(rest)?;
    let declarations = std::mem::take(&mut printer.out);
    Ok(Goal {
        name: name.to_owned(),
        imports: Vec::new(),
        declarations,
        binders,
        statement,
        is_type: !goal_params.is_empty(),
        expected,
    })
}

impl Printer<'_> {
    /// The data types, each after those that it uses.
    fn data_types(&mut self) -> Result<(), String> {
        let mut left = self.problem.data.clone();
        let mut done: BTreeSet<String> = BTreeSet::new();
        while !left.is_empty() {
            let ready = left.iter().position(|d| {
                let fields = d.cons.iter().flat_map(|c| &c.fields);
                fields.into_iter().all(|(_, ty)| uses(ty).iter().all(|u| done.contains(*u) || *u == d.source))
            });
            let Some(n) = ready else {
                let names: Vec<&str> = left.iter().map(|d| d.source.as_str()).collect();
                return Err(format!(
                    "These data types need each other, which the language has not: {}.",
                    names.join(", ")
                ));
            };
            let data = left.remove(n);
            done.insert(data.source.clone());
            if data.nat.is_some() {
                continue;
            }
            let params: String = data.params.iter().map(|p| format!(" ({} : U 0)", self.param(p))).collect();
            let mut text = format!("data {}{params} : U 0\n", data.name);
            for con in &data.cons {
                text += &format!("| {}", con.name);
                for (field, ty) in &con.fields {
                    if inside(ty, &data.source) {
                        return Err(format!(
                            "The type {} stands inside of another type in its constructor {}, which the language has not.",
                            data.source, con.source
                        ));
                    }
                    text += &format!(" ({field} : {})", self.ty(ty)?);
                }
                text.push('\n');
            }
            self.out += &text;
            self.out.push('\n');
        }
        Ok(())
    }
}

/// The data types in a type.
fn uses(ty: &Ty) -> Vec<&str> {
    match ty {
        Ty::Data(d, args) => std::iter::once(d.as_str()).chain(args.iter().flat_map(uses)).collect(),
        Ty::Fun(a, b) => uses(a).into_iter().chain(uses(b)).collect(),
        Ty::Meta(_) | Ty::Var(_) | Ty::Bool | Ty::Int => Vec::new(),
    }
}

/// Whether a data type stands in a parameter of another one, or before an arrow.
fn inside(ty: &Ty, name: &str) -> bool {
    match ty {
        Ty::Data(_, args) => args.iter().any(|a| uses(a).contains(&name)),
        Ty::Fun(a, b) => uses(a).contains(&name) || inside(b, name),
        Ty::Meta(_) | Ty::Var(_) | Ty::Bool | Ty::Int => false,
    }
}
