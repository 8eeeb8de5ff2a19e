//! The parts of evidence, read off its term: what is used, which cases there are, and what is computed. The kernel has accepted the term before.
//!
//! Terms have no names of variables. Those of the goal are used, then new ones.

use crate::answer::words;
use crate::explain::{ACCEPTED, Part};
use bfv_driver::Desk;
use bfv_format::{Decl, Node, Rule, Term};

/// Most parts that are told. What is left out is said.
const PARTS: usize = 400;
/// So deep they are told. What lies deeper is said as one part.
const DEPTH: usize = 60;
/// So many nodes of a path are looked at for whether it is constant.
const LOOKED: u32 = 1_000;
/// The longest text of a part, in bytes.
const TEXT: usize = 400;

/// What is said after an explanation of a refutation.
const REFUTED: &str = "The kernel accepted this refutation.";

/// The tree of evidence for a statement: a proof, or a proof that nothing proves it. `names` are those of what the statement begins with.
#[must_use]
pub fn tree(desk: &Desk, statement: &str, evidence: &Term, names: Vec<String>, refutes: bool) -> Part {
    let mut reader = Reader { desk, left: PARTS, given: names.into_iter().rev().collect() };
    if refutes {
        // The first variable is the statement itself, which is assumed.
        reader.given = vec!["claim".to_owned()];
    }
    let says =
        if refutes { format!("To refute: {}.", words(statement)) } else { format!("To prove: {}.", words(statement)) };
    let mut parts = Vec::new();
    reader.body(evidence, &Scope::default(), "goal", &mut parts);
    let ends = if refutes { REFUTED } else { ACCEPTED };
    Part { id: "goal".to_owned(), label: words(statement), says, is_case: false, ends, parts }
}

/// Names of variables and dimensions, outermost first.
#[derive(Clone, Default)]
struct Scope {
    variables: Vec<String>,
    dimensions: Vec<String>,
    depth: usize,
}

impl Scope {
    fn with(&self, names: &[String]) -> Scope {
        Scope { variables: [self.variables.as_slice(), names].concat(), ..self.clone() }
    }

    fn along(&self) -> Scope {
        let name = format!("i{}", self.dimensions.len().saturating_add(1));
        Scope { dimensions: [self.dimensions.as_slice(), &[name]].concat(), ..self.clone() }
    }

    /// A name that nothing has yet.
    fn fresh(&self, wanted: &str, others: &[String]) -> String {
        let free = |name: &str| !self.variables.iter().chain(others).any(|n| n == name);
        if free(wanted) {
            return wanted.to_owned();
        }
        let numbered = (1..=u32::MAX).map(|n| format!("{wanted}{n}"));
        numbered.into_iter().find(|name| free(name)).unwrap_or_else(|| wanted.to_owned())
    }
}

struct Reader<'d> {
    desk: &'d Desk,
    /// Parts that may still be told.
    left: usize,
    /// Names of the goal that nothing has yet, the next one last.
    given: Vec<String>,
}

/// A case of an elimination: what it is called, the names that its function begins with, and the function.
struct Branch<'t> {
    name: String,
    names: Vec<&'static str>,
    term: &'t Term,
}

