//! From a protocol to ordinary declarations. `sctt/README.md` says which they are.

use super::check;
use super::words::{Part, State, Words, at, by_byzantine, call, mentioned, var};
use crate::tree::{
    Assignment, Attr, BinOp, Binder, Body, Clause, Constructor, Decl, DeclKind, Expr, ExprKind, Item, ItemKind, Name,
    Part as Origin, Pattern, Protocol,
};
use bfv_diag::{Diagnostic, Span};
use std::collections::BTreeSet;

/// The declarations that a protocol becomes, in order; each has the places of the items that it was made from.
///
/// # Errors
/// What is wrong with its names and items. What needs types is found by the elaborator.
pub fn declarations(p: &Protocol) -> Result<Vec<Decl>, Vec<Diagnostic>> {
    let words = Words::new(p);
    let faults = check::faults(&words);
    if !faults.is_empty() {
        return Err(faults);
    }
    let maker = Maker::new(&words);
    let mut out = vec![maker.action(), maker.state()];
    out.extend(words.parts.iter().enumerate().map(|(n, part)| maker.accessor(n, part)));
    out.extend([maker.init(), maker.effect(), maker.guard()]);
    out.extend(maker.invariants());
    out.extend(p.items.iter().flat_map(|i| maker.claims(i)));
    Ok(out)
}

/// A parameter or hypothesis of the protocol.
#[derive(Clone)]
struct Parameter {
    name: Name,
    ty: Expr,
    implicit: bool,
    span: Span,
}

/// A command, written or of the Byzantine workers, with the names of the protocol in it.
struct Command<'p> {
    name: &'p str,
    span: Span,
    /// With sorts replaced.
    binders: Vec<Binder>,
    when: Option<Expr>,
    does: Vec<Assignment>,
}

struct Maker<'w, 'p> {
    words: &'w Words<'p>,
    parameters: Vec<Parameter>,
    commands: Vec<Command<'p>>,
    /// Names of the generated variables.
    state: Name,
    action: Name,
    /// The parameters that the types of states and of actions mention.
    of_state: BTreeSet<String>,
    of_action: BTreeSet<String>,
    /// Those of init, effect and guard.
    of_init: BTreeSet<String>,
    of_effect: BTreeSet<String>,
    of_guard: BTreeSet<String>,
}

impl<'w, 'p> Maker<'w, 'p> {
    fn new(words: &'w Words<'p>) -> Self {
        let mut maker = Maker {
            words,
            parameters: parameters(words),
            commands: Vec::new(),
            state: words.fresh("state"),
            action: words.fresh("action"),
            of_state: BTreeSet::new(),
            of_action: BTreeSet::new(),
            of_init: BTreeSet::new(),
            of_effect: BTreeSet::new(),
            of_guard: BTreeSet::new(),
        };
        maker.commands = maker.commands();
        let types = words.parts.iter().flat_map(|p| p.args.iter().chain([&p.result]));
        maker.of_state = maker.needed(types);
        let arguments = maker.commands.iter().flat_map(|c| &c.binders).filter_map(|b| b.ty.as_ref());
        maker.of_action = maker.needed(arguments);
        let both: BTreeSet<String> = maker.of_state.union(&maker.of_action).cloned().collect();
        let with = |es: Vec<Expr>, more: &BTreeSet<String>| maker.needed(&es).union(more).cloned().collect();
        let first = words.parts.iter().filter_map(|p| p.init).map(|e| words.plain(e)).collect();
        let here = var(Span::default(), &maker.state.text);
        let changes = maker.commands.iter().flat_map(|c| maker.updates(c, &here)).collect();
        let guards: Vec<Expr> = maker.commands.iter().map(|c| maker.condition(c, &here)).collect();
        let kept = |i: &Item| match &i.kind {
            ItemKind::Invariant(e) => Some(words.rewritten(e, State::Is(&here))),
            _ => None,
        };
        // The guard and the conjunction of the invariants take the same parameters, so that one is found from the other.
        let guards = guards.into_iter().chain(words.protocol.items.iter().filter_map(kept)).collect();
        let (init, effect, guard) = (with(first, &maker.of_state), with(changes, &both), with(guards, &both));
        (maker.of_init, maker.of_effect, maker.of_guard) = (init, effect, guard);
        maker
    }

