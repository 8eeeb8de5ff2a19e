//! Changes of messages.

use crate::common::{Server, verification};
use serde_json::{Value, json};

/// A sequence of numbers that looks random and is the same for one seed (xorshift64*, Vigna 2016).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let n = u64::try_from(n.max(1)).unwrap();
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16) % n).unwrap()
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// What is sent, and the message in it where it must be answered.
pub struct Case {
    pub bytes: Vec<u8>,
    pub message: Option<Value>,
    /// The client says that nothing more comes. Who does so before the answer may get none.
    pub closes: bool,
}

const LISTS: &str = "data List : U 0\n| nil\n| cons (head : Nat) (tail : List)\n\ndef app (ys : List) : List -> List\n| nil => ys\n| cons x xs => cons x (app ys xs)\n";

const STATEMENTS: [&str; 12] = [
    "forall (n : Nat), n + 0 = n",
    "forall (n : Nat), n + 1 = n",
    "forall (a b : Nat), a + b = b + a",
    "forall (a b : Nat), a - b + b = a",
    "forall (A B : U 0), Sum A B -> Sum B A",
    "forall (A B : U 0), ((A -> B) -> A) -> A",
    "forall (x y : Real), 2 * x * y <= x * x + y * y",
    "forall (x : Real), 0 < x * x",
    "exists (n : Nat), n * n = 9",
    "0 = 1",
    "forall (xs : List), app nil xs = xs",
    "Nat -> Bool",
];

const SCRIPTS: [&str; 8] = [
    "refl",
    "auto",
    "intro n; induction n { zero => refl | suc m ih => refl }",
    "intro a b; arith",
    "intro x y; auto",
    "intro n; refl",
    "exact fun n => refl",
    "intro A B s; auto",
];

/// Pieces of the language, and of what it is not.
const PIECES: [&str; 40] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ":=",
    ":",
    ",",
    ";",
    "->",
    "=>",
    "=",
    "<=",
    "/\\",
    "\\/",
    "not ",
    "forall (z : Nat), ",
    "exists (z : Nat), ",
    "fun z => ",
    "refl",
    "auto",
    "arith",
    "exact ",
    "intro q; ",
    "induction n ",
    "0",
    "1",
    "999999999999999999999",
    "1/0",
    " n ",
    " a ",
    "U 0",
    "U 4294967296",
    "/-",
    "-/",
    "--",
    "\n",
    "?hole",
    "\u{3b1}",
];

/// A message as clients send it.
fn message(numbers: &mut Numbers) -> Value {
    let statement = *numbers.of(&STATEMENTS);
    let mut out = match numbers.below(8) {
        0 => {
            json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": { "goals": [{ "id": "g", "statement": statement }] } })
        }
        1 => {
            let context = json!([{ "var": "a", "type": "Nat" }, { "var": "b", "type": "Nat" }]);
            let goals = json!([
                { "id": "g", "statement": "a <= b + a", "context": context },
                { "id": "h", "statement": statement, "context": context },
            ]);
            json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": { "goals": goals } })
        }
        2 => {
            let goal = json!({ "id": "g", "statement": "a + c <= b + c", "context": [{ "var": "a", "type": "Nat" }, { "var": "b", "type": "Nat" }, { "var": "c", "type": "Nat" }] });
            let state = json!({ "goals": [goal], "hypotheses": [{ "id": "le", "statement": "a <= b" }] });
            json!({ "type": "REQUEST_PROOF_SUGGESTION", "proof_state": state })
        }
        3 | 4 => verification(statement, "script", &[*numbers.of(&SCRIPTS)]),
        5 => {
            json!({ "type": "REQUEST_PROOF_COMPLETION", "max_steps": 6, "proof_sketch": { "goal": statement, "steps": [{ "step": 1, "tactic": "intro", "arguments": ["n"], "status": "complete" }, { "status": "missing" }] } })
        }
        6 => json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": statement }),
        _ => {
            json!({ "type": "REQUEST_PROOF_EXPLANATION", "theorem": statement, "script": *numbers.of(&SCRIPTS), "user_preferences": { "explanation_level": "full" } })
        }
    };
    if statement.contains("List") || numbers.below(8) == 0 {
        out["declarations"] = json!(LISTS);
    }
    out["timeout_ms"] = json!(150);
    out
}

/// Changes a text piece by piece.
fn change_text(text: &str, numbers: &mut Numbers) -> String {
    let mut all: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(all.len() + 1);
        let end = (at + numbers.below(6)).min(all.len());
        match numbers.below(5) {
            0 => drop(all.drain(at..end)),
            1 | 2 => drop(all.splice(at..at, numbers.of(&PIECES).chars())),
            3 => drop(all.splice(at..end, numbers.of(&PIECES).chars())),
            _ => {
                let copy: Vec<char> = all[at..end].to_vec();
                let to = numbers.below(all.len() + 1);
                all.splice(to..to, copy);
            }
        }
    }
    all.into_iter().collect()
}

/// The texts of the language in a message.
fn texts<'v>(value: &'v mut Value, out: &mut Vec<&'v mut Value>) {
    const NAMES: [&str; 9] = ["statement", "theorem", "goal", "script", "declarations", "tactic", "type", "var", "id"];
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                let kind = name == "type" && inner.as_str().is_some_and(|t| t.starts_with("REQUEST_"));
                if inner.is_string() {
                    if NAMES.contains(&name.as_str()) && !kind {
                        out.push(inner);
                    }
                } else if name == "arguments" {
                    let all = inner.as_array_mut().into_iter().flatten();
                    out.extend(all.filter(|v| v.is_string()));
                } else {
                    texts(inner, out);
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|v| texts(v, out)),
        _ => {}
    }
}

