//! What can be wrong with a protocol as far as its names and the forms of its items go. Types are the elaborator's.

use super::map;
use super::words::{Words, by_byzantine, expressions, mentioned};
use crate::print;
use crate::tree::{Assignment, Attr, Binder, Expr, ExprKind, Item, ItemKind, Name};
use bfv_diag::{Code, Diagnostic, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Names of what every protocol becomes.
const KEPT: [&str; 7] = ["Action", "State", "init", "effect", "guard", "invariant", "fair"];

/// Names of the binders that every property gets.
const BINDERS: [&str; 6] = ["few", "trace", "legal", "course", "possible", "fairly"];

/// The size of a type `Fin n`.
pub fn size(ty: &Expr) -> Option<&Expr> {
    match &*ty.kind {
        ExprKind::App(f, args) => match (&*f.kind, args.as_slice()) {
            (ExprKind::Var(x), [n]) if x == "Fin" || x == "std.fin.Fin" => Some(&n.expr),
            _ => None,
        },
        _ => None,
    }
}

/// Whether values of a type may be compared, as far as its form tells. Of a name that is no sort only the elaborator knows what it is.
fn comparable(ty: &Expr) -> bool {
    let name =
        matches!(&*ty.kind, ExprKind::Var(x) if !matches!(x.as_str(), "Bool" | "Int" | "Real" | "Unit" | "Empty"));
    name || size(ty).is_some()
}

fn is_named(ty: &Expr, name: &str) -> bool {
    matches!(&*ty.kind, ExprKind::Var(x) if x == name)
}

/// The kind of an item with its article.
fn word(kind: &ItemKind) -> &'static str {
    match kind {
        ItemKind::Sort(_) => "a sort",
        ItemKind::Byzantine(..) => "the Byzantine set",
        ItemKind::Given(_) => "what is given",
        ItemKind::Assumed(_) => "an assumption",
        ItemKind::Quorum(_) => "a quorum",
        ItemKind::Message(_) => "a message",
        ItemKind::Relation(_) => "a relation",
        ItemKind::Function(..) => "a function",
        ItemKind::Command { .. } => "a command",
        ItemKind::Decides => "the word decides",
        ItemKind::Invariant(_) => "an invariant",
        ItemKind::Safety(..) => "a safety property",
        ItemKind::Live { .. } => "a liveness property",
    }
}

/// Everything that is wrong, in the order in which it is looked for.
pub fn faults(words: &Words<'_>) -> Vec<Diagnostic> {
    let mut check = Check { words, found: Vec::new() };
    for item in &words.large {
        let message = "This is too large for a short name, which is written out wherever it is used.";
        let fix = "Declare it by `def` before the protocol, and use its name.";
        check.fault(Code::BadItem, item.span, message, fix);
    }
    check.attributes();
    check.names();
    check.bound();
    for item in &words.protocol.items {
        check.item(item);
    }
    check.decision();
    check.live();
    check.safety();
    check.found
}

struct Check<'w, 'p> {
    words: &'w Words<'p>,
    found: Vec<Diagnostic>,
}

impl Check<'_, '_> {
    fn fault(&mut self, code: Code, span: Span, message: impl Into<String>, fix: impl Into<String>) {
        self.found.push(Diagnostic::error(code, span, message.into()).with_fix(fix.into()));
    }

    fn attributes(&mut self) {
        let protocol = self.words.protocol;
        let of = |attrs: &[Attr], word: &str| -> Vec<(Name, Span, String)> {
            attrs.iter().map(|a| (a.name.clone(), a.span, word.to_owned())).collect()
        };
        let mut all = of(&protocol.attrs, "a protocol");
        for item in protocol.items.iter().filter(|i| !matches!(i.kind, ItemKind::Safety(..) | ItemKind::Live { .. })) {
            all.extend(of(&item.attrs, word(&item.kind)));
        }
        for (name, span, word) in all {
            let message = format!("The attribute `{}` has no meaning before {word}.", name.text);
            self.fault(Code::BadAttribute, span, message, "Remove it, or put it before a safety property.");
        }
    }

