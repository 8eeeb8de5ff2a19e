//! What the grammar builds: every value carries the depth of its tree, so that no tree grows too deep for recursion.

use crate::operators::PrefixKind;
use crate::token::T;
use crate::tree::*;
use bfv_diag::{Code, Diagnostic, Span};
use lalrpop_util::ParseError;
use num_bigint::BigUint;
use std::collections::BTreeSet;

/// Deepest tree that is accepted.
pub const MAX_DEPTH: u32 = 5_000;

/// An error with a code of its own, found while building the tree.
#[derive(Clone, Debug)]
pub struct Fault(pub Box<Diagnostic>);

/// An error on its way through the parser.
pub type Refusal = ParseError<u32, T, Fault>;

impl From<Diagnostic> for Fault {
    fn from(diagnostic: Diagnostic) -> Fault {
        Fault(Box::new(diagnostic))
    }
}

impl Fault {
    /// What the grammar excludes; reported all the same rather than trusted.
    pub fn internal(span: Span) -> Fault {
        Diagnostic::error(Code::UnexpectedToken, span, "This expression has an operator without an operand.").into()
    }
}

/// A tree and its depth.
#[derive(Clone, Debug)]
pub struct Deep<X> {
    /// The tree.
    pub value: X,
    /// Its depth.
    pub depth: u32,
}

impl<X> Deep<X> {
    /// A tree without subtrees.
    pub fn flat(value: X) -> Deep<X> {
        Deep { value, depth: 0 }
    }

    /// Another tree of the same depth.
    pub fn map<Y>(self, f: impl FnOnce(X) -> Y) -> Deep<Y> {
        Deep { value: f(self.value), depth: self.depth }
    }
}

/// A list with the greatest depth of its members.
pub struct Stripped<X>(pub Vec<X>, pub u32);

impl<X> Stripped<X> {
    /// Puts the list into a tree.
    pub fn into<Y>(self, f: impl FnOnce(Vec<X>) -> Y) -> Deep<Y> {
        Deep { value: f(self.0), depth: self.1 }
    }

    /// List and depth.
    pub fn parts(self) -> (Vec<X>, u32) {
        (self.0, self.1)
    }
}

/// Takes the depths out of a list.
pub fn strip<X>(list: Vec<Deep<X>>) -> Stripped<X> {
    let depth = list.iter().map(|x| x.depth).max().unwrap_or(0);
    Stripped(list.into_iter().map(|x| x.value).collect(), depth)
}

/// What the actions of the grammar know.
pub struct Cx<'s> {
    /// Number of the file.
    pub file: u32,
    /// Its text.
    pub source: &'s str,
    /// First bytes of the chains of comparisons of this declaration.
    pub chains: BTreeSet<u32>,
}

/// First byte and one past the last.
pub type Place = (u32, u32);

impl<'s> Cx<'s> {
    /// A span of the file.
    pub fn span(&self, start: u32, end: u32) -> Span {
        Span { file: self.file, start, end }
    }

