//! Explanations of a proof that the kernel accepted: sentences at three levels of detail, speech, a tree with places, and touch.
//! All of them come from one tree, so their ids and their order are the same.

use crate::answer::{explain, words};
use bfv_syntax::print;
use bfv_syntax::tree::{Case, Script, Tactic, TacticKind};
use serde_json::{Value, json};

/// The patterns of touch: name, what it says, and lengths in milliseconds, on and off in turn.
pub const HAPTICS: [(&str, &str, &[u32]); 4] = [
    ("step", "one short pulse: a step", &[60]),
    ("subgoal", "two short pulses: a goal of its own begins", &[60, 80, 60]),
    ("proved", "one long pulse: the goal is proved", &[400]),
    ("error", "a burst of pulses: something is wrong", &[40, 40, 40, 40, 40, 40, 40]),
];

/// A part of a proof: the goal, a step of it, or a case of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The same in every form of the explanation.
    pub id: String,
    /// What it is called, without its parts.
    pub label: String,
    /// What it does, in a sentence.
    pub says: String,
    /// It begins a goal of its own.
    pub is_case: bool,
    /// What is said after all of it; nothing where nothing is.
    pub ends: &'static str,
    /// What it consists of, in order.
    pub parts: Vec<Part>,
}

/// What is said after an explanation of a proof.
pub const ACCEPTED: &str = "The kernel accepted this proof.";

/// The tree of a proof.
#[must_use]
pub fn tree(statement: &str, script: &Script) -> Part {
    Part {
        id: "goal".to_owned(),
        label: words(statement),
        says: format!("To prove: {}.", words(statement)),
        is_case: false,
        ends: ACCEPTED,
        parts: steps(script, "goal"),
    }
}

fn steps(script: &Script, above: &str) -> Vec<Part> {
    (1..).zip(&script.steps).map(|(n, t)| step(t, format!("{above}-{n}"))).collect()
}

fn step(t: &Tactic, id: String) -> Part {
    let (head, parts) = match &t.kind {
        TacticKind::Induction(e, all) => (format!("induction {}", print::expr(e)), cases(all, &id)),
        TacticKind::Cases(e, all) => (format!("cases {}", print::expr(e)), cases(all, &id)),
        TacticKind::Block(script) => ("block".to_owned(), steps(script, &id)),
        _ => {
            let whole = print::script(&Script { steps: vec![t.clone()], span: t.span });
            (whole.trim_start_matches('{').trim_end_matches('}').trim().to_owned(), Vec::new())
        }
    };
    Part { says: explain(&head), label: head, id, is_case: false, ends: "", parts }
}

fn cases(all: &[Case], above: &str) -> Vec<Part> {
    let part = |(n, case): (usize, &Case)| {
        let id = format!("{above}-case-{n}");
        let names: String = case.names.iter().map(|name| format!(" {}", name.text)).collect();
        let label = format!("case {}{names}", case.constructor.text);
        Part {
            says: format!("The {label} begins."),
            label,
            is_case: true,
            ends: "",
            parts: steps(&case.script, &id),
            id,
        }
    };
    (1..).zip(all).map(part).collect()
}

