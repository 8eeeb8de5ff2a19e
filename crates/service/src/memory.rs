//! What was found before: proofs under the canonical form of their goals, on disk or in memory.
//!
//! Nothing in it is believed. A script is made again, evidence without one is judged by the kernel for the goal at hand, and what fails is a
//! miss.

use crate::fault::Fault;
use crate::recent::{Answered, Asked, Recent};
use crate::sheet::{NAME, Script};
use crate::solve::{Bench, Stop};
use crate::suggest::{Said, whole};
use crate::wire::Goal;
use bfv_cache::{Cache, Failure, Key};
use bfv_driver::{Desk, Kind, Ruling};
use bfv_elab::OpenGoal;
use bfv_encode::{LEARNED, STRUCTURE, VERSION, Vector, WALKS, canonical, encode, instance};
use minicbor::{Decoder, Encoder};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Steps of engine and kernel for what is recalled.
const STEPS: u64 = 200_000;
/// Goals that look like the one at hand and are tried, at most, and how much they have in common with it, in thousandths.
const ALIKE: (usize, u32) = (4, 300);
/// Entries with the same canonical form that are tried, at most.
const TRIES: usize = 4;
/// Entries larger than this are not kept: one of them would drive out too many others.
const LARGEST: usize = 256 << 10;
/// Most goals whose vectors are kept in memory.
const VECTORS: usize = 20_000;
/// So many entries may be lost when the machine stops.
const FLUSHED: u64 = 16;

/// A goal in memory.
struct Known {
    key: Key,
    vector: Vector,
}

/// The cache with vectors of its goals.
pub struct Memory {
    cache: Cache,
    known: RwLock<Vec<Known>>,
    /// Found as it is, found for a goal of which this one is an instance, not found.
    counts: [AtomicU64; 3],
    kept: AtomicU64,
    /// What was answered word for word.
    recent: Recent,
    /// Nothing is kept.
    off: bool,
}

/// The goal on a bench as a key and a vector.
#[derive(Clone)]
pub struct Encoded {
    key: Key,
    vector: Vector,
}

/// What was recalled, after the kernel accepted it.
pub struct Hit {
    /// The kernel's judgement of the goal: it is proved.
    pub ruling: Ruling,
    /// The script that the judgement is of, made again; nothing where it is of the evidence alone.
    pub script: Option<Recalled>,
}

/// A script that was found before.
pub struct Recalled {
    /// Its first step.
    pub step: String,
    /// What the first step leaves.
    pub open: Vec<OpenGoal>,
    /// The script.
    pub script: Script,
}

/// What is kept of a goal.
struct Entry {
    names: Vec<String>,
    /// The first step of a script, and all of it.
    script: Option<(String, String)>,
    vector: Vector,
    certificate: Vec<u8>,
}

