//! Attacks on a specification: operators are changed one place at a time, and the claims must notice. A change that no claim notices is
//! something that the claims do not say. Every answer comes from the kernel; what is not decided counts as nothing.

use crate::again::{Workshop, bare};
use crate::front::{Base, Plugged};
use crate::mutate::{Change, HELPERS, MOST, changes, indices};
use crate::problem::Place;
use crate::surface::{at, call, difference, expr, file, read, rename, results, var};
use crate::verdict::{ConditionSource, GoalReport, Kind, Report};
use bfv_elab::{Claim, Session};
use bfv_format::Decl as CoreDecl;
use bfv_syntax::print;
use bfv_syntax::tree::{Arg, BinOp, Decl, DeclKind, ExprKind, Name};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Steps of each question about a changed operator, at most.
pub const ATTACK_STEPS: u64 = 10_000;

/// What the claims say of a changed operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A claim has the other verdict now, or its statement is ill-formed: the claim's name.
    Noticed(String),
    /// The change makes no difference, the kernel says.
    Equal,
    /// No claim has another verdict, and these have lost theirs.
    Undecided(Vec<String>),
    /// Every claim has the verdict that it had.
    Survives,
}

impl Notice {
    /// The word in JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Notice::Noticed(_) => "noticed",
            Notice::Equal => "equal",
            Notice::Undecided(_) => "undecided",
            Notice::Survives => "survives",
        }
    }
}

/// A changed operator and what came of it.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Module and name of the operator.
    pub operator: String,
    /// Where the change is.
    pub place: Place,
    /// What was changed, as a sentence without its full stop; formulas stand between backticks.
    pub change: String,
    /// What came of it.
    pub notice: Notice,
    /// Where the two differ, when the kernel has accepted such a point.
    pub differ: Vec<(String, String)>,
}

/// What came of an attack.
#[derive(Clone, Debug, Default)]
pub struct Attack {
    /// The changes, file by file, in the order of the text.
    pub mutants: Vec<Mutant>,
    /// Operators that no claim of their file speaks of, with their places.
    pub silent: Vec<(String, Place)>,
    /// Operators with claims of which none is asked: another one is named, or none has its expected verdict.
    pub unasked: Vec<(String, Place)>,
    /// Operators with more changes than were tried, and how many were left out.
    pub left_out: Vec<(String, usize)>,
}

impl Attack {
    /// How many changes came to something.
    #[must_use]
    pub fn count(&self, word: &str) -> usize {
        self.mutants.iter().filter(|m| m.notice.word() == word).count()
    }
}

/// A verdict that a claim, or a condition of it, had before the change.
struct Before<'r> {
    goal: &'r GoalReport,
    kind: Kind,
}

/// Changes the operators of the files, and asks the claims of the report, of those files, about each change.
/// `progress` is told how many operators are done, and of how many.
pub fn attack(
    engines: Plugged,
    paths: &[PathBuf],
    report: &Report,
    steps: u64,
    progress: &mut dyn FnMut(usize, usize),
) -> Attack {
    let mut shop = Workshop::open(engines, paths, steps.min(ATTACK_STEPS));
    let bases = std::mem::take(&mut shop.bases);
    let mut out = Attack::default();
    let all: usize = bases.iter().map(|b| b.file.decls.iter().filter(|d| may_change(d)).count()).sum();
    let mut done = 0;
    for base in &bases {
        // A verdict other than the expected one says nothing about what the author wants.
        let goals: Vec<Before<'_>> = report
            .goals
            .iter()
            .filter(|g| g.name.strip_prefix(&base.name).is_some_and(|n| n.starts_with('.') && !n[1..].contains('.')))
            .filter(|g| g.verdict.kind() == g.expected && g.expected != Kind::Unknown)
            .map(|goal| Before { goal, kind: goal.expected })
            .collect();
        let mut whole = base.session.clone();
        let claims = shop.add(&mut whole, &base.name, &base.file).claims;
        let from = base.session.signature.len();
        let about: Vec<(&str, BTreeSet<u32>)> =
            claims.iter().map(|c| (c.name.as_str(), Workshop::spoken_of(&whole, &c.statement, from))).collect();
        for (at, d) in base.file.decls.iter().enumerate().filter(|(_, d)| may_change(d)) {
            progress(done, all);
            done += 1;
            let full = format!("{}.{}", base.name, d.name.text);
            let Some(id) = Workshop::position(&whole, &full) else { continue };
            let named = |name: &str| about.iter().any(|(n, ids)| *n == name && ids.contains(&id));
            let asked: Vec<&Before<'_>> = goals.iter().filter(|b| named(short(&b.goal.name))).collect();
            if asked.is_empty() {
                if d.kind == DeclKind::Operator {
                    let spoken_of = about.iter().any(|(_, ids)| ids.contains(&id));
                    let list = if spoken_of { &mut out.unasked } else { &mut out.silent };
                    list.push((full, shop.place(d.name.span)));
                }
                continue;
            }
            let mut one = Operator { shop: &mut shop, base, at, decl: d, asked };
            one.attack(&mut out);
        }
    }
    out
}

