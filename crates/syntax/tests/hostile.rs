//! Texts made to break a reader: each gives a clear diagnostic or a fine tree, soon, on the small stack of a test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bfv_diag::Code;
use bfv_syntax::tree::{Body, ExprKind};
use bfv_syntax::{MAX_DEPTH, parse};
use common::{codes, diagnostics, good};

fn body(text: &str) -> String {
    format!("def a : Nat := {text}\n\ndef b : Nat := 1\n")
}

/// The declaration in question is refused with the code, and the next one is still read.
fn refused_alone(text: &str, code: Code) {
    let (file, found) = parse(0, body(text).as_bytes());
    assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), vec![code], "{:.60}", text);
    assert_eq!(file.decls.iter().map(|d| d.name.text.as_str()).collect::<Vec<_>>(), vec!["b"], "{:.60}", text);
}

fn repeat(before: &str, part: &str, times: usize, middle: &str, end: &str) -> String {
    [before, &part.repeat(times), middle, &end.repeat(times)].concat()
}

#[test]
fn deep_brackets_are_refused_before_parsing() {
    for (open, close) in [("(", ")"), ("[", "]"), ("f {", "}"), ("f (x := ", ")"), ("(x : ", ") -> Nat")] {
        refused_alone(&repeat("", open, 100_000, "1", close), Code::NestingTooDeep);
        refused_alone(&repeat("", open, 100_000, "", ""), Code::NestingTooDeep);
        assert_eq!(codes(body(&repeat("", open, 2_000, "1", close)).as_bytes()), vec![], "{open}");
    }
    refused_alone(&repeat("by ", "{ ", 100_000, "", "}"), Code::NestingTooDeep);
    refused_alone(&repeat("by ", "induction n { a => ", 100_000, "", "}"), Code::NestingTooDeep);
}

#[test]
fn long_rows_of_operators_are_refused() {
    let long = 100_000;
    for part in [
        "1 + ",
        "1 - ",
        "1 ^ ",
        "A -> ",
        "A /\\ ",
        "a < ",
        "- ",
        "not ",
        "fun x => ",
        "forall x, ",
        "sum i, ",
        "let x := 1 in ",
        "if a then b else ",
        "(x : A) -> ",
        "p @ ",
    ] {
        refused_alone(&repeat("", part, long, "1", ""), Code::NestingTooDeep);
    }
    refused_alone(&repeat("x", ".1", long, "", ""), Code::NestingTooDeep);
    refused_alone(&repeat("x", " @ i", long, "", ""), Code::NestingTooDeep);
    refused_alone(&repeat("(1", ", 1", long, ")", ""), Code::NestingTooDeep);
    refused_alone(&repeat("", "match ", long, "1", " with end"), Code::NestingTooDeep);
    refused_alone(&repeat("", "match 1 with | x => ", long, "1", " end"), Code::NestingTooDeep);
    refused_alone(&repeat("", "exact by ", long, "", ""), Code::UnexpectedToken);
    refused_alone(&repeat("", "by exact ", long, "1", ""), Code::NestingTooDeep);
    refused_alone(&repeat("by ", "have h := by ", long, "ring", ""), Code::NestingTooDeep);
    refused_alone(&repeat("match 1 with | (1", ", 1", long, ") => 2 end", ""), Code::NestingTooDeep);
    assert_eq!(codes(format!("claim c : {}a\n", "a <-> ".repeat(long)).as_bytes()), vec![Code::NotAssociative]);
}

#[test]
fn rows_up_to_the_limit_are_read_and_dropped() {
    let terms = usize::try_from(MAX_DEPTH).unwrap() - 1;
    for part in ["1 + ", "A -> ", "not ", "fun x => ", "if a then b else ", "let x := 1 in "] {
        let file = good(&body(&repeat("", part, terms, "1", "")));
        assert_eq!(file.decls.len(), 2);
    }
}

