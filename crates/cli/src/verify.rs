//! `bfv verify`: judges envelopes of certificates, each with one line. What comes on the standard input is judged as it comes, and its line is printed
//! at once, unless what is printed cannot be in parts.

use crate::answer::{Answer, Line, item_text, line_text, problem_json};
use crate::args::{Format, Verify};
use crate::chains::Chain;
use crate::envelopes::{Came, each, from_stdin};
use crate::epoch::{self, Audit, Taken};
use crate::init::{refuse, shown};
use crate::judge::Judge;
use crate::judged::{Judged, SAMPLED, document, sentences, word};
use crate::options::Options;
use crate::slots::{Slots, Used};
use crate::trust::{self, Trust};
use crate::usage::{Mistake, line};
use bfv_cert::certificate::Operation;
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_driver::{Code, Event, Problem, count};
use bfv_verify::{Rejected, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The most bytes of fusions and votes that wait for answers: 64 MiB. What comes then is judged at once.
const WAITING_LIMIT: usize = 1 << 26;
/// The most certificates of one run. What each has used is kept in memory, so that nothing counts twice.
const CERTIFICATE_LIMIT: usize = 1 << 20;

/// `bfv verify`.
pub fn verify(args: &Verify, options: &Options) -> Result<Answer, Mistake> {
    let (trust, trust_file) = trusted(args)?;
    let query = args.query.as_deref().map(digest).transpose()?;
    let slots = args.seen.as_deref().map_or_else(|| Ok(Slots::default()), Slots::read).map_err(refuse)?;
    let secret = trust.secret();
    let judged = secret.as_ref().map_or(0, |secret| slots.judged(secret));
    let mut run = Run {
        judge: Judge::new(&trust, args.at, query, epochs(args)?, judged),
        secret,
        slots,
        used: Used::new(args.seen.as_deref()),
        rows: Rows::new(args, options),
        counts: Counts::default(),
        waiting: Vec::new(),
        waiting_bytes: 0,
        proved: BTreeSet::new(),
        audit: Audit::of(args, &trust, &trust_file)?,
        in_stages: 0,
        at: args.at,
    };
    let mut problems = Vec::new();
    let mut more = false;
    each(&args.certificates, &mut problems, &mut |came| {
        more = run.rows.number >= CERTIFICATE_LIMIT;
        if more { ControlFlow::Break(()) } else { run.take(came) }
    });
    if run.rows.number == 0 && run.audit.is_none() && problems.is_empty() {
        return Err(Mistake::new("There is no certificate to judge.", vec![line(&["verify", "answer.bfc"])]));
    }
    if more {
        let what = format!("There are more than {CERTIFICATE_LIMIT} certificates, and the rest was not read.");
        problems.push(Problem::new(Code::NotRead, what, "judge the rest in a run of its own, with the same --seen."));
    }
    let answers = run.end();
    problems.extend(run.used.problem.take());
    // Whoever sends certificates may send a file of trust beside them.
    let found = args
        .trust
        .is_none()
        .then(|| Line::from(format!("Whom to trust is said by {trust_file}, which was found above the certificates.")));
    Ok(run.answer(answers, found, &trust_file, &problems))
}

/// A fusion or vote that waits for what it rests on.
struct Waiting {
    /// Its place among the certificates.
    row: usize,
    place: String,
    bytes: Vec<u8>,
}

/// The run of the command.
struct Run<'a> {
    judge: Judge<'a>,
    /// The secret with which it judges, where there is one.
    secret: Option<Digest>,
    slots: Slots,
    used: Used<'a>,
    rows: Rows<'a>,
    counts: Counts,
    waiting: Vec<Waiting>,
    waiting_bytes: usize,
    /// The fusions of which something was accepted, so that what is proved of them is said.
    proved: BTreeSet<String>,
    audit: Option<Audit>,
    /// How many answers are in stages.
    in_stages: usize,
    /// The time of the command line.
    at: Option<u64>,
}