    /// The text of a place.
    pub fn text(&self, start: u32, end: u32) -> &'s str {
        let range = usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
        self.source.get(range).unwrap_or("")
    }

    /// A name.
    pub fn name(&self, l: u32, r: u32) -> Name {
        Name { text: self.text(l, r).to_string(), span: self.span(l, r) }
    }

    /// The name of a big operator, also for its mathematical sign.
    pub fn big(&self, l: u32, r: u32) -> Name {
        let text = match self.text(l, r) {
            "\u{2211}" => "sum",
            "\u{220f}" => "prod",
            word => word,
        };
        Name { text: text.to_string(), span: self.span(l, r) }
    }

    /// What a projection names.
    pub fn field(&self, l: u32, r: u32) -> String {
        self.text(l, r).trim_start_matches('.').to_string()
    }

    /// One more than the depth of the parts. Error: too deep.
    pub fn deepen(&self, place: Place, depth: u32) -> Result<u32, Refusal> {
        if depth < MAX_DEPTH {
            return Ok(depth + 1);
        }
        let message = "This expression is too deep. An expression may be 5000 operations deep.";
        let fault = Diagnostic::error(Code::NestingTooDeep, self.span(place.0, place.1), message);
        Err(Fault::from(fault.with_fix("Give parts of it a name by a definition.")).into())
    }

    /// An expression over parts of the given depth. Error: too deep.
    pub fn node(&self, place: Place, depth: u32, kind: ExprKind) -> Result<Deep<Expr>, Refusal> {
        let depth = self.deepen(place, depth)?;
        Ok(Deep { value: Expr { span: self.span(place.0, place.1), kind: Box::new(kind) }, depth })
    }

    /// An expression without parts.
    pub fn leaf(&self, l: u32, r: u32, kind: ExprKind) -> Deep<Expr> {
        Deep { value: Expr { span: self.span(l, r), kind: Box::new(kind) }, depth: 1 }
    }

    /// An expression in parentheses: the same expression, standing where the parentheses stand.
    pub fn group(&self, l: u32, r: u32, mut e: Deep<Expr>) -> Deep<Expr> {
        e.value.span = self.span(l, r);
        e
    }

    /// `?name`
    pub fn hole(&self, l: u32, r: u32) -> Deep<Expr> {
        let name = self.text(l, r).trim_start_matches('?').to_string();
        self.leaf(l, r, ExprKind::Hole(Some(name)))
    }

    /// A number with or without decimals.
    pub fn number(&self, l: u32, r: u32) -> Deep<Expr> {
        let text = self.text(l, r);
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = [whole, decimals].concat();
        self.leaf(l, r, ExprKind::Number(natural(&digits), crate::report::to_u32(decimals.len())))
    }

    /// A string without its quotes, escapes read.
    pub fn string(&self, l: u32, r: u32) -> Deep<Expr> {
        let mut value = String::new();
        let text = self.text(l, r);
        let mut inside = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text).chars();
        while let Some(c) = inside.next() {
            match c {
                '\\' => match inside.next() {
                    Some('n') => value.push('\n'),
                    Some(c) => value.push(c),
                    None => {}
                },
                c => value.push(c),
            }
        }
        self.leaf(l, r, ExprKind::String(value))
    }

    /// `U n`. Error: n is no whole number below 2^32.
    pub fn universe(&self, l: u32, m: u32, r: u32) -> Result<Deep<Expr>, Refusal> {
        match self.text(m, r).parse() {
            Ok(level) => Ok(self.leaf(l, r, ExprKind::Univ(level))),
            Err(_) => Err(self.bad_number(m, r, "The level of a universe is a whole number below 2 to the power 32.")),
        }
    }

    /// A number in a pattern. Error: it has decimals.
    pub fn number_pattern(&self, l: u32, r: u32) -> Result<Deep<Pattern>, Refusal> {
        let text = self.text(l, r);
        if text.contains('.') {
            return Err(self.bad_number(l, r, "A number in a pattern is a whole number."));
        }
        Ok(Deep::flat(Pattern::Number(natural(text), self.span(l, r))))
    }

    /// How many steps a search may take.
    pub fn steps(&self, l: u32, r: u32) -> Result<u64, Refusal> {
        self.text(l, r).parse().map_err(|_| self.bad_number(l, r, "A number of steps is a whole number below 2^64."))
    }

    fn bad_number(&self, l: u32, r: u32, message: &str) -> Refusal {
        let fault = Diagnostic::error(Code::BadNumber, self.span(l, r), message);
        Fault::from(fault.with_fix("Write one such as 0.")).into()
    }
}

/// The value of decimal digits; the lexer lets nothing else through.
fn natural(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 10).unwrap_or_default()
}

/// A declaration. Errors: a body that is missing or does not fit its kind.
#[allow(clippy::too_many_arguments)]
pub fn decl(
    cx: &Cx<'_>,
    place: Place,
    attrs: Vec<Vec<Attr>>,
    kind: DeclKind,
    name: Name,
    binders: Vec<Deep<Binder>>,
    ty: Option<Deep<Expr>>,
    body: Body,
) -> Result<Decl, Refusal> {
    let misplaced = |message: &str, fix: &str| {
        let fault = Diagnostic::error(Code::MisplacedBody, name.span, message).with_fix(fix);
        Err(Fault::from(fault).into())
    };
    match (kind, &body) {
        (DeclKind::Def | DeclKind::Operator | DeclKind::Theorem, Body::None) => {
            return Err(missing_body(kind, &name, ty.as_ref()));
        }
        (DeclKind::Axiom, Body::Term(_) | Body::By(_) | Body::Clauses(_) | Body::RefutedAt { .. }) => {
            return misplaced("An axiom has no body.", "Remove the body, or write def or theorem in place of axiom.");
        }
        (DeclKind::Def | DeclKind::Operator | DeclKind::Theorem, Body::RefutedAt { .. }) => {
            return misplaced("Only a claim may be refuted at a point.", "Write claim here.");
        }
        (DeclKind::Claim, Body::Clauses(_)) => {
            return misplaced(
                "A claim is not given by clauses.",
                "Write theorem in place of claim, or give the proof after by.",
            );
        }
        _ => {}
    }
    Ok(Decl {
        span: cx.span(place.0, place.1),
        doc: None,
        attrs: attrs.into_iter().flatten().collect(),
        kind,
        name,
        binders: strip(binders).0,
        ty: ty.map(|t| t.value),
        body,
        part: None,
    })
}

