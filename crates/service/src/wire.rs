//! The messages of the protocol, read strictly: an unknown type, a missing field or a value of another kind is refused with its place.
//! Fields that are not known are left alone, for clients send more than the service uses.

use crate::explain::Level;
use crate::fault::Fault;
use crate::plane::{self, Construction};
use bfv_model::fields::{Fields, Found};
use bfv_model::json;

/// Most goals of a request.
const GOALS: usize = 16;
/// Most variables and hypotheses of a goal, and arguments and steps.
const ENTRIES: usize = 1024;
/// The longest text of a statement, a type or a step, in bytes.
const TEXT: usize = 16_384;
/// The longest id, in characters.
const ID: usize = 128;
/// The longest time that a request may ask for, in milliseconds.
pub const LONGEST_MS: u32 = 60_000;
/// The modules whose words a request knows that names none.
const IMPORTS: [&str; 3] = ["std.nat", "std.int", "std.real"];

/// A text of the client with its place in the request, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub place: String,
}

/// A name and what it has for a type, or says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The name.
    pub name: Piece,
    /// The type or statement.
    pub ty: Piece,
}

/// A goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// What the client calls it.
    pub id: String,
    /// What is to be proved.
    pub statement: Piece,
    /// Variables, then hypotheses, each of which may speak of those before it.
    pub context: Vec<Variable>,
    /// What is drawn.
    pub constructions: Vec<Construction>,
}

/// A step: a word and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The word, such as `exact`.
    pub tactic: Piece,
    /// What follows.
    pub arguments: Vec<Piece>,
}

/// A step of a sketch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sketched {
    /// To be taken as it is.
    Complete(Step),
    /// To be found.
    Missing,
}

/// A proof as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Steps.
    Script(Piece),
    /// A term of the language.
    Term(Piece),
    /// Stored evidence, with the place where it stands.
    Certificate(Vec<u8>, String),
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Next steps for each goal.
    Suggest(Vec<Goal>),
    /// Whether a step is right.
    Verify {
        /// The goal that the step is for.
        goal: Goal,
        /// The step.
        step: Step,
        /// Look for a point at which the goal fails where the step is not right.
        counterexample: bool,
    },
    /// The missing steps of a proof.
    Complete {
        /// What is to be proved.
        goal: Goal,
        /// What is known of the proof.
        sketch: Vec<Sketched>,
        /// Most steps of the whole proof.
        max_steps: u32,
    },
    /// A point at which a statement fails.
    Counterexample(Goal),
    /// What a proof does.
    Explain {
        /// What is proved.
        goal: Goal,
        /// Its proof.
        proof: Proof,
        /// How much is said.
        level: Level,
    },
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The client's id; nothing where it gave none.
    pub id: Option<String>,
    /// What is asked.
    pub question: Question,
    /// Data, definitions and theorems of the client.
    pub declarations: Option<Piece>,
    /// The modules of the library whose words are known.
    pub imports: Vec<String>,
    /// How long it may take, in milliseconds; nothing where the client does not say.
    pub timeout_ms: Option<u32>,
}

/// Why a message is not taken, and its id where that could be read.
pub type Refused = Box<(Fault, Option<String>)>;

/// The types of requests, each with the path that takes it.
pub const KINDS: [(&str, Kind); 5] = [
    ("REQUEST_PROOF_SUGGESTION", Kind::Suggest),
    ("REQUEST_PROOF_VERIFICATION", Kind::Verify),
    ("REQUEST_PROOF_COMPLETION", Kind::Complete),
    ("REQUEST_COUNTEREXAMPLE", Kind::Counterexample),
    ("REQUEST_PROOF_EXPLANATION", Kind::Explain),
];

/// What is asked, without its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Suggest,
    Verify,
    Complete,
    Counterexample,
    Explain,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::Suggest, Kind::Verify, Kind::Complete, Kind::Counterexample, Kind::Explain];

    /// The last part of its path, which is its word in metrics too.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Suggest => "suggest",
            Kind::Verify => "verify",
            Kind::Complete => "complete",
            Kind::Counterexample => "counterexample",
            Kind::Explain => "explain",
        }
    }

    /// The type of the request.
    #[must_use]
    pub fn request_type(self) -> &'static str {
        KINDS.iter().find(|(_, k)| *k == self).map_or("", |(word, _)| word)
    }

    /// The type of the answer.
    #[must_use]
    pub fn answer_type(self) -> &'static str {
        match self {
            Kind::Suggest => "PROOF_SUGGESTIONS",
            Kind::Verify => "VERIFICATION_RESULT",
            Kind::Complete => "COMPLETED_PROOF",
            Kind::Counterexample => "COUNTEREXAMPLE",
            Kind::Explain => "PROOF_EXPLANATION",
        }
    }
}

