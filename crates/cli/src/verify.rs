//! `bfv verify`: judges envelopes of certificates, each with one line.

use crate::answer::{Answer, Line, problem_json};
use crate::args::Verify;
use crate::chains::{Chain, Found, StageOf, chains};
use crate::init::{refuse, shown};
use crate::judged::{Judged, document, sentences, word};
use crate::options::Options;
use crate::slots::Slots;
use crate::trust::{self, FusionOf, Known, Model, Question, SplitOf, Trust};
use crate::usage::{Mistake, line};
use bfv_cert::certificate::{Certificate, Fields, Layers, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::{ENVELOPE_LIMIT, Envelope};
use bfv_cert::freshness::Fresh;
use bfv_cert::{Class, Expected, Malformed, Policy, Refusal, admit};
use bfv_driver::{Event, Problem, count};
use bfv_exact::commit::tokens_root;
use bfv_verify::{Accepted, Case, Fusion, Part, Rejected, Terms, Undecided, Verdict, judge, judge_fusion, judge_stage};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// An envelope and where it came from.
struct Envelopes {
    place: String,
    bytes: Vec<u8>,
    /// Whether it is of a fusion, which rests on other answers.
    fusion: bool,
}

impl Envelopes {
    fn new(place: String, bytes: Vec<u8>) -> Self {
        let fusion = Envelope::decode(&bytes).is_ok_and(|e| e.certificate().fields().operation == Operation::Fusion);
        Envelopes { place, bytes, fusion }
    }
}

/// `bfv verify`.
pub fn verify(args: &Verify, _: &Options) -> Result<Answer, Mistake> {
    let mut problems = Vec::new();
    let (all, rest) = envelopes(&args.certificates, &mut problems).map_err(refuse)?;
    if all.is_empty() && rest.is_none() && problems.is_empty() {
        return Err(Mistake::new("There is no certificate to judge.", vec![line(&["verify", "answer.bfc"])]));
    }
    let (trust, trust_file) = trusted(args)?;
    let query = args.query.as_deref().map(digest).transpose()?;
    let mut slots = args.seen.as_deref().map_or_else(|| Ok(Slots::default()), Slots::read).map_err(refuse)?;
    let mut fresh_slots = String::new();
    let mut judge = Judge { trust: &trust, at: args.at, query, epochs: epochs(args)?, accepted: Vec::new(), judged: 0 };
    // A fusion rests on its parents, wherever they stand.
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|n| all.get(*n).is_some_and(|e| e.fusion));
    let mut rows: Vec<Option<(Line, Value)>> = all.iter().map(|_| None).collect();
    let (mut counts, mut events, mut fused) = (Counts::default(), Vec::new(), Vec::new());
    let (mut stages, mut answers) = (Vec::new(), None);
    for n in order {
        let (Some(e), Some(row)) = (all.get(n), rows.get_mut(n)) else { continue };
        if e.fusion && answers.is_none() {
            answers = Some(judge.answers(&stages));
        }
        let (mut judged, of) = judge.one(&e.bytes, &slots);
        judge.judged += if let Judged::Stage(stage) = &judged { stage.looks() } else { 1 };
        let place = counts.add(&judged, &mut events);
        let slot = match Envelope::decode(&e.bytes) {
            Ok(envelope) if place == 0 => slots.add(&envelope),
            _ => String::new(),
        };
        match &mut judged {
            Judged::Verdict(Verdict::Accepted(a)) => {
                judge.accepted.push(a.clone());
                fresh_slots += &slot;
            }
            // The slot is used up for good when the answer is accepted, so that a stage can be judged before the others are there.
            Judged::Stage(stage) => {
                stage.slot = slot;
                stages.push((**stage).clone());
            }
            Judged::Verdict(_) | Judged::Unknown(_) => (),
        }
        *row = Some((Line::from(sentences(&e.place, &judged, &trust, of)), document(&e.place, &judged, &trust, of)));
        if place == 0
            && let Some(fusion) = trust.fusions.iter().find(|f| Some(f.name.as_str()) == of)
            && !fused.contains(&fusion.name)
        {
            fused.push(fusion.name.clone());
        }
    }
    let answers = answers.unwrap_or_else(|| judge.answers(&stages));
    let mut chained = Vec::new();
    for chain in &answers {
        let (judged, place) = (Judged::Verdict(chain.verdict.clone()), chain.place());
        if counts.add(&judged, &mut events) == 0 {
            fresh_slots += &chain.slots;
        }
        let of = Some(chain.of.model.as_str());
        let mut value = document(&place, &judged, &trust, of);
        if let Some(value) = value.as_object_mut() {
            value.remove("file");
            value.insert("query".into(), chain.query.to_string().into());
            value.insert("split".into(), chain.of.name.clone().into());
        }
        chained.push((Line::from(sentences(&place, &judged, &trust, of)), value));
    }
    if let (Some(path), false) = (&args.seen, fresh_slots.is_empty()) {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        if let Err(e) = file.and_then(|mut f| f.write_all(fresh_slots.as_bytes())) {
            problems.push(Problem::not_written(&shown(path), &e));
        }
    }
    let (mut lines, mut certificates) = (Vec::new(), Vec::new());
    for (line, value) in rows.into_iter().flatten() {
        lines.push(line);
        certificates.push(value);
    }
    // What follows on something malformed in a stream has no beginning.
    if let Some((place, refusal)) = rest {
        let judged = Judged::Verdict(Verdict::Rejected(Rejected::Refused(refusal)));
        counts.add(&judged, &mut events);
        lines.push(Line::from(format!("{} The rest was not read.", sentences(&place, &judged, &trust, None))));
        certificates.push(document(&place, &judged, &trust, None));
    }
    let (answer_lines, answers): (Vec<Line>, Vec<Value>) = chained.into_iter().unzip();
    let in_stages = match answer_lines.len() {
        0 => String::new(),
        n => format!(" and {} in stages", count(n, "answer")),
    };
    lines.extend(answer_lines);
    for fusion in trust.fusions.iter().filter(|f| fused.contains(&f.name)) {
        let all = fusion.package.properties();
        lines.extend((1..).zip(all).map(|(n, property)| {
            Line::from(format!("Proved of the program {}, {n} of {}: {property}.", fusion.name, all.len()))
        }));
    }
    // Whoever sends certificates may send a file of trust beside them.
    if args.trust.is_none() {
        lines.push(Line::from(format!(
            "Whom to trust is said by {trust_file}, which was found above the certificates."
        )));
    }
    lines.extend(problems.iter().map(|p| Line::from(p.sentences())));
    events.extend(problems.iter().filter_map(Problem::event));
    let Counts([accepted, rejected, undecided]) = counts;
    let closing = match (rejected, undecided, problems.len()) {
        (0, 0, 0) if answers.is_empty() => "Result: every certificate is accepted.".to_owned(),
        (0, 0, 0) => "Result: every certificate and every answer is accepted.".to_owned(),
        (_, _, 0) if answers.is_empty() => "Result: not every certificate is accepted.".to_owned(),
        (_, _, 0) => "Result: not every certificate and answer is accepted.".to_owned(),
        (_, _, n) => format!("Result: not complete, because of {}.", count(n, "error")),
    };
    let mut out = serde_json::Map::new();
    let summary = json!({ "accepted": accepted, "rejected": rejected, "undecided": undecided });
    out.insert("summary".into(), summary);
    let judged = certificates.len();
    out.insert("certificates".into(), certificates.into());
    out.insert("answers".into(), answers.into());
    out.insert("trust".into(), trust_file.into());
    out.insert("problems".into(), problems.iter().map(problem_json).collect());
    Ok(Answer {
        first: format!(
            "Judged {}{in_stages}: {accepted} accepted, {rejected} rejected, {undecided} undecided.",
            count(judged, "certificate")
        ),
        lines,
        closing,
        document: out,
        list: "certificates",
        events,
        ..Answer::default()
    })
}

