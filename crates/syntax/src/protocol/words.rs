//! What the names of a protocol stand for.

use super::map;
use crate::tree::*;
use bfv_diag::Span;
use std::collections::{BTreeMap, BTreeSet};

/// An expression at a place.
pub fn at(span: Span, kind: ExprKind) -> Expr {
    Expr { span, kind: Box::new(kind) }
}

/// A name as an expression.
pub fn var(span: Span, name: &str) -> Expr {
    at(span, ExprKind::Var(name.to_owned()))
}

/// A function at explicit arguments; without arguments the function itself.
pub fn call(span: Span, f: &str, args: Vec<Expr>) -> Expr {
    if args.is_empty() {
        return var(span, f);
    }
    let args = args.into_iter().map(|expr| Arg { name: None, implicit: false, expr }).collect();
    at(span, ExprKind::App(var(span, f), args))
}

/// The arguments and the result of a type `A -> B -> C`.
pub fn arrows(ty: &Expr) -> (Vec<Expr>, Expr) {
    let (mut args, mut rest) = (Vec::new(), ty.clone());
    while let ExprKind::Arrow(a, b) = &*rest.kind {
        args.push(a.clone());
        rest = b.clone();
    }
    (args, rest)
}

/// The names of a protocol that stand for something else.
pub struct Words<'p> {
    /// The protocol.
    pub protocol: &'p Protocol,
    /// Sorts, each in terms of what is no sort.
    sorts: BTreeMap<&'p str, Expr>,
    /// Quorums with their least sizes.
    quorums: BTreeMap<&'p str, Expr>,
    /// Messages, relations and functions.
    pub parts: Vec<Part<'p>>,
    /// Their places among the parts.
    places: BTreeMap<&'p str, usize>,
    /// The names of commands, also of those of Byzantine workers.
    commands: BTreeSet<String>,
    /// Every name that the protocol mentions or binds outside of proofs.
    used: BTreeSet<String>,
    /// Sorts and quorums that are too large to be written at each place where they are used.
    pub large: Vec<&'p Item>,
}

/// The largest sort or quorum, in expressions; it is written at each place where it is used.
const LARGEST: usize = 100;

/// A part of the state.
pub struct Part<'p> {
    /// Where it is declared.
    pub item: &'p Item,
    /// Types of its arguments.
    pub args: Vec<Expr>,
    /// Type of its values.
    pub result: Expr,
    /// Its value at first; nothing for `false`.
    pub init: Option<&'p Expr>,
}

/// What the parts of a state are said of.
#[derive(Clone, Copy)]
pub enum State<'e> {
    /// No state: what is said is the same at all times.
    None,
    /// The state that is meant.
    Is(&'e Expr),
    /// The same at the end of a run, where the commands are named, too, but the names of the list stand for something else. A run
    /// without end has no such state.
    Run(Option<&'e Expr>, &'e [String]),
}

impl<'p> Words<'p> {
    /// Whether a name is that of a command.
    pub fn is_command(&self, name: &str) -> bool {
        self.commands.contains(name)
    }

