//! How operators bind: every line says what a text without parentheses means.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bfv_diag::Code;
use common::{codes, expression, shape};

/// A text as it is printed, and the same with all parentheses.
const TABLE: &[(&str, &str)] = &[
    ("a + b * c", "a + (b * c)"),
    ("a * b + c", "(a * b) + c"),
    ("a - b - c", "(a - b) - c"),
    ("a - b + c", "(a - b) + c"),
    ("a / b / c", "(a / b) / c"),
    ("a * b / c", "(a * b) / c"),
    ("A ** B ** C", "(A ** B) ** C"),
    ("a ^ b ^ c", "a ^ (b ^ c)"),
    ("-a ^ b", "-(a ^ b)"),
    ("a ^ -b", "a ^ (-b)"),
    ("a ^ -b * c", "(a ^ (-b)) * c"),
    ("-a * b", "(-a) * b"),
    ("a * -b", "a * (-b)"),
    ("- -a", "-(-a)"),
    ("a - -b", "a - (-b)"),
    ("f a + g b", "(f a) + (g b)"),
    ("-f a", "-(f a)"),
    ("f a ^ 2", "(f a) ^ 2"),
    ("f x @ i", "(f x) @ i"),
    ("p @ i @ j", "(p @ i) @ j"),
    ("f a.1", "f (a.1)"),
    ("f a.1.2", "f ((a.1).2)"),
    ("a.1 ^ 2", "(a.1) ^ 2"),
    ("a + b < c * d", "(a + b) < (c * d)"),
    ("a = b /\\ c = d", "(a = b) /\\ (c = d)"),
    ("a /\\ b \\/ c", "(a /\\ b) \\/ c"),
    ("a \\/ b /\\ c", "a \\/ (b /\\ c)"),
    ("a /\\ b /\\ c", "a /\\ (b /\\ c)"),
    ("a \\/ b \\/ c", "a \\/ (b \\/ c)"),
    ("not a = b", "not (a = b)"),
    ("not a /\\ b", "(not a) /\\ b"),
    ("not not a", "not (not a)"),
    ("a /\\ not b \\/ c", "(a /\\ (not b)) \\/ c"),
    ("a \\/ b <-> c /\\ d", "(a \\/ b) <-> (c /\\ d)"),
    ("a <-> b -> c", "(a <-> b) -> c"),
    ("a -> b <-> c", "a -> (b <-> c)"),
    ("a -> b -> c", "a -> (b -> c)"),
    ("a /\\ b -> c", "(a /\\ b) -> c"),
    ("fun x => a + b -> c", "fun x => ((a + b) -> c)"),
    ("forall x, a -> b", "forall x, (a -> b)"),
    ("a -> forall x, b -> c", "a -> (forall x, (b -> c))"),
    ("a /\\ exists x, b \\/ c", "a /\\ (exists x, (b \\/ c))"),
    ("(x : A) -> B -> C", "(x : A) -> (B -> C)"),
    ("A -> (x : B) -> C", "A -> ((x : B) -> C)"),
    ("Sigma (x : A), B -> C", "Sigma (x : A), (B -> C)"),
    ("let x := a in x + b -> c", "let x := a in ((x + b) -> c)"),
    ("if a then b else c + d", "if a then b else (c + d)"),
    ("sum i, w i = 1", "(sum i, w i) = 1"),
    ("sum i, w i * x i + y i", "sum i, ((w i * x i) + y i)"),
    ("0 <= sum i, w i", "0 <= (sum i, w i)"),
    ("2 * sum i, w i + y", "2 * (sum i, (w i + y))"),
    ("sum i, w i = prod i, w i", "(sum i, w i) = (prod i, w i)"),
    ("sum i, max j, a i j + 1", "sum i, (max j, (a i j + 1))"),
    ("sum i, w i = 1 /\\ b", "((sum i, w i) = 1) /\\ b"),
    ("-sum i, w i + 1", "-(sum i, (w i + 1))"),
    ("max x + min y", "(max x) + (min y)"),
    ("min x <= f /\\ f <= max x", "((min x) <= f) /\\ (f <= (max x))"),
    ("coe 0 1 A e", "(coe 0 1 A e)"),
    ("coe 0 1 A e x", "(coe 0 1 A e) x"),
    ("fun x => by { ring }", "fun x => (by { ring })"),
];

