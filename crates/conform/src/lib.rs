//! Whether a recorded run is one of the verified protocol.
//!
//! A step of the code stands for commands of the specification, [`bfv_wingbeat::Arm::commands`]. Here each is asked for in the state to which
//! those before it lead: guards and effects are those of the elaborated specification, read off the kernel's values as the search for runs
//! reads them, the same that its claims are about. After each event the state of its worker is compared with the one there.
//! Nothing here proves anything: the answer is about one run, and rests on this reader.

mod outline;

use bfv_driver::{Code, Frontend, Input, Problem, load};
use bfv_engine_protocol::{Argument as Given, Instance, NotTaken};
use bfv_format::Term;
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use bfv_wingbeat::sim::{Abstract, Action, Actions, Argument, Fact, Stand, Which};
use bfv_wingbeat::{Outcome, Sequence};
use outline::{Outline, Written, outline};
use std::collections::BTreeSet;
use std::path::Path;

/// The protocol that the code implements, by its name in a specification.
const PROTOCOL: &str = "repaired";
/// The statement of the library that every action of a run was allowed.
const LEGAL: &str = "std.protocol.Legal";
/// The specification of the program, so that records are judged alike wherever it runs.
const OWN: (&str, &str) =
    ("examples/consensus/repaired.sctt", include_str!("../../../examples/consensus/repaired.sctt"));
/// Views and values above this are not told apart in the cells of a state.
const LARGEST: u64 = 200;
/// Types of more workers are nested too deep for the reader.
const WORKERS: usize = 23;

/// A specification that was elaborated.
pub struct Specification {
    /// The protocol, with its module.
    pub name: String,
    signature: Signature,
    statement: Term,
    legal: u32,
    outline: Outline,
}

/// Why a run is none of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The line of the event, from 1 on.
    pub line: usize,
    /// The time.
    pub time: u64,
    /// The worker.
    pub worker: u32,
    /// The sequence.
    pub sequence: u64,
    /// What is not as there.
    pub what: What,
}

/// What is not as in the specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A command is not allowed.
    Command {
        /// The command.
        command: String,
        /// Its arguments, by name.
        arguments: Vec<(String, String)>,
        /// The part of its guard that does not hold, as it is written, where that is known.
        needs: Option<String>,
    },
    /// The worker is in another state.
    State {
        /// The relation in which the two differ.
        relation: String,
        /// What the worker says of it.
        worker: String,
        /// What the protocol says.
        protocol: String,
    },
}

/// Why a run was not followed to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFollowed {
    /// It is none of the protocol.
    Departs(Box<Departure>),
    /// It cannot be compared, with the reason as a sentence.
    Unable(String),
}

/// What was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Commands that were allowed.
    pub commands: usize,
    /// States that were compared.
    pub states: usize,
}

