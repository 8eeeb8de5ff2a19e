//! `verify.toml`: whom a verifier trusts, and the models, splits, questions, fusions, votes, lanes and kernels that it knows.

mod text;

use crate::files::bounded;
use crate::init::shown;
use crate::kernels;
use crate::project::position;
use crate::replay;
use crate::split::{self, Given};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::sign::{KeyId, Quorum};
use bfv_cert::{Policy, Refusal};
use bfv_driver::{Code, Place, Problem};
use bfv_extract::Package;
use bfv_kernel::Limits;
use bfv_ledger::{Fault, Trust as Keepers};
use bfv_model::shipped;
use bfv_model::stored::{SPEC_FILE, SPEC_LIMIT, Stored, WEIGHTS_FILE, read_spec, weights_limit};
use bfv_verify::epoch::shared;
use bfv_verify::{
    Beacon, Case, Challenge, Draw, Known as Drawing, Listener, Secret, Split, Subject, Terms, Verdict, Vote,
};
use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
pub use text::SplitText;
use text::{ChallengeText, Document, ModelText};

/// The name of the file.
pub const FILE: &str = "verify.toml";
/// The oldest registry that is accepted where nothing is said: a day, in seconds.
pub const MAX_AGE: u64 = 86_400;

/// The largest file of a secret, with space around its digits.
const SECRET_LIMIT: u64 = 1 << 10;
/// The most repetitions of the check. Each costs as much as the first, and two are enough for a worker who has tried 2^60 certificates.
const REPETITION_LIMIT: u32 = 16;

/// A model, hashed once.
pub enum Known {
    /// On the grid of 8 bits.
    Eight(Subject<i8>),
    /// On the grid of 16 bits.
    Sixteen(Subject<i16>),
}

impl Known {
    /// The roots of weights and specification.
    pub fn roots(&self) -> (&Digest, &Digest) {
        match self {
            Known::Eight(s) => (s.root(), s.spec()),
            Known::Sixteen(s) => (s.root(), s.spec()),
        }
    }

    fn beacon(&self, epoch: &Epoch) -> Beacon {
        let Epoch { value, root, drawn, choices } = epoch;
        match self {
            Known::Eight(s) => Beacon::new(s, value, root, *drawn, *choices),
            Known::Sixteen(s) => Beacon::new(s, value, root, *drawn, *choices),
        }
    }

    /// Lets a listener judge the next block of an answer by it.
    pub fn listen(&self, listener: &mut Listener, envelope: &Envelope<'_>, case: &Case<'_>) -> Verdict {
        match self {
            Known::Eight(s) => listener.take_read(envelope, case, s),
            Known::Sixteen(s) => listener.take_read(envelope, case, s),
        }
    }

    /// The random numbers of 32 secret bytes for it.
    pub fn secret(&self, key: [u8; 32]) -> Secret {
        match self {
            Known::Eight(s) => Secret::new(s, key),
            Known::Sixteen(s) => Secret::new(s, key),
        }
    }
}

/// The beacon of an epoch: its value, the root of the log when it became known, when that was, and among how many values somebody could choose.
pub struct Epoch {
    pub value: [u8; 32],
    pub root: Digest,
    drawn: u64,
    choices: u64,
}

/// Where random numbers come from, whatever the model.
enum Source {
    Secret([u8; 32]),
    Beacon(Epoch),
    FiatShamir { repetitions: u32, tries: u32 },
}

impl Source {
    /// The random numbers for a model.
    fn of(&self, known: &Known) -> Drawn {
        match self {
            Source::Secret(key) => Drawn::Secret(known.secret(*key)),
            Source::Beacon(epoch) => Drawn::Beacon(known.beacon(epoch)),
            Source::FiatShamir { repetitions, tries } => Drawn::FiatShamir { repetitions: *repetitions, tries: *tries },
        }
    }

    /// The draw of tiles.
    fn draw(&self) -> Draw {
        match self {
            Source::Secret(key) => Draw::Secret(*key, 0),
            Source::Beacon(e) => Draw::Beacon(Drawing::new(&e.value, &e.root, e.drawn, e.choices)),
            Source::FiatShamir { tries, .. } => Draw::Certificate { tries: *tries },
        }
    }

    /// The epoch, where a beacon has one.
    fn epoch(self) -> Option<Epoch> {
        if let Source::Beacon(epoch) = self { Some(epoch) } else { None }
    }
}

/// A model, and where the random numbers for its answers come from.
pub struct Model {
    pub name: String,
    pub known: Known,
    drawn: Drawn,
}