#[test]
fn a_long_row_prints() {
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(|| {
        let terms = usize::try_from(MAX_DEPTH).unwrap() - 1;
        let file = good(&body(&repeat("", "x + ", terms, "x", "")));
        let Body::Term(e) = &file.decls[0].body else { panic!("a body is a term") };
        assert_eq!(bfv_syntax::print::expr(e).matches('+').count(), terms);
    });
    worker.unwrap().join().unwrap();
}

#[test]
fn wide_is_fine() {
    let wide = 100_000;
    for text in [
        repeat("f", " x", wide, "", ""),
        repeat("[1", ", 1/2", wide, "]", ""),
        repeat("by ", "ring; ", wide, "", ""),
        repeat("by ", "exact x ", wide, "", ""),
        repeat("by split ", "{ ring } ", wide, "", ""),
    ] {
        let file = good(&body(&text));
        assert_eq!(file.decls.len(), 2);
    }
    let many = good(&repeat("", "def a : Nat := 1\n", wide, "", ""));
    assert_eq!(many.decls.len(), wide);
    let binders = good(&repeat("def a", " (x : A)", wide, " : B := 1", ""));
    assert_eq!(binders.decls[0].binders.len(), wide);
}

#[test]
fn nothing_is_quadratic() {
    let many = 300_000;
    for part in [
        "max x ",
        "max (x : ",
        "f (max i, ",
        "{ ",
        "in ",
        "if ",
        "end ",
        "by ",
        "| ",
        "( ",
        "max max ",
        ", ",
        "a < (b < ",
        "lemma ",
        "lemma\n",
        "/- -/",
        "<- ",
        "@[",
        "refuted ",
        "by exact ",
        "} ",
        "by {",
        "let by ",
        "match | ",
        "(x y z : A) ",
    ] {
        let text = repeat("def a : Nat := ", part, many, "", "");
        let start = std::time::Instant::now();
        let found = diagnostics(text.as_bytes());
        assert!(found.len() <= 101, "{part}");
        assert!(start.elapsed().as_secs() < 20, "{part} took {:?}", start.elapsed());
        let steps = repeat("theorem a : A by ", part, many, "", "");
        assert!(diagnostics(steps.as_bytes()).len() <= 101, "{part}");
        assert!(start.elapsed().as_secs() < 20, "{part} took {:?} in a script", start.elapsed());
    }
}

#[test]
fn nested_chains_do_not_grow() {
    let text = repeat("", "0 < (", 40, "x", ") < 1");
    refused_alone(&text, Code::MixedComparison);
    // A chain may be the last part of a chain: nothing is written twice then.
    assert_eq!(codes(body(&repeat("", "0 < 1 < (", 500, "x", ")")).as_bytes()), vec![]);
}

#[test]
fn large_files() {
    let spaces = vec![b' '; 50 << 20];
    assert_eq!(codes(&spaces), vec![]);
    let newlines = vec![b'\n'; 50 << 20];
    assert_eq!(codes(&newlines), vec![]);
    assert_eq!(codes(&vec![b' '; (64 << 20) + 1]), vec![Code::FileTooLarge]);
    assert_eq!(codes("x ".repeat(4_000_001).as_bytes()), vec![Code::FileTooLarge]);
    let comment = ["/-", &"/- -/".repeat(2_000_000), "-/"].concat();
    assert_eq!(codes(comment.as_bytes()), vec![]);
    assert_eq!(codes("/-".repeat(10_000_000).as_bytes()), vec![Code::UnclosedComment]);
}

#[test]
fn long_words() {
    refused_alone(&"7".repeat(10 << 20), Code::NumberTooLong);
    refused_alone(&format!("0.{}", "7".repeat(10 << 20)), Code::NumberTooLong);
    assert_eq!(codes(body(&"7".repeat(10_000)).as_bytes()), vec![]);
    let name = "x".repeat(1 << 20);
    assert_eq!(codes(body(&name).as_bytes()), vec![]);
    let found = diagnostics(format!("def a : Nat := 1 : {name}").as_bytes());
    assert!(found.iter().all(|d| d.message.len() < 300), "a long name is not repeated");
    let found = diagnostics(name.as_bytes());
    assert_eq!(found[0].message, "Found a long name outside a declaration.");
}

