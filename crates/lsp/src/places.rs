//! Places in a file: which declaration and which step stand there, and what a name there means.

use bfv_diag::Span;
use bfv_syntax::tree::{
    Binder, Body, Case, Clause, Decl, Expr, ExprKind, Faces, File, HaveBody, Item, ItemKind, Name, Pattern, Protocol,
    Script, Tactic, TacticKind,
};

/// Whether a place lies in a span, or directly behind it.
fn inside(span: Span, at: usize) -> bool {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    (span.start..=span.end).contains(&at)
}

/// A span as offsets.
#[must_use]
pub fn bytes(span: Span) -> std::ops::Range<usize> {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    number(span.start)..number(span.end)
}

/// The declaration at a place, as an author wrote it: what was made from a protocol is left out.
#[must_use]
pub fn declaration(file: &File, at: usize) -> Option<&Decl> {
    // Where one ends and the next begins, the next one is meant.
    file.decls.iter().rfind(|d| d.part.is_none() && inside(d.span, at))
}

/// The word at a place, with dots; nothing in a comment.
#[must_use]
pub fn word(text: &str, at: usize) -> Option<&str> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '\'' | '.');
    let (before, after) = text.split_at_checked(at)?;
    let start = before.trim_end_matches(part).len();
    let end = at + (after.len() - after.trim_start_matches(part).len());
    let line = before.rsplit('\n').next().unwrap_or_default();
    let word = text.get(start..end)?.trim_matches('.');
    (!line.contains("--") && word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')).then_some(word)
}

/// A claim with its script up to a place, and the part of the script that the place is in; nothing where it is in none.
#[must_use]
pub fn up_to(claim: &Decl, at: usize) -> Option<(Decl, Span)> {
    let Body::By(script) = &claim.body else { return None };
    if !inside(script.span, at) {
        return None;
    }
    let (script, span) = cut(script, at);
    Some((Decl { body: Body::By(script), ..claim.clone() }, span))
}

fn cut(script: &Script, at: usize) -> (Script, Span) {
    let mut steps = Vec::new();
    for step in &script.steps {
        let Span { start, end, .. } = step.span;
        if usize::try_from(end).is_ok_and(|end| end <= at) {
            steps.push(step.clone());
            continue;
        }
        if usize::try_from(start).is_ok_and(|start| start < at)
            && let Some((kind, span)) = cut_step(&step.kind, at)
        {
            steps.push(Tactic { kind, span: step.span });
            return (Script { steps, span: script.span }, span);
        }
        break;
    }
    (Script { steps, span: script.span }, script.span)
}

/// A step with a script in it, up to a place in that script.
fn cut_step(kind: &TacticKind, at: usize) -> Option<(TacticKind, Span)> {
    let in_cases = |cases: &[Case]| {
        let n = cases.iter().position(|c| inside(c.script.span, at))?;
        let mut cases = cases.to_vec();
        let case = cases.get_mut(n)?;
        let (script, span) = cut(&case.script, at);
        case.script = script;
        Some((cases, span))
    };
    match kind {
        TacticKind::Induction(e, cases) => in_cases(cases).map(|(c, span)| (TacticKind::Induction(e.clone(), c), span)),
        TacticKind::Cases(e, cases) => in_cases(cases).map(|(c, span)| (TacticKind::Cases(e.clone(), c), span)),
        TacticKind::Block(script) if inside(script.span, at) => {
            let (script, span) = cut(script, at);
            Some((TacticKind::Block(script), span))
        }
        TacticKind::Have(name, ty, HaveBody::By(script)) if inside(script.span, at) => {
            let (script, span) = cut(script, at);
            Some((TacticKind::Have(name.clone(), ty.clone(), HaveBody::By(script)), span))
        }
        _ => None,
    }
}

/// The place of what a name means at a place: a variable there, or a declaration of the file. Nothing for other names.
#[must_use]
pub fn meaning(file: &File, module: &str, word: &str, at: usize) -> Option<Span> {
    let mut scope = Scope { at, names: Vec::new() };
    if let Some(p) = file.protocols.iter().find(|p| inside(p.span, at)) {
        scope.protocol(p);
    } else if let Some(d) = declaration(file, at) {
        scope.declaration(d);
    }
    let local = scope.names.iter().rev().find(|n| n.text == word).map(|n| n.span);
    local.or_else(|| declared(file, module, word))
}

