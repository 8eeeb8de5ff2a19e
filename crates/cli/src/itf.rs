//! The run behind a refutation in the Informal Trace Format, which Apalache and Quint read.

use bfv_driver::{Seen, Shown};
use serde_json::{Map, Value, json};

/// The document of a refutation.
///
/// # Errors
/// Why there is none, as a part of a sentence.
pub fn itf(seen: &Seen<'_>) -> Result<String, String> {
    let found = seen.frontend.states(seen.goal, &seen.elaborated.signature, seen.evidence);
    let run = found.ok_or("the refutation does not rest on a run of a protocol")?;
    let steps = seen.report.chart.as_ref().map(|c| c.steps.as_slice()).unwrap_or_default();
    let state = |(n, parts): (usize, &Vec<Shown>)| {
        let said = n.checked_sub(1).and_then(|before| steps.get(before)).map(|s| s.sentence(n));
        let mut out = Map::new();
        out.insert("#meta".into(), json!({ "index": n, "step": said }));
        out.extend(run.chosen.iter().map(|(name, value)| (name.clone(), shown(value))));
        out.extend(run.parts.iter().cloned().zip(parts.iter().map(shown)));
        Value::Object(out)
    };
    let chosen: Vec<&String> = run.chosen.iter().map(|(name, _)| name).collect();
    let mut document = json!({
        "#meta": {
            "format": "ITF",
            "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html",
            "description": format!("A run that breaks the claim {}.", seen.report.name),
        },
        "params": chosen,
        "vars": chosen.iter().copied().chain(&run.parts).collect::<Vec<_>>(),
        "states": run.states.iter().enumerate().map(state).collect::<Vec<_>>(),
    });
    if let (Some(back), Value::Object(all)) = (run.back_to, &mut document) {
        all.insert("loop".into(), json!(back));
    }
    Ok(format!("{document:#}\n"))
}

fn shown(value: &Shown) -> Value {
    let all = |values: &[Shown]| values.iter().map(shown).collect::<Vec<_>>();
    match value {
        Shown::Truth(b) => json!(b),
        Shown::Number(n) => json!({ "#bigint": n }),
        Shown::Text(t) => json!(t),
        Shown::Tuple(values) => json!({ "#tup": all(values) }),
        Shown::Set(values) => json!({ "#set": all(values) }),
        Shown::Map(pairs) => {
            json!({ "#map": pairs.iter().map(|(k, v)| json!([shown(k), shown(v)])).collect::<Vec<_>>() })
        }
    }
}
