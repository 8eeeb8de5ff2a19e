//! `bfv extract`: an operator of real numbers becomes an integer program, and what stored proofs show of that very program goes with it.
//!
//! Nothing here decides what is proved. A stored proof counts only when the kernel accepts it for the claim as it stands, and a property only
//! when the kernel accepts the package that has it.

use crate::answer::{Answer, Line};
use crate::args::{self, Extract};
use crate::check::{place, renamed, short};
use crate::commands::broken;
use crate::import::write;
use crate::init::{refuse, shown};
use crate::options::Options;
use crate::plug::frontend;
use crate::suggest::nearest;
use crate::usage::{Mistake, line};
use bfv_cert::digest::spec_root;
use bfv_diag::Sources;
use bfv_driver::{
    Code, Context, Elaborated, Goal, Kind, Problem, Store, StoreMode, StoredFailure, ambiguous, judge_stored, load,
    meant, spoken,
};
use bfv_exact::Refused;
use bfv_exact::program::{Input, Program, Shape};
use bfv_extract::{
    Argument, Evidence, Extracted, Given, Grid, Package, Plan, Property, Ratio, Rounding, Said, Values,
    extract as translate, named_hashes, numbers,
};
use bfv_format::{Decl, Hash, Stored};
use bfv_kernel::Limits;
use serde_json::{Map, json};
use std::path::PathBuf;

/// The unit and the range of outputs where nothing is said.
const OUTPUTS: &str = "-32768:32767:1/65536";

/// What was found about the program.
#[derive(Default)]
struct Found {
    /// Claims that the kernel has accepted of the program: their names, proofs and properties.
    kept: Vec<Kept>,
    /// Claims about the program that do not count, and why.
    left: Vec<(String, String)>,
    /// How many claims could not be compared with the program within the steps for that.
    unclear: usize,
}

impl Found {
    fn too_long(&self) -> Option<String> {
        let what = "Claims that are most likely about other programs, and took too many steps to compare";
        (self.unclear > 0).then(|| format!("{what}: {}.", self.unclear))
    }
}

struct Kept {
    claim: String,
    property: Property,
    stored: Stored,
    /// The place of the claim among the goals, whose reading gives its arguments again.
    goal: usize,
}

