//! Stored proofs under both checkers: every proof of the project is accepted by both, and so is no mutant by one alone.
//!
//! A mutant is changed in one place and then sealed again, so that only the checkers can refuse it.
//! What is tried at a place stands in `tests/mutants/change.rs`. Every accepted mutant is put into a class by a reason that is checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "mutants/change.rs"]
mod change;
#[path = "../crates/cli/src/plug.rs"]
#[allow(dead_code)]
mod plug;
#[path = "mutants/sites.rs"]
mod sites;
#[path = "mutants/tally.rs"]
mod tally;

use bfv_driver::{Context, Elaborated, Kind, StoredFailure, judge_stored, load};
use bfv_format::{Decl, Node, Outcome, Renumber, Stored, Term, decl_hashes, term_hash};
use bfv_kernel::{Limits, Signature};
use sites::{Change, Part, apply, changes, places};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tally::Tally;

/// What the program allocates with, since much of the time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many mutants of each kind are judged, in how many proofs, and how many more of each of these; what must always be refused is
/// tried in as many mutants as come first in some order of the proofs. A longer run takes more of each and looks at every proof:
/// `BFV_MUTANTS=10 cargo test --release --test mutants`.
const EACH: usize = 17;
const PROOFS: usize = 60;
const OF_PROOF: usize = 3;
const ALWAYS: usize = 250;

fn longer() -> usize {
    std::env::var("BFV_MUTANTS").ok().map_or(1, |n| n.parse().unwrap())
}

/// The budget of a mutant. A check of an original takes much less; where one checker needs more than the other, it gets ten times as much.
const SMALL: (Limits, bfv_recheck::Limits) =
    (Limits { steps: 2_000_000, depth: 20_000 }, bfv_recheck::Limits { steps: 4_000_000, depth: 5_000 });
const LARGE: (Limits, bfv_recheck::Limits) =
    (Limits { steps: 20_000_000, depth: 100_000 }, bfv_recheck::Limits { steps: 40_000_000, depth: 20_000 });

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A stored proof of the project.
struct Proof {
    /// Module and claim.
    name: String,
    bytes: Vec<u8>,
    stored: Stored,
}

fn stored_proofs() -> Vec<Proof> {
    let mut out = Vec::new();
    for module in std::fs::read_dir(root().join("proofs")).unwrap() {
        let module = module.unwrap().path();
        // The page of all rows lies beside the folders.
        if !module.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(module).unwrap() {
            let path = file.unwrap().path();
            // What scripts gave is no stored proof.
            if path.extension().is_none_or(|e| e != "bfvp") {
                continue;
            }
            let bytes = std::fs::read(path).unwrap();
            let stored = bfv_format::read(&bytes).unwrap();
            out.push(Proof { name: stored.claim.clone(), bytes, stored });
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(out.len() >= 70, "{} proofs", out.len());
    out
}

fn named(wanted: &str) -> Proof {
    stored_proofs().into_iter().find(|p| p.name.ends_with(wanted)).unwrap()
}

/// The big stack that callers of the checkers supply.
fn big<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    match std::thread::Builder::new().stack_size(1 << 30).spawn(f).unwrap().join() {
        Ok(x) => x,
        Err(e) => std::panic::resume_unwind(e),
    }
}

/// The kernel's verdict on a stored proof from its bytes alone: the statement it judged, or the reason of the refusal.
fn kernel(stored: &Stored, limits: Limits) -> Result<Term, &'static str> {
    let mut s = Signature::new();
    for d in &stored.decls {
        s.add(d.clone(), limits).map_err(|r| r.reason)?;
    }
    kernel_after(&s, stored, limits)
}

fn kernel_after(s: &Signature, stored: &Stored, limits: Limits) -> Result<Term, &'static str> {
    match stored.verdict {
        Outcome::Proved => s.prove(&stored.statement, &stored.evidence, limits).map(|p| p.statement().clone()),
        Outcome::Refuted => s.refute(&stored.statement, &stored.evidence, limits).map(|r| r.statement().clone()),
    }
    .map_err(|r| r.reason)
}

fn second(bytes: &[u8], limits: bfv_recheck::Limits) -> Result<bfv_recheck::Report, &'static str> {
    bfv_recheck::recheck(bytes, limits).map_err(|r| r.reason)
}

/// The verdict of a file in the words of the second checker.
fn said(stored: &Stored) -> bfv_recheck::Verdict {
    match stored.verdict {
        Outcome::Proved => bfv_recheck::Verdict::Proved,
        Outcome::Refuted => bfv_recheck::Verdict::Refuted,
    }
}

