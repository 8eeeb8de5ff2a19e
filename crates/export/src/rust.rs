//! A program in Rust, in one file, with the standard library only.

use crate::expr::{Expr, Op};
use crate::{Program, named, sentence};

const RUNTIME: &str = include_str!("runtime.rs");

pub fn text(p: &Program) -> String {
    let mut out = format!("// {}\n// {}\n\n", crate::TITLE, p.about().join("\n// "));
    out += "#![allow(dead_code, non_snake_case, unused_variables)]\n\n";
    out += RUNTIME;
    for f in p.functions() {
        let names: Vec<String> = (0..f.params).map(|n| format!("{}: &Value", p.local(n))).collect();
        let body = expr(p, &p.locals, &f.body);
        out += &format!("\nfn {}({}) -> Value {{\n    {body}\n}}\n", f.name, names.join(", "));
    }
    out += "\nfn replay() -> Result<(), String> {
    let decided = |s: &Value| decide(s).map_err(|why| why.to_string());\n    // The point.\n";
    let between = "    // What the claim says of it.\n    let hypotheses: Vec<(&str, Value)> = vec![\n";
    let value = |n: &str, e: &str| format!("    let {n} = {e};\n");
    out += &named(p, expr, value, between, |n, e| format!("        (\"{n}\", {e}),\n"));
    out += &format!("    ];\n    let conclusion = {};\n", expr(p, &p.variables, &p.conclusion));
    out += "    for (name, hypothesis) in hypotheses {\n        if !decided(&hypothesis)? {\n";
    out +=
        "            return Err(format!(\"The hypothesis {} does not hold at the point.\", name));\n        }\n    }\n";
    out += "    if decided(&conclusion)? {\n        return Err(\"The conclusion holds at the point.\".to_string());\n    }\n";
    out += "    Ok(())\n}\n\nfn main() {\n";
    out += "    // Functions call each other deeply.\n";
    out += "    let thread = std::thread::Builder::new().stack_size(1 << 28).spawn(replay).unwrap();\n";
    out += "    match thread.join().unwrap() {\n";
    out += &format!("        Ok(()) => println!(\"{{}}\", {:?}),\n", sentence(p));
    out += "        Err(why) => {\n            eprintln!(\"{}\", why);\n            std::process::exit(1);\n        }\n    }\n}\n";
    out
}

/// An expression as an owned value.
fn expr(p: &Program, names: &[String], e: &Expr) -> String {
    let go = |e: &Expr| expr(p, names, e);
    let local = |level: usize| names.get(level).cloned().unwrap_or_else(|| format!("v{level}"));
    // What a function takes: a variable is lent, anything else is made for it.
    let lend = |e: &Expr| match e {
        Expr::Var(level) => format!("&{}", local(*level)),
        other => format!("&{}", go(other)),
    };
    let lent = |all: &[Expr]| all.iter().map(lend).collect::<Vec<_>>().join(", ");
    let list = |all: &[Expr]| format!("vec![{}]", all.iter().map(go).collect::<Vec<_>>().join(", "));
    match e {
        Expr::Var(level) => format!("{}.clone()", local(*level)),
        Expr::Lam(level, body) => {
            // A function keeps what it uses.
            let kept: String = e
                .all_free()
                .into_iter()
                .map(|n| {
                    let name = local(n);
                    format!("let {name} = {name}.clone(); ")
                })
                .collect();
            format!("{{ {kept}fun(move |{}: &Value| {}) }}", local(*level), go(body))
        }
        Expr::App(f, a) => format!("app({}, {})", lend(f), lend(a)),
        Expr::Call(f, args) => format!("{}({})", p.function(*f), lent(args)),
        Expr::Whole(n) => format!("whole({n})"),
        Expr::Real(n, d) => format!("real({n}, {d})"),
        Expr::Truth(b) => format!("truth({b})"),
        Expr::Star => "Value::Star".to_owned(),
        Expr::If(c, yes, no) => format!("choose({}, || {}, || {})", lend(c), go(yes), go(no)),
        Expr::Op(op, args) => match op {
            Op::Pair => format!("pair({})", args.iter().map(go).collect::<Vec<_>>().join(", ")),
            op => format!("{}({})", op.name(), lent(args)),
        },
        Expr::Vector(items) => format!("vector({})", list(items)),
        Expr::Con(number, fields) => format!("con({number}, {})", list(fields)),
        Expr::Case(s, level, branches) => {
            let mut arms = String::new();
            for (n, b) in branches.iter().enumerate() {
                let bound: String =
                    (0..b.fields).map(|f| format!("let {} = &fields[{f}]; ", local(level + f))).collect();
                arms += &format!("{n} => {{ {bound}{} }} ", go(&b.body));
            }
            format!("cases({}, |number, fields| match number {{ {arms}_ => absent(\"a case is missing\") }})", lend(s))
        }
        Expr::Data(all) => {
            let types: Vec<String> = all.iter().map(|t| list(t)).collect();
            format!("data(vec![{}])", types.join(", "))
        }
        Expr::Absent(why) => format!("absent({why:?})"),
    }
}
