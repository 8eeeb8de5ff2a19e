//! Brackets and scripts: the pass between lexer and grammar.
//!
//! It matches brackets, tells the four meanings of a brace and the two of a parenthesis apart, makes the words of scripts
//! keywords inside scripts only, and puts marks around the steps after a `by` without braces.
//! Such steps end where the bracket, the case or the declaration around them ends. Directly inside a script they are a single step.

use crate::describe;
use crate::report::Reports;
use crate::token::{T, Token, is_big, step_word};
use bfv_diag::{Code, Diagnostic, Span};

/// Deepest nesting of brackets.
pub const MAX_BRACKETS: usize = 2_000;

/// The words of one declaration, made ready for the grammar. Nothing when a bracket is wrong; that is reported.
pub fn prepare(file: u32, source: &str, tokens: &[Token], reports: &mut Reports) -> Option<Vec<Token>> {
    let close = match_brackets(file, tokens, reports)?;
    let pi = pi_openers(tokens, &close);
    let mut pass = Pass {
        source,
        tokens,
        close,
        pi,
        at: 0,
        out: Vec::with_capacity(tokens.len()),
        frames: vec![Frame::new(Kind::Outside, false)],
        counts: tokens.iter().any(|t| matches!(t.kind, T::Byzantine | T::Quorum)),
    };
    while let Some(token) = tokens.get(pass.at) {
        if !pass.token(*token) {
            break;
        }
        pass.at += 1;
    }
    while let Some(frame) = pass.frames.pop() {
        pass.close_steps(&frame);
    }
    Some(pass.out)
}

/// What closes an opening bracket.
pub fn closer(open: T) -> Option<T> {
    match open {
        T::OpenParen => Some(T::CloseParen),
        T::OpenBracket | T::OpenAttribute => Some(T::CloseBracket),
        T::OpenBrace => Some(T::CloseBrace),
        _ => None,
    }
}

/// For each opening bracket the index of its closing bracket; for other tokens their own index.
pub fn match_brackets(file: u32, tokens: &[Token], reports: &mut Reports) -> Option<Vec<usize>> {
    let span = |token: &Token| Span { file, start: token.start, end: token.end };
    let mut close: Vec<usize> = (0..tokens.len()).collect();
    let mut open: Vec<(usize, &Token)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if closer(token.kind).is_some() {
            open.push((at, token));
            if open.len() > MAX_BRACKETS {
                let message = "This bracket is nested too deep. Brackets may be nested 2000 deep.";
                reports.error(
                    Code::NestingTooDeep,
                    span(token),
                    message,
                    Some("Give inner parts a name by a definition."),
                );
                return None;
            }
        }
        if matches!(token.kind, T::CloseParen | T::CloseBracket | T::CloseBrace) {
            let found = describe::found(token.kind, "");
            match open.pop() {
                Some((start, opener)) if closer(opener.kind) == Some(token.kind) => {
                    if let Some(slot) = close.get_mut(start) {
                        *slot = at;
                    }
                }
                Some((_, opener)) => {
                    let expected = closer(opener.kind).map_or("", |kind| describe::word(kind));
                    let message = format!("Found {found} in place of {expected}.");
                    let fault = Diagnostic::error(Code::UnmatchedBracket, span(token), message);
                    reports.push(
                        fault
                            .with_fix(format!("Close {} first.", describe::the(opener.kind)))
                            .with_label(span(opener), "It is open."),
                    );
                    return None;
                }
                None => {
                    let message = format!("Found {found}, but no bracket is open here.");
                    reports.error(
                        Code::UnmatchedBracket,
                        span(token),
                        message,
                        Some("Remove it, or add the bracket that opens."),
                    );
                    return None;
                }
            }
        }
    }
    if let Some((_, opener)) = open.last() {
        let expected = closer(opener.kind).map_or("", |kind| describe::word(kind));
        let opened = describe::found(opener.kind, "");
        let message = format!("Found {opened} that is never closed.");
        let mut fault =
            Diagnostic::error(Code::UnclosedBracket, span(opener), message).with_fix(format!("Add {expected}."));
        if let Some(last) = tokens.last() {
            let here = format!("The {} ends here.", describe::piece(tokens));
            fault = fault.with_label(Span { file, start: last.end, end: last.end }, &here);
        }
        reports.push(fault);
        return None;
    }
    Some(close)
}

/// Which opening brackets start the binder of a function type: names and a colon follow, and after the closing bracket an arrow or another such binder.
fn pi_openers(tokens: &[Token], close: &[usize]) -> Vec<bool> {
    let mut pi = vec![false; tokens.len()];
    for at in (0..tokens.len()).rev() {
        let Some(end) = close.get(at).copied().filter(|end| *end > at) else { continue };
        let after = tokens.get(end + 1).map(|t| t.kind);
        let goes_on = after == Some(T::Arrow) || pi.get(end + 1).copied().unwrap_or(false);
        if goes_on
            && binds(tokens, at)
            && let Some(slot) = pi.get_mut(at)
        {
            *slot = true;
        }
    }
    pi
}

