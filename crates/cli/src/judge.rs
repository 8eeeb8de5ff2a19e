//! One certificate after the other, each judged by what `verify.toml` says and by what was accepted before it.

use crate::blocks::Streams;
use crate::chains::{Chain, Found, StageOf, chains};
use crate::judged::Judged;
use crate::slots::Slots;
use crate::trust::{FloatModel, FusionOf, Known, Model, Question, SplitOf, Trust, VoteOf};
use bfv_cert::certificate::{Fields, Layers, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::freshness::Fresh;
use bfv_cert::{Class, Expected, Policy, admit_read};
use bfv_exact::commit::tokens_root;
use bfv_replay::card::MEASURED;
use bfv_verify::{
    Accepted, Case, Fusion, Part, Rejected, Replay, Terms, Undecided, Verdict, judge_fusion_read, judge_read,
    judge_replay_read, judge_stage_read, judge_vote_read,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most bytes of answers that are held for fusions, votes and answers in stages: 256 MiB.
const HELD_LIMIT: usize = 1 << 28;
/// What is counted for an answer beside its numbers.
const ANSWER_BYTES: usize = 512;
/// What is counted for a stage beside its tokens: it keeps what its certificate says.
const STAGE_BYTES: usize = 1 << 13;

/// The most stages that were not accepted and are kept all the same, so that an answer in stages says why it is none. They have no part of the bytes
/// above: whoever signs nothing could fill them.
const NOT_ACCEPTED_LIMIT: usize = 1 << 10;

/// Where no question was named, that of the certificate is one that was asked.
fn asked<'a>(fresh: Fresh<'a>, question: &Question) -> Fresh<'a> {
    Fresh { query: fresh.query.or(Some(question.query)), ..fresh }
}

/// Judges one certificate after the other.
pub struct Judge<'a> {
    pub trust: &'a Trust,
    at: Option<u64>,
    query: Option<Digest>,
    epochs: Option<(u64, u64)>,
    /// The answers that a fusion or vote may rest on, by their certificates.
    accepted: BTreeMap<Digest, Accepted>,
    /// The stages of answers.
    stages: Vec<StageOf>,
    /// How many were judged: each may tell something about secret random numbers.
    judged: u64,
    /// Bytes that are held, and how many answers and stages were not, as there were too many.
    held: usize,
    dropped: usize,
    /// How many stages that were not accepted are kept.
    not_accepted: usize,
    /// Answers that come block by block.
    streams: Streams<'a>,
}

impl<'a> Judge<'a> {
    /// Judges by this file; time, question and epochs are those of the command line.
    /// So many certificates were judged in other runs with the same secret.
    pub fn new(
        trust: &'a Trust,
        at: Option<u64>,
        query: Option<Digest>,
        epochs: Option<(u64, u64)>,
        judged: u64,
    ) -> Self {
        let (accepted, stages) = (BTreeMap::new(), Vec::new());
        let streams = Streams::default();
        Judge { trust, at, query, epochs, accepted, stages, judged, held: 0, dropped: 0, not_accepted: 0, streams }
    }

    /// Whether all that a certificate rests on was accepted before, so that nothing would be won by waiting.
    pub fn ready(&self, fields: &Fields) -> bool {
        fields.parents.iter().all(|parent| self.accepted.contains_key(parent))
    }

    /// How many were judged, in other runs with the same secret and in this one.
    pub fn judged(&self) -> u64 {
        self.judged
    }

    /// How many answers and stages could not be held for what may rest on them.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Whether so many bytes more may be held.
    fn has_room(&mut self, bytes: usize) -> bool {
        let held = self.held.saturating_add(bytes);
        let room = held <= HELD_LIMIT;
        if room {
            self.held = held;
        } else {
            self.dropped += 1;
        }
        room
    }

    /// The answers that a certificate names, as far as they were accepted.
    fn named(&self, parents: &[Digest]) -> Vec<&Accepted> {
        parents.iter().filter_map(|parent| self.accepted.get(parent)).collect()
    }

    /// Keeps an accepted answer where there are fusions or votes. Also one that none of them may rest on: then that is the reason why it is rejected.
    fn keep(&mut self, answer: &Accepted) {
        let used = !self.trust.fusions.is_empty() || !self.trust.votes.is_empty();
        if used && self.has_room(answer.values().len().saturating_mul(8).saturating_add(ANSWER_BYTES)) {
            self.accepted.insert(*answer.certificate(), answer.clone());
        }
    }

