//! A fusion of accepted answers, computed again.

use crate::challenge::Soundness;
use crate::judge::{accepted, contradicts, delivered, other, read, verdict};
use crate::verdict::{Accepted, Checked, Rejected, Stop, Undecided, Verdict};
use bfv_cert::certificate::{Fields, Lane, Layers, Operation, trace_content};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::merkle::Builder;
use bfv_cert::sign::KeyId;
use bfv_cert::tensor::Shape;
use bfv_cert::{Admitted, BindingFault, Expected, Part, Policy, Refusal, admit_read};
use bfv_exact::commit::{number_bytes, numbers_root};
use bfv_exact::program::Program;

/// A fusion as the verifier knows it.
pub struct Fusion<'a> {
    /// The program. Its first input varies over workers and coordinates, and is what the workers delivered.
    pub program: &'a Program,
    /// What a certificate names as its specification.
    pub spec: Digest,
    /// The workers in the order of the program.
    pub workers: &'a [KeyId],
    /// The other inputs of the program, such as weights.
    pub parameters: &'a [&'a [i64]],
}

/// Judges the certificate of a fusion. `parents` are the answers that were fused, each accepted before, in any order: one of each worker, to one question,
/// which is that of the fusion. What is delivered are the numbers of the result, eight bytes each, the lowest first.
pub fn judge_fusion(
    envelope: &[u8],
    policy: &Policy,
    expected: &Expected<'_>,
    fusion: &Fusion<'_>,
    parents: &[&Accepted],
) -> Verdict {
    read(envelope, |envelope| judge_fusion_read(envelope, policy, expected, fusion, parents))
}

/// The same for an envelope that was read before.
pub fn judge_fusion_read(
    envelope: &Envelope<'_>,
    policy: &Policy,
    expected: &Expected<'_>,
    fusion: &Fusion<'_>,
    parents: &[&Accepted],
) -> Verdict {
    verdict(judged(envelope, policy, expected, fusion, parents))
}

pub(crate) fn binding(fault: BindingFault) -> Stop {
    Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, fault)))
}

