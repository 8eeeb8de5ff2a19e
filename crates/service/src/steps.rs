//! Which steps are worth trying on a goal. Nothing here says that a step is right: each is tried.

use bfv_elab::{Form, OpenGoal, OpenVariable};

/// A name that the goal does not have.
fn fresh(goal: &OpenGoal, taken: &[String], wanted: &str) -> String {
    let free = |name: &str| !goal.context.iter().any(|v| v.name == name) && !taken.iter().any(|t| t == name);
    if free(wanted) {
        return wanted.to_owned();
    }
    (1..=u32::MAX).map(|n| format!("{wanted}{n}")).find(|name| free(name)).unwrap_or_else(|| wanted.to_owned())
}

/// The letters that a variable of a type is called by.
fn letter(ty: &str) -> &'static str {
    match ty {
        "Nat" | "Int" => "n",
        _ if ty.contains("->") => "f",
        _ => "x",
    }
}

/// The step that introduces the argument of a goal; nothing where it has none. Names that the statement has are kept.
#[must_use]
pub fn intro(goal: &OpenGoal, names: &[String]) -> Option<String> {
    let Form::Function { hypothesis, argument } = &goal.form else { return None };
    let named = names.first().map(String::as_str).filter(|n| *n != "_");
    let name = fresh(goal, &[], named.unwrap_or(if *hypothesis { "h" } else { letter(argument) }));
    Some(format!("intro {name}"))
}

/// The induction on a variable, each case with its goals left; nothing where there is none.
#[must_use]
pub fn induction(goal: Option<&OpenGoal>, variable: &OpenVariable) -> Option<String> {
    let goal = goal?;
    let mut cases = Vec::new();
    for case in variable.cases.as_ref()? {
        let mut taken: Vec<String> = Vec::new();
        for n in 0..case.fields {
            // A field of a natural number is its predecessor.
            let wanted = if variable.ty == "Nat" && n == 0 { "m" } else { "a" };
            taken.push(fresh(goal, &taken, wanted));
        }
        for _ in 0..case.hypotheses {
            taken.push(fresh(goal, &taken, "ih"));
        }
        let names: String = taken.iter().map(|n| format!(" {n}")).collect();
        cases.push(format!("{}{names} =>", case.constructor));
    }
    Some(format!("induction {} {{ {} }}", variable.name, cases.join(" | ")))
}

/// A step with how far it is from being sure to help: smaller comes first.
pub type Candidate = (u32, String);

/// Steps that end a goal or fail, cheap ones first.
#[must_use]
pub fn closing(goal: &OpenGoal) -> Vec<Candidate> {
    let mut out = Vec::new();
    if goal.form == Form::Equation {
        out.push((1, "refl".to_owned()));
    }
    if goal.context.iter().any(|v| v.hypothesis) {
        out.push((2, "assumption".to_owned()));
    }
    // What is introduced first is told apart better.
    if !matches!(goal.form, Form::Function { .. } | Form::Pair) {
        out.push((3, "arith".to_owned()));
        out.push((4, "auto".to_owned()));
    }
    out
}

/// Steps that leave goals. `names` are those of the leading arguments in the statement as it was written.
#[must_use]
pub fn opening(goal: &OpenGoal, names: &[String]) -> Vec<Candidate> {
    let mut out: Vec<Candidate> = intro(goal, names).into_iter().map(|step| (10, step)).collect();
    if goal.form == Form::Pair {
        out.push((11, "split".to_owned()));
    }
    out.extend(goal.definitions.iter().map(|name| (24, format!("unfold {name}"))));
    for v in &goal.context {
        if let Some(step) = induction(Some(goal), v) {
            out.push((20, step));
        }
        if v.equation {
            out.push((30, format!("rewrite {}", v.name)));
            out.push((31, format!("rewrite <- {}", v.name)));
        }
        if v.hypothesis && !v.equation {
            out.push((25, format!("apply {}", v.name)));
        }
    }
    out
}