impl Question {
    /// Which question it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Question::Suggest(_) => Kind::Suggest,
            Question::Verify { .. } => Kind::Verify,
            Question::Complete { .. } => Kind::Complete,
            Question::Counterexample(_) => Kind::Counterexample,
            Question::Explain { .. } => Kind::Explain,
        }
    }
}

impl Request {
    /// The modules whose words a request knows that names none.
    #[must_use]
    pub fn usual_imports() -> Vec<String> {
        IMPORTS.map(str::to_owned).to_vec()
    }

    /// Reads a message. Where the path says what is asked, the type may be missing, and another one is refused.
    ///
    /// # Errors
    /// What is wrong, with its place, and the id of the request where it could be read.
    pub fn read(body: &[u8], asked: Option<Kind>) -> Result<Request, Refused> {
        let unnamed = |fault: Fault| Box::new((fault, None));
        let text = std::str::from_utf8(body)
            .map_err(|_| unnamed(Fault::malformed("the body", "The body is no text in UTF-8.", "Send it as UTF-8.")))?;
        if text.trim().is_empty() {
            let mend = "Send an object of JSON, as /openapi.json describes it.";
            return Err(unnamed(Fault::malformed("the body", "The body is empty.", mend)));
        }
        let json = json::read(text).map_err(|p| unnamed(p.into()))?;
        let mut fields = Fields::new(text, &json).map_err(|p| unnamed(p.into()))?;
        let id = id(&mut fields).map_err(unnamed)?;
        request(fields, id.clone(), asked).map_err(|fault| Box::new((fault, id)))
    }
}

fn id(fields: &mut Fields<'_>) -> Result<Option<String>, Fault> {
    fields.maybe("request_id").filter(|f| !f.is_null()).map(|f| Ok(f.name(ID)?)).transpose()
}

fn request(mut fields: Fields<'_>, id: Option<String>, asked: Option<Kind>) -> Result<Request, Fault> {
    let said = match (fields.maybe("type"), asked) {
        (Some(word), _) => Some((word.one_of(&KINDS)?, word)),
        (None, Some(_)) => None,
        (None, None) => {
            let missing = fields.must("type").err().map(Fault::from);
            let words: Vec<&str> = KINDS.iter().map(|(word, _)| *word).collect();
            let mend = format!("Add it, with one of: {}.", words.join(", "));
            return Err(missing
                .map_or_else(|| Fault::internal("A field is there and is missing."), |fault| Fault { mend, ..fault }));
        }
    };
    let kind = match (said, asked) {
        (Some((said, word)), Some(asked)) if said != asked => {
            let mend = format!("Send it to /v1/{}, or to /v1/message.", said.word());
            return Err(word.problem("This type belongs to another path.", mend).into());
        }
        (Some((said, _)), _) => said,
        (None, asked) => asked.ok_or_else(|| Fault::internal("A request has no type."))?,
    };
    let imports = match fields.maybe("imports") {
        Some(list) if !list.is_empty_list() => {
            list.list(ENTRIES)?.iter().map(|m| Ok(m.name(ID)?)).collect::<Result<_, Fault>>()?
        }
        Some(_) => Vec::new(),
        None => Request::usual_imports(),
    };
    let timeout_ms = fields.maybe("timeout_ms").map(|f| f.whole(1, LONGEST_MS)).transpose()?;
    let declarations = fields.maybe("declarations").map(|f| piece(&f)).transpose()?;
    let level = level(&mut fields)?;
    let question = match kind {
        Kind::Suggest => {
            let mut state = fields.must("proof_state")?.object()?;
            Question::Suggest(goals(&mut state)?)
        }
        Kind::Verify => {
            let mut state = fields.must("current_state")?.object()?;
            let goals = goals(&mut state)?;
            let mut given = fields.must("proof_step")?.object()?;
            let mut step = step(&mut given)?;
            let goal = target(&mut given, goals, &mut step)?;
            let counterexample =
                fields.maybe("request_counterexample_on_failure").map(|f| f.truth()).transpose()?.unwrap_or(false);
            Question::Verify { goal, step, counterexample }
        }
        Kind::Complete => {
            let mut sketch = fields.must("proof_sketch")?.object()?;
            let goal = sole(&sketch.must("goal")?, &mut fields)?;
            let steps = match sketch.maybe("steps") {
                Some(list) if !list.is_empty_list() => {
                    list.list(ENTRIES)?.iter().map(sketched).collect::<Result<_, _>>()?
                }
                _ => Vec::new(),
            };
            let max_steps = fields.maybe("max_steps").map(|f| f.whole(1, 64)).transpose()?.unwrap_or(12);
            Question::Complete { goal, sketch: steps, max_steps }
        }
        Kind::Counterexample => {
            let theorem = fields.must("theorem")?;
            Question::Counterexample(sole(&theorem, &mut fields)?)
        }
        Kind::Explain => {
            let theorem = fields.must("theorem")?;
            let goal = sole(&theorem, &mut fields)?;
            Question::Explain { goal, proof: proof(&mut fields)?, level }
        }
    };
    Ok(Request { id, question, declarations, imports, timeout_ms })
}