#[test]
fn the_table() {
    for (text, full) in TABLE {
        assert_eq!(shape(&expression(text)), shape(&expression(full)), "{text}");
        let printed = bfv_syntax::print::expr(&expression(full));
        assert_eq!(&printed, text, "parentheses that are not needed");
    }
}

#[test]
fn chains() {
    for (text, full) in [
        ("0 <= t <= 1", "(0 <= t) /\\ (t <= 1)"),
        ("a < b = c <= d", "(a < b) /\\ ((b = c) /\\ (c <= d))"),
        ("a > b >= c", "(a > b) /\\ (b >= c)"),
        ("0 <= sum i, w i <= 1", "(0 <= sum i, w i) /\\ ((sum i, w i) <= 1)"),
        ("not 0 < a < 1", "not ((0 < a) /\\ (a < 1))"),
        ("0 <= t <= 1 -> A", "((0 <= t) /\\ (t <= 1)) -> A"),
    ] {
        assert_eq!(shape(&expression(text)), shape(&expression(full)), "{text}");
    }
    for text in ["a < b > c", "a != b != c", "a = b != c", "0 <= (0 <= t <= 1) <= 1"] {
        assert_eq!(codes(format!("def t := {text}").as_bytes()), vec![Code::MixedComparison], "{text}");
    }
    assert_eq!(codes(b"def t := a <-> b <-> c"), vec![Code::NotAssociative]);
    assert_eq!(codes(b"def t := (a <-> b) <-> c"), vec![]);
}

#[test]
fn spellings() {
    for (text, ascii) in [
        ("\u{3bb} x => x", "fun x => x"),
        ("lambda x => x", "fun x => x"),
        ("fun x \u{21a6} x", "fun x => x"),
        ("\u{2200} x, \u{2203} y, x \u{2264} y \u{2227} y \u{2265} x", "forall x, exists y, x <= y /\\ y >= x"),
        ("\u{ac} a \u{2228} b \u{2260} c", "not a \\/ b != c"),
        ("A \u{2192} B \u{2194} C", "A -> B <-> C"),
        ("\u{2211} i, a \u{b7} b \u{22c5} c \u{2212} d", "sum i, a * b * c - d"),
        ("\u{220f} i, a", "prod i, a"),
        ("\u{3a3} (x : A), B \u{d7} C", "Sigma (x : A), B ** C"),
        ("a->b", "a -> b"),
        ("x<-1", "x < -1"),
        ("x <-1", "x < -1"),
    ] {
        assert_eq!(shape(&expression(text)), shape(&expression(ascii)), "{text}");
    }
}

#[test]
fn big_names_bind_only_before_binders_and_a_comma() {
    for (text, full) in [
        ("max i, e", "(max i, e)"),
        ("max i j, e", "(max i j, e)"),
        ("max (i j : Fin k) l, e", "(max (i j : Fin k) l, e)"),
        ("prod (i : Fin k), e", "(prod (i : Fin k), e)"),
    ] {
        assert_eq!(shape(&expression(text)), shape(&expression(full)), "{text}");
    }
    for (text, applied) in [
        ("max x", "max x"),
        ("max (a + b)", "max (a + b)"),
        ("sum w", "sum w"),
        ("f max", "f max"),
        ("((max x), y)", "((max x), y)"),
    ] {
        assert_eq!(bfv_syntax::print::expr(&expression(text)), applied);
        assert!(!shape(&expression(text)).contains("Big("), "{text}");
    }
    assert!(shape(&expression("(max i, w i)")).contains("Big("));
}