/// The place of a declaration of a file, by its name with or without the module. What is made of it counts as it.
#[must_use]
pub fn declared(file: &File, module: &str, word: &str) -> Option<Span> {
    let short = word.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')).unwrap_or(word);
    let constructors = |d: &Decl| match &d.body {
        Body::Constructors(all) => all.iter().map(|c| c.name.clone()).collect(),
        _ => Vec::new(),
    };
    let own = file.decls.iter().flat_map(|d| std::iter::once(d.name.clone()).chain(constructors(d)));
    let all: Vec<Name> = own.chain(file.protocols.iter().map(|p| p.name.clone())).collect();
    let mut short = short;
    loop {
        if let Some(n) = all.iter().find(|n| n.text == short) {
            return Some(n.span);
        }
        // A part such as `f.domain` has the place of `f`.
        short = short.rsplit_once('.')?.0;
    }
}

/// The names of variables that are known at a place, outermost first.
struct Scope {
    at: usize,
    names: Vec<Name>,
}

impl Scope {
    fn inside(&self, e: &Expr) -> bool {
        inside(e.span, self.at)
    }

    /// Whether the place is behind what the binders bind: in none of their types.
    fn binders(&mut self, bs: &[Binder]) -> bool {
        for b in bs {
            if let Some(ty) = b.ty.as_ref().filter(|ty| self.inside(ty)) {
                self.expr(ty);
                return false;
            }
            self.names.extend(b.names.iter().cloned());
        }
        true
    }

