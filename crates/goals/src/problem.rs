//! A TIP problem as it is read: data types, functions with typed bodies, and the goal.

use crate::infer::Reader;
use crate::names::Names;
use crate::node::{Node, list, text};
use crate::term::Term;
use crate::types::Ty;
use serde_json::Value;
use std::collections::BTreeMap;

/// A constructor.
#[derive(Clone, Debug)]
pub struct Con {
    /// Its name in the source.
    pub source: String,
    /// Its name in the language.
    pub name: String,
    /// Names and types of its fields.
    pub fields: Vec<(String, Ty)>,
}

/// A data type.
#[derive(Clone, Debug)]
pub struct Data {
    pub source: String,
    pub name: String,
    /// Its parameters by their names in the source.
    pub params: Vec<String>,
    pub cons: Vec<Con>,
    /// It is `Nat` by another name: zero and successor, in this order of their names in the source.
    pub nat: Option<(String, String)>,
}

/// A function.
#[derive(Clone, Debug)]
pub struct Fun {
    pub source: String,
    pub name: String,
    pub params: Vec<String>,
    /// Names of the language, and types.
    pub args: Vec<(String, Ty)>,
    pub ret: Ty,
    pub body: Term,
}

/// All of it.
#[derive(Clone, Debug)]
pub struct Problem {
    pub names: Names,
    pub data: Vec<Data>,
    pub funs: BTreeMap<String, Fun>,
    /// Names of type parameters in the source, and in the language.
    pub params: BTreeMap<String, String>,
    /// Type parameters of the goal by their names in the source.
    pub goal_params: Vec<String>,
    pub goal: Term,
}

impl Problem {
    /// The data type of a constructor, and the constructor.
    pub fn con(&self, source: &str) -> Option<(&Data, &Con)> {
        self.data.iter().find_map(|d| d.cons.iter().find(|c| c.source == source).map(|c| (d, c)))
    }

    /// A data type by its name in the source.
    pub fn data(&self, source: &str) -> Option<&Data> {
        self.data.iter().find(|d| d.source == source)
    }

    /// Reads the members `datatypes`, `functions` and `goal` of a problem.
    ///
    /// # Errors
    /// What is wrong, or not supported.
    pub fn read(value: &Value) -> Result<Problem, String> {
        for (member, what) in [("decls", "functions without a definition"), ("asserts", "assertions beside the goal")] {
            if value.get(member).and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
                return Err(format!("The problem declares {what}, and these are not translated."));
            }
        }
        let mut names = Names::new();
        let mut data = Vec::new();
        for d in list(value, "datatypes")? {
            data.push(data_type(d, &mut names)?);
        }
        for d in &mut data {
            d.nat = natural(d);
        }
        let mut params = BTreeMap::new();
        let mut reader = Reader::new(&data);
        let mut heads = Vec::new();
        for f in list(value, "functions")? {
            let source = text(f, "name")?.to_owned();
            let name = names.fresh(&source);
            let own = words(f, "params")?;
            let mut args = Vec::new();
            for a in list(f, "args")? {
                let a = Node::of(a)?;
                let Some([Node::Word(x), ty]) = a.list() else {
                    return Err(format!("An argument of {source} is no name with a type."));
                };
                args.push((x.clone(), names.fresh(x), reader.ty(ty, &own)?));
            }
            let ret = reader.ty(&Node::of(f.get("ret").ok_or("The member ret is missing.")?)?, &own)?;
            let types = args.iter().map(|(_, _, ty)| ty.clone()).collect();
            reader.declare(&source, own.clone(), types, ret.clone());
            heads.push((f, source, name, own, args, ret));
        }
        let mut funs = BTreeMap::new();
        for (f, source, name, own, args, ret) in heads {
            let body = Node::of(f.get("body").ok_or("The member body is missing.")?)?;
            let scope = args.iter().map(|(x, new, ty)| (x.clone(), new.clone(), ty.clone())).collect();
            let body = reader
                .whole(&body, scope, &own, &ret, &mut names)
                .map_err(|e| format!("In the function {source}: {e}"))?;
            let args = args.into_iter().map(|(_, new, ty)| (new, ty)).collect();
            funs.insert(source.clone(), Fun { source, name, params: own, args, ret, body });
        }
        let goal = value.get("goal").ok_or("The member goal is missing.")?;
        let mut goal_params = words(goal, "params")?;
        let body = Node::of(goal.get("body").ok_or("The member body of the goal is missing.")?)?;
        // A sort is a type of which nothing is known. Functions that mention one are refused, for they have no parameter for it.
        goal_params.extend(words(value, "sorts")?);
        let goal = reader.whole(&body, Vec::new(), &goal_params, &Ty::Bool, &mut names)?;
        for p in funs.values().flat_map(|f| &f.params).chain(data.iter().flat_map(|d| &d.params)).chain(&goal_params) {
            if !params.contains_key(p) {
                let mut capital = p.clone();
                if let Some(first) = capital.get_mut(0..1) {
                    first.make_ascii_uppercase();
                }
                params.insert(p.clone(), names.fresh(&capital));
            }
        }
        Ok(Problem { names, data, funs, params, goal_params, goal })
    }
}

fn words(value: &Value, field: &str) -> Result<Vec<String>, String> {
    let word =
        |v: &Value| v.as_str().map(str::to_owned).ok_or_else(|| format!("The list {field} has more than names."));
    list(value, field)?.iter().map(word).collect()
}

fn data_type(value: &Value, names: &mut Names) -> Result<Data, String> {
    let source = text(value, "name")?.to_owned();
    let params = words(value, "params")?;
    let name = names.fresh(&source);
    let mut cons = Vec::new();
    for c in list(value, "ctors")? {
        let con = text(c, "name")?.to_owned();
        let mut fields = Vec::new();
        for f in list(c, "fields")? {
            let ty = Node::of(f.get("type").ok_or("The type of a field is missing.")?)?;
            fields.push((names.fresh(text(f, "sel")?), crate::infer::plain(&ty, &params)?));
        }
        let name = names.fresh(&con);
        cons.push(Con { source: con, name, fields });
    }
    Ok(Data { source, name, params, cons, nat: None })
}

/// Zero and successor of a type that is made of these two.
fn natural(data: &Data) -> Option<(String, String)> {
    if !data.params.is_empty() {
        return None;
    }
    let own = Ty::Data(data.source.clone(), Vec::new());
    match data.cons.as_slice() {
        [z, s] | [s, z] if z.fields.is_empty() && matches!(s.fields.as_slice(), [(_, ty)] if *ty == own) => {
            Some((z.source.clone(), s.source.clone()))
        }
        _ => None,
    }
}