    /// Each name of a protocol stands for one thing.
    fn names(&mut self) {
        let protocol = self.words.protocol;
        let parameters = protocol.binders.iter().flat_map(|b| &b.names);
        let items = protocol.items.iter().filter(|i| !matches!(i.kind, ItemKind::Decides));
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for name in parameters.clone().chain(items.clone().map(|i| &i.name)) {
            if let Some(first) = seen.insert(&name.text, name.span) {
                let message = format!("The name `{}` is declared twice in this protocol.", name.text);
                let fault = Diagnostic::error(Code::DuplicateName, name.span, message)
                    .with_fix("Give one of the two another name.")
                    .with_label(first, "the first");
                self.found.push(fault);
            }
            if BINDERS.contains(&name.text.as_str()) {
                let message = format!("The name `{}` is kept for a part of each property.", name.text);
                self.fault(Code::ProtocolName, name.span, message, "Choose another name.");
            }
        }
        let sent: BTreeSet<String> = protocol
            .items
            .iter()
            .filter(|i| matches!(i.kind, ItemKind::Message(_)))
            .map(|i| by_byzantine(&i.name.text))
            .collect();
        for item in items {
            if KEPT.contains(&item.name.text.as_str()) || sent.contains(&item.name.text) {
                let message = format!("The name `{}` is kept for a part of what a protocol becomes.", item.name.text);
                self.fault(Code::ProtocolName, item.name.span, message, "Choose another name.");
            }
        }
    }

    /// A variable that is bound in a statement has a name of its own.
    fn bound(&mut self) {
        let protocol = self.words.protocol;
        let mut taken: BTreeMap<&str, &'static str> = BTreeMap::new();
        for name in protocol.binders.iter().flat_map(|b| &b.names) {
            taken.insert(&name.text, "a parameter of the protocol");
        }
        for item in &protocol.items {
            let named = matches!(
                item.kind,
                ItemKind::Command { .. }
                    | ItemKind::Decides
                    | ItemKind::Invariant(_)
                    | ItemKind::Safety(..)
                    | ItemKind::Live { .. }
            );
            if !named {
                taken.insert(&item.name.text, word(&item.kind));
            }
        }
        let mut clashes: Vec<(Name, &'static str)> = Vec::new();
        let mut meet = |n: &Name| {
            if let Some(what) = taken.get(n.text.as_str()).filter(|_| n.text != "_") {
                clashes.push((n.clone(), what));
            }
        };
        for item in &protocol.items {
            if let ItemKind::Command { binders, .. } = &item.kind {
                binders.iter().flat_map(|b| &b.names).for_each(&mut meet);
            }
        }
        let types = protocol.binders.iter().filter_map(|b| b.ty.as_ref());
        for e in types.chain(protocol.items.iter().flat_map(expressions)) {
            map::visit(e, &mut |_| {}, &mut meet);
        }
        for (name, what) in clashes {
            let message = format!("The variable `{}` has the name of {what}.", name.text);
            self.fault(Code::ProtocolName, name.span, message, "Give the variable another name.");
        }
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Message(_) | ItemKind::Relation(_) => self.relation(item),
            ItemKind::Byzantine(..) => {
                let first = self.words.byzantine().map(|(first, ..)| first.name.span);
                if first != Some(item.name.span) {
                    let message = "A protocol has one Byzantine set. This is a second one.";
                    self.fault(Code::BadItem, item.name.span, message, "Join the two, or remove one.");
                }
            }
            ItemKind::Command { binders, does, .. } => self.command(binders, does),
            _ => {}
        }
        self.rigid(item);
    }