#[test]
fn bytes_that_are_no_text() {
    let (file, found) = parse(0, b"def a : Nat := \xFF\xFE 1\n-- caf\xE9\ndef b : Nat := 2\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].code, Code::InvalidUtf8);
    assert_eq!(found[0].message, "These bytes are not valid UTF-8. This is the first of 2 places.");
    let span = found[0].span.unwrap();
    assert_eq!((span.start, span.end), (15, 17));
    assert_eq!(file.decls.len(), 1, "b is still read");
    let noise: Vec<u8> = (0_u32..200_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    assert!(parse(0, &noise).1.len() <= 101);
    assert_eq!(
        codes(
            "def a : Nat := 1"
                .encode_utf16()
                .flat_map(u16::to_be_bytes)
                .fold(vec![0xFE, 0xFF], |mut v, b| {
                    v.push(b);
                    v
                })
                .as_slice()
        ),
        vec![Code::ByteOrderMark]
    );
}

#[test]
fn marks_and_line_ends() {
    let file = good("\u{feff}def a : Nat := 1\r\n-- x\r\ndef b : Nat :=\r2\t\n");
    assert_eq!(file.decls.len(), 2);
    assert_eq!(file.decls[0].span.start, 3, "offsets count the mark");
    assert_eq!(codes(b""), vec![]);
    assert_eq!(codes(b"\xEF\xBB\xBF"), vec![]);
    assert_eq!(codes(b"def a : Nat := 1 \0\0\0 + 2\n"), vec![Code::NulCharacter], "a run counts once");
    assert_eq!(codes(b"-- \0\n"), vec![Code::NulCharacter], "also in a comment");
    let Body::Term(e) = &good("def a := 1\r\n").decls[0].body else { panic!("a body is a term") };
    assert!(matches!(*e.kind, ExprKind::Number(..)));
}

#[test]
fn hostile_protocols_are_refused_soon() {
    let block = |items: &str| format!("protocol p {{n : Nat}}\n{items}end\n\ndef b : Nat := 1\n");
    let refused = |items: &str, code: Code| {
        let (file, found) = parse(0, block(items).as_bytes());
        assert!(found.iter().any(|d| d.code == code), "{:.60}: {:?}", items, found.first());
        assert_eq!(file.decls.iter().map(|d| d.name.text.as_str()).collect::<Vec<_>>(), vec!["b"], "{:.60}", items);
    };
    for item in [
        "invariant i : ",
        "live l under fair c : ",
        "safety s : 1 = 1 by exact ",
        "safety s : 1 = 1 refuted at (x := ",
        "sort s := ",
    ] {
        let close = if item.ends_with(":= ") && item.contains('(') { ")" } else { "" };
        refused(&format!("  {item}{}1{close}\n", "f (".repeat(600) + &")".repeat(0)), Code::UnclosedBracket);
        refused(&format!("  {item}{}1{}{close}\n", "- ".repeat(4_000), ""), Code::NestingTooDeep);
    }
    // Each sort twice as large as the one before it.
    let sorts: String = (1..60).map(|n| format!("  sort s{n} := s{} ** s{}\n", n - 1, n - 1)).collect();
    refused(&format!("  sort s0 := Nat\n{sorts}"), Code::BadItem);
    refused(&"  relation r : Fin n -> Bool\n".repeat(20_000), Code::FileTooLarge);
    assert!(!codes(block(&"  @[tag a\n".repeat(100_000)).as_bytes()).is_empty());
    // Many blocks, none of which ends.
    let (_, found) = parse(0, "protocol p {n : Nat}\n@[a\n".repeat(100_000).as_bytes());
    assert_eq!(found[0].code, Code::UnclosedProtocol);
}