/// Every value in a message.
fn parts<'v>(value: &'v mut Value, pick: &mut usize) -> Option<&'v mut Value> {
    if *pick == 0 {
        return Some(value);
    }
    *pick -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().find_map(|v| parts(v, pick)),
        Value::Array(all) => all.iter_mut().find_map(|v| parts(v, pick)),
        _ => None,
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::Array(all) => all.iter().map(count).sum(),
        _ => 0,
    }
}

/// Changes what a message is made of.
fn change_structure(message: &mut Value, numbers: &mut Numbers) {
    let mut pick = numbers.below(count(message));
    let other = message.clone();
    let Some(part) = parts(message, &mut pick) else { return };
    let long = "x".repeat(20_000);
    let deep = (0..200).fold(json!(1), |v, _| json!([v]));
    let mut from = numbers.below(count(&other));
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("\u{0}\u{7f}\u{202e}"),
        json!(long),
        json!([]),
        json!({}),
        deep,
        parts(&mut other.clone(), &mut from).cloned().unwrap_or(Value::Null),
    ];
    match (numbers.below(3), part) {
        (0, Value::Object(fields)) if !fields.is_empty() => {
            let name = fields.keys().nth(numbers.below(fields.len())).unwrap().clone();
            fields.remove(&name);
        }
        (0, Value::Array(all)) if !all.is_empty() => {
            let at = numbers.below(all.len());
            let copy = all[at].clone();
            all.extend(std::iter::repeat_n(copy, 1 + numbers.below(70)));
        }
        (1, Value::Object(fields)) => {
            fields.insert(
                numbers.of(&["goals", "id", "imports", "x", "statement", "target"]).to_string(),
                numbers.of(&values).clone(),
            );
        }
        (_, part) => *part = numbers.of(&values).clone(),
    }
}

/// Changes bytes.
fn change_bytes(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len() + 1);
        let end = (at + numbers.below(12)).min(bytes.len());
        match numbers.below(5) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.insert(at, u8::try_from(numbers.below(256)).unwrap()),
            2 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            3 => bytes.truncate(at),
            _ => {
                let copy = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
        }
    }
}

const HEADERS: [&str; 14] = [
    "Transfer-Encoding: chunked",
    "Content-Length: 0",
    "Content-Length: 18446744073709551616",
    "Content-Length: 7",
    "Host: evil.example",
    "Content-Type: text/plain",
    "Expect: 100-continue",
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "Accept: text/event-stream",
    "Authorization: Bearer x",
    "Origin: null",
    "Bfv-Client: \u{e9}",
    "X: \u{0}",
];

const PATHS: [&str; 12] = [
    "/v1/suggest",
    "/v1/verify",
    "/v1/explain",
    "/v1/complete",
    "/v1/counterexample",
    "/v1/requests/x",
    "/v1/requests/%2e%2e%ff",
    "/health",
    "/ready",
    "/openapi.json",
    "*",
    "/../../etc/passwd?x=%00",
];

/// A case: a message with a change of one of four sorts.
pub fn case(server: &Server, numbers: &mut Numbers) -> Case {
    let mut message = message(numbers);
    let head = ["Content-Type: application/json"];
    let sort = numbers.below(10);
    if sort < 5 {
        // The language within the texts of a message.
        if sort > 0 {
            let mut all = Vec::new();
            texts(&mut message, &mut all);
            let at = numbers.below(all.len());
            if let Some(Value::String(text)) = all.into_iter().nth(at) {
                *text = change_text(text, numbers);
            }
        }
        let bytes = server.written("POST", "/v1/message", &head, message.to_string().as_bytes());
        return Case { bytes, message: Some(message), closes: false };
    }
    if sort < 7 {
        for _ in 0..=numbers.below(2) {
            change_structure(&mut message, numbers);
        }
        // A change may ask for more time than there is patience.
        if let Some(Value::Number(n)) = message.get("timeout_ms")
            && n.as_u64().is_some_and(|n| n > 150)
        {
            message["timeout_ms"] = json!(150);
        }
        let bytes = server.written("POST", "/v1/message", &head, message.to_string().as_bytes());
        return Case { bytes, message: Some(message), closes: false };
    }
    if sort < 8 {
        let mut body = message.to_string().into_bytes();
        change_bytes(&mut body, numbers);
        let bytes = server.written("POST", "/v1/message", &head, &body);
        let message = serde_json::from_slice(&body).unwrap_or(Value::Null);
        return Case { bytes, message: Some(message), closes: false };
    }
    // HTTP itself.
    let method = *numbers.of(&["POST", "POST", "POST", "GET", "DELETE", "PUT", "HEAD", "OPTIONS", "FROB", "p\u{f6}st"]);
    let path = if numbers.below(3) == 0 { *numbers.of(&PATHS) } else { "/v1/message" };
    let mut headers = head.to_vec();
    for _ in 0..numbers.below(3) {
        headers.push(*numbers.of(&HEADERS));
    }
    let many: Vec<String> = (0..numbers.below(150)).map(|n| format!("X-{n}: {n}")).collect();
    if numbers.below(8) == 0 {
        headers.extend(many.iter().map(String::as_str));
    }
    let mut bytes = server.written(method, path, &headers, message.to_string().as_bytes());
    if numbers.below(2) == 0 {
        change_bytes(&mut bytes, numbers);
    }
    Case { bytes, message: None, closes: numbers.below(10) > 0 }
}