fn missing_body(kind: DeclKind, name: &Name, ty: Option<&Deep<Expr>>) -> Refusal {
    let (what, fix) = match kind {
        DeclKind::Theorem => (
            "This theorem has no proof.",
            "Write by and a proof after the statement, or write claim in place of theorem.",
        ),
        DeclKind::Operator => ("This operator has no body.", "Write := and an expression."),
        _ => ("This definition has no body.", "Write := and an expression."),
    };
    // `def a : Nat = 1` reads as a type that is an equation.
    let equation =
        kind != DeclKind::Theorem && ty.is_some_and(|t| matches!(*t.value.kind, ExprKind::Binary(BinOp::Eq, ..)));
    let fix = if equation { "Write := in place of the equals sign before the body." } else { fix };
    Fault::from(Diagnostic::error(Code::MissingBody, name.span, what).with_fix(fix)).into()
}

/// `:= by ...` is the same as `by ...`.
pub fn term_body(e: Deep<Expr>) -> Body {
    match *e.value.kind {
        ExprKind::By(script) => Body::By(script),
        kind => Body::Term(Expr { span: e.value.span, kind: Box::new(kind) }),
    }
}

/// An attribute with at most one argument.
pub fn attribute(cx: &Cx<'_>, place: Place, name: Name, arg: Option<Deep<Expr>>) -> Attr {
    Attr { name, args: arg.map(|e| e.value).into_iter().collect(), span: cx.span(place.0, place.1) }
}

/// A group of binders.
pub fn binder(cx: &Cx<'_>, place: Place, names: Vec<Name>, ty: Option<Deep<Expr>>, implicit: bool) -> Deep<Binder> {
    let depth = ty.as_ref().map_or(0, |t| t.depth);
    Deep { value: Binder { names, ty: ty.map(|t| t.value), implicit, span: cx.span(place.0, place.1) }, depth }
}

/// `x y : A` without parentheses: one group. Error: a group of its own stands among the names.
pub fn bare_binders(
    cx: &Cx<'_>,
    place: Place,
    list: Vec<Deep<Binder>>,
    ty: Deep<Expr>,
) -> Result<Vec<Deep<Binder>>, Refusal> {
    if let Some(group) = list.iter().find(|b| b.value.ty.is_some() || b.value.implicit) {
        let message = "A type follows here, but this group of names stands in parentheses of its own.";
        let fault = Diagnostic::error(Code::UnexpectedToken, group.value.span, message);
        return Err(Fault::from(fault.with_fix("Put the other names and their type in parentheses too.")).into());
    }
    let names = list.into_iter().flat_map(|b| b.value.names).collect();
    Ok(vec![binder(cx, place, names, Some(ty), false)])
}

/// `let x : A := a in`
pub fn let_prefix(name: Name, ty: Option<Deep<Expr>>, e: Deep<Expr>) -> Deep<PrefixKind> {
    let depth = ty.as_ref().map_or(0, |t| t.depth).max(e.depth);
    Deep { value: PrefixKind::Let(name, ty.map(|t| t.value), e.value), depth }
}

/// `if c then a else`
pub fn if_prefix(c: Deep<Expr>, a: Deep<Expr>) -> Deep<PrefixKind> {
    Deep { depth: c.depth.max(a.depth), value: PrefixKind::If(c.value, a.value) }
}

/// An argument of an application.
pub fn argument(name: Option<Name>, implicit: bool, e: Deep<Expr>) -> Deep<Arg> {
    e.map(|expr| Arg { name, implicit, expr })
}

/// An application that may take more arguments.
pub struct Head {
    expr: Deep<Expr>,
    args: Vec<Deep<Arg>>,
    end: u32,
}

impl Head {
    /// No arguments yet.
    pub fn new(expr: Deep<Expr>) -> Head {
        Head { end: expr.value.span.end, expr, args: Vec::new() }
    }

    /// One more argument, which ends at `end`.
    pub fn argument(mut self, arg: Deep<Arg>, end: u32) -> Head {
        self.args.push(arg);
        self.end = end;
        self
    }

