//! What the grammar builds for the items of a protocol.

use crate::make::{Cx, Deep, Fault, Place, Refusal, strip};
use crate::tree::*;
use bfv_diag::{Code, Diagnostic};

/// Deepest expression of an item. A protocol is rewritten by recursion where it is read, so it must fit on any stack.
const MAX_DEPTH: u32 = 500;

/// The line that begins a protocol. Error: a type too deep.
pub fn head(
    cx: &Cx<'_>,
    place: Place,
    attrs: Vec<Vec<Attr>>,
    name: Name,
    binders: Vec<Deep<Binder>>,
) -> Result<Protocol, Refusal> {
    let (binders, depth) = strip(binders).parts();
    shallow(cx, place, depth)?;
    Ok(Protocol {
        span: cx.span(place.0, place.1),
        doc: None,
        attrs: attrs.into_iter().flatten().collect(),
        name,
        binders,
        items: Vec::new(),
    })
}

/// An item. Error: an expression too deep.
pub fn item(
    cx: &Cx<'_>,
    place: Place,
    attrs: Vec<Vec<Attr>>,
    (name, kind): (Name, Deep<ItemKind>),
) -> Result<Item, Refusal> {
    shallow(cx, place, kind.depth)?;
    let attrs = attrs.into_iter().flatten().collect();
    Ok(Item { span: cx.span(place.0, place.1), doc: None, attrs, name, kind: kind.value })
}

fn shallow(cx: &Cx<'_>, place: Place, depth: u32) -> Result<(), Refusal> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    let message = "This expression is too deep. In a protocol an expression may be 500 operations deep.";
    let fault = Diagnostic::error(Code::NestingTooDeep, cx.span(place.0, place.1), message);
    Err(Fault::from(fault.with_fix("Give parts of it a name by a definition before the protocol.")).into())
}

/// An item of two expressions.
pub fn two(a: Deep<Expr>, b: Deep<Expr>, kind: fn(Expr, Expr) -> ItemKind) -> Deep<ItemKind> {
    Deep { depth: a.depth.max(b.depth), value: kind(a.value, b.value) }
}

/// `function view : T := e`. Error: no value at first.
pub fn function(name: Name, ty: Deep<Expr>, init: Option<Deep<Expr>>) -> Result<(Name, Deep<ItemKind>), Refusal> {
    let Some(init) = init else {
        let fix = match result(&ty.value) {
            ExprKind::Binary(BinOp::Eq, ..) => "Write := in place of the equals sign.",
            _ => "Write := and the value that it has everywhere at first, such as 0.",
        };
        let message = "This function has no value at first.";
        return Err(Fault::from(Diagnostic::error(Code::MissingBody, name.span, message).with_fix(fix)).into());
    };
    Ok((name, two(ty, init, ItemKind::Function)))
}

/// What a type of functions ends with.
fn result(ty: &Expr) -> &ExprKind {
    let mut rest = ty;
    while let ExprKind::Arrow(_, to) = &*rest.kind {
        rest = to;
    }
    &rest.kind
}

/// `command c (w : worker) when e do r w := true`
pub fn command(
    binders: Vec<Deep<Binder>>,
    when: Option<Deep<Expr>>,
    does: Vec<Vec<Deep<Assignment>>>,
) -> Deep<ItemKind> {
    let (binders, first) = strip(binders).parts();
    let (does, second) = strip(does.into_iter().flatten().collect()).parts();
    let depth = first.max(second).max(when.as_ref().map_or(0, |e| e.depth));
    Deep { depth, value: ItemKind::Command { binders, when: when.map(|e| e.value), does } }
}

/// `safety s : e` with the body of a claim. Error: clauses.
pub fn safety(name: Name, e: Deep<Expr>, body: Deep<Body>) -> Result<(Name, Deep<ItemKind>), Refusal> {
    let depth = e.depth.max(body.depth);
    let body = body_of_claim(&name, body, "A safety property is not given by clauses.")?;
    Ok((name, Deep { depth, value: ItemKind::Safety(e.value, body) }))
}

/// `live l under fair c : e` with the body of a claim. Error: clauses.
pub fn live(
    name: Name,
    fair: Option<Vec<Name>>,
    e: Deep<Expr>,
    body: Deep<Body>,
) -> Result<(Name, Deep<ItemKind>), Refusal> {
    let depth = e.depth.max(body.depth);
    let body = body_of_claim(&name, body, "A liveness property is not given by clauses.")?;
    Ok((name, Deep { depth, value: ItemKind::Live { fair: fair.unwrap_or_default(), statement: e.value, body } }))
}

/// The body of a claim. Error: clauses.
fn body_of_claim(name: &Name, body: Deep<Body>, message: &str) -> Result<Body, Refusal> {
    if matches!(body.value, Body::Clauses(_)) {
        let fault = Diagnostic::error(Code::MisplacedBody, name.span, message);
        return Err(Fault::from(fault.with_fix("Give its proof after by, or leave it to the search.")).into());
    }
    Ok(body.value)
}

/// `refuted at (x := e) by ...`
pub fn refuted(witness: Vec<Deep<(Name, Expr)>>, script: Option<Deep<Script>>) -> Deep<Body> {
    let (witness, depth) = strip(witness).parts();
    let depth = depth.max(script.as_ref().map_or(0, |s| s.depth));
    Deep { depth, value: Body::RefutedAt { witness, script: script.map(|s| s.value) } }
}

/// `r a b := e`. Error: what changes is no name with arguments.
pub fn assignment(cx: &Cx<'_>, place: Place, to: Deep<Expr>, e: Deep<Expr>) -> Result<Deep<Assignment>, Refusal> {
    let span = cx.span(place.0, place.1);
    let depth = to.depth.max(e.depth);
    let (part, args) = match *to.value.kind {
        ExprKind::App(f, args) => (f, args),
        kind => (Expr { span: to.value.span, kind: Box::new(kind) }, Vec::new()),
    };
    let plain = args.iter().all(|a| a.name.is_none() && !a.implicit);
    match *part.kind {
        ExprKind::Var(text) if plain => {
            let args = args.into_iter().map(|a| a.expr).collect();
            let value = Assignment { span, part: Name { text, span: part.span }, args, value: e.value };
            Ok(Deep { depth, value })
        }
        _ => {
            let message = "Only a part of the state may change: its name, and its arguments one after another.";
            let fault = Diagnostic::error(Code::BadAssignment, to.value.span, message);
            Err(Fault::from(fault.with_fix("Write the name first, as in decided w v := true.")).into())
        }
    }
}
