//! Single patterns: which are constructors, which are variables, and which were probably meant as something else.

use crate::cases::{Branch, Shape, matches_name};
use crate::context::Local;
use crate::elab::{Elab, Kind, R, Typed, problem};
use crate::names::{Target, distance};
use bfv_kernel::V;
use bfv_syntax::tree::{Clause, Name, Pattern};
use num_bigint::BigUint;

/// Largest number that may be a pattern: each number below it becomes a branch of its own.
const MAX_NUMBER: u32 = 256;

/// What a clause has in the column that is matched on.
#[derive(Clone)]
pub enum Pat {
    /// Everything, under a name if there is one.
    Any(Option<String>),
    /// A constructor with its fields.
    Con(usize, Vec<Pattern>),
    /// A number.
    Number(BigUint),
}

impl Elab<'_> {
    /// Whether a pattern can only be read as a constructor.
    pub fn is_constructor(&self, p: &Pattern) -> bool {
        match p {
            Pattern::Name(x, ps) => !ps.is_empty() || self.is_constructor_name(&x.text),
            Pattern::Number(..) => true,
            Pattern::Wildcard(_) | Pattern::Pair(..) => false,
        }
    }

    fn is_constructor_name(&self, name: &str) -> bool {
        ["zero", "suc", "true", "false", "tt", "pos", "negsuc"].contains(&name)
            || self.names.find(name).iter().any(|g| matches!(g.target, Target::Con(..)))
    }

    pub fn is_variable(&self, p: &Pattern) -> bool {
        matches!(p, Pattern::Wildcard(_) | Pattern::Name(..)) && !self.is_constructor(p)
    }

    /// A pattern against the constructors of a type.
    pub fn read(&self, local: &Local, shape: &Shape, branches: &[Branch], x: &Typed, p: &Pattern) -> R<Pat> {
        let known = || {
            let all: Vec<String> = branches.iter().map(|b| format!("`{}`", b.name)).collect();
            format!("The constructors are {}.", all.join(" and "))
        };
        match p {
            Pattern::Wildcard(_) => Ok(Pat::Any(None)),
            Pattern::Number(n, span) => {
                if !matches!(shape, Shape::Nat) {
                    let shown = self.show(local, &x.ty);
                    let what = format!("A number is no pattern for something of type `{shown}`.");
                    return problem(Kind::BadPattern, *span, what, known());
                }
                if *n > BigUint::from(MAX_NUMBER) {
                    return problem(
                        Kind::BadPattern,
                        *span,
                        format!("This number is too large for a pattern. The largest is {MAX_NUMBER}."),
                        "Compare with it instead, as in `if n < 1000 then a else b`.",
                    );
                }
                Ok(Pat::Number(n.clone()))
            }
            Pattern::Pair(_, _, span) => problem(
                Kind::BadPattern,
                *span,
                "A pair is not taken apart by a pattern.",
                "Use a variable p, and its parts `p.1` and `p.2`.",
            ),
            Pattern::Name(name, args) => {
                let own = branches.iter().position(|b| matches_name(&b.name, &name.text));
                if let Some(n) = own
                    && self.belongs(shape, n, name)
                {
                    let fields = branches.get(n).map_or(0, |b| b.fields + b.dims);
                    if !args.is_empty() && args.len() != fields {
                        return problem(
                            Kind::BadPattern,
                            name.span,
                            format!("`{}` has {fields} parts, but {} named here.", name.text, is_or_are(args.len())),
                            "Name each of them, or write `_`.",
                        );
                    }
                    return Ok(Pat::Con(n, args.clone()));
                }
                let shown = self.show(local, &x.ty);
                if self.is_constructor(p) {
                    return problem(
                        Kind::BadPattern,
                        name.span,
                        format!("`{}` is no constructor of the type `{shown}`.", name.text),
                        nearest(&name.text, branches).map_or_else(known, |b| format!("Write `{b}`. {}", known())),
                    );
                }
                match nearest(&name.text, branches) {
                    Some(b) => misspelt(name, b),
                    None => Ok(Pat::Any(Some(name.text.clone()))),
                }
            }
        }
    }

    /// Whether a name with dots means this constructor and not one of another type.
    fn belongs(&self, shape: &Shape, n: usize, name: &Name) -> bool {
        let Shape::Data(d, ..) = shape else { return true };
        let found = self.names.find(&name.text);
        found.is_empty()
            || found.iter().any(
                |g| matches!(g.target, Target::Con(id, c) if id == d.id && usize::try_from(c).is_ok_and(|c| c == n)),
            )
    }

    /// Where no column holds a constructor, a name that is nearly one was meant as one.
    pub fn no_near_constructor(&self, local: &Local, ty: &V, clauses: &[Clause], column: usize) -> R<()> {
        for c in clauses {
            if let Some(Pattern::Name(name, _)) = c.patterns.get(column)
                && let Some(shape) = self.shape(local, name.span, ty)?
                && let Some(b) = nearest(&name.text, &self.branches(&shape))
            {
                return misspelt(name, b);
            }
        }
        Ok(())
    }

    /// No name stands twice among the patterns of a clause.
    pub fn distinct(&self, c: &Clause) -> R<()> {
        let mut seen: Vec<&str> = Vec::new();
        let mut todo: Vec<&Pattern> = c.patterns.iter().rev().collect();
        while let Some(p) = todo.pop() {
            match p {
                p @ Pattern::Name(n, _) if !self.is_constructor(p) => {
                    if seen.contains(&n.text.as_str()) {
                        return problem(
                            Kind::BadPattern,
                            n.span,
                            format!("The name `{}` stands twice in this clause.", n.text),
                            "Give each variable a name of its own.",
                        );
                    }
                    seen.push(&n.text);
                }
                Pattern::Name(_, ps) => todo.extend(ps.iter().rev()),
                Pattern::Pair(a, b, _) => todo.extend([b, a].map(|p| &**p)),
                Pattern::Wildcard(_) | Pattern::Number(..) => {}
            }
        }
        Ok(())
    }

    /// The name of a pattern that may only be a variable.
    pub fn variable(&self, p: Option<&Pattern>) -> R<String> {
        let (span, what) = match p {
            None | Some(Pattern::Wildcard(_)) => return Ok("_".to_owned()),
            Some(p @ Pattern::Name(n, _)) if !self.is_constructor(p) => return Ok(n.text.clone()),
            Some(Pattern::Name(n, _)) => (n.span, format!("`{}` is a constructor; only", n.text)),
            Some(Pattern::Number(_, span) | Pattern::Pair(_, _, span)) => (*span, "Only".to_owned()),
        };
        problem(
            Kind::BadPattern,
            span,
            format!("{what} a variable may stand here. A match is on one argument, one level deep."),
            "Write a variable, and `match` that.",
        )
    }
}

fn misspelt<T>(name: &Name, constructor: &str) -> R<T> {
    problem(
        Kind::BadPattern,
        name.span,
        format!("`{}` is no constructor, so it would be a variable and fit everything.", name.text),
        format!("Write `{constructor}`, or choose a variable whose name is less like it."),
    )
}

/// The constructor that a name was probably meant to be. Short names differ from everything by a letter or two.
fn nearest<'b>(name: &str, branches: &'b [Branch]) -> Option<&'b str> {
    let (low, length) = (name.to_lowercase(), name.chars().count());
    let near = |b: &&Branch| {
        let other = b.name.to_lowercase();
        let d = distance(&low, &other);
        d == 0 || (length >= 3 && b.name.chars().count() >= 3 && d <= length.max(3) / 3)
    };
    branches.iter().filter(near).min_by_key(|b| distance(&low, &b.name.to_lowercase())).map(|b| b.name.as_str())
}

fn is_or_are(n: usize) -> String {
    if n == 1 { "1 is".to_owned() } else { format!("{n} are") }
}
