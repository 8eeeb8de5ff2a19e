//! The rows of a trace, and which of them a stage of a model has.

use crate::refused::Refused;
use crate::spec::Spec;
use bfv_cert::certificate::Layers;
use std::ops::Range;

/// All rows: the embedding, the layers and the head. A certificate of a whole answer names these as its layers.
#[must_use]
pub fn all_rows(spec: &Spec) -> Layers {
    Layers { start: 0, end: u16::try_from(spec.draft().layers.len()).unwrap_or(u16::MAX).saturating_add(2) }
}

/// The rows of a stage with these layers of the model, counted from 0: the first layer comes with the embedding, the last one with the head.
///
/// # Errors
/// There are no such layers, or none.
pub fn rows_of(spec: &Spec, layers: Range<u32>) -> Result<Layers, Refused> {
    let all = all_rows(spec);
    let count = u32::from(all.end).saturating_sub(2);
    let row = |n: u32| u16::try_from(n).ok().and_then(|n| n.checked_add(1));
    match (row(layers.start), row(layers.end)) {
        (Some(start), Some(end)) if start < end && layers.end <= count => Ok(Layers {
            start: if layers.start == 0 { 0 } else { start },
            end: if layers.end == count { all.end } else { end },
        }),
        _ => {
            let why = format!("it has the layers from {} to before {}, of {count}", layers.start, layers.end);
            Err(Refused::new("a stage", why))
        }
    }
}

/// The layers of the model in these rows, counted from 0: none where there is only the embedding, or only the head.
///
/// # Errors
/// There are no such rows, or none.
pub fn layers_of(spec: &Spec, rows: Layers) -> Result<Range<usize>, Refused> {
    let all = all_rows(spec);
    if rows.start >= rows.end || rows.end > all.end {
        let why = format!("it has the rows from {} to before {}, of {}", rows.start, rows.end, all.end);
        return Err(Refused::new("a stage", why));
    }
    let layer = |row: u16| usize::from(row.saturating_sub(1)).min(spec.draft().layers.len());
    Ok(layer(rows.start)..layer(rows.end))
}