enum Drawn {
    Secret(Secret),
    Beacon(Beacon),
    FiatShamir { repetitions: u32, tries: u32 },
}

impl Model {
    /// The random numbers, with which so many certificates were judged.
    pub fn challenge(&self, judged: u64) -> Challenge<'_> {
        match &self.drawn {
            Drawn::Secret(secret) => Challenge::Secret(secret, judged),
            Drawn::Beacon(beacon) => Challenge::Beacon(beacon),
            Drawn::FiatShamir { repetitions, tries } => {
                Challenge::FiatShamir { repetitions: *repetitions, tries: *tries }
            }
        }
    }
}

/// A float model, and where the draw of tiles comes from.
pub struct FloatModel {
    pub name: String,
    pub model: bfv_replay::weights::Model,
    pub draw: Draw,
}

impl FloatModel {
    /// The roots of weights and specification.
    pub fn roots(&self) -> (Digest, Digest) {
        (*self.model.root(), self.model.spec().root())
    }
}

/// A question that was asked.
pub struct Question {
    pub query: Digest,
    pub prompt: Vec<u32>,
    /// How many tokens the answer has, where that is known.
    pub answer: Option<usize>,
    /// To whom it was assigned; nobody: that is not compared.
    pub workers: Vec<KeyId>,
    /// Where the answer comes block by block, how many tokens it has.
    pub blocks: Option<usize>,
}

/// A fusion of answers.
pub struct FusionOf {
    pub name: String,
    /// The program, with what was proved of it.
    pub package: Package,
    pub spec: Digest,
    pub workers: Vec<KeyId>,
    pub parameters: Vec<Vec<i64>>,
}

/// A vote on answers.
pub struct VoteOf {
    pub name: String,
    pub vote: Vote,
}

/// A model that is split over workers.
pub struct SplitOf {
    pub name: String,
    /// The name of the model.
    pub model: String,
    pub split: Split,
}

/// What `verify.toml` says.
pub struct Trust {
    pub policy: Policy,
    pub keepers: Keepers,
    pub terms: Terms,
    pub ledger: Option<PathBuf>,
    pub models: Vec<Model>,
    pub floats: Vec<FloatModel>,
    /// How many tiles of an answer in the lane of replay are drawn; nothing where that lane is not taken.
    pub tiles: Option<NonZeroU64>,
    pub splits: Vec<SplitOf>,
    pub questions: Vec<Question>,
    pub fusions: Vec<FusionOf>,
    pub votes: Vec<VoteOf>,
    /// The beacon, where random numbers come from one.
    pub epoch: Option<Epoch>,
    /// Names of keys.
    pub names: Vec<(String, KeyId)>,
    /// The policies for workers that are trusted with some models only.
    held: Vec<(KeyId, Policy)>,
}

impl Trust {
    /// What a certificate of this worker must satisfy.
    pub fn policy_of(&self, worker: &KeyId) -> &Policy {
        self.held.iter().find(|(k, _)| k == worker).map_or(&self.policy, |(_, policy)| policy)
    }

    /// The name of the secret from which random numbers come, where they do. All models have the same one.
    pub fn secret(&self) -> Option<Digest> {
        self.models.iter().find_map(|m| match &m.drawn {
            Drawn::Secret(secret) => Some(secret.name()),
            Drawn::Beacon(_) | Drawn::FiatShamir { .. } => None,
        })
    }

    /// The name of a key, or its beginning.
    pub fn name(&self, key: &KeyId) -> String {
        let named = self.names.iter().find(|(_, k)| k == key).map(|(name, _)| name.clone());
        named.unwrap_or_else(|| key.0.to_string().chars().take(8).collect())
    }
}

/// The nearest `verify.toml` at or above a path.
pub fn find(start: &Path) -> Result<Option<PathBuf>, Problem> {
    let absolute = std::path::absolute(start).map_err(|e| Problem::not_read(&start.display().to_string(), &e))?;
    Ok(absolute.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file()))
}

/// Something that `verify.toml` says and that does not hold.
pub fn bad(shown: &str, what: impl std::fmt::Display, mend: &str) -> Problem {
    let what = what.to_string();
    Problem::new(Code::BadSettings, format!("The file {shown} cannot be used: {}.", what.trim_end_matches('.')), mend)
}