impl Memory {
    /// A memory over a cache. Entries that cannot be read are left alone.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn over(cache: Cache) -> Result<Memory, Failure> {
        let mut known = Vec::new();
        cache.each(|key, bytes| {
            if let Some(entry) = Entry::read(bytes).filter(|_| known.len() < VECTORS) {
                known.push(Known { key: *key, vector: entry.vector });
            }
        })?;
        let (counts, kept, recent) = (Default::default(), AtomicU64::new(0), Recent::default());
        Ok(Memory { cache, known: RwLock::new(known), counts, kept, recent, off: false })
    }

    /// A memory that keeps nothing.
    #[must_use]
    pub fn none(cache: Cache) -> Memory {
        let (known, counts, kept) = (RwLock::default(), Default::default(), AtomicU64::new(0));
        Memory { cache, known, counts, kept, recent: Recent::default(), off: true }
    }

    /// How often a goal was found as it was, found as an instance of another one, and not found.
    pub fn counts(&self) -> [u64; 3] {
        [0, 1, 2].map(|n: usize| self.counts.get(n).map_or(0, |c| c.load(Ordering::Relaxed)))
    }

    fn note(&self, which: usize) {
        if let Some(count) = self.counts.get(which) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many goals are kept, in how many bytes. A cache that cannot be read holds nothing.
    pub fn size(&self) -> (u64, u64) {
        self.cache.size().unwrap_or_default()
    }

    /// Brings what was kept to the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&self) -> Result<(), Failure> {
        self.cache.flush()
    }

    /// What was answered to the same words, if the kernel accepts its evidence again.
    #[must_use]
    pub fn again(&self, desk: &Desk, asked: &Asked) -> Option<Arc<Answered>> {
        let answered = self.recent.get(asked)?;
        // Also where the judgement was stopped from outside nothing is recalled.
        desk.accepts(&answered.certificate, STEPS).filter(|kind| (*kind == Kind::Proved) == answered.proved)?;
        self.note(0);
        Some(answered)
    }

    /// Keeps what was answered for when the same words come again. It needs evidence that the kernel accepted.
    pub fn answered(
        &self,
        desk: &Desk,
        (asked, goal): (Option<&Asked>, &Goal),
        ruling: &Ruling,
        value: &Value,
        reason: &str,
    ) {
        let proved = ruling.report.verdict.kind() == Kind::Proved;
        if let (false, Some(asked), Some(certificate)) = (self.off, asked, ruling.bytes.clone()) {
            let (value, reason) = (value.clone(), reason.to_owned());
            let whole = whole(vec![Said::again(goal, &value, &reason)]).to_string();
            self.recent.put(*asked, Answered { certificate, proved, value, reason, whole });
            desk.keep(ruling);
        }
    }

    /// What is known of the goal on a bench, and the goal encoded, so that it may be kept.
    ///
    /// # Errors
    /// The goal has a mistake, or the time is used up.
    pub fn look(&self, bench: &mut Bench<'_>) -> Result<(Option<Hit>, Option<Encoded>), Stop> {
        bench.limits.check()?;
        if self.off {
            return Ok((None, None));
        }
        let Some(encoded) = encoded(bench)? else { return Ok((None, None)) };
        // A cache that cannot be read holds nothing.
        let alike = self.cache.alike(&encoded.key).unwrap_or_default();
        for (key, bytes) in alike.into_iter().take(TRIES) {
            bench.limits.check()?;
            if let Some(hit) = recalled(bench, &bytes, key == encoded.key)? {
                self.note(usize::from(key != encoded.key));
                return Ok((Some(hit), Some(encoded)));
            }
        }
        for key in self.similar(&encoded) {
            bench.limits.check()?;
            let Ok(Some(bytes)) = self.cache.get(&key) else {
                // It was dropped for want of space.
                self.known.write().unwrap_or_else(PoisonError::into_inner).retain(|k| k.key != key);
                continue;
            };
            if let Some(hit) = recalled(bench, &bytes, false)? {
                self.note(1);
                return Ok((Some(hit), Some(encoded)));
            }
        }
        self.note(2);
        Ok((None, Some(encoded)))
    }

    /// Keys of the goals that look most like this one, but for those that have the same canonical form.
    fn similar(&self, encoded: &Encoded) -> Vec<Key> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut best: Vec<(u32, Key)> = known
            .iter()
            .filter(|k| k.key.first_chunk::<32>() != encoded.key.first_chunk::<32>())
            .map(|k| (k.vector.similarity(&encoded.vector), k.key))
            .filter(|(s, _)| *s >= ALIKE.1)
            .collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.into_iter().take(ALIKE.0).map(|(_, key)| key).collect()
    }

    /// Keeps a proof that the kernel accepted for a goal. A script that searches is not kept, but what it found. That something cannot be kept
    /// changes no answer.
    pub fn keep(&self, bench: &Bench<'_>, encoded: Encoded, script: Option<(String, String)>, ruling: &Ruling) {
        // A refutation is found again sooner than its point can be put in the words of another question.
        let (Some(bytes), Kind::Proved) = (&ruling.bytes, ruling.report.verdict.kind()) else { return };
        let script = script.filter(|(_, script)| !searches(script));
        let Encoded { key, vector } = encoded;
        let entry = Entry { names: bench.leading.clone(), script, vector, certificate: bytes.clone() };
        let written = entry.write();
        if written.len() > LARGEST || self.cache.put(&key, &written).is_err() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < VECTORS && !known.iter().any(|k| k.key == key) {
            known.push(Known { key, vector: entry.vector });
        }
        drop(known);
        if self.kept.fetch_add(1, Ordering::Relaxed) % FLUSHED == FLUSHED - 1 {
            // What is lost is found again.
            self.cache.flush().ok();
        }
    }
}

/// The goal as a key and a vector; nothing where it has no hash.
fn encoded(bench: &mut Bench<'_>) -> Result<Option<Encoded>, Stop> {
    let text = bench.sheet.bare();
    let statement = bench.desk.statement(NAME, &text, STEPS).map_err(|problems| {
        if let Err(stop) = bench.limits.check() {
            return stop;
        }
        let fault = problems.first().map(|p| bench.sheet.fault(p, ""));
        Stop::from(fault.unwrap_or_else(|| Fault::internal("A goal was refused without a reason.")))
    })?;
    let short = canonical(&statement);
    let (Some(general), Some(own)) = (bench.desk.hash(&short), bench.desk.hash(&statement)) else { return Ok(None) };
    let mut key = [0; 64];
    for (to, from) in key.iter_mut().zip(general.0.iter().chain(&own.0)) {
        *to = *from;
    }
    let desk = &*bench.desk;
    Ok(Some(Encoded { key, vector: encode(&short, &|id| desk.number(id)) }))
}

