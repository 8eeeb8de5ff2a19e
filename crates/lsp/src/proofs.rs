//! Proofs for claims without one: found by the search of the service, written into the text, and checked there before they are offered.

use crate::ask::{BUDGET, Doc, View, no_answer};
use crate::lines;
use crate::places::bytes;
use bfv_driver::{Desk, Edited, Kind, check_edited, module_name};
use bfv_engines::ENGINES;
use bfv_service::memory::Memory;
use bfv_service::solve::{Limits, Stop};
use bfv_service::suggest::{new_goal, whole as whole_answer};
use bfv_service::tasks::Around;
use bfv_service::wire::{Goal, Piece, Variable};
use bfv_syntax::tree::{Body, Decl, DeclKind, Expr};
use lsp_server::{ErrorCode, ResponseError};
use lsp_types::Range;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A claim that nothing is written for, and that is to be proved.
fn open(d: &Decl) -> bool {
    let expected = d.attrs.iter().any(|a| matches!(a.name.text.as_str(), "expect" | "vacuous"));
    d.kind == DeclKind::Claim && d.part.is_none() && matches!(d.body, Body::None) && !expected
}

/// The statement of a claim as a goal of the service, as it is written; nothing where a binder has no type.
fn goal(text: &str, d: &Decl) -> Option<Goal> {
    let piece = |text: &str| Piece { text: text.to_owned(), place: "the claim".to_owned() };
    let written = |e: &Expr| text.get(bytes(e.span)).map(piece);
    let mut context = Vec::new();
    for b in &d.binders {
        let ty = written(b.ty.as_ref()?)?;
        context.extend(b.names.iter().map(|n| Variable { name: piece(&n.text), ty: ty.clone() }));
    }
    Some(Goal { id: d.name.text.clone(), statement: written(d.ty.as_ref()?)?, context, constructions: Vec::new() })
}

/// Edits that give the claims in a range a proof. Each was made, and the claim is proved with it.
///
/// # Errors
/// It was cancelled, or bfv has a mistake. A search whose time is over has found nothing.
pub fn actions(
    view: &View,
    doc: &Doc,
    range: Range,
    memory: &Memory,
    (time, wish): (Duration, &Arc<AtomicBool>),
) -> Result<Value, ResponseError> {
    let text = doc.text.as_str();
    let (start, end) = (lines::offset(text, range.start), lines::offset(text, range.end));
    let (file, _) = bfv_syntax::parse(0, text.as_bytes());
    let module = module_name(&doc.name, &file);
    let others = view.others(doc);
    let others: Vec<Edited<'_>> = others.iter().map(|d| d.edited()).collect();
    let mut out = Vec::new();
    let deadline = Instant::now().checked_add(time).unwrap_or_else(Instant::now);
    for d in file.decls.iter().filter(|d| open(d)) {
        let whole = bytes(d.span);
        if whole.start > end || whole.end < start {
            continue;
        }
        let Some(goal) = goal(text, d) else { continue };
        let mut desk = Desk::within(ENGINES, doc.edited(), &others, whole.start).map_err(|p| no_answer(p.first()))?;
        desk.heed(Some(Arc::clone(wish)));
        let limits = Limits { deadline, cancelled: Arc::clone(wish) };
        let around = Around { memory, hands: None };
        let found = match new_goal(&mut desk, around, (None, &goal), &limits, &mut |_| {}) {
            Ok(said) => whole_answer(vec![said]),
            Err(Stop::Cancelled) => return Err(cancelled()),
            Err(Stop::Deadline) => continue,
            // A statement with a mistake has a diagnostic that says so.
            Err(Stop::Fault(fault)) if fault.status < 500 => continue,
            Err(Stop::Fault(fault)) => {
                return Err(ResponseError { code: ErrorCode::InternalError as i32, message: fault.what, data: None });
            }
        };
        let full = format!("{module}.{}", d.name.text);
        // Behind the last word, before what stands between it and the next declaration.
        let at = whole.start + text.get(whole).unwrap_or_default().trim_end().len();
        let suggestions = found.get("suggestions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for s in suggestions.iter().filter(|s| s.get("valid") == Some(&Value::Bool(true))) {
            let Some(script) = s.get("script").and_then(Value::as_str) else { continue };
            let proof = format!(" by {{ {script} }}");
            let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
            let edited = format!("{before}{proof}{after}");
            let asked = Edited { name: &doc.name, text: &edited };
            let report = check_edited(ENGINES, asked, &others, (Some(&full), BUDGET), Some(Arc::clone(wish)));
            if wish.load(Ordering::Relaxed) {
                return Err(cancelled());
            }
            if !matches!(report.goals.as_slice(), [g] if g.verdict.kind() == Kind::Proved) {
                continue;
            }
            let place = lines::position(text, at);
            out.push(json!({
                "title": format!("Prove {}:{proof}", d.name.text.replace('_', " ")),
                "kind": "quickfix",
                "isPreferred": out.is_empty(),
                "edit": { "changes": { doc.uri.as_str(): [{ "range": Range { start: place, end: place }, "newText": proof }] } },
            }));
        }
    }
    Ok(Value::Array(out))
}

/// The answer to a request that was cancelled.
#[must_use]
pub fn cancelled() -> ResponseError {
    ResponseError { code: ErrorCode::RequestCanceled as i32, message: "This was cancelled.".to_owned(), data: None }
}