/// Whether the changes of a declaration are tried.
fn may_change(d: &Decl) -> bool {
    matches!(d.kind, DeclKind::Operator | DeclKind::Def) && !results(&mut d.clone()).is_empty()
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// One operator under attack.
struct Operator<'a, 'r> {
    shop: &'a mut Workshop,
    base: &'a Base,
    /// Which declaration of the file it is.
    at: usize,
    decl: &'a Decl,
    asked: Vec<&'a Before<'r>>,
}

impl Operator<'_, '_> {
    fn attack(&mut self, out: &mut Attack) {
        let (base, module) = (self.base, self.base.name.as_str());
        let plain = |d: &&Decl| d.kind != DeclKind::Claim;
        let mut before = base.session.clone();
        let earlier = base.file.decls.iter().take(self.at).filter(plain).cloned().collect();
        self.shop.add(&mut before, module, &file(&base.file, earlier));
        let mut helped = before.clone();
        self.shop.add(&mut helped, module, &file(&base.file, read(HELPERS)));
        let mut tried = 0;
        let list = changes(self.decl);
        for (n, change) in list.iter().enumerate() {
            if tried == MOST {
                out.left_out.push((format!("{module}.{}", self.decl.name.text), list.len() - n));
                break;
            }
            let uses = print_all(&change.decl).contains("bfv_");
            let Some(m) = self.mutant(if uses { &helped } else { &before }, change) else { continue };
            tried += 1;
            out.mutants.push(m);
        }
    }

    /// What comes of a change; nothing where it is not well-formed.
    fn mutant(&mut self, before: &Session, change: &Change) -> Option<Mutant> {
        let module = self.base.name.as_str();
        let mut session = before.clone();
        let own = file(&self.base.file, vec![change.decl.clone()]);
        if !self.shop.add(&mut session, module, &own).problems.is_empty() {
            return None;
        }
        let mut differ = Vec::new();
        let mut notice = if self.same_core(before, &session) { Notice::Equal } else { self.noticed(&session) };
        if matches!(notice, Notice::Undecided(_) | Notice::Survives) {
            let (equal, point) = self.compared(before, &change.decl);
            if equal {
                notice = Notice::Equal;
            }
            differ = point;
        }
        Some(Mutant {
            operator: format!("{module}.{}", self.decl.name.text),
            place: self.shop.place(change.span),
            change: change.says.clone(),
            notice,
            differ,
        })
    }

    /// Whether the changed operator is the same term.
    fn same_core(&self, before: &Session, changed: &Session) -> bool {
        let mut session = before.clone();
        self.shop.add(&mut session, &self.base.name, &file(&self.base.file, vec![self.decl.clone()]));
        let id = before.signature.len();
        let body = |s: &Session| match s.signature.decl(id) {
            Some(CoreDecl::Def { body, .. }) => Some(body.clone()),
            _ => None,
        };
        body(&session).is_some_and(|b| body(changed) == Some(b))
    }

    /// Asks the claims, one after another, until one notices.
    fn noticed(&mut self, changed: &Session) -> Notice {
        let module = self.base.name.as_str();
        let mut session = changed.clone();
        let later: Vec<Decl> = self.base.file.decls.iter().skip(self.at + 1).cloned().collect();
        let plain = later.iter().filter(|d| d.kind != DeclKind::Claim).cloned().collect();
        // A theorem that has lost its proof is no reason to call a statement ill-formed that stands on it.
        let sound = self.shop.add(&mut session, module, &file(&self.base.file, plain)).problems.is_empty();
        let mut lost = Vec::new();
        let mut asked: Vec<(&GoalReport, Kind, Option<Claim>)> = Vec::new();
        for before in &self.asked {
            let Some(d) = later.iter().find(|d| d.kind == DeclKind::Claim && d.name.text == short(&before.goal.name))
            else {
                continue;
            };
            let mut claim = |d: Decl| self.shop.add(&mut session, module, &file(&self.base.file, vec![d])).claims.pop();
            // Its own evidence may fail where the statement is well-formed.
            let found = claim(d.clone()).or_else(|| claim(bare(d)));
            asked.push((before.goal, before.kind, found));
        }
        self.shop.enter(session);
        for (goal, kind, claim) in asked {
            let Some(mut c) = claim else {
                if sound {
                    return Notice::Noticed(goal.name.clone());
                }
                lost.push(goal.name.clone());
                continue;
            };
            let mut d = self.shop.judged(&c);
            if d.kind == Kind::Unknown && c.given.take().is_some() {
                d = self.shop.judged(&c);
            }
            let mut kinds = vec![(kind, d.kind)];
            let written = goal.holds_if.iter().filter(|h| h.source == ConditionSource::Written);
            for ((_, statement), h) in c.holds_if.iter().zip(written) {
                if h.verdict.kind() == Kind::Proved {
                    kinds.push((Kind::Proved, self.shop.searched(statement, &c.variables).kind));
                }
            }
            if kinds.iter().any(|(was, is)| *is != Kind::Unknown && was != is) {
                return Notice::Noticed(goal.name.clone());
            }
            if kinds.iter().any(|(_, is)| *is == Kind::Unknown) {
                lost.push(goal.name.clone());
            }
        }
        if lost.is_empty() { Notice::Survives } else { Notice::Undecided(lost) }
    }

    /// Whether the kernel accepts that the change makes no difference; otherwise a point where it does, when one is found.
    fn compared(&mut self, before: &Session, changed: &Decl) -> (bool, Vec<(String, String)>) {
        let module = self.base.name.as_str();
        let (ours, other) = (self.decl.name.text.as_str(), format!("{}_bfv_changed", self.decl.name.text));
        let mut renamed = changed.clone();
        renamed.name.text.clone_from(&other);
        let new = |name: &str| (name == ours).then(|| other.clone());
        results(&mut renamed).into_iter().for_each(|e| rename(e, &new));
        renamed.attrs.clear();
        let mut session = before.clone();
        let both = file(&self.base.file, vec![self.decl.clone(), renamed]);
        if !self.shop.add(&mut session, module, &both).problems.is_empty() {
            return (false, Vec::new());
        }
        let claim = |session: &mut Session, text: &str| {
            self.shop.add(session, module, &file(&self.base.file, read(text))).claims.pop()
        };
        let mut asked: Vec<Claim> = Vec::new();
        for (text, script) in questions(self.decl, ours, &other) {
            let ask = |evidence: &str| format!("claim bfv_equal : {text}\n{evidence}\n");
            let Some(plain) = claim(&mut session, &ask("")) else { continue };
            let scripts = ["ring", "auto"].map(|last| ask(&format!("{script} unfold {ours}, {other} {last}")));
            asked.extend(scripts.iter().find_map(|s| claim(&mut session, s)));
            if let Some((lemma, path)) = by_congruence(self.decl, changed)
                && claim(&mut session, &lemma).is_none()
            {
                asked.extend(claim(&mut session, &ask(&format!("{script} exact {path}"))));
            }
            asked.push(plain);
        }
        self.shop.enter(session);
        for c in asked {
            let d = self.shop.judged(&c);
            match d.kind {
                Kind::Proved => return (true, Vec::new()),
                Kind::Refuted => return (false, d.point),
                Kind::Unknown => {}
            }
        }
        (false, Vec::new())
    }
}

/// A theorem that the two sides of the one place where declarations differ are equal, and the path between the declarations that it gives.
fn by_congruence(d: &Decl, changed: &Decl) -> Option<(String, String)> {
    let (mut d, mut changed) = (d.clone(), changed.clone());
    let (a, b) = match (results(&mut d).as_slice(), results(&mut changed).as_slice()) {
        ([a], [b]) => ((**a).clone(), (**b).clone()),
        _ => return None,
    };
    let path = difference(&a, &b);
    let (mut whole, mut other) = (a.clone(), b);
    let (old, new) = (at(&mut whole, &path)?.clone(), at(&mut other, &path)?.clone());
    let bound = indices(&a, &path);
    let names = d.binders.iter().flat_map(|b| b.names.iter().map(|n| n.text.clone())).chain(bound.clone());
    let names: Vec<String> = names.collect();
    let equal = print::expr(&expr(old.span, ExprKind::Binary(BinOp::Eq, old.clone(), new)));
    let inner = if bound.is_empty() { equal } else { format!("forall {}, {equal}", bound.join(" ")) };
    let ty = read(&format!("claim c : {inner}\n")).pop()?.ty?;
    let lemma =
        format!("theorem bfv_local : {}\nby intro {} ring\n", print::statement(&d.binders, &ty), names.join(" "));
    let args = names.iter().chain([&"bfv_dimension".to_owned()]).map(|n| var(old.span, n)).collect();
    *at(&mut whole, &path)? = call(old.span, var(old.span, "bfv_local"), args);
    Some((lemma, format!("(fun bfv_dimension => {})", print::expr(&whole))))
}

fn print_all(d: &Decl) -> String {
    results(&mut d.clone()).into_iter().map(|e| print::expr(e)).collect()
}

/// Statements that two declarations are equal, not all of them well-formed, each with the steps that bring its variables in scope.
fn questions(d: &Decl, a: &str, b: &str) -> Vec<(String, String)> {
    let span = d.name.span;
    let binders = &d.binders;
    let names: Vec<&Name> = binders.iter().flat_map(|b| &b.names).collect();
    if names.iter().any(|n| n.text == "_") {
        return Vec::new();
    }
    let applied = |f: &str, more: &[&str]| {
        let own = binders
            .iter()
            .flat_map(|b| b.names.iter().map(|n| Arg { name: None, implicit: b.implicit, expr: var(n.span, &n.text) }));
        let more = more.iter().map(|m| Arg { name: None, implicit: false, expr: var(span, m) });
        let args: Vec<Arg> = own.chain(more).collect();
        if args.is_empty() { var(span, f) } else { expr(span, ExprKind::App(var(span, f), args)) }
    };
    let mut out: Vec<(String, String)> = Vec::new();
    // Numbers and the like as they are, vectors entry by entry, statements as equivalent.
    for (op, more) in
        [(BinOp::Eq, &[][..]), (BinOp::Eq, &["entry"]), (BinOp::Eq, &["entry", "part"]), (BinOp::Iff, &[])]
    {
        let equal = expr(span, ExprKind::Binary(op, applied(a, more), applied(b, more)));
        let entries: Vec<String> = more.iter().map(|m| format!("forall {m}, ")).collect();
        let inner = format!("{}{}", entries.concat(), print::expr(&equal));
        let text = match read(&format!("claim c : {inner}\n")).pop().and_then(|d| d.ty) {
            Some(ty) => print::statement(binders, &ty),
            None => continue,
        };
        let intro: Vec<&str> = names.iter().map(|n| n.text.as_str()).chain(more.iter().copied()).collect();
        let intro = if intro.is_empty() { String::new() } else { format!("intro {} ", intro.join(" ")) };
        out.push((text, format!("by {intro}")));
    }
    out
}
