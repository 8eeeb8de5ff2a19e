//! A goal of a request as the text of one claim, and places in that text as places in the request.

use crate::fault::Fault;
use crate::wire::{Goal, Piece, Step};
use bfv_driver::{Desk, Problem};
use bfv_elab::OpenGoal;
use bfv_syntax::tree::Body;
use bfv_syntax::words::expression;

/// The name of the text in messages of the language.
pub const NAME: &str = "the request";

/// The words of the client's tactics.
pub const TACTICS: [&str; 5] = ["intro", "exact", "apply", "assumption", "refl"];
/// Further words, which a client declares as macros. `script` replays several steps.
pub const MACROS: [&str; 12] =
    ["induction", "cases", "rewrite", "split", "exists", "have", "show", "unfold", "arith", "auto", "ring", "script"];

/// A claim without its proof.
#[derive(Clone, Debug)]
pub struct Sheet {
    head: String,
    /// The goal is no proposition, but a type of which an element is wanted.
    pub typed: bool,
    /// The first line of each text of the client, how many lines it has, and its place in the request.
    spots: Vec<(u32, u32, String)>,
}

impl Sheet {
    /// The claim of a goal.
    ///
    /// # Errors
    /// A text that is no expression on its own. So no text can end the place that it stands in.
    pub fn of(goal: &Goal) -> Result<Sheet, Fault> {
        let mut sheet = Sheet { head: "claim goal".to_owned(), typed: false, spots: Vec::new() };
        for v in &goal.context {
            sheet.head += &format!(" ({} :", v.name.text);
            sheet.add(&v.ty)?;
            sheet.head.push(')');
        }
        sheet.head += " :";
        sheet.add(&goal.statement)?;
        Ok(sheet)
    }

    /// A text of the client on lines of its own.
    fn add(&mut self, piece: &Piece) -> Result<(), Fault> {
        if expression(&piece.text).is_none() {
            return Err(no_expression(piece));
        }
        self.head.push('\n');
        self.spots.push((lines(&self.head), lines(&piece.text), piece.place.clone()));
        self.head += &piece.text;
        self.head.push('\n');
        Ok(())
    }

    /// The claim without a proof.
    pub fn bare(&self) -> String {
        format!("{}{}\n", self.sort(), self.head)
    }

    /// The claim with a script of steps.
    pub fn with(&self, script: &Script) -> String {
        format!("{}{}by {{{}\n}}\n", self.sort(), self.head, script.text)
    }

    /// What stands before the claim where it may be any type, on its first line.
    fn sort(&self) -> &'static str {
        if self.typed { "@[type] " } else { "" }
    }

    /// The steps of a script as they are read; nothing where they are no steps of this claim alone.
    pub fn tree(&self, script: &Script) -> Option<bfv_syntax::tree::Script> {
        let (file, problems) = bfv_syntax::parse(0, self.with(script).as_bytes());
        match (file.decls.into_iter().next().map(|d| d.body), problems.is_empty()) {
            (Some(Body::By(script)), true) => Some(script),
            _ => None,
        }
    }

    /// Where steps go that prove a goal, as an offset in the text of the script.
    pub fn end_of(&self, script: &Script, goal: &OpenGoal) -> Option<usize> {
        let start = self.sort().len() + self.head.len() + "by {".len();
        let end = usize::try_from(goal.script.end).ok()?;
        // The script itself ends behind its brace.
        let at = end.checked_sub(start)?.min(script.text.len());
        script.text.is_char_boundary(at).then_some(at)
    }

    /// A problem of the text as a fault of the request. `given` is the place of the steps.
    pub fn fault(&self, problem: &Problem, given: &str) -> Fault {
        let Some(p) = &problem.place else { return Fault::from_problem(problem, given.to_owned()) };
        let (line, column) = p.start;
        let spot = self.spots.iter().find(|(first, count, _)| (*first..first.saturating_add(*count)).contains(&line));
        let place = match spot {
            Some((first, _, place)) => {
                format!(
                    "{place}; there line {}, column {column} of the text",
                    line.saturating_sub(*first).saturating_add(1)
                )
            }
            None => given.to_owned(),
        };
        Fault::from_problem(problem, place)
    }
}

/// Steps of the engines that the declarations of a client call.
const DECLARED: u64 = 20_000;

/// A desk with the declarations of a client.
///
/// # Errors
/// What is wrong with them, with its place in the request.
pub fn declared(desk: &Desk, text: &Piece) -> Result<Desk, Fault> {
    desk.with_declarations(NAME, &text.text, DECLARED).map_err(|problems| {
        let sheet =
            Sheet { head: String::new(), typed: false, spots: vec![(1, lines(&text.text), text.place.clone())] };
        let first = problems.first().map(|p| sheet.fault(p, &text.place));
        first.unwrap_or_else(|| Fault::internal("Declarations were refused without a reason."))
    })
}