    fn relation(&mut self, item: &Item) {
        let Some(part) = self.words.part(&item.name.text) else { return };
        let (args, result) = (part.args.clone(), part.result.clone());
        let name = &item.name.text;
        let message = matches!(item.kind, ItemKind::Message(_));
        if !is_named(&result, "Bool") {
            let (kind, shown) = (if message { "message" } else { "relation" }, print::expr(&result));
            let fix = "Write a type that ends in `Bool`, or the word `function`.";
            let what = format!("The values of the {kind} `{name}` have type `{shown}`, not `Bool`.");
            self.fault(Code::BadItem, item.name.span, what, fix);
        } else if message && args.is_empty() {
            let what = format!("The message `{name}` has no sender. Its first argument is its sender.");
            self.fault(Code::BadItem, item.name.span, what, "Write a type such as `worker -> Nat -> Bool`.");
        } else if let (true, Some(sender), Some((byzantine, of, _))) = (message, args.first(), self.words.byzantine()) {
            let (sent, lying) = (print::expr(sender), print::expr(&of));
            if sent != lying {
                let set = &byzantine.name.text;
                let what = format!(
                    "The sender of `{name}` has type `{sent}`, but the members of `{set}` have type `{lying}`."
                );
                self.fault(Code::BadItem, item.name.span, what, "Give the two one sort.");
            }
        }
    }

    /// What stays the same at all times mentions no part of the state.
    fn rigid(&mut self, item: &Item) {
        let types: Vec<&Expr> = match &item.kind {
            ItemKind::Command { binders, .. } => binders.iter().filter_map(|b| b.ty.as_ref()).collect(),
            ItemKind::Invariant(_) | ItemKind::Safety(..) | ItemKind::Live { .. } => Vec::new(),
            _ => expressions(item),
        };
        for e in types {
            if let Some(part) = mentioned(e).iter().find(|x| self.words.part(x).is_some()) {
                let message = format!("This cannot depend on `{part}`, which is a part of the state and changes.");
                self.fault(Code::BadItem, e.span, message, "Say it in a guard, an invariant or a safety property.");
            }
        }
    }

    fn command(&mut self, binders: &[Binder], does: &[Assignment]) {
        for b in binders.iter().filter(|b| b.implicit || b.ty.is_none()) {
            let message = "An argument of a command stands in parentheses, with its type.";
            self.fault(Code::BadItem, b.span, message, "Write it as in `(w : worker)`.");
        }
        for (n, d) in does.iter().enumerate() {
            if does.iter().take(n).any(|e| e.part.text == d.part.text) {
                let name = &d.part.text;
                let message = format!("The part `{name}` changes twice here.");
                let fix = format!("Give it one change, such as `{name} := fun x => ...`, or write two commands.");
                self.fault(Code::BadAssignment, d.span, message, fix);
            }
            self.assignment(binders, d);
        }
    }

    fn assignment(&mut self, binders: &[Binder], d: &Assignment) {
        let name = &d.part.text;
        let words = self.words;
        let Some(part) = words.part(name) else {
            let all: Vec<String> = words.parts.iter().map(|p| format!("`{}`", p.item.name.text)).collect();
            let message =
                format!("The name `{name}` is no part of the state. A command changes parts of the state only.");
            let fix = match all.as_slice() {
                [] => "Declare it by `message`, `relation` or `function`.".to_owned(),
                [one] => format!("The part of the state is {one}."),
                all => format!("The parts of the state are {}.", all.join(" and ")),
            };
            return self.fault(Code::BadAssignment, d.part.span, message, fix);
        };
        if d.args.len() > part.args.len() {
            let (takes, found) = (part.args.len(), d.args.len());
            let message = format!("`{name}` takes {takes} arguments, but {found} stand here.");
            return self.fault(Code::BadAssignment, d.span, message, "Remove the others, or change its type.");
        }
        for (ty, arg) in part.args.iter().zip(&d.args).filter(|(ty, _)| !comparable(ty)) {
            let shown = print::expr(ty);
            let message = format!("`{name}` cannot change at one value of type `{shown}`.");
            let fix = "Use `Fin n` or `Nat` there, or give the whole rest as a function.";
            self.fault(Code::BadAssignment, arg.span, message, fix);
        }
        if !matches!(part.item.kind, ItemKind::Message(_)) {
            return;
        }
        let Some(sort) = part.args.first() else { return };
        let sort = print::expr(sort);
        let own = d.args.first().is_some_and(|sender| {
            binders.iter().any(|b| {
                let same = b.ty.as_ref().is_some_and(|t| print::expr(&words.plain(t)) == sort);
                same && b.names.iter().any(|n| is_named(sender, &n.text))
            })
        });
        if !own {
            let place = d.args.first().map_or(d.span, |a| a.span);
            let message = format!("The sender of `{name}` is no argument of this command.");
            let fix = format!("Give the command an argument of type `{sort}` as the sender.");
            self.fault(Code::ForeignMessage, place, message, fix);
        }
    }