impl Part {
    fn walk<'p>(&'p self, out: &mut Vec<&'p Part>) {
        out.push(self);
        self.parts.iter().for_each(|p| p.walk(out));
    }

    /// All parts, each before what it consists of.
    #[must_use]
    pub fn all(&self) -> Vec<&Part> {
        let mut out = Vec::new();
        self.walk(&mut out);
        out
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Level {
    /// What is proved, and by how many steps.
    Brief,
    /// Each step.
    #[default]
    Normal,
    /// Each step with its text.
    Full,
}

impl Level {
    /// The words of the levels.
    pub const WORDS: [(&str, Level); 3] = [("brief", Level::Brief), ("normal", Level::Normal), ("full", Level::Full)];
}

/// The explanation in sentences.
#[must_use]
pub fn sentences(root: &Part, level: Level) -> Vec<String> {
    let all = root.all();
    let steps = all.iter().skip(1).filter(|p| !p.is_case).count();
    let mut out = vec![root.says.clone()];
    match level {
        Level::Brief => out.push(format!("The proof has {}.", bfv_driver::count(steps, "step"))),
        Level::Normal | Level::Full => {
            for part in root.parts.iter() {
                tell(part, level, &mut out);
            }
        }
    }
    out.push(root.ends.to_owned());
    out
}

fn tell(part: &Part, level: Level, out: &mut Vec<String>) {
    out.push(match level {
        Level::Full if !part.is_case => format!("{} Written: {}.", part.says, part.label),
        _ => part.says.clone(),
    });
    part.parts.iter().for_each(|p| tell(p, level, out));
    if part.is_case {
        // Ears do not see where a case is indented no longer.
        out.push(format!("The {} ends.", part.label));
    }
}

/// Sentences as SSML.
#[must_use]
pub fn ssml(sentences: &[String]) -> String {
    let escape = |s: &String| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let all: String = sentences.iter().map(|s| format!("<s>{}</s>", escape(s))).collect();
    format!("<speak version=\"1.1\" xmlns=\"http://www.w3.org/2001/10/synthesis\" xml:lang=\"en\"><p>{all}</p></speak>")
}

/// A part on the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Placed<'p> {
    /// The part.
    pub part: &'p Part,
    /// From left to right. Parts without parts stand in whole places.
    pub x: f64,
    /// From the goal downwards.
    pub y: u32,
    /// Which of its neighbours it is, from 1, and how many these are.
    pub position: (usize, usize),
}

/// Places of a tree: who has parts stands above the middle of them, and no two parts stand in one place.
#[must_use]
pub fn places(root: &Part) -> Vec<Placed<'_>> {
    let mut out = Vec::new();
    place(root, 0, (1, 1), &mut 0, &mut out);
    out
}

fn place<'p>(part: &'p Part, y: u32, position: (usize, usize), next: &mut u32, out: &mut Vec<Placed<'p>>) -> f64 {
    let at = out.len();
    out.push(Placed { part, x: 0.0, y, position });
    let (mut first, mut last) = (None, 0.0);
    for (n, p) in (1..).zip(&part.parts) {
        last = place(p, y + 1, (n, part.parts.len()), next, out);
        first = first.or(Some(last));
    }
    let x = first.map_or_else(
        || {
            *next += 1;
            f64::from(*next - 1)
        },
        |first| (first + last) / 2.0,
    );
    if let Some(placed) = out.get_mut(at) {
        placed.x = x;
    }
    x
}