    /// `p @ r`: what stood before is p.
    pub fn at(self, cx: &Cx<'_>, r: Deep<Expr>, end: u32) -> Result<Head, Refusal> {
        let p = self.finish(cx)?;
        let start = p.value.span.start;
        let whole = cx.node((start, end), p.depth.max(r.depth), ExprKind::At(p.value, r.value))?;
        Ok(Head::new(whole))
    }

    /// The expression.
    pub fn finish(self, cx: &Cx<'_>) -> Result<Deep<Expr>, Refusal> {
        if self.args.is_empty() {
            return Ok(self.expr);
        }
        let (args, depth) = strip(self.args).parts();
        let place = (self.expr.value.span.start, self.end);
        cx.node(place, depth.max(self.expr.depth), ExprKind::App(self.expr.value, args))
    }
}

/// `coe r s A e`
pub fn coe(
    cx: &Cx<'_>,
    place: Place,
    r: Deep<Expr>,
    s: Deep<Expr>,
    line: Deep<Expr>,
    e: Deep<Expr>,
) -> Result<Head, Refusal> {
    let depth = r.depth.max(s.depth).max(line.depth).max(e.depth);
    Ok(Head::new(cx.node(place, depth, ExprKind::Coe(r.value, s.value, line.value, e.value))?))
}

/// `hcom r s A [faces] b`. Error: a face is no conjunction of equations.
pub fn hcom(
    cx: &Cx<'_>,
    place: Place,
    r: Deep<Expr>,
    s: Deep<Expr>,
    ty: Deep<Expr>,
    faces: Option<Vec<(Deep<Expr>, Deep<Expr>)>>,
    b: Deep<Expr>,
) -> Result<Head, Refusal> {
    let (list, depth) = system(cx, faces)?;
    let depth = depth.max(r.depth).max(s.depth).max(ty.depth).max(b.depth);
    let kind = ExprKind::HCom(r.value, s.value, ty.value, list, b.value);
    Ok(Head::new(cx.node(place, depth, kind)?))
}

/// `Glue A [faces]` or `glue a [faces]`. Error: a face is no conjunction of equations.
pub fn glue(
    cx: &Cx<'_>,
    place: Place,
    a: Deep<Expr>,
    faces: Option<Vec<(Deep<Expr>, Deep<Expr>)>>,
    kind: fn(Expr, Faces) -> ExprKind,
) -> Result<Head, Refusal> {
    let (list, depth) = system(cx, faces)?;
    Ok(Head::new(cx.node(place, depth.max(a.depth), kind(a.value, list))?))
}

/// `unglue g`
pub fn unglue(cx: &Cx<'_>, place: Place, g: Deep<Expr>) -> Result<Head, Refusal> {
    Ok(Head::new(cx.node(place, g.depth, ExprKind::Unglue(g.value))?))
}

/// `| c (x : A) (i : I) [faces]`. Error: a face is no conjunction of equations.
pub fn path_constructor(
    cx: &Cx<'_>,
    name: Name,
    fields: Vec<Deep<Binder>>,
    faces: Option<Vec<(Deep<Expr>, Deep<Expr>)>>,
) -> Result<Constructor, Refusal> {
    Ok(Constructor { name, fields: strip(fields).0, boundary: system(cx, faces)?.0 })
}

/// Faces, and how deep they are.
fn system(cx: &Cx<'_>, faces: Option<Vec<(Deep<Expr>, Deep<Expr>)>>) -> Result<(Faces, u32), Refusal> {
    let (mut list, mut depth) = (Vec::new(), 0);
    for (condition, side) in faces.unwrap_or_default() {
        depth = condition.depth.max(side.depth).max(depth);
        let mut equations = Vec::new();
        face(cx, condition.value, &mut equations)?;
        list.push((equations, side.value));
    }
    Ok((list, depth))
}

/// The equations of a conjunction, left to right; a list in place of recursion, for a conjunction may be long.
fn face(cx: &Cx<'_>, condition: Expr, out: &mut Vec<(Expr, Expr)>) -> Result<(), Refusal> {
    let mut todo = vec![condition];
    while let Some(e) = todo.pop() {
        match *e.kind {
            ExprKind::Binary(BinOp::And, a, b) => {
                todo.push(b);
                todo.push(a);
            }
            ExprKind::Binary(BinOp::Eq, a, b) => out.push((a, b)),
            _ => {
                let message = "A face is an equation between dimensions. This is none.";
                let fault = Diagnostic::error(Code::BadFace, cx.span(e.span.start, e.span.end), message);
                return Err(
                    Fault::from(fault.with_fix("Write an equation such as i = 0, or several joined by /\\.")).into()
                );
            }
        }
    }
    Ok(())
}