fn judged(
    envelope: &Envelope<'_>,
    policy: &Policy,
    expected: &Expected<'_>,
    fusion: &Fusion<'_>,
    parents: &[&Accepted],
) -> Result<Accepted, Stop> {
    let admitted = admit_read(envelope.clone(), policy, expected)?;
    let fields = admitted.envelope().certificate().fields();
    if fields.lane != Lane::Exact {
        return Err(Stop::Undecided(Undecided::Lane(fields.lane)));
    }
    if fields.operation != Operation::Fusion {
        return Err(Stop::Undecided(Undecided::Operation));
    }
    if fields.spec != fusion.spec {
        return Err(Stop::Undecided(Undecided::OtherModel));
    }
    let inputs = fused(fields, fusion, parents)?;
    let rows: Vec<&[i64]> = [inputs.as_slice()].into_iter().chain(fusion.parameters.iter().copied()).collect();
    let result = fusion.program.run(&rows).map_err(|refused| Stop::Rejected(Rejected::Inputs(refused.to_string())))?;
    let bytes = delivered(admitted.envelope(), expected)?;
    let (claimed, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() || claimed.len() != result.len() {
        return Err(contradicts("output", "the shape of the result"));
    }
    let claimed = claimed.iter().map(|n| i64::from_le_bytes(*n));
    if let Some((i, (claimed, exact))) = (0..).zip(claimed.zip(&result)).find(|(_, (c, e))| c != *e) {
        return Err(Stop::Rejected(Rejected::Fused(i, claimed, *exact)));
    }
    let coordinates = inputs.len().checked_div(parents.len()).unwrap_or(0);
    let input = numbers_root(&[parents.len(), coordinates], &inputs)?;
    ends(&admitted, input, numbers_root(&[result.len()], &result)?, &number_bytes(&result))?;
    let checked = Checked { products: 0, computed: result.len() as u64, compared: result.len() as u64, drift: 0 };
    Ok(accepted(&admitted, Soundness::FULL, checked, result))
}

/// What the workers delivered, in the order of the program: exactly one answer of each, to this question, and the certificate names these answers.
fn fused(fields: &Fields, fusion: &Fusion<'_>, parents: &[&Accepted]) -> Result<Vec<i64>, Stop> {
    let needed = fusion.workers.len();
    if parents.len() != needed || fields.parents.len() != needed {
        let found = if parents.len() == needed { fields.parents.len() } else { parents.len() };
        return Err(binding(BindingFault::Count(needed as u64, found as u64)));
    }
    named(fields, parents)?;
    let mut inputs = Vec::new();
    let length = parents.first().map_or(0, |p| p.values.len());
    for worker in fusion.workers {
        let mut own = (0..).zip(parents).filter(|(_, p)| p.worker == *worker);
        let (Some((i, parent)), None) = (own.next(), own.next()) else {
            return Err(binding(BindingFault::NotAssigned));
        };
        answers(parent, fields, i)?;
        // Numbers of one worker would be read as those of another.
        if parent.values.len() != length {
            return Err(binding(BindingFault::Parent("length", i)));
        }
        inputs.extend_from_slice(&parent.values);
    }
    Ok(inputs)
}

/// That an accepted answer, of this number, may be fused or counted: it answers this question, and is no fusion or vote, which is no answer of
/// the worker who made it. What rests on it is in the exact lane, and no lane is lowered silently.
pub(crate) fn answers(parent: &Accepted, fields: &Fields, i: usize) -> Result<(), Stop> {
    let faults = [
        ("question", parent.query != fields.query),
        ("operation", parent.operation.has_parents()),
        ("lane", parent.lane != fields.lane),
    ];
    match faults.iter().find(|(_, wrong)| *wrong) {
        Some((what, _)) => Err(binding(BindingFault::Parent(what, i))),
        None => Ok(()),
    }
}

/// That the certificate names exactly these accepted answers.
pub(crate) fn named(fields: &Fields, parents: &[&Accepted]) -> Result<(), Stop> {
    let mut names: Vec<Digest> = parents.iter().map(|p| p.certificate).collect();
    names.sort();
    match fields.parents.iter().enumerate().find(|(i, named)| names.get(*i) != Some(*named)) {
        Some((_, named)) => Err(other("parent", *named)),
        None if names.len() != fields.parents.len() => {
            Err(binding(BindingFault::Count(names.len() as u64, fields.parents.len() as u64)))
        }
        None => Ok(()),
    }
}

/// Input, output and trace of what rests on other answers: shapes and roots of what came in and of what is delivered, and one committed value, the
/// delivered bytes. There is no model, and one layer.
pub(crate) fn ends(
    admitted: &Admitted<'_>,
    input: (Shape, Digest),
    output: (Shape, Digest),
    bytes: &[u8],
) -> Result<(), Stop> {
    let fields = admitted.envelope().certificate().fields();
    let mut trace = Builder::new();
    trace.push(trace_content(bytes));
    let trace = trace.finish().map(|tree| tree.root());
    if fields.input_shape != input.0 || fields.output_shape != output.0 || fields.trace_shape.leaves() != 1 {
        return Err(contradicts("shape", "the program"));
    }
    if fields.layers != (Layers { start: 0, end: 1 }) {
        return Err(contradicts("layers", "the operation"));
    }
    let conditions = [
        ("model", fields.model, Some(Digest::ZERO)),
        ("input", fields.input, Some(input.1)),
        ("output root", fields.output_root, Some(output.1)),
        ("trace", fields.trace, trace),
    ];
    match conditions.iter().find(|(_, found, needed)| Some(*found) != *needed) {
        Some((field, found, _)) => Err(other(field, *found)),
        None => Ok(()),
    }
}
