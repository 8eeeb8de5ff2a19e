//! Packages of the usual operators, and what must not pass for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod library;

use bfv_exact::program::{Op, Program, Source};
use bfv_extract::{Argument, Evidence, Number, Package, Property, named_hashes};
use bfv_format::{Decl, Node, Outcome, Prim, Stored, Term, read, reseal, write};
use bfv_kernel::Limits;
use common::*;
use library::with_stack;

fn again(bytes: &[u8]) -> Result<Package, String> {
    Package::read(bytes, Limits::default()).map_err(|e| e.to_string())
}

/// The parts of a package: program, properties, proof.
fn parts(package: &Package) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let bytes = package.bytes();
    let program = package.program().bytes();
    let start = 5 + 4 + program.len();
    let proof = bytes.windows(4).rposition(|w| w == b"bfvp").unwrap();
    (program, bytes[start..proof - 4].to_vec(), bytes[proof..].to_vec())
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat()
}

/// A package of any parts.
fn assembled(program: &[u8], properties: &[u8], proof: &[u8]) -> Vec<u8> {
    [b"bfxk\x01", sized(program).as_slice(), properties, &sized(proof)].concat()
}

/// A package that consists of these parts is refused for this reason.
fn refused(program: &Program, properties: &[u8], proof: &[u8], why: &str) {
    let said = again(&assembled(&program.bytes(), properties, proof)).unwrap_err();
    assert!(said.contains(why), "{said}, and not {why}");
}

/// The same, where the proof may also lack a definition that the statement needs.
fn refused_as_other(program: &Program, properties: &[u8], proof: &[u8]) {
    let said = again(&assembled(&program.bytes(), properties, proof)).unwrap_err();
    assert!(said.contains(OTHER) || said.contains("it does not know the"), "{said}");
}

fn changed(program: &Program, change: impl Fn(&mut Source)) -> Program {
    let mut source = program.source().clone();
    change(&mut source);
    Program::new(source).unwrap()
}

const OTHER: &str = "it is one of another statement than that this program has these properties";

#[test]
fn the_usual_operators_have_their_properties() {
    with_stack(|| {
        for (n, d) in [(1, 1), (5, 16), (64, 4096)] {
            for (program, said) in [
                mean(n, d, 15),
                loose_mean(n, d, 15),
                softmax(n, d),
                shares(n, d),
                rank(n, d, n / 2),
                median(n, d),
                trimmed(n, d, (n - 1) / 3),
                select(n, d),
                lone_select(n, d),
                vote(n, d),
            ] {
                let package = package(&program, &said).unwrap_or_else(|e| panic!("{}: {e}", said[0].claim));
                assert_eq!(package.program(), &program);
                assert!(package.properties().iter().eq(said.iter().map(|s| &s.property)));
                assert_eq!(package.statements().len(), said.len());
                assert!(package.axioms().iter().all(|a| a == "real" || a == "exp"));
                let bytes = package.bytes();
                assert_eq!(again(&bytes).unwrap(), package);
                bfv_recheck::recheck(package.proof(), bfv_recheck::Limits::default()).unwrap();
                let (p, q, r) = parts(&package);
                assert_eq!(assembled(&p, &q, &r), bytes);
            }
        }
    });
}

#[test]
fn a_proof_about_another_program_is_refused() {
    with_stack(|| {
        let (program, said) = softmax(3, 4);
        let package = package(&program, &said).unwrap();
        let (_, properties, proof) = parts(&package);
        let swap = |f: &dyn Fn(&mut Source)| refused_as_other(&changed(&program, f), &properties, &proof);
        swap(&|s| s.workers = 4);
        swap(&|s| s.coords = 5);
        swap(&|s| s.inputs[0].low -= 1);
        swap(&|s| s.inputs[0].high += 1);
        swap(&|s| s.inputs[1].low += 1);
        swap(&|s| s.inputs[1].shape.coords = true);
        swap(&|s| s.tables[0].entries[200] += 1);
        swap(&|s| s.tables[0].entries[0] -= 1);
        swap(&|s| s.tables[0].entries.push(0));
        swap(&|s| s.result = 0);
        swap(&|s| s.conditions = vec![0]);
        swap(&|s| s.inputs.push(s.inputs[0]));
        // Every operation in turn is replaced by another one that fits where it stands.
        let last = program.source().ops.len();
        let mut tried = 0;
        for place in 0..last {
            for op in [Op::Input(0), Op::Worker, Op::Const(7), Op::Const(0), Op::Input(1)] {
                let mut source = program.source().clone();
                let before = std::mem::replace(&mut source.ops[place], op);
                if let Ok(other) = Program::new(source)
                    && before != op
                {
                    refused_as_other(&other, &properties, &proof);
                    tried += 1;
                }
            }
        }
        assert!(tried > 30, "{tried} programs with one other operation");
        // Another operator altogether.
        refused_as_other(&mean(3, 4, 15).0, &properties, &proof);
        // A value that nothing reads does not change what the program means, and so it is another statement of the same.
        swap(&|s| {
            s.ops.push(Op::Worker);
        });
    });
}

