//! `bfv extract` by the real program: packages have what the kernel accepted of the very program, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;
#[path = "evaluate/stack.rs"]
mod stack;

use bfv_extract::{Package, Property};
use bfv_kernel::Limits;
use folder::{Folder, bfv};
use serde_json::Value;
use stack::with_stack;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reading a package evaluates its proof.
fn read(path: PathBuf) -> Result<Package, String> {
    let bytes = std::fs::read(path).unwrap();
    with_stack(|| Package::read(&bytes, Limits::default()).map_err(|e| e.to_string()))
}

const MEDIAN: &str =
    "extract examples/certificates/operators.sctt --operator rank_spec --workers 3 --coordinates 4 --given p=1";

#[test]
fn the_package_of_the_demonstration_is_made_by_command() {
    let folder = Folder::new("packages-demo");
    let out = folder.0.join("median.bfxk");
    let line = format!("{MEDIAN} --given t=1 --output {}", out.display());
    let (code, said) = bfv(root(), &line);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with(&format!("Wrote 1 file: {}, with 7 properties.\n", out.display())), "{said}");
    let shipped = std::fs::read(root().join("examples/inference/median.bfxk")).unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), shipped);
    // It is not written over, unless that is asked for.
    let (code, said) = bfv(root(), &line);
    assert_eq!(code, Some(74), "{said}");
    assert!(said.contains("exists already. Nothing was written."), "{said}");
    let (code, json) = bfv(root(), &format!("{line} --replace --format json"));
    assert_eq!(code, Some(0), "{json}");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (json["operator"].as_str(), json["workers"].as_u64()),
        (Some("certificates.operators.rank_spec"), Some(3))
    );
    let root_of = bfv_cert::digest::spec_root(&shipped).to_string();
    assert_eq!((json["root"].as_str(), json["axioms"][0].as_str()), (Some(root_of.as_str()), Some("real")));
    let package = read(out).unwrap();
    let all = json["properties"].as_array().unwrap();
    assert_eq!(all.len(), package.properties().len());
    for ((said, property), statement) in all.iter().zip(package.properties()).zip(package.statements()) {
        assert_eq!(said["property"], property.to_string());
        assert_eq!(said["statement"], statement.to_string());
    }
    // The distance is one from the operator that was named.
    let Some(Property::Near(near)) = package.properties().last() else { panic!("the last one is a distance") };
    assert_eq!(json["operator_hash"], near.operator.to_string());
}

#[test]
fn every_operator_of_the_examples_has_a_package() {
    let folder = Folder::new("packages-all");
    for (file, operator, rest, properties) in [
        ("operators", "mean_spec", "--weights 1/32768 --rounding nearest --clamp", 5),
        ("operators", "median_spec", "--rounding nearest --given t=2", 6),
        ("operators", "trimmed_spec", "--given b=1", 6),
        ("operators", "select_spec", "--scores -100:100:1/8", 5),
        ("operators", "vote_spec", "--outputs 0:1000:1", 5),
        ("softmax", "softmax_spec", "--scores -100:100:1/8 --given y=1/1024 --given k=128 --given D=100", 5),
    ] {
        let out = folder.0.join(format!("{operator}.bfxk"));
        let line = format!(
            "extract examples/certificates/{file}.sctt --operator {operator} --workers 5 --coordinates 2 {rest} --output {}",
            out.display()
        );
        let (code, said) = bfv(root(), &line);
        assert_eq!(code, Some(0), "{said}");
        let package = read(out).unwrap();
        assert_eq!(package.properties().len(), properties, "{said}");
        assert_eq!(said.matches("Proved of the program, ").count(), properties, "{said}");
        bfv_recheck::recheck(package.proof(), bfv_recheck::Limits::default()).unwrap();
    }
}

/// What is not shown of the very program is not in the package, and is named.
#[test]
fn no_property_is_named_that_was_not_proved_of_the_program() {
    let folder = Folder::new("packages-left");
    let out = folder.0.join("some.bfxk");
    let (code, said) = bfv(root(), &format!("{MEDIAN} --output {}", out.display()));
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("\nLeft out: rank within honest, because its variable t has no value; add --given t=N.\n"),
        "{said}"
    );
    let within = |p: &Property| matches!(p, Property::WithinHonest(_));
    assert!(!read(out).unwrap().properties().iter().any(within));
    // Two of three workers may not lie about the median: the hypothesis of the claim does not hold.
    let out = folder.0.join("two.bfxk");
    let (code, said) = bfv(root(), &format!("{MEDIAN} --given t=2 --output {}", out.display()));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\nLeft out: rank within honest, because the kernel refuses it"), "{said}");
    assert!(!read(out).unwrap().properties().iter().any(within));
    // The mean without the clamp is another program than the one that the claims are about.
    for rest in ["--weights 1/32768 --rounding nearest", "--weights 1/32768 --rounding down --clamp"] {
        let out = folder.0.join("mean.bfxk");
        let line = format!(
            "extract examples/certificates/operators.sctt --operator mean_spec --workers 3 --coordinates 2 {rest} --output {}",
            out.display()
        );
        let (code, said) = bfv(root(), &line);
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains("\nError not-extracted: How near the program is to mean spec was not proved."), "{said}");
        assert!(!out.exists());
    }
}