/// Whether the bracket at `at` is followed by names and a colon.
fn binds(tokens: &[Token], at: usize) -> bool {
    if !tokens.get(at).is_some_and(|t| matches!(t.kind, T::OpenParen | T::OpenBrace)) {
        return false;
    }
    let mut next = at + 1;
    while tokens.get(next).is_some_and(|t| matches!(t.kind, T::Name | T::Underscore)) {
        next += 1;
    }
    next > at + 1 && tokens.get(next).is_some_and(|t| t.kind == T::Colon)
}

/// Whether binders and a comma stand at `start`, so that `sum` and its kin before them bind. `close` says for each
/// bracket where it is closed.
pub fn binders_and_comma(source: &str, tokens: &[Token], close: &[usize], start: usize) -> bool {
    let mut next = start;
    while let Some(token) = tokens.get(next).copied() {
        match token.kind {
            T::Underscore => next += 1,
            T::Name if !is_big(text(source, token)) => next += 1,
            T::OpenParen | T::OpenBrace if binds(tokens, next) => next = close.get(next).map_or(next, |end| *end) + 1,
            T::Comma => return next > start,
            _ => return false,
        }
    }
    false
}

/// The text of a token.
pub fn text(source: &str, token: Token) -> &str {
    let range = usize::try_from(token.start).unwrap_or(usize::MAX)..usize::try_from(token.end).unwrap_or(usize::MAX);
    source.get(range).unwrap_or("")
}

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The declaration itself.
    Outside,
    /// A bracket around an expression, a binder or a list.
    Bracket,
    /// `{ steps }`
    Block,
    /// `{ zero => steps | ... }`
    Cases,
    /// `match ... end`
    Match,
    /// `let ... in`
    Let,
    /// `if ... else`
    If,
    /// Steps after a `by` without braces; true: one step only.
    Steps(bool),
}

struct Frame {
    kind: Kind,
    /// Whether the words of scripts are keywords directly inside.
    script: bool,
    /// Binders still waiting for their comma.
    binders: u32,
    /// The step that was last begun.
    step: Option<T>,
    /// Whether a pattern is read, in which `max x, y` binds nothing.
    pattern: bool,
}

impl Frame {
    fn new(kind: Kind, script: bool) -> Frame {
        Frame { kind, script, binders: 0, step: None, pattern: false }
    }
}

struct Pass<'a> {
    source: &'a str,
    tokens: &'a [Token],
    close: Vec<usize>,
    pi: Vec<bool>,
    at: usize,
    out: Vec<Token>,
    /// Never empty while tokens are read.
    frames: Vec<Frame>,
    /// Whether the words say how large a set is: `at most` and `at least` are signs only there.
    counts: bool,
}