#[test]
fn a_proof_of_another_property_is_refused() {
    with_stack(|| {
        let (program, said) = trimmed(5, 2, 1);
        let one = |i: usize| package(&program, &said[i..=i]).unwrap();
        let all: Vec<Package> = (0..said.len()).map(one).collect();
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                if i != j {
                    refused_as_other(&program, &parts(a).1, &parts(b).2);
                }
            }
        }
        // Fewer honest workers, a smaller distance, another unit, another operator, and more properties than were proved.
        let with = |i: usize, property: Property| {
            let evidence = Said { property, ..said[i].clone() };
            let refusal = package(&program, &[evidence]).unwrap_err().to_string();
            assert!(refusal.contains("the kernel refuses it") || refusal.contains("does not know"), "{refusal}");
        };
        with(1, Property::WithinHonest(2));
        with(0, Property::SumsTo(1));
        let Property::Near(near) = &said[5].property else { panic!("the last one is a distance") };
        let half = bfv_extract::Refinement { bound: ratio(1, 1 << 17), ..near.clone() };
        with(5, Property::Near(half));
        with(5, Property::Near(bfv_extract::Refinement { units: vec![ratio(1, 1 << 15)], ..near.clone() }));
        with(5, Property::Near(bfv_extract::Refinement { unit: ratio(1, 1 << 15), ..near.clone() }));
        with(
            5,
            Property::Near(bfv_extract::Refinement {
                operator: operator(&stored("operators.median_near"), "median_spec"),
                ..near.clone()
            }),
        );
        let two = package(&program, &said[..2]).unwrap();
        refused(&program, &parts(&two).1, &parts(&all[0]).2, OTHER);
        refused(&program, &parts(&all[0]).1, &parts(&two).2, OTHER);
    });
}

/// The same proof with another part.
fn with(proof: &[u8], change: impl Fn(&mut Stored)) -> Vec<u8> {
    let mut stored = read(proof).unwrap();
    change(&mut stored);
    write(&stored)
}

#[test]
fn what_is_no_proof_is_refused() {
    with_stack(|| {
        let (program, said) = vote(4, 2);
        let package = package(&program, &said[..1]).unwrap();
        let (_, properties, proof) = parts(&package);
        let prim = |p| Term::new(Node::Prim(p));
        let bad = |change: &dyn Fn(&mut Stored), why: &str| refused(&program, &properties, &with(&proof, change), why);
        // A proof of what is true anyway, under its own statement and under the one that is asked for.
        bad(&|s| (s.statement, s.evidence) = (prim(Prim::Unit), prim(Prim::Star)), OTHER);
        bad(&|s| s.evidence = prim(Prim::Star), "the kernel refuses it");
        bad(&|s| s.verdict = Outcome::Refuted, "it is a refutation");
        // Only axioms of the library may be assumed: not falsehood, not under a known name, not in a known bundle.
        let axiom =
            |name: &str, bundle: &str| Decl::Axiom { name: name.into(), bundle: bundle.into(), ty: prim(Prim::Empty) };
        for (name, bundle) in [("anything", "mine"), ("mul_inv", "real"), ("exp_ge", "exp")] {
            let assume = |s: &mut Stored| {
                let id = u32::try_from(s.decls.len()).unwrap();
                s.decls.push(axiom(name, bundle));
                let falsehood = Term::new(Node::Const { id, shift: 0 });
                s.evidence = Term::new(Node::EmptyElim(s.statement.clone(), falsehood));
            };
            bad(&assume, &format!("it brings the axiom {name}"));
        }
        // A theorem with a proof of something else.
        bad(
            &|s| {
                let theorem = s
                    .decls
                    .iter_mut()
                    .rev()
                    .find_map(|d| if let Decl::Theorem { proof, .. } = d { Some(proof) } else { None });
                *theorem.unwrap() = prim(Prim::Star);
            },
            "the kernel refuses",
        );
        // A definition of the library under its name, with another meaning.
        let easy = |s: &mut Stored| {
            for d in &mut s.decls {
                if let Decl::Def { name, body, .. } = d
                    && name == "InHull"
                {
                    *body = [(); 4].iter().fold(prim(Prim::Unit), |t, ()| Term::new(Node::Lam(t)));
                }
            }
            s.evidence = prim(Prim::Star);
        };
        bad(&easy, "it does not know the definition std.program.InHull");
    });
}

