//! What came of a certificate, in words and as JSON.

use crate::blocks::BlockOf;
use crate::chains::StageOf;
use crate::kernels;
use crate::replay;
use crate::trust::Trust;
use bfv_cert::Taken;
use bfv_cert::certificate::Lane;
use bfv_cert::digest::Digest;
use bfv_cert::sign::KeyId;
use bfv_driver::count;
use bfv_verify::{Accepted, Checked, Rejected, Sampled, Soundness, Stage, Undecided, Verdict};
use serde_json::{Value, json};

/// What came of one.
pub enum Judged {
    Verdict(Verdict),
    /// Of one stage of an answer.
    Stage(Box<StageOf>),
    /// Of an answer of which a sample was computed again.
    Sampled(Verdict<Sampled>),
    /// Of a block of an answer, or of all of it.
    Block(Box<BlockOf>),
    /// It cannot be judged with what `verify.toml` says.
    Unknown(&'static str),
    /// It is in the log, and nobody gave an envelope of it until the deadline.
    Withheld,
}

impl Judged {
    /// Whether it is accepted, as a whole or by a sample.
    pub fn passes(&self) -> bool {
        match self {
            Judged::Verdict(v) => matches!(v, Verdict::Accepted(_)),
            Judged::Stage(s) => matches!(s.said.verdict, Verdict::Accepted(_)),
            Judged::Sampled(v) => matches!(v, Verdict::Accepted(_)),
            Judged::Block(b) => matches!(b.verdict, Verdict::Accepted(_)),
            Judged::Unknown(_) | Judged::Withheld => false,
        }
    }
}

/// The verdict of an answer of which only a sample was computed again. It is another word than that of an answer that is accepted, so that no program takes one for the other.
pub const SAMPLED: &str = "sampled";

/// The verdict in a word.
pub fn word(judged: &Judged) -> &'static str {
    match judged {
        Judged::Verdict(v) => word_of(v),
        Judged::Stage(s) => word_of(&s.said.verdict),
        Judged::Sampled(Verdict::Accepted(_)) => SAMPLED,
        Judged::Sampled(v) => word_of(v),
        Judged::Block(b) => word_of(&b.verdict),
        Judged::Unknown(_) => "undecided",
        Judged::Withheld => "rejected",
    }
}

fn word_of<A>(verdict: &Verdict<A>) -> &'static str {
    match verdict {
        Verdict::Accepted(_) => "accepted",
        Verdict::Rejected(_) => "rejected",
        Verdict::Undecided(_) => "undecided",
    }
}

/// The reason without its class, which the first word says already.
fn reason(judged: &Judged) -> String {
    let whole = match (facts(judged), judged) {
        (Some(facts), _) => return facts.soundness.to_string(),
        (None, Judged::Unknown(why)) => return (*why).to_owned(),
        (None, Judged::Withheld) => return "No envelope of it was given until the deadline.".to_owned(),
        (None, Judged::Verdict(v)) => v.to_string(),
        (None, Judged::Stage(s)) => s.said.verdict.to_string(),
        (None, Judged::Sampled(Verdict::Accepted(a))) => replay::worth(&a.sample()),
        (None, Judged::Sampled(v)) => v.to_string(),
        (None, Judged::Block(b)) => b.verdict.to_string(),
    };
    whole.trim_start_matches("Undecided: ").to_owned()
}

/// What is said of whatever was accepted.
struct Facts<'a> {
    certificate: &'a Digest,
    query: &'a Digest,
    worker: &'a KeyId,
    lane: Lane,
    soundness: Soundness,
    taken: Taken,
    checked: Checked,
    /// What was delivered; a stage delivers no answer.
    values: Option<&'a [i64]>,
    /// Of a vote, how many answers are the one that was delivered.
    support: Option<usize>,
}