/// How much an explanation says. A client that wants more words anywhere wants all of them.
fn level(fields: &mut Fields<'_>) -> Result<Level, Fault> {
    let Some(preferences) = fields.maybe("user_preferences") else { return Ok(Level::default()) };
    let mut preferences = preferences.object()?;
    if let Some(level) = preferences.maybe("explanation_level").filter(|l| !l.is_null()) {
        return Ok(level.one_of(&Level::WORDS)?);
    }
    let Some(access) = preferences.maybe("accessibility") else { return Ok(Level::default()) };
    let verbose = access.object()?.maybe("verbose").map(|f| f.truth()).transpose()?;
    Ok(if verbose == Some(true) { Level::Full } else { Level::default() })
}

/// The proof that is to be explained: one of three forms.
fn proof(fields: &mut Fields<'_>) -> Result<Proof, Fault> {
    let given = |f: &Found<'_>| !f.is_null();
    let term = fields.maybe("proof_term").filter(given);
    let bytes = fields.maybe("certificate_bytes").filter(given);
    let script = match (&term, &bytes) {
        (None, None) => Some(fields.must("script")?),
        _ => fields.maybe("script").filter(given),
    };
    match (script, term, bytes) {
        (Some(script), None, None) => Ok(Proof::Script(piece(&script)?)),
        (None, Some(term), None) => Ok(Proof::Term(piece(&term)?)),
        (None, None, Some(bytes)) => {
            let wrong = || bytes.problem("These are no bytes in hexadecimal.", "Send certificate_bytes as it came.");
            let read = unhex(bytes.text()?).ok_or_else(wrong)?;
            Ok(Proof::Certificate(read, bytes.problem("", "").place))
        }
        (_, Some(more), _) | (_, None, Some(more)) => {
            let what = "The proof is given in more than one form.";
            Err(more.problem(what, "Send one of script, proof_term and certificate_bytes.").into())
        }
        (None, None, None) => Err(Fault::internal("A field is there and is missing.")),
    }
}

/// Bytes written as two hexadecimal digits each; nothing where they are not.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |d: u8| char::from(d).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? * 16 + digit(*low)?)).collect()
}

/// A text that is not too long, with its place.
fn piece(found: &Found<'_>) -> Result<Piece, Fault> {
    let text = found.text()?;
    if text.len() > TEXT {
        let what = format!("The text has {} bytes, and may have {TEXT}.", text.len());
        return Err(found.problem(what, "Shorten it.").into());
    }
    Ok(Piece { text: text.to_owned(), place: found.problem("", "").place })
}

/// The name of a variable or hypothesis: what the language can read as one.
pub(crate) fn name(found: &Found<'_>) -> Result<Piece, Fault> {
    let given = piece(found)?;
    let mut letters = given.text.chars();
    let first = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if first && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '\'') && given.text.len() <= ID {
        return Ok(given);
    }
    let mend = "Begin with a letter or an underscore, then write letters, digits, underscores or primes.";
    Err(found.problem("This is no name of a variable.", mend).into())
}

/// The entries of a list that may be missing or empty.
pub(crate) fn entries<'a>(fields: &mut Fields<'a>, name: &'static str) -> Result<Vec<Found<'a>>, Fault> {
    match fields.maybe(name) {
        Some(list) if !list.is_null() && !list.is_empty_list() => Ok(list.list(ENTRIES)?),
        _ => Ok(Vec::new()),
    }
}

