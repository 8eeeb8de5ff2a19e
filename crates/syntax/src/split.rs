//! Cutting a file into module line, imports and declarations, each read on its own.

use crate::context;
use crate::describe;
use crate::expected;
use crate::grammar::DeclParser;
use crate::lexer::Lexed;
use crate::make::Cx;
use crate::report::Reports;
use crate::token::{T, Token, protocol_word};
use crate::tree::{File, Name};
use bfv_diag::{Code, Diagnostic, Span};
use std::collections::BTreeSet;

/// Longest declaration, in words and signs, in which the place of a missing bracket is looked for.
const REPAIRED: usize = 300;

/// Finds the word `unit` at the start of a line with a name after it. It has its meaning only there, so that it stays free as a name.
pub fn units(source: &str, lexed: &mut Lexed) {
    let text = |from: u32, to: u32| {
        let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
        range.and_then(|(from, to)| source.get(from..to)).unwrap_or("")
    };
    let mut after: Option<Token> = None;
    for word in lexed.tokens.iter_mut().rev() {
        let starts = word.start == 0 || text(word.start.saturating_sub(1), word.start) == "\n";
        let named = |t: Token| t.kind == T::Name && !text(word.end, t.start).contains('\n');
        if word.kind == T::Name && starts && text(word.start, word.end) == "unit" && after.is_some_and(named) {
            word.kind = T::Unit;
        }
        after = Some(*word);
    }
}

/// Reads all declarations of a file.
pub fn file(number: u32, source: &str, lexed: &Lexed, out: &mut File, reports: &mut Reports) {
    let mut reader = Reader {
        number,
        lexed,
        cx: Cx { file: number, source, chains: BTreeSet::new() },
        parser: DeclParser::new(),
        declared: false,
        out,
        reports,
    };
    let mut start = 0;
    while start < lexed.tokens.len() && !reader.reports.full() {
        let end = reader.piece(start);
        reader.read(start, end);
        start = end;
    }
}

/// What reads a file piece by piece.
pub(crate) struct Reader<'a, 's> {
    pub(crate) number: u32,
    pub(crate) lexed: &'a Lexed,
    pub(crate) cx: Cx<'s>,
    parser: DeclParser,
    /// Whether a declaration was seen, good or bad.
    declared: bool,
    pub(crate) out: &'a mut File,
    pub(crate) reports: &'a mut Reports,
}

impl Reader<'_, '_> {
    fn kind(&self, at: usize) -> Option<T> {
        self.lexed.tokens.get(at).map(|t| t.kind)
    }

