//! What became of mutants, counted.

use super::{Checked, Project, Proof, explain, kernel, second};
use bfv_kernel::Limits;
use std::collections::BTreeMap;

/// Counts of mutants.
#[derive(Default)]
pub struct Tally {
    pub unreadable: usize,
    pub refused: usize,
    /// Neither checker came to an end.
    budget: usize,
    /// One checker accepts and the other does not come to an end: no disagreement, for a budget says nothing of the judgement.
    one_sided: Vec<String>,
    reasons: BTreeMap<&'static str, usize>,
    classes: BTreeMap<&'static str, usize>,
    pub kinds: BTreeMap<&'static str, [usize; 2]>,
    wrong: Vec<String>,
    /// Claims with the bytes of a mutant that states something else.
    pub stale: Vec<(String, Vec<u8>)>,
}

impl Tally {
    pub fn accepted(&self) -> usize {
        self.classes.values().sum()
    }

    pub fn take(
        &mut self,
        kind: &'static str,
        what: &str,
        p: &Proof,
        checked: &Checked,
        bytes: &[u8],
        project: &Project,
    ) {
        assert!(*bytes != *p.bytes, "{what} is no mutant");
        let Ok(mutant) = bfv_format::read(bytes) else {
            self.unreadable += 1;
            return;
        };
        let counts = self.kinds.entry(kind).or_default();
        match checked.judge(&p.stored, &mutant, bytes) {
            [Err("budget"), Err("budget")] => self.budget += 1,
            [Err("budget"), Ok(())] => self.one_sided.push(format!("the kernel, {kind} in {what}")),
            [Ok(()), Err("budget")] => self.one_sided.push(format!("the second checker, {kind} in {what}")),
            [Err(reason), Err(_)] => {
                counts[0] += 1;
                self.refused += 1;
                *self.reasons.entry(reason).or_default() += 1;
            }
            [Ok(()), Ok(())] => {
                counts[1] += 1;
                // Once more from the bytes alone: both print the same statement.
                let judged = kernel(&mutant, Limits::default()).unwrap();
                let names: Vec<String> = mutant.decls.iter().map(|d| d.name().to_owned()).collect();
                let report = second(bytes, bfv_recheck::Limits::default()).unwrap();
                assert_eq!(report.statement, bfv_format::show(&judged, &names), "{what}");
                match explain(p, &mutant, project) {
                    Ok(class) => {
                        *self.classes.entry(class).or_default() += 1;
                        if class.ends_with("stale") && project.claim(&p.name).is_some() {
                            self.stale.push((p.name.clone(), bytes.to_vec()));
                        }
                    }
                    Err(why) => self.wrong.push(format!("{kind} in {what}: {why}.")),
                }
            }
            [k, r] => self.wrong.push(format!("{kind} in {what}: the kernel says {k:?}, the second checker {r:?}.")),
        }
    }

    pub fn print(&self) {
        let all = self.unreadable + self.refused + self.budget + self.one_sided.len() + self.accepted();
        println!(
            "Figures: {all} mutants. Unreadable: {}. Refused by both: {}. Out of budget in both: {}. Accepted by both: {}.",
            self.unreadable,
            self.refused,
            self.budget,
            self.accepted()
        );
        self.reasons.iter().for_each(|(reason, n)| println!("Refused by the kernel, {n}: {reason}."));
        self.classes.iter().for_each(|(class, n)| println!("Accepted, {n}: {class}."));
        self.kinds.iter().for_each(|(kind, [r, a])| println!("Kind {kind}: {r} refused, {a} accepted."));
        self.one_sided.iter().for_each(|what| println!("Out of budget: {what}."));
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
        assert!(
            self.one_sided.len() * 100 <= all,
            "{} of {all} are out of budget in one checker",
            self.one_sided.len()
        );
    }
}