    /// Judges one, and keeps what others may rest on. The result has the name of the model, fusion or vote, too, and the line for the file of slots
    /// where it is accepted and no stage: that of a stage is with its answer.
    pub fn one(&mut self, envelope: &Envelope<'_>, slots: &mut Slots) -> (Judged, Option<&'a str>, String) {
        let (mut judged, of) = match self.in_blocks(envelope.certificate().fields()) {
            Some(question) => self.block(envelope, slots, question),
            None => self.judge(envelope, slots),
        };
        let looks = match &judged {
            Judged::Stage(stage) => stage.looks(),
            Judged::Verdict(verdict) => looks(verdict),
            Judged::Block(block) => looks(&block.verdict),
            Judged::Sampled(verdict) => looks(verdict),
            Judged::Unknown(_) | Judged::Withheld => 0,
        };
        self.judged = self.judged.saturating_add(looks);
        let mut slot = if judged.passes() { slots.add(envelope) } else { String::new() };
        match &mut judged {
            Judged::Verdict(Verdict::Accepted(answer)) => self.keep(answer),
            Judged::Stage(stage) => {
                // The slot is used up for good when the answer is accepted, so that a stage can be judged before the others are there.
                stage.slot = std::mem::take(&mut slot);
                let accepted = matches!(stage.said.verdict, Verdict::Accepted(_));
                let bytes = stage.tokens().saturating_mul(4).saturating_add(STAGE_BYTES);
                self.not_accepted += usize::from(!accepted);
                let kept = if accepted { self.has_room(bytes) } else { self.not_accepted <= NOT_ACCEPTED_LIMIT };
                if kept {
                    self.stages.push((**stage).clone());
                }
            }
            // Nothing rests on a sample.
            Judged::Sampled(_) | Judged::Verdict(_) | Judged::Block(_) | Judged::Unknown(_) | Judged::Withheld => (),
        }
        (judged, of, slot)
    }

    fn judge(&self, envelope: &Envelope<'_>, slots: &Slots) -> (Judged, Option<&'a str>) {
        let fields = envelope.certificate().fields();
        let question = self.question(&fields.query, &fields.input);
        let expected = self.expected(slots, question);
        if fields.operation == Operation::Fusion {
            let expected = Expected { workers: None, ..expected };
            return match self.fusion_of(fields) {
                Some(f) => (self.fusion(envelope, &expected, f, &fields.parents), Some(f.name.as_str())),
                None => (self.admitted(envelope, &expected, "The fusion is not known."), None),
            };
        }
        if fields.operation == Operation::Vote {
            let expected = Expected { workers: None, ..expected };
            return match self.vote_of(fields) {
                Some(v) => (self.vote(envelope, &expected, v, &fields.parents), Some(v.name.as_str())),
                None => (self.admitted(envelope, &expected, "The vote is not known."), None),
            };
        }
        if fields.operation == Operation::FullForward
            && let Some(model) = self.trust.floats.iter().find(|m| m.roots() == (fields.model, fields.spec))
        {
            return (self.sampled(envelope, expected, model, question), Some(model.name.as_str()));
        }
        let model = self.trust.models.iter().find(|m| m.known.roots() == (&fields.model, &fields.spec));
        if fields.operation == Operation::LayerRange {
            let judged = match (model, question) {
                (Some(model), Some(question)) => self.stage(envelope, expected, model, question),
                (None, _) => self.admitted(envelope, &expected, "The model is not known."),
                (_, None) => self.admitted(envelope, &expected, "The question is not known."),
            };
            return (judged, model.map(|m| m.name.as_str()));
        }
        if fields.operation == Operation::Continuation {
            return (self.admitted(envelope, &expected, "The question was not asked for an answer in blocks."), None);
        }
        let judged = match (model, question) {
            (Some(model), Some(question)) => {
                let case = self.case(expected, (self.trust.policy_of(&fields.worker), model), question);
                Judged::Verdict(self.answer(envelope, &case, model))
            }
            (None, _) => self.admitted(envelope, &expected, "The model is not known."),
            (_, None) => self.admitted(envelope, &expected, "The question is not known."),
        };
        (judged, model.map(|m| m.name.as_str()))
    }