impl Pass<'_> {
    fn text(&self, token: Token) -> &str {
        text(self.source, token)
    }

    fn kind_at(&self, at: usize) -> Option<T> {
        self.tokens.get(at).map(|t| t.kind)
    }

    fn top(&self) -> Kind {
        self.frames.last().map_or(Kind::Outside, |f| f.kind)
    }

    fn in_script(&self) -> bool {
        self.frames.last().is_some_and(|f| f.script)
    }

    fn in_pattern(&self) -> bool {
        self.frames.last().is_some_and(|f| f.pattern)
    }

    fn last_out(&self) -> Option<T> {
        self.out.last().map(|t| t.kind)
    }

    fn after_operand(&self) -> bool {
        self.last_out().is_some_and(T::ends_operand)
    }

    /// Whether a step may start here.
    fn step_position(&self) -> bool {
        let boundary = match self.last_out() {
            // Not the arrow of a function: there a step has begun.
            Some(T::DoubleArrow) => self.frames.last().is_some_and(|f| f.kind == Kind::Cases && f.step.is_none()),
            Some(T::BlockBrace | T::Semicolon | T::StepsStart | T::StepsEnd) => true,
            _ => self.after_operand(),
        };
        self.in_script() && boundary
    }

    fn emit(&mut self, kind: T, token: Token) {
        self.out.push(Token { kind, ..token });
    }

    fn close_steps(&mut self, frame: &Frame) {
        if matches!(frame.kind, Kind::Steps(_)) {
            let end = self.out.last().map_or(0, |t| t.end);
            self.out.push(Token { kind: T::StepsEnd, start: end, end });
        }
    }

    fn pop(&mut self) {
        // The outermost frame stays.
        if self.frames.len() > 1
            && let Some(frame) = self.frames.pop()
        {
            self.close_steps(&frame);
        }
    }

    /// Pops frames down to the nearest one of the wanted kinds, unless a bracket stands before it. Answers whether there is one.
    fn pop_to(&mut self, wanted: impl Fn(Kind) -> bool) -> bool {
        let barrier = |kind| matches!(kind, Kind::Bracket | Kind::Block | Kind::Cases | Kind::Outside);
        for back in (0..self.frames.len()).rev() {
            let Some(kind) = self.frames.get(back).map(|f| f.kind) else { return false };
            if wanted(kind) {
                while self.frames.len() > back + 1 {
                    self.pop();
                }
                return true;
            }
            if barrier(kind) {
                return false;
            }
        }
        false
    }

    /// Ends those single steps that are complete.
    fn end_single_steps(&mut self) {
        while self.top() == Kind::Steps(true) && self.last_out() != Some(T::StepsStart) {
            self.pop();
        }
    }

    fn begin_step(&mut self, step: T) {
        if self.after_operand() || self.last_out() == Some(T::StepsEnd) {
            self.end_single_steps();
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.step = Some(step);
            frame.binders = 0;
        }
    }

    fn await_comma(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.binders = frame.binders.saturating_add(1);
        }
    }

    /// Reads one token. Answers whether to go on; after a word that cannot stand here the grammar reports it, and nothing further is needed.
    fn token(&mut self, token: Token) -> bool {
        match token.kind {
            T::Name => self.name(token),
            T::Exists if self.step_position() => {
                self.begin_step(T::Exists);
                self.emit(T::Exists, token);
            }
            T::Forall | T::Exists | T::Sigma | T::Big => {
                self.await_comma();
                self.emit(token.kind, token);
            }
            T::Comma => {
                self.comma();
                self.emit(T::Comma, token);
            }
            T::Semicolon => {
                self.end_single_steps();
                self.emit(T::Semicolon, token);
            }
            T::Let | T::If | T::Match => {
                self.emit(token.kind, token);
                let kind = match token.kind {
                    T::Let => Kind::Let,
                    T::If => Kind::If,
                    _ => Kind::Match,
                };
                self.frames.push(Frame::new(kind, false));
            }
            T::In | T::Else | T::End => {
                let wanted = match token.kind {
                    T::In => Kind::Let,
                    T::Else => Kind::If,
                    _ => Kind::Match,
                };
                let found = self.pop_to(|kind| kind == wanted);
                if found {
                    self.pop();
                }
                self.emit(token.kind, token);
                return found;
            }
            T::Then | T::With => {
                let wanted = if token.kind == T::Then { Kind::If } else { Kind::Match };
                let found = self.pop_to(|kind| kind == wanted);
                self.emit(token.kind, token);
                return found;
            }
            T::Bar => {
                let found = self.pop_to(|kind| matches!(kind, Kind::Match | Kind::Cases | Kind::Outside));
                if let Some(frame) = self.frames.last_mut() {
                    frame.script = false;
                    frame.step = None;
                    frame.pattern = true;
                }
                self.emit(T::Bar, token);
                return found;
            }
            T::DoubleArrow => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.pattern = false;
                    frame.script |= frame.kind == Kind::Cases;
                }
                self.emit(T::DoubleArrow, token);
            }
            T::Colon => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.pattern = false;
                }
                self.emit(T::Colon, token);
            }
            T::By => self.by(token),
            T::LeftArrow => self.left_arrow(token),
            T::OpenParen | T::OpenBracket | T::OpenBrace | T::OpenAttribute => self.open(token),
            T::CloseParen | T::CloseBracket | T::CloseBrace => {
                while !matches!(self.top(), Kind::Bracket | Kind::Block | Kind::Cases | Kind::Outside) {
                    self.pop();
                }
                self.pop();
                self.emit(token.kind, token);
            }
            kind => self.emit(kind, token),
        }
        true
    }

    fn name(&mut self, token: Token) {
        let text = self.text(token);
        let step = step_word(text);
        let (big, at, refuted) = (is_big(text), text == "at", text == "refuted");
        if self.in_script() {
            if let Some(step) = step {
                self.begin_step(step);
                self.emit(step, token);
                return;
            }
            if at {
                self.emit(T::Location, token);
                return;
            }
        }
        if big && !self.in_pattern() && binders_and_comma(self.source, self.tokens, &self.close, self.at + 1) {
            self.await_comma();
            self.emit(T::Big, token);
            return;
        }
        if self.counts
            && at
            && self.top() == Kind::Outside
            && let Some((kind, end)) = self.bound()
        {
            self.out.push(Token { kind, start: token.start, end });
            self.at += 1;
            return;
        }
        if refuted
            && self.top() == Kind::Outside
            && let Some(next) = self.tokens.get(self.at + 1).copied().filter(|t| t.kind == T::Name)
            && self.text(next) == "at"
        {
            self.out.push(Token { kind: T::RefutedAt, start: token.start, end: next.end });
            self.at += 1;
            return;
        }
        self.emit(T::Name, token);
    }

    /// Whether `most` or `least` follows the name at hand, and where it ends.
    fn bound(&self) -> Option<(T, u32)> {
        let next = self.tokens.get(self.at + 1).copied().filter(|t| t.kind == T::Name)?;
        match self.text(next) {
            "most" => Some((T::AtMost, next.end)),
            "least" => Some((T::AtLeast, next.end)),
            _ => None,
        }
    }

    /// A comma ends steps without braces, unless a binder or a list of the step needs it.
    fn comma(&mut self) {
        while let Some(frame) = self.frames.last_mut() {
            if frame.binders > 0 {
                frame.binders -= 1;
                return;
            }
            if !matches!(frame.kind, Kind::Steps(_)) || matches!(frame.step, Some(T::Rewrite | T::Unfold)) {
                return;
            }
            self.pop();
        }
    }

    fn by(&mut self, token: Token) {
        self.emit(T::By, token);
        if self.kind_at(self.at + 1) != Some(T::OpenBrace) {
            self.out.push(Token { kind: T::StepsStart, start: token.end, end: token.end });
            let single = self.in_script();
            self.frames.push(Frame::new(Kind::Steps(single), true));
        }
    }

    /// `<-` is a sign only before a fact of `rewrite`; elsewhere `a <-b` compares with a negative number.
    fn left_arrow(&mut self, token: Token) {
        let fact = matches!(self.last_out(), Some(T::Rewrite | T::Comma));
        if fact || self.text(token) != "<-" {
            self.emit(T::LeftArrow, token);
        } else {
            self.out.push(Token { kind: T::Less, start: token.start, end: token.start + 1 });
            self.out.push(Token { kind: T::Minus, start: token.start + 1, end: token.end });
        }
    }

    fn open(&mut self, token: Token) {
        let pi = self.pi.get(self.at).copied().unwrap_or(false);
        let (kind, frame) = match token.kind {
            T::OpenParen if pi => (T::PiParen, Kind::Bracket),
            T::OpenBrace => self.brace(pi),
            kind => (kind, Kind::Bracket),
        };
        if kind == T::BlockBrace && self.last_out() != Some(T::By) {
            self.end_single_steps();
        }
        if kind == T::CasesBrace
            && let Some(frame) = self.frames.last_mut()
        {
            // The step has its cases; a further brace is a step of its own.
            frame.step = None;
        }
        self.emit(kind, token);
        let pattern = self.in_pattern() && frame == Kind::Bracket;
        self.frames.push(Frame { pattern, ..Frame::new(frame, frame == Kind::Block) });
    }

    fn brace(&self, pi: bool) -> (T, Kind) {
        if self.last_out() == Some(T::By) {
            return (T::BlockBrace, Kind::Block);
        }
        if pi {
            return (T::PiBrace, Kind::Bracket);
        }
        if !self.in_script() {
            return (T::OpenBrace, Kind::Bracket);
        }
        let by_cases = matches!(self.frames.last().and_then(|f| f.step), Some(T::Induction | T::Cases));
        if by_cases && self.cases_follow() {
            return (T::CasesBrace, Kind::Cases);
        }
        if self.step_position() && (!self.after_operand() || self.steps_follow()) {
            return (T::BlockBrace, Kind::Block);
        }
        (T::OpenBrace, Kind::Bracket)
    }

    /// Whether the brace at hand is followed by `}`, by `|`, or by names and `=>`.
    fn cases_follow(&self) -> bool {
        let mut next = self.at + 1;
        while matches!(self.kind_at(next), Some(T::Name | T::Underscore)) {
            next += 1;
        }
        match self.kind_at(next) {
            Some(T::DoubleArrow) => next > self.at + 1,
            Some(T::CloseBrace | T::Bar) => next == self.at + 1,
            _ => false,
        }
    }

    /// Whether the brace at hand, and braces directly after it, are followed by a step or by `}`.
    fn steps_follow(&self) -> bool {
        let mut next = self.at + 1;
        while self.kind_at(next) == Some(T::OpenBrace) {
            next += 1;
        }
        match self.tokens.get(next).copied() {
            Some(token) if token.kind == T::Name => step_word(self.text(token)).is_some(),
            Some(token) => matches!(token.kind, T::CloseBrace | T::Exists | T::Semicolon),
            None => false,
        }
    }
}
