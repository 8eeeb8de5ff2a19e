//! Values in a mergekit file: lists, names of models, ranges of layers, numbers and settings.

use crate::Fault;
use crate::number::{Num, parse};
use crate::parts::{Case, Setting};
use crate::yaml::{At, Kind, Node, printable};

/// The entry of a map of parameters.
pub fn find<'a>(level: Option<&'a Node>, name: &str) -> Option<&'a Node> {
    level.and_then(|l| l.get(name)).filter(|n| !n.is_null())
}

pub fn items<'a>(node: &'a Node, what: &str) -> Result<&'a [Node], Fault> {
    match &node.kind {
        Kind::List(items) if !items.is_empty() => Ok(items),
        _ => Err(Fault::new(
            format!("The key {what} needs a list with at least one entry."),
            Some(node.at),
            "begin each entry with a dash.",
        )),
    }
}

/// The name of a model: a text, or a map with one in it.
pub fn model_name(node: &Node) -> Result<String, Fault> {
    let inner = node.get("model").or(node.get("path")).map_or(node, |n| n.get("path").unwrap_or(n));
    match inner.text() {
        Some(text) if !inner.is_null() => Ok(text.to_owned()),
        _ => Err(Fault::new("A model is named by a text.", Some(node.at), "write its path or its name on the hub.")),
    }
}

/// The number of layers that a source of a slice gives.
pub fn layers(node: &Node) -> Result<Option<(usize, At)>, Fault> {
    let Some(range) = node.get("layer_range") else { return Ok(None) };
    let ends: Vec<Option<usize>> = match &range.kind {
        Kind::List(ends) => ends.iter().map(|e| e.text().and_then(|t| t.parse().ok())).collect(),
        _ => Vec::new(),
    };
    match ends.as_slice() {
        [Some(from), Some(to)] if from < to => Ok(Some((to - from, range.at))),
        _ => Err(Fault::new(
            "A range of layers is two whole numbers, the smaller one first.",
            Some(range.at),
            "write a range such as [0, 32].",
        )),
    }
}

pub fn number(node: &Node, what: &str) -> Result<Num, Fault> {
    node.text().and_then(parse).ok_or_else(|| {
        let text = node.text().map_or("a list".to_owned(), printable);
        Fault::new(
            format!("The value of {what} is {text}, and that is no number."),
            Some(node.at),
            "write a decimal number such as 0.5.",
        )
    })
}

pub fn setting(node: &Node, what: &str) -> Result<Setting, Fault> {
    let case = |node: &Node, filter: Option<String>| -> Result<Case, Fault> {
        let values = match &node.kind {
            Kind::List(items) if !items.is_empty() => {
                items.iter().map(|n| number(n, what)).collect::<Result<_, _>>()?
            }
            _ => vec![number(node, what)?],
        };
        Ok(Case { filter, values, at: node.at })
    };
    let conditional = |node: &Node| -> Result<Case, Fault> {
        let Some(value) = node.get("value") else {
            return Err(Fault::new(
                format!("This entry of {what} has no value."),
                Some(node.at),
                "add a line such as value: 0.5.",
            ));
        };
        let filter = node.get("filter").filter(|f| !f.is_null()).and_then(Node::text).filter(|f| *f != "*");
        case(value, filter.map(str::to_owned))
    };
    let cases = match &node.kind {
        Kind::Map(_) => vec![conditional(node)?],
        Kind::List(items) if items.iter().any(|i| matches!(i.kind, Kind::Map(_))) => {
            items.iter().map(conditional).collect::<Result<_, _>>()?
        }
        _ => vec![case(node, None)?],
    };
    Ok(Setting { cases })
}
