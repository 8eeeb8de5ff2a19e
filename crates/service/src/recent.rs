//! Answers of this very process to goals that are asked again word for word, as after a step that is taken back.
//!
//! A text over the same declarations means the same, so nothing is searched and no script is made again. The kernel judges the evidence
//! each time, and what it refuses is no answer.

use crate::wire::{Goal, Request};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Most answers that are kept, and their bytes.
const MOST: (usize, usize) = (4_096, 16 << 20);
/// An answer that has more bytes is not kept.
const LONGEST: usize = 256 << 10;

/// What a goal is over and says, word for word, with the names that an answer repeats, as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked([u8; 32]);

impl Asked {
    /// The words of a goal of a request; nothing where a drawing belongs to it.
    #[must_use]
    pub fn of(request: &Request, goal: &Goal) -> Option<Asked> {
        if !goal.constructions.is_empty() {
            return None;
        }
        let declarations = request.declarations.as_ref().map_or("", |d| d.text.as_str());
        let parts =
            request.imports.iter().map(String::as_str).chain(["", declarations, &goal.id, &goal.statement.text]);
        let context = goal.context.iter().flat_map(|v| [v.name.text.as_str(), v.ty.text.as_str()]);
        let mut hash = blake3::Hasher::new();
        for text in parts.chain(context) {
            // With its length before it no text can end where another one begins.
            hash.update(&text.len().to_le_bytes()).update(text.as_bytes());
        }
        Some(Asked(*hash.finalize().as_bytes()))
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Answered {
    /// Evidence that the kernel accepted, as it is stored.
    pub certificate: Vec<u8>,
    /// Whether that is a proof, and not a refutation.
    pub proved: bool,
    /// What is said of the goal.
    pub value: Value,
    /// The same in sentences; empty where a suggestion says it.
    pub reason: String,
    /// The whole answer to a question about this goal alone, as JSON without what is of one request only.
    pub whole: String,
}

impl Answered {
    /// The suggestion, where it is one.
    #[must_use]
    pub fn suggested(&self) -> Option<Value> {
        self.value.get("valid").map(|_| self.value.clone())
    }

    /// About how many bytes it takes.
    fn size(&self) -> usize {
        // The value is about as long as the answer that it stands in.
        self.certificate.len() + self.whole.len() * 2 + self.reason.len()
    }
}

#[derive(Default)]
struct Kept {
    by_words: BTreeMap<Asked, (Arc<Answered>, usize)>,
    order: VecDeque<Asked>,
    bytes: usize,
}

/// The latest answers, for all threads.
#[derive(Default)]
pub struct Recent(Mutex<Kept>);

impl Recent {
    /// What was answered to the same words.
    pub fn get(&self, asked: &Asked) -> Option<Arc<Answered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).by_words.get(asked).map(|(a, _)| Arc::clone(a))
    }

    /// Keeps an answer. The oldest ones make place for it.
    pub fn put(&self, asked: Asked, answered: Answered) {
        let size = answered.size();
        if size > LONGEST {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += size;
        match kept.by_words.insert(asked, (Arc::new(answered), size)) {
            Some((_, before)) => kept.bytes -= before,
            None => kept.order.push_back(asked),
        }
        while kept.order.len() > MOST.0 || kept.bytes > MOST.1 {
            let Some(oldest) = kept.order.pop_front() else { return };
            if let Some((_, size)) = kept.by_words.remove(&oldest) {
                kept.bytes -= size;
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    fn answered(bytes: usize) -> Answered {
        let (certificate, reason, whole) = (vec![0; bytes], String::new(), String::new());
        Answered { certificate, proved: true, value: Value::Null, reason, whole }
    }

    #[test]
    fn the_oldest_answers_make_place_and_bytes_are_counted() {
        let (recent, asked) = (Recent::default(), |n: u8| Asked([n; 32]));
        for n in 0..100 {
            recent.put(asked(n), answered(LONGEST));
        }
        assert!(recent.get(&asked(0)).is_none() && recent.get(&asked(99)).is_some());
        assert_eq!(recent.0.lock().unwrap().bytes, MOST.1);
        recent.put(asked(99), answered(LONGEST + 1));
        assert_eq!(recent.get(&asked(99)).unwrap().certificate.len(), LONGEST);
        recent.put(asked(99), answered(1));
        let kept = recent.0.lock().unwrap();
        assert_eq!(kept.bytes, kept.by_words.values().map(|(a, _)| a.size()).sum::<usize>());
        assert_eq!(kept.order.len(), kept.by_words.len());
    }

    #[test]
    fn words_that_stand_elsewhere_are_other_words() {
        let asked = |statement: &str, ty: &str| {
            let body = format!(
                r#"{{"type":"REQUEST_PROOF_SUGGESTION","proof_state":{{"goals":[{{"id":"g","statement":"{statement}","context":[{{"var":"h","type":"{ty}"}}]}}]}}}}"#
            );
            let request = Request::read(body.as_bytes(), None).unwrap();
            let crate::wire::Question::Suggest(goals) = &request.question else { panic!() };
            Asked::of(&request, &goals[0]).unwrap()
        };
        assert_eq!(asked("a b", "c"), asked("a b", "c"));
        assert_ne!(asked("a b", "c"), asked("a", "b c"));
    }
}
