//! Source files and the places in them.

use crate::Span;

/// What stands in a decoded text for a byte that is no UTF-8: a control character that no accepted source holds.
const REPLACEMENT: char = '\u{1a}';

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1; a byte order mark is not counted.
    pub column: u32,
}

/// One file.
#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: String,
    /// Offset of the first byte of each line; never empty.
    lines: Vec<usize>,
}

/// The files of one run, numbered in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files.
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Adds a file and returns its number. Bytes that are no UTF-8 are replaced one for one, so offsets stay those of the bytes.
    /// Numbers stop at `u32::MAX`; a run never has that many files.
    pub fn add(&mut self, name: impl Into<String>, bytes: &[u8]) -> u32 {
        let (text, _) = decode(bytes);
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(Source { name: name.into(), text, lines });
        number
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn source(&self, file: u32) -> Option<&Source> {
        self.files.get(usize::try_from(file).ok()?)
    }

    /// The name under which a file was added.
    pub fn name(&self, file: u32) -> Option<&str> {
        self.source(file).map(|s| s.name.as_str())
    }

    /// The text of a file.
    pub fn text(&self, file: u32) -> Option<&str> {
        self.source(file).map(|s| s.text.as_str())
    }

    /// Line and column of a byte offset. An offset inside a character is that character; one past the end is the end.
    pub fn position(&self, file: u32, offset: u32) -> Option<Position> {
        let source = self.source(file)?;
        let mut offset = usize::try_from(offset).ok()?.min(source.text.len());
        while !source.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = source.lines.partition_point(|start| *start <= offset);
        let start = *source.lines.get(line.checked_sub(1)?)?;
        let before = source.text.get(start..offset)?;
        let marks = usize::from(start == 0 && before.starts_with('\u{feff}'));
        let column = before.chars().count() - marks + 1;
        Some(Position { line: u32::try_from(line).ok()?, column: u32::try_from(column).ok()? })
    }

    /// First place of a span.
    pub fn start(&self, span: Span) -> Option<Position> {
        self.position(span.file, span.start)
    }

    /// The place just after a span.
    pub fn end(&self, span: Span) -> Option<Position> {
        self.position(span.file, span.end)
    }

    /// The text of a span; nothing when the span does not lie in its file or cuts a character.
    pub fn span_text(&self, span: Span) -> Option<&str> {
        let range = usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?;
        self.source(span.file)?.text.get(range)
    }

    /// The text of a line, counted from 1, without its line end.
    pub fn line_text(&self, file: u32, line: u32) -> Option<&str> {
        let source = self.source(file)?;
        let line = usize::try_from(line).ok()?;
        let start = *source.lines.get(line.checked_sub(1)?)?;
        let end = source.lines.get(line).copied().unwrap_or(source.text.len());
        let text = source.text.get(start..end)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        Some(text.strip_suffix('\r').unwrap_or(text))
    }
}

/// The text of bytes, of the same length, and the ranges of bytes that are no UTF-8.
/// Every such byte becomes one control character, so that offsets in the text are offsets in the bytes.
pub fn decode(bytes: &[u8]) -> (String, Vec<(usize, usize)>) {
    let mut text = String::with_capacity(bytes.len());
    let mut bad: Vec<(usize, usize)> = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        let invalid = chunk.invalid().len();
        if invalid > 0 {
            let start = text.len();
            text.extend(std::iter::repeat_n(REPLACEMENT, invalid));
            match bad.last_mut() {
                Some(last) if last.1 == start => last.1 = text.len(),
                _ => bad.push((start, text.len())),
            }
        }
    }
    (text, bad)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(sources: &Sources, offset: u32) -> (u32, u32) {
        let p = sources.position(0, offset).unwrap();
        (p.line, p.column)
    }

    #[test]
    fn columns_count_characters() {
        let mut s = Sources::new();
        assert_eq!(s.add("a.sctt", "a\u{2192}b\r\nxy\n".as_bytes()), 0);
        assert_eq!(at(&s, 0), (1, 1));
        assert_eq!(at(&s, 1), (1, 2));
        assert_eq!(at(&s, 2), (1, 2), "inside the arrow");
        assert_eq!(at(&s, 4), (1, 3));
        assert_eq!(at(&s, 7), (2, 1));
        assert_eq!(at(&s, 10), (3, 1), "the end");
        assert_eq!(at(&s, 999), (3, 1), "past the end");
        assert_eq!(s.line_text(0, 1), Some("a\u{2192}b"));
        assert_eq!(s.line_text(0, 3), Some(""));
        assert_eq!(s.line_text(0, 4), None);
        assert_eq!(s.line_text(0, 0), None);
        assert_eq!(s.position(1, 0), None);
    }

    #[test]
    fn a_mark_at_the_start_is_no_column() {
        let mut s = Sources::new();
        s.add("a", b"\xEF\xBB\xBFdef\nx");
        assert_eq!(at(&s, 0), (1, 1));
        assert_eq!(at(&s, 3), (1, 1));
        assert_eq!(at(&s, 4), (1, 2));
    }

    #[test]
    fn span_text_refuses_what_cuts_a_character() {
        let mut s = Sources::new();
        s.add("a", "\u{2192}b".as_bytes());
        let span = |start, end| Span { file: 0, start, end };
        assert_eq!(s.span_text(span(0, 3)), Some("\u{2192}"));
        assert_eq!(s.span_text(span(3, 4)), Some("b"));
        assert_eq!(s.span_text(span(1, 3)), None);
        assert_eq!(s.span_text(span(3, 9)), None);
        assert_eq!(s.span_text(Span { file: 7, start: 0, end: 0 }), None);
    }

    #[test]
    fn decoding_keeps_offsets() {
        let bytes = b"ab\xFF\xFEc\xC3";
        let (text, bad) = decode(bytes);
        assert_eq!(text.len(), bytes.len());
        assert_eq!(bad, vec![(2, 4), (5, 6)]);
        assert_eq!(&text[4..5], "c");
        assert_eq!(decode("\u{2192}".as_bytes()), ("\u{2192}".to_string(), vec![]));
    }
}
