//! Certificates that rest on the answers of others, fusions and votes, made by hand.
#![allow(dead_code)]

use super::common::{rejects, world};
use bfv_cert::BindingFault;
use bfv_cert::Refusal;
use bfv_cert::certificate::{Fields, Layers, Operation, Output, TraceShape, trace_content};
use bfv_cert::digest::{Digest, output_digest};
use bfv_cert::envelope::{Reveal, write};
use bfv_cert::merkle::Builder;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::tensor::Shape;
use bfv_verify::{Accepted, Rejected, Verdict};
use world::World;

#[derive(Clone)]
pub struct Made {
    pub fields: Fields,
    pub output: Vec<u8>,
    pub by: u8,
}

impl Made {
    /// The certificate of a key, which commits to this input and output and delivers these bytes.
    pub fn new(
        operation: Operation,
        by: u8,
        parents: &[Accepted],
        spec: Digest,
        input: (Shape, Digest),
        output: (Shape, Digest),
        bytes: Vec<u8>,
    ) -> Made {
        let mut names: Vec<Digest> = parents.iter().map(|p| *p.certificate()).collect();
        names.sort();
        names.dedup();
        let mut trace = Builder::new();
        trace.push(trace_content(&bytes));
        let fields = Fields {
            operation,
            worker: world::id(by),
            model: Digest::ZERO,
            spec,
            layers: Layers { start: 0, end: 1 },
            input_shape: input.0,
            output_shape: output.0,
            input: input.1,
            output_root: output.1,
            trace: trace.finish().unwrap().root(),
            trace_shape: TraceShape { blocks: 1, layers: 1, operations: 1 },
            output: Output::Hashed(output_digest(&bytes)),
            seed: Digest::ZERO,
            execution: None,
            parents: names,
            ..world::fields()
        };
        Made { fields, output: bytes, by }
    }

    /// The envelope. Key 1 may also fuse, and keys 1 and 3 may also count votes.
    pub fn bytes(&self) -> Vec<u8> {
        let key = |n, role| Entry::new(&world::key(n), role, world::LOGGED - 1000, world::LOGGED + 1000);
        let more = vec![key(1, Role::Head), key(1, Role::Voter), key(3, Role::Voter)];
        let entries = [world::entries(), more].concat();
        let world = World { entries, ..World::with(&self.fields, self.by) };
        let (log, registry) = world.extract();
        let reveal = Reveal { seed: None, output: Some(&self.output) };
        write(&world.certificate, &log, &registry, &reveal, &[], &[]).unwrap()
    }
}

/// Every verdict is in words that can be read aloud.
pub fn in_words(verdict: &Verdict) {
    let text = verdict.to_string();
    assert!(text.split(' ').count() <= 40 && text.is_ascii() && text.ends_with('.'), "{text}");
}

pub fn binding(verdict: Verdict) -> BindingFault {
    match rejects(verdict) {
        Rejected::Refused(Refusal::Binding(_, fault)) => fault,
        other => panic!("{other}"),
    }
}
