//! Traces as JSON lines; the crate's page has the format.

use crate::message::*;
use crate::worker::{Effect, Event, Step};
use crate::{Arm, Outcome};

/// The version of the format.
pub const VERSION: u64 = 1;

/// The text of a trace, or nothing where none is wanted.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    text: Option<String>,
}

impl Trace {
    /// A trace that is written.
    #[must_use]
    pub fn written() -> Trace {
        Trace { text: Some(String::new()) }
    }

    /// A trace that is not written.
    #[must_use]
    pub fn none() -> Trace {
        Trace::default()
    }

    /// The text.
    #[must_use]
    pub(super) fn into_text(self) -> String {
        self.text.unwrap_or_default()
    }

    /// Writes a line.
    pub(super) fn line(&mut self, kind: &str, fill: impl FnOnce(&mut Object)) {
        if let Some(text) = &mut self.text {
            let mut object = Object::new();
            object.text("line", kind);
            fill(&mut object);
            text.push_str(&object.end());
            text.push('\n');
        }
    }

    /// Writes what happened to a worker, and what it did then.
    pub(super) fn step(&mut self, time: u64, worker: WorkerId, event: &Event, step: &Step) {
        self.line("event", |o| {
            o.number("time", time);
            o.number("worker", worker.0.into());
            write_event(o, event);
            o.texts("arms", step.arms.iter().copied().map(Arm::code));
            if let Some(refusal) = step.refusal {
                o.text("refusal", refusal.name());
            }
        });
        for effect in &step.effects {
            self.line("effect", |o| {
                o.number("time", time);
                o.number("worker", worker.0.into());
                write_effect(o, effect);
            });
        }
    }
}

/// A JSON object that is being written, with members in the order in which they were given.
#[derive(Debug)]
pub(super) struct Object {
    text: String,
}

impl Object {
    fn new() -> Object {
        Object { text: "{".to_owned() }
    }

    fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }

    fn name(&mut self, name: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        push_text(&mut self.text, name);
        self.text.push(':');
    }

    fn raw(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push_str(value);
    }

    /// A number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.raw(name, &value.to_string());
    }

    /// A text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        push_text(&mut self.text, value);
    }

    /// A list of texts.
    pub fn texts<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a str>) {
        self.list(name, values, push_text);
    }

    /// A list of workers.
    pub fn workers<'a>(&mut self, name: &str, values: impl Iterator<Item = &'a WorkerId>) {
        self.list(name, values, |text, w| text.push_str(&w.0.to_string()));
    }

    fn list<T>(&mut self, name: &str, values: impl Iterator<Item = T>, push: impl Fn(&mut String, T)) {
        self.name(name);
        self.text.push('[');
        for (n, value) in values.enumerate() {
            if n > 0 {
                self.text.push(',');
            }
            push(&mut self.text, value);
        }
        self.text.push(']');
    }

    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object)) {
        let mut inner = Object::new();
        fill(&mut inner);
        self.raw(name, &inner.end());
    }

    fn outcome(&mut self, name: &str, outcome: Outcome) {
        match outcome {
            Outcome::Output(d) => self.number(name, d.0),
            Outcome::NoAgreement => self.text(name, "no-agreement"),
        }
    }

    fn certificate(&mut self, name: &str, certificate: Option<&Certificate>) {
        let Some(c) = certificate else { return };
        self.object(name, |o| {
            o.text("phase", c.vote.phase.name());
            o.number("view", c.vote.view.0);
            o.number("sequence", c.vote.sequence.0);
            o.number("query", c.vote.query.0);
            o.outcome("outcome", c.vote.outcome);
            o.workers("signers", c.signers.iter());
        });
    }

    fn report(&mut self, name: &str, report: Option<Report>) {
        let Some(r) = report else { return };
        self.object(name, |o| {
            o.number("view", r.view.0);
            o.number("query", r.query.0);
            o.number("digest", r.digest.0);
        });
    }
}

fn push_text(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 0x20 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn write_event(o: &mut Object, event: &Event) {
    match event {
        Event::Submit { sequence, query } => {
            o.text("event", "submit");
            o.number("sequence", sequence.0);
            o.number("query", query.0);
        }
        Event::Receive(signed) => {
            o.text("event", "receive");
            o.number("signer", signed.signer.0.into());
            write_message(o, &signed.message);
        }
        Event::Computed { sequence, query, digest } => {
            o.text("event", "computed");
            o.number("sequence", sequence.0);
            o.number("query", query.0);
            o.number("digest", digest.0);
        }
        Event::Tick { sequence } => {
            o.text("event", "tick");
            o.number("sequence", sequence.0);
        }
        Event::Restart => o.text("event", "restart"),
    }
}

fn write_effect(o: &mut Object, effect: &Effect) {
    match effect {
        Effect::Persist(sequence, kept) => {
            o.text("effect", "persist");
            o.number("sequence", sequence.0);
            if let Some(query) = kept.query {
                o.number("query", query.0);
            }
            o.number("view", kept.view.0);
            o.certificate("lock", kept.lock.as_ref());
            o.report("report", kept.report);
            o.certificate("decision", kept.decision.as_ref());
        }
        Effect::Broadcast(message) => {
            o.text("effect", "broadcast");
            write_message(o, message);
        }
        Effect::Send { to, message } => {
            o.text("effect", "send");
            o.number("to", to.0.into());
            write_message(o, message);
        }
        Effect::Compute { sequence, query } => {
            o.text("effect", "compute");
            o.number("sequence", sequence.0);
            o.number("query", query.0);
        }
        Effect::Tick { sequence } => {
            o.text("effect", "tick");
            o.number("sequence", sequence.0);
        }
        Effect::Decide { sequence, query, outcome } => {
            o.text("effect", "decide");
            o.number("sequence", sequence.0);
            o.number("query", query.0);
            o.outcome("outcome", *outcome);
        }
    }
}

fn write_view_change(o: &mut Object, change: &ViewChange) {
    o.number("view", change.view.0);
    o.number("sequence", change.sequence.0);
    o.number("query", change.query.0);
    o.certificate("lock", change.lock.as_ref());
    o.report("report", change.report);
}

fn write_message(o: &mut Object, message: &Message) {
    o.text("message", message.kind());
    if let Message::ViewChange(change) = message {
        return write_view_change(o, change);
    }
    o.number("view", message.view().0);
    o.number("sequence", message.sequence().0);
    o.number("query", message.query().0);
    match message {
        Message::PrePrepare { .. } | Message::ViewChange(_) => {}
        Message::Vote(v) => o.outcome("outcome", v.outcome),
        Message::Propose { outcome, outputs, .. } => {
            o.outcome("outcome", *outcome);
            o.list("outputs", outputs.iter(), |text, (w, d)| {
                let mut inner = Object::new();
                inner.number("signer", w.0.into());
                inner.number("digest", d.0);
                text.push_str(&inner.end());
            });
        }
        Message::NewView { outcome, view_changes, .. } => {
            if let Some(outcome) = outcome {
                o.outcome("outcome", *outcome);
            }
            o.list("view_changes", view_changes.iter(), |text, (w, c)| {
                let mut inner = Object::new();
                inner.number("signer", w.0.into());
                write_view_change(&mut inner, c);
                text.push_str(&inner.end());
            });
        }
        Message::Decided(c) => o.certificate("certificate", Some(c)),
    }
}