/// Reads the file, and the models, programs and the secret that it names, relative to its folder.
pub fn read(file: &Path, shown: &str) -> Result<Trust, Problem> {
    let text = std::fs::read_to_string(file).map_err(|e| Problem::not_read(shown, &e))?;
    let document: Document = toml::from_str(&text).map_err(|e| {
        let first = e.message().lines().next().unwrap_or_default().replace('`', "").trim_end_matches('.').to_owned();
        let bytes = e.span().unwrap_or(0..0);
        let mut problem = bad(shown, first, "see bfv help trust for its form.");
        let (start, end) = (position(&text, bytes.start), position(&text, bytes.end));
        problem.place = Some(Box::new(Place { file: shown.to_owned(), start, end, bytes }));
        problem
    })?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut names: Vec<(String, KeyId)> = Vec::new();
    for w in &document.worker {
        let id = key(shown, &w.key)?;
        if names.iter().any(|(name, k)| *name == w.name || *k == id) {
            return Err(bad(shown, format!("worker {} stands twice", w.name), "keep one of the two."));
        }
        names.push((w.name.clone(), id));
    }
    let ids = |all: &[String]| -> Result<Vec<KeyId>, Problem> {
        let named = |n: &String| names.iter().find(|(name, _)| name == n).map(|(_, k)| *k);
        let missing = |n: &String| bad(shown, format!("there is no worker {n}"), "add it under worker, with its key.");
        all.iter().map(|n| named(n).ok_or_else(|| missing(n))).collect()
    };
    if let Some(ChallengeText::FiatShamir { repetitions, .. }) = &document.challenge
        && !(1..=REPETITION_LIMIT).contains(repetitions)
    {
        let what = format!("repetitions is {repetitions}, and 1 to {REPETITION_LIMIT} are possible");
        return Err(bad(shown, what, "write 2, or more where a worker can try more than 2 to the 60 certificates."));
    }
    let source = match &document.challenge {
        None => Source::FiatShamir { repetitions: 2, tries: 60 },
        Some(text) => source(shown, folder, text)?,
    };
    let once = |what: &str, all: Vec<&str>| {
        let mut seen = BTreeSet::new();
        match all.into_iter().find(|name| !seen.insert(*name)) {
            Some(name) => Err(bad(shown, format!("{what} {name} stands twice"), "keep one of the two.")),
            None => Ok(()),
        }
    };
    once("model", document.model.iter().map(|m| m.name.as_str()).collect())?;
    once("split", document.split.iter().map(|s| s.name.as_str()).collect())?;
    once("question", document.question.iter().map(|q| q.query.as_str()).collect())?;
    // The name of either stands beside what is accepted of it.
    let combined = document.fusion.iter().map(|f| &f.name).chain(document.vote.iter().map(|v| &v.name));
    once("fusion or vote", combined.map(String::as_str).collect())?;
    let mut models = Vec::new();
    let mut floats = Vec::new();
    for ModelText { name, folder: at, shipped } in document.model {
        let at = at.map(|at| folder.join(at));
        if let (Some(at), None) = (&at, &shipped)
            && replay::is_float(at)
        {
            floats.push(FloatModel { name, model: replay::read(at)?, draw: source.draw() });
            continue;
        }
        let known = match (at, shipped.as_deref()) {
            (Some(at), None) => model(&at)?,
            (None, Some(shipped::NAME)) => self::shipped()?,
            (None, Some(other)) => {
                return Err(bad(shown, format!("no model {other} is built in"), "write shipped = \"butterfly\"."));
            }
            _ => {
                return Err(bad(
                    shown,
                    format!("model {name} has no one place"),
                    "write folder or shipped, one of both.",
                ));
            }
        };
        let drawn = source.of(&known);
        models.push(Model { name, known, drawn });
    }
    let trusted = |text: &str| {
        let id = key(shown, text)?;
        id.key().map_err(|fault| bad(shown, format!("{text} is no key, because {fault}"), "write a public key."))
    };
    let (authority, log) = (trusted(&document.authority)?, trusted(&document.log)?);
    let keepers = Keepers { authority, log };
    let ledger = document.ledger.map(|l| folder.join(l));
    let manifests: Vec<(KeyId, PathBuf)> = document
        .worker
        .iter()
        .zip(&names)
        .filter_map(|(w, (_, id))| w.manifest.as_ref().map(|path| (*id, folder.join(path))))
        .collect();
    let splits = split::read(
        &document.split,
        &Given { shown, folder, models: &models, ledger: ledger.as_deref(), keepers, ids: &ids, manifests: &manifests },
    )?;
    let mut questions = Vec::new();
    for q in document.question {
        let query = digest(shown, &q.query)?;
        if q.prompt.is_empty() {
            return Err(bad(shown, format!("question {query} has no prompt"), "write its tokens under prompt."));
        }
        let blocks = q.answer.filter(|n| q.blocks && *n > 0);
        if q.blocks && blocks.is_none() {
            let what = format!("question {query} has blocks, and no number of tokens");
            return Err(bad(shown, what, "write under answer how many tokens were asked for."));
        }
        questions.push(Question { query, prompt: q.prompt, answer: q.answer, workers: ids(&q.workers)?, blocks });
    }
    let mut fusions = Vec::new();
    for f in document.fusion {
        let path = folder.join(&f.package);
        let bytes = bounded(&path, bfv_extract::PACKAGE_LIMIT)?;
        let refused = |e| bad(&path.display().to_string(), e, "make it again.");
        let package = Package::read(&bytes, Limits::default()).map_err(refused)?;
        let spec = bfv_cert::digest::spec_root(&bytes);
        fusions.push(FusionOf { name: f.name, package, spec, workers: ids(&f.workers)?, parameters: f.parameters });
    }
    let mut votes = Vec::new();
    for v in document.vote {
        let head = ids(std::slice::from_ref(&v.head))?.into_iter().next();
        let head = head.ok_or_else(|| bad(shown, format!("the vote {} has no head", v.name), "name one."))?;
        let refused = |why: bfv_exact::Refused| {
            let mend = "let more than half of the workers be the quorum, each of them once.";
            bad(shown, format!("the vote {} cannot be: {}", v.name, why.why), mend)
        };
        let vote = Vote::new(head, ids(&v.workers)?, v.quorum).map_err(refused)?;
        votes.push(VoteOf { name: v.name, vote });
    }
    let roots = fusions.iter().map(|f| f.spec).chain(votes.iter().map(|v| v.vote.rule().root()));
    let (lanes, kernels) = kernels::read(shown, document.lanes.as_deref(), &document.kernel)?;
    let tiles = replay::tiles(shown, &lanes, document.tiles, !floats.is_empty())?;
    let own: Vec<(Digest, Digest)> = floats.iter().map(FloatModel::roots).collect();
    let policy = Policy {
        authority: Quorum::one(authority),
        log: Quorum::one(log),
        registry_max_age: document.registry_max_age.unwrap_or(MAX_AGE),
        lanes,
        models: models
            .iter()
            .map(|m| *m.known.roots().0)
            .chain(own.iter().map(|r| r.0))
            .chain([Digest::ZERO])
            .collect(),
        specs: models.iter().map(|m| *m.known.roots().1).chain(own.iter().map(|r| r.1)).chain(roots).collect(),
        kernels,
    };
    let mut held = Vec::new();
    for (w, (_, id)) in document.worker.iter().zip(&names) {
        let Some(own) = &w.models else { continue };
        let missing = |n: &String| bad(shown, format!("there is no model {n}"), "add it under model, with its folder.");
        let integer = |n: &String| models.iter().find(|m| m.name == *n).map(|m| *m.known.roots().0);
        let float = |n: &String| floats.iter().find(|m| m.name == *n).map(|m| *m.model.root());
        let root = |n: &String| integer(n).or_else(|| float(n)).ok_or_else(|| missing(n));
        let roots = own.iter().map(root).chain([Ok(Digest::ZERO)]).collect::<Result<_, _>>()?;
        held.push((*id, Policy { models: roots, ..policy.clone() }));
    }
    let terms = Terms { deadline: document.deadline, answer: None, ..Terms::default() };
    let terms = document.least_bits.map_or(terms, |least_bits| Terms { least_bits, ..terms });
    Ok(Trust {
        policy,
        keepers,
        terms,
        ledger,
        models,
        floats,
        tiles,
        splits,
        questions,
        fusions,
        votes,
        epoch: source.epoch(),
        names,
        held,
    })
}

