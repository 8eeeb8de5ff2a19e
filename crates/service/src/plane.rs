//! Points and lines of a drawing. A point `A` gives a goal the real numbers `A_x` and `A_y`, and a counterexample is drawn with the same points.

use crate::answer::words;
use crate::fault::Fault;
use crate::wire::{Goal, Piece, Variable, entries, name};
use bfv_model::fields::{Fields, Found};
use serde_json::{Value, json};

/// What a person has drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Construction {
    /// A point with its name and where it stands, as it was written.
    Point {
        /// The name.
        id: String,
        /// Where it stands.
        position: [String; 2],
    },
    /// A line with its name and the names of two points on it.
    Line {
        /// The name.
        id: String,
        /// The points.
        ends: [String; 2],
    },
}

impl Construction {
    fn id(&self) -> &str {
        match self {
            Construction::Point { id, .. } | Construction::Line { id, .. } => id,
        }
    }

    fn is_point(&self) -> bool {
        matches!(self, Construction::Point { .. })
    }
}

/// The constructions of a state.
///
/// # Errors
/// A construction without its parts, a name that stands twice, and an end of a line that is no point.
pub fn read(state: &mut Fields<'_>) -> Result<Vec<Construction>, Fault> {
    let mut all: Vec<Construction> = Vec::new();
    let mut ends = Vec::new();
    for entry in entries(state, "constructions")? {
        let mut fields = entry.object()?;
        let given = fields.must("id")?;
        let id = name(&given)?.text;
        if all.iter().any(|c| c.id() == id) {
            return Err(given.problem("Two constructions have this name.", "Give each a name of its own.").into());
        }
        if fields.must("type")?.one_of(&[("Point", true), ("Line", false)])? {
            let mut position = fields.must("position")?.object()?;
            let place = |found: Found<'_>| Ok::<_, Fault>(found.number()?.to_owned());
            let position = [place(position.must("x")?)?, place(position.must("y")?)?];
            all.push(Construction::Point { id, position });
        } else {
            let list = fields.must("endpoints")?;
            let [a, b] = list
                .list(2)?
                .try_into()
                .map_err(|_| Fault::from(list.problem("A line has two points.", "Name two points.")))?;
            let both = [name(&a)?.text, name(&b)?.text];
            all.push(Construction::Line { id, ends: both });
            ends.extend([a, b]);
        }
    }
    // A line may stand before its points.
    for end in ends {
        let wanted = name(&end)?.text;
        if !all.iter().any(|c| c.is_point() && c.id() == wanted) {
            return Err(end.problem("There is no point of this name.", "Name a point of the constructions.").into());
        }
    }
    Ok(all)
}

/// The numbers of a point.
fn numbers(id: &str) -> [String; 2] {
    [format!("{id}_x"), format!("{id}_y")]
}

/// Whether a text has this word.
fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '\'')).any(|w| w == word)
}

/// Gives a goal the numbers of the points that it, or what is given with it, speaks of.
pub fn add(goal: &mut Goal, constructions: &[Construction]) {
    let mut variables = Vec::new();
    for point in constructions.iter().filter(|c| c.is_point()) {
        for number in numbers(point.id()) {
            let known = goal.context.iter().any(|v| v.name.text == number);
            let texts = || goal.context.iter().map(|v| &v.ty.text).chain([&goal.statement.text]);
            if !known && texts().any(|t| mentions(t, &number)) {
                let piece = |text: &str| Piece { text: text.to_owned(), place: "constructions".to_owned() };
                variables.push(Variable { name: piece(&number), ty: piece("Real") });
            }
        }
    }
    goal.context.splice(0..0, variables);
    goal.constructions = constructions.to_vec();
}

/// The drawing at a point at which the goal fails, and what holds there and what does not. Coordinates that the goal does not speak of stay.
pub fn drawn(goal: &Goal, witness: &[(String, String)]) -> Option<(Value, Value)> {
    if goal.constructions.is_empty() {
        return None;
    }
    let value = |name: &str| witness.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let all: Vec<Value> = goal
        .constructions
        .iter()
        .map(|c| match c {
            Construction::Point { id, position } => {
                let names = numbers(id);
                let exact: Vec<&str> =
                    names.iter().zip(position).map(|(name, was)| value(name).unwrap_or(was)).collect();
                let [x, y] = [0, 1].map(|n: usize| exact.get(n).and_then(|t| number(t)));
                json!({ "id": id, "type": "Point", "position": { "x": x, "y": y }, "exact": exact })
            }
            Construction::Line { id, ends } => json!({ "id": id, "type": "Line", "endpoints": ends }),
        })
        .collect();
    let fact = |id: &str, statement: &str, holds: bool| json!({ "id": id, "statement": statement, "spoken": words(statement), "holds": holds });
    // What is given with the goal holds at the point: otherwise the goal would not fail there.
    let given = goal.context.iter().filter(|v| value(&v.name.text).is_none() && v.ty.text != "Real");
    let mut facts: Vec<Value> = given.map(|v| fact(&v.name.text, &v.ty.text, true)).collect();
    facts.push(fact(&goal.id, &goal.statement.text, false));
    Some((all.into(), facts.into()))
}

/// A number or a fraction, rounded, for drawing.
fn number(text: &str) -> Option<f64> {
    match text.split_once('/') {
        Some((a, b)) => Some(a.trim().parse::<f64>().ok()? / b.trim().parse::<f64>().ok()?),
        None => text.trim().parse().ok(),
    }
}
