//! A program in Python, with its module `fractions`.

use crate::expr::{Expr, Op};
use crate::{Program, named, sentence};

const PRELUDE: &str = include_str!("prelude.py");

pub fn text(p: &Program) -> String {
    let mut out = format!("# {}\n# {}\n\n", crate::TITLE, p.about().join("\n# "));
    out += PRELUDE;
    for f in p.functions() {
        let names: Vec<String> = (0..f.params).map(|n| p.local(n)).collect();
        let body = expr(p, &p.locals, &f.body);
        out += &format!("\n\ndef {}({}):\n    return {body}\n", f.name, names.join(", "));
    }
    out += "\n\n# The point.\n";
    let between = "\n# What the claim says of it.\nhypotheses = [\n";
    out += &named(p, expr, |n, e| format!("{n} = {e}\n"), between, |n, e| format!("    (\"{n}\", {e}),\n"));
    out += &format!("]\nconclusion = {}\n\n", expr(p, &p.variables, &p.conclusion));
    out += "for name, hypothesis in hypotheses:\n    if not hypothesis.elements():\n";
    out += "        sys.exit(f\"The hypothesis {name} does not hold at the point.\")\n";
    out += "if conclusion.elements():\n    sys.exit(\"The conclusion holds at the point.\")\n";
    out + &format!("print({:?})\n", sentence(p))
}

fn expr(p: &Program, names: &[String], e: &Expr) -> String {
    let go = |e: &Expr| expr(p, names, e);
    let list = |all: &[Expr]| all.iter().map(go).collect::<Vec<_>>().join(", ");
    let local = |level: &usize| names.get(*level).cloned().unwrap_or_else(|| format!("v{level}"));
    match e {
        Expr::Var(level) => local(level),
        Expr::Lam(level, body) => format!("fun(lambda {}: {})", local(level), go(body)),
        Expr::App(f, a) => format!("{}({})", go(f), go(a)),
        Expr::Call(f, args) => format!("{}({})", p.function(*f), list(args)),
        Expr::Whole(n) => n.to_string(),
        Expr::Real(n, d) if *d == 1.into() => format!("Fraction({n})"),
        Expr::Real(n, d) => format!("Fraction({n}, {d})"),
        Expr::Truth(b) => if *b { "True" } else { "False" }.to_owned(),
        Expr::Star => "()".to_owned(),
        Expr::If(c, yes, no) => format!("({} if {} else {})", go(yes), go(c), go(no)),
        Expr::Op(op, args) => {
            let sign = match op {
                Op::Add => "+",
                Op::Sub => "-",
                Op::Mul => "*",
                Op::Less => "<",
                Op::AtMost => "<=",
                _ => "",
            };
            match (op, args.as_slice()) {
                (_, [a, b]) if !sign.is_empty() => format!("({} {sign} {})", go(a), go(b)),
                (Op::Pair, [a, b]) => format!("({}, {})", go(a), go(b)),
                (Op::First, [a]) => format!("{}[0]", go(a)),
                (Op::Second, [a]) => format!("{}[1]", go(a)),
                (Op::ToReal, [a]) => format!("Fraction({})", go(a)),
                (Op::Empty | Op::Unit | Op::Booleans | Op::Numbers, _) => op.name().to_owned(),
                _ => format!("{}({})", op.name(), list(args)),
            }
        }
        Expr::Vector(items) => format!("vector({})", list(items)),
        Expr::Con(number, fields) => {
            let fields: Vec<String> = std::iter::once(number.to_string()).chain(fields.iter().map(go)).collect();
            format!("con({})", fields.join(", "))
        }
        Expr::Case(s, level, branches) => {
            let branches = branches.iter().map(|b| {
                let bound: Vec<String> = (*level..level + b.fields).map(|n| local(&n)).collect();
                let space = if bound.is_empty() { "" } else { " " };
                format!(", lambda{space}{}: {}", bound.join(", "), go(&b.body))
            });
            format!("cases({}{})", go(s), branches.collect::<String>())
        }
        Expr::Data(all) => {
            let one = |types: &Vec<Expr>| match types.as_slice() {
                [] => "()".to_owned(),
                [t] => format!("({},)", go(t)),
                many => format!("({})", list(many)),
            };
            format!("data({})", all.iter().map(one).collect::<Vec<_>>().join(", "))
        }
        Expr::Absent(why) => format!("absent({why:?})"),
    }
}
