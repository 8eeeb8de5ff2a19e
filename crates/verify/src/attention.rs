//! The products of attention, checked token by token, and everything between them computed again.
//!
//! Scores are the product of keys and a query, and sums are the product of weights and values: both are products of matrices that are known
//! here. With random numbers for the positions and for the coordinates of a head, the prefixes `V_n`, the sum over `j < n` of `rho_j k_j`, and the products
//! `u_j = sigma v_j` are computed once for each key head, and each query costs as many multiplications as it sees keys, in place of as many
//! times the width of a head. Where chunks are paired, a query has the sum of two chunks in the place of a prefix, and the numbers of the positions that it sees;
//! what it does not see must have the score 0. Lemma `freivalds_exact`: entries have at most 55 bits as they are read, and products at most 50, so nothing wraps.

use crate::audit::{Audit, Judged, size};
use crate::drift::{Near, saturated};
use crate::field;
use crate::heads::{self, Attended, Keys};
use crate::verdict::{Fault, Found, Spot, Stop, Undecided};
use bfv_cert::digest::Words;
use bfv_exact::Matrix;
use bfv_exact::attention::softmax_of;
use bfv_exact::commit::{Form, read};
use bfv_exact::forward::Op;
use bfv_exact::model::Model;
use bfv_exact::pairs::Pair;
use bfv_exact::spec::LayerSpec;

/// What a repetition knows of a key head.
struct Head {
    /// For each position.
    rho: Vec<u64>,
    /// For each coordinate.
    sigma: Vec<u64>,
    /// The sum of `rho_j k_j` over the positions so far; at most `2^20 * 2^76` in size.
    keys: Vec<i128>,
    /// The same modulo p.
    prefix: Vec<u64>,
    /// The product of sigma and the values of each position.
    values: Vec<u64>,
    /// Where chunks are paired: the sums of `rho_j k_j` over each chunk that is done, and for each query of the block those over what it sees, modulo p.
    chunks: Vec<Vec<i128>>,
    rows: Vec<Vec<u64>>,
}

impl Head {
    fn new(mut words: Words, width: usize, v: &Matrix<i16>, kv: usize) -> Head {
        let rho = (0..v.rows()).map(|_| field::draw(&mut words)).collect();
        let sigma: Vec<u64> = (0..width).map(|_| field::draw(&mut words)).collect();
        let values = (0..v.rows()).map(|j| field::dot_small(&sigma, part(v, j, kv, width))).collect();
        let (keys, prefix) = (vec![0; width], vec![0; width]);
        Head { rho, sigma, keys, prefix, values, chunks: Vec::new(), rows: Vec::new() }
    }

    /// Takes the keys of more positions.
    fn take(&mut self, k: &Matrix<i16>, kv: usize, positions: std::ops::Range<usize>) {
        for j in positions {
            let rho = self.rho.get(j).copied().map_or(0, i128::from);
            for (sum, &k) in self.keys.iter_mut().zip(part(k, j, kv, self.sigma.len())) {
                *sum = sum.wrapping_add(rho.wrapping_mul(k.into()));
            }
        }
        self.prefix.iter_mut().zip(&self.keys).for_each(|(p, k)| *p = field::signed(*k));
    }

    /// Takes the keys of the positions of a block where chunks are paired: its queries have sums of their own, of two chunks.
    fn take_paired(&mut self, k: &Matrix<i16>, kv: usize, positions: std::ops::Range<usize>, pair: Pair) {
        self.rows.clear();
        for j in positions {
            if j > 0 && j.is_multiple_of(pair.chunk) {
                let none = vec![0; self.keys.len()];
                self.chunks.push(std::mem::replace(&mut self.keys, none));
            }
            let position = j..j.saturating_add(1);
            self.take(k, kv, position);
            let other = pair.other(j / pair.chunk).and_then(|other| self.chunks.get(other));
            let sums = self.keys.iter().enumerate().map(|(i, own)| {
                let before = other.and_then(|sums| sums.get(i)).copied().unwrap_or(0);
                field::signed(own.wrapping_add(before))
            });
            self.rows.push(sums.collect());
        }
    }