    /// The names of a protocol.
    pub fn new(protocol: &'p Protocol) -> Words<'p> {
        let mut words = Words {
            protocol,
            sorts: BTreeMap::new(),
            quorums: BTreeMap::new(),
            parts: Vec::new(),
            places: BTreeMap::new(),
            commands: BTreeSet::new(),
            used: used(protocol),
            large: Vec::new(),
        };
        let lies = protocol.items.iter().any(|i| matches!(i.kind, ItemKind::Byzantine(..)));
        for item in &protocol.items {
            let name = item.name.text.as_str();
            match &item.kind {
                ItemKind::Sort(e) | ItemKind::Quorum(e) if words.size(e) > LARGEST => words.large.push(item),
                ItemKind::Sort(ty) => {
                    let ty = words.plain(ty);
                    words.sorts.insert(name, ty);
                }
                ItemKind::Quorum(least) => {
                    let least = words.plain(least);
                    words.quorums.insert(name, least);
                }
                ItemKind::Command { .. } => {
                    words.commands.insert(name.to_owned());
                }
                ItemKind::Message(ty) | ItemKind::Relation(ty) | ItemKind::Function(ty, _) => {
                    let (args, result) = arrows(&words.plain(ty));
                    let init = if let ItemKind::Function(_, init) = &item.kind { Some(init) } else { None };
                    if matches!(item.kind, ItemKind::Message(_)) && lies {
                        words.commands.insert(by_byzantine(name));
                    }
                    words.places.entry(name).or_insert(words.parts.len());
                    words.parts.push(Part { item, args, result, init });
                }
                _ => {}
            }
        }
        words
    }

    /// The full name of what a protocol becomes.
    pub fn own(&self, name: &str) -> String {
        format!("{}.{name}", self.protocol.name.text)
    }

    /// The part of the state of a name.
    pub fn part(&self, name: &str) -> Option<&Part<'p>> {
        self.places.get(name).and_then(|n| self.parts.get(*n))
    }

    /// The Byzantine set, the type of its members, and how many there are at most.
    pub fn byzantine(&self) -> Option<(&'p Item, Expr, Expr)> {
        self.protocol.items.iter().find_map(|i| match &i.kind {
            ItemKind::Byzantine(ty, most) => Some((i, self.plain(ty), self.plain(most))),
            _ => None,
        })
    }

    /// How large an expression is once its sorts and quorums are written out.
    fn size(&self, e: &Expr) -> usize {
        let mut size = 0_usize;
        let count = |e: &Expr| {
            let mut n = 0_usize;
            map::each(e, &mut |_| n += 1);
            n
        };
        map::each(e, &mut |e| {
            let inside = match &*e.kind {
                ExprKind::Var(x) => {
                    self.sorts.get(x.as_str()).or_else(|| self.quorums.get(x.as_str())).map_or(1, count)
                }
                _ => 1,
            };
            size = size.saturating_add(inside);
        });
        size
    }

    /// An expression about nothing that changes.
    pub fn plain(&self, e: &Expr) -> Expr {
        self.rewritten(e, State::None)
    }

    /// An expression in terms of what the protocol becomes.
    pub fn rewritten(&self, e: &Expr, state: State<'_>) -> Expr {
        map::expr(e, &|e| self.one(e, state))
    }

    /// The same for a script in the body of a property, at a run.
    pub fn script(&self, s: &Script, state: Option<&Expr>) -> Script {
        let bound = map::bound_by(s);
        let state = State::Run(state, &bound);
        map::script(s, &|e| self.one(e, state), &|n| {
            let own = (self.commands.contains(&n.text) || self.part(&n.text).is_some()) && !bound.contains(&n.text);
            Name { text: if own { self.own(&n.text) } else { n.text.clone() }, span: n.span }
        })
    }

    fn one(&self, e: &Expr, state: State<'_>) -> Option<Expr> {
        match &*e.kind {
            ExprKind::App(head, args) => {
                let ExprKind::Var(name) = &*head.kind else { return None };
                if hidden(name, state) {
                    return None;
                }
                let args: Vec<Arg> =
                    args.iter().map(|a| Arg { expr: self.rewritten(&a.expr, state), ..a.clone() }).collect();
                if let (Some(least), [only]) = (self.quorums.get(name.as_str()), args.as_slice()) {
                    return Some(self.enough(least, only.expr.clone(), e.span));
                }
                let state = self.part(name).and(of(state))?;
                let first = Arg { name: None, implicit: false, expr: state.clone() };
                let head = var(head.span, &self.own(name));
                Some(at(e.span, ExprKind::App(head, [vec![first], args].concat())))
            }
            ExprKind::Var(name) if !hidden(name, state) => {
                if let Some(sort) = self.sorts.get(name.as_str()) {
                    return Some(Expr { span: e.span, ..sort.clone() });
                }
                if let Some(least) = self.quorums.get(name.as_str()) {
                    let set = self.fresh("members");
                    let body = self.enough(least, var(e.span, &set.text), e.span);
                    let binder = Binder { names: vec![set], ty: None, implicit: false, span: e.span };
                    return Some(at(e.span, ExprKind::Lam(vec![binder], body)));
                }
                if matches!(state, State::Run(..)) && self.commands.contains(name) {
                    return Some(var(e.span, &self.own(name)));
                }
                self.part(name).and(of(state)).map(|s| call(e.span, &self.own(name), vec![s.clone()]))
            }
            _ => None,
        }
    }