/// `(a, b, c)` is `(a, (b, c))`.
pub fn pairs(cx: &Cx<'_>, place: Place, first: Deep<Expr>, rest: Vec<Deep<Expr>>) -> Result<Deep<Expr>, Refusal> {
    let mut all = vec![first];
    all.extend(rest);
    let Some(mut whole) = all.pop() else { return Err(Fault::internal(cx.span(place.0, place.1)).into()) };
    while let Some(e) = all.pop() {
        let start = if all.is_empty() { place.0 } else { e.value.span.start };
        whole = cx.node((start, place.1), e.depth.max(whole.depth), ExprKind::Pair(e.value, whole.value))?;
    }
    Ok(whole)
}

/// A clause.
pub fn clause(cx: &Cx<'_>, place: Place, patterns: Vec<Deep<Pattern>>, body: Deep<Expr>) -> Deep<Clause> {
    let (patterns, depth) = strip(patterns).parts();
    Deep { value: Clause { patterns, body: body.value, span: cx.span(place.0, place.1) }, depth: depth.max(body.depth) }
}

/// `c p q`
pub fn constructor_pattern(cx: &Cx<'_>, name: Name, ps: Vec<Deep<Pattern>>) -> Result<Deep<Pattern>, Refusal> {
    let (ps, depth) = strip(ps).parts();
    let depth = cx.deepen((name.span.start, name.span.end), depth)?;
    Ok(Deep { value: Pattern::Name(name, ps), depth })
}

/// `(p, q, r)` is `(p, (q, r))`.
pub fn pair_pattern(
    cx: &Cx<'_>,
    place: Place,
    first: Deep<Pattern>,
    rest: Vec<Deep<Pattern>>,
) -> Result<Deep<Pattern>, Refusal> {
    let mut all = vec![first];
    all.extend(rest);
    let Some(mut whole) = all.pop() else { return Err(Fault::internal(cx.span(place.0, place.1)).into()) };
    while let Some(p) = all.pop() {
        let depth = cx.deepen(place, p.depth.max(whole.depth))?;
        whole =
            Deep { value: Pattern::Pair(Box::new(p.value), Box::new(whole.value), cx.span(place.0, place.1)), depth };
    }
    Ok(whole)
}

/// A script.
pub fn script(cx: &Cx<'_>, place: Place, steps: Vec<Deep<Tactic>>) -> Result<Deep<Script>, Refusal> {
    let (steps, depth) = strip(steps).parts();
    let depth = cx.deepen(place, depth)?;
    Ok(Deep { value: Script { steps, span: cx.span(place.0, place.1) }, depth })
}

/// A step.
pub fn tactic(cx: &Cx<'_>, place: Place, kind: Deep<TacticKind>) -> Deep<Tactic> {
    kind.map(|kind| Tactic { span: cx.span(place.0, place.1), kind })
}

/// A case of `induction` or `cases`.
pub fn case(
    cx: &Cx<'_>,
    place: Place,
    constructor: Name,
    names: Vec<Name>,
    steps: Vec<Deep<Tactic>>,
) -> Result<Deep<Case>, Refusal> {
    Ok(script(cx, place, steps)?.map(|script| Case { constructor, names, script }))
}

/// `induction e { ... }` and `cases e { ... }`
pub fn cases(
    e: Deep<Expr>,
    cases: Vec<Deep<Case>>,
    make: impl FnOnce(Expr, Vec<Case>) -> TacticKind,
) -> Deep<TacticKind> {
    let (cases, depth) = strip(cases).parts();
    Deep { depth: depth.max(e.depth), value: make(e.value, cases) }
}

/// `have h : A := e`; `:= by ...` is the same as `by ...`.
pub fn have_term(name: Name, ty: Option<Deep<Expr>>, e: Deep<Expr>) -> Deep<TacticKind> {
    let depth = ty.as_ref().map_or(0, |t| t.depth).max(e.depth);
    let span = e.value.span;
    let body = match *e.value.kind {
        ExprKind::By(script) => HaveBody::By(script),
        kind => HaveBody::Term(Expr { span, kind: Box::new(kind) }),
    };
    Deep { value: TacticKind::Have(name, ty.map(|t| t.value), body), depth }
}

/// `have h : A by ...`
pub fn have_script(name: Name, ty: Option<Deep<Expr>>, s: Deep<Script>) -> Deep<TacticKind> {
    let depth = ty.as_ref().map_or(0, |t| t.depth).max(s.depth);
    Deep { value: TacticKind::Have(name, ty.map(|t| t.value), HaveBody::By(s.value)), depth }
}