    /// Whether a row of scores is the product of a query with the keys, as far as the random numbers can tell.
    fn scored(&self, row: usize, seen: Option<Pair>, scores: &[i64], query: &[i16]) -> bool {
        let Some(pair) = seen else {
            return field::dot_small(&self.rho, scores) == field::dot_small(&self.prefix, query);
        };
        let keys = pair.keys(row);
        let rho: Vec<u64> = keys.clone().map(|c| at(&self.rho, pair.position(row, c))).collect();
        let sums = self.rows.get(row).map_or(&[][..], Vec::as_slice);
        field::dot_small(&rho, scores.get(keys).unwrap_or_default()) == field::dot_small(sums, query)
    }

    /// Whether a row of sums is the product of weights with the values, likewise. What is not seen has the weight 0.
    fn summed(&self, row: usize, seen: Option<Pair>, sums: &[i64], weights: &[i16]) -> bool {
        let weighted = match seen {
            None => field::dot_small(&self.values, weights),
            Some(pair) => {
                let keys = pair.keys(row);
                let values: Vec<u64> = keys.clone().map(|c| at(&self.values, pair.position(row, c))).collect();
                field::dot_small(&values, weights.get(keys).unwrap_or_default())
            }
        };
        field::dot_small(&self.sigma, sums) == weighted
    }
}

/// The number of a position.
fn at(numbers: &[u64], position: usize) -> u64 {
    numbers.get(position).copied().unwrap_or(0)
}

/// The entries of one head in a row.
fn part(x: &Matrix<i16>, row: usize, head: usize, width: usize) -> &[i16] {
    heads::part(x.row(row), head, width)
}

/// The exact sum.
fn dot(a: &[i16], b: &[i16]) -> i64 {
    a.iter().zip(b).map(|(a, b)| i64::from(*a) * i64::from(*b)).sum()
}

/// One of the matrices of a cell.
fn matrix(form: Form, bytes: &[u8], part: usize) -> Result<Matrix<i64>, Stop> {
    let long = form.rows * form.cols * form.width;
    let mut entries = Vec::new();
    read(bytes.get(part * long..(part + 1) * long).unwrap_or_default(), form.width, &mut entries);
    Ok(Matrix::new("a head", form.rows, form.cols, entries)?)
}

impl<G: Judged> Audit<'_, '_, G> {
    /// The input of the output matrix, from queries, keys and values of all tokens.
    pub(crate) fn attend(&mut self, layer: u32, spec: &LayerSpec, numbers: [&Near<i16>; 3]) -> Result<Near<G>, Stop> {
        let [q, k, v] = numbers.map(|x| &x.own);
        let dims = self.model.spec().draft().dims;
        let (width, group) = (size(dims.head_width), size(dims.heads / dims.kv_heads));
        let mut mixed = Matrix::filled("attention", q.rows(), q.cols(), G::default())?;
        let attended = Attended::new(numbers, width);
        let mut spans =
            attended.as_ref().map(|_| Matrix::filled("attention", q.rows(), q.cols(), (0, 0))).transpose()?;
        for kv in 0..size(dims.kv_heads) {
            let repetitions = 0..self.numbers.keys.repetitions();
            let mut heads: Vec<Head> =
                repetitions.map(|r| Head::new(self.numbers.attention(layer, kv, r), width, v, kv)).collect();
            let drift = attended.as_ref().map(|all| (all, all.keys(kv)));
            for block in 0..self.cells.layout.shape().blocks {
                let start = self.start(block);
                let end = self.start(block.saturating_add(1));
                match self.seen(layer, start) {
                    None => heads.iter_mut().for_each(|head| head.take(k, kv, start..end)),
                    Some(pair) => heads.iter_mut().for_each(|head| head.take_paired(k, kv, start..end, pair)),
                }
                for h in kv * group..(kv + 1) * group {
                    let columns = self.head(layer, spec, (block, h), (&heads, drift.as_ref()), [q, k, v])?;
                    if let Some(spans) = &mut spans {
                        place(spans, start, h * width, &columns.all_spans());
                    }
                    place(&mut mixed, start, h * width, &columns.own);
                }
            }
        }
        Ok(match spans {
            Some(spans) => Near::within(mixed, spans.into_entries())?,
            None => Near::same(mixed),
        })
    }

    /// What queries from a position on see in a layer, counted from 1, where chunks are paired.
    fn seen(&self, layer: u32, first: usize) -> Option<Pair> {
        self.model.spec().pair(size(layer).saturating_sub(1), first)
    }

