#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Goal};

fn module(session: &mut Session, name: &str, bytes: &[u8]) {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None };
    let out = session.module(name, &file, engines, &|_| String::new());
    let problems: Vec<&String> = out.problems.iter().map(|p| &p.message).collect();
    assert!(problems.is_empty(), "{name}: {problems:?}");
}

#[test]
fn measure() {
    std::thread::Builder::new()
        .stack_size(1 << 30)
        .spawn(|| {
            let dir = std::env::var("GOALS").unwrap();
            let steps: u64 = std::env::var("STEPS").map_or(2_000_000, |s| s.parse().unwrap());
            let only = std::env::var("ONLY").unwrap_or_default();
            let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
            files.sort();
            files.retain(|f| f.to_str().unwrap().contains(&only));
            let mut session = Session::new();
            let library = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sctt/");
            module(&mut session, "std.logic", &std::fs::read(format!("{library}logic.sctt")).unwrap());
            let before = session.signature.len();
            let defs: String = files
                .iter()
                .enumerate()
                .map(|(n, f)| format!("def goal{n} : U 2 := {}\n", std::fs::read_to_string(f).unwrap().trim()))
                .collect();
            module(&mut session, "m", format!("module m\nimport std.logic\n{defs}").as_bytes());
            let statements: Vec<Term> = session
                .signature
                .decls()
                .skip(before as usize)
                .filter_map(|d| if let Decl::Def { body, .. } = d { Some(body.clone()) } else { None })
                .collect();
            let mut won = 0;
            for (f, statement) in files.iter().zip(&statements) {
                let machine = Machine::new(&session.signature, Limits::default());
                let ctx = Ctx::default();
                let target = machine.eval(&ctx.env, statement);
                let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
                let mut budget = Budget::new(steps);
                let t = std::time::Instant::now();
                let found = bfv_engine_inhabit::inhabit(&goal, &mut budget);
                let took = t.elapsed();
                let t = std::time::Instant::now();
                let verdict = match &found {
                    Ok(term) => match session.signature.prove(statement, term, Limits::default()) {
                        Ok(_) => {
                            won += 1;
                            "PROVED".to_owned()
                        }
                        Err(e) => format!("REFUSED {e:?}"),
                    },
                    Err(e) => format!("{e:?}"),
                };
                println!(
                    "{:28} {:8.2} ms {:9} nodes, kernel {:6.2} ms {verdict}",
                    f.file_stem().unwrap().to_str().unwrap(),
                    took.as_secs_f64() * 1e3,
                    budget.used,
                    t.elapsed().as_secs_f64() * 1e3
                );
                if std::env::var("SHOW").is_ok()
                    && let Ok(term) = &found
                {
                    println!("{}", bfv_elab::show(term, &session.names, &[], &[]));
                }
            }
            println!("{won} of {}", files.len());
        })
        .unwrap()
        .join()
        .unwrap();
}
