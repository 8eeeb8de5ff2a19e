//! `bfv run worker --model butterfly`: a person types a line, a worker continues it, and what it writes is shown once it is accepted.
//!
//! The worker is a process of its own and writes an envelope for each block of text. It is this process that judges, with random numbers that the worker does
//! not know. So what is shown is what the model says, whoever runs it: text that is not accepted is not shown.

mod place;
mod process;

use crate::answer::{item_text, printable};
use crate::args::Format;
use crate::init::{refuse, shown};
use crate::keys::now;
use crate::options::Options;
use crate::slots::Slots;
use crate::trust::{Known, not_read, shipped};
use crate::usage::{Mistake, line};
use bfv_cert::digest::{Digest, output_digest, query_id};
use bfv_cert::envelope::Envelope;
use bfv_cert::freshness::Fresh;
use bfv_cert::{Expected, Policy};
use bfv_driver::{Code, Event, Problem, count, escaped, exit_code};
use bfv_ledger::random;
use bfv_model::shipped::{NAME, character, tokens};
use bfv_verify::{Case, Challenge, Listener, Secret, Soundness, Terms, Verdict};
use place::Place;
use process::{End, Next, Worker};
use serde_json::{Value, json};
use std::cell::Cell;
use std::io::{BufRead, Read};
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The most characters of a line: they become words of a command line.
const LINE_LIMIT: usize = 1 << 13;
/// The most characters of a block.
const BLOCK_LIMIT: usize = 1 << 13;
/// The most characters of a line and the first block after it, whose envelope has at most 512 MiB and some 46 KB for each.
const BOTH_LIMIT: usize = 11_000;
/// The most characters of an answer.
const COUNT_LIMIT: usize = 1 << 14;
/// The most seconds to wait for a block: a day.
const WAIT_LIMIT: u64 = 86_400;
/// The most characters of a complaint that are shown.
const COMPLAINT_LIMIT: usize = 200;

/// What was asked for on the command line.
struct Settings {
    folder: Option<PathBuf>,
    count: usize,
    block: usize,
    limit: u64,
    program: Option<PathBuf>,
    device: Option<String>,
}

const FLAGS: [&str; 8] = ["--model", "--folder", "--count", "--block", "--limit", "--program", "--device", "--format"];

/// Where a worker may be told to compute.
const DEVICES: [&str; 3] = ["auto", "cpu", "cuda"];

impl Settings {
    /// The most characters of a line.
    fn longest(&self) -> usize {
        LINE_LIMIT.min(BOTH_LIMIT.saturating_sub(self.block.min(self.count)))
    }

    fn read(words: &[String], format: &mut Format) -> Result<Settings, Mistake> {
        let help = || vec![line(&["help", "chat"]), line(&["run", "worker", "--model", NAME])];
        let mut own = Settings { folder: None, count: 200, block: 16, limit: 60, program: None, device: None };
        let mut seen: Vec<&str> = Vec::new();
        for pair in words.chunks(2) {
            let (Some(flag), value) = (pair.first(), pair.get(1)) else { continue };
            if !FLAGS.contains(&flag.as_str()) {
                return Err(Mistake::new(format!("A chat has no flag {flag}."), help()));
            }
            let Some(value) = value else {
                return Err(Mistake::new(format!("The flag {flag} has no value."), help()));
            };
            if seen.contains(&flag.as_str()) {
                return Err(Mistake::new(format!("The flag {flag} stands twice."), help()));
            }
            seen.push(flag);
            match flag.as_str() {
                "--model" if value != NAME => {
                    let what = format!("A chat is with the model {NAME}, which is built in. There is no other.");
                    return Err(Mistake::new(what, help()));
                }
                "--folder" if value.is_empty() => {
                    return Err(Mistake::new("The flag --folder has no name of a folder.", help()));
                }
                "--folder" => own.folder = Some(value.into()),
                "--count" => own.count = number(flag, value, COUNT_LIMIT)?,
                "--block" => own.block = number(flag, value, BLOCK_LIMIT)?,
                "--limit" => own.limit = number(flag, value, WAIT_LIMIT)?,
                "--program" => own.program = Some(value.into()),
                "--device" if !DEVICES.contains(&value.as_str()) => {
                    let what = format!("The flag --device has {value}, and needs auto, cpu or cuda.");
                    return Err(Mistake::new(what, help()));
                }
                "--device" => own.device = Some(value.clone()),
                "--format" => {
                    *format = match value.as_str() {
                        "text" => Format::Text,
                        "jsonl" => Format::Jsonl,
                        _ => return Err(Mistake::new("A chat is written as text or as jsonl.", help())),
                    }
                }
                _ => (),
            }
        }
        if !seen.contains(&"--model") {
            return Err(Mistake::new("A chat needs a model.", help()));
        }
        Ok(own)
    }
}