    /// The fusion of a certificate: of those with its program, the one of the workers whose answers it names, or else the first.
    fn fusion_of(&self, fields: &Fields) -> Option<&'a FusionOf> {
        let named = self.named(&fields.parents);
        let workers: BTreeSet<[u8; 32]> = named.iter().map(|a| *a.worker().0.as_bytes()).collect();
        let of_them = |f: &&FusionOf| f.workers.iter().map(|w| *w.0.as_bytes()).collect::<BTreeSet<_>>() == workers;
        let all = || self.trust.fusions.iter().filter(|f| f.spec == fields.spec);
        all().find(of_them).or_else(|| all().next())
    }

    /// The vote of a certificate: of those with its rule, the one of its head in which all whose answers it names have a vote, or else the first.
    fn vote_of(&self, fields: &Fields) -> Option<&'a VoteOf> {
        let named = self.named(&fields.parents);
        let of_them = |v: &&VoteOf| {
            *v.vote.head() == fields.worker && named.iter().all(|a| v.vote.workers().contains(a.worker()))
        };
        let all = || self.trust.votes.iter().filter(|v| v.vote.rule().root() == fields.spec);
        all().find(of_them).or_else(|| all().next())
    }

    /// The question by its name, or by its prompt.
    fn question(&self, query: &Digest, input: &Digest) -> Option<&'a Question> {
        let all = &self.trust.questions;
        let by_prompt = |q: &&Question| tokens_root(&q.prompt).is_ok_and(|root| root == *input);
        all.iter().find(|q| q.query == *query).or_else(|| all.iter().find(by_prompt))
    }

    /// What is wrong with it apart from the answer; otherwise that the answer cannot be judged.
    fn admitted(&self, envelope: &Envelope<'_>, expected: &Expected<'_>, unknown: &'static str) -> Judged {
        match admit_read(envelope.clone(), &self.trust.policy, expected) {
            Err(refusal) if refusal.class() == Class::Undecided => {
                Judged::Verdict(Verdict::Undecided(Undecided::Refused(refusal)))
            }
            Err(refusal) => Judged::Verdict(Verdict::Rejected(Rejected::Refused(refusal))),
            Ok(_) => Judged::Unknown(unknown),
        }
    }

    /// An answer of a float model, of which a sample is computed again.
    fn sampled(
        &self,
        envelope: &Envelope<'_>,
        expected: Expected<'_>,
        model: &FloatModel,
        question: Option<&Question>,
    ) -> Judged {
        let Some(question) = question else { return self.admitted(envelope, &expected, "The question is not known.") };
        let Some(tiles) = self.trust.tiles else {
            return self.admitted(envelope, &expected, "The lane replay is not taken.");
        };
        let fields = envelope.certificate().fields();
        let case = Replay {
            policy: self.trust.policy_of(&fields.worker),
            expected: Expected { fresh: asked(expected.fresh, question), ..expected },
            prompt: &question.prompt,
            answer: question.answer,
            draw: model.draw.after(self.judged),
            tiles,
            deadline: self.trust.terms.deadline,
            cards: &MEASURED,
        };
        Judged::Sampled(judge_replay_read(envelope, &case, &model.model))
    }

    fn case<'b>(
        &'b self,
        expected: Expected<'b>,
        (policy, model): (&'b Policy, &'b Model),
        question: &'b Question,
    ) -> Case<'b> {
        Case {
            policy,
            expected: Expected { fresh: asked(expected.fresh, question), ..expected },
            prompt: &question.prompt,
            challenge: model.challenge(self.judged),
            terms: Terms { answer: question.answer, ..self.trust.terms },
        }
    }

    /// One stage. Where the model is split in several ways, it is a stage of all splits that have its layers for its worker, or else of the first
    /// one that has its worker.
    fn stage(&self, envelope: &Envelope<'_>, expected: Expected<'_>, model: &Model, question: &Question) -> Judged {
        let certificate = envelope.certificate();
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
                Known::Eight(subject) => judge_stage_read(envelope, &case, subject, parts),
                Known::Sixteen(subject) => judge_stage_read(envelope, &case, subject, parts),
            };
            Found { split, verdict }
        });
        let mut others: Vec<Found> = judged.collect();
        let said = others.iter().position(|found| matches!(found.verdict, Verdict::Accepted(_))).unwrap_or_default();
        if others.is_empty() {
            return self.admitted(envelope, &expected, "The model is not split.");
        }
        let (said, body) = (others.remove(said), certificate.body().digest());
        let (query, worker, layers) = (fields.query, fields.worker, fields.layers);
        Judged::Stage(Box::new(StageOf { said, others, query, worker, layers, body, slot: String::new() }))
    }

    /// The question that such a certificate answers, where it was asked for an answer in blocks. The input of a later block says nothing of the prompt.
    fn in_blocks(&self, fields: &Fields) -> Option<&'a Question> {
        let question = match fields.operation {
            // By its name only: an answer to another question with the same prompt is none to this one.
            Operation::FullForward | Operation::Continuation => {
                self.trust.questions.iter().find(|q| q.query == fields.query)
            }
            Operation::LayerRange | Operation::Fusion | Operation::Vote => None,
        };
        question.filter(|q| q.blocks.is_some())
    }

    /// One block of an answer.
    fn block(&mut self, envelope: &Envelope<'_>, slots: &Slots, question: &'a Question) -> (Judged, Option<&'a str>) {
        let fields = envelope.certificate().fields();
        let expected = self.expected(slots, Some(question));
        let trust = self.trust;
        let Some(model) = trust.models.iter().find(|m| m.known.roots() == (&fields.model, &fields.spec)) else {
            return (self.admitted(envelope, &expected, "The model is not known."), None);
        };
        let of = Some(model.name.as_str());
        if self.streams.full() {
            self.streams.left_out(&fields.query, &fields.worker);
            let why = "Too many keys and values are kept of answers in blocks.";
            return (self.admitted(envelope, &expected, why), of);
        }
        let mut streams = std::mem::take(&mut self.streams);
        let case = self.case(expected, (trust.policy_of(&fields.worker), model), question);
        let asked = question.blocks.unwrap_or_default();
        let block = streams.block((question, asked), fields.worker, &model.name, |listener| {
            model.known.listen(listener, envelope, &case)
        });
        self.streams = streams;
        (Judged::Block(Box::new(block)), of)
    }

    /// The answers in blocks that began.
    pub fn streams(&self) -> &Streams<'a> {
        &self.streams
    }

    /// What is expected of a certificate.
    fn expected<'b>(&self, slots: &'b Slots, question: Option<&'b Question>) -> Expected<'b> {
        Expected {
            at: self.at,
            fresh: Fresh { query: self.query, epochs: self.epochs, seen: Some(slots) },
            workers: question.map(|q| q.workers.as_slice()).filter(|w| !w.is_empty()),
            ..Expected::default()
        }
    }

    /// The answers of all stages. Those that are accepted may be fused, as any other.
    pub fn answers(&mut self) -> Vec<Chain<'a>> {
        let all = chains(&std::mem::take(&mut self.stages), self.trust);
        for chain in &all {
            if let Verdict::Accepted(answer) = &chain.verdict {
                self.keep(answer);
            }
        }
        all
    }

    fn answer(&self, envelope: &Envelope<'_>, case: &Case<'_>, model: &Model) -> Verdict {
        match &model.known {
            Known::Eight(subject) => judge_read(envelope, case, subject),
            Known::Sixteen(subject) => judge_read(envelope, case, subject),
        }
    }

    fn fusion(
        &self,
        envelope: &Envelope<'_>,
        expected: &Expected<'_>,
        fusion: &FusionOf,
        parents: &[Digest],
    ) -> Judged {
        let named = parents.len();
        let parents = self.named(parents);
        // As many are named as there should be, but what they say is not known here.
        if named == fusion.workers.len() && parents.len() < named {
            return self.admitted(envelope, expected, "Not all answers that it fuses were accepted before.");
        }
        let parameters: Vec<&[i64]> = fusion.parameters.iter().map(Vec::as_slice).collect();
        let (program, spec, workers) = (fusion.package.program(), fusion.spec, fusion.workers.as_slice());
        let fusion = Fusion { program, spec, workers, parameters: &parameters };
        Judged::Verdict(judge_fusion_read(envelope, &self.trust.policy, expected, &fusion, &parents))
    }

    fn vote(&self, envelope: &Envelope<'_>, expected: &Expected<'_>, of: &VoteOf, parents: &[Digest]) -> Judged {
        let (named, quorum) = (parents.len(), of.vote.rule().quorum());
        let parents = self.named(parents);
        // There are enough of them, but what they say is not known here.
        if named >= quorum && parents.len() < named {
            return self.admitted(envelope, expected, "Not all answers that it counts were accepted before.");
        }
        Judged::Verdict(judge_vote_read(envelope, &self.trust.policy, expected, &of.vote, &parents))
    }
}

/// How many looks at random numbers a verdict may have given: none where it was refused before any was used.
fn looks<A>(verdict: &Verdict<A>) -> u64 {
    match verdict {
        Verdict::Rejected(Rejected::Refused(refusal))
            if matches!(refusal.class(), Class::Malformed | Class::Signature | Class::Freshness) =>
        {
            0
        }
        Verdict::Undecided(Undecided::Before(_) | Undecided::Begun) => 0,
        _ => 1,
    }
}