/// Both checkers after each declaration of an original, which are checked once.
struct Checked(Vec<(Signature, bfv_recheck::Judge)>);

impl Checked {
    fn new(stored: &Stored) -> Self {
        let (mut s, mut second) = (Signature::new(), bfv_recheck::Judge::new(SMALL.1));
        let mut out = vec![(s.clone(), second.clone())];
        for d in &stored.decls {
            s.add(d.clone(), Limits::default()).unwrap();
            second.add(d).unwrap();
            out.push((s.clone(), second.clone()));
        }
        Checked(out)
    }

    /// The answers about a mutant, given as it was read back. The first declarations, as far as it shares them with the original, are not checked again.
    fn judge(&self, original: &Stored, mutant: &Stored, bytes: &[u8]) -> [Result<(), &'static str>; 2] {
        let same = original.decls.iter().zip(&mutant.decls).take_while(|(a, b)| a == b).count();
        let (mut s, mut judge) = self.0[same].clone();
        let rest = &mutant.decls[same..];
        let of_kernel = rest
            .iter()
            .try_for_each(|d| s.add(d.clone(), SMALL.0).map(|_| ()).map_err(|r| r.reason))
            .and_then(|()| kernel_after(&s, mutant, SMALL.0).map(|_| ()));
        let of_second = rest
            .iter()
            .try_for_each(|d| judge.add(d))
            .and_then(|()| judge.judge(&mutant.statement, said(mutant), &mutant.evidence))
            .map_err(|r| r.reason);
        match (of_kernel, of_second) {
            (Err("budget"), Ok(())) => [kernel(mutant, LARGE.0).map(|_| ()), Ok(())],
            (Ok(()), Err("budget")) => [Ok(()), second(bytes, LARGE.1).map(|_| ())],
            (k, r) => [k, r],
        }
    }
}

#[test]
fn every_stored_proof_is_accepted_by_both() {
    big(|| {
        for p in stored_proofs() {
            assert_eq!(kernel(&p.stored, Limits::default()).as_ref(), Ok(&p.stored.statement), "{}", p.name);
            let report = second(&p.bytes, bfv_recheck::Limits::default()).unwrap_or_else(|r| panic!("{}: {r}", p.name));
            assert_eq!(report.claim, p.stored.claim, "{}", p.name);
        }
    });
}

#[test]
fn an_unsealed_change_is_refused_by_the_reader() {
    let bytes = named(".hull_without_simplex").bytes;
    for n in 0..bytes.len() {
        for flip in [1, 128] {
            let mut changed = bytes.clone();
            changed[n] ^= flip;
            assert!(bfv_format::read(&changed).is_err(), "byte {n}");
        }
        assert!(bfv_format::read(&bytes[..n]).is_err(), "cut at byte {n}");
    }
    // The others at a few places each.
    for p in stored_proofs() {
        for n in (0..p.bytes.len()).step_by(p.bytes.len() / 16 + 1) {
            let mut changed = p.bytes.clone();
            changed[n] ^= 1;
            assert!(bfv_format::read(&changed).is_err(), "{}, byte {n}", p.name);
        }
    }
}

#[test]
fn sealed_byte_mutants_get_one_answer() {
    big(|| {
        let project = Project::new();
        let mut tally = Tally::default();
        let usual = [".hull_without_simplex", ".r16", ".a11"];
        let mut chosen: Vec<Proof> = usual.into_iter().map(named).collect();
        // A soak takes the shortest of the others as well, and every bit.
        let more = longer() - 1;
        let flips: &[u8] = if more > 0 { &[1, 2, 4, 8, 16, 32, 64, 128] } else { &[1, 4] };
        let mut others = stored_proofs();
        others.retain(|p| !usual.iter().any(|u| p.name.ends_with(u)));
        others.sort_by_key(|p| (p.bytes.len(), p.name.clone()));
        chosen.extend(others.into_iter().take(more));
        for p in chosen {
            let wanted = p.name.clone();
            let checked = Checked::new(&p.stored);
            let body = p.bytes.len() - 32;
            let step = body.div_ceil(700 * longer());
            println!("Every byte in {step} of {wanted}.");
            for n in (0..body).step_by(step) {
                for flip in flips {
                    let mut changed = p.bytes.clone();
                    changed[n] ^= flip;
                    let changed = bfv_format::reseal(&changed);
                    tally.take("changed byte", &format!("{wanted}, byte {n}"), &p, &checked, &changed, &project);
                }
            }
        }
        tally.print();
        assert!(tally.refused > 200 && tally.unreadable > 200 && tally.accepted() > 0);
    });
}