impl Reader<'_> {
    /// A part, where there may be one more. What it consists of is told by `fill`.
    fn part(
        &mut self,
        (id, label, says): (String, String, String),
        is_case: bool,
        out: &mut Vec<Part>,
        fill: impl FnOnce(&mut Self, &str, &mut Vec<Part>),
    ) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let mut parts = Vec::new();
        if left == 0 {
            let says = "What follows is left out, because the proof is long.".to_owned();
            out.push(Part { id, label: "left out".to_owned(), says, is_case: false, ends: "", parts });
            return;
        }
        fill(self, &id, &mut parts);
        out.push(Part { id, label, says, is_case, ends: "", parts });
    }

    /// What a term says, in words.
    fn text(&self, t: &Term, scope: &Scope) -> String {
        let written = self.desk.written(t, &scope.variables, &scope.dimensions).filter(|t| t.len() <= TEXT);
        written.map_or_else(|| "a long term".to_owned(), |t| words(&t))
    }

    fn name(&self, id: u32) -> String {
        self.desk.declaration(id).map_or_else(|| "a declaration".to_owned(), |d| d.name().to_owned())
    }

    /// The steps that a term consists of, one after another.
    fn body(&mut self, t: &Term, scope: &Scope, above: &str, out: &mut Vec<Part>) {
        let scope = Scope { depth: scope.depth.saturating_add(1), ..scope.clone() };
        let id = format!("{above}-{}", out.len().saturating_add(1));
        let leaf = |label: &str, says: &str| (id.clone(), label.to_owned(), says.to_owned());
        if scope.depth > DEPTH {
            let says = "What lies deeper is left out, because the proof is deep.";
            return self.part(leaf("left out", says), false, out, |_, _, _| {});
        }
        // The names of the statement are for the functions that the whole evidence begins with, and for no others further in.
        if !matches!(**t, Node::Lam(_)) {
            self.given.clear();
        }
        match &**t {
            Node::Lam(_) => {
                let (mut names, mut inner) = (Vec::new(), t);
                while let Node::Lam(b) = &**inner {
                    let wanted = self.given.pop().filter(|n| n != "_").unwrap_or_else(|| "x".to_owned());
                    names.push(scope.fresh(&wanted, &names));
                    inner = b;
                }
                let says = format!("Name what is given: {}.", names.join(", "));
                self.part((id, format!("given {}", names.join(" ")), says), false, out, |_, _, _| {});
                self.body(inner, &scope.with(&names), above, out);
            }
            Node::Let(_, value, body) => {
                let name = [scope.fresh("h", &[])];
                let says = format!("First something is made, which is called {} from here on.", name.join(""));
                self.part((id, format!("let {}", name.join("")), says), false, out, |r, id, parts| {
                    r.body(value, &scope, id, parts);
                });
                self.body(body, &scope.with(&name), above, out);
            }
            Node::NatElim(_, zero, suc, x) => {
                let cases = [branch("zero", &[], zero), branch("suc", &["m", "ih"], suc)];
                self.cases("induction", x, &cases, &scope, id, out);
            }
            Node::IntElim(_, pos, neg, x) => {
                let cases = [branch("pos", &["m"], pos), branch("negsuc", &["m"], neg)];
                self.cases("cases", x, &cases, &scope, id, out);
            }
            Node::BoolElim(_, yes, no, x) => {
                let cases = [branch("true", &[], yes), branch("false", &[], no)];
                self.cases("cases", x, &cases, &scope, id, out);
            }
            Node::DataElim(d, _, _, branches, x) => {
                let name = |n: usize| match self.desk.declaration(d.id) {
                    Some(Decl::Data(d)) => d.constructors.get(n).map(|c| c.name.clone()),
                    _ => None,
                };
                let cases: Vec<Branch<'_>> = (0..)
                    .zip(branches)
                    .map(|(n, term)| {
                        let name = name(n).unwrap_or_else(|| "a constructor".to_owned());
                        Branch { name, names: Vec::new(), term }
                    })
                    .collect();
                self.cases("induction", x, &cases, &scope, id, out);
            }
            Node::EmptyElim(_, x) => {
                let says = "There is a contradiction here, and from that everything follows.";
                self.part(leaf("contradiction", says), false, out, |r, id, parts| r.body(x, &scope, id, parts));
            }
            Node::Pair(a, b) => {
                let says = "There are two parts.";
                self.part(leaf("two parts", says), false, out, |r, id, parts| {
                    for (n, t) in [(1, a), (2, b)] {
                        let own = format!("{id}-case-{n}");
                        let label = format!("part {n}");
                        let says = format!("The {label} begins.");
                        r.part((own, label, says), true, parts, |r, id, parts| r.body(t, &scope, id, parts));
                    }
                });
            }
            Node::Rule(rule) => {
                let (label, says) = match &**rule {
                    Rule::Ring { .. } => ("ring", "Both sides are the same polynomial."),
                    Rule::Psatz { .. } => {
                        ("psatz", "The hypotheses add up to a contradiction, as numbers of a certificate show.")
                    }
                    Rule::Lia { .. } => (
                        "lia",
                        "For whole numbers the hypotheses contradict each other, as numbers of a certificate show.",
                    ),
                };
                self.part(leaf(label, says), false, out, |_, _, _| {});
            }
            Node::DLam(body) => {
                let along = scope.along();
                let constant = !may_change(body, &mut LOOKED.clone());
                let says = if constant {
                    "Both sides compute to the same."
                } else {
                    "The equation is a path, which is made point by point."
                };
                let label = if constant { "reflexivity" } else { "path" };
                self.part(leaf(label, says), false, out, |r, id, parts| {
                    if !constant {
                        r.body(body, &along, id, parts);
                    }
                });
            }
            Node::Coe(_, _, _, x) => {
                let says = "Something is carried along an equation.";
                self.part(leaf("carry", says), false, out, |r, id, parts| r.body(x, &scope, id, parts));
            }
            Node::HCom(_, _, _, faces, base) => {
                let says = "Equations are put together.";
                self.part(leaf("compose", says), false, out, |r, id, parts| {
                    r.body(base, &scope, id, parts);
                    let along = scope.along();
                    for face in faces {
                        r.body(&face.body, &along, id, parts);
                    }
                });
            }
            Node::App(..) if is_step(t) => self.application(t, &scope, id, out),
            _ => {
                let text = self.text(t, &scope);
                let says = format!("This is the proof: {text}.");
                self.part((id, text, says), false, out, |_, _, _| {});
            }
        }
    }

    /// A theorem, hypothesis or function with what it is applied to. Arguments that only name something are not told.
    fn application(&mut self, t: &Term, scope: &Scope, id: String, out: &mut Vec<Part>) {
        let (mut head, mut arguments) = (t, Vec::new());
        while let Node::App(f, a) = &**head {
            arguments.push(a);
            head = f;
        }
        arguments.reverse();
        let used = match &**head {
            Node::Const { id, .. } => Some(self.name(*id)),
            Node::Var(_) => Some(self.text(head, scope)),
            _ => None,
        };
        let (label, says) = match used {
            Some(name) => (format!("use {name}"), format!("Use {name}.")),
            None => ("use".to_owned(), "Use what follows.".to_owned()),
        };
        let function = (!matches!(&**head, Node::Const { .. } | Node::Var(_))).then_some(head);
        let told: Vec<&Term> = function.into_iter().chain(arguments.into_iter().filter(|a| is_step(a))).collect();
        self.part((id, label, says), false, out, |r, id, parts| {
            for t in told {
                r.body(t, scope, id, parts);
            }
        });
    }

    fn cases(&mut self, word: &str, x: &Term, cases: &[Branch<'_>], scope: &Scope, id: String, out: &mut Vec<Part>) {
        let on = self.text(x, scope);
        let says = if word == "induction" {
            format!("Do induction on {on}: one case for each way in which it is made.")
        } else {
            format!("Look at {on}: one case for each way in which it is made.")
        };
        self.part((id, format!("{word} {on}"), says), false, out, |r, id, parts| {
            for (n, case) in (1..).zip(cases) {
                // A case is a function of its fields; others than functions have none.
                let (mut inner, mut names) = (case.term, Vec::new());
                let most = if case.names.is_empty() { usize::MAX } else { case.names.len() };
                let mut wanted = case.names.iter();
                while let (Node::Lam(b), true) = (&**inner, names.len() < most) {
                    names.push(scope.fresh(wanted.next().copied().unwrap_or("x"), &names));
                    inner = b;
                }
                let all: String = names.iter().map(|n| format!(" {n}")).collect();
                let label = format!("case {}{all}", case.name);
                let says = format!("The {label} begins.");
                let own = format!("{id}-case-{n}");
                r.part((own, label, says), true, parts, |r, id, parts| r.body(inner, &scope.with(&names), id, parts));
            }
        });
    }
}

