//! Goals of type inhabitation: one closed type over the universe `Type`, in words of JSON.

use crate::names::Names;
use crate::node::{self, Node, text};
use crate::{Binder, Expected, Fault, Goal};
use serde_json::Value;

/// Names of the source with the names that stand for them, the innermost last.
type Scope = Vec<(String, String)>;

/// The goal of a file `{"id", "type"}`. A type is `["pi", x, A, B]`, `["lam", x, b]`, `["app", f, [args]]` or `["v", x]`, where `Type` is the
/// universe of types.
///
/// # Errors
/// The file is something else.
pub fn inhabit(json: &str) -> Result<Goal, Fault> {
    let fault = |name: &str, what: String| Fault { name: name.to_owned(), what };
    let value = node::json(json).map_err(|e| fault("of this file", e))?;
    let name = text(&value, "id").map_err(|e| fault("of this file", e))?.to_owned();
    let ty = value.get("type").ok_or_else(|| fault(&name, "The member type is missing.".to_owned()))?;
    let mut ty = Node::of(ty).map_err(|e| fault(&name, e))?;
    let mut writer = Writer { names: Names::new() };
    let mut scope = Scope::new();
    let mut binders = Vec::new();
    while let Some(("pi", [x, dom, cod])) = headed(&ty) {
        let x = x.word().ok_or_else(|| fault(&name, "A binder has no name.".to_owned()))?;
        let dom = writer.write(dom, &scope).map_err(|e| fault(&name, e))?;
        let new = writer.names.fresh(x);
        scope.push((x.to_owned(), new.clone()));
        binders.push(Binder { name: new, ty: dom });
        ty = cod.clone();
    }
    let statement = writer.write(&ty, &scope).map_err(|e| fault(&name, e))?;
    let expected = match value.get("expect").and_then(Value::as_str) {
        None | Some("inhabited") => Expected::Proved,
        Some(other) => return Err(fault(&name, format!("What is expected is inhabited, not {other}."))),
    };
    Ok(Goal { name, imports: Vec::new(), declarations: String::new(), binders, statement, is_type: true, expected })
}

/// A list that begins with a word, as the word and the rest.
fn headed(node: &Node) -> Option<(&str, &[Node])> {
    let (head, rest) = node.list()?.split_first()?;
    Some((head.word()?, rest))
}

struct Writer {
    names: Names,
}

impl Writer {
    /// A type or a term, which may stand anywhere.
    fn write(&mut self, node: &Node, scope: &Scope) -> Result<String, String> {
        match headed(node) {
            Some(("v", [x])) => {
                let x = x.word().ok_or("A variable has no name.")?;
                if let Some((_, new)) = scope.iter().rev().find(|(old, _)| old == x) {
                    return Ok(new.clone());
                }
                if x == "Type" { Ok("(U 0)".to_owned()) } else { Err(format!("The name {x} stands for nothing.")) }
            }
            Some(("app", [f, args])) => {
                let mut out = self.write(f, scope)?;
                for arg in args.list().ok_or("Arguments are no list.")? {
                    out = format!("{out} {}", self.write(arg, scope)?);
                }
                Ok(format!("({out})"))
            }
            Some(("pi", [x, dom, cod])) => {
                let x = x.word().ok_or("A binder has no name.")?;
                let dom = self.write(dom, scope)?;
                let (new, inner) = self.below(x, scope);
                Ok(format!("(({new} : {dom}) -> {})", self.write(cod, &inner)?))
            }
            Some(("lam", [x, body])) => {
                // Several variables may be bound at once.
                let all: Vec<&str> = match x {
                    Node::Word(x) => vec![x],
                    Node::List(all) => all.iter().filter_map(Node::word).collect(),
                };
                let mut inner = scope.clone();
                let mut out = String::new();
                for x in all {
                    let (new, next) = self.below(x, &inner);
                    inner = next;
                    out += &format!(" {new}");
                }
                Ok(format!("(fun{out} => {})", self.write(body, &inner)?))
            }
            _ => Err(format!("This is no type: {}.", node.shown())),
        }
    }

    fn below(&mut self, x: &str, scope: &Scope) -> (String, Scope) {
        let new = self.names.fresh(x);
        let mut inner = scope.clone();
        inner.push((x.to_owned(), new.clone()));
        (new, inner)
    }
}