/// The project as the gate sees it.
struct Project {
    elaborated: Elaborated,
    context: Context,
}

impl Project {
    fn new() -> Self {
        let mut sources = bfv_diag::Sources::new();
        let (files, problems) = load(&[root().join("examples")], &mut sources);
        assert!(problems.is_empty());
        let elaborated = plug::frontend().elaborate(&mut sources, &files).unwrap();
        assert!(elaborated.problems.is_empty());
        let context = Context::new(&elaborated.signature).unwrap();
        Project { elaborated, context }
    }

    fn claim(&self, name: &str) -> Option<&Term> {
        self.elaborated.goals.iter().find(|g| g.full_name() == name).map(|g| &g.statement)
    }

    /// The statement in the sources that a stored proof is about. What is stored beside the proof of a claim, such as
    /// a point of its hypotheses, has no name in the sources; its statement is the one of the file, over the declarations of the sources.
    fn statement(&self, p: &Proof) -> Term {
        if let Some(statement) = self.claim(&p.name) {
            return statement.clone();
        }
        let ours = decl_hashes(self.context.decls()).unwrap();
        let mut numbers = Renumber::default();
        for (old, hash) in (0u32..).zip(decl_hashes(&p.stored.decls).unwrap()) {
            if let Some(new) = ours.iter().position(|h| *h == hash) {
                numbers.insert(old, u32::try_from(new).unwrap());
            }
        }
        numbers.term(&p.stored.statement).unwrap()
    }

    /// What the replay of the gate says of a mutant in the place of a proof: the verdict, or why it does not count.
    fn replay(&self, p: &Proof, mutant: &Stored) -> Result<Kind, StoredFailure> {
        let (signature, statement) = (&self.elaborated.signature, self.statement(p));
        let judged = judge_stored(signature, &self.context, &statement, mutant, Limits::default())?;
        // What the gate of the project allows.
        assert!(judged.axioms.iter().all(|a| ["exp", "real"].contains(&a.as_str())), "{}: {:?}", p.name, judged.axioms);
        Ok(judged.kind)
    }
}

/// Why a mutant is accepted by both checkers, as a sentence; each is checked before it is given.
fn explain(p: &Proof, mutant: &Stored, project: &Project) -> Result<&'static str, String> {
    let merkle = |s: &Stored| term_hash(&s.statement, &decl_hashes(&s.decls).unwrap()).unwrap();
    let said = project.replay(p, mutant);
    let print = |s: &Stored| {
        let names: Vec<String> = s.decls.iter().map(|d| d.name().to_owned()).collect();
        bfv_format::show(&s.statement, &names)
    };
    if merkle(mutant) != merkle(&p.stored) {
        // The gate must see that the claim in the source is another one.
        if said != Err(StoredFailure::Stale) {
            return Err(format!("the statement changed, and the replay says {said:?}"));
        }
        return Ok(match (mutant.statement == p.stored.statement, print(mutant) == print(&p.stored)) {
            (false, false) => "another true statement; both print it, and the gate refuses it as stale",
            (true, _) => "a declaration that the statement rests on changed; the gate refuses it as stale",
            (false, true) => "the statement differs where it is not printed; the gate refuses it as stale",
        });
    }
    let same = if p.stored.verdict == Outcome::Proved { Kind::Proved } else { Kind::Refuted };
    match said {
        Ok(kind) if kind == same => {}
        Ok(_) => return Err("the same statement is proved and refuted".to_owned()),
        Err(StoredFailure::Stale) => return Err("the statement is the same, and the replay calls it stale".to_owned()),
        Err(StoredFailure::Rejected(why)) if why.starts_with("it brings the axiom ") => {
            return Ok("the evidence rests on an axiom that the source does not have; the gate refuses it");
        }
        Err(StoredFailure::Rejected(_)) => {
            return Ok("the evidence fits the declarations it brings and not those of the source; the gate refuses it");
        }
    }
    let unnamed = |d: &Decl| {
        let mut d = d.clone();
        match &mut d {
            Decl::Def { name, .. } | Decl::Theorem { name, .. } | Decl::Axiom { name, .. } => name.clear(),
            Decl::Data(d) => {
                d.name.clear();
                d.constructors.iter_mut().for_each(|c| c.name.clear());
            }
        }
        d
    };
    let same_decls = mutant.decls.iter().map(unnamed).eq(p.stored.decls.iter().map(unnamed));
    Ok(match (same_decls, mutant.evidence == p.stored.evidence) {
        (true, true) => "only names, the witness or the engine differ, which carry no meaning",
        (true, false) => "other evidence that the kernel accepts for the same statement",
        (false, _) => "other declarations behind the evidence, which the kernel accepts for the same statement",
    })
}