/// How many were accepted, rejected and undecided.
#[derive(Default)]
struct Counts([usize; 3]);

impl Counts {
    /// Counts one, and gives its place.
    fn add(&mut self, judged: &Judged, events: &mut Vec<Event>) -> usize {
        let (place, event) = match word(judged) {
            "accepted" => (0, None),
            "rejected" => (1, Some(Event::UnexpectedVerdict)),
            _ => (2, Some(Event::Undecided)),
        };
        if let Some(n) = self.0.get_mut(place) {
            *n += 1;
        }
        events.extend(event);
        place
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

/// Whether to go on after some bytes of a stream, and what was malformed there.
type Rest = Option<(String, Refusal)>;

/// All envelopes: one in each file, or one after the other on the standard input.
fn envelopes(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Result<(Vec<Envelopes>, Rest), Problem> {
    let (mut all, mut rest) = (Vec::new(), None);
    let stdin = [PathBuf::from("-")];
    for path in if paths.is_empty() { &stdin } else { paths } {
        if path == Path::new("-") {
            let (found, malformed) = stream(std::io::stdin().lock())?;
            all.extend(found);
            rest = rest.or(malformed);
            continue;
        }
        // One byte more than an envelope may have, so that what is too large is told from what is not.
        let limit = ENVELOPE_LIMIT as u64 + 1;
        let mut bytes = Vec::new();
        match std::fs::File::open(path).and_then(|f| f.take(limit).read_to_end(&mut bytes)) {
            Ok(_) => all.push(Envelopes::new(shown(path), bytes)),
            Err(e) => problems.push(Problem::not_read(&shown(path), &e)),
        }
    }
    Ok((all, rest))
}

/// Envelopes one after the other on an input.
fn stream(input: impl Read) -> Result<(Vec<Envelopes>, Rest), Problem> {
    let (all, rest) = cut(input, |held| Envelope::first(held).map(|(_, length)| length))
        .map_err(|e| Problem::not_read("of the standard input", &e))?;
    let place = |n: usize| format!("envelope {n} of the input");
    let rest = rest.map(|refusal| (place(all.len() + 1), refusal));
    Ok(((1..).zip(all).map(|(n, bytes)| Envelopes::new(place(n), bytes)).collect(), rest))
}

/// Cuts what is read where `first` says that an envelope ends. Of one that is not complete, more is read until there is none. It is looked
/// at again when there is twice as much of it, so that all looks together cost as much as a few. With what is malformed the rest ends.
fn cut(
    mut input: impl Read,
    mut first: impl FnMut(&[u8]) -> Result<usize, Refusal>,
) -> std::io::Result<(Vec<Vec<u8>>, Option<Refusal>)> {
    let (mut all, mut held, mut chunk, mut enough) = (Vec::new(), Vec::new(), vec![0u8; 1 << 16], 0);
    loop {
        let n = input.read(&mut chunk)?;
        held.extend_from_slice(chunk.get(..n).unwrap_or_default());
        if n > 0 && held.len() < enough {
            continue;
        }
        enough = 0;
        while !held.is_empty() {
            match first(&held) {
                Ok(length) => {
                    let after = held.split_off(length);
                    all.push(std::mem::replace(&mut held, after));
                }
                Err(Refusal::Malformed(_, Malformed::Truncated)) if n > 0 && held.len() <= ENVELOPE_LIMIT => {
                    enough = held.len().saturating_mul(2);
                    break;
                }
                Err(refusal) => return Ok((all, Some(refusal))),
            }
        }
        if n == 0 {
            return Ok((all, None));
        }
    }
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

/// Judges one certificate after the other.
struct Judge<'a> {
    trust: &'a Trust,
    at: Option<u64>,
    query: Option<Digest>,
    epochs: Option<(u64, u64)>,
    accepted: Vec<Accepted>,
    /// How many were judged: each may tell something about secret random numbers.
    judged: u64,
}

impl<'a> Judge<'a> {
    /// The answer, and the name of the model or fusion.
    fn one(&self, bytes: &[u8], slots: &Slots) -> (Judged, Option<&'a str>) {
        let envelope = match Envelope::decode(bytes) {
            Ok(envelope) => envelope,
            Err(refusal) => return (Judged::Verdict(Verdict::Rejected(Rejected::Refused(refusal))), None),
        };
        let fields = envelope.certificate().fields();
        let question = self.question(&fields.query, &fields.input);
        let expected = Expected {
            at: self.at,
            fresh: Fresh { query: self.query, epochs: self.epochs, seen: Some(slots) },
            workers: question.map(|q| q.workers.as_slice()).filter(|w| !w.is_empty()),
            ..Expected::default()
        };
        if fields.operation == Operation::Fusion {
            let expected = Expected { workers: None, ..expected };
            return match self.fusion_of(fields) {
                Some(f) => (self.fusion(bytes, &expected, f, &fields.parents), Some(f.name.as_str())),
                None => (self.admitted(bytes, &expected, "The fusion is not known."), None),
            };
        }
        let model = self.trust.models.iter().find(|m| m.known.roots() == (&fields.model, &fields.spec));
        if fields.operation == Operation::LayerRange {
            let judged = match (model, question) {
                (Some(model), Some(question)) => self.stage(bytes, expected, model, question, envelope.certificate()),
                (None, _) => self.admitted(bytes, &expected, "The model is not known."),
                (_, None) => self.admitted(bytes, &expected, "The question is not known."),
            };
            return (judged, model.map(|m| m.name.as_str()));
        }
        let judged = match (model, question) {
            (Some(model), Some(question)) => {
                let case = self.case(expected, (self.trust.policy_of(&fields.worker), model), question);
                Judged::Verdict(self.answer(bytes, &case, model))
            }
            (None, _) => self.admitted(bytes, &expected, "The model is not known."),
            (_, None) => self.admitted(bytes, &expected, "The question is not known."),
        };
        (judged, model.map(|m| m.name.as_str()))
    }

    /// The fusion of a certificate: of those with its program, the one of the workers whose answers it names, or else the first.
    fn fusion_of(&self, fields: &Fields) -> Option<&'a FusionOf> {
        let named = self.accepted.iter().filter(|a| fields.parents.contains(a.certificate()));
        let workers: BTreeSet<[u8; 32]> = named.map(|a| *a.worker().0.as_bytes()).collect();
        let of_them = |f: &&FusionOf| f.workers.iter().map(|w| *w.0.as_bytes()).collect::<BTreeSet<_>>() == workers;
        let all = || self.trust.fusions.iter().filter(|f| f.spec == fields.spec);
        all().find(of_them).or_else(|| all().next())
    }

    /// The question by its name, or by its prompt.
    fn question(&self, query: &Digest, input: &Digest) -> Option<&'a Question> {
        let all = &self.trust.questions;
        let by_prompt = |q: &&Question| tokens_root(&q.prompt).is_ok_and(|root| root == *input);
        all.iter().find(|q| q.query == *query).or_else(|| all.iter().find(by_prompt))
    }

    /// What is wrong with it apart from the answer; otherwise that the answer cannot be judged.
    fn admitted(&self, bytes: &[u8], expected: &Expected<'_>, unknown: &'static str) -> Judged {
        match admit(bytes, &self.trust.policy, expected) {
            Err(refusal) if refusal.class() == Class::Undecided => {
                Judged::Verdict(Verdict::Undecided(Undecided::Refused(refusal)))
            }
            Err(refusal) => Judged::Verdict(Verdict::Rejected(Rejected::Refused(refusal))),
            Ok(_) => Judged::Unknown(unknown),
        }
    }

    fn case<'b>(
        &'b self,
        expected: Expected<'b>,
        (policy, model): (&'b Policy, &'b Model),
        question: &'b Question,
    ) -> Case<'b> {
        // Where no question was named, that of the certificate is one that was asked.
        let fresh = Fresh { query: expected.fresh.query.or(Some(question.query)), ..expected.fresh };
        Case {
            policy,
            expected: Expected { fresh, ..expected },
            prompt: &question.prompt,
            challenge: model.challenge(self.judged),
            terms: Terms { answer: question.answer, ..self.trust.terms },
        }
    }

    /// One stage. Where the model is split in several ways, it is a stage of all splits that have its layers for its worker, or else of the first
    /// one that has its worker.
    fn stage(
        &self,
        bytes: &[u8],
        expected: Expected<'_>,
        model: &Model,
        question: &Question,
        certificate: &Certificate,
    ) -> Judged {
        let fields = certificate.fields();
        let splits = || (0..).zip(&self.trust.splits).filter(|(_, s)| s.model == model.name);
        let has = |s: &SplitOf, layers: Option<Layers>| {
            let own = |p: &Part| p.worker == fields.worker && layers.is_none_or(|layers| p.layers == layers);
            s.split.parts().iter().any(own)
        };
        let mut of: Vec<(usize, &SplitOf)> = splits().filter(|(_, s)| has(s, Some(fields.layers))).collect();
        if of.is_empty() {
            of.extend(splits().find(|(_, s)| has(s, None)).or_else(|| splits().next()));
        }
        let policy = self.trust.policy_of(&fields.worker);
        let judged = (self.judged..).zip(of).map(|(looks, (split, SplitOf { split: parts, .. }))| {
            let case = Case { challenge: model.challenge(looks), ..self.case(expected, (policy, model), question) };
            let verdict = match &model.known {
                Known::Eight(subject) => judge_stage(bytes, &case, subject, parts),
                Known::Sixteen(subject) => judge_stage(bytes, &case, subject, parts),
            };
            Found { split, verdict }
        });
        let mut others: Vec<Found> = judged.collect();
        let said = others.iter().position(|found| matches!(found.verdict, Verdict::Accepted(_))).unwrap_or_default();
        if others.is_empty() {
            return self.admitted(bytes, &expected, "The model is not split.");
        }
        let (said, body) = (others.remove(said), certificate.body().digest());
        let (query, worker, layers) = (fields.query, fields.worker, fields.layers);
        Judged::Stage(Box::new(StageOf { said, others, query, worker, layers, body, slot: String::new() }))
    }

    /// The answers of all stages. Those that are accepted may be fused, as any other.
    fn answers(&mut self, stages: &[StageOf]) -> Vec<Chain<'a>> {
        let all = chains(stages, self.trust);
        self.accepted.extend(all.iter().filter_map(|c| match &c.verdict {
            Verdict::Accepted(a) => Some(a.clone()),
            Verdict::Rejected(_) | Verdict::Undecided(_) => None,
        }));
        all
    }

    fn answer(&self, bytes: &[u8], case: &Case<'_>, model: &Model) -> Verdict {
        match &model.known {
            Known::Eight(subject) => judge(bytes, case, subject),
            Known::Sixteen(subject) => judge(bytes, case, subject),
        }
    }

    fn fusion(&self, bytes: &[u8], expected: &Expected<'_>, fusion: &FusionOf, parents: &[Digest]) -> Judged {
        let named = parents.len();
        let parents: Vec<&Accepted> = self.accepted.iter().filter(|a| parents.contains(a.certificate())).collect();
        // As many are named as there should be, but what they say is not known here.
        if named == fusion.workers.len() && parents.len() < named {
            return self.admitted(bytes, expected, "Not all answers that it fuses were accepted before.");
        }
        let parameters: Vec<&[i64]> = fusion.parameters.iter().map(Vec::as_slice).collect();
        let (program, spec, workers) = (fusion.package.program(), fusion.spec, fusion.workers.as_slice());
        let fusion = Fusion { program, spec, workers, parameters: &parameters };
        Judged::Verdict(judge_fusion(bytes, &self.trust.policy, expected, &fusion, &parents))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Each look goes through all that is there, so the looks at an envelope without an end must be few.
    #[test]
    fn a_stream_without_an_end_is_looked_at_a_few_times() {
        let bytes = vec![0x9a; 1 << 24];
        let (mut looks, mut looked) = (0, 0);
        let (all, rest) = cut(bytes.as_slice(), |held| {
            (looks, looked) = (looks + 1, looked + held.len());
            let place = bfv_cert::Place { part: bfv_cert::Part::Envelope, field: "cells", offset: held.len() };
            Err(Refusal::Malformed(place, Malformed::Truncated))
        })
        .unwrap();
        assert!(all.is_empty() && rest.is_some());
        assert!(looks < 20 && looked < 4 * bytes.len(), "{looks} looks at {looked} bytes");
    }

    /// A reader that gives seven bytes at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0.by_ref().take(7).read(into)
        }
    }

    #[test]
    fn envelopes_are_cut_wherever_the_reader_stops() {
        // A length and so many bytes.
        let first = |held: &[u8]| {
            let length = usize::from(held[0]) + 1;
            let place = bfv_cert::Place { part: bfv_cert::Part::Envelope, field: "cells", offset: 0 };
            if held.len() < length { Err(Refusal::Malformed(place, Malformed::Truncated)) } else { Ok(length) }
        };
        let whole: Vec<Vec<u8>> = (0..200u8).map(|n| (0..=n).map(|_| n).collect()).collect();
        let bytes = whole.concat();
        for end in [bytes.len(), bytes.len() - 1] {
            let (all, rest) = cut(Slow(&bytes[..end]), first).unwrap();
            let complete = whole.len() - usize::from(end < bytes.len());
            assert_eq!(all, whole[..complete]);
            assert_eq!(rest.is_some(), end < bytes.len());
        }
    }
}