    fn declaration(&mut self, d: &Decl) {
        if !self.binders(&d.binders) {
            return;
        }
        for e in d.ty.iter().chain(d.attrs.iter().flat_map(|a| &a.args)) {
            self.expr(e);
        }
        self.body(&d.body);
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::None => {}
            Body::Term(e) => self.expr(e),
            Body::By(script) => self.script(script),
            Body::Clauses(clauses) => self.clauses(clauses),
            Body::RefutedAt { witness, script } => {
                witness.iter().for_each(|(_, e)| self.expr(e));
                script.iter().for_each(|s| self.script(s));
            }
            Body::Constructors(all) => {
                for c in all {
                    let known = self.names.len();
                    // The fields of one constructor are not known in the next one.
                    let mine = c.fields.iter().any(|b| inside(b.span, self.at));
                    let behind = self.binders(&c.fields);
                    if behind {
                        self.faces(&c.boundary);
                    }
                    let in_boundary = c
                        .boundary
                        .iter()
                        .any(|(eqs, e)| self.inside(e) || eqs.iter().any(|(a, b)| self.inside(a) || self.inside(b)));
                    if mine || in_boundary {
                        return;
                    }
                    self.names.truncate(known);
                }
            }
        }
    }

    fn clauses(&mut self, clauses: &[Clause]) {
        if let Some(c) = clauses.iter().rfind(|c| inside(c.span, self.at)) {
            c.patterns.iter().for_each(|p| self.pattern(p));
            self.expr(&c.body);
        }
    }

    fn pattern(&mut self, p: &Pattern) {
        match p {
            // With arguments it is a constructor. Without, the elaborator alone knows.
            Pattern::Name(name, args) if args.is_empty() => self.names.push(name.clone()),
            Pattern::Name(_, args) => args.iter().for_each(|a| self.pattern(a)),
            Pattern::Pair(a, b, _) => {
                self.pattern(a);
                self.pattern(b);
            }
            Pattern::Wildcard(_) | Pattern::Number(..) => {}
        }
    }

    fn faces(&mut self, faces: &Faces) {
        for (equations, e) in faces {
            equations.iter().for_each(|(a, b)| self.all([a, b]));
            self.expr(e);
        }
    }

    fn all<'e>(&mut self, all: impl IntoIterator<Item = &'e Expr>) {
        all.into_iter().for_each(|e| self.expr(e));
    }

    fn expr(&mut self, e: &Expr) {
        if !self.inside(e) {
            return;
        }
        match &*e.kind {
            ExprKind::Lam(bs, a)
            | ExprKind::Pi(bs, a)
            | ExprKind::Sigma(bs, a)
            | ExprKind::Exists(bs, a)
            | ExprKind::Big(_, bs, a) => {
                if self.binders(bs) {
                    self.expr(a);
                }
            }
            ExprKind::Let(name, ty, a, b) => {
                self.all(ty.iter().chain([a]));
                if !self.inside(a) {
                    self.names.push(name.clone());
                    self.expr(b);
                }
            }
            ExprKind::Match(a, clauses) => {
                self.expr(a);
                self.clauses(clauses);
            }
            ExprKind::App(f, args) => self.all(std::iter::once(f).chain(args.iter().map(|a| &a.expr))),
            ExprKind::Neg(a) | ExprKind::Not(a) | ExprKind::Proj(a, _) | ExprKind::Unglue(a) => self.expr(a),
            ExprKind::Binary(_, a, b)
            | ExprKind::Arrow(a, b)
            | ExprKind::Pair(a, b)
            | ExprKind::Ann(a, b)
            | ExprKind::At(a, b) => self.all([a, b]),
            ExprKind::If(a, b, c) => self.all([a, b, c]),
            ExprKind::Vector(all) => self.all(all),
            ExprKind::By(script) => self.script(script),
            ExprKind::Coe(a, b, c, d) => self.all([a, b, c, d]),
            ExprKind::HCom(a, b, c, fs, d) => {
                self.all([a, b, c, d]);
                self.faces(fs);
            }
            ExprKind::Glue(a, fs) | ExprKind::GlueEl(a, fs) => {
                self.expr(a);
                self.faces(fs);
            }
            ExprKind::Var(_)
            | ExprKind::Number(..)
            | ExprKind::String(_)
            | ExprKind::Hole(_)
            | ExprKind::Univ(_)
            | ExprKind::Error => {}
        }
    }

    fn script(&mut self, script: &Script) {
        if !inside(script.span, self.at) {
            return;
        }
        for step in &script.steps {
            if usize::try_from(step.span.start).is_ok_and(|start| start > self.at) {
                break;
            }
            self.step(step);
        }
    }

    fn step(&mut self, step: &Tactic) {
        match &step.kind {
            TacticKind::Intro(names) => self.names.extend(names.iter().cloned()),
            TacticKind::Have(name, ty, body) => {
                ty.iter().for_each(|e| self.expr(e));
                match body {
                    HaveBody::Term(e) => self.expr(e),
                    HaveBody::By(script) => self.script(script),
                }
                self.names.push(name.clone());
            }
            TacticKind::Induction(e, cases) | TacticKind::Cases(e, cases) => {
                self.expr(e);
                let here =
                    |c: &&Case| inside(c.script.span, self.at) || c.names.iter().any(|n| inside(n.span, self.at));
                if let Some(case) = cases.iter().find(here) {
                    self.names.extend(case.names.iter().cloned());
                    self.script(&case.script);
                }
            }
            TacticKind::Block(script) => self.script(script),
            TacticKind::Apply(e) | TacticKind::Exact(e) | TacticKind::Show(e) | TacticKind::Exists(e) => self.expr(e),
            TacticKind::Rewrite(all, _) => self.all(all.iter().map(|(_, e)| e)),
            TacticKind::Arith(all) | TacticKind::Auto(all) => self.all(all),
            TacticKind::Assumption
            | TacticKind::Refl
            | TacticKind::Ring
            | TacticKind::Box(_)
            | TacticKind::Unfold(..)
            | TacticKind::Split => {}
        }
    }

    fn protocol(&mut self, p: &Protocol) {
        if !self.binders(&p.binders) {
            return;
        }
        self.names.extend(p.items.iter().map(|i| i.name.clone()));
        if let Some(item) = p.items.iter().rfind(|i| inside(i.span, self.at)) {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Sort(e)
            | ItemKind::Given(e)
            | ItemKind::Assumed(e)
            | ItemKind::Quorum(e)
            | ItemKind::Message(e)
            | ItemKind::Relation(e)
            | ItemKind::Invariant(e) => self.expr(e),
            ItemKind::Byzantine(a, b) | ItemKind::Function(a, b) => self.all([a, b]),
            ItemKind::Command { binders, when, does } => {
                if self.binders(binders) {
                    self.all(when);
                    does.iter().for_each(|d| self.all(d.args.iter().chain([&d.value])));
                }
            }
            ItemKind::Decides => {}
            ItemKind::Safety(e, body) | ItemKind::Live { statement: e, body, .. } => {
                self.expr(e);
                self.body(body);
            }
        }
    }
}