fn facts(judged: &Judged) -> Option<Facts<'_>> {
    match judged {
        Judged::Verdict(Verdict::Accepted(a)) => Some(of_answer(a)),
        Judged::Block(b) => match &b.verdict {
            Verdict::Accepted(a) => Some(of_answer(a)),
            Verdict::Rejected(_) | Verdict::Undecided(_) => None,
        },
        Judged::Stage(s) => match &s.said.verdict {
            Verdict::Accepted(stage) => Some(of_stage(stage)),
            Verdict::Rejected(_) | Verdict::Undecided(_) => None,
        },
        Judged::Verdict(_) | Judged::Sampled(_) | Judged::Unknown(_) | Judged::Withheld => None,
    }
}

fn of_answer(a: &Accepted) -> Facts<'_> {
    let (certificate, query, worker) = (a.certificate(), a.query(), a.worker());
    let (soundness, taken, checked) = (a.soundness(), a.taken(), a.checked());
    let (values, support) = (Some(a.values()), a.support());
    Facts { certificate, query, worker, lane: a.lane(), soundness, taken, checked, values, support }
}

fn of_stage(s: &Stage) -> Facts<'_> {
    let f = s.fields();
    let (soundness, taken, checked) = (s.soundness(), s.taken(), s.checked());
    let (certificate, query, worker) = (s.certificate(), &f.query, &f.worker);
    Facts { certificate, query, worker, lane: f.lane, soundness, taken, checked, values: None, support: None }
}

/// The verdict in sentences, about what stands at a place.
pub fn sentences(place: &str, judged: &Judged, trust: &Trust, of: Option<&str>) -> String {
    if let Judged::Sampled(Verdict::Accepted(a)) = judged {
        let taken = taken_sentence(&a.taken());
        return format!("{}{taken}", replay::sentences(place, a, &trust.name(a.worker()), of.unwrap_or_default()));
    }
    let mut first = word(judged).to_owned();
    first.get_mut(..1).map(str::make_ascii_uppercase);
    let part = match judged {
        Judged::Stage(stage) => {
            let part = stage.part(trust).and_then(|(s, n)| Some((s.split.parts().len(), n?)));
            part.map_or_else(String::new, |(all, n)| format!(" Stage {n} of {all}."))
        }
        Judged::Block(block) => block.part(),
        Judged::Verdict(_) | Judged::Sampled(_) | Judged::Unknown(_) | Judged::Withheld => String::new(),
    };
    match facts(judged) {
        Some(a) => {
            let taken = taken_sentence(&a.taken);
            let (worker, of) = (trust.name(a.worker), of.unwrap_or_default());
            let what = match judged {
                Judged::Stage(_) => "stage",
                Judged::Block(block) if !block.whole => "block",
                _ => "answer",
            };
            let sure = match a.soundness.bits() {
                u32::MAX => "All of it was computed again.".to_owned(),
                bits => format!("A wrong {what} would pass with probability at most 2^-{bits}."),
            };
            let drift = match a.lane {
                Lane::Exact | Lane::Replay => String::new(),
                Lane::Residual | Lane::Tolerance => format!(" Drift of the logits: at most {}.", a.checked.drift),
            };
            let (by, agree) = match a.support {
                None => ("program", String::new()),
                Some(n) => ("vote", format!(" {} gave this answer.", count(n, "worker"))),
            };
            let lane = kernels::name(a.lane);
            format!("{first}: {place}.{part} Worker {worker}, {by} {of}, lane {lane}.{agree} {sure}{drift}{taken}")
        }
        None => {
            let mut why = reason(judged);
            why.get_mut(..1).map(str::make_ascii_uppercase);
            format!("{first}: {place}. {why}")
        }
    }
}

