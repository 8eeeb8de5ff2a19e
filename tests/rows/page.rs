//! The page `proofs/CLAIMS.md`: every row with its verdict, its counterexample and its repairs, from what the program says.

use crate::{Kind, parts};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is known of one claim.
struct Told<'a> {
    kind: Kind,
    /// The words before the claim.
    words: &'a str,
    statement: &'a str,
    judged: &'a Value,
}

impl Told<'_> {
    fn verdict(&self) -> &str {
        self.judged["verdict"].as_str().unwrap()
    }

    /// `k is 1, w is [2, -1]`; nothing when no point was given.
    fn point(&self) -> Option<String> {
        let values = self.judged["counterexample"].as_array().filter(|v| !v.is_empty())?;
        let value = |v: &Value| format!("{} is {}", v["name"].as_str().unwrap(), v["value"].as_str().unwrap());
        Some(values.iter().map(value).collect::<Vec<_>>().join(", "))
    }

    fn axioms(&self) -> String {
        let names: Vec<&str> = self.judged["axioms"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        if names.is_empty() { "no axioms".to_owned() } else { format!("axioms: {}", names.join(", ")) }
    }
}

/// The page from the documents of `check` and of `list`.
pub fn page(judged: &Value, listed: &Value) -> String {
    let listed: BTreeMap<&str, &Value> =
        listed["goals"].as_array().unwrap().iter().map(|g| (g["name"].as_str().unwrap(), g)).collect();
    // File, then row, then its claims in the order of the file.
    let mut files: BTreeMap<&str, BTreeMap<String, Vec<Told>>> = BTreeMap::new();
    for goal in judged["goals"].as_array().unwrap() {
        let name = goal["name"].as_str().unwrap();
        let (row, kind, _) = parts(name.rsplit('.').next().unwrap()).unwrap();
        let told = Told {
            kind,
            words: listed[name]["doc"].as_str().unwrap(),
            statement: listed[name]["statement"].as_str().unwrap(),
            judged: goal,
        };
        files.entry(goal["file"].as_str().unwrap()).or_default().entry(row.to_uppercase()).or_default().push(told);
    }
    let rows: Vec<&Vec<Told>> = files.values().flat_map(BTreeMap::values).collect();
    let count = |f: &dyn Fn(&Told) -> bool| rows.iter().filter(|told| told.iter().any(f)).count();
    let refuted = count(&|t| t.kind == Kind::Row && t.verdict() == "refuted");
    let mut out = format!(
        "# Claims of the source texts, judged\n\n\
         Made from the verdicts of `bfv check examples/claims`; a test compares the two. \
         `UPDATE_EXPECTED=1 cargo test --release --test rows` makes the page again.\n\n\
         Rows decided: {}. Refuted as they stand: {refuted}. Of these with a repair that is proved: {}.\n",
        rows.len(),
        count(&|t| t.kind == Kind::Repaired || t.judged["holds_if"].as_array().is_some_and(|h| !h.is_empty())),
    );
    for (file, rows) in &files {
        writeln!(out, "\n## {file}").unwrap();
        for (row, told) in rows {
            let mut verdicts: Vec<&str> = told.iter().filter(|t| t.kind == Kind::Row).map(Told::verdict).collect();
            verdicts.dedup();
            writeln!(out, "\n### {row}: {}\n", verdicts.join(" and ")).unwrap();
            for t in told {
                write_claim(&mut out, row, t);
            }
        }
    }
    out
}

/// Instances and tightened siblings show that a claim says something; they are in the files and not on the page.
fn write_claim(out: &mut String, row: &str, t: &Told) {
    let words = t.words.split_whitespace().collect::<Vec<_>>().join(" ");
    let start = match t.kind {
        Kind::Row => format!("{row}: "),
        Kind::Repaired => format!("{row} with its repair: "),
        Kind::Instance | Kind::Tight => return,
    };
    let said = words.strip_prefix(&start).unwrap_or(&words);
    let (first, rest) = said.split_at_checked(1).unwrap_or((said, ""));
    let (repair, verdict) = match (t.kind, t.verdict()) {
        (Kind::Repaired, _) => ("Repair: ", "Proved"),
        (_, "proved") => ("", "Proved"),
        _ => ("", "Refuted"),
    };
    writeln!(out, "- {repair}{}{rest} {verdict} ({}).", first.to_uppercase(), t.axioms()).unwrap();
    if let Some(point) = t.point() {
        writeln!(out, "  Counterexample: {point}.").unwrap();
    }
    for h in t.judged["holds_if"].as_array().unwrap() {
        writeln!(out, "  It holds if `{}`: {}.", h["condition"].as_str().unwrap(), h["verdict"].as_str().unwrap())
            .unwrap();
    }
    if t.kind == Kind::Repaired {
        writeln!(out, "  Statement: `{}`.", t.statement.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap();
    }
}
