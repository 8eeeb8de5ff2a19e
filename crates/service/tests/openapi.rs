//! The description of the interface that is checked in is the one that the code has.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_service::openapi::document;
use bfv_service::server::OPENAPI;
use serde_json::Value;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

#[test]
fn the_file_is_the_document() {
    let wanted = format!("{:#}\n", document());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(FILE, &wanted).unwrap();
        return;
    }
    assert_eq!(
        OPENAPI, wanted,
        "run UPDATE_EXPECTED=1 cargo test -p bfv-service --test openapi, and look at the changes"
    );
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn walk(v: &Value, found: &mut Vec<String>) {
        match v {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    if let ("$ref", Some(to)) = (name.as_str(), inner.as_str()) {
                        found.push(to.to_owned());
                    }
                    walk(inner, found);
                }
            }
            Value::Array(all) => all.iter().for_each(|v| walk(v, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 20);
    for to in found {
        assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
    }
}
