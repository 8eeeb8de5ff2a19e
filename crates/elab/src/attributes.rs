//! Attributes: which there are, on what they may stand, and what they take. One that means nothing is a mistake.

use crate::elab::{Kind, R, problem};
use crate::names::distance;
use bfv_syntax::tree::{Attr, Decl, DeclKind, Expr, ExprKind};

/// What an attribute takes.
enum Takes {
    /// One of these words.
    Verdict,
    /// A word of the author's choice.
    Word,
    /// A text in quotes.
    Text,
    /// A statement.
    Statement,
    /// Nothing.
    Nothing,
}

struct Attribute {
    name: &'static str,
    /// On which declarations it has a meaning, and these in words.
    on: &'static [DeclKind],
    place: &'static str,
    takes: Takes,
    /// Whether it may stand more than once.
    repeated: bool,
}

const CLAIM: &[DeclKind] = &[DeclKind::Claim];
const AXIOM: &[DeclKind] = &[DeclKind::Axiom];
const LEMMA: &[DeclKind] = &[DeclKind::Def, DeclKind::Operator, DeclKind::Theorem, DeclKind::Axiom];

const KNOWN: &[Attribute] = &[
    Attribute { name: "expect", on: CLAIM, place: "a claim", takes: Takes::Verdict, repeated: false },
    Attribute { name: "holds_if", on: CLAIM, place: "a claim", takes: Takes::Statement, repeated: true },
    Attribute { name: "vacuous", on: CLAIM, place: "a claim", takes: Takes::Nothing, repeated: false },
    Attribute { name: "type", on: CLAIM, place: "a claim", takes: Takes::Nothing, repeated: false },
    Attribute {
        name: "tag",
        on: LEMMA,
        place: "a theorem, an axiom or a definition",
        takes: Takes::Word,
        repeated: true,
    },
    Attribute { name: "bundle", on: AXIOM, place: "an axiom", takes: Takes::Word, repeated: false },
    Attribute { name: "reference", on: AXIOM, place: "an axiom", takes: Takes::Text, repeated: false },
];

const VERDICTS: [&str; 3] = ["proved", "refuted", "unknown"];

/// Refuses attributes that would have no effect on the declaration.
pub fn check(d: &Decl) -> R<()> {
    for (at, a) in d.attrs.iter().enumerate() {
        let Some(known) = KNOWN.iter().find(|k| k.name == a.name.text) else { return unknown(a) };
        if !known.on.contains(&d.kind) {
            return problem(
                Kind::BadAttribute,
                a.span,
                format!("The attribute `{}` has no meaning before {}.", known.name, word(d.kind)),
                format!("Remove it, or put it before {}.", known.place),
            );
        }
        if !known.repeated && d.attrs.iter().take(at).any(|b| b.name.text == known.name) {
            return problem(
                Kind::BadAttribute,
                a.span,
                format!("The attribute `{}` stands here twice.", known.name),
                "Remove one of the two.",
            );
        }
        argument(a, known)?;
    }
    Ok(())
}

fn unknown<T>(a: &Attr) -> R<T> {
    let name = &a.name.text;
    let near = KNOWN.iter().map(|k| (distance(name, k.name), k.name)).filter(|(d, _)| *d <= 1 + name.len() / 3).min();
    let start = near.map_or_else(String::new, |(_, k)| format!("Write `{k}`. "));
    let all: Vec<String> = KNOWN.iter().map(|k| format!("`{}`", k.name)).collect();
    problem(
        Kind::BadAttribute,
        a.name.span,
        format!("There is no attribute `{name}`."),
        format!("{start}The attributes are {}.", all.join(", ")),
    )
}

fn argument(a: &Attr, known: &Attribute) -> R<()> {
    let refuse = |what: String, fix: &str| problem(Kind::BadAttribute, a.span, what, fix);
    let name = known.name;
    let Some(e) = a.args.first() else {
        if matches!(known.takes, Takes::Nothing) {
            return Ok(());
        }
        let fix = match known.takes {
            Takes::Verdict => "Write `expect proved`, `expect refuted` or `expect unknown`.".to_owned(),
            Takes::Word => format!("Write a word after it, as in `{name} real`."),
            Takes::Text => format!("Write a text in quotes after it, as in `{name} \"Data sheet, section 3\"`."),
            Takes::Statement => format!("Write a statement after it, as in `{name} 0 <= x`."),
            Takes::Nothing => String::new(),
        };
        return refuse(format!("The attribute `{name}` needs something after it."), &fix);
    };
    match (&known.takes, &*e.kind) {
        (Takes::Verdict, ExprKind::Var(x)) if VERDICTS.contains(&x.as_str()) => Ok(()),
        (Takes::Verdict, _) => refuse(
            format!("`{}` is no verdict.", bfv_syntax::print::expr(e)),
            "Expect `proved`, `refuted` or `unknown`.",
        ),
        (Takes::Word, ExprKind::Var(_)) | (Takes::Text, ExprKind::String(_)) | (Takes::Statement, _) => Ok(()),
        (Takes::Nothing, _) => refuse(format!("The attribute `{name}` stands alone."), "Remove what stands after it."),
        (Takes::Word, _) => {
            refuse(format!("The attribute `{name}` takes one word."), "Use a comma between attributes.")
        }
        (Takes::Text, _) => refuse(format!("The attribute `{name}` takes a text."), "Write the text in double quotes."),
    }
}

/// The words of an attribute.
pub fn words(attrs: &[Attr], name: &str) -> Vec<String> {
    expressions(attrs, name)
        .filter_map(|e| match &*e.kind {
            ExprKind::Var(x) | ExprKind::String(x) => Some(x.clone()),
            _ => None,
        })
        .collect()
}

/// What stands after an attribute, each time that it is there.
pub fn expressions<'d>(attrs: &'d [Attr], name: &str) -> impl Iterator<Item = &'d Expr> {
    attrs.iter().filter(move |a| a.name.text == name).flat_map(|a| &a.args)
}

/// The kind of a declaration with its article.
fn word(kind: DeclKind) -> &'static str {
    match kind {
        DeclKind::Def => "a def",
        DeclKind::Axiom => "an axiom",
        DeclKind::Theorem => "a theorem",
        DeclKind::Operator => "an operator",
        DeclKind::Claim => "a claim",
        DeclKind::Data => "a data type",
        DeclKind::Unit => "a unit",
    }
}