/// The number of the last line of a text.
fn lines(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// Why a text is no expression, in the words of the language.
fn no_expression(piece: &Piece) -> Fault {
    let text = format!("claim goal :\n{}\n", piece.text);
    let mut sources = bfv_diag::Sources::new();
    let number = sources.add(NAME, text.as_bytes());
    let (_, diagnostics) = bfv_syntax::parse(number, text.as_bytes());
    let alone = Sheet { head: String::new(), typed: false, spots: vec![(2, lines(&piece.text), piece.place.clone())] };
    match diagnostics.first() {
        Some(d) => {
            let fault = alone.fault(&Problem::from_diagnostic(d, &sources), &piece.place);
            Fault { what: format!("This is no statement of the language. {}", fault.what), ..fault }
        }
        None => Fault::wrong(
            &piece.place,
            "This text is more than one expression, or a proof.",
            "Write one statement or type, and nothing after it.",
        ),
    }
}

/// The text of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The steps, with semicolons between them.
    pub text: String,
}

impl Script {
    /// The script with one more step at an offset.
    pub fn insert(&self, at: usize, step: &str) -> Script {
        let (before, after) = self.text.split_at_checked(at).unwrap_or((&self.text, ""));
        let first = before.trim_end().is_empty() || before.trim_end().ends_with(['{', '>']);
        let between = if first { " " } else { "; " };
        let space = if after.is_empty() || after.starts_with(' ') { "" } else { " " };
        Script { text: format!("{before}{between}{step}{space}{after}") }
    }

    /// The steps that do not stand in another one, each with where it ends.
    pub fn steps(&self) -> Vec<(usize, &str)> {
        let (mut depth, mut start, mut out) = (0_i32, 0, Vec::new());
        for (at, c) in self.text.char_indices().chain([(self.text.len(), ';')]) {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => depth -= 1,
                ';' if depth == 0 => {
                    let step = self.text.get(start..at).unwrap_or_default().trim();
                    out.extend((!step.is_empty()).then_some((at, step)));
                    start = at + 1;
                }
                _ => {}
            }
        }
        out
    }

    /// The script on one line.
    pub fn shown(&self) -> String {
        self.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// A step as the language writes it. `goal` is what it is for, where that is known.
///
/// # Errors
/// A word that is no step, and arguments that are missing.
pub fn step_text(step: &Step, goal: Option<&OpenGoal>) -> Result<String, Fault> {
    let place = &step.tactic.place;
    let word = step.tactic.text.trim();
    let known = || TACTICS.iter().chain(&MACROS).copied();
    let arguments: Vec<&str> = step.arguments.iter().map(|a| a.text.trim()).collect();
    if !known().any(|w| w == word) {
        // A whole step may stand in the place of its word.
        let first = word.split_whitespace().next().unwrap_or_default();
        if arguments.is_empty() && known().any(|w| w == first) && word != first {
            return Ok(whole(word, goal));
        }
        let mend = format!("Write one of: {}.", known().collect::<Vec<_>>().join(", "));
        return Err(Fault::wrong(place, "This is no step that the service knows.", mend));
    }
    let needs = |what: &str| {
        let what = format!("The step {word} needs {what}.");
        Fault::wrong(place, what, "Add it to the arguments.")
    };
    Ok(match (word, arguments.as_slice()) {
        ("exact" | "apply", []) => return Err(needs("a term")),
        ("exact" | "apply", [one]) => format!("{word} {one}"),
        ("exact" | "apply", [head, rest @ ..]) => {
            format!("{word} {head}{}", rest.iter().map(|a| format!(" ({a})")).collect::<String>())
        }
        ("intro", []) => match goal.and_then(|g| crate::steps::intro(g, &[])) {
            Some(step) => step,
            None => return Err(needs("a name")),
        },
        ("script", [one]) => (*one).to_owned(),
        ("script", _) => return Err(needs("one text with all steps")),
        ("induction" | "cases", []) => return Err(needs("a variable")),
        ("rewrite" | "unfold" | "have" | "show" | "exists", []) => return Err(needs("what it is made with")),
        ("rewrite" | "unfold", all) => format!("{word} {}", all.join(", ")),
        ("arith" | "auto", [_, ..]) => format!("{word} [{}]", arguments.join(", ")),
        ("assumption" | "refl" | "split" | "ring", [extra, ..]) => {
            let at = step.arguments.first().map_or(place, |a| &a.place);
            let what =
                format!("The step {word} takes no argument, and has one of {} characters.", extra.chars().count());
            return Err(Fault::wrong(at, what, "Remove it."));
        }
        (word, arguments) => whole(format!("{word} {}", arguments.join(" ")).trim_end(), goal),
    })
}

/// An induction without cases gets all of them, each with its goals left.
fn whole(step: &str, goal: Option<&OpenGoal>) -> String {
    let name = step.strip_prefix("induction ").map(str::trim).filter(|rest| !rest.contains('{'));
    let variable = name.zip(goal).and_then(|(name, g)| g.context.iter().find(|v| v.name == name));
    variable.and_then(|v| crate::steps::induction(goal, v)).unwrap_or_else(|| step.to_owned())
}