/// A whole number from 1 to a limit.
fn number<T: FromStr + PartialOrd + From<u8> + std::fmt::Display>(
    flag: &str,
    value: &str,
    most: T,
) -> Result<T, Mistake> {
    let found = value.parse().ok().filter(|n| *n >= T::from(1) && *n <= most);
    let what = || format!("The flag {flag} has {value}, and needs a whole number from 1 to {most}.");
    found.ok_or_else(|| Mistake::new(what(), vec![line(&["help", "chat"])]))
}

/// Why a chat ends before its input does.
pub enum Stop {
    Mistake(Mistake),
    /// The program of the worker, which lies beside this one, cannot be started.
    Missing(std::io::Error),
}

impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Stop {
        Stop::Mistake(mistake)
    }
}

/// Talks until the input ends. The exit code.
pub fn chat(words: &[String], options: &Options, worker: impl Fn() -> Command) -> Result<u8, Stop> {
    let mut format = options.format;
    let settings = Settings::read(words, &mut format)?;
    if !matches!(format, Format::Text | Format::Jsonl) {
        return Err(Mistake::new("A chat is written as text or as jsonl.", vec![line(&["help", "chat"])]).into());
    }
    let known = shipped().map_err(refuse)?;
    let secret = known.secret(random().map_err(|e| refuse(not_read(e)))?);
    let place = Place::open(settings.folder.as_deref())?;
    let policy = place.policy(known.roots());
    let say = Says { format, quiet: options.quiet, closed: Cell::new(false) };
    say.opening(&settings, &place);
    let mut chat = Chat {
        settings,
        place,
        known,
        secret,
        policy,
        slots: Slots::default(),
        judged: 0,
        view: 0,
        say,
        counts: [0; 3],
    };
    let most = chat.settings.longest();
    let mut input = std::io::stdin().lock();
    let mut refused = None;
    while !chat.say.closed.get()
        && refused != Some(Code::NotRead)
        && let Some(typed) = typed(&mut input, most)
    {
        match typed {
            Ok(text) => chat.turn(&text, &worker)?,
            Err(why) => {
                chat.say.problem(&why);
                refused = Some(why.code);
            }
        }
    }
    Ok(chat.end(refused))
}

/// The next line of at most so many characters, or why it cannot be taken; nothing at the end of the input.
fn typed(input: &mut impl BufRead, longest: usize) -> Option<Result<String, Problem>> {
    let refused = |what: String, mend: &str| Some(Err(Problem::new(Code::Usage, what, mend)));
    let long = || {
        let mend = if longest < LINE_LIMIT {
            "type a shorter line, or give a smaller --block."
        } else {
            "type a shorter line."
        };
        refused(format!("The line has more than {longest} characters."), mend)
    };
    let mut bytes = Vec::new();
    // A character of Latin-1 has two bytes at most.
    let most = 2 * longest + 1;
    match input.by_ref().take(most as u64).read_until(b'\n', &mut bytes) {
        Ok(0) => return None,
        Ok(_) => (),
        // Nothing can come after that.
        Err(e) => return Some(Err(Problem::not_read("of the standard input", &e))),
    }
    if bytes.last() != Some(&b'\n') && bytes.len() == most {
        let mut rest = Vec::new();
        while rest.last() != Some(&b'\n') {
            rest.clear();
            if !input.by_ref().take(most as u64).read_until(b'\n', &mut rest).is_ok_and(|n| n > 0) {
                break;
            }
        }
        return long();
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return refused("The line is no text in UTF-8.".to_owned(), "set the terminal to UTF-8.");
    };
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return refused("The line is empty, and there is nothing to continue.".to_owned(), "type some text.");
    }
    if text.chars().count() > longest {
        return long();
    }
    if let Err(c) = tokens(text) {
        let code = u32::from(c);
        let mend = "leave it out: the model knows the first 256 characters of Unicode.";
        return refused(format!("The model does not know the character U+{code:04X}, which is {}.", named(c)), mend);
    }
    Some(Ok(text.to_owned()))
}

