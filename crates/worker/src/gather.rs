//! What a head makes of the answers of others: a fusion by a program, or a vote.
//!
//! A head judges no answer. It looks only at what it would be blamed for itself: that certificates are signed, are of one question and of different
//! workers, and that what their envelopes deliver is what they commit to. Whether each answer is accepted is for whoever judges the head's certificate.

use crate::prove::{Circumstances, Failure};
use bfv_cert::certificate::{Body, Certificate, Fields, Lane, Layers, Operation, Output, TraceShape, trace_content};
use bfv_cert::digest::{Digest, output_digest};
use bfv_cert::envelope::{Envelope, LogExtract, RegistryExtract, Reveal, write};
use bfv_cert::merkle::Builder;
use bfv_cert::sign::{KeyId, SecretKey};
use bfv_cert::tensor::Shape;
use bfv_exact::Refused;
use bfv_exact::commit::{number_bytes, numbers_root, token_bytes, tokens_root, tokens_shape};
use bfv_exact::program::Program;
use bfv_exact::vote::{Rule, ballots, leading};
use bfv_model::Problem;

/// An answer of a worker, as its envelope delivers it.
struct Held {
    certificate: Digest,
    worker: KeyId,
    tokens: Vec<i64>,
}

/// Answers to one question, one of each worker, in the order in which they were given.
pub struct Gathered {
    query: Digest,
    answers: Vec<Held>,
}

impl Gathered {
    /// Reads envelopes, each with the name of its file.
    ///
    /// # Errors
    /// There are none, one cannot be read or is not signed, is no whole answer, does not reveal its output, or is of another question or of the same
    /// worker as one before.
    pub fn read(envelopes: &[(String, Vec<u8>)]) -> Result<Gathered, Problem> {
        let mut all: Option<Gathered> = None;
        for (file, bytes) in envelopes {
            let (query, held) = held(file, bytes)?;
            let Some(gathered) = &mut all else {
                all = Some(Gathered { query, answers: vec![held] });
                continue;
            };
            if gathered.query != query {
                let what = "It answers another question than the first file.";
                return Err(Problem::new(file, what, "Give answers to one question."));
            }
            if gathered.answers.iter().any(|other| other.worker == held.worker) {
                let what = "An answer of the same worker was given before.";
                return Err(Problem::new(file, what, "Give one answer of each worker."));
            }
            gathered.answers.push(held);
        }
        all.ok_or_else(|| Problem::new("the answers", "There are none.", "Name files with answers."))
    }

    /// The fusion by a program, of which the answers are the first input, in its order of workers. `spec` is what the certificate names it by.
    ///
    /// # Errors
    /// The answers have different lengths, or the program refuses its inputs.
    pub fn fuse(&self, program: &Program, spec: Digest, parameters: &[Vec<i64>]) -> Result<Combined, Failure> {
        self.fuse_by(|inputs| program.run(inputs), spec, parameters)
    }

    /// The same with a program that is run in this way, on its inputs.
    ///
    /// # Errors
    /// As [`Gathered::fuse`].
    pub fn fuse_by(
        &self,
        run: impl FnOnce(&[&[i64]]) -> Result<Vec<i64>, Refused>,
        spec: Digest,
        parameters: &[Vec<i64>],
    ) -> Result<Combined, Failure> {
        let coordinates = self.answers.first().map_or(0, |a| a.tokens.len());
        if self.answers.iter().any(|a| a.tokens.len() != coordinates) {
            return Err(Refused::new("a fusion", "the answers have different numbers of tokens").into());
        }
        let inputs: Vec<i64> = self.answers.iter().flat_map(|a| a.tokens.iter().copied()).collect();
        let rows: Vec<&[i64]> = std::iter::once(&inputs).chain(parameters).map(Vec::as_slice).collect();
        let values = run(&rows)?;
        let input = numbers_root(&[self.answers.len(), coordinates], &inputs)?;
        let output = numbers_root(&[values.len()], &values)?;
        let (bytes, support) = (number_bytes(&values), self.answers.len());
        let (query, parents) = (self.query, self.parents());
        Ok(Combined { operation: Operation::Fusion, query, spec, parents, input, output, bytes, values, support })
    }