/// `bfv extract`. Nothing is written where how near the program is to the operator is not proved.
pub fn extract(args: &Extract, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let grids = grids(args)?;
    let further = args.given.iter().map(|g| assignment(g)).collect::<Result<Vec<_>, _>>()?;
    let (paths, project) = place("extract", &args.paths)?;
    let Some(store) = project.map(|p| p.store(StoreMode { fresh: false, locked: true })) else {
        let what = "Proofs are stored in a project only, and no bfv.toml was found at or above the file.";
        return Err(Mistake::new(what, vec![line(&["init"])]));
    };
    let mut sources = Sources::new();
    let (files, mut problems) = load(&paths, &mut sources);
    if problems.iter().any(Problem::is_error) {
        return Ok(broken(problems, options));
    }
    let mut front = frontend();
    front.recall(store.clone());
    let all = match front.elaborate(&mut sources, &files) {
        Ok(all) if !all.problems.iter().any(Problem::is_error) => all,
        Ok(all) => {
            problems.extend(all.problems);
            return Ok(broken(problems, options));
        }
        Err(more) => return Ok(broken(more, options)),
    };
    let (name, operator) = operator(&all, &args.operator, arguments)?;
    let not_extracted = |why: &Refused| {
        let what = format!("There is no program for {}: {}.", spoken(short(&name)), why.why);
        refuse(Problem::new(Code::NotExtracted, what, "change the operator, or what --given says."))
    };
    let limits = Limits::default();
    let sizes = (args.workers, args.coordinates);
    let taken =
        numbers(&all.signature, &all.positions, operator, sizes, &further, limits).map_err(|e| not_extracted(&e))?;
    let plan = Plan {
        workers: args.workers,
        coords: args.coordinates,
        unit: grids.first().map_or(Ratio::ONE, |g| g.unit),
        inputs: grids,
        rounding: match args.rounding.unwrap_or(args::Rounding::Down) {
            args::Rounding::Down => Rounding::Down,
            args::Rounding::Nearest => Rounding::Nearest,
        },
        clamp: args.clamp,
    };
    let program = translate(&all.signature, &all.positions, operator, &taken, &plan, limits);
    let program = program.map_err(|e| not_extracted(&e))?;
    let values = values(&plan, &program, &further);
    let decls: Vec<Decl> = all.signature.decls().cloned().collect();
    let internal = |e: String| refuse(Problem::new(Code::Internal, e, "report this."));
    let hashes = named_hashes(&decls).map_err(|e| internal(e.to_string()))?;
    let extracted = Extracted::new(&all.signature, &all.positions, &hashes, operator, &program, limits);
    let extracted = extracted.map_err(|e| not_extracted(&e))?;
    let context = Context::new(&all.signature).map_err(|e| internal(e.to_string()))?;
    let mut found = find(&all, &context, &store, &extracted, &program, &values);
    let near = |k: &Kept| matches!(k.property, Property::Near(_));
    if !found.kept.iter().any(near) {
        let what = format!("How near the program is to {} was not proved.", spoken(short(&name)));
        let mut problems =
            vec![Problem::new(Code::NotExtracted, what, "claim it with Near, and store a proof with bfv check.")];
        problems.extend(found.left.iter().map(|(claim, why)| left_out(claim, why)));
        problems.extend(found.too_long().map(|what| {
            let mut problem =
                Problem::new(Code::NotExtracted, what, "fewer workers or shorter tables take fewer steps.");
            problem.severity = bfv_diag::Severity::Note;
            problem
        }));
        return Ok(broken(problems, options));
    }
    found.kept.sort_by_key(|k| k.property.place());
    let arguments = arguments_of(&all, &extracted, &values, &found.kept).map_err(internal)?;
    let evidence: Vec<Evidence<'_>> = found
        .kept
        .iter()
        .zip(&arguments)
        .map(|(k, arguments)| Evidence { property: k.property.clone(), stored: &k.stored, arguments })
        .collect();
    let package = Package::make(&program, &evidence, Limits::default()).map_err(|e| not_extracted(&e))?;
    // The answer names the claim of each property by its place.
    if !package.properties().iter().eq(found.kept.iter().map(|k| &k.property)) {
        return Err(internal("The package has other properties than were found.".to_owned()));
    }
    let out = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.bfxk", short(&name))));
    write(&out, package.bytes(), args.replace)?;
    Ok(answer(&package, &found, &name, &shown(&out), &hashes, operator))
}

fn left_out(claim: &str, why: &str) -> Problem {
    Problem::new(
        Code::NotExtracted,
        format!("The claim {} does not count: {why}.", spoken(short(claim))),
        "mend that, or leave the property out.",
    )
}

/// The definition that is meant, among those of the files and of what they import.
fn operator(all: &Elaborated, wanted: &str, arguments: &[String]) -> Result<(String, u32), Mistake> {
    let is_definition = |id: u32| matches!(all.signature.decl(id), Some(Decl::Def { .. }));
    let own: Vec<(&String, u32)> = all
        .positions
        .iter()
        .filter(|(name, id)| {
            is_definition(**id) && name.rsplit_once('.').is_some_and(|(module, _)| all.modules.contains(module))
        })
        .map(|(name, id)| (name, *id))
        .collect();
    match meant(wanted, own.iter().map(|(n, _)| n.as_str())).as_slice() {
        [] => {
            let near = nearest(short(wanted), own.iter().map(|(n, _)| short(n)));
            let lines = near.into_iter().map(|n| renamed(arguments, wanted, n)).chain([line(&["help", "extract"])]);
            Err(Mistake::new(format!("There is no operator named {}.", wanted.escape_debug()), lines.collect()))
        }
        [one] => match own.get(*one) {
            Some((name, id)) => Ok(((*name).clone(), *id)),
            None => Err(refuse(Problem::new(Code::Internal, "An operator was lost.", "report this."))),
        },
        many => {
            let full = many.iter().filter_map(|n| own.get(*n)).map(|(n, _)| renamed(arguments, wanted, n));
            Err(Mistake::new(ambiguous(wanted, "operator", many.len()), full.collect()))
        }
    }
}