    /// One query head in one block.
    fn head(
        &mut self,
        layer: u32,
        spec: &LayerSpec,
        (block, h): (u32, usize),
        (heads, drift): (&[Head], Option<&(&Attended<'_>, Keys)>),
        [q, k, v]: [&Matrix<i16>; 3],
    ) -> Result<Near<G>, Stop> {
        let name = u32::try_from(h).unwrap_or(u32::MAX);
        let get = |op: Op| self.cells.get(block, layer, op);
        let (Some((scores_form, scores)), Some((sums_form, sums))) = (get(Op::Scores(name)), get(Op::HeadSums(name)))
        else {
            return Err(Stop::Undecided(Undecided::Keys));
        };
        let opened = get(Op::Weights(name));
        let (scores, sums) = (matrix(scores_form, scores, h)?, matrix(sums_form, sums, h)?);
        let dims = self.model.spec().draft().dims;
        let (width, kv) = (sums.cols(), h / size(dims.heads / dims.kv_heads));
        let first = self.start(block);
        let seen = self.seen(layer, first);
        // The key of a column of a row: all columns are seen or masked in the order of positions, unless chunks are paired.
        let key = |row: usize, column: usize| match seen {
            None => Some(column),
            Some(pair) => pair.keys(row).contains(&column).then(|| pair.position(row, column)),
        };
        for (row, scores) in scores.each_row().enumerate() {
            let t = first.saturating_add(row);
            let query = part(q, t, h, width);
            let stray = scores.iter().enumerate().any(|(column, s)| *s != 0 && key(row, column).is_none());
            if stray || heads.iter().any(|x| !x.scored(row, seen, scores, query)) {
                let exact = |column: usize| key(row, column).map_or(0, |j| dot(query, part(k, j, kv, width)));
                return Err(wrong(layer, Op::Scores(name), t, scores, exact));
            }
        }
        let mask = self.model.spec().mask(first);
        let keys_of = |row: usize| seen.map_or_else(|| mask.keys(row), |pair| pair.keys(row));
        let weights = softmax_of(self.model.powers(), spec.score, keys_of, &scores)?;
        self.checked.computed += weights.entries().len() as u64;
        if let Some((form, bytes)) = opened {
            let long = form.rows * form.cols * form.width;
            let own = bytes.get(h * long..(h + 1) * long).unwrap_or_default();
            let position = u32::try_from(first).unwrap_or(u32::MAX);
            self.same(layer, Op::Weights(name), position, &weights, form.width, own)?;
        }
        for (row, (sums, weights)) in sums.each_row().zip(weights.each_row()).enumerate() {
            if heads.iter().any(|x| !x.summed(row, seen, sums, weights)) {
                let value = |i: usize, column: usize| {
                    key(row, column).and_then(|j| part(v, j, kv, width).get(i).copied()).map_or(0, i64::from)
                };
                let exact = |i| (0..).zip(weights).map(|(column, w)| i64::from(*w) * value(i, column)).sum();
                return Err(wrong(layer, Op::HeadSums(name), first.saturating_add(row), sums, exact));
            }
        }
        self.checked.products += (scores.entries().len() + sums.entries().len()) as u64;
        let own = Model::<G>::mix(spec, &weights, &sums)?;
        let Some((attended, keys)) = drift else { return Ok(Near::same(own)) };
        let mut spans = Vec::new();
        let rows = scores.each_row().zip(weights.each_row()).zip(sums.each_row()).enumerate();
        for (t, ((scores, weights), sums)) in rows {
            let of = (self.model.powers(), spec.score, spec.mixed);
            let means = attended.means(of, (h, keys), (first + t, mask.keys(t)), (scores, weights, sums));
            spans.extend(means.into_iter().map(saturated::<G>));
        }
        Ok(Near::within(own, spans)?)
    }
}

/// Puts the entries of a head into its columns, from a row on.
fn place<T: Copy>(into: &mut Matrix<T>, row: usize, column: usize, columns: &Matrix<T>) {
    for (to, from) in into.each_row_mut().skip(row).zip(columns.each_row()) {
        to.iter_mut().skip(column).zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// The first entry of a row that is wrong.
fn wrong(layer: u32, op: Op, token: usize, row: &[i64], exact: impl Fn(usize) -> i64) -> Stop {
    let found = (0..).zip(row).map(|(i, x)| (i, *x, exact(i))).find(|(_, x, e)| x != e);
    let spot = Spot { layer, op, token: u32::try_from(token).unwrap_or(u32::MAX) };
    match found {
        Some((i, claimed, exact)) => Fault { spot, found: Found::Product(i, claimed, exact) }.into(),
        None => Stop::Undecided(Undecided::Keys),
    }
}
