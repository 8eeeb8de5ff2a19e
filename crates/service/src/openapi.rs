//! The description of the interface. `openapi.json` is this document, written down; a test compares the two.

use crate::wire::Kind;
use serde_json::{Map, Value, json};

/// The statuses of problems that every message may be answered with.
const PROBLEMS: [&str; 11] = ["400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503"];

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn list(of: Value) -> Value {
    json!({ "type": "array", "items": of })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

/// What every request may have.
fn common(kind: Kind) -> Map<String, Value> {
    let common = json!({
        "type": { "const": kind.request_type() },
        "request_id": text("Letters, digits, hyphens, underscores and points. One is made where it is missing."),
        "imports": list(text("A module of the library whose words the goals use. Default: std.nat, std.int and std.real.")),
        "declarations": text("Data, definitions and theorems that the goals use, in the language. Not axioms."),
        "timeout_ms": { "type": "integer", "minimum": 1, "maximum": crate::wire::LONGEST_MS },
        "user_preferences": { "type": "object" },
    });
    if let Value::Object(fields) = common { fields } else { Map::new() }
}

fn request(kind: Kind) -> Value {
    let step = reference("step");
    let (required, own) = match kind {
        Kind::Suggest => (vec!["proof_state"], json!({ "proof_state": reference("state") })),
        Kind::Verify => (
            vec!["proof_step", "current_state"],
            json!({ "proof_step": step, "current_state": reference("state"), "request_counterexample_on_failure": { "type": "boolean" } }),
        ),
        Kind::Complete => (
            vec!["proof_sketch"],
            json!({
                "proof_sketch": object(&["goal"], json!({ "goal": reference("statement"), "strategy": text("Not used."), "steps": list(reference("sketched")) })),
                "max_steps": { "type": "integer", "minimum": 1, "maximum": 64 },
            }),
        ),
        Kind::Explain => (
            vec!["theorem"],
            json!({
                "theorem": reference("statement"), "proof_state": reference("state"),
                "script": text("Steps with semicolons between them. One of script, proof_term and certificate_bytes is needed."),
                "proof_term": text("A proof as a term of the language."),
                "certificate_bytes": text("Stored evidence in hexadecimal digits, as formal_verification has it. The kernel judges it for this goal first."),
            }),
        ),
        Kind::Counterexample => {
            (vec!["theorem"], json!({ "theorem": reference("statement"), "proof_state": reference("state") }))
        }
    };
    let mut properties = common(kind);
    if let Value::Object(own) = own {
        properties.extend(own);
    }
    object(&required, Value::Object(properties))
}

fn answer(kind: Kind) -> Value {
    let (required, own) = match kind {
        Kind::Suggest => (
            vec!["suggestions", "explanation"],
            json!({ "suggestions": list(reference("suggestion")), "refuted_goals": list(json!({ "type": "object" })), "proved_goals": list(json!({ "type": "object" })), "countermodels": list(json!({ "type": "object" })), "reason": text("Why there is no proof."), "explanation": { "type": "object" } }),
        ),
        Kind::Verify => (
            vec!["valid", "status", "formal_verification"],
            json!({
                "valid": { "type": "boolean", "description": "True only where the kernel accepted a proof of the whole goal." },
                "step_accepted": { "type": "boolean", "description": "The step could be made. That proves nothing." },
                "status": text("In words, such as: step accepted, goals left."),
                "confidence": { "type": "number" }, "potential_issues": list(json!({ "type": "object" })),
                "resulting_goals": list(json!({ "type": "object" })), "counterexample": { "type": ["object", "null"] },
                "formal_verification": reference("formal"),
            }),
        ),
        Kind::Complete => (
            vec!["proof"],
            json!({ "proof": { "type": ["object", "null"] }, "reason": text("Why there is no proof."), "counterexample": { "type": "object" }, "countermodel": model() }),
        ),
        Kind::Explain => (
            vec!["explanation", "reason"],
            json!({ "explanation": { "type": ["object", "null"] }, "reason": text("Why nothing is explained."), "formal_verification": reference("formal") }),
        ),
        Kind::Counterexample => (
            vec!["found", "verdict", "reason"],
            json!({ "found": { "type": "boolean" }, "verdict": { "enum": ["proved", "refuted", "unknown"] }, "reason": text("Why."), "counterexample": { "type": "object" }, "countermodel": model() }),
        ),
    };
    let mut properties = Map::new();
    properties.insert("type".into(), json!({ "const": kind.answer_type() }));
    properties.insert("request_id".into(), text("The id of the request."));
    properties.insert("metadata".into(), json!({ "type": "object" }));
    if let Value::Object(own) = own {
        properties.extend(own);
    }
    let all: Vec<&str> = ["type", "request_id", "metadata"].into_iter().chain(required).collect();
    object(&all, Value::Object(properties))
}

/// A Kripke model, where one was found.
fn model() -> Value {
    json!({ "type": ["object", "null"], "description": "A checked Kripke model: why the goal does not follow by logic alone. It refutes nothing." })
}

fn problems() -> Map<String, Value> {
    let body = json!({ "description": "A problem.", "content": { "application/problem+json": { "schema": reference("problem") } } });
    PROBLEMS.iter().map(|status| ((*status).to_owned(), body.clone())).collect()
}

/// The operation of a path that takes messages.
fn operation(summary: &str, kinds: &[Kind]) -> Value {
    let any = |part: &str| {
        let all: Vec<Value> = kinds.iter().map(|k| reference(&format!("{}_{part}", k.word()))).collect();
        json!({ "oneOf": all })
    };
    let mut responses = problems();
    responses.insert(
        "200".into(),
        json!({ "description": "The answer; where events are asked for, each suggestion, then the answer or a problem.",
            "content": { "application/json": { "schema": any("answer") }, "text/event-stream": { "schema": text("Events named suggestion, answer and problem.") } } }),
    );
    json!({ "post": {
        "summary": summary,
        "parameters": [client()],
        "requestBody": { "required": true, "content": { "application/json": { "schema": any("request") } } },
        "responses": responses,
    } })
}

/// The header that keeps clients apart.
fn client() -> Value {
    let says = "A secret word of the client. Ids of requests are its own then, and nobody else can cancel them. Without it they are those of its address.";
    json!({ "name": "Bfv-Client", "in": "header", "required": false, "schema": text(says) })
}

fn plain(summary: &str, content: &str, also: &[&str]) -> Value {
    let mut responses = Map::new();
    responses.insert("200".into(), json!({ "description": summary, "content": { content: { "schema": {} } } }));
    for status in also {
        responses.insert((*status).to_owned(), json!({ "description": "A problem." }));
    }
    json!({ "get": { "summary": summary, "responses": responses } })
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    paths.insert("/v1/message".into(), operation("Any message, told apart by its type.", &Kind::ALL));
    for kind in Kind::ALL {
        let summary = format!("A message of the type {}, which may be left out.", kind.request_type());
        paths.insert(format!("/v1/{}", kind.word()), operation(&summary, &[kind]));
    }
    paths.insert(
        "/v1/requests/{id}".into(),
        json!({ "delete": {
            "summary": "Cancels a request that is not answered yet.",
            "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }, client()],
            "responses": { "204": { "description": "It is cancelled." }, "400": { "description": "A problem." }, "401": { "description": "A problem." }, "403": { "description": "A problem." }, "404": { "description": "A problem." } },
        } }),
    );
    paths.insert("/health".into(), plain("The service runs.", "text/plain", &[]));
    paths.insert("/ready".into(), plain("The service is ready.", "text/plain", &["503"]));
    paths.insert("/metrics".into(), plain("Counters in the format of Prometheus.", "text/plain", &[]));
    paths.insert("/openapi.json".into(), plain("This document.", "application/json", &[]));
    let mut schemas = Map::new();
    for kind in Kind::ALL {
        schemas.insert(format!("{}_request", kind.word()), request(kind));
        schemas.insert(format!("{}_answer", kind.word()), answer(kind));
    }
    let variable = |name: &str, says: &str| {
        object(&[name, says], json!({ name: text("A name."), says: text("In the language.") }))
    };
    schemas.insert(
        "goal".into(),
        object(
            &["statement"],
            json!({
                "id": text("An id. Default: its number, from 1."), "statement": text("In the language of .sctt files."),
                "type": text("Not used."), "context": list(variable("var", "type")),
            }),
        ),
    );
    schemas.insert("state".into(), object(&["goals"], json!({
        "goals": list(reference("goal")), "hypotheses": list(variable("id", "statement")), "constructions": list(reference("construction")),
    })));
    schemas.insert("construction".into(), object(&["id", "type"], json!({
        "id": text("A name. A point A gives its goal the real numbers A_x and A_y."), "type": { "enum": ["Point", "Line"] },
        "position": object(&["x", "y"], json!({ "x": { "type": "number" }, "y": { "type": "number" } })),
        "endpoints": list(text("The name of a point.")),
    })));
    schemas
        .insert("statement".into(), json!({ "oneOf": [text("In the language of .sctt files."), reference("goal")] }));
    schemas.insert("step".into(), object(&["tactic"], json!({
        "tactic": { "enum": crate::sheet::TACTICS.iter().chain(&crate::sheet::MACROS).collect::<Vec<_>>() },
        "target": { "type": ["string", "null"], "description": "The id of a goal, or what the step is made on." }, "arguments": list(text("In the language.")),
    })));
    schemas.insert("sketched".into(), object(&["status"], json!({
        "status": { "enum": ["complete", "missing"] }, "tactic": text("As in a step."), "arguments": list(text("In the language.")),
    })));
    schemas.insert("suggestion".into(), object(&["rank", "tactic", "arguments", "valid"], json!({
        "rank": { "type": "integer" }, "target": text("The id of the goal."), "tactic": text("The word of the step."),
        "macro": { "type": "boolean" }, "arguments": list(text("In the language.")), "step": text("The step as the language writes it."),
        "script": { "type": ["string", "null"], "description": "The whole proof, where the kernel accepted one that begins with the step." },
        "confidence": { "type": "number", "description": "For the order only. It is no verdict." }, "closes_goal": { "type": "boolean" },
        "valid": { "type": "boolean", "description": "The kernel accepted a proof that begins with the step." },
        "step_accepted": { "type": "boolean" }, "resulting_goals": list(json!({ "type": "object" })), "rationale": text("In sentences."),
        "estimated_steps": { "type": "integer" }, "potential_issues": list(json!({ "type": "object" })), "worker_consensus": { "type": "object" }, "formal_verification": { "oneOf": [reference("formal"), { "type": "null" }] },
    })));
    schemas.insert("formal".into(), object(&["type_checked", "sctt_certificate"], json!({
        "type_checked": { "type": "boolean" }, "status": { "enum": ["proved", "refuted", "unknown"] },
        "proof_term": { "type": ["string", "null"] }, "proof_term_spoken": { "type": ["string", "null"] },
        "sctt_certificate": { "type": ["string", "null"], "description": "The blake3 hash of the bytes that the kernel judged." },
        "certificate_bytes": { "type": ["string", "null"], "description": "These bytes in hexadecimal digits." },
        "axioms": list(json!({ "type": "string" })), "rules": list(json!({ "type": "string" })),
    })));
    schemas.insert("problem".into(), object(&["type", "title", "status", "detail", "code", "exit_code", "what", "mend"], json!({
        "type": text("A name for the code."), "title": text("The status in words."), "status": { "type": "integer" }, "detail": text("All of it in sentences."),
        "code": text("The code of the command line."), "exit_code": { "type": "integer" }, "what": text("What is wrong."), "where": text("The place in the request."),
        "mend": text("How to mend it."), "request_id": text("The id of the request."), "retry_after": { "type": "integer" },
    })));
    json!({
        "openapi": "3.1.0",
        "info": { "title": "The proof-suggestion service of bfv", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "MIT" } },
        "components": { "schemas": schemas, "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
        "security": [{}, { "token": [] }],
        "paths": paths,
    })
}