    /// That at least so many belong to a set.
    fn enough(&self, least: &Expr, set: Expr, span: Span) -> Expr {
        let least = Expr { span, ..least.clone() };
        at(span, ExprKind::Binary(BinOp::Le, least, call(span, "std.count.count", vec![set])))
    }

    /// A name that the protocol does not use.
    pub fn fresh(&self, name: &str) -> Name {
        let mut text = name.to_owned();
        while self.used.contains(&text) {
            text.push('\'');
        }
        Name { text, span: self.protocol.name.span }
    }
}

/// Whether a name stands for something of the script that it is in.
fn hidden(name: &str, state: State<'_>) -> bool {
    matches!(state, State::Run(_, bound) if bound.iter().any(|b| b == name))
}

fn of(state: State<'_>) -> Option<&Expr> {
    match state {
        State::None => None,
        State::Is(e) => Some(e),
        State::Run(e, _) => e,
    }
}

/// The command by which Byzantine workers send a message.
pub fn by_byzantine(message: &str) -> String {
    format!("{message}_by_byzantine")
}

/// The expressions of an item that are no proof and no witness.
pub fn expressions(item: &Item) -> Vec<&Expr> {
    match &item.kind {
        ItemKind::Sort(a)
        | ItemKind::Given(a)
        | ItemKind::Assumed(a)
        | ItemKind::Quorum(a)
        | ItemKind::Message(a)
        | ItemKind::Relation(a)
        | ItemKind::Invariant(a)
        | ItemKind::Safety(a, _)
        | ItemKind::Live { statement: a, .. } => vec![a],
        ItemKind::Byzantine(a, b) | ItemKind::Function(a, b) => vec![a, b],
        ItemKind::Command { binders, when, does } => {
            let types = binders.iter().filter_map(|b| b.ty.as_ref());
            let changes = does.iter().flat_map(|d| d.args.iter().chain([&d.value]));
            types.chain(when).chain(changes).collect()
        }
        ItemKind::Decides => Vec::new(),
    }
}

/// Every name that a protocol mentions or binds outside of proofs.
fn used(p: &Protocol) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = p.items.iter().map(|i| i.name.text.clone()).collect();
    let mut bound = BTreeSet::new();
    let arguments = p.items.iter().filter_map(|i| match &i.kind {
        ItemKind::Command { binders, .. } => Some(binders),
        _ => None,
    });
    for b in p.binders.iter().chain(arguments.flatten()) {
        out.extend(b.names.iter().map(|n| n.text.clone()));
    }
    for e in p.binders.iter().filter_map(|b| b.ty.as_ref()).chain(p.items.iter().flat_map(expressions)) {
        let mut name = |x: &str| {
            out.insert(x.to_owned());
        };
        let mut bind = |n: &Name| {
            bound.insert(n.text.clone());
        };
        map::visit(e, &mut name, &mut bind);
    }
    out.extend(bound);
    out
}

/// The names that an expression mentions.
pub fn mentioned(e: &Expr) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut name = |x: &str| {
        out.insert(x.to_owned());
    };
    map::visit(e, &mut name, &mut |_| {});
    out
}
