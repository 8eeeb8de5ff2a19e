//! Reading the block of a protocol: the line that begins it and each item on their own, so that one bad item hides no other.

use super::blocks;
use super::expand;
use crate::context;
use crate::expected;
use crate::grammar::{ProtocolHeadParser, ProtocolItemParser};
use crate::split::Reader;
use crate::token::{T, Token};
use crate::tree::Protocol;
use bfv_diag::{Code, Diagnostic};

/// Most words and signs of one protocol. What it becomes is longer than it is by a factor, which this keeps in bounds.
const MOST: usize = 20_000;

impl Reader<'_, '_> {
    /// Reads the words from `start`, the attributes of the protocol or its first word, up to `end`.
    pub(crate) fn protocol(&mut self, start: usize, end: usize) {
        let lexed = self.lexed;
        let tokens = lexed.tokens.get(start..end).unwrap_or(&[]);
        let Some(word) = tokens.iter().position(|t| t.kind == T::Protocol) else { return };
        let closed = lexed.blocks.get(&(start + word)).is_some_and(|b| b.closed);
        if !closed {
            self.unclosed(tokens, word);
        }
        if tokens.len() > MOST {
            let message = "This protocol is too large. A protocol may have at most 20000 words and signs.";
            let fix = "Write parts of its statements as definitions before it.";
            let fault =
                Diagnostic::error(Code::FileTooLarge, self.span_of(tokens.get(word..=word).unwrap_or(&[])), message);
            self.reports.push(fault.with_fix(fix));
            return;
        }
        let inside = tokens.len() - usize::from(closed);
        let starts: Vec<usize> = blocks::items(self.cx.source, tokens.get(word..inside).unwrap_or(&[]))
            .into_iter()
            .map(|at| at + word)
            .collect();
        let mut good = closed;
        let head = self
            .piece_of(tokens.get(..starts.first().copied().unwrap_or(inside)).unwrap_or(&[]), |cx, ready| {
                ProtocolHeadParser::new().parse(cx, ready)
            });
        let mut items = Vec::new();
        for (n, from) in starts.iter().copied().enumerate() {
            let to = starts.get(n + 1).copied().unwrap_or(inside);
            let piece = tokens.get(from..to).unwrap_or(&[]);
            let Some(mut item) = self.piece_of(piece, |cx, ready| ProtocolItemParser::new().parse(cx, ready)) else {
                good = false;
                continue;
            };
            let own = piece.iter().position(|t| t.kind.starts_item()).unwrap_or(0);
            item.doc = self.doc(start + from, start + from + own);
            items.push(item);
        }
        let Some(head) = head.filter(|_| good) else { return };
        let span = self.span_of(tokens);
        let protocol = Protocol { span, doc: self.doc(start, start + word), items, ..head };
        match expand::declarations(&protocol) {
            Ok(decls) => self.out.decls.extend(decls),
            Err(faults) => faults.into_iter().for_each(|f| self.reports.push(f)),
        }
        self.out.protocols.push(protocol);
    }

    fn unclosed(&mut self, tokens: &[Token], word: usize) {
        let Some(at) = tokens.get(word) else { return };
        let message = "This protocol has no end. Its block ends with the word end.";
        let mut fault = Diagnostic::error(Code::UnclosedProtocol, self.span(at), message);
        if let Some(last) = tokens.last() {
            let end = bfv_diag::Span { start: last.end, ..self.span(last) };
            fault = fault.with_label(end, "The block stops here.");
        }
        self.reports.push(fault.with_fix("Write end after its last item."));
    }

    /// Reads some words on their own; what is wrong with them is reported.
    fn piece_of<X>(
        &mut self,
        tokens: &[Token],
        parse: impl FnOnce(&mut crate::make::Cx<'_>, Vec<(u32, T, u32)>) -> Result<X, crate::make::Refusal>,
    ) -> Option<X> {
        let ready = context::prepare(self.number, self.cx.source, tokens, self.reports)?;
        self.cx.chains.clear();
        let words = ready.iter().map(|t| (t.start, t.kind, t.end)).collect();
        match parse(&mut self.cx, words) {
            Ok(found) => Some(found),
            Err(refusal) => {
                self.reports.push(expected::diagnostic(&self.cx, &ready, refusal));
                None
            }
        }
    }

    /// The comment before attributes or before the word after them.
    fn doc(&self, first: usize, word: usize) -> Option<String> {
        self.lexed.docs.get(&first).or_else(|| self.lexed.docs.get(&word)).cloned()
    }

    fn span_of(&self, tokens: &[Token]) -> bfv_diag::Span {
        let (start, end) = (tokens.first().map_or(0, |t| t.start), tokens.last().map_or(0, |t| t.end));
        self.cx.span(start, end)
    }
}