/// The same as JSON.
pub fn document(place: &str, judged: &Judged, trust: &Trust, of: Option<&str>) -> Value {
    let mut out = json!({ "file": place, "verdict": word(judged), "message": reason(judged), "of": of });
    if let Judged::Stage(stage) = judged
        && let Some((of, n)) = stage.part(trust)
    {
        out["split"] = json!(of.name);
        if let Some(n) = n {
            out["stage"] = json!(n);
        }
        out["stages"] = json!(of.split.parts().len());
    }
    if let Judged::Block(block) = judged {
        let (first, last) = block.tokens;
        out["blocks"] = json!(block.number);
        out["asked"] = json!(block.asked);
        if judged.passes() || block.whole {
            out["first"] = json!(first);
            out["last"] = json!(last);
        }
    }
    let refused = match judged {
        Judged::Verdict(v) => rejected(v),
        Judged::Stage(s) => rejected(&s.said.verdict),
        Judged::Sampled(v) => rejected(v),
        Judged::Block(b) => rejected(&b.verdict),
        Judged::Unknown(_) | Judged::Withheld => None,
    };
    if let Judged::Sampled(Verdict::Accepted(a)) = judged {
        replay::document(&mut out, a, &trust.name(a.worker()));
        out["taken"] = json!(taken(&a.taken()));
        return out;
    }
    match (facts(judged), refused) {
        (Some(a), _) => {
            let (s, c) = (a.soundness, a.checked);
            out["certificate"] = json!(a.certificate.to_string());
            out["query"] = json!(a.query.to_string());
            out["worker"] = json!(a.worker.0.to_string());
            out["worker_name"] = json!(trust.name(a.worker));
            out["lane"] = json!(kernels::name(a.lane));
            out["soundness_bits"] = if s.bits() == u32::MAX { Value::Null } else { json!(s.bits()) };
            out["repetitions"] = json!(s.repetitions);
            if a.lane != Lane::Exact {
                out["drift"] = json!(c.drift);
            }
            if s.signs > 0 {
                out["signs"] = json!(s.signs);
            }
            out["taken"] = json!(taken(&a.taken));
            out["checked"] = json!({ "products": c.products, "computed": c.computed, "compared": c.compared });
            if let Some(support) = a.support {
                out["support"] = json!(support);
            }
            if let Some(values) = a.values {
                out["values"] = json!(values);
            }
        }
        (None, Some(why)) => out["class"] = json!(class(why)),
        (None, None) if matches!(judged, Judged::Withheld) => out["class"] = json!("withheld"),
        (None, None) => {
            out["class"] = json!("undecided");
            match judged {
                Judged::Verdict(Verdict::Undecided(Undecided::Drift { token, margin, drift })) => {
                    out["token"] = json!(token);
                    out["margin"] = json!(margin);
                    out["drift"] = json!(drift);
                }
                Judged::Verdict(Verdict::Undecided(Undecided::Drawn(token, drift))) => {
                    out["token"] = json!(token);
                    out["drift"] = json!(drift);
                }
                _ => (),
            }
        }
    }
    out
}

fn rejected<A>(verdict: &Verdict<A>) -> Option<&Rejected> {
    match verdict {
        Verdict::Rejected(why) => Some(why),
        Verdict::Accepted(_) | Verdict::Undecided(_) => None,
    }
}

/// The class of a refusal, in a word. That of an answer in stages is that of the stage.
fn class(why: &Rejected) -> String {
    match why {
        Rejected::Refused(refusal) => format!("{:?}", refusal.class()).to_lowercase(),
        Rejected::Stage(_, why) => class(why),
        _ => "refuted".to_owned(),
    }
}

fn taken_sentence(t: &Taken) -> String {
    match taken(t).as_slice() {
        [] => String::new(),
        all => format!(" Taken from the envelope: {}.", all.join(", ")),
    }
}

/// In words, what was taken from the envelope.
fn taken(t: &Taken) -> Vec<&'static str> {
    [
        (t.time, "time"),
        (t.query, "query"),
        (t.epoch, "epoch"),
        (t.slot, "slot"),
        (t.worker, "worker"),
        (t.output, "output"),
        (t.parents, "parents"),
        (t.log, "growth of the log"),
        (t.registry, "age of the registry"),
    ]
    .into_iter()
    .filter_map(|(taken, word)| taken.then_some(word))
    .collect()
}