/// A character as it can be printed.
fn named(c: char) -> String {
    if c.is_control() || c.is_whitespace() { c.escape_unicode().to_string() } else { c.to_string() }
}

/// How one turn ended.
enum Ended {
    /// All of it was accepted.
    Whole(Soundness),
    /// A block was judged and not accepted.
    Not(Verdict),
    /// The worker did not write what it should: a sentence about that, and what may help.
    Gone(String, &'static str),
}

struct Chat {
    settings: Settings,
    place: Place,
    known: Known,
    secret: Secret,
    policy: Policy,
    slots: Slots,
    judged: u64,
    view: u64,
    say: Says,
    /// Lines that were accepted, rejected and undecided.
    counts: [usize; 3],
}

impl Chat {
    /// Lets a worker continue a line, and shows what is accepted.
    fn turn(&mut self, text: &str, program: &impl Fn() -> Command) -> Result<(), Stop> {
        let prompt = tokens(text).unwrap_or_default();
        let nonce = random().map_err(|e| refuse(not_read(e)))?;
        let count = self.settings.count;
        let query = query_id(&nonce, &prompt, &output_digest(&count.to_le_bytes()), &Digest::ZERO);
        let mut command = match &self.settings.program {
            Some(program) => Command::new(program),
            None => program(),
        };
        command.args(self.words(&prompt, &query)?);
        let worker = Worker::start(command).map_err(|e| match &self.settings.program {
            Some(program) => Stop::Mistake(refuse(Problem::not_read(&shown(program), &e))),
            None => Stop::Missing(e),
        })?;
        let mut listener = Listener::new(count);
        let ended = self.listen(worker, &mut listener, &prompt, query)?;
        let turn = Turn { text, listener: &listener, ended: &ended };
        self.say.turn(&turn);
        let [accepted, rejected, undecided] = &mut self.counts;
        *match &ended {
            Ended::Whole(_) => accepted,
            Ended::Not(Verdict::Rejected(_)) => rejected,
            _ => undecided,
        } += 1;
        Ok(())
    }

    /// What the worker is told.
    fn words(&mut self, prompt: &[u32], query: &Digest) -> Result<Vec<String>, Mistake> {
        // A worker signs for later slots only, also when it is started anew.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.view = time.max(self.view.saturating_add(1));
        let prompt: Vec<String> = prompt.iter().map(u32::to_string).collect();
        let Settings { count, block, .. } = &self.settings;
        let own = [
            ("--model", NAME.to_owned()),
            ("--prompt-tokens", prompt.join(",")),
            ("--count", count.to_string()),
            ("--block", block.to_string()),
            ("--query", query.to_string()),
            ("--slot", format!("0.{}.0", self.view)),
            ("--open", "products".to_owned()),
            ("--output", "-".to_owned()),
        ];
        let device = self.settings.device.iter().map(|device| ("--device", device.clone()));
        let own = own.into_iter().chain(device).flat_map(|(flag, value)| [flag.to_owned(), value]);
        Ok(std::iter::once("run".to_owned()).chain(own).chain(self.place.flags()?).collect())
    }

