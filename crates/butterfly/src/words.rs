//! Characters and scores in words, since many characters are not read aloud.

use crate::score::{Score, mean};

/// Signs of ASCII that a voice may leave out, with their names.
const SIGNS: [(u8, &str); 34] = [
    (b'\t', "tab"),
    (b'\n', "end of line"),
    (0x0c, "end of file"),
    (b' ', "space"),
    (b'!', "exclamation mark"),
    (b'"', "quotation mark"),
    (b'#', "number sign"),
    (b'$', "dollar sign"),
    (b'%', "percent sign"),
    (b'&', "ampersand"),
    (b'\'', "apostrophe"),
    (b'(', "left parenthesis"),
    (b')', "right parenthesis"),
    (b'*', "asterisk"),
    (b'+', "plus sign"),
    (b',', "comma"),
    (b'-', "minus sign"),
    (b'.', "full stop"),
    (b'/', "slash"),
    (b':', "colon"),
    (b';', "semicolon"),
    (b'<', "less than sign"),
    (b'=', "equals sign"),
    (b'>', "greater than sign"),
    (b'?', "question mark"),
    (b'@', "at sign"),
    (b'[', "left bracket"),
    (b'\\', "backslash"),
    (b']', "right bracket"),
    (b'^', "caret"),
    (b'_', "underscore"),
    (b'{', "left brace"),
    (b'|', "vertical bar"),
    (b'}', "right brace"),
];

/// A character of Latin-1 in words: a letter, a digit, the name of a sign, or its number.
#[must_use]
pub fn character(token: u8) -> String {
    let own = char::from(token);
    if token.is_ascii_digit() {
        return format!("digit {own}");
    }
    if own.is_alphabetic() {
        return if own.is_uppercase() { format!("capital letter {own}") } else { format!("letter {own}") };
    }
    match SIGNS.iter().find(|(sign, _)| *sign == token) {
        Some((_, name)) => (*name).to_owned(),
        None => format!("character number {token}"),
    }
}

/// What the scores of a text are, in sentences: their mean, then so many characters that surprise most, each in a line with its place.
#[must_use]
pub fn report(text: &[u8], scores: &[Score], named: usize) -> String {
    let mut all: Vec<(usize, u8, Score)> = (0..).zip(text).zip(scores).map(|((i, t), s)| (i, *t, *s)).collect();
    let (count, mean) = (all.len(), mean(scores));
    let bits = mean / std::f64::consts::LN_2;
    // Where two surprise alike, the first comes first.
    all.sort_by(|a, b| b.2.cost.total_cmp(&a.2.cost));
    let mut lines = vec![
        format!("Scored {count} character{} from both sides.", if count == 1 { "" } else { "s" }),
        format!("The mean cost of a character is {mean:.3} nats, which is {bits:.3} bits."),
    ];
    for (n, (place, token, score)) in (1..).zip(all.iter().take(named)) {
        let before = text.get(..*place).unwrap_or_default();
        let line = before.iter().filter(|t| **t == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|t| **t != b'\n').count() + 1;
        let (of, own, cost) = (named.min(count), character(*token), score.cost);
        let expected = if score.likeliest == *token {
            "No other character is likelier there.".to_owned()
        } else {
            format!("The model expects: {}, at {:.2} nats.", character(score.likeliest), score.least)
        };
        lines.push(format!(
            "Surprise {n} of {of}: {own}, at line {line}, column {column}. It costs {cost:.2} nats. {expected}"
        ));
    }
    lines.join("\n")
}
