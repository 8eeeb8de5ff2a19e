//! A fusion of accepted answers, computed again.

use crate::challenge::Soundness;
use crate::judge::{accepted, contradicts, delivered, other, verdict};
use crate::verdict::{Accepted, Checked, Rejected, Stop, Undecided, Verdict};
use bfv_cert::certificate::{Fields, Lane, Operation, trace_content};
use bfv_cert::digest::Digest;
use bfv_cert::merkle::Builder;
use bfv_cert::sign::KeyId;
use bfv_cert::tensor::{Dtype, Scale, Shape, activation};
use bfv_cert::{BindingFault, Expected, Malformed, Part, Place, Policy, Refusal, admit};
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
    verdict(judged(envelope, policy, expected, fusion, parents))
}

fn binding(fault: BindingFault) -> Stop {
    Stop::Rejected(Rejected::Refused(Refusal::Binding(Part::Certificate, fault)))
}

fn judged(
    envelope: &[u8],
    policy: &Policy,
    expected: &Expected<'_>,
    fusion: &Fusion<'_>,
    parents: &[&Accepted],
) -> Result<Accepted, Stop> {
    let admitted = admit(envelope, policy, expected)?;
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
    let bytes = delivered(&admitted, expected)?;
    let (claimed, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() || claimed.len() != result.len() {
        return Err(contradicts("output", "the shape of the result"));
    }
    let claimed = claimed.iter().map(|n| i64::from_le_bytes(*n));
    if let Some((i, (claimed, exact))) = (0..).zip(claimed.zip(&result)).find(|(_, (c, e))| c != *e) {
        return Err(Stop::Rejected(Rejected::Fused(i, claimed, *exact)));
    }
    roots(fields, &[parents.len(), inputs.len().checked_div(parents.len()).unwrap_or(0)], &inputs, &result)?;
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
    let mut names: Vec<Digest> = parents.iter().map(|p| p.certificate).collect();
    names.sort();
    if let Some((_, named)) = names.iter().zip(&fields.parents).find(|(name, named)| name != named) {
        return Err(other("parent", *named));
    }
    let mut inputs = Vec::new();
    let length = parents.first().map_or(0, |p| p.values.len());
    for worker in fusion.workers {
        let mut own = (0..).zip(parents).filter(|(_, p)| p.worker == *worker);
        let (Some((i, parent)), None) = (own.next(), own.next()) else {
            return Err(binding(BindingFault::NotAssigned));
        };
        if parent.query != fields.query {
            return Err(binding(BindingFault::Parent("question", i)));
        }
        // A fusion is judged by other workers than those of its answers, and is no answer of the worker who made it.
        if parent.operation == Operation::Fusion {
            return Err(binding(BindingFault::Parent("operation", i)));
        }
        // A fusion is in the exact lane, and no lane is lowered silently.
        if parent.lane != fields.lane {
            return Err(binding(BindingFault::Parent("lane", i)));
        }
        // Numbers of one worker would be read as those of another.
        if parent.values.len() != length {
            return Err(binding(BindingFault::Parent("length", i)));
        }
        inputs.extend_from_slice(&parent.values);
    }
    Ok(inputs)
}

/// Input, output and trace of a fusion: the numbers of workers by coordinates, the numbers of the result, and one value, these bytes.
fn roots(fields: &Fields, sides: &[usize], inputs: &[i64], result: &[i64]) -> Result<(), Stop> {
    let place = Place { part: Part::Certificate, field: "shape", offset: 0 };
    let refuse = |found: Malformed| Stop::Rejected(Rejected::Refused(Refusal::Malformed(place, found)));
    let root = |sides: &[usize], values: &[i64]| {
        let sides: Vec<u32> = sides.iter().map(|n| u32::try_from(*n).unwrap_or(u32::MAX)).collect();
        let shape = Shape::new(&sides).map_err(refuse)?;
        let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        let root = activation(Dtype::I64, &shape, Scale::new(0).map_err(refuse)?, &bytes)?;
        Ok::<_, Stop>((shape, root, bytes))
    };
    let (input_shape, input, _) = root(sides, inputs)?;
    let (output_shape, output, bytes) = root(&[result.len()], result)?;
    let mut trace = Builder::new();
    trace.push(trace_content(&bytes));
    let trace = trace.finish().map(|tree| tree.root());
    if fields.input_shape != input_shape || fields.output_shape != output_shape || fields.trace_shape.leaves() != 1 {
        return Err(contradicts("shape", "the program"));
    }
    let conditions = [
        ("input", fields.input, Some(input)),
        ("output root", fields.output_root, Some(output)),
        ("trace", fields.trace, trace),
    ];
    match conditions.iter().find(|(_, found, needed)| Some(*found) != *needed) {
        Some((field, found, _)) => Err(other(field, *found)),
        None => Ok(()),
    }
}