    /// Judges blocks as they come, and shows those that are accepted.
    fn listen(
        &mut self,
        worker: Worker,
        listener: &mut Listener,
        prompt: &[u32],
        query: Digest,
    ) -> Result<Ended, Mistake> {
        while !listener.complete() {
            let bytes = match worker.next(Duration::from_secs(self.settings.limit)) {
                Next::Envelope(bytes) => bytes,
                Next::Malformed(refusal) => {
                    return Ok(Ended::Not(Verdict::Rejected(bfv_verify::Rejected::Refused(refusal))));
                }
                Next::Silence => {
                    let what = format!("Nothing whole came for {}.", count(self.seconds(), "second"));
                    return Ok(Ended::Gone(what, "Try again, or give more seconds with --limit."));
                }
                Next::End => {
                    let (end, complaint) = worker.ended();
                    let end = match end {
                        End::Code(code) => format!("The worker ended too early, with code {code}."),
                        End::Signal => "The worker ended too early, by a signal.".to_owned(),
                        End::Stopped => "The worker closed its output and was stopped.".to_owned(),
                    };
                    let what = end + &complained(&complaint);
                    return Ok(Ended::Gone(what, "Try again."));
                }
            };
            let before = listener.tokens().len();
            let verdict = self.judge(&bytes, listener, prompt, query)?;
            if !matches!(verdict, Verdict::Accepted(_)) {
                return Ok(Ended::Not(verdict));
            }
            let new = listener.tokens().get(before..).unwrap_or_default();
            self.say.block(&text_of(new), listener);
        }
        match listener.answer(None) {
            Verdict::Accepted(whole) => Ok(Ended::Whole(whole.soundness())),
            other => Ok(Ended::Not(other)),
        }
    }

    fn seconds(&self) -> usize {
        usize::try_from(self.settings.limit).unwrap_or(usize::MAX)
    }

    fn judge(
        &mut self,
        bytes: &[u8],
        listener: &mut Listener,
        prompt: &[u32],
        query: Digest,
    ) -> Result<Verdict, Mistake> {
        let workers = [self.place.worker];
        let fresh = Fresh { query: Some(query), epochs: None, seen: Some(&self.slots) };
        let expected = Expected { at: Some(now(None)?), fresh, workers: Some(&workers), ..Expected::default() };
        let challenge = Challenge::Secret(&self.secret, self.judged);
        let case = Case { policy: &self.policy, expected, prompt, challenge, terms: Terms::default() };
        let envelope = match Envelope::decode(bytes) {
            Ok(envelope) => envelope,
            Err(refusal) => return Ok(Verdict::Rejected(bfv_verify::Rejected::Refused(refusal))),
        };
        let verdict = self.known.listen(listener, &envelope, &case);
        self.judged = self.judged.saturating_add(1);
        if matches!(verdict, Verdict::Accepted(_)) {
            self.slots.add(&envelope);
        }
        Ok(verdict)
    }

    fn end(self, refused: Option<Code>) -> u8 {
        let [accepted, rejected, undecided] = self.counts;
        self.say.closing(self.counts);
        let mut events = Vec::new();
        events.extend((rejected > 0).then_some(Event::UnexpectedVerdict));
        events.extend((undecided > 0).then_some(Event::Undecided));
        // A line that was refused was never a question; where there were no others, that is the result.
        events.extend(refused.filter(|code| accepted == 0 || *code == Code::NotRead).map(|code| code.event()));
        events.extend(self.say.closed.get().then_some(Event::InputOutput));
        exit_code(&events)
    }
}

/// What the program of a worker complained of, between quotes, as nobody has checked it.
fn complained(text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.is_empty() {
        return String::new();
    }
    let (mut shown, mut verb) = (String::new(), "");
    for c in text.chars() {
        let c = escaped(c.encode_utf8(&mut [0; 4]), |c| !matches!(c, ' '..='~') || matches!(c, '"' | '\\'));
        if shown.len().saturating_add(c.len()) > COMPLAINT_LIMIT {
            verb = " begins";
            break;
        }
        shown += &c;
    }
    format!(" Its unchecked complaint{verb}: \"{shown}\".")
}

/// The characters of tokens. There is one for each, as the vocabulary is Latin-1.
fn text_of(tokens: &[u32]) -> String {
    tokens.iter().filter_map(|t| character(*t)).collect()
}

/// A turn that has ended.
struct Turn<'a> {
    text: &'a str,
    listener: &'a Listener,
    ended: &'a Ended,
}

