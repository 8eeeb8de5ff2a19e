//! What the benchmark measures: statements in the language of bfv, and the same for z3 where it can state them.

/// A statement with the file that claims it.
pub struct Statement {
    /// In words, for the table.
    pub name: String,
    /// The file.
    pub source: String,
    /// The negation for z3: real arithmetic, weights and outputs variable.
    pub smt: Option<String>,
}

/// Every statement, in the order of the table.
pub fn all() -> Vec<Statement> {
    let mut out: Vec<Statement> = [2, 4, 8, 64, 256].into_iter().map(hull).collect();
    let file = |imports: &str, claim: &str| {
        let imports: String = imports.split(' ').map(|i| format!("import std.{i}\n")).collect();
        format!("module bench\n{imports}\nclaim c {claim}\n")
    };
    let conclusion = "min x <= weighted_mean w x /\\ weighted_mean w x <= max x";
    for (name, imports, claim) in [
        (
            "hull, every number of workers",
            "fusion",
            format!("{{k : Nat}} (w x : Vec (k + 1) Real) (hw : Simplex w) : {conclusion}"),
        ),
        (
            "Lipschitz with constant one, every number of workers",
            "fusion lipschitz",
            "{k : Nat} (q : Norm) (w : Vec k Real) (hw : Simplex w) : Lipschitz linf q everywhere 1 (fun x => single (weighted_mean w x))"
                .to_owned(),
        ),
        (
            "smoothness in weights and outputs, every number of workers",
            "fusion smooth",
            "{k : Nat} : Smooth inf (fun (w x : Vec k Real) => weighted_mean w x)".to_owned(),
        ),
    ] {
        out.push(Statement { name: name.to_owned(), source: file(imports, &claim), smt: None });
    }
    out
}

/// The hull of a weighted mean of k outputs.
fn hull(k: usize) -> Statement {
    let source = format!(
        "module bench\nimport std.fusion\n\nclaim c (w x : Vec {k} Real) (hw : Simplex w) : min x <= weighted_mean w x /\\ weighted_mean w x <= max x\n"
    );
    let mut smt = "(set-logic QF_NRA)\n".to_owned();
    for n in 0..k {
        smt += &format!("(declare-const w{n} Real)\n(declare-const x{n} Real)\n(assert (<= 0 w{n}))\n");
    }
    let sum = |term: &dyn Fn(usize) -> String| -> String {
        let terms: Vec<String> = (0..k).map(term).collect();
        format!("(+ {} 0)", terms.join(" "))
    };
    smt += &format!("(assert (= 1 {}))\n", sum(&|n| format!("w{n}")));
    smt += &format!("(define-fun mean () Real {})\n", sum(&|n| format!("(* w{n} x{n})")));
    // The smallest and the largest output by cases, as the library defines them, from the last element on.
    for (name, test) in [("min", "<"), ("max", ">")] {
        smt += &format!("(define-fun {name}{} () Real x{})\n", k - 1, k - 1);
        for n in (0..k - 1).rev() {
            let rest = n + 1;
            smt += &format!("(define-fun {name}{n} () Real (ite ({test} x{n} {name}{rest}) x{n} {name}{rest}))\n");
        }
    }
    smt += "(assert (not (and (<= min0 mean) (<= mean max0))))\n(check-sat)\n";
    Statement { name: format!("hull, {k} workers"), source, smt: Some(smt) }
}