/// Where random numbers come from.
fn source(shown: &str, folder: &Path, text: &ChallengeText) -> Result<Source, Problem> {
    let (value, commitments, shares, least, log_root, drawn, choices) = match text {
        ChallengeText::Secret { file } => return Ok(Source::Secret(secret(&folder.join(file))?)),
        ChallengeText::FiatShamir { repetitions, tries } => {
            return Ok(Source::FiatShamir { repetitions: *repetitions, tries: *tries });
        }
        ChallengeText::Beacon { value, commitments, shares, least, log_root, drawn, choices } => {
            (value, commitments, shares, least, log_root, drawn, choices)
        }
    };
    let root = digest(shown, log_root)?;
    let all = |texts: &[String]| texts.iter().map(|t| digest(shown, t)).collect::<Result<Vec<Digest>, Problem>>();
    let (value, choices) = match (value, commitments.as_slice()) {
        (Some(value), []) => (*digest(shown, value)?.as_bytes(), choices.unwrap_or(1)),
        (None, [_, ..]) if choices.is_none() => {
            let share =
                |t: &String| if t.is_empty() { Ok(None) } else { digest(shown, t).map(|d| Some(*d.as_bytes())) };
            let shares = shares.iter().map(share).collect::<Result<Vec<_>, Problem>>()?;
            let commitments = all(commitments)?;
            let made = shared(&root, &commitments, &shares, least.unwrap_or(commitments.len()));
            let made =
                made.map_err(|why| bad(shown, format!("the beacon cannot be made: {why}"), "check its shares."))?;
            (made.value, made.choices)
        }
        _ => {
            let mend = "write value, or else commitments and shares, which say themselves what choices are.";
            return Err(bad(shown, "the beacon has no value, or says it twice", mend));
        }
    };
    Ok(Source::Beacon(Epoch { value, root, drawn: *drawn, choices }))
}