    fn commands(&self) -> Vec<Command<'p>> {
        let mut out = Vec::new();
        for item in &self.words.protocol.items {
            if let ItemKind::Command { binders, when, does } = &item.kind {
                let binders = binders
                    .iter()
                    .map(|b| Binder { ty: b.ty.as_ref().map(|t| self.words.plain(t)), ..b.clone() })
                    .collect();
                let (when, does) = (when.clone(), does.clone());
                out.push(Command { name: &item.name.text, span: item.span, binders, when, does });
            }
        }
        let Some((byzantine, ..)) = self.words.byzantine() else { return out };
        for part in self.words.parts.iter().filter(|p| matches!(p.item.kind, ItemKind::Message(_))) {
            let span = part.item.span;
            let names: Vec<Name> = std::iter::once("sender".to_owned())
                .chain((1..part.args.len()).map(|n| format!("content{n}")))
                .map(|n| Name { span: part.item.name.span, ..self.words.fresh(&n) })
                .collect();
            let binder = |(n, ty): (&Name, &Expr)| Binder {
                names: vec![n.clone()],
                ty: Some(ty.clone()),
                implicit: false,
                span,
            };
            let args: Vec<Expr> = names.iter().map(|n| var(span, &n.text)).collect();
            let sender = args.first().cloned().into_iter().collect();
            let lies =
                at(span, ExprKind::Binary(BinOp::Eq, call(span, &byzantine.name.text, sender), var(span, "true")));
            out.push(Command {
                name: &part.item.name.text,
                span,
                binders: names.iter().zip(&part.args).map(binder).collect(),
                when: Some(lies),
                does: vec![Assignment { span, part: part.item.name.clone(), args, value: var(span, "true") }],
            });
        }
        out
    }

    /// The name of a command as a constructor.
    fn constructor(&self, c: &Command<'_>, number: usize) -> String {
        let written = |i: &Item| matches!(i.kind, ItemKind::Command { .. });
        let first = self.words.protocol.items.iter().filter(|i| written(i)).count();
        self.words.own(&if number < first { c.name.to_owned() } else { by_byzantine(c.name) })
    }

    /// The parameters that expressions mention, and those that the types of these mention.
    fn needed<'e>(&self, es: impl IntoIterator<Item = &'e Expr>) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = es.into_iter().flat_map(mentioned).collect();
        // A type mentions earlier parameters only.
        for p in self.parameters.iter().rev() {
            if names.contains(&p.name.text) {
                names.extend(mentioned(&p.ty));
            }
        }
        names.retain(|n| self.parameters.iter().any(|p| p.name.text == *n));
        names
    }

    /// Binders for some of the parameters; those of `found` are implicit.
    fn binders(&self, of: &BTreeSet<String>, found: &BTreeSet<String>) -> Vec<Binder> {
        let some = self.parameters.iter().filter(|p| of.contains(&p.name.text));
        some.map(|p| Binder {
            names: vec![p.name.clone()],
            ty: Some(p.ty.clone()),
            implicit: found.contains(&p.name.text),
            span: p.span,
        })
        .collect()
    }

    /// One of the generated constants at the parameters that are not found from its other arguments, and at these.
    fn constant(
        &self,
        span: Span,
        name: &str,
        of: &BTreeSet<String>,
        found: &BTreeSet<String>,
        rest: Vec<Expr>,
    ) -> Expr {
        let given = self.parameters.iter().filter(|p| of.contains(&p.name.text) && !found.contains(&p.name.text));
        let args = given.map(|p| var(span, &p.name.text)).chain(rest).collect();
        call(span, &self.words.own(name), args)
    }

    fn state_type(&self, span: Span) -> Expr {
        self.constant(span, "State", &self.of_state, &BTreeSet::new(), Vec::new())
    }

    fn action_type(&self, span: Span) -> Expr {
        self.constant(span, "Action", &self.of_action, &BTreeSet::new(), Vec::new())
    }

    /// What the arguments of effect and guard determine.
    fn found(&self) -> BTreeSet<String> {
        self.of_state.union(&self.of_action).cloned().collect()
    }

    fn typed(&self, name: &Name, ty: Expr) -> Binder {
        Binder { names: vec![name.clone()], span: ty.span, ty: Some(ty), implicit: false }
    }

    fn decl(
        &self,
        span: Span,
        name: String,
        kind: DeclKind,
        binders: Vec<Binder>,
        ty: Option<Expr>,
        body: Body,
    ) -> Decl {
        let protocol = &self.words.protocol.name;
        Decl {
            span,
            doc: None,
            attrs: Vec::new(),
            kind,
            name: Name { text: name, span: protocol.span },
            binders,
            ty,
            body,
            part: Some(Box::new(Origin { protocol: protocol.clone(), needs: "std.protocol", stated: Vec::new() })),
        }
    }

    fn action(&self) -> Decl {
        let p = self.words.protocol;
        let constructors = self
            .commands
            .iter()
            .enumerate()
            .map(|(n, c)| Constructor {
                name: Name { text: self.constructor(c, n), span: c.span },
                fields: c.binders.clone(),
                boundary: Vec::new(),
            })
            .collect();
        let binders = self.binders(&self.of_action, &BTreeSet::new());
        let body = Body::Constructors(constructors);
        Decl { doc: p.doc.clone(), ..self.decl(p.span, self.words.own("Action"), DeclKind::Data, binders, None, body) }
    }

    fn state(&self) -> Decl {
        let span = self.words.protocol.span;
        let types = self.words.parts.iter().map(|p| {
            let place = p.item.span;
            p.args.iter().rev().fold(p.result.clone(), |to, a| at(place, ExprKind::Arrow(a.clone(), to)))
        });
        let product = |a: Expr, b: Expr| at(span, ExprKind::Binary(BinOp::Times, a, b));
        let body = nested(types.collect(), product).unwrap_or_else(|| var(span, "Unit"));
        let binders = self.binders(&self.of_state, &BTreeSet::new());
        self.decl(span, self.words.own("State"), DeclKind::Def, binders, Some(universe(span)), Body::Term(body))
    }

    fn accessor(&self, number: usize, part: &Part<'p>) -> Decl {
        let span = part.item.span;
        let mut body = var(span, &self.state.text);
        for _ in 0..number {
            body = at(span, ExprKind::Proj(body, "2".to_owned()));
        }
        if number + 1 < self.words.parts.len() {
            body = at(span, ExprKind::Proj(body, "1".to_owned()));
        }
        let ty = part.args.iter().rev().fold(part.result.clone(), |to, a| at(span, ExprKind::Arrow(a.clone(), to)));
        let mut binders = self.binders(&self.of_state, &self.of_state);
        binders.push(self.typed(&self.state, self.state_type(span)));
        let name = self.words.own(&part.item.name.text);
        let d = self.decl(span, name, DeclKind::Def, binders, Some(ty), Body::Term(body));
        named(d, &part.item.name, part.item.doc.as_ref())
    }

    fn init(&self) -> Decl {
        let span = self.words.protocol.span;
        let values = self.words.parts.iter().map(|p| {
            let place = p.init.map_or(p.item.span, |e| e.span);
            let value = p.init.map_or_else(|| var(place, "false"), |e| self.words.plain(e));
            lambda(place, p.args.iter().map(|_| Name { text: "_".to_owned(), span: place }).collect(), value)
        });
        let pair = |a: Expr, b: Expr| at(span, ExprKind::Pair(a, b));
        let body = nested(values.collect(), pair).unwrap_or_else(|| var(span, "tt"));
        let binders = self.binders(&self.of_init, &BTreeSet::new());
        let ty = Some(self.state_type(span));
        self.decl(span, self.words.own("init"), DeclKind::Def, binders, ty, Body::Term(body))
    }

    /// What each part of the state is after a command.
    fn updates(&self, c: &Command<'_>, state: &Expr) -> Vec<Expr> {
        let one = |part: &Part<'p>| {
            let name = &part.item.name.text;
            let old = call(c.span, &self.words.own(name), vec![Expr { span: c.span, ..state.clone() }]);
            c.does.iter().find(|d| d.part.text == *name).map_or(old, |d| self.update(part, d, state))
        };
        self.words.parts.iter().map(one).collect()
    }

    /// `fun x y => if x is a then (if y is b then e else old x y) else old x y`
    fn update(&self, part: &Part<'p>, d: &Assignment, state: &Expr) -> Expr {
        let value = self.words.rewritten(&d.value, State::Is(state));
        let names: Vec<Name> =
            (1..=d.args.len()).map(|n| Name { span: d.span, ..self.words.fresh(&format!("at{n}")) }).collect();
        let mut old = vec![Expr { span: d.span, ..state.clone() }];
        old.extend(names.iter().map(|n| var(d.span, &n.text)));
        let old = call(d.span, &self.words.own(&d.part.text), old);
        let places = part.args.iter().zip(&d.args).zip(&names).rev();
        let body = places.fold(value, |then, ((ty, arg), name)| {
            let arg = self.words.rewritten(arg, State::Is(state));
            let same = equal(ty, arg, var(d.span, &name.text), d.span);
            at(d.span, ExprKind::If(same, then, old.clone()))
        });
        lambda(d.span, names, body)
    }

    fn condition(&self, c: &Command<'_>, state: &Expr) -> Expr {
        c.when.as_ref().map_or_else(|| var(c.span, "Unit"), |e| self.words.rewritten(e, State::Is(state)))
    }

    /// A function of actions and states, by cases of the action.
    fn by_action(
        &self,
        name: &str,
        of: &BTreeSet<String>,
        ty: Expr,
        result: impl Fn(&Command<'p>, &Expr) -> Expr,
    ) -> Decl {
        let span = self.words.protocol.span;
        let state = var(span, &self.state.text);
        let clauses = self.commands.iter().enumerate().map(|(n, c)| {
            let names = c.binders.iter().flat_map(|b| &b.names);
            let fields = names.map(|n| Pattern::Name(n.clone(), Vec::new())).collect();
            let pattern = Pattern::Name(Name { text: self.constructor(c, n), span: c.span }, fields);
            Clause { patterns: vec![pattern], body: result(c, &state), span: c.span }
        });
        let body = at(span, ExprKind::Match(var(span, &self.action.text), clauses.collect()));
        let mut binders = self.binders(of, &self.found());
        binders.push(self.typed(&self.action, self.action_type(span)));
        binders.push(self.typed(&self.state, self.state_type(span)));
        self.decl(span, self.words.own(name), DeclKind::Def, binders, Some(ty), Body::Term(body))
    }

    fn effect(&self) -> Decl {
        let ty = self.state_type(self.words.protocol.span);
        self.by_action("effect", &self.of_effect, ty, |c, state| {
            let pair = |a: Expr, b: Expr| at(c.span, ExprKind::Pair(a, b));
            nested(self.updates(c, state), pair).unwrap_or_else(|| var(c.span, "tt"))
        })
    }

    fn guard(&self) -> Decl {
        let span = self.words.protocol.span;
        let d = self.by_action("guard", &self.of_guard, universe(span), |c, state| self.condition(c, state));
        let here = var(span, &self.state.text);
        let written = self.commands.iter().filter(|c| c.when.is_some());
        let stated = written.map(|c| {
            let mut binders = self.binders(&self.of_guard, &self.of_guard);
            binders.extend(c.binders.iter().cloned());
            binders.push(self.typed(&self.state, self.state_type(c.span)));
            (binders, self.condition(c, &here))
        });
        stating(d, stated.collect())
    }

    /// Each invariant, and all of them.
    fn invariants(&self) -> Vec<Decl> {
        let span = self.words.protocol.span;
        let (mut out, mut all, of_all) = (Vec::new(), Vec::new(), &self.of_guard);
        for item in &self.words.protocol.items {
            let ItemKind::Invariant(e) = &item.kind else { continue };
            let body = self.words.rewritten(e, State::Is(&var(item.span, &self.state.text)));
            let of: BTreeSet<String> = self.needed([&body]).union(&self.of_state).cloned().collect();
            let mut binders = self.binders(&of, &self.of_state);
            binders.push(self.typed(&self.state, self.state_type(item.span)));
            let stated = vec![(binders.clone(), body.clone())];
            let short = format!("invariant.{}", item.name.text);
            let here = vec![var(span, &self.state.text)];
            all.push(self.constant(span, &short, &of, &self.of_state, here));
            let ty = Some(universe(item.span));
            let d = self.decl(item.span, self.words.own(&short), DeclKind::Def, binders, ty, Body::Term(body));
            out.push(tagged(stating(named(d, &item.name, item.doc.as_ref()), stated), "protocol.part"));
        }
        let and = |a: Expr, b: Expr| at(span, ExprKind::Binary(BinOp::And, a, b));
        let body = nested(all, and).unwrap_or_else(|| var(span, "Unit"));
        let mut binders = self.binders(of_all, &self.of_state);
        binders.push(self.typed(&self.state, self.state_type(span)));
        let name = self.words.own("invariant");
        let all = self.decl(span, name, DeclKind::Def, binders, Some(universe(span)), Body::Term(body));
        out.push(tagged(all, "protocol.invariant"));
        out
    }

    /// What a property becomes.
    fn claims(&self, item: &Item) -> Vec<Decl> {
        match &item.kind {
            ItemKind::Safety(statement, body) => vec![self.safety(item, statement, body)],
            ItemKind::Live { fair, statement, body } => {
                vec![self.fair(item, fair), self.live(item, statement, body)]
            }
            _ => Vec::new(),
        }
    }

    /// The parameters of a claim.
    fn leading(&self) -> Vec<Binder> {
        self.parameters
            .iter()
            .map(|p| Binder { names: vec![p.name.clone()], ty: Some(p.ty.clone()), implicit: p.implicit, span: p.span })
            .collect()
    }

    /// Init, effect and guard.
    fn system(&self, span: Span) -> [Expr; 3] {
        [
            self.constant(span, "init", &self.of_init, &BTreeSet::new(), Vec::new()),
            self.constant(span, "effect", &self.of_effect, &self.found(), Vec::new()),
            self.constant(span, "guard", &self.of_guard, &self.found(), Vec::new()),
        ]
    }

    /// Whether an action is treated fairly.
    fn fair(&self, item: &Item, fair: &[Name]) -> Decl {
        let span = item.name.span;
        let clauses = self.commands.iter().enumerate().map(|(n, c)| {
            let name = self.constructor(c, n);
            let said = fair.iter().find(|f| self.words.own(&f.text) == name);
            let place = said.map_or(span, |f| f.span);
            let fields = c.binders.iter().flat_map(|b| &b.names);
            let fields = fields.map(|f| Pattern::Wildcard(f.span)).collect();
            let pattern = Pattern::Name(Name { text: name, span: place }, fields);
            let body = var(place, if said.is_some() { "true" } else { "false" });
            Clause { patterns: vec![pattern], body, span: place }
        });
        let body = at(span, ExprKind::Match(var(span, &self.action.text), clauses.collect()));
        let mut binders = self.binders(&self.of_action, &self.of_action);
        binders.push(self.typed(&self.action, self.action_type(span)));
        let name = self.words.own(&format!("fair.{}", item.name.text));
        self.decl(item.span, name, DeclKind::Def, binders, Some(var(span, "Bool")), Body::Term(body))
    }

    /// A liveness property: every fair run without end has a state in which it holds.
    fn live(&self, item: &Item, statement: &Expr, body: &Body) -> Decl {
        let span = item.name.span;
        let [init, effect, guard] = self.system(span);
        let course = || var(span, "course");
        let with = |f: &str, more: Vec<Expr>| {
            call(span, &format!("std.live.{f}"), [vec![init.clone(), effect.clone()], more].concat())
        };
        let fair =
            self.constant(span, &format!("fair.{}", item.name.text), &self.of_action, &self.of_action, Vec::new());
        let moves = call(span, "std.live.Move", vec![self.action_type(span)]);
        let mut binders = self.leading();
        let mut bind = |name: &str, ty: Expr| binders.push(self.typed(&Name { text: name.to_owned(), span }, ty));
        bind("course", at(span, ExprKind::Arrow(var(span, "Nat"), moves)));
        bind("possible", with("Possible", vec![guard.clone(), course()]));
        bind("fairly", with("Fair", vec![guard, fair, course()]));
        let said = self.words.rewritten(statement, State::Is(&var(span, &self.state.text)));
        let here = self.typed(&Name { span, ..self.state.clone() }, self.state_type(span));
        let said = at(statement.span, ExprKind::Lam(vec![here], said));
        let mut d = self.property(item, binders, with("Eventually", vec![course(), said]), body, None);
        if let Some(part) = &mut d.part {
            (part.needs, part.protocol.span) = ("std.live", span);
        }
        d
    }

    /// A safety property: it holds at the end of every legal run.
    fn safety(&self, item: &Item, statement: &Expr, body: &Body) -> Decl {
        let span = item.name.span;
        let word = |text: &str| Name { text: text.to_owned(), span };
        let [init, effect, guard] = self.system(span);
        let trace = || var(span, "trace");
        let mut binders = self.leading();
        let runs = call(span, "std.protocol.Trace", vec![self.action_type(span)]);
        let legal = call(span, "std.protocol.Legal", vec![init.clone(), effect.clone(), guard, trace()]);
        binders.push(self.typed(&word("trace"), runs));
        binders.push(self.typed(&word("legal"), legal));
        let end = call(span, "std.protocol.run", vec![init, effect, trace()]);
        let here = var(span, &self.state.text);
        let said = self.words.rewritten(statement, State::Is(&here));
        let with_state = |e: Expr| at(e.span, ExprKind::Let(Name { span, ..self.state.clone() }, None, end.clone(), e));
        // The variables of a leading `forall` stay in front, for a witness may name them.
        let ty = match *said.kind {
            ExprKind::Pi(bs, rest)
                if !bs.iter().filter_map(|b| b.ty.as_ref()).any(|t| mentioned(t).contains(&self.state.text)) =>
            {
                at(statement.span, ExprKind::Pi(bs, with_state(rest)))
            }
            kind => with_state(at(statement.span, kind)),
        };
        self.property(item, binders, ty, body, Some(&end))
    }

    /// The claim that a property becomes, about the state at the end of a run where there is one.
    fn property(&self, item: &Item, binders: Vec<Binder>, ty: Expr, body: &Body, end: Option<&Expr>) -> Decl {
        let run = State::Run(end, &[]);
        let attribute =
            |a: &Attr| Attr { args: a.args.iter().map(|e| self.words.rewritten(e, run)).collect(), ..a.clone() };
        let body = match body {
            Body::Term(e) => Body::Term(self.words.rewritten(e, run)),
            Body::By(s) => Body::By(self.words.script(s, end)),
            Body::RefutedAt { witness, script } => Body::RefutedAt {
                witness: witness.iter().map(|(n, e)| (n.clone(), self.words.rewritten(e, run))).collect(),
                script: script.as_ref().map(|s| self.words.script(s, end)),
            },
            other => other.clone(),
        };
        let name = self.words.own(&item.name.text);
        let d = self.decl(item.span, name, DeclKind::Claim, binders, Some(ty), body);
        Decl { attrs: item.attrs.iter().map(attribute).collect(), ..named(d, &item.name, item.doc.as_ref()) }
    }
}

