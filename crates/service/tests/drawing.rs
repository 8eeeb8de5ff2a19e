//! Points and lines of a drawing, and the drawing at which a statement fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::Server;
use serde_json::{Value, json};

#[test]
fn a_drawing_is_drawn_again_where_a_statement_fails() {
    let server = Server::start(&[]);
    let point = |id: &str, x: f64, y: f64| json!({ "id": id, "type": "Point", "position": { "x": x, "y": y } });
    let line = json!({ "id": "l", "type": "Line", "endpoints": ["A", "B"] });
    let ask = |constructions: Value| {
        server.ask(&json!({
            "type": "REQUEST_COUNTEREXAMPLE", "theorem": "A_x < B_x -> A_y < B_y",
            "proof_state": { "goals": [], "constructions": constructions, "hypotheses": [{ "id": "above", "statement": "0 < A_y" }] },
        }))
    };
    let told = ask(json!([line, point("A", 0.5, 1.0), point("B", 2.0, 3.0), point("C", 7.0, -1.25)]));
    assert_eq!((&told["found"], &told["verdict"]), (&json!(true), &json!("refuted")), "{told}");
    let drawn = &told["counterexample"]["constructions"];
    assert_eq!(
        (&drawn[0], drawn[1]["id"].as_str(), &drawn[3]),
        (
            &line,
            Some("A"),
            &json!({ "id": "C", "type": "Point", "position": { "x": 7.0, "y": -1.25 }, "exact": ["7.0", "-1.25"] })
        )
    );
    let place = |n: usize, axis: &str| drawn[n]["position"][axis].as_f64().unwrap_or_else(|| panic!("{drawn}"));
    assert!(place(1, "x") < place(2, "x") && place(1, "y") >= place(2, "y") && place(1, "y") > 0.0, "{drawn}");
    let facts = told["counterexample"]["facts"].as_array().unwrap();
    let said: Vec<(&str, bool)> =
        facts.iter().map(|f| (f["id"].as_str().unwrap(), f["holds"].as_bool().unwrap())).collect();
    assert_eq!(said, [("above", true), ("goal", false)]);
    // A drawing with a mistake is refused with its place.
    for (wrong, place) in [
        (json!([line]), "constructions, entry 1, endpoints, entry 1"),
        (json!([point("A", 0.0, 0.0), point("A", 1.0, 0.0)]), "constructions, entry 2, id"),
        (json!([{ "id": "A", "type": "Point" }]), "constructions, entry 1"),
        (json!([{ "id": "A", "type": "Circle" }]), "constructions, entry 1, type"),
    ] {
        let body = json!({ "type": "REQUEST_COUNTEREXAMPLE", "theorem": "A_x = 0", "proof_state": { "goals": [], "constructions": wrong } });
        let refused = server.post("/v1/message", &body);
        assert_eq!(refused.status, 400, "{}", refused.body);
        assert!(refused.json()["detail"].as_str().unwrap().contains(place), "{}", refused.body);
    }
}