impl Specification {
    /// The specification of the program.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn own(frontend: &mut dyn Frontend) -> Result<Specification, Vec<Problem>> {
        let mut sources = bfv_diag::Sources::new();
        let bytes = OWN.1.as_bytes().to_vec();
        let number = sources.add(OWN.0.to_owned(), &bytes);
        Self::elaborated(&[Input { number, bytes }], &mut sources, frontend)
    }

    /// The specification in a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path, frontend: &mut dyn Frontend) -> Result<Specification, Vec<Problem>> {
        let mut sources = bfv_diag::Sources::new();
        let (files, problems) = load(&[path.to_owned()], &mut sources);
        if !problems.is_empty() {
            return Err(problems);
        }
        Self::elaborated(&files, &mut sources, frontend)
    }

    fn elaborated(
        files: &[Input],
        sources: &mut bfv_diag::Sources,
        frontend: &mut dyn Frontend,
    ) -> Result<Specification, Vec<Problem>> {
        let elaborated = frontend.elaborate(sources, files)?;
        if !elaborated.problems.is_empty() {
            return Err(elaborated.problems);
        }
        let of_protocol = |name: &str| name.strip_prefix(PROTOCOL).is_some_and(|rest| rest.starts_with('.'));
        let claim = elaborated.goals.iter().find(|g| of_protocol(&g.name));
        let (Some(claim), Some(legal)) = (claim, elaborated.positions.get(LEGAL)) else {
            let what = format!("The specification has no protocol {PROTOCOL} with a claim of safety.");
            return Err(vec![Problem::new(Code::Usage, what, "name a file that has one, or leave the option out.")]);
        };
        let text = files.first().map(|f| f.bytes.as_slice()).unwrap_or_default();
        Ok(Specification {
            name: format!("{}.{PROTOCOL}", claim.module),
            outline: outline(text, PROTOCOL),
            statement: claim.statement.clone(),
            legal: *legal,
            signature: elaborated.signature,
        })
    }

    /// Follows a run, sequence by sequence.
    ///
    /// # Errors
    /// The first event of the record, in whatever sequence, that is none of the protocol.
    pub fn follow(&self, run: &Abstract) -> Result<Followed, NotFollowed> {
        let above = run.sequences.values().map(|a| a.above).max().unwrap_or(1);
        if run.workers > WORKERS {
            return Err(NotFollowed::Unable(format!("It has more than {WORKERS} workers.")));
        }
        if above > LARGEST {
            return Err(NotFollowed::Unable(format!("It has more than {LARGEST} views or values.")));
        }
        let machine = Machine::new(&self.signature, Limits::default());
        let statement = machine.eval(&Ctx::default().env, &self.statement);
        let numbers = [run.workers as u64, run.faults as u64];
        let lies = |n: usize| run.byzantine.iter().any(|w| usize::try_from(w.0) == Ok(n));
        let chosen: Vec<u8> = (0..run.workers).map(|n| u8::from(lies(n))).collect();
        let mut instance =
            Instance::start(&machine, &statement, self.legal, &numbers, &chosen, above).map_err(NotFollowed::Unable)?;
        let (mut followed, mut first) = (Followed::default(), None::<Box<Departure>>);
        for (sequence, actions) in &run.sequences {
            instance.restart();
            match self.follow_sequence(&mut instance, *sequence, actions, &mut followed) {
                Ok(()) => {}
                Err(NotFollowed::Departs(d)) => {
                    if first.as_ref().is_none_or(|f| d.line < f.line) {
                        first = Some(d);
                    }
                }
                unable => unable?,
            }
        }
        first.map_or(Ok(followed), |d| Err(NotFollowed::Departs(d)))
    }

    fn follow_sequence(
        &self,
        instance: &mut Instance<'_, '_>,
        sequence: Sequence,
        actions: &Actions,
        followed: &mut Followed,
    ) -> Result<(), NotFollowed> {
        let mut stands = actions.stands.iter().peekable();
        for (n, action) in actions.list.iter().enumerate() {
            while let Some(stand) = stands.next_if(|s| s.taken <= n) {
                self.compare(instance, sequence, actions, stand)?;
                followed.states += 1;
            }
            let given: Vec<Given> = action.arguments.iter().map(given).collect();
            instance.take(action.command, &given).map_err(|e| self.not_taken(sequence, actions, action, e))?;
            followed.commands += 1;
        }
        for stand in stands {
            self.compare(instance, sequence, actions, stand)?;
            followed.states += 1;
        }
        Ok(())
    }

    fn not_taken(&self, sequence: Sequence, actions: &Actions, action: &Action, reason: NotTaken) -> NotFollowed {
        let written = self.outline.commands.get(action.command);
        let needs = match reason {
            NotTaken::Unreadable(why) => return NotFollowed::Unable(why),
            NotTaken::Forbidden { part, parts } => {
                written.map(|w| &w.guard).filter(|g| g.len() == parts).and_then(|g| g.get(part)).cloned()
            }
        };
        let arguments = arguments(written, action, actions);
        let (line, time, worker) = (action.line, action.time, action.worker.0);
        let what = What::Command { command: action.command.to_owned(), arguments, needs };
        NotFollowed::Departs(Box::new(Departure { line, time, worker, sequence: sequence.0, what }))
    }

    /// Compares the state of a worker with that in the protocol.
    fn compare(
        &self,
        instance: &Instance<'_, '_>,
        sequence: Sequence,
        actions: &Actions,
        stand: &Stand,
    ) -> Result<(), NotFollowed> {
        let parts = &self.outline.parts;
        for Fact { relation, which, tuples } in &stand.facts {
            let part = parts.iter().position(|p| p == relation);
            let all = part.and_then(|p| instance.holds_at(p, parts.len(), stand.worker.0.into()));
            let Some(all) = all else {
                return Err(NotFollowed::Unable(format!("The protocol has no relation {relation} of workers.")));
            };
            // Tuples begin with the view, so the last one has the highest.
            let view = match which {
                Which::All => None,
                Which::Highest => all.last().and_then(|t| t.first()).copied(),
                Which::At(view) => Some(*view),
            };
            let there: BTreeSet<Vec<u64>> =
                all.into_iter().filter(|t| view.is_none_or(|v| t.first() == Some(&v))).collect();
            if there != *tuples {
                let said = |of: &BTreeSet<Vec<u64>>| {
                    let each = of.iter().map(|t| tuple(t, actions)).collect::<Vec<_>>();
                    if each.is_empty() { "nothing".to_owned() } else { each.join(", ") }
                };
                let (worker, protocol) = (said(tuples), said(&there));
                let what = What::State { relation: (*relation).to_owned(), worker, protocol };
                let (line, time, worker) = (stand.line, stand.time, stand.worker.0);
                let sequence = sequence.0;
                return Err(NotFollowed::Departs(Box::new(Departure { line, time, worker, sequence, what })));
            }
        }
        Ok(())
    }
}

/// A number that is too large for a cell becomes the largest, which is above all that occur.
fn given(argument: &Argument) -> Given {
    match argument {
        Argument::One(n) => Given::One(u8::try_from(*n).unwrap_or(u8::MAX)),
        Argument::Set(all) => Given::Set(all.clone()),
    }
}

/// A value by its number.
fn value(n: u64, actions: &Actions) -> String {
    let known = usize::try_from(n).ok().and_then(|n| actions.values.get(n));
    known.map_or_else(
        || n.to_string(),
        |(query, outcome)| match outcome {
            Outcome::Output(digest) => format!("output {} of query {}", digest.0, query.0),
            Outcome::NoAgreement => format!("no agreement on query {}", query.0),
        },
    )
}

/// A tuple of a relation: a view, and a value where there is one.
fn tuple(of: &[u64], actions: &Actions) -> String {
    match of {
        [view, v, ..] => format!("{} in view {view}", value(*v, actions)),
        [view] => format!("view {view}"),
        [] => String::new(),
    }
}

fn arguments(written: Option<&Written>, action: &Action, actions: &Actions) -> Vec<(String, String)> {
    let named = |n: usize| written.and_then(|w| w.parameters.get(n)).cloned();
    let each = action.arguments.iter().enumerate().map(|(n, argument)| {
        let (name, sort) = named(n).unwrap_or_else(|| (format!("argument{}", n + 1), String::new()));
        let text = match argument {
            Argument::One(n) if sort == "value" => value(*n, actions),
            Argument::One(n) => n.to_string(),
            Argument::Set(all) => {
                let members = (0..).zip(all).filter(|(_, b)| **b).map(|(n, _): (usize, _)| n.to_string());
                format!("workers {}", members.collect::<Vec<_>>().join(", "))
            }
        };
        (name, text)
    });
    each.collect()
}
