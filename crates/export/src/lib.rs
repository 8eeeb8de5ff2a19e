//! Counterexamples as programs: the definitions that a claim uses, the point, and the claim there, in Python or Rust.
//!
//! This crate judges nothing. A program is made from a refutation that the kernel accepted, and it is run here before it is given out,
//! so that what it says is what it does. It runs without bfv, and computes with exact fractions.

mod eval;
mod expr;
mod names;
mod python;
mod runtime;
mod rust;
mod translate;

use bfv_format::{Node, Term};
use bfv_kernel::Signature;
use expr::{Expr, Function};
use names::Names;
use std::rc::Rc;
use translate::Translator;

/// The first line of every program.
const TITLE: &str = "A counterexample, replayed with exact fractions. It was written by bfv and runs without it.";

/// Local names of functions, by level, before they are numbered.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// A refutation that the kernel accepted.
pub struct Refutation<'a> {
    /// Every declaration.
    pub signature: &'a Signature,
    /// The full name of the claim.
    pub claim: &'a str,
    /// The statement as written.
    pub written: &'a str,
    /// The statement.
    pub statement: &'a Term,
    /// Names of the leading arguments of the statement, and whether each is a hypothesis.
    pub arguments: &'a [(String, bool)],
    /// The evidence: a function from proofs of the statement to the empty type.
    pub evidence: &'a Term,
    /// The point in words, by the names of the claim.
    pub point: &'a [(String, String)],
    /// The positions of the empty vector, and of the one with an element more.
    pub vectors: Option<(u32, u32)>,
}

/// A language of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python 3, with its module `fractions`.
    Python,
    /// Rust in one file, with fractions of 128 bits.
    Rust,
}

/// A program as data.
pub struct Program {
    claim: String,
    written: String,
    point: Vec<(String, String)>,
    functions: Vec<Function>,
    /// Names of the variables of functions, by level.
    locals: Vec<String>,
    /// Names of the values of the point, then of other variables, by level.
    variables: Vec<String>,
    values: Vec<(String, Expr)>,
    hypotheses: Vec<(String, Expr)>,
    conclusion: Expr,
}

impl Program {
    /// The program of a refutation.
    ///
    /// # Errors
    /// Why there is none, as a part of a sentence: the evidence names no point, or something that decides the claim there cannot be computed.
    pub fn new(r: &Refutation<'_>) -> Result<Self, String> {
        let point = bfv_elab::point(r.evidence, r.arguments);
        let point = point.ok_or("the refutation does not rest on one point")?;
        let mut t = Translator::new(r.signature, r.vectors);
        let (mut env, mut values, mut hypotheses) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = r.statement;
        for ((name, hypothesis), value) in r.arguments.iter().zip(&point) {
            let Node::Pi(domain, result) = &**rest else { break };
            if *hypothesis {
                hypotheses.push((name.clone(), t.term(domain, &env, values.len())));
                env.push(Expr::Absent(translate::PROOF.to_owned()));
            } else {
                env.push(Expr::Var(values.len()));
                values.push((name.clone(), t.term(value, &[], values.len())));
            }
            rest = result;
        }
        let conclusion = t.term(rest, &env, values.len());
        let mut program = Program {
            claim: r.claim.to_owned(),
            written: r.written.to_owned(),
            point: r.point.to_vec(),
            functions: t.functions,
            locals: Vec::new(),
            variables: Vec::new(),
            values,
            hypotheses,
            conclusion,
        };
        program.replay()?;
        program.keep_what_is_called();
        program.name();
        Ok(program)
    }

    /// The text of the program.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::Python => python::text(self),
            Language::Rust => rust::text(self),
        }
    }

    /// Whether every hypothesis is true and the conclusion is false, computed as the program does it.
    fn replay(&self) -> Result<(), String> {
        runtime::start();
        let functions = Rc::new(self.functions.clone());
        let mut point = Vec::new();
        for (_, value) in &self.values {
            point.push(eval::eval(value, &point, &functions));
        }
        let truth = |e: &Expr| runtime::decide(&eval::eval(e, &point, &functions)).map_err(|why| why.to_string());
        for (name, h) in &self.hypotheses {
            if !truth(h)? {
                return Err(format!("the hypothesis {name} is computed to be false"));
            }
        }
        if truth(&self.conclusion)? { Err("the conclusion is computed to be true".to_owned()) } else { Ok(()) }
    }

    /// Leaves out functions that only proofs need.
    fn keep_what_is_called(&mut self) {
        let mut called = vec![false; self.functions.len()];
        let mut open: Vec<&Expr> = self.values.iter().chain(&self.hypotheses).map(|(_, e)| e).collect();
        open.push(&self.conclusion);
        while let Some(e) = open.pop() {
            if let Expr::Call(f, _) = e
                && let (Some(seen), Some(function)) = (called.get_mut(*f), self.functions.get(*f))
                && !std::mem::replace(seen, true)
            {
                open.push(&function.body);
            }
            open.extend(e.parts());
        }
        // A function that is not called keeps its place, and no text.
        for (function, called) in self.functions.iter_mut().zip(called) {
            if !called {
                function.name = String::new();
            }
        }
    }

    /// Gives names to functions and variables.
    fn name(&mut self) {
        let mut names = Names::new();
        self.variables = self.values.iter().map(|(name, _)| names.take(name)).collect();
        let letters = LETTERS.chars().map(|c| names.take(&c.to_string())).collect::<Vec<_>>();
        self.locals = letters.clone();
        self.variables.extend(letters);
        for (value, name) in self.values.iter_mut().zip(&self.variables) {
            value.0.clone_from(name);
        }
        for f in self.functions.iter_mut().filter(|f| !f.name.is_empty()) {
            f.name = names.take(&f.name);
        }
    }

    fn functions(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|f| !f.name.is_empty())
    }

    fn function(&self, at: usize) -> &str {
        self.functions.get(at).map_or("", |f| f.name.as_str())
    }

    fn local(&self, level: usize) -> String {
        self.locals.get(level).cloned().unwrap_or_else(|| format!("v{level}"))
    }

    /// The claim as it is written, for the head of a program.
    fn about(&self) -> Vec<String> {
        let written = self.written.split_whitespace().collect::<Vec<_>>().join(" ");
        vec![format!("Claim {}: {written}", self.claim)]
    }
}

/// How a language writes what stands under a name: the name, and the expression.
type Line = fn(&str, &str) -> String;

/// The values of the point, then the hypotheses, with a text between them.
fn named(
    p: &Program,
    expr: fn(&Program, &[String], &Expr) -> String,
    value: Line,
    between: &str,
    fact: Line,
) -> String {
    let all = |list: &[(String, Expr)], line: Line| -> String {
        list.iter().map(|(name, e)| line(name, &expr(p, &p.variables, e))).collect()
    };
    all(&p.values, value) + between + &all(&p.hypotheses, fact)
}

/// What the program prints in the end.
fn sentence(p: &Program) -> String {
    let values: Vec<String> = p.point.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let at = if values.is_empty() { String::new() } else { format!(" at {}", values.join(", ")) };
    let hypotheses = if p.hypotheses.is_empty() { "" } else { "its hypotheses hold, and " };
    format!("The claim {} fails{at}: {hypotheses}its conclusion is false.", p.claim)
}