/// A project of its own: the claims of the examples about the order statistic, with proofs stored there.
fn project(name: &str) -> Folder {
    let folder = Folder::new(name);
    let text = std::fs::read_to_string(root().join("examples/certificates/operators.sctt")).unwrap();
    folder.write("operators.sctt", text.as_bytes());
    folder.write("bfv.toml", b"name = \"p\"\nsources = [\".\"]\n");
    let (from, to) = (root().join("proofs/certificates.operators"), folder.0.join("proofs/certificates.operators"));
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
    folder
}

#[test]
fn stored_proofs_are_judged_before_they_count() {
    let folder = project("packages-stored");
    let line =
        "extract operators.sctt --operator rank_spec --workers 3 --coordinates 4 --given p=1 --given t=1 --replace";
    let (code, said) = bfv(&folder.0, line);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("Wrote 1 file: rank_spec.bfxk, with 7 properties.\n"), "{said}");
    let proof = |name: &str| folder.0.join(format!("proofs/certificates.operators/{name}.bfvp"));
    // One is missing, one is of another claim, one is damaged.
    std::fs::remove_file(proof("rank_in_hull")).unwrap();
    std::fs::copy(proof("rank_moves_along"), proof("rank_never_falls")).unwrap();
    let mut bytes = std::fs::read(proof("rank_free_of_order")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(proof("rank_free_of_order"), bytes).unwrap();
    let (code, said) = bfv(&folder.0, line);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("Wrote 1 file: rank_spec.bfxk, with 4 properties.\n"), "{said}");
    for why in [
        "rank in hull, because no proof of it is stored; run bfv check.",
        "rank never falls, because its stored proof is one of another statement; run bfv check.",
        "rank free of order, because its stored proof cannot be read: ",
    ] {
        assert!(said.contains(&format!("\nLeft out: {why}")), "{why}: {said}");
    }
    // The operator is changed, and the proof of the distance is one from the old one.
    let text = std::fs::read_to_string(folder.0.join("operators.sctt")).unwrap();
    let line_of = "ranked (fun v => x 0 v c) p\n";
    assert_eq!(text.matches(line_of).count(), 1);
    folder.write("operators.sctt", text.replace(line_of, "ranked (fun v => x 0 v c) (p + 0)\n").as_bytes());
    let (code, said) = bfv(&folder.0, line);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("How near the program is to rank spec was not proved."), "{said}");
    assert!(
        said.contains("The claim rank near does not count: its stored proof is one of another statement"),
        "{said}"
    );
}

#[test]
fn what_cannot_be_extracted_is_refused_with_a_way_out() {
    let folder = Folder::new("packages-refused");
    folder.write("a.sctt", b"import std.root\nimport std.refine\noperator root {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sqrt (x 0 w c)\n");
    let sizes = "--workers 2 --coordinates 1";
    let (code, said) = bfv(&folder.0, &format!("extract a.sctt --operator root {sizes}"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("and no bfv.toml was found") && said.ends_with(": bfv init\n"), "{said}");
    folder.write("bfv.toml", b"name = \"p\"\n");
    for (line, code, why) in [
        ("--operator root", 2, "There is no program for root: programs have no operation for sqrt"),
        ("--operator roto", 2, "Suggestion 1 of 2: bfv extract a.sctt --workers 2 --coordinates 1 --operator root"),
        ("--operator root --outputs 5", 2, "The option --outputs has 5, which is no LOW:HIGH:UNIT."),
        ("--operator root --outputs 0:1:-1", 2, "which is no LOW:HIGH:UNIT."),
        ("--operator root --given p", 2, "The option --given has p, which is no name with a number."),
        ("--operator root --given p=1/0", 2, "which is no name with a number."),
        ("--operator root --weights 2", 2, "The unit of weights is 1 over a whole number"),
        ("--operator root --weights 1/2 --scores 0:1:1", 2, "Input 1 has scores or weights, and not both."),
    ] {
        let (found, said) = bfv(&folder.0, &format!("extract a.sctt {sizes} {line}"));
        assert_eq!(found, Some(code), "{line}: {said}");
        assert!(said.contains(why), "{line}: {said}");
    }
    let (code, said) = bfv(&folder.0, "extract missing.sctt --operator root --workers 1 --coordinates 1");
    assert_eq!(code, Some(74), "{said}");
    assert_eq!(bfv(&folder.0, "extract a.sctt").0, Some(2));
    assert_eq!(bfv(&folder.0, "extract a.sctt --operator root --workers 0 --coordinates 1").0, Some(2));
    let left: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