impl<'a> Run<'a> {
    /// Takes what has come: judges it at once, or lets it wait for what it rests on.
    fn take(&mut self, came: Came<'_>) -> ControlFlow<()> {
        let (place, read) = match (came.read, &mut self.audit) {
            (Ok((envelope, bytes)), Some(audit)) => match audit.take(envelope) {
                Taken::Judge(envelope, number) => {
                    (epoch::place(number, audit.sizes().1, came.place), Ok((*envelope, bytes)))
                }
                Taken::Left => return ControlFlow::Continue(()),
                Taken::Strange => {
                    let row = self.rows.next();
                    self.say(row, came.place, &Judged::Unknown("Its certificate is not in the log."), None, "");
                    return ControlFlow::Continue(());
                }
            },
            (read, _) => (came.place.to_owned(), read),
        };
        let row = self.rows.next();
        match read {
            Ok((envelope, bytes)) => {
                let fields = envelope.certificate().fields();
                let held = self.waiting_bytes.saturating_add(bytes.len());
                // A block of an answer waits for nothing: it comes behind the one before.
                let rests = matches!(fields.operation, Operation::Fusion | Operation::Vote);
                if rests && !self.judge.ready(fields) && held <= WAITING_LIMIT {
                    self.waiting_bytes = held;
                    self.waiting.push(Waiting { row, place, bytes: bytes.to_vec() });
                } else {
                    self.judge(row, &place, &envelope);
                }
            }
            Err(refusal) => {
                let judged = Judged::Verdict(Verdict::Rejected(Rejected::Refused(refusal)));
                let rest = if came.last { " The rest was not read." } else { "" };
                self.say(row, &place, &judged, None, rest);
            }
        }
        if self.rows.closed || self.halted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether what was accepted could not be noted. Then nothing more is judged, as it could be accepted again.
    fn halted(&self) -> bool {
        self.used.problem.is_some()
    }

    fn judge(&mut self, row: usize, place: &str, envelope: &Envelope<'_>) {
        if self.halted() {
            return;
        }
        let before = self.judge.judged();
        let (judged, of, slot) = self.judge.one(envelope, &mut self.slots);
        // Before anybody hears of it, so that nothing is accepted twice, and whatever is heard about a secret is counted.
        let looks = self.judge.judged().saturating_sub(before);
        let counted = self.secret.map_or_else(String::new, |secret| Slots::judged_line(&secret, looks));
        if !self.used.add(&(counted + &slot)) {
            return;
        }
        if let (true, Some(of)) = (judged.passes(), of)
            && self.judge.trust.fusions.iter().any(|f| f.name == of)
        {
            self.proved.insert(of.to_owned());
        }
        self.say(row, place, &judged, of, "");
    }

    fn say(&mut self, row: usize, place: &str, judged: &Judged, of: Option<&str>, more: &str) {
        self.counts.add(judged);
        let trust = self.judge.trust;
        let line = Line::from(sentences(place, judged, trust, of) + more);
        self.rows.settle(row, line, document(place, judged, trust, of));
    }

    /// Judges what has waited, once the answers in stages are known. They are the result.
    fn end(&mut self) -> Vec<(Line, Value)> {
        let chains = self.judge.answers();
        // Before anything is said that rests on them.
        for chain in chains.iter().filter(|chain| matches!(chain.verdict, Verdict::Accepted(_))) {
            self.used.add(&chain.slots);
        }
        for Waiting { row, place, bytes } in std::mem::take(&mut self.waiting) {
            match Envelope::decode(&bytes) {
                Ok(envelope) => {
                    let envelope = match self.audit.as_mut().map(|audit| audit.take(envelope.clone())) {
                        Some(Taken::Judge(under, _)) => *under,
                        _ => envelope,
                    };
                    self.judge(row, &place, &envelope);
                }
                Err(refusal) => {
                    let judged = Judged::Verdict(Verdict::Rejected(Rejected::Refused(refusal)));
                    self.say(row, &place, &judged, None, "");
                }
            }
        }
        self.missing();
        if self.halted() {
            return Vec::new();
        }
        let mut all: Vec<(Line, Value)> = chains.iter().map(|chain| self.chain(chain)).collect();
        self.in_stages = all.len();
        all.extend(self.streams());
        all
    }

    /// What an audit has drawn and nobody has given.
    fn missing(&mut self) {
        let Some(audit) = &self.audit else { return };
        let late = audit.late(self.judge.trust, self.at);
        let of = audit.sizes().1;
        for (number, id) in audit.missing() {
            let row = self.rows.next();
            let judged = if late { Judged::Withheld } else { Judged::Unknown("No envelope of it was given.") };
            self.say(row, &epoch::place(number, of, &id.to_string()), &judged, None, "");
        }
    }

    /// The answers in blocks.
    fn streams(&mut self) -> Vec<(Line, Value)> {
        let (trust, counts) = (self.judge.trust, &mut self.counts);
        // An audit draws certificates, so what it leaves out was not withheld.
        let deadline = trust.terms.deadline.filter(|_| self.audit.is_none());
        let told = self.judge.streams().all().iter().map(|stream| {
            let (place, judged) = (stream.place(|k| trust.name(k)), Judged::Block(stream.whole(deadline).into()));
            counts.add(&judged);
            let value = document(&place, &judged, trust, Some(stream.of));
            (Line::from(sentences(&place, &judged, trust, Some(stream.of))), of_answer(value, stream.query()))
        });
        told.collect()
    }

    /// An answer in stages.
    fn chain(&mut self, chain: &Chain<'_>) -> (Line, Value) {
        let (judged, place) = (Judged::Verdict(chain.verdict.clone()), chain.place());
        self.counts.add(&judged);
        let of = Some(chain.of.model.as_str());
        let mut value = document(&place, &judged, self.judge.trust, of);
        value["split"] = chain.of.name.clone().into();
        let value = of_answer(value, &chain.query);
        (Line::from(sentences(&place, &judged, self.judge.trust, of)), value)
    }

    /// What is said in the end: all, or what was not said before.
    fn answer(
        self,
        answers: Vec<(Line, Value)>,
        found: Option<Line>,
        trust_file: &str,
        problems: &[Problem],
    ) -> Answer {
        let (judged, trust) = (self.rows.number, self.judge.trust);
        let audited = self.audit.as_ref().map(Audit::sizes);
        // Of an audit those are named that fail.
        let said = self.rows.all.into_iter().flatten();
        let passes = |value: &Value| value["verdict"] == "accepted" || value["verdict"] == SAMPLED;
        let said = said.filter(|(_, value)| audited.is_none() || !passes(value));
        let (mut lines, certificates): (Vec<Line>, Vec<Value>) = said.unzip();
        let (answer_lines, answers): (Vec<Line>, Vec<Value>) = answers.into_iter().unzip();
        let of = |n: usize, how: &str| match n {
            0 => String::new(),
            n => format!(" and {} in {how}", count(n, "answer")),
        };
        let in_parts = of(self.in_stages, "stages") + &of(answers.len().saturating_sub(self.in_stages), "blocks");
        lines.extend(answer_lines);
        for fusion in trust.fusions.iter().filter(|f| self.proved.contains(&f.name)) {
            let all = fusion.package.properties();
            lines.extend((1..).zip(all).map(|(n, property)| {
                Line::from(format!("Proved of the program {}, {n} of {}: {property}.", fusion.name, all.len()))
            }));
        }
        if let n @ 1.. = self.judge.dropped() {
            lines
                .push(Line::from(format!("Nothing can rest on {}, as too much was kept already.", count(n, "answer"))));
        }
        lines.extend(found);
        lines.extend(problems.iter().map(|p| Line::from(p.sentences())));
        let Counts([accepted, sampled, rejected, undecided]) = self.counts;
        // Said where such answers are taken at all, so that nobody else has to know of them.
        let samples = trust.tiles.map(|_| format!(" {sampled} sampled,")).unwrap_or_default();
        let closing = match (rejected, undecided, problems.len()) {
            (0, 0, 0) if sampled > 0 => "Result: everything is accepted, in part by samples only.".to_owned(),
            (0, 0, 0) if answers.is_empty() => "Result: every certificate is accepted.".to_owned(),
            (0, 0, 0) => "Result: every certificate and every answer is accepted.".to_owned(),
            (_, _, 0) if answers.is_empty() => "Result: not every certificate is accepted.".to_owned(),
            (_, _, 0) => "Result: not every certificate and answer is accepted.".to_owned(),
            (_, _, n) => format!("Result: not complete, because of {}.", count(n, "error")),
        };
        let mut out = serde_json::Map::new();
        let mut summary = json!({ "accepted": accepted, "rejected": rejected, "undecided": undecided });
        if trust.tiles.is_some() {
            summary["sampled"] = json!(sampled);
        }
        out.insert("summary".into(), summary);
        out.insert("certificates".into(), certificates.into());
        out.insert("answers".into(), answers.into());
        out.insert("trust".into(), trust_file.into());
        out.insert("problems".into(), problems.iter().map(problem_json).collect());
        let mut events: Vec<Event> = problems.iter().filter_map(Problem::event).collect();
        events.extend((rejected > 0).then_some(Event::UnexpectedVerdict));
        events.extend((undecided > 0).then_some(Event::Undecided));
        let what = match audited {
            None => format!("Judged {}", count(judged, "certificate")),
            Some((drawn, of)) => {
                out.insert("audit".into(), json!({ "drawn": drawn, "logged": of }));
                format!("Audited {drawn} of {}", count(of, "logged certificate"))
            }
        };
        Answer {
            first: format!(
                "{what}{in_parts}: {accepted} accepted,{samples} {rejected} rejected, {undecided} undecided.",
            ),
            lines,
            closing,
            document: out,
            list: "certificates",
            events,
            ..Answer::default()
        }
    }
}

/// The document of an answer, which has no file of its own.
fn of_answer(mut value: Value, query: &Digest) -> Value {
    if let Some(value) = value.as_object_mut() {
        value.remove("file");
        value.insert("query".into(), query.to_string().into());
    }
    value
}

/// The lines of certificates: each printed at once, or all kept in the order in which the certificates came.
struct Rows<'a> {
    /// In which form they are printed at once, if they are.
    now: Option<&'a Options>,
    all: Vec<Option<(Line, Value)>>,
    /// How many certificates have come.
    number: usize,
    /// Whether nobody reads what is printed.
    closed: bool,
}