    /// Where the piece that starts at `start` ends. The words that start a piece are reserved, so they do so at any depth of brackets;
    /// only attributes go together with what follows them.
    fn piece(&self, start: usize) -> usize {
        if let Some(block) = self.lexed.blocks.get(&start) {
            return block.end;
        }
        let mut attributes = self.kind(start) == Some(T::OpenAttribute);
        let mut at = start + 1;
        while let Some(kind) = self.kind(at) {
            match kind {
                T::OpenAttribute | T::Module | T::Import if attributes => attributes = kind == T::OpenAttribute,
                T::Protocol if attributes => return self.lexed.blocks.get(&at).map_or(at, |b| b.end),
                kind if kind.starts_declaration() && attributes => attributes = false,
                // `def data` on one line is a definition with a reserved name, not two declarations.
                _ if at == start + 1 && self.on_one_line(start, at) => {}
                T::OpenAttribute | T::Module | T::Import => return at,
                kind if kind.starts_declaration() => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// Whether a word that starts a declaration and another word stand on one line.
    fn on_one_line(&self, first: usize, second: usize) -> bool {
        match (self.lexed.tokens.get(first), self.lexed.tokens.get(second)) {
            (Some(a), Some(b)) => a.kind.starts_declaration() && !self.cx.text(a.end, b.start).contains('\n'),
            _ => false,
        }
    }

    pub(crate) fn span(&self, token: &Token) -> Span {
        Span { file: self.number, start: token.start, end: token.end }
    }

    fn read(&mut self, start: usize, end: usize) {
        let lexed = self.lexed;
        let tokens = lexed.tokens.get(start..end).unwrap_or(&[]);
        self.declared |= tokens.iter().any(|t| t.kind.starts_declaration());
        if tokens.iter().any(|t| t.kind == T::Bad) {
            return;
        }
        match tokens {
            [] => {}
            [first, rest @ ..] if matches!(first.kind, T::Module | T::Import) => self.header(first, rest),
            _ if tokens.iter().any(|t| t.kind == T::Protocol) => self.protocol(start, end),
            [first, ..] if first.kind == T::OpenAttribute || first.kind.starts_declaration() => {
                self.declaration(start, tokens)
            }
            [first, rest @ ..] => self.outside(first, rest.first()),
        }
    }

    /// What stands where a declaration could start, and starts none.
    fn outside(&mut self, first: &Token, second: Option<&Token>) {
        let text = self.cx.text(first.start, first.end);
        let message = format!("Found {} outside a declaration.", describe::found(first.kind, text));
        let comment = first.kind == T::Slash && second.is_some_and(|s| s.kind == T::Slash && s.start == first.end);
        let fix = if comment {
            "A comment starts with two dashes. Write -- in place of the slashes.".to_string()
        } else if protocol_word(text).is_some() {
            "This word starts an item of a protocol. Put it before the end of the block.".to_string()
        } else {
            expected::declaration_word(text)
                .unwrap_or_else(|| "Start with def, theorem, axiom, operator, claim or data.".to_string())
        };
        let fault = Diagnostic::error(Code::OutsideDeclaration, self.span(first), message);
        self.reports.push(fault.with_fix(fix));
    }

    /// `module a.b` or `import a.b`.
    fn header(&mut self, first: &Token, rest: &[Token]) {
        let word = describe::word(first.kind);
        let [name, more @ ..] = rest else {
            let fault =
                Diagnostic::error(Code::UnexpectedEnd, self.span(first), format!("The name is missing after {word}."));
            self.reports.push(fault.with_fix("Write a name such as std.real."));
            return;
        };
        let next = more.first().filter(|m| name.kind == T::Name && self.cx.text(name.end, m.start).contains('\n'));
        if let Some(next) = next {
            // The line is complete; what follows on another line belongs to no declaration.
            self.outside(next, more.get(1));
        } else if let Some(wrong) = if name.kind == T::Name { more.first() } else { Some(name) } {
            let found = describe::found(wrong.kind, self.cx.text(wrong.start, wrong.end));
            let message = format!("Found {found} in a line that consists of {word} and one name.");
            let fault = Diagnostic::error(Code::UnexpectedToken, self.span(wrong), message);
            self.reports.push(fault.with_fix("Write one name, and start the next declaration after it."));
            return;
        }
        let place = self.span(first);
        let name = Name { text: self.cx.text(name.start, name.end).to_string(), span: self.span(name) };
        let misplaced = if first.kind == T::Module {
            match &self.out.module {
                Some(_) => Some(("A file has one module line. This is a second one.", "Remove this line.")),
                None if self.declared || !self.out.imports.is_empty() => {
                    Some(("The module line stands first in a file.", "Move this line to the beginning."))
                }
                None => None,
            }
        } else if self.declared {
            Some(("An import stands before the first declaration.", "Move this line up, below the module line."))
        } else {
            None
        };
        if let Some((message, fix)) = misplaced {
            self.reports.error(Code::MisplacedHeader, place, message, Some(fix));
        }
        if first.kind == T::Import {
            self.out.imports.push(name);
        } else if self.out.module.is_none() {
            self.out.module = Some(name);
        }
    }

    /// Where one bracket is left open, a bracket inside it that may be the one meant: its own end was taken by the outer one.
    /// It is the innermost for which the declaration reads well once it is closed at another place.
    fn inner_unclosed(&mut self, tokens: &[Token]) -> Option<Token> {
        if tokens.len() > REPAIRED {
            return None;
        }
        // The brackets that are open before each token.
        let mut open: Vec<usize> = Vec::new();
        let mut before: Vec<Vec<usize>> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            before.push(open.clone());
            if context::closer(token.kind).is_some() {
                open.push(at);
            } else if matches!(token.kind, T::CloseParen | T::CloseBracket | T::CloseBrace) {
                open.pop();
            }
        }
        let [outer] = open.as_slice() else { return None };
        let mut best: Option<(usize, usize)> = None;
        for (at, open) in before.iter().enumerate().skip(outer + 1) {
            let Some((inner, close)) = open.last().and_then(|i| Some((*i, context::closer(tokens.get(*i)?.kind)?)))
            else {
                continue;
            };
            // Before its own end a second one would be that of the outer bracket; nothing is nearer than what was found.
            let own = tokens.get(at).is_some_and(|t| t.kind == close);
            if inner == *outer || own || best.is_some_and(|(depth, _)| depth >= open.len()) {
                continue;
            }
            if self.reads_with(tokens, at, close) {
                best = Some((open.len(), inner));
            }
        }
        best.and_then(|(_, inner)| tokens.get(inner).copied())
    }

    /// Whether a declaration reads well with a closing bracket before the token at `at`.
    fn reads_with(&mut self, tokens: &[Token], at: usize, close: T) -> bool {
        let place = at.checked_sub(1).and_then(|i| tokens.get(i)).map_or(0, |t| t.end);
        let mut mended = tokens.to_vec();
        mended.insert(at, Token { kind: close, start: place, end: place });
        let mut unheard = Reports::new(self.number);
        let Some(ready) = context::prepare(self.number, self.cx.source, &mended, &mut unheard) else { return false };
        self.cx.chains.clear();
        self.parser.parse(&mut self.cx, ready.iter().map(|t| (t.start, t.kind, t.end))).is_ok()
    }

    fn declaration(&mut self, start: usize, tokens: &[Token]) {
        let Some(ready) = context::prepare(self.number, self.cx.source, tokens, self.reports) else {
            if let Some(inner) = self.inner_unclosed(tokens) {
                let span = self.span(&inner);
                self.reports.also(Code::UnclosedBracket, span, "The bracket left open may also be this one inside it.");
            }
            return;
        };
        self.cx.chains.clear();
        let words = ready.iter().map(|t| (t.start, t.kind, t.end));
        match self.parser.parse(&mut self.cx, words) {
            Ok(mut decl) => {
                let word = tokens.iter().position(|t| t.kind.starts_declaration()).unwrap_or(0);
                let doc = self.lexed.docs.get(&start).or_else(|| self.lexed.docs.get(&(start + word)));
                decl.doc = doc.cloned();
                self.out.decls.push(decl);
            }
            Err(refusal) => self.reports.push(expected::diagnostic(&self.cx, &ready, refusal)),
        }
    }
}
