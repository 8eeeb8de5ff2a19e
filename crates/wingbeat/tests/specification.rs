//! The rules of the code and the commands of the specification name each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_wingbeat::ARMS;
use std::collections::{BTreeMap, BTreeSet};

/// The commands of the specification, with the codes of the arms that the comment before each names.
fn commands() -> BTreeMap<String, BTreeSet<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/consensus/repaired.sctt");
    let text = std::fs::read_to_string(path).unwrap();
    let protocol = text.split_once("protocol repaired ").unwrap().1.split_once("\nend\n").unwrap().0;
    let (mut out, mut arms) = (BTreeMap::new(), None);
    for line in protocol.lines().map(str::trim) {
        if let Some(list) = line.strip_prefix("--- Arms: ") {
            let list = list.strip_suffix('.').expect("a sentence");
            arms = Some(list.split(' ').map(str::to_owned).collect());
        } else if let Some(command) = line.strip_prefix("command ") {
            let name = command.split(' ').next().unwrap();
            let cited = arms.take().unwrap_or_else(|| panic!("{name} names no arms"));
            assert!(out.insert(name.to_owned(), cited).is_none());
        }
    }
    out
}

#[test]
fn arms_and_commands_name_each_other() {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut without = 0;
    for arm in ARMS {
        match arm.commands() {
            Ok(list) => {
                assert!(!list.is_empty());
                for command in list {
                    named.entry((*command).to_owned()).or_default().insert(arm.code().to_owned());
                }
            }
            Err(why) => {
                assert!(why.ends_with('.'));
                without += 1;
            }
        }
    }
    assert_eq!(named, commands());
    println!(
        "{} commands and {} arms name each other; {without} arms have no command.",
        named.len(),
        ARMS.len() - without
    );
}

/// The refinement map, as people read it: each rule stands in one row, with its commands or with none.
#[test]
fn the_refinement_map_is_that_of_the_rules() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/consensus/PROTOCOLS.md");
    let text = std::fs::read_to_string(path).unwrap();
    let table = text.split_once("| rules | commands | arguments |\n|---|---|---|\n").unwrap().1;
    let mut told = BTreeMap::new();
    for row in table.lines().take_while(|l| l.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for code in cells[1].split(' ') {
            let commands: Vec<&str> = if cells[2] == "none" { Vec::new() } else { cells[2].split(", ").collect() };
            assert!(told.insert(code, commands).is_none(), "{code} stands twice");
        }
    }
    let rules: BTreeMap<&str, Vec<&str>> =
        ARMS.iter().map(|a| (a.code(), a.commands().map_or_else(|_| Vec::new(), <[&str]>::to_vec))).collect();
    assert_eq!(told, rules);
}
