//! Characters in words, since many of them are not read aloud.

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