/// What claims with stored proofs say of the program, each judged by the kernel.
fn find(
    all: &Elaborated,
    context: &Context,
    store: &Store,
    extracted: &Extracted<'_>,
    program: &Program,
    values: &Values,
) -> Found {
    let mut found = Found::default();
    for (n, goal) in all.goals.iter().enumerate() {
        if goal.expected != Kind::Proved {
            continue;
        }
        let mut leave = |why: String| found.left.push((goal.full_name(), why.trim_end_matches('.').to_owned()));
        let (property, arguments) = match extracted.said(&goal.statement, &goal.variables, values) {
            Ok(Said::Property(property, arguments)) => (property, arguments),
            Ok(Said::Lacks(variable)) => {
                leave(format!("its variable {variable} has no value; add --given {variable}=N"));
                continue;
            }
            Ok(Said::Other) => continue,
            Ok(Said::Unclear) => {
                found.unclear += 1;
                continue;
            }
            Err(e) => {
                leave(e.why);
                continue;
            }
        };
        if found.kept.iter().any(|k| k.property == property) {
            continue;
        }
        let stored = match proof(all, context, store, goal) {
            Ok(stored) => stored,
            Err(why) => {
                leave(why);
                continue;
            }
        };
        let evidence = [Evidence { property: property.clone(), stored: &stored, arguments: &arguments }];
        match Package::make(program, &evidence, Limits::default()) {
            Ok(_) => found.kept.push(Kept { claim: goal.full_name(), property, stored, goal: n }),
            Err(e) => leave(e.why),
        }
    }
    found
}

/// The stored proof of a claim, once the kernel has accepted it for the claim as it stands.
fn proof(all: &Elaborated, context: &Context, store: &Store, goal: &Goal) -> Result<Stored, String> {
    let bytes = match store.load(&goal.module, &goal.name) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err("no proof of it is stored; run bfv check".to_owned()),
        Err(p) => return Err(p.what),
    };
    let stored = bfv_format::read(&bytes).map_err(|e| format!("its stored proof cannot be read: {}", e.reason))?;
    match judge_stored(&all.signature, context, &goal.statement, &stored, Limits::default()) {
        Ok(j) if j.kind == Kind::Proved => Ok(stored),
        Ok(_) => Err("it is refuted".to_owned()),
        Err(StoredFailure::Stale) => Err("its stored proof is one of another statement; run bfv check".to_owned()),
        Err(StoredFailure::Rejected(why)) => Err(format!("its stored proof is refused: {why}")),
    }
}

/// The arguments that each kept claim is read with, in the order of `kept`. The same goal was read before, so it must read as it did then.
fn arguments_of<'v>(
    all: &Elaborated,
    extracted: &Extracted<'_>,
    values: &'v Values,
    kept: &[Kept],
) -> Result<Vec<Vec<Argument<'v>>>, String> {
    let read = |k: &Kept| {
        let goal = all.goals.get(k.goal).ok_or_else(|| format!("The claim {} was lost.", spoken(short(&k.claim))))?;
        match extracted.said(&goal.statement, &goal.variables, values) {
            Ok(Said::Property(property, arguments)) if property == k.property => Ok(arguments),
            _ => Err(format!("The claim {} was read in two ways.", spoken(short(&k.claim)))),
        }
    };
    kept.iter().map(read).collect()
}

fn answer(package: &Package, found: &Found, name: &str, file: &str, hashes: &[Hash], operator: u32) -> Answer {
    let all = package.properties();
    let root = spec_root(&package.bytes()).to_string();
    let mut lines: Vec<Line> = (1..)
        .zip(all.iter().zip(&found.kept))
        .map(|(n, (property, k))| {
            let head = format!("Proved of the program, {n} of {}: {property}.", all.len());
            Line::from(format!("{head} Claim: {}.", spoken(short(&k.claim))))
        })
        .collect();
    lines.extend(
        found.left.iter().map(|(claim, why)| Line::from(format!("Left out: {}, because {why}.", spoken(short(claim))))),
    );
    lines.extend(found.too_long().map(Line::from));
    let axioms = match package.axioms() {
        [] => "none".to_owned(),
        some => some.join(", "),
    };
    lines.push(Line::from(format!("Axiom bundles: {axioms}. Root of the package: {root}.")));
    let source = package.program().source();
    let statements = package.statements().iter().map(ToString::to_string);
    let properties = all.iter().zip(&found.kept).zip(statements).map(|((property, k), statement)| {
        json!({ "property": property.to_string(), "claim": k.claim, "statement": statement })
    });
    let mut document = Map::new();
    document.insert("file".into(), file.into());
    document.insert("operator".into(), name.into());
    let hash = usize::try_from(operator).ok().and_then(|id| hashes.get(id)).map(ToString::to_string);
    document.insert("operator_hash".into(), hash.into());
    document.insert("workers".into(), source.workers.into());
    document.insert("coordinates".into(), source.coords.into());
    document.insert("root".into(), root.into());
    document.insert("axioms".into(), package.axioms().into());
    document.insert("properties".into(), properties.collect());
    let left = found.left.iter().map(|(claim, why)| json!({ "claim": claim, "reason": why }));
    document.insert("left_out".into(), left.collect());
    document.insert("unclear".into(), found.unclear.into());
    Answer {
        first: format!("Wrote 1 file: {file}, with {}.", properties_of(all.len())),
        lines,
        hint: Some("to use it, name it as package of a fusion in verify.toml".to_owned()),
        closing: "Result: the kernel accepted every property of this very program.".to_owned(),
        document,
        list: "properties",
        ..Answer::default()
    }
}