/// Numbers from a seed, the same everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }
}

/// The numbers below `n` in some order.
fn shuffled(n: usize, random: &mut Random) -> Vec<usize> {
    let mut out: Vec<usize> = (0..n).collect();
    for k in (1..n).rev() {
        out.swap(k, random.below(k + 1));
    }
    out
}

/// Every change of every proof by kind, with the number of the proof. What proofs share is changed in the first one only.
fn all_changes(proofs: &[Proof]) -> BTreeMap<&'static str, Vec<(usize, Change)>> {
    let mut out: BTreeMap<&'static str, Vec<(usize, Change)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (n, p) in proofs.iter().enumerate() {
        let hashes = decl_hashes(&p.stored.decls).unwrap();
        let mut k = 0;
        let mut skip = |d: &Decl| {
            k += 1;
            !seen.insert((d.name().to_owned(), hashes[k - 1]))
        };
        for (kind, change) in changes(&p.stored, &mut skip) {
            out.entry(kind).or_default().push((n, change));
        }
    }
    out
}

#[test]
fn structural_mutants_get_one_answer() {
    big(|| {
        let proofs = stored_proofs();
        let in_proofs = if longer() > 1 { proofs.len() } else { PROOFS };
        let (each, of_proof) = (EACH * longer(), OF_PROOF * longer());
        let project = Project::new();
        type Changes = BTreeMap<usize, Vec<(&'static str, Change)>>;
        let (mut chosen, mut rest) = (Changes::new(), Changes::new());
        let (mut all, mut taken, mut same, mut random) = (0, 0, 0, Random(2));
        let looked_at: BTreeSet<usize> = shuffled(proofs.len(), &mut random).into_iter().take(in_proofs).collect();
        for (kind, mut list) in all_changes(&proofs) {
            all += list.len();
            list.retain(|(n, _)| looked_at.contains(n));
            for _ in 0..each.min(list.len()) {
                let (n, change) = list.swap_remove(random.below(list.len()));
                chosen.entry(n).or_default().push((kind, change));
                taken += 1;
            }
            for (n, change) in list {
                rest.entry(n).or_default().push((kind, change));
            }
        }
        // The kinds reach some proofs only; of each that is looked at, some changes are tried.
        for (n, mut list) in rest {
            for _ in 0..of_proof.min(list.len()) {
                chosen.entry(n).or_default().push(list.swap_remove(random.below(list.len())));
                taken += 1;
            }
        }
        assert!(
            looked_at.iter().all(|n| chosen.get(n).is_some_and(|c| c.len() >= of_proof)),
            "a proof without mutants"
        );
        println!("Figures: {taken} of {all} changes, in {} of {} proofs.", looked_at.len(), proofs.len());
        let mut tally = Tally::default();
        for (n, list) in chosen {
            let p = &proofs[n];
            let checked = Checked::new(&p.stored);
            for (kind, change) in list {
                let bytes = bfv_format::write(&apply(&p.stored, &change));
                // Parts that are equal may have changed places: that is no mutant.
                if bytes == p.bytes {
                    same += 1;
                    continue;
                }
                let what = match &change {
                    Change::Node { part, place, .. } => format!("{}, {part:?}, {place:?}", p.name),
                    Change::Decl(k, _) => format!("{}, declaration {k}", p.name),
                    Change::Frame(_) => p.name.clone(),
                };
                tally.take(kind, &what, p, &checked, &bytes, &project);
            }
        }
        tally.print();
        assert!(same * 20 <= taken, "{same} of {taken} changes changed nothing");
        assert!(tally.kinds.len() >= 50, "{} kinds", tally.kinds.len());
        assert!(tally.refused >= 500 && tally.stale.len() >= 5, "{} {}", tally.refused, tally.stale.len());
        for kind in ["dropped strictness", "negated multiplier"] {
            assert_eq!(tally.kinds[kind][1], 0, "{kind}");
        }
        the_program_refuses(tally.stale);
    });
}

/// The gate as a program, over a copy of the project in which proofs were replaced: it names each of them.
fn the_program_refuses(mutants: Vec<(String, Vec<u8>)>) {
    let dir = std::env::temp_dir().join(format!("bfv-mutants-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    copy(&root().join("examples"), &dir.join("examples"));
    copy(&root().join("proofs"), &dir.join("proofs"));
    std::fs::copy(root().join("bfv.toml"), dir.join("bfv.toml")).unwrap();
    let one_each: BTreeMap<String, Vec<u8>> = mutants.into_iter().collect();
    for (claim, bytes) in &one_each {
        // The name of a claim of a protocol has a dot in it: the module is what has a folder.
        let split = |at: usize| (dir.join("proofs").join(&claim[..at]), &claim[at + 1..]);
        let dots = claim.match_indices('.').map(|(at, _)| split(at));
        let (module, name) = dots.rev().find(|(folder, _)| folder.is_dir()).unwrap();
        std::fs::write(module.join(format!("{name}.bfvp")), bytes).unwrap();
    }
    let o = Command::new(env!("CARGO_BIN_EXE_bfv"))
        .arg("gate")
        .current_dir(&dir)
        .env("BFV_CONFIG", dir.join("settings.toml"))
        .output()
        .unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let out = String::from_utf8(o.stdout).unwrap();
    assert_eq!(o.status.code(), Some(5), "{out}");
    for claim in one_each.keys() {
        let sentence = format!("The stored proof of {claim} is stale, because the claim has changed.");
        assert!(out.contains(&sentence), "{claim}: {out}");
    }
    println!("The gate as a program refuses {} of {} replaced proofs.", one_each.len(), one_each.len());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path: PathBuf = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Every mutant of a kind, in every part of every proof, with the theorems behind it: none is accepted by either checker.
fn always_refused(wanted: &'static str, at_least: usize) {
    big(move || {
        let proofs = stored_proofs();
        let mut by_proof: BTreeMap<usize, Vec<Change>> = BTreeMap::new();
        for (n, change) in all_changes(&proofs).remove(wanted).unwrap() {
            by_proof.entry(n).or_default().push(change);
        }
        let mut made = 0;
        let all: usize = by_proof.values().map(Vec::len).sum();
        for n in shuffled(proofs.len(), &mut Random(3)) {
            let (p, Some(list)) = (&proofs[n], by_proof.get(&n)) else { continue };
            if made >= ALWAYS * longer() {
                break;
            }
            let mutants: Vec<(usize, Stored)> = list
                .iter()
                .map(|change| {
                    let place = match change {
                        Change::Node { part: Part::Decl(k, _), .. } | Change::Decl(k, _) => *k,
                        Change::Node { .. } | Change::Frame(_) => p.stored.decls.len(),
                    };
                    (place, bfv_format::read(&bfv_format::write(&apply(&p.stored, change))).unwrap())
                })
                .collect();
            let (mut s, mut second) = (Signature::new(), bfv_recheck::Judge::new(SMALL.1));
            // A refused declaration leaves both as they were.
            for k in 0..=p.stored.decls.len() {
                for (_, m) in mutants.iter().filter(|(place, _)| *place == k) {
                    let answers = match m.decls.get(k) {
                        Some(d) => [s.add(d.clone(), SMALL.0).is_err(), second.add(d).is_err()],
                        None => [
                            kernel_after(&s, m, SMALL.0).is_err(),
                            second.judge(&m.statement, said(m), &m.evidence).is_err(),
                        ],
                    };
                    assert_eq!(answers, [true, true], "{wanted} in {}, place {k}", p.name);
                    made += 1;
                }
                if let Some(d) = p.stored.decls.get(k) {
                    s.add(d.clone(), Limits::default()).unwrap();
                    second.add(d).unwrap();
                }
            }
        }
        println!("{wanted}: {made} of {all} mutants, all refused by both.");
        assert!(made >= at_least, "{wanted}: {made}");
    });
}

#[test]
fn a_dropped_strictness_is_always_refused_by_both() {
    always_refused("dropped strictness", 20);
}

#[test]
fn a_negated_multiplier_is_always_refused_by_both() {
    always_refused("negated multiplier", 100);
}

#[test]
fn the_opposite_verdict_is_always_refused_by_both() {
    always_refused("other verdict", 70);
}

#[test]
fn a_theorem_without_its_proof_is_always_refused_by_both() {
    always_refused("theorem without its proof", 20);
}

#[test]
fn places_reach_into_certificates() {
    let p = named(".hull_without_simplex");
    assert!(places(&p.stored.evidence).iter().any(|(_, t)| matches!(&**t, Node::Rule(_))));
}
