//! JSON (RFC 8259), read so that no two readers can differ: names of an object are unique, numbers keep their digits, nothing follows the
//! value. Each value knows where it stands.

use crate::problem::{Problem, quoted};
use std::collections::BTreeSet;

/// How deep values may lie in each other.
pub const DEPTH_LIMIT: usize = 32;
/// The largest text, in bytes. A value takes at most about a hundred times the memory of its text.
pub const FILE_LIMIT: usize = 1 << 20;

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json {
    /// Bytes before it.
    pub at: usize,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Truth(bool),
    /// A number, as it is written.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in the order of the file; no name stands twice.
    Object(Vec<(String, Json)>),
}

impl Value {
    /// What kind of value it is, in words.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Truth(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

/// The line and column, from 1, of an offset, in words. Columns count characters.
#[must_use]
pub fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}")
}

/// The text of a file.
///
/// # Errors
/// It is longer than [`FILE_LIMIT`], or not in UTF-8.
pub fn text(file: &[u8]) -> Result<&str, Problem> {
    let whole = |what: &str, mend: &str| Problem::new("the start of the file", what, mend);
    if file.len() > FILE_LIMIT {
        return Err(whole(&format!("The file has more than {FILE_LIMIT} bytes."), "Shorten it."));
    }
    std::str::from_utf8(file).map_err(|_| whole("The file is no text in UTF-8.", "Save it as UTF-8."))
}

/// Reads one value. Memory is taken for what was read only.
///
/// # Errors
/// The text is no JSON, values lie deeper than [`DEPTH_LIMIT`], a name stands twice in an object, or something follows the value.
pub fn read(text: &str) -> Result<Json, Problem> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.problem("Something follows the value.", "Remove it.")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn problem(&self, what: impl Into<String>, mend: impl Into<String>) -> Problem {
        Problem::new(place(self.text, self.at), what, mend)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Problem> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.problem(
            "There is no value of JSON here.",
            "Write a text, a number, a list, an object, true, false or null.",
        ))
    }

    fn value(&mut self, depth: usize) -> Result<Json, Problem> {
        self.space();
        let at = self.at;
        if depth > DEPTH_LIMIT {
            return Err(self.problem(format!("Values lie deeper than {DEPTH_LIMIT} levels."), "Nest them less."));
        }
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Value::Truth(true))?,
            Some(b'f') => self.word("false", Value::Truth(false))?,
            _ => self.word("null", Value::Null)?,
        };
        Ok(Json { at, value })
    }

    fn list(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut all = Vec::new();
        self.at += 1;
        self.space();
        if self.eat(b']') {
            return Ok(Value::List(all));
        }
        loop {
            all.push(self.value(depth + 1)?);
            self.space();
            if self.eat(b']') {
                return Ok(Value::List(all));
            }
            self.comma()?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Problem> {
        let (mut all, mut names) = (Vec::new(), BTreeSet::new());
        self.at += 1;
        self.space();
        if self.eat(b'}') {
            return Ok(Value::Object(all));
        }
        loop {
            self.space();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.problem("There is no name of a field here.", "Write a name in double quotes."));
            }
            let name = self.string()?;
            if !names.insert(name.clone()) {
                self.at = at;
                return Err(self.problem(format!("The name {} stands twice.", quoted(&name)), "Keep one of the two."));
            }
            self.space();
            if !self.eat(b':') {
                return Err(self.problem("There is no colon after the name.", "Write a colon and the value."));
            }
            all.push((name, self.value(depth + 1)?));
            self.space();
            if self.eat(b'}') {
                return Ok(Value::Object(all));
            }
            self.comma()?;
        }
    }

    fn comma(&mut self) -> Result<(), Problem> {
        if self.eat(b',') {
            return Ok(());
        }
        Err(self.problem("There is neither a comma nor the closing bracket here.", "Write one of them."))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        self.eat(b'-');
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        let mut good = whole == 1 || (whole > 1 && !zero);
        if self.eat(b'.') {
            good &= self.digits() > 0;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            good &= self.digits() > 0;
        }
        if !good {
            self.at = start;
            return Err(self
                .problem("This is no number of JSON.", "Write digits, with at most one point, and no zero in front."));
        }
        Ok(Value::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn string(&mut self) -> Result<String, Problem> {
        let mut out = String::new();
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(c) = rest.chars().next() else {
                return Err(self.problem("The text has no end.", "Close it with a double quote."));
            };
            match c {
                '"' => {
                    self.at += 1;
                    return Ok(out);
                }
                '\\' => out.push(self.escape()?),
                '\0'..='\x1f' => {
                    return Err(
                        self.problem("A text has a control character.", "Write it as a backslash and its code.")
                    );
                }
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
    }

    /// One character behind a backslash; what lies outside of 16 bits is written as two halves.
    fn escape(&mut self) -> Result<char, Problem> {
        let c = match self.text.as_bytes().get(self.at + 1) {
            Some(b'u') => {
                let first = self.code(self.at)?;
                let second = if (0xd800..0xdc00).contains(&first) { Some(self.code(self.at + 6)?) } else { None };
                self.at += if second.is_some() { 12 } else { 6 };
                return char::decode_utf16([first].into_iter().chain(second)).next().and_then(Result::ok).ok_or_else(
                    || self.problem("This is half of a character.", "Write both halves, or the character."),
                );
            }
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            _ => return Err(self.problem("This backslash begins no known character.", "Double the backslash.")),
        };
        self.at += 2;
        Ok(c)
    }

    /// The number of a backslash, a u and four hexadecimal digits.
    fn code(&self, at: usize) -> Result<u16, Problem> {
        let digits = self.text.get(at..at + 6).and_then(|t| t.strip_prefix("\\u"));
        let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        digits.and_then(|d| u16::from_str_radix(d, 16).ok()).ok_or_else(|| {
            self.problem("A code of a character is cut off.", "Write a backslash, u and four hexadecimal digits.")
        })
    }
}