fn branch<'t>(name: &str, names: &[&'static str], term: &'t Term) -> Branch<'t> {
    Branch { name: name.to_owned(), names: names.to_vec(), term }
}

/// Whether an argument does more than name something.
fn is_step(t: &Term) -> bool {
    match &**t {
        Node::Lam(_)
        | Node::Let(..)
        | Node::NatElim(..)
        | Node::IntElim(..)
        | Node::BoolElim(..)
        | Node::DataElim(..)
        | Node::EmptyElim(..)
        | Node::Pair(..)
        | Node::Rule(_)
        | Node::DLam(_)
        | Node::Coe(..)
        | Node::HCom(..) => true,
        Node::App(f, _) => {
            let mut head = f;
            while let Node::App(f, _) = &**head {
                head = f;
            }
            !matches!(&**head, Node::Prim(_))
        }
        _ => false,
    }
}

/// Whether a path is made of something that may change along it. Only the usual form of reflexivity is told apart, in which variables, literals
/// and what is applied to them stand.
fn may_change(t: &Term, left: &mut u32) -> bool {
    let Some(next) = left.checked_sub(1) else { return true };
    *left = next;
    match &**t {
        Node::Var(_)
        | Node::Const { .. }
        | Node::Prim(_)
        | Node::NatLit(_)
        | Node::IntLit(_)
        | Node::RealLit(_)
        | Node::Univ(_) => false,
        Node::App(f, a) | Node::Pair(f, a) => may_change(f, left) || may_change(a, left),
        Node::Fst(p) | Node::Snd(p) => may_change(p, left),
        Node::Con(_, _, parameters, fields, dimensions) => {
            !dimensions.is_empty() || parameters.iter().chain(fields).any(|t| may_change(t, left))
        }
        Node::Data(_, parameters) => parameters.iter().any(|t| may_change(t, left)),
        _ => true,
    }
}