/// The parameters and hypotheses of a protocol, with those that its items add, in order.
fn parameters(words: &Words<'_>) -> Vec<Parameter> {
    let mut out = Vec::new();
    for b in &words.protocol.binders {
        let ty = b.ty.as_ref().map_or_else(|| at(b.span, ExprKind::Hole(None)), |t| words.plain(t));
        out.extend(b.names.iter().map(|n| Parameter {
            name: n.clone(),
            ty: ty.clone(),
            implicit: b.implicit,
            span: b.span,
        }));
    }
    for item in &words.protocol.items {
        let span = item.span;
        let mut add = |name: Name, ty: Expr| out.push(Parameter { name, ty, implicit: false, span });
        match &item.kind {
            ItemKind::Byzantine(ty, most) => {
                let set = at(span, ExprKind::Arrow(words.plain(ty), var(span, "Bool")));
                let count = call(span, "std.count.count", vec![var(span, &item.name.text)]);
                add(item.name.clone(), set);
                let few = Name { text: "few".to_owned(), span: item.name.span };
                add(few, at(span, ExprKind::Binary(BinOp::Le, count, words.plain(most))));
            }
            ItemKind::Given(ty) | ItemKind::Assumed(ty) => add(item.name.clone(), words.plain(ty)),
            _ => {}
        }
    }
    out
}

