//! Texts that are being edited: one of them is checked among others, and asked what is known at a place in it.

use crate::check::{CheckOptions, Hooks, check_loaded};
use crate::desk::{Desk, MODULE};
use crate::front::{Plugged, mistake, over, script_engines, with_files};
use crate::load::Input;
use crate::modules::stem;
use crate::problem::{Code, Problem};
use crate::verdict::Report;
use bfv_diag::Sources;
use bfv_elab::OpenGoal;
use bfv_search::Wish;
use bfv_syntax::tree::{Decl, DeclKind, File};
use std::rc::Rc;

/// A text with the name of its file.
#[derive(Clone, Copy, Debug)]
pub struct Edited<'t> {
    /// The name of the file.
    pub name: &'t str,
    /// The text.
    pub text: &'t str,
}

/// The module that a file is.
#[must_use]
pub fn module_name(name: &str, file: &File) -> String {
    file.module.as_ref().map_or_else(|| stem(Some(name)), |m| m.text.clone())
}

/// A text with spaces in the place of its claims, and of all after some offset: no other offset and no line changes. Claims of protocols stay.
#[must_use]
pub fn without_claims(text: &str, file: &File, end: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes.truncate(end);
    for d in file.decls.iter().filter(|d| d.kind == DeclKind::Claim && d.part.is_none()) {
        let range = usize::try_from(d.span.start).unwrap_or(usize::MAX)..usize::try_from(d.span.end).unwrap_or(0);
        for (at, byte) in bytes.iter_mut().enumerate() {
            if range.contains(&at) && *byte != b'\n' {
                *byte = b' ';
            }
        }
    }
    // An offset that cuts a character leaves a part of it, which the parser reports.
    String::from_utf8_lossy(&bytes).into_owned()
}

fn add(sources: &mut Sources, name: &str, text: &str) -> Input {
    Input { number: sources.add(name, text.as_bytes()), bytes: text.as_bytes().to_vec() }
}

/// The other texts without their claims: a text that is imported is asked for its declarations only.
fn declarations(sources: &mut Sources, others: &[Edited<'_>]) -> Vec<Input> {
    let own = |o: &Edited<'_>| without_claims(o.text, &bfv_syntax::parse(0, o.text.as_bytes()).0, o.text.len());
    others.iter().map(|o| (o.name, own(o))).map(|(name, text)| add(sources, name, &text)).collect()
}

/// Checks a text among others that it may import, on the straight line of `bfv check`. Nothing is stored, and nothing is told of the
/// others. With the name of a goal, only that one is judged. Engines end early where the wish is set; then the report counts for nothing.
#[must_use]
pub fn check_edited(
    engines: Plugged,
    asked: Edited<'_>,
    others: &[Edited<'_>],
    (goal, steps): (Option<&str>, u64),
    wish: Option<Wish>,
) -> Report {
    let mut sources = Sources::new();
    let mut inputs = vec![add(&mut sources, asked.name, asked.text)];
    inputs.extend(declarations(&mut sources, others));
    let (mut front, mut search) = over(engines, None, &Rc::default());
    front.only = Some(asked.name.to_owned());
    search.wish = wish;
    let options = CheckOptions { paths: Vec::new(), goal: goal.map(str::to_owned), steps, store: None, repair: false };
    let report = Report { files: vec![asked.name.to_owned()], ..Report::default() };
    let hooks = Hooks { progress: &mut |_| {}, see: &mut |_| {}, go: &mut |_| true };
    let mut report = check_loaded(&options, &inputs, sources, report, (&mut front, &mut search), hooks).report;
    report.problems.retain(|p| p.place.as_ref().is_none_or(|at| at.file == asked.name));
    report
}

impl Desk {
    /// A desk that knows what a text declares before an offset, with the others that it may import. What is ill-formed is left out.
    ///
    /// # Errors
    /// bfv has a mistake.
    pub fn within(
        engines: Plugged,
        asked: Edited<'_>,
        others: &[Edited<'_>],
        end: usize,
    ) -> Result<Desk, Vec<Problem>> {
        let mut sources = Sources::new();
        let (file, _) = bfv_syntax::parse(0, asked.text.as_bytes());
        let module = module_name(asked.name, &file);
        let mut inputs = vec![add(&mut sources, asked.name, &without_claims(asked.text, &file, end))];
        inputs.extend(declarations(&mut sources, others));
        let session = with_files(engines, &mut sources, &inputs);
        let imports = file.imports.into_iter().map(|i| i.text).filter(|i| session.has(i));
        let imports = std::iter::once(module).chain(imports).collect();
        Desk::over(engines, imports, session)
    }
}

/// The goals that the script of a claim leaves, over what a desk knows. Engines that steps call may take so many steps.
///
/// # Errors
/// What is wrong with the claim, the first step that is not accepted included.
pub fn goals_at(desk: &Desk, asked: Edited<'_>, claim: &Decl, steps: u64) -> Result<Vec<OpenGoal>, Vec<Problem>> {
    let mut sources = Sources::new();
    sources.add(asked.name, asked.text.as_bytes());
    let mut known = desk.known.borrow_mut();
    known.session.enter(MODULE, desk.imports.clone());
    let engines = bfv_elab::Engines { steps, ..script_engines(desk.engines) };
    if claim.kind != DeclKind::Claim {
        return Err(vec![Problem::new(Code::Usage, "This needs one claim.", "Write one claim.")]);
    }
    known.session.open_goals(claim, engines).map_err(|p| vec![mistake(*p, &sources)])
}

/// The names that a text after what the desk knows sees, without their modules: each with the module, which is empty for what is always there.
#[must_use]
pub fn names_at(desk: &Desk) -> Vec<(String, String)> {
    let mut known = desk.known.borrow_mut();
    known.session.enter(MODULE, desk.imports.clone());
    let short = |full: &str, module: &str| full.strip_prefix(&format!("{module}.")).unwrap_or(full).to_owned();
    known.session.names.in_sight().map(|g| (short(&g.full, &g.module), g.module.clone())).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn claims_become_spaces_and_nothing_else_moves() {
        let text = "def a := 1\nclaim c : a = 1\nby refl\ndef b := a\n";
        let (file, _) = bfv_syntax::parse(0, text.as_bytes());
        let plain = without_claims(text, &file, text.len());
        assert_eq!((plain.len(), plain.matches('\n').count()), (text.len(), 4));
        assert!(plain.starts_with("def a := 1\n ") && plain.ends_with("def b := a\n") && !plain.contains("refl"));
        assert_eq!(without_claims(text, &file, 10), "def a := 1");
    }
}
