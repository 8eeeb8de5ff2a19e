//! The end of a declaration: what waits is run, what is left open is reported.

use crate::context::Local;
use crate::elab::{Elab, HoleAt, Kind, Problem, R, problem};
use crate::walk;
use bfv_diag::Span;
use bfv_format::{Node, Term};
use std::rc::Rc;

impl Elab<'_> {
    /// Runs what waits, puts solutions in, and reports what is left open.
    pub fn finish(&self, span: Span, t: &Term) -> R<Term> {
        self.run_scripts()?;
        self.settle(span)?;
        let mut found = self.open_holes();
        if !found.is_empty() {
            let mut first = found.remove(0);
            first.also = found;
            return Err(Box::new(first));
        }
        let mut open = None;
        let t = walk::zonk(self.scratch, t, &mut open);
        if let Some(id) = open {
            let waiting = self.postponed.borrow().first().cloned();
            let why = waiting.map_or_else(String::new, |p| {
                let local = Local { ctx: p.ctx.clone(), ..Local::default() };
                format!(" That `{} = {}` leaves it open.", self.show(&local, &p.left), self.show(&local, &p.right))
            });
            let origins = self.origins.borrow();
            let found = origins.iter().find(|o| o.meta == id);
            let (span, what) = found.map_or((span, "a part"), |o| (o.span, o.what.as_str()));
            let what = match what {
                "an argument" | "a type" | "a part" | "a hole" | "a goal" | "a case" => what.to_owned(),
                named if named.contains(' ') => named.to_owned(),
                named => format!("`{named}`"),
            };
            return problem(
                Kind::CannotInfer,
                span,
                format!("The value of {what} cannot be inferred here.{why}"),
                match what.strip_prefix('`').and_then(|w| w.strip_suffix('`')) {
                    Some(name) => format!("Write `({name} := ...)` after the function, or state a type."),
                    None => "State the type, as in `(e : Real)` or `(x : Real)`.".to_owned(),
                },
            );
        }
        Ok(t)
    }

    /// What each hole that is left open must be, and what is known there.
    pub fn open_holes(&self) -> Vec<Problem> {
        let holes = self.holes.borrow();
        // A place may have been elaborated several times; a `_` is filled when one of these is.
        let unfilled = |h: &HoleAt| {
            let mut left = None;
            walk::zonk(self.scratch, &Rc::new(Node::Const { id: h.meta, shift: 0 }), &mut left);
            left.is_some()
        };
        let filled = |span: Span| holes.iter().any(|o| o.span == span && !unfilled(o));
        let first = |h: &HoleAt, at: usize| holes.iter().position(|o| o.span == h.span) == Some(at);
        let open = holes.iter().enumerate().filter(|(at, h)| first(h, *at) && (h.name.is_some() || !filled(h.span)));
        let view = |h: &HoleAt| {
            let goal = self.show(&h.local, &h.ty);
            let proves = self.proposition(&h.local, h.span, &h.ty).is_ok();
            let must = if proves { format!("It must prove `{goal}`.") } else { format!("It must have type `{goal}`.") };
            let (kind, message, fix) = match &h.name {
                Some(name) => (Kind::Hole, format!("The hole `?{name}` is open. {must}"), "Write a term of that type."),
                None => {
                    (Kind::CannotInfer, format!("Nothing says what this `_` is. {must}"), "Write a term of that type.")
                }
            };
            let message = message + &self.known(&h.local);
            *Problem::new(kind, h.span, message, fix)
        };
        open.map(|(_, h)| view(h)).collect()
    }

    /// " Known: `n` and `m` have type `Nat`. `h` says `0 < n`." for every variable of a context that has a name.
    /// Neighbours of one type share a sentence.
    pub fn known(&self, local: &Local) -> String {
        let names = local.names();
        let all = names.iter().zip(&local.ctx.types).enumerate();
        // A name that is bound again further in can no longer be written.
        let seen = all.filter(|(at, (n, _))| *n != "_" && !names.iter().skip(at + 1).any(|m| m == *n));
        let mut facts: Vec<(Vec<String>, bool, String)> = Vec::new();
        for (_, (n, ty)) in seen {
            let (name, ty, says) =
                (format!("`{n}`"), self.show(local, ty), self.proposition(local, Span::default(), ty).is_ok());
            match facts.last_mut() {
                // A sentence has at most 20 words.
                Some((names, false, of)) if !says && *of == ty && names.len() < 8 => names.push(name),
                _ => facts.push((vec![name], says, ty)),
            }
        }
        let sentence = |(names, says, ty): &(Vec<String>, bool, String)| {
            let verb = match (names.as_slice(), says) {
                (_, true) => "says",
                ([_], false) => "has type",
                (_, false) => "have type",
            };
            let (last, before) = names.split_last()?;
            let names = if before.is_empty() { last.clone() } else { format!("{} and {last}", before.join(", ")) };
            Some(format!(" {names} {verb} `{ty}`."))
        };
        let sentences: String = facts.iter().filter_map(sentence).collect();
        if sentences.is_empty() { sentences } else { format!(" Known:{sentences}") }
    }
}
