//! Several errors in one run; one bad declaration does not hide the others.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bfv_diag::{Code, Sources};
use bfv_syntax::parse;
use common::{diagnostics, plain_sentences};

/// Code, line and column of each diagnostic, and the names of the declarations that were read.
fn run(source: &str) -> (Vec<(Code, u32, u32)>, Vec<String>) {
    let mut sources = Sources::new();
    sources.add("a.sctt", source.as_bytes());
    let (file, found) = parse(0, source.as_bytes());
    let place = |d: &bfv_diag::Diagnostic| {
        let p = sources.start(d.span.unwrap()).unwrap();
        (d.code, p.line, p.column)
    };
    (found.iter().map(place).collect(), file.decls.into_iter().map(|d| d.name.text).collect())
}

#[test]
fn one_diagnostic_for_each_bad_declaration() {
    let (found, read) = run(concat!(
        "module m\n",
        "def a : Nat := 1 +\n",
        "def b : Nat := 2\n",
        "claim c : (1 = 1\n",
        "theorem d : A by exact (x]\n",
        "@[tag x]\n",
        "claim e : 1 = 1\n",
        "def f : Nat := $ 3\n",
        "theorem g : A by ring ring x\n",
        "data H : U 0 | h (x : H)\n",
    ));
    assert_eq!(
        found,
        [
            (Code::UnexpectedEnd, 2, 19),
            (Code::UnclosedBracket, 4, 11),
            (Code::UnmatchedBracket, 5, 26),
            (Code::UnknownCharacter, 8, 16),
            (Code::UnexpectedToken, 9, 28),
        ]
    );
    assert_eq!(read, ["b", "e", "H"]);
}

#[test]
fn an_open_bracket_is_named_with_its_place() {
    let found = diagnostics(b"def a : Nat := f (g [x\n\n@[tag x]\ndef b := 1\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].code, Code::UnclosedBracket);
    assert_eq!(found[0].span.map(|s| (s.start, s.end)), Some((20, 21)), "the innermost one");
    assert_eq!(found[0].labels.len(), 1);
    let found = diagnostics(b"def a : Nat := (f x]\n");
    assert_eq!(found[0].code, Code::UnmatchedBracket);
    assert_eq!(found[0].labels[0].0.start, 15, "the bracket that is open");
}

#[test]
fn headers() {
    let (found, read) = run("import a\nmodule b\nmodule c\ndef d := 1\nimport e\nimport\n");
    assert_eq!(
        found.iter().map(|f| (f.0, f.1)).collect::<Vec<_>>(),
        [(Code::MisplacedHeader, 2), (Code::MisplacedHeader, 3), (Code::MisplacedHeader, 5), (Code::UnexpectedEnd, 6)]
    );
    assert_eq!(read, ["d"]);
    let (found, _) = run("module a b\nimport 3\nimport a := 1\n");
    assert_eq!(found, [(Code::UnexpectedToken, 1, 10), (Code::UnexpectedToken, 2, 8), (Code::UnexpectedToken, 3, 10)]);
}

#[test]
fn attributes_without_a_declaration() {
    let (found, read) = run("@[tag a]\n@[tag b]\nmodule x\ndef a := 1\n@[tag c]\n");
    assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), [Code::UnexpectedToken, Code::UnexpectedEnd]);
    assert_eq!(read, ["a"]);
}

#[test]
fn text_before_the_first_declaration() {
    let (found, read) = run("lemma a : A := x\ndef b := 1\n");
    assert_eq!(found, [(Code::OutsideDeclaration, 1, 1)]);
    assert_eq!(read, ["b"]);
    let found = diagnostics(b"def b := 1\nlemma a : A := x\n");
    assert_eq!(found[0].fix.as_deref(), Some("Write theorem in place of lemma."), "{found:#?}");
}

#[test]
fn too_many_errors_are_cut() {
    let found = diagnostics("def ;\n".repeat(1000).as_bytes());
    assert_eq!(found.len(), 101);
    assert_eq!(found[100].code, Code::TooManyErrors);
    let found = diagnostics("$ a ".repeat(1000).as_bytes());
    assert_eq!(found.len(), 101);
    assert_eq!(diagnostics("$".repeat(1000).as_bytes()).len(), 1, "a run counts once");
}

#[test]
fn every_text_gives_an_answer() {
    // Cutting a good text anywhere, and taking any one word out, gives diagnostics with places inside the text, or a good text.
    let source = "module m\n@[tag x, holds_if A b]\nclaim c {k : Nat} (x : Vec k Real) : 0 <= max i, x i refuted at (k := 0) by induction n { zero => ring | suc m ih => rewrite <- ih, h at g }\ndef f : (x : A) -> B | zero => (by ring, 1.1) | suc n => let y := [1, 2] in if a then b else match e with | p => hcom 0 1 A [i = 0 => u] b end\n";
    let check = |text: &str| {
        let (_, found) = parse(3, text.as_bytes());
        for d in found {
            plain_sentences(&d);
            let span = d.span.unwrap();
            assert_eq!(span.file, 3);
            assert!(span.start <= span.end && usize::try_from(span.end).unwrap() <= text.len(), "{d:?}");
        }
    };
    for end in 0..source.len() {
        check(&source[..end]);
        check(&source[end..]);
    }
    let words: Vec<&str> = source.split_inclusive(' ').collect();
    for gone in 0..words.len() {
        let text: String = words.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, w)| *w).collect();
        check(&text);
        for swap in ["by ", "| ", "{ ", "} ", "in ", "end ", ":= ", "def "] {
            let text: String = words.iter().enumerate().map(|(i, w)| if i == gone { swap } else { w }).collect();
            check(&text);
        }
    }
}

#[test]
fn one_diagnostic_for_each_bad_item_of_a_protocol() {
    let (found, read) = run(concat!(
        "def a := 1\n",
        "protocol p {n : Nat}\n",
        "  sort worker Fin n\n",
        "  relation done : (worker -> Bool\n",
        "  message sent : worker -> Bool\n",
        "  command go (w : worker) do done w := true]\n",
        "  command stop (w : worker) do done w = true\n",
        "  @[expect unknown\n",
        "  safety s : forall w, done w\n",
        "  safety t : forall w, done\n",
        "end\n",
        "def b := 2\n",
    ));
    assert_eq!(
        found,
        [
            (Code::UnexpectedToken, 3, 15),
            (Code::UnclosedBracket, 4, 19),
            (Code::UnmatchedBracket, 6, 44),
            (Code::UnexpectedToken, 7, 39),
            (Code::UnclosedBracket, 8, 3),
        ]
    );
    assert_eq!(read, ["a", "b"]);
}

#[test]
fn a_protocol_without_its_end_stops_at_the_next_declaration() {
    for next in ["def b := 2\n", "@[tag a]\ndef b := 2\n", "--- A comment.\n@[tag a, tag b]\n@[tag c] def b := 2\n"] {
        let (found, read) = run(&format!("protocol p {{n : Nat}}\n  relation done : Fin n -> Bool\n{next}"));
        assert_eq!(found, [(Code::UnclosedProtocol, 1, 1)], "{next}");
        assert_eq!(read, ["b"], "{next}");
    }
}