fn properties_of(n: usize) -> String {
    if n == 1 { "1 property".to_owned() } else { format!("{n} properties") }
}

fn wrong(what: String) -> Mistake {
    Mistake::new(what, vec![line(&["help", "extract"])])
}

/// A fraction such as 3, -2 or 1/65536, brought to lowest terms.
fn ratio(text: &str) -> Option<Ratio> {
    let (num, den) = text.split_once('/').unwrap_or((text, "1"));
    Ratio::reduced(num.parse().ok()?, den.parse().ok()?)
}

fn assignment(text: &str) -> Result<(String, Ratio), Mistake> {
    let parts = text.split_once('=').and_then(|(name, value)| Some((name.to_owned(), ratio(value)?)));
    parts.filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
        wrong(format!("The option --given has {}, which is no name with a number.", text.escape_debug()))
    })
}

/// A range with its unit.
fn range(option: &str, text: &str, shape: Shape) -> Result<Grid, Mistake> {
    let parts: Vec<&str> = text.split(':').collect();
    let read = match *parts.as_slice() {
        [low, high, unit] => low.parse().ok().zip(high.parse().ok()).zip(ratio(unit)),
        _ => None,
    };
    match read {
        Some(((low, high), unit)) if unit.parts().0 > 0 => {
            Ok(Grid { input: Input { shape, low, high }, unit, weights: false })
        }
        _ => Err(wrong(format!("The option {option} has {}, which is no LOW:HIGH:UNIT.", text.escape_debug()))),
    }
}

/// The inputs of the program.
fn grids(args: &Extract) -> Result<Vec<Grid>, Mistake> {
    let each = Shape { workers: true, coords: false };
    let outputs = args.outputs.as_deref().unwrap_or(OUTPUTS);
    let mut all = vec![range("--outputs", outputs, Shape { workers: true, coords: true })?];
    match (&args.scores, &args.weights) {
        (Some(_), Some(_)) => return Err(wrong("Input 1 has scores or weights, and not both.".to_owned())),
        (Some(scores), None) => all.push(range("--scores", scores, each)?),
        (None, Some(unit)) => match ratio(unit).map(|q| (q, q.parts())) {
            Some((unit, (1, high))) => {
                all.push(Grid { input: Input { shape: each, low: 0, high }, unit, weights: true });
            }
            _ => return Err(wrong("The unit of weights is 1 over a whole number, such as 1/32768.".to_owned())),
        },
        (None, None) => {}
    }
    Ok(all)
}

/// What the variables of claims are called in the library, and what was given, which counts where both say something.
fn values(plan: &Plan, program: &Program, given: &[(String, Ratio)]) -> Values {
    let mut out = Values::new();
    let mut add = |name: &str, value: Option<Ratio>| {
        out.extend(value.map(|q| (name.to_owned(), Given::Number(q))));
    };
    let whole = |z: i64| Ratio::new(z, 1).ok();
    for (grid, [low, high, unit]) in plan.inputs.iter().zip([["low", "high", "u"], ["least", "most", "s"]]) {
        add(low, whole(grid.input.low));
        add(high, whole(grid.input.high));
        add(unit, Some(grid.unit));
        let (_, den) = grid.unit.parts();
        if let (true, true, Ok(den)) = (grid.weights, den.count_ones() == 1, u64::try_from(den)) {
            add("k", whole(den.trailing_zeros().into()));
        }
    }
    if let [table] = program.source().tables.as_slice() {
        let last = i64::try_from(table.entries.len()).ok().and_then(|n| whole(n - 1));
        add("last", last);
        out.insert("T".to_owned(), Given::Table(table.entries.clone()));
    }
    out.extend(given.iter().map(|(name, q)| (name.clone(), Given::Number(*q))));
    out
}
