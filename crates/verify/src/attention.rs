//! The products of attention, checked token by token, and everything between them computed again.
//!
//! Scores are the product of keys and a query, and sums are the product of weights and values: both are products of matrices that are known
//! here. With random numbers for the positions and for the coordinates of a head, the prefixes `V_n`, the sum over `j < n` of `rho_j k_j`, and the products
//! `u_j = sigma v_j` are computed once for each key head, and each query costs as many multiplications as it sees keys, in place of as many
//! times the width of a head. Where chunks are paired, a query has the sum of two chunks in the place of a prefix, and the numbers of the positions that it sees;
//! what it does not see must have the score 0. A block of an answer has the keys and values of the tokens before it from the blocks that were accepted; where chunks
//! are paired, only those that one of its queries sees are looked at, so its cost does not depend on how many there are. Lemma `freivalds_exact`: entries have at most 55 bits as they are read, and products at most 50, so nothing wraps.

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
use bfv_exact::pairs::{Pair, taken};
use bfv_exact::spec::LayerSpec;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Keys and values at hand: a row for each of some positions, ascending.
struct Held<'a> {
    keys: Cow<'a, Matrix<i16>>,
    values: Cow<'a, Matrix<i16>>,
    places: Places,
}

/// Which rows are those of which positions: ranges of positions, ascending, one after the other.
struct Places(Vec<Range<usize>>);

impl Places {
    /// The row of a position, or where its row would be.
    fn row(&self, position: usize) -> usize {
        let before = |r: &Range<usize>| r.end.min(position).saturating_sub(r.start);
        self.0.iter().map(before).sum()
    }

    /// The positions with their rows.
    fn all(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().cloned().flatten().zip(0..)
    }
}

/// What a repetition knows of a key head.
struct Head {
    /// For each row of keys.
    rho: Vec<u64>,
    /// For each coordinate.
    sigma: Vec<u64>,
    /// The sum of `rho_j k_j` over the rows so far; at most `2^20 * 2^76` in size.
    keys: Vec<i128>,
    /// The same modulo p.
    prefix: Vec<u64>,
    /// The product of sigma and the values of each row.
    values: Vec<u64>,
    /// Where chunks are paired: the chunk of the last row, the sums of `rho_j k_j` over each one that is done, and for each query of the block those over what it
    /// sees, modulo p.
    chunk: usize,
    chunks: BTreeMap<usize, Vec<i128>>,
    rows: Vec<Vec<u64>>,
}

impl Head {
    fn new(mut words: Words, width: usize, v: &Matrix<i16>, kv: usize) -> Head {
        let rho = (0..v.rows()).map(|_| field::draw(&mut words)).collect();
        let sigma: Vec<u64> = (0..width).map(|_| field::draw(&mut words)).collect();
        let values = (0..v.rows()).map(|j| field::dot_small(&sigma, part(v, j, kv, width))).collect();
        let (keys, prefix) = (vec![0; width], vec![0; width]);
        Head { rho, sigma, keys, prefix, values, chunk: 0, chunks: BTreeMap::new(), rows: Vec::new() }
    }

    /// Adds the keys of a row.
    fn add(&mut self, k: &Matrix<i16>, kv: usize, row: usize) {
        let rho = self.rho.get(row).copied().map_or(0, i128::from);
        for (sum, &k) in self.keys.iter_mut().zip(part(k, row, kv, self.sigma.len())) {
            *sum = sum.wrapping_add(rho.wrapping_mul(k.into()));
        }
    }

    /// Takes the keys of more rows.
    fn take(&mut self, k: &Matrix<i16>, kv: usize, rows: Range<usize>) {
        rows.for_each(|row| self.add(k, kv, row));
        self.prefix.iter_mut().zip(&self.keys).for_each(|(p, k)| *p = field::signed(*k));
    }

    /// Takes the keys of these positions and rows, up to the end of a block, where chunks are paired: its queries have sums of their own, of two chunks.
    fn take_paired(&mut self, k: &Matrix<i16>, kv: usize, all: impl Iterator<Item = (usize, usize)>, pair: Pair) {
        self.rows.clear();
        for (j, row) in all {
            let own = j / pair.chunk;
            if own != self.chunk {
                let none = vec![0; self.keys.len()];
                self.chunks.insert(self.chunk, std::mem::replace(&mut self.keys, none));
                self.chunk = own;
            }
            self.add(k, kv, row);
            if j < pair.first {
                continue;
            }
            let other = pair.other(own).and_then(|other| self.chunks.get(&other));
            let sums = self.keys.iter().enumerate().map(|(i, own)| {
                let before = other.and_then(|sums| sums.get(i)).copied().unwrap_or(0);
                field::signed(own.wrapping_add(before))
            });
            self.rows.push(sums.collect());
        }
    }

    /// Whether a row of scores is the product of a query with the keys, as far as the random numbers can tell.
    fn scored(&self, row: usize, seen: Option<(Pair, &Places)>, scores: &[i64], query: &[i16]) -> bool {
        let Some((pair, places)) = seen else {
            return field::dot_small(&self.rho, scores) == field::dot_small(&self.prefix, query);
        };
        let (keys, rho) = (pair.keys(row), numbers(&self.rho, row, pair, places));
        let sums = self.rows.get(row).map_or(&[][..], Vec::as_slice);
        field::dot_small(&rho, scores.get(keys).unwrap_or_default()) == field::dot_small(sums, query)
    }

