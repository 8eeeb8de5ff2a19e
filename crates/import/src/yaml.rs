//! A YAML file as a tree with places. Scalars keep their exact text; what they mean is for the reader of the tree.

use crate::Fault;
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::BTreeMap;

/// Line and column, both from 1.
pub type At = (u32, u32);

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    pub at: At,
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The text, and whether it stands without quotes.
    Scalar(String, bool),
    List(Vec<Node>),
    /// Keys with their places, in the order of the file.
    Map(Vec<(String, At, Node)>),
}

/// Nodes of a file, those that aliases repeat counted each time. A recipe has a few hundred.
const NODES: usize = 20_000;
/// How deep nodes may lie in each other.
const DEPTH: usize = 64;

fn at(span: Span) -> At {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    (number(span.start.line()), number(span.start.col().saturating_add(1)))
}

/// A list or a map that is not at its end yet.
struct Open {
    at: At,
    anchor: usize,
    map: bool,
    items: Vec<Node>,
}

/// Reads the first document of a file.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: BTreeMap<usize, Node> = BTreeMap::new();
    let mut count = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            let place = (u32::try_from(e.marker().line()), u32::try_from(e.marker().col().saturating_add(1)));
            let place = place.0.ok().zip(place.1.ok());
            Fault::new(
                format!("This is no YAML: {}.", e.info()),
                place,
                "mend the indentation, the quotes or the brackets there.",
            )
        })?;
        let here = at(span);
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                (Node { at: here, kind: Kind::Scalar(text.into_owned(), style == ScalarStyle::Plain) }, anchor)
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() >= DEPTH {
                    return Err(Fault::new(
                        format!("More than {DEPTH} levels lie in each other here."),
                        Some(here),
                        "write a flatter file.",
                    ));
                }
                open.push(Open { at: here, anchor, map: matches!(event, Event::MappingStart(..)), items: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(done) = open.pop() else { continue };
                let kind = if done.map { map(done.items)? } else { Kind::List(done.items) };
                (Node { at: done.at, kind }, done.anchor)
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(node) => (node.clone(), 0),
                None => {
                    return Err(Fault::new(
                        "This alias stands inside what it names.",
                        Some(here),
                        "write the value out.",
                    ));
                }
            },
            _ => continue,
        };
        count += size(&node);
        if count > NODES {
            return Err(Fault::new(
                format!("The file has more than {NODES} values."),
                Some(here),
                "write a shorter file, or fewer aliases.",
            ));
        }
        if anchor > 0 {
            anchors.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(parent) => parent.items.push(node),
            None => return Ok(node),
        }
    }
    Err(Fault::new("The file is empty.", None, "write a recipe with merge_method and models."))
}

/// What a node adds to the count: for a repeated one all below it, which was not counted where it stands now.
fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(..) => 1,
        Kind::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(entries) => 1 + entries.iter().map(|(_, _, n)| 1 + size(n)).sum::<usize>(),
    }
}

/// Pairs of keys and values; `<<` puts in the entries of other maps that are not given.
fn map(items: Vec<Node>) -> Result<Kind, Fault> {
    let mut entries: Vec<(String, At, Node)> = Vec::new();
    let mut merged: Vec<Node> = Vec::new();
    let mut items = items.into_iter();
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        let Kind::Scalar(name, plain) = key.kind else {
            return Err(Fault::new("A key must be a word here.", Some(key.at), "write a name before the colon."));
        };
        if name == "<<" && plain {
            match value.kind {
                Kind::List(maps) => merged.extend(maps),
                _ => merged.push(value),
            }
            continue;
        }
        if let Some((_, first, _)) = entries.iter().find(|(n, _, _)| *n == name) {
            let what = format!(
                "The key {} stands twice, first in line {}. Only one of them would count.",
                printable(&name),
                first.0
            );
            return Err(Fault::new(what, Some(key.at), "delete one of them."));
        }
        entries.push((name, key.at, value));
    }
    for other in merged {
        if let Kind::Map(more) = other.kind {
            for entry in more {
                if !entries.iter().any(|(n, _, _)| *n == entry.0) {
                    entries.push(entry);
                }
            }
        }
    }
    Ok(Kind::Map(entries))
}

/// A word of the file as it may stand in a message or a comment: printable ASCII, not too long.
pub fn printable(word: &str) -> String {
    let ascii = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    word.chars().take(80).map(ascii).collect()
}

impl Node {
    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(n, _, _)| n == key).map(|(_, _, node)| node),
            _ => None,
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is written there.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}
