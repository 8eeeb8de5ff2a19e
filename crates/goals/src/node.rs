//! Words and lists of words, as the JSON of the goals nests them.

use serde_json::Value;

/// A word, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Word(String),
    List(Vec<Node>),
}

impl Node {
    /// The words of a JSON value.
    ///
    /// # Errors
    /// Anything but texts and lists of them.
    pub fn of(value: &Value) -> Result<Node, String> {
        match value {
            Value::String(s) => Ok(Node::Word(s.clone())),
            Value::Array(all) => Ok(Node::List(all.iter().map(Node::of).collect::<Result<_, _>>()?)),
            other => Err(format!("A text or a list is expected where {other} stands.")),
        }
    }

    /// The word, where it is one.
    pub fn word(&self) -> Option<&str> {
        match self {
            Node::Word(w) => Some(w),
            Node::List(_) => None,
        }
    }

    /// The list; a word is none.
    pub fn list(&self) -> Option<&[Node]> {
        match self {
            Node::Word(_) => None,
            Node::List(all) => Some(all),
        }
    }

    /// The start of it, for messages.
    pub fn shown(&self) -> String {
        let mut out = String::new();
        self.show(&mut out);
        if out.chars().count() > 60 { format!("{} and so on", out.chars().take(60).collect::<String>()) } else { out }
    }

    fn show(&self, out: &mut String) {
        match self {
            Node::Word(w) => out.push_str(w),
            Node::List(all) => {
                out.push('(');
                for (n, node) in all.iter().enumerate() {
                    if n > 0 {
                        out.push(' ');
                    }
                    if out.len() > 400 {
                        break;
                    }
                    node.show(out);
                }
                out.push(')');
            }
        }
    }
}

/// A field of a JSON object that is a text.
///
/// # Errors
/// It is missing or something else.
pub fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    value.get(field).and_then(Value::as_str).ok_or_else(|| format!("The text {field} is missing."))
}

/// A field of a JSON object that is a list.
///
/// # Errors
/// It is missing or something else.
pub fn list<'v>(value: &'v Value, field: &str) -> Result<&'v [Value], String> {
    value.get(field).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| format!("The list {field} is missing."))
}

/// Deepest nesting of a file. Reading recurses.
const DEPTH: usize = 1000;

/// The JSON of a file.
///
/// # Errors
/// The text is not JSON, or nested too deeply.
pub fn json(text: &str) -> Result<Value, String> {
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for b in text.bytes() {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return Err(format!("The file is nested more than {DEPTH} deep."));
        }
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = serde::Deserialize::deserialize(&mut reader).map_err(|e| format!("The file is not JSON: {e}."))?;
    reader.end().map_err(|e| format!("Something follows the JSON of the file: {e}."))?;
    Ok(value)
}
