//! Events of traces, read back. What is read must be whole: the first member that is missing or of another kind is named.

use crate::message::*;
use crate::worker::Event;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a line, as a sentence.
pub type Read<T> = Result<T, String>;

/// An object of a trace.
#[derive(Clone, Copy, Debug)]
pub struct Record<'v>(pub &'v Value);

impl<'v> Record<'v> {
    fn member(self, name: &str) -> Read<&'v Value> {
        self.0.get(name).ok_or_else(|| format!("The member {name} is missing."))
    }

    /// A whole number that is not negative.
    ///
    /// # Errors
    /// When the member is missing or something else.
    pub fn number(self, name: &str) -> Read<u64> {
        self.member(name)?.as_u64().ok_or_else(|| format!("The member {name} is no whole number from 0 on."))
    }

    /// A text.
    ///
    /// # Errors
    /// When the member is missing or something else.
    pub fn text(self, name: &str) -> Read<&'v str> {
        self.member(name)?.as_str().ok_or_else(|| format!("The member {name} is no text."))
    }

    /// A worker.
    ///
    /// # Errors
    /// When the member is missing or something else.
    pub fn worker(self, name: &str) -> Read<WorkerId> {
        let n = u32::try_from(self.number(name)?).map_err(|_| format!("The member {name} is no worker."))?;
        Ok(WorkerId(n))
    }

    /// A list of workers, none of them twice.
    ///
    /// # Errors
    /// When the member is missing or something else.
    pub fn workers(self, name: &str) -> Read<BTreeSet<WorkerId>> {
        let mut out = BTreeSet::new();
        for item in self.list(name)? {
            let worker = item.as_u64().and_then(|n| u32::try_from(n).ok());
            if !worker.is_some_and(|w| out.insert(WorkerId(w))) {
                return Err(format!("The member {name} is no list of different workers."));
            }
        }
        Ok(out)
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When the member is missing or something else.
    pub fn texts(self, name: &str) -> Read<Vec<&'v str>> {
        let all: Option<Vec<&str>> = self.list(name)?.iter().map(Value::as_str).collect();
        all.ok_or_else(|| format!("The member {name} is no list of texts."))
    }

    fn list(self, name: &str) -> Read<&'v Vec<Value>> {
        self.member(name)?.as_array().ok_or_else(|| format!("The member {name} is no list."))
    }

    /// A list of things that workers have signed, none of them twice.
    fn signed<T>(self, name: &str, read: impl Fn(Record<'v>) -> Read<T>) -> Read<BTreeMap<WorkerId, T>> {
        let mut out = BTreeMap::new();
        for item in self.list(name)? {
            let item = Record(item);
            if out.insert(item.worker("signer")?, read(item)?).is_some() {
                return Err(format!("The member {name} has a signer twice."));
            }
        }
        Ok(out)
    }

    fn inner<T>(self, name: &str, read: impl Fn(Record<'v>) -> Read<T>) -> Read<Option<T>> {
        self.0.get(name).map(|v| read(Record(v))).transpose()
    }

    fn view(self) -> Read<View> {
        Ok(View(self.number("view")?))
    }

    fn sequence(self) -> Read<Sequence> {
        Ok(Sequence(self.number("sequence")?))
    }

    fn query(self) -> Read<Query> {
        Ok(Query(self.number("query")?))
    }

    fn digest(self) -> Read<Digest> {
        Ok(Digest(self.number("digest")?))
    }

    fn outcome(self) -> Read<Outcome> {
        match self.member("outcome")? {
            Value::String(s) if s == "no-agreement" => Ok(Outcome::NoAgreement),
            v => v.as_u64().map(|d| Outcome::Output(Digest(d))).ok_or_else(|| {
                "The member outcome is neither a whole number from 0 on nor the text no-agreement.".to_owned()
            }),
        }
    }

    fn vote(self, phase: Phase) -> Read<Vote> {
        let (view, sequence, query) = (self.view()?, self.sequence()?, self.query()?);
        Ok(Vote { phase, view, sequence, query, outcome: self.outcome()? })
    }

    fn certificate(self) -> Read<Certificate> {
        let word = self.text("phase")?;
        let phase = phase(word).ok_or_else(|| format!("There is no phase {}.", word.escape_debug()))?;
        Ok(Certificate { vote: self.vote(phase)?, signers: self.workers("signers")? })
    }

    fn report(self) -> Read<Report> {
        Ok(Report { view: self.view()?, query: self.query()?, digest: self.digest()? })
    }

    fn view_change(self) -> Read<ViewChange> {
        Ok(ViewChange {
            view: self.view()?,
            sequence: self.sequence()?,
            query: self.query()?,
            lock: self.inner("lock", Record::certificate)?,
            report: self.inner("report", Record::report)?,
        })
    }

    fn message(self) -> Read<Message> {
        let (view, sequence, query) = (self.view()?, self.sequence()?, self.query()?);
        Ok(match self.text("message")? {
            "pre-prepare" => Message::PrePrepare { sequence, query },
            "propose" => {
                let (outcome, outputs) = (self.outcome()?, self.signed("outputs", Record::digest)?);
                Message::Propose { view, sequence, query, outcome, outputs }
            }
            "view-change" => Message::ViewChange(self.view_change()?),
            "new-view" => {
                let outcome = self.0.get("outcome").map(|_| self.outcome()).transpose()?;
                let view_changes = self.signed("view_changes", Record::view_change)?;
                Message::NewView { view, sequence, query, outcome, view_changes }
            }
            "decided" => Message::Decided(Record(self.member("certificate")?).certificate()?),
            word => match phase(word) {
                Some(phase) => Message::Vote(self.vote(phase)?),
                None => return Err(format!("There is no message {}.", word.escape_debug())),
            },
        })
    }

    /// The event of a line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn event(self) -> Read<Event> {
        Ok(match self.text("event")? {
            "submit" => Event::Submit { sequence: self.sequence()?, query: self.query()? },
            "receive" => Event::Receive(Signed { signer: self.worker("signer")?, message: self.message()? }),
            "computed" => Event::Computed { sequence: self.sequence()?, query: self.query()?, digest: self.digest()? },
            "tick" => Event::Tick { sequence: self.sequence()? },
            "restart" => Event::Restart,
            word => return Err(format!("There is no event {}.", word.escape_debug())),
        })
    }
}

fn phase(word: &str) -> Option<Phase> {
    [Phase::Output, Phase::Prepare, Phase::Commit].into_iter().find(|p| p.name() == word)
}