    /// Whether a row of sums is the product of weights with the values, likewise. What is not seen has the weight 0.
    fn summed(&self, row: usize, seen: Option<(Pair, &Places)>, sums: &[i64], weights: &[i16]) -> bool {
        let weighted = match seen {
            None => field::dot_small(&self.values, weights),
            Some((pair, places)) => {
                let values = numbers(&self.values, row, pair, places);
                field::dot_small(&values, weights.get(pair.keys(row)).unwrap_or_default())
            }
        };
        field::dot_small(&self.sigma, sums) == weighted
    }
}

/// The numbers of the keys that a query sees, in the order of columns: those of the other chunk, where there is one, and those of its own.
fn numbers(of: &[u64], row: usize, pair: Pair, places: &Places) -> Vec<u64> {
    let keys = pair.keys(row);
    let parts = [keys.start..pair.chunk.min(keys.end), pair.chunk.max(keys.start)..keys.end];
    let part = |columns: Range<usize>| {
        let first = places.row(pair.position(row, columns.start));
        of.get(first..first.saturating_add(columns.len())).unwrap_or_default()
    };
    parts.into_iter().filter(|columns| !columns.is_empty()).flat_map(part).copied().collect()
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
        let held = self.held(layer, k, v)?;
        let (k, v) = (held.keys.as_ref(), held.values.as_ref());
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
            let mut done = 0;
            for block in 0..self.cells.layout.shape().blocks {
                let start = self.start(block);
                let end = self.start(block.saturating_add(1));
                let rows = done..held.places.row(end);
                done = rows.end;
                match self.seen(layer, start) {
                    None => heads.iter_mut().for_each(|head| head.take(k, kv, rows.clone())),
                    Some(pair) => {
                        let all = || held.places.all().skip(rows.start).take(rows.len());
                        heads.iter_mut().for_each(|head| head.take_paired(k, kv, all(), pair));
                    }
                }
                for h in kv * group..(kv + 1) * group {
                    let columns = self.head(layer, spec, (block, h), (&heads, drift.as_ref()), (q, &held))?;
                    let row = start.saturating_sub(self.start(0));
                    if let Some(spans) = &mut spans {
                        place(spans, row, h * width, &columns.all_spans());
                    }
                    place(&mut mixed, row, h * width, &columns.own);
                }
            }
        }
        Ok(match spans {
            Some(spans) => Near::within(mixed, spans.into_entries())?,
            None => Near::same(mixed),
        })
    }

    /// The keys and values of a layer that the queries see: those of the tokens here, behind those of the blocks before, where there are any.
    fn held<'m>(&self, layer: u32, k: &'m Matrix<i16>, v: &'m Matrix<i16>) -> Result<Held<'m>, Stop> {
        let first = self.start(0);
        let Some(past) = self.past else {
            let places = Places(std::iter::once(first..first.saturating_add(k.rows())).collect());
            return Ok(Held { keys: Cow::Borrowed(k), values: Cow::Borrowed(v), places });
        };
        let kept = past.kept(layer).ok_or(Stop::Undecided(Undecided::Keys))?;
        let places = match self.seen(layer, first) {
            None => Places(std::iter::once(0..first.saturating_add(k.rows())).collect()),
            Some(pair) => Places(pair.ranges(k.rows())),
        };
        // Those before, as rows of what is kept.
        let row = |position: usize| position.min(first).checked_sub(kept.start());
        let before: Option<Vec<Range<usize>>> = places.0.iter().map(|r| Some(row(r.start)?..row(r.end)?)).collect();
        let before = before.ok_or(Stop::Undecided(Undecided::Keys))?;
        let joined = |old: &Matrix<i16>, new: &Matrix<i16>| {
            // A chunk may begin with the tokens here, and see no other.
            if before.iter().all(Range::is_empty) {
                return Ok(new.clone());
            }
            let mut all = taken(old, &before)?;
            all.append(new)?;
            Ok::<_, Stop>(all)
        };
        let (keys, values) = (Cow::Owned(joined(kept.keys(), k)?), Cow::Owned(joined(kept.values(), v)?));
        Ok(Held { keys, values, places })
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
        (q, held): (&Matrix<i16>, &Held<'_>),
    ) -> Result<Near<G>, Stop> {
        let (k, v) = (held.keys.as_ref(), held.values.as_ref());
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
        // The row of the key of a column: all columns are seen or masked in the order of positions, unless chunks are paired.
        let key = |row: usize, column: usize| match seen {
            None => Some(column),
            Some(pair) => pair.keys(row).contains(&column).then(|| held.places.row(pair.position(row, column))),
        };
        let paired = seen.map(|pair| (pair, &held.places));
        let base = self.start(0);
        for (row, scores) in scores.each_row().enumerate() {
            let t = first.saturating_add(row);
            let query = part(q, t.saturating_sub(base), h, width);
            let stray = scores.iter().enumerate().any(|(column, s)| *s != 0 && key(row, column).is_none());
            if stray || heads.iter().any(|x| !x.scored(row, paired, scores, query)) {
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
            if heads.iter().any(|x| !x.summed(row, paired, sums, weights)) {
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