/// Whether two values of a type are the same; what has no such test was refused.
fn equal(ty: &Expr, a: Expr, b: Expr, span: Span) -> Expr {
    match check::size(ty) {
        Some(size) => call(span, "std.protocol.fin_eqb", vec![size.clone(), a, b]),
        None => call(span, "std.protocol.number_eqb", vec![a, b]),
    }
}

/// `a` joined with (`b` joined with `c`).
fn nested(mut all: Vec<Expr>, join: impl Fn(Expr, Expr) -> Expr) -> Option<Expr> {
    let last = all.pop()?;
    Some(all.into_iter().rev().fold(last, |rest, e| join(e, rest)))
}

fn lambda(span: Span, names: Vec<Name>, body: Expr) -> Expr {
    if names.is_empty() {
        return body;
    }
    let binders = names.into_iter().map(|n| Binder { names: vec![n], ty: None, implicit: false, span }).collect();
    at(span, ExprKind::Lam(binders, body))
}

fn universe(span: Span) -> Expr {
    at(span, ExprKind::Univ(0))
}

/// A declaration at the name and with the comment of an item.
fn named(d: Decl, item: &Name, doc: Option<&String>) -> Decl {
    Decl { name: Name { span: item.span, ..d.name }, doc: doc.cloned(), ..d }
}

fn stating(mut d: Decl, stated: Vec<(Vec<Binder>, Expr)>) -> Decl {
    if let Some(part) = &mut d.part {
        part.stated = stated;
    }
    d
}

/// A declaration that engines find by the tag of invariants.
fn tagged(mut d: Decl, tag: &str) -> Decl {
    let word = Name { text: "tag".to_owned(), span: d.span };
    d.attrs = vec![Attr { name: word, args: vec![var(d.span, tag)], span: d.span }];
    d
}