fn variables(fields: &mut Fields<'_>) -> Result<Vec<Variable>, Fault> {
    let read = |entry: &Found<'_>| {
        let mut fields = entry.object()?;
        Ok(Variable { name: name(&fields.must("var")?)?, ty: piece(&fields.must("type")?)? })
    };
    entries(fields, "context")?.iter().map(read).collect()
}

fn hypotheses(fields: &mut Fields<'_>) -> Result<Vec<Variable>, Fault> {
    let read = |entry: &Found<'_>| {
        let mut fields = entry.object()?;
        Ok(Variable { name: name(&fields.must("id")?)?, ty: piece(&fields.must("statement")?)? })
    };
    entries(fields, "hypotheses")?.iter().map(read).collect()
}

/// The goals of a state, each with the hypotheses of the state.
fn goals(state: &mut Fields<'_>) -> Result<Vec<Goal>, Fault> {
    let list = state.must("goals")?.list(GOALS)?;
    let hypotheses = hypotheses(state)?;
    let constructions = plane::read(state)?;
    let mut out: Vec<Goal> = Vec::new();
    for (entry, number) in list.iter().zip(1..) {
        let mut fields = entry.object()?;
        let id = match fields.maybe("id") {
            Some(id) => {
                let name = id.name(ID)?;
                if out.iter().any(|g| g.id == name) {
                    return Err(id.problem("Two goals have this id.", "Give each goal an id of its own.").into());
                }
                name
            }
            None => number.to_string(),
        };
        let statement = piece(&fields.must("statement")?)?;
        let mut context = variables(&mut fields)?;
        context.extend(hypotheses.iter().cloned());
        let mut goal = Goal { id, statement, context, constructions: Vec::new() };
        plane::add(&mut goal, &constructions);
        out.push(goal);
    }
    Ok(out)
}

/// A statement on its own, or an object as a goal of a state has it; the state beside it may have hypotheses.
fn sole(found: &Found<'_>, fields: &mut Fields<'_>) -> Result<Goal, Fault> {
    let mut goal = match found.object() {
        Ok(mut fields) => Goal {
            id: "goal".to_owned(),
            statement: piece(&fields.must("statement")?)?,
            context: variables(&mut fields)?,
            constructions: Vec::new(),
        },
        Err(_) => {
            Goal { id: "goal".to_owned(), statement: piece(found)?, context: Vec::new(), constructions: Vec::new() }
        }
    };
    if let Some(state) = fields.maybe("proof_state") {
        let mut state = state.object()?;
        goal.context.extend(hypotheses(&mut state)?);
        let constructions = plane::read(&mut state)?;
        plane::add(&mut goal, &constructions);
    }
    Ok(goal)
}

fn step(fields: &mut Fields<'_>) -> Result<Step, Fault> {
    let tactic = piece(&fields.must("tactic")?)?;
    let arguments = entries(fields, "arguments")?.iter().map(piece).collect::<Result<_, _>>()?;
    Ok(Step { tactic, arguments })
}

/// The goal that a step is for. What a step is made on, such as the variable of an induction, may be its target, too.
fn target(fields: &mut Fields<'_>, mut goals: Vec<Goal>, step: &mut Step) -> Result<Goal, Fault> {
    let target = fields.maybe("target").filter(|t| !t.is_null());
    let at = match &target {
        None => 0,
        Some(target) => {
            let given = piece(target)?;
            match goals.iter().position(|g| g.id == given.text) {
                Some(at) => at,
                None if step.arguments.is_empty() && goals.len() == 1 => {
                    step.arguments.push(given);
                    0
                }
                None => {
                    let known: Vec<&str> = goals.iter().map(|g| g.id.as_str()).collect();
                    let mend = format!("Name one of: {}.", known.join(", "));
                    return Err(target.problem("No goal has this id.", mend).into());
                }
            }
        }
    };
    if at >= goals.len() {
        return Err(Fault::internal("A request without goals was read."));
    }
    Ok(goals.swap_remove(at))
}

fn sketched(found: &Found<'_>) -> Result<Sketched, Fault> {
    let mut fields = found.object()?;
    let complete = fields.must("status")?.one_of(&[("complete", true), ("missing", false)])?;
    if complete { Ok(Sketched::Complete(step(&mut fields)?)) } else { Ok(Sketched::Missing) }
}