    /// The vote by a rule.
    ///
    /// # Errors
    /// There are more answers than workers, or no answer has the quorum.
    pub fn vote(&self, rule: Rule) -> Result<Combined, Failure> {
        let fail = |why: String| Err(Refused::new("a vote", why).into());
        let (all, workers, quorum) = (self.answers.len(), rule.workers(), rule.quorum());
        if all > workers {
            return fail(format!("{all} answers were given, and {workers} workers have a vote"));
        }
        // As the certificate names them.
        let mut ordered: Vec<&Held> = self.answers.iter().collect();
        ordered.sort_by_key(|a| a.certificate);
        let answers: Vec<&[i64]> = ordered.iter().map(|a| a.tokens.as_slice()).collect();
        let (values, support) = match leading(&answers) {
            Some((answer, support)) if support >= quorum => (answer.to_vec(), support),
            found => {
                let most = found.map_or(0, |(_, most)| most);
                return fail(format!("the largest support is {most}, and the quorum is {quorum}"));
            }
        };
        let tokens: Vec<u32> = values.iter().map(|t| u32::try_from(*t).unwrap_or(u32::MAX)).collect();
        let ballots = ballots(&answers);
        let input = numbers_root(&[ballots.len()], &ballots)?;
        let output = (tokens_shape(&tokens)?, tokens_root(&tokens)?);
        let (query, spec, parents, bytes) = (self.query, rule.root(), self.parents(), token_bytes(&tokens));
        Ok(Combined { operation: Operation::Vote, query, spec, parents, input, output, bytes, values, support })
    }

    /// The certificates of the answers, as the one of the head names them.
    fn parents(&self) -> Vec<Digest> {
        let mut parents: Vec<Digest> = self.answers.iter().map(|a| a.certificate).collect();
        parents.sort();
        parents
    }
}

/// One envelope: its question, and the answer that it delivers.
fn held(file: &str, bytes: &[u8]) -> Result<(Digest, Held), Problem> {
    let again = "Take the file from its worker again.";
    let problem = |what: String| Problem::new(file, what, again);
    let envelope = Envelope::decode(bytes).map_err(|why| problem(why.to_string()))?;
    let certificate = envelope.certificate();
    certificate.verify().map_err(|why| problem(why.to_string()))?;
    let fields = certificate.fields();
    // Only the last stage of an answer chooses tokens, with a seed.
    let whole = match fields.operation {
        Operation::FullForward => true,
        Operation::LayerRange => fields.seed != Digest::ZERO,
        Operation::Fusion | Operation::Vote | Operation::Continuation => false,
    };
    if !whole {
        let what = "It is no answer of a model, nor the last stage of one.";
        return Err(Problem::new(file, what, "Give answers of models."));
    }
    let output = match &fields.output {
        Output::Inline(bytes) => Some(bytes.as_slice()),
        Output::Hashed(hash) => envelope.reveal().output.filter(|output| output_digest(output) == *hash),
    };
    let tokens = output.map(|bytes| bytes.as_chunks::<4>());
    let Some((tokens @ [_, ..], [])) = tokens else {
        return Err(problem("It has no tokens that belong to its certificate.".to_owned()));
    };
    let tokens = tokens.iter().map(|t| i64::from(u32::from_le_bytes(*t))).collect();
    Ok((fields.query, Held { certificate: certificate.id(), worker: fields.worker, tokens }))
}

/// A fusion or vote that is not signed yet.
pub struct Combined {
    operation: Operation,
    query: Digest,
    spec: Digest,
    parents: Vec<Digest>,
    input: (Shape, Digest),
    output: (Shape, Digest),
    bytes: Vec<u8>,
    values: Vec<i64>,
    support: usize,
}

impl Combined {
    /// What is delivered: the numbers of a fusion, or the tokens of a vote.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// How many answers were fused, or are the one that is delivered.
    #[must_use]
    pub fn support(&self) -> usize {
        self.support
    }

    /// The certificate of the head with this key.
    ///
    /// # Errors
    /// The fields contradict each other, as where there are more answers than a certificate may name.
    pub fn certify(&self, c: &Circumstances, key: &SecretKey) -> Result<Certificate, Failure> {
        let mut trace = Builder::new();
        trace.push(trace_content(&self.bytes));
        let trace = trace.finish().map_or(Digest::ZERO, |tree| tree.root());
        let fields = Fields {
            lane: Lane::Exact,
            operation: self.operation,
            query: self.query,
            slot: c.slot,
            validity: c.validity,
            worker: key.public().id(),
            model: Digest::ZERO,
            spec: self.spec,
            layers: Layers { start: 0, end: 1 },
            input_shape: self.input.0,
            output_shape: self.output.0,
            input: self.input.1,
            output_root: self.output.1,
            trace,
            trace_shape: TraceShape { blocks: 1, layers: 1, operations: 1 },
            output: Output::Hashed(output_digest(&self.bytes)),
            seed: Digest::ZERO,
            execution: c.execution,
            parents: self.parents.clone(),
            previous: c.previous,
        };
        Ok(Body::new(&fields)?.sign(key))
    }

    /// The envelope of that certificate.
    ///
    /// # Errors
    /// The envelope is too large.
    pub fn envelope(
        &self,
        certificate: &Certificate,
        (log, registry): (&LogExtract, &RegistryExtract),
    ) -> Result<Vec<u8>, Failure> {
        let reveal = Reveal { seed: None, output: Some(&self.bytes) };
        Ok(write(certificate, log, registry, &reveal, &[], &[])?)
    }
}