/// What is known of `exp` is not known of `log`, though both have one type.
#[test]
fn axioms_are_told_apart_by_name() {
    let real = || Term::new(Node::Prim(Prim::Real));
    let function =
        |name: &str| Decl::Axiom { name: name.into(), bundle: "exp".into(), ty: Term::new(Node::Pi(real(), real())) };
    let decls = [function("exp"), function("log")];
    let hashes = named_hashes(&decls).unwrap();
    assert_ne!(hashes[0], hashes[1]);
    let plain = bfv_format::decl_hashes(&decls).unwrap();
    assert_eq!(plain[0], plain[1]);
    with_stack(|| {
        let (program, said) = softmax(2, 1);
        let package = package(&program, &said[4..]).unwrap();
        let (_, properties, proof) = parts(&package);
        // The laws of one function, told of the other: without names this would be the same proof.
        let swapped = with(&proof, |s| {
            for d in &mut s.decls {
                if let Decl::Axiom { name, .. } = d
                    && name == "exp"
                {
                    *name = "log".to_owned();
                }
            }
        });
        refused_as_other(&program, &properties, &swapped);
    });
}

#[test]
fn claims_at_other_arguments_are_refused() {
    with_stack(|| {
        let (program, said) = mean(3, 2, 15);
        let fail = |claim: &'static str, property: &Property, arguments: &[Argument<'static>]| {
            let wrong = Said { claim, property: property.clone(), arguments: arguments.to_vec() };
            assert!(package(&program, &[wrong]).is_err());
        };
        for (place, other) in [
            (0, nat(4)),
            (1, nat(3)),
            (2, nat(14)),
            (3, int(LOW - 1)),
            (4, int(HIGH + 1)),
            (0, int(3)),
            (0, Argument::Holds),
        ] {
            let mut arguments = said[0].arguments.clone();
            arguments[place] = other;
            fail(said[0].claim, &said[0].property, &arguments);
        }
        fail(said[0].claim, &said[0].property, &said[0].arguments[..4]);
        fail(said[0].claim, &said[0].property, &[&said[0].arguments[..], &[Argument::Number(Number::Nat(1))]].concat());
        // The rounded mean without a clamp leaves the hull: the claim about it is refuted, and a refutation is no evidence.
        let loose = stored("operators.loose_in_hull");
        assert_eq!(loose.verdict, Outcome::Refuted);
        let evidence = [Evidence { property: Property::InHull, stored: &loose, arguments: &[] }];
        let refusal = Package::make(&program, &evidence, Limits::default()).unwrap_err().to_string();
        assert!(refusal.contains("loose_in_hull is refuted"), "{refusal}");
        // A hypothesis that does not hold: all five workers may not be trimmed.
        let (program, said) = trimmed(5, 1, 2);
        let mut wrong = said[1].clone();
        wrong.arguments[2] = nat(3);
        wrong.property = Property::WithinHonest(3);
        assert!(package(&program, &[wrong]).is_err());
        assert!(package(&program, &[]).unwrap_err().to_string().contains("it has no property"));
        let scores_first = changed(&program, |s| s.inputs[0].shape.coords = false);
        let refusal = package(&scores_first, &said[..1]).unwrap_err().to_string();
        assert!(refusal.contains("input 0 has no output for each worker and coordinate"), "{refusal}");
    });
}

#[test]
fn only_the_bytes_of_packages_are_read() {
    with_stack(|| {
        let (program, said) = select(3, 2);
        let package = package(&program, &said).unwrap();
        let bytes = package.bytes();
        for end in 0..bytes.len() {
            assert!(again(&bytes[..end]).is_err(), "cut off at {end}");
        }
        assert!(again(&[bytes.as_slice(), &[0]].concat()).unwrap_err().contains("left over"));
        // Any bit of what stands before the proof: no other package has this proof.
        let proof = bytes.len() - parts(&package).2.len();
        for bit in 0..proof * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(again(&damaged).is_err(), "bit {bit}");
        }
        // Bytes of the proof, with its seal made anew. What is accepted then has the same program and properties.
        let (p, q, r) = parts(&package);
        let mut accepted = 0;
        for place in (0..r.len() - 32).step_by(7) {
            let mut damaged = r.clone();
            damaged[place] ^= 1 << (place % 8);
            if let Ok(other) = again(&assembled(&p, &q, &reseal(&damaged))) {
                assert_eq!((other.program(), other.properties()), (package.program(), package.properties()));
                accepted += 1;
            }
        }
        assert!(accepted < r.len() / 14, "{accepted} accepted, where only names may change");
    });
}

#[test]
fn a_table_that_is_too_deep_is_refused() {
    with_stack(|| {
        let (program, said) = softmax(2, 1);
        let long = changed(&program, |s| s.tables[0].entries = vec![1; 40_000]);
        let refusal = package(&long, &said[..1]).unwrap_err().to_string();
        assert!(refusal.contains("the proof of a package: it cannot be read"), "{refusal}");
    });
}