/// A tree with the places of its parts.
fn drawn(root: &Part) -> Value {
    let nodes: Vec<Value> = places(root)
        .iter()
        .map(|p| {
            let Placed { part, x, y, position } = p;
            json!({
                "id": part.id, "label": part.label, "position": { "x": x, "y": y },
                "level": y + 1, "posinset": position.0, "setsize": position.1,
                "parts": part.parts.iter().map(|p| &p.id).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({ "type": "proof_tree", "nodes": nodes })
}

/// The picture of a goal, a step of it, and the goals that the step leaves, each in words.
#[must_use]
pub fn step_drawn(goal: &str, step: &str, left: &[&str]) -> Value {
    let part = |id: String, label: &str, parts| Part {
        says: String::new(),
        is_case: false,
        ends: "",
        label: label.to_owned(),
        parts,
        id,
    };
    let left = (1..).zip(left).map(|(n, goal)| part(format!("goal-1-left-{n}"), goal, Vec::new())).collect();
    drawn(&part("goal".to_owned(), goal, vec![part("goal-1".to_owned(), step, left)]))
}

/// The whole explanation.
#[must_use]
pub fn explanation(root: &Part, level: Level) -> Value {
    let said = sentences(root, level);
    let mut touch: Vec<Value> = root
        .all()
        .iter()
        .skip(1)
        .map(|p| json!({ "id": p.id, "pattern": if p.is_case { "subgoal" } else { "step" } }))
        .collect();
    touch.push(json!({ "id": root.id, "pattern": "proved" }));
    let patterns: Vec<Value> =
        HAPTICS.iter().map(|(name, says, ms)| json!({ "pattern": name, "says": says, "milliseconds": ms })).collect();
    let levels: serde_json::Map<String, Value> = Level::WORDS
        .iter()
        .map(|(word, level)| ((*word).to_owned(), sentences(root, *level).join(" ").into()))
        .collect();
    json!({
        "text": said.join(" "),
        "levels": levels,
        "audio_description": ssml(&said),
        "spatial_visualization": drawn(root),
        "haptic_hints": { "patterns": patterns, "events": touch },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use bfv_syntax::tree::Body;

    fn parsed(script: &str) -> Script {
        let (file, problems) = bfv_syntax::parse(0, format!("claim c : 0 = 0 by {{ {script} }}\n").as_bytes());
        assert!(problems.is_empty(), "{problems:?}");
        match file.decls.into_iter().next().unwrap().body {
            Body::By(script) => script,
            other => panic!("{other:?}"),
        }
    }

    const LONG: &str = "intro n m; induction n { zero => intro h; refl | suc k ih => cases m { zero => arith | suc j => { split; refl }; auto } }; refl";

    /// Item 30 of the list of accessibility.
    #[test]
    fn item_30_patterns_of_touch_differ_and_are_short() {
        for (n, (name, says, ms)) in HAPTICS.iter().enumerate() {
            assert!(ms.iter().sum::<u32>() <= 1000 && ms.len() % 2 == 1, "{name}");
            assert!(says.len() > 10);
            for (other, _, theirs) in HAPTICS.iter().skip(n + 1) {
                assert!(name != other && ms != theirs, "{name} and {other}");
            }
        }
    }

    /// Item 24, as far as the data go: every part has its own label, and text, tree and touch have one order.
    #[test]
    fn item_24_item_30_all_forms_have_one_order() {
        let root = tree("0 = 0", &parsed(LONG));
        let ids: Vec<&str> = root.all().iter().map(|p| p.id.as_str()).collect();
        let told = explanation(&root, Level::Full);
        let nodes = told.pointer("/spatial_visualization/nodes").unwrap().as_array().unwrap().clone();
        let in_tree: Vec<&str> = nodes.iter().map(|n| n.get("id").unwrap().as_str().unwrap()).collect();
        assert_eq!(in_tree, ids);
        let events = told.pointer("/haptic_hints/events").unwrap().as_array().unwrap().clone();
        let touched: Vec<&str> = events.iter().map(|e| e.get("id").unwrap().as_str().unwrap()).collect();
        assert_eq!(touched, ids.iter().skip(1).chain(ids.first()).copied().collect::<Vec<_>>());
        let text = told.get("text").unwrap().as_str().unwrap();
        let mut rest = text;
        for part in root.all().iter().skip(1) {
            assert!(!part.label.contains('{'), "{}", part.label);
            let at = rest.find(&part.says).unwrap_or_else(|| panic!("{} is not in order: {text}", part.id));
            rest = rest.get(at..).unwrap();
        }
        assert_eq!(text.matches(" begins.").count(), text.matches(" ends.").count());
        assert_eq!(ids.len(), ids.iter().collect::<std::collections::BTreeSet<_>>().len());
    }

    #[test]
    fn no_two_parts_stand_in_one_place_and_parents_stand_above_their_parts() {
        let root = tree("0 = 0", &parsed(LONG));
        let placed = places(&root);
        assert!(placed.len() >= 16, "{}", placed.len());
        for (n, a) in placed.iter().enumerate() {
            for b in placed.iter().skip(n + 1).filter(|b| b.y == a.y) {
                assert!((a.x - b.x).abs() >= 1.0, "{} and {}", a.part.id, b.part.id);
                assert!(a.x < b.x, "the order from left to right is that of the proof");
            }
        }
    }

    #[test]
    fn levels_say_more_and_speech_has_no_bare_signs() {
        let root = tree("0 = 0", &parsed(LONG));
        let [brief, normal, full] = Level::WORDS.map(|(_, level)| sentences(&root, level).join(" ").len());
        assert!(brief < normal && normal < full);
        let spoken = ssml(&["a < b & c".to_owned()]);
        assert!(spoken.contains("<s>a &lt; b &amp; c</s>"), "{spoken}");
    }
}