impl<'a> Rows<'a> {
    /// What is one document, or goes to a file as well, is not printed in parts, nor is what may not be printed at all.
    fn new(args: &Verify, options: &'a Options) -> Self {
        let in_parts = matches!(options.format, Format::Text | Format::Jsonl);
        // An audit names those that fail, and prints nothing of the others.
        let all = args.audit.is_none();
        let now = all && from_stdin(&args.certificates) && in_parts && options.reports.is_empty() && !options.quiet;
        Rows { now: now.then_some(options), all: Vec::new(), number: 0, closed: false }
    }

    /// The place of the next one.
    fn next(&mut self) -> usize {
        self.number += 1;
        if self.now.is_none() {
            self.all.push(None);
        }
        self.number - 1
    }

    fn settle(&mut self, row: usize, line: Line, value: Value) {
        match self.now {
            Some(options) => {
                let text = match options.format {
                    Format::Jsonl => item_text("certificate", &value),
                    _ => line_text(&line, options),
                };
                self.closed |= crate::print(&text) != 0;
            }
            None => {
                if let Some(place) = self.all.get_mut(row) {
                    *place = Some((line, value));
                }
            }
        }
    }
}

/// How many were accepted, accepted by a sample, rejected and undecided.
#[derive(Default)]
struct Counts([usize; 4]);