/// An entry for the goal on a bench, judged; nothing where it is none of this goal. Scripts are of use for the very goal only.
fn recalled(bench: &mut Bench<'_>, bytes: &[u8], same: bool) -> Result<Option<Hit>, Stop> {
    let Some(entry) = Entry::read(bytes) else { return Ok(None) };
    let script = match &entry.script {
        Some((step, script)) if same && entry.names.len() == bench.leading.len() => {
            let renamed = |text: &str| renamed(text, &entry.names, &bench.leading);
            renamed(step).zip(renamed(script)).map(|(step, text)| (step, Script { text }))
        }
        _ => None,
    };
    if let Some((step, script)) = script {
        let first = bench.first()?;
        if let Some(tried) = bench.try_step(&Script::default(), &first, &step)?
            && let Some(ruling) = bench.judge(&script)?
        {
            return Ok(Some(Hit { ruling, script: Some(Recalled { step, open: tried.open, script }) }));
        }
    }
    let text = bench.sheet.bare();
    let ruling = bench.desk.recall(NAME, &text, &entry.certificate, STEPS, instance);
    let proved = ruling.unwrap_or_default().filter(|r| r.report.verdict.kind() == Kind::Proved);
    Ok(proved.map(|ruling| Hit { ruling, script: None }))
}

/// Whether a script calls the whole search, which takes longer than the kernel's judgement of what it found.
pub fn searches(script: &str) -> bool {
    script.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "auto")
}

/// A script with other names of variables; nothing where one of the new names means something in it already.
fn renamed(text: &str, from: &[String], to: &[String]) -> Option<String> {
    if from == to {
        return Some(text.to_owned());
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '\'' || c == '.';
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !letter(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match from.iter().position(|n| n == word) {
            Some(at) => out += to.get(at)?,
            None if to.iter().any(|n| n == word) => return None,
            None => out += word,
        }
        let other = after.find(letter).unwrap_or(after.len());
        let (between, next) = after.split_at(other);
        out += between;
        rest = next;
    }
    Some(out)
}

/// What a buffer in memory refuses: nothing.
type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

impl Entry {
    fn write(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        let all = |e: &mut Encoder<Vec<u8>>| -> Written {
            e.array(4)?.array(length(&self.names))?;
            for name in &self.names {
                e.str(name)?;
            }
            match &self.script {
                Some((step, script)) => e.array(2)?.str(step)?.str(script)?,
                None => e.array(0)?,
            };
            e.bytes(&packed(&self.vector))?.bytes(&self.certificate)?;
            Ok(())
        };
        // Writing to a buffer cannot fail.
        let Ok(()) = all(&mut e) else { return Vec::new() };
        e.into_writer()
    }

    /// Nothing where the bytes are no entry.
    fn read(bytes: &[u8]) -> Option<Entry> {
        let mut d = Decoder::new(bytes);
        let list = |d: &mut Decoder<'_>| d.array().ok().flatten().filter(|n| *n <= 4096);
        (list(&mut d)? == 4).then_some(())?;
        let names = (0..list(&mut d)?).map(|_| d.str().ok().map(str::to_owned)).collect::<Option<_>>()?;
        let script = match list(&mut d)? {
            0 => None,
            2 => Some((d.str().ok()?.to_owned(), d.str().ok()?.to_owned())),
            _ => return None,
        };
        let vector = unpacked(d.bytes().ok()?)?;
        let certificate = d.bytes().ok()?.to_vec();
        (d.position() == bytes.len()).then_some(Entry { names, script, vector, certificate })
    }
}

fn length<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn packed(v: &Vector) -> Vec<u8> {
    let counts = [v.version].into_iter().chain(v.structure).chain(v.walks);
    counts.flat_map(u16::to_le_bytes).chain(v.learned.iter().flat_map(|n| n.to_le_bytes())).collect()
}

fn unpacked(bytes: &[u8]) -> Option<Vector> {
    let places = 2 * (1 + STRUCTURE + WALKS);
    let (counts, learned) = bytes.split_at_checked(places)?;
    let mut counts = counts.chunks_exact(2).map(|c| c.try_into().map_or(0, u16::from_le_bytes));
    let version = counts.next().filter(|v| *v == VERSION)?;
    let learned: [u8; LEARNED] = learned.try_into().ok()?;
    let mut v = Vector {
        version,
        structure: [0; STRUCTURE],
        walks: [0; WALKS],
        learned: learned.map(|b| i8::from_le_bytes([b])),
    };
    for (place, count) in v.structure.iter_mut().chain(&mut v.walks).zip(counts) {
        *place = count;
    }
    Some(v)
}
