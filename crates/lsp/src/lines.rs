//! Places as editors count them: lines from 0, and columns in units of UTF-16.

use lsp_types::{Position, Range};

/// The offset of a place in a text, in bytes. A place behind the end of its line is that end, as the protocol has it.
#[must_use]
pub fn offset(text: &str, at: Position) -> usize {
    let mut start = 0;
    for _ in 0..at.line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(n) => start += n + 1,
            None => return text.len(),
        }
    }
    let rest = text.get(start..).unwrap_or_default();
    let line = rest.split('\n').next().unwrap_or_default();
    let line = line.strip_suffix('\r').unwrap_or(line);
    let mut units = 0;
    for (n, c) in line.char_indices() {
        units += c.len_utf16();
        // A place within a character is the one before it.
        if u32::try_from(units).unwrap_or(u32::MAX) > at.character {
            return start + n;
        }
    }
    start + line.len()
}

/// The place of an offset.
#[must_use]
pub fn position(text: &str, offset: usize) -> Position {
    let mut end = offset.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = text.get(..end).unwrap_or_default();
    let line = before.matches('\n').count();
    let last = before.rsplit('\n').next().unwrap_or_default();
    let units = last.chars().map(char::len_utf16).sum::<usize>();
    Position { line: u32::try_from(line).unwrap_or(u32::MAX), character: u32::try_from(units).unwrap_or(u32::MAX) }
}

/// The place of a range of bytes.
#[must_use]
pub fn range(text: &str, bytes: std::ops::Range<usize>) -> Range {
    Range { start: position(text, bytes.start), end: position(text, bytes.end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_units_of_utf_16() {
        // Two bytes and one unit, then four bytes and two units.
        let text = "a\n\u{fc}\u{1f600}x\r\nend";
        let at = |line, character| Position { line, character };
        for (place, byte) in [(at(0, 0), 0), (at(1, 0), 2), (at(1, 1), 4), (at(1, 3), 8), (at(1, 4), 9), (at(2, 3), 14)]
        {
            assert_eq!((offset(text, place), position(text, byte)), (byte, place));
        }
        assert_eq!(offset(text, at(1, 2)), 4, "in the middle of a pair");
        assert_eq!(offset(text, at(1, 99)), 9, "behind the line, before its end");
        assert_eq!((offset(text, at(7, 0)), position(text, 99)), (text.len(), at(2, 3)));
        assert_eq!(position(text, 3), at(1, 0), "in the middle of a character");
    }
}