    fn decision(&mut self) {
        let protocol = self.words.protocol;
        let mut named = protocol.items.iter().filter(|i| matches!(i.kind, ItemKind::Decides));
        let Some(decides) = named.next() else {
            let message = "This protocol does not say which relation is its decision.";
            return self.fault(
                Code::NoDecision,
                protocol.name.span,
                message,
                "Write `decides` and the name of a relation.",
            );
        };
        for again in named {
            let message = "A protocol has one decision. This is a second one.";
            self.fault(Code::NoDecision, again.span, message, "Remove one of the two.");
        }
        let name = &decides.name.text;
        let is_relation = |i: &&Item| matches!(i.kind, ItemKind::Relation(_));
        if !protocol.items.iter().filter(is_relation).any(|i| i.name.text == *name) {
            let all: Vec<String> =
                protocol.items.iter().filter(is_relation).map(|i| format!("`{}`", i.name.text)).collect();
            let message = format!("The name `{name}` is no relation of the state. A decision is such a relation.");
            let fix = match all.as_slice() {
                [] => "Declare it by `relation`.".to_owned(),
                [one] => format!("Write `decides` and {one}."),
                all => format!("Write `decides` and one of {}.", all.join(" and ")),
            };
            return self.fault(Code::NoDecision, decides.name.span, message, fix);
        }
        let sets = |i: &Item| match &i.kind {
            ItemKind::Command { does, .. } => does.iter().any(|d| d.part.text == *name),
            _ => false,
        };
        if !protocol.items.iter().any(sets) {
            let message = format!("No command changes `{name}`, which is the decision.");
            self.fault(Code::NoDecision, decides.name.span, message, "Write a command that sets it to true.");
        }
    }

    /// Nothing comes true by itself: a liveness property says which commands are treated fairly.
    fn live(&mut self) {
        for item in &self.words.protocol.items {
            let ItemKind::Live { fair, .. } = &item.kind else { continue };
            if fair.is_empty() {
                let message = "This liveness property states no fairness. A run may then stand still for ever.";
                let fix = "Write `under fair` and the commands that are treated fairly, before the colon.";
                self.fault(Code::NoFairness, item.name.span, message, fix);
            }
            for (n, command) in fair.iter().enumerate() {
                let name = &command.text;
                if !self.words.is_command(name) {
                    let message = format!("The name `{name}` is no command of this protocol. Only commands are fair.");
                    self.fault(Code::NoFairness, command.span, message, "Write the name of a command.");
                } else if fair.iter().take(n).any(|c| c.text == *name) {
                    let message = format!("The command `{name}` stands here twice.");
                    self.fault(Code::NoFairness, command.span, message, "Remove one of the two.");
                }
            }
        }
    }

    fn safety(&mut self) {
        let protocol = self.words.protocol;
        if !protocol.items.iter().any(|i| matches!(i.kind, ItemKind::Safety(..) | ItemKind::Live { .. })) {
            let message = "This protocol states no safety property. These are the claims of a protocol.";
            self.fault(Code::NoSafety, protocol.name.span, message, "Write `safety`, a name, a colon and a statement.");
        }
    }
}