fn key(shown: &str, text: &str) -> Result<KeyId, Problem> {
    bfv_ledger::key_id(text).ok_or_else(|| bad(shown, format!("{text} is no key"), "write 64 hexadecimal digits."))
}

pub fn digest(shown: &str, text: &str) -> Result<Digest, Problem> {
    bfv_ledger::digest(text).ok_or_else(|| bad(shown, format!("{text} is no digest"), "write 64 hexadecimal digits."))
}

fn secret(path: &Path) -> Result<[u8; 32], Problem> {
    let bytes = bounded(path, SECRET_LIMIT)?;
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    bfv_ledger::digest(text.trim())
        .map(|d| *d.as_bytes())
        .ok_or_else(|| bad(&path.display().to_string(), "it is no secret", "write 64 random hexadecimal digits."))
}

/// A problem of a reader of files, which says itself where it is and how it is mended.
pub fn of_file(shown: &str, p: &bfv_model::Problem) -> Problem {
    let mut mend = p.mend.trim_end_matches('.').to_owned() + ".";
    mend.get_mut(..1).map(str::make_ascii_lowercase);
    Problem::new(Code::BadSettings, format!("The file {shown} cannot be used. Place: {}. {}", p.place, p.what), &mend)
}

/// Why something about keys or a ledger was not read.
pub fn not_read(fault: Fault) -> Problem {
    match fault {
        Fault::Files(path, e) => Problem::not_read(&shown(&path), &e),
        other => refused(other),
    }
}

/// Why something about keys or a ledger was not written.
pub fn not_written(fault: Fault) -> Problem {
    match fault {
        Fault::Files(path, e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let what = format!("The file {} exists already.", shown(&path));
            Problem::new(Code::NotWritten, what, "keep it, or give another name.")
        }
        Fault::Files(path, e) => Problem::not_written(&shown(&path), &e),
        other => refused(other),
    }
}

fn refused(fault: Fault) -> Problem {
    match fault {
        Fault::Refused(p) => Problem::new(Code::BadSettings, format!("{} Place: {}.", p.what, p.place), p.mend),
        other => Problem::new(Code::NotRead, other.to_string(), "try again, or report this."),
    }
}

fn model(folder: &Path) -> Result<Known, Problem> {
    let shown = folder.display().to_string();
    let refused = |e: Refusal| bad(&shown, e, "make the model again.");
    let of_it = |e: bfv_model::Problem| of_file(&shown, &e);
    let spec = read_spec(&bounded(&folder.join(SPEC_FILE), SPEC_LIMIT)?).map_err(of_it)?;
    let weights = bounded(&folder.join(WEIGHTS_FILE), weights_limit(&spec))?;
    hashed(Stored::of(spec, &weights).map_err(of_it)?).map_err(refused)
}

fn hashed(model: Stored) -> Result<Known, Refusal> {
    match model {
        Stored::Eight(model) => Subject::new(model).map(Known::Eight),
        Stored::Sixteen(model) => Subject::new(model).map(Known::Sixteen),
    }
}

/// The model that is built in.
pub fn shipped() -> Result<Known, Problem> {
    let broken =
        |e: String| Problem::new(Code::Internal, format!("The model that is built in is damaged. {e}"), "report this.");
    hashed(shipped::read().map_err(|p| broken(p.to_string()))?).map_err(|e| broken(e.to_string()))
}
