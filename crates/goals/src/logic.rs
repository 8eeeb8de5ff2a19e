//! Propositional goals of the ILTP library. An atom is a variable type, so that what has a proof is what holds without excluded middle.

use crate::names::Names;
use crate::node::{self, Node, list, text};
use crate::{Binder, Expected, Fault, Goal};
use serde_json::Value;
use std::collections::BTreeMap;

/// The goals of a file `[{"id", "hypotheses", "goal", "status"}]`, each with its translation or the reason why there is none. A formula is
/// `["atom", p]`, `["not", A]`, `["and" | "or" | "imp" | "iff", A, B]`, `["true"]` or `["false"]`.
///
/// # Errors
/// The file is no such list.
pub fn logic(json: &str) -> Result<Vec<Result<Goal, Fault>>, Fault> {
    let fault = |what: String| Fault { name: "of this file".to_owned(), what };
    let value = node::json(json).map_err(fault)?;
    let all = value.as_array().ok_or_else(|| fault("The file is no list of goals.".to_owned()))?;
    Ok(all.iter().map(one).collect())
}

fn one(value: &Value) -> Result<Goal, Fault> {
    let name = text(value, "id").map_err(|what| Fault { name: "of this entry".to_owned(), what })?;
    translate(name, value).map_err(|what| Fault { name: name.to_owned(), what })
}

fn translate(name: &str, value: &Value) -> Result<Goal, String> {
    let expected = match text(value, "status")? {
        "Theorem" => Expected::Proved,
        "Non-Theorem" => Expected::Open,
        other => return Err(format!("The status is Theorem or Non-Theorem, not {other}.")),
    };
    let mut reader = Reader { names: Names::new(), atoms: BTreeMap::new(), order: Vec::new(), sums: false };
    let mut hypotheses = Vec::new();
    for h in list(value, "hypotheses")? {
        hypotheses.push(reader.formula(&Node::of(h)?)?);
    }
    let goal = Node::of(value.get("goal").ok_or("The member goal is missing.")?)?;
    let statement = reader.formula(&goal)?;
    let mut binders: Vec<Binder> =
        reader.order.iter().map(|a| Binder { name: a.clone(), ty: "U 0".to_owned() }).collect();
    for ty in hypotheses {
        binders.push(Binder { name: reader.names.fresh("h"), ty });
    }
    let imports = if reader.sums { vec!["std.logic".to_owned()] } else { Vec::new() };
    Ok(Goal {
        name: name.to_owned(),
        imports,
        declarations: String::new(),
        binders,
        statement,
        is_type: true,
        expected,
    })
}

struct Reader {
    names: Names,
    atoms: BTreeMap<String, String>,
    /// The atoms in the order in which they were met.
    order: Vec<String>,
    /// Whether a disjunction was met.
    sums: bool,
}

impl Reader {
    /// A formula in parentheses, or a name.
    fn formula(&mut self, node: &Node) -> Result<String, String> {
        let Some([Node::Word(head), parts @ ..]) = node.list() else {
            return Err(format!("This is no formula: {}.", node.shown()));
        };
        Ok(match (head.as_str(), parts) {
            ("true", []) => "Unit".to_owned(),
            ("false", []) => "Empty".to_owned(),
            ("atom", [p]) => {
                let p = p.word().ok_or("An atom has no name.")?;
                match self.atoms.get(p) {
                    Some(new) => new.clone(),
                    None => {
                        let new = self.names.fresh(p);
                        self.atoms.insert(p.to_owned(), new.clone());
                        self.order.push(new.clone());
                        new
                    }
                }
            }
            ("not", [a]) => format!("(not {})", self.formula(a)?),
            (sign @ ("and" | "or" | "imp" | "iff"), [a, b]) => {
                let (a, b) = (self.formula(a)?, self.formula(b)?);
                match sign {
                    "and" => format!("({a} /\\ {b})"),
                    "imp" => format!("({a} -> {b})"),
                    "iff" => format!("({a} <-> {b})"),
                    _ => {
                        // The disjunction of the language is classical; this one is not.
                        self.sums = true;
                        format!("(Sum {a} {b})")
                    }
                }
            }
            _ => return Err(format!("This is no formula: {}.", node.shown())),
        })
    }
}
