//! The commands of a protocol as its author wrote them, so that one that is not allowed can be shown, and the parts of its state by name.

use bfv_syntax::tree::{BinOp, Expr, ExprKind, ItemKind};
use std::collections::BTreeMap;

/// What the source of a protocol says.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The parts of the state, in order.
    pub parts: Vec<String>,
    /// The commands that are written.
    pub commands: BTreeMap<String, Written>,
}

/// A command.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Its parameters, each with its sort.
    pub parameters: Vec<(String, String)>,
    /// The parts of its guard.
    pub guard: Vec<String>,
}

/// Reads a protocol off a source text; it is empty where the text has none of that name.
#[must_use]
pub fn outline(text: &[u8], protocol: &str) -> Outline {
    let (file, _) = bfv_syntax::parse(0, text);
    let mut out = Outline::default();
    for item in file.protocols.into_iter().filter(|p| p.name.text == protocol).flat_map(|p| p.items) {
        match item.kind {
            ItemKind::Message(_) | ItemKind::Relation(_) | ItemKind::Function(..) => out.parts.push(item.name.text),
            ItemKind::Command { binders, when, .. } => {
                let sorts = binders.iter().map(|b| (b, b.ty.as_ref().map_or_else(String::new, |t| written(t, text))));
                let parameters =
                    sorts.flat_map(|(b, sort)| b.names.iter().map(move |n| (n.text.clone(), sort.clone())));
                let mut command = Written { parameters: parameters.collect(), guard: Vec::new() };
                if let Some(when) = when {
                    conjuncts(&when, text, &mut command.guard);
                }
                out.commands.insert(item.name.text, command);
            }
            _ => {}
        }
    }
    out
}

fn conjuncts(e: &Expr, text: &[u8], out: &mut Vec<String>) {
    if let ExprKind::Binary(BinOp::And, first, rest) = &*e.kind {
        out.push(written(first, text));
        return conjuncts(rest, text, out);
    }
    out.push(written(e, text));
}

/// The text of an expression, on one line and without brackets around it all.
fn written(e: &Expr, text: &[u8]) -> String {
    let at = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let bytes = text.get(at(e.span.start)..at(e.span.end)).unwrap_or_default();
    let line = String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
    inside(&line).unwrap_or(&line).to_owned()
}

/// What stands in the brackets that enclose a text, if the first one closes at its end.
fn inside(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut open = 0_usize;
    for c in inner.chars() {
        match c {
            '(' => open += 1,
            ')' => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    Some(inner)
}