impl Counts {
    fn add(&mut self, judged: &Judged) {
        let [accepted, sampled, rejected, undecided] = &mut self.0;
        *match word(judged) {
            "accepted" => accepted,
            SAMPLED => sampled,
            "rejected" => rejected,
            _ => undecided,
        } += 1;
    }
}

/// The file of trust: the one that was named, or the nearest one above the first certificate.
fn trusted(args: &Verify) -> Result<(Trust, String), Mistake> {
    let start = args.certificates.first().map_or(Path::new("."), PathBuf::as_path);
    let start = if start == Path::new("-") { Path::new(".") } else { start };
    let file = match &args.trust {
        Some(file) => file.clone(),
        None => trust::find(start).map_err(refuse)?.ok_or_else(|| {
            let what = "There is no verify.toml at or above the certificate. It says whom to trust.";
            Mistake::new(
                what,
                vec![line(&["verify", "--trust", "verify.toml", "answer.bfc"]), line(&["help", "trust"])],
            )
        })?,
    };
    // As a person would write it, where it lies below.
    let here = std::env::current_dir().ok();
    let name = shown(here.and_then(|here| file.strip_prefix(here).ok()).unwrap_or(&file));
    trust::read(&file, &name).map_err(refuse).map(|trust| (trust, name))
}

fn digest(hex: &str) -> Result<Digest, Mistake> {
    bfv_ledger::digest(hex).ok_or_else(|| Mistake::new("A query has 64 hexadecimal digits in lower case.", Vec::new()))
}

/// The epochs of `--epochs 3-5`.
fn epochs(args: &Verify) -> Result<Option<(u64, u64)>, Mistake> {
    let Some(text) = &args.epochs else { return Ok(None) };
    let ends = text.split_once('-').and_then(|(a, z)| Some((a.parse().ok()?, z.parse().ok()?)));
    ends.map(Some)
        .ok_or_else(|| Mistake::new("Epochs are two numbers with a hyphen between them, such as 3-5.", Vec::new()))
}