impl Turn<'_> {
    fn verdict(&self) -> &'static str {
        match self.ended {
            Ended::Whole(_) => "accepted",
            Ended::Not(Verdict::Rejected(_)) => "rejected",
            Ended::Not(_) | Ended::Gone(..) => "undecided",
        }
    }

    /// What is said behind the text.
    fn sentences(&self) -> String {
        let (all, shown) = (self.listener.count(), self.listener.tokens().len());
        let blocks = self.listener.blocks();
        let kept = match shown {
            0 => "All of its text is withheld.".to_owned(),
            n => format!("Above are the {} that were accepted before. The rest is not shown.", count(n, "character")),
        };
        match self.ended {
            Ended::Whole(soundness) => format!(
                "Accepted: all {} in {}, lane exact. A wrong text would pass with probability at most 2^-{}.",
                count(all, "character"),
                count(blocks, "block"),
                soundness.bits()
            ),
            Ended::Not(verdict) => {
                let (word, mend) = match verdict {
                    Verdict::Rejected(_) => (
                        "Rejected",
                        "Build both programs from the same sources. If it happens again, use another worker.",
                    ),
                    _ => ("Undecided", "Try again."),
                };
                let why = verdict.to_string();
                let why = why.trim_start_matches("Undecided: ");
                let mut why: String = why.to_owned();
                why.get_mut(..1).map(str::make_ascii_uppercase);
                format!("{word}: block {}. {why} {kept} {mend}", blocks.saturating_add(1))
            }
            Ended::Gone(what, mend) => {
                format!("Undecided: block {} did not come. {what} {kept} {mend}", blocks.saturating_add(1))
            }
        }
    }

    fn document(&self) -> Value {
        let bits = if let Ended::Whole(soundness) = self.ended { Some(soundness.bits()) } else { None };
        json!({
            "typed": self.text,
            "text": text_of(self.listener.tokens()),
            "verdict": self.verdict(),
            "message": self.sentences(),
            "characters": self.listener.tokens().len(),
            "asked": self.listener.count(),
            "blocks": self.listener.blocks(),
            "lane": "exact",
            "soundness_bits": bits,
        })
    }
}

/// How things are said.
struct Says {
    format: Format,
    quiet: bool,
    /// Whether something could not be printed: then nobody listens any more.
    closed: Cell<bool>,
}

impl Says {
    fn print(&self, text: &str) {
        self.closed.set(self.closed.get() || crate::print(text) != 0);
    }

    fn lines(&self, lines: &[String]) {
        if self.format == Format::Text && !self.quiet {
            lines.iter().for_each(|line| self.print(&(printable(line) + "\n")));
        }
    }

    fn opening(&self, settings: &Settings, place: &Place) {
        let kept = if place.temporary { "It is removed when the input ends." } else { "They stay there." };
        self.lines(&[
            format!(
                "Type a line, and the model {NAME} continues it by {}. It learned from the library of bfv.",
                count(settings.count, "character")
            ),
            "Text is shown once it is accepted. The end of the input ends the chat.".to_owned(),
            format!("Keys, registry and ledger are in the folder {}. {kept}", place.shown()),
        ]);
    }

    /// The text of a block that was accepted.
    fn block(&self, text: &str, listener: &Listener) {
        match self.format {
            Format::Text => self.print(&printable(text)),
            _ => {
                let block = json!({ "number": listener.blocks(), "text": text, "verdict": "accepted" });
                self.print(&item_text("block", &block));
            }
        }
    }

    fn turn(&self, turn: &Turn<'_>) {
        match self.format {
            Format::Text => {
                let end = if turn.listener.tokens().is_empty() { "" } else { "\n" };
                self.print(end);
                if !self.quiet || turn.verdict() != "accepted" {
                    self.print(&(printable(&turn.sentences()) + "\n"));
                }
            }
            _ => self.print(&item_text("turn", &turn.document())),
        }
    }

    fn problem(&self, problem: &Problem) {
        match self.format {
            Format::Text => self.print(&(printable(&problem.sentences()) + "\n")),
            _ => self.print(&item_text("problem", &crate::answer::problem_json(problem))),
        }
    }

    fn closing(&self, [accepted, rejected, undecided]: [usize; 3]) {
        let all = accepted.saturating_add(rejected).saturating_add(undecided);
        let text = format!(
            "Result: {} continued. {accepted} accepted, {rejected} rejected, {undecided} undecided.",
            count(all, "line")
        );
        match self.format {
            Format::Text => self.lines(&[text]),
            _ => {
                let summary = json!({ "accepted": accepted, "rejected": rejected, "undecided": undecided });
                let end = json!({ "schema_version": bfv_driver::SCHEMA_VERSION, "summary": summary });
                self.print(&item_text("end", &end));
            }
        }
    }
}
