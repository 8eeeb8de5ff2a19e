//! Claims about merges that are weighted sums of models: `linear` and `task_arithmetic`.

use crate::file::{Evidence, File, all, prove_all};
use crate::mergekit::{Merge, Method};
use crate::number::{Num, argument, list, listed, named, shown, single, sum};
use crate::parts::Part;
use crate::yaml::printable;
use crate::{Fault, Written};
use num_traits::{One, Signed, Zero};

/// A merge of this kind, with the names that its file uses.
struct Combination<'a> {
    merge: &'a Merge,
    task: bool,
    layered: bool,
}

/// Writes the file.
pub fn write(merge: &Merge) -> Written {
    let c = Combination {
        merge,
        task: merge.method == Method::TaskArithmetic,
        layered: merge.parts.iter().any(Part::layered),
    };
    let mut file = File::new(&head(merge), &["std.merge"]);
    file.notes.clone_from(&merge.notes);
    c.definitions(&mut file);
    if c.guard(&mut file) {
        c.sums(&mut file);
        c.between(&mut file);
        c.length(&mut file);
        c.moves(&mut file);
        c.order(&mut file);
    }
    file.done(&merge.module, read(merge))
}

/// What was read, as a sentence.
pub fn read(merge: &Merge) -> String {
    let models = merge.models.len();
    let s = if models == 1 { "" } else { "s" };
    let parts = match merge.parts.as_slice() {
        [_] => String::new(),
        many => format!(", {} groups of tensors", many.len()),
    };
    let layers = if merge.parts.iter().any(Part::layered) { ", weights that change with the layer" } else { "" };
    format!("Read {}: method {}, {models} model{s}{parts}{layers}.", merge.file, merge.method.name())
}

/// The lines at the top of a file.
pub fn head(merge: &Merge) -> Vec<String> {
    let mut out = vec![format!("Claims about the merge in {}, written by bfv import.", printable(&merge.file))];
    out.push("Change what you claim, then run: bfv check, with the name of this file.".to_owned());
    if let Some(base) = &merge.base {
        out.push(format!("Base: {}.", printable(base)));
    }
    for (i, m) in merge.models.iter().enumerate() {
        out.push(format!("Model {i}: {}.", printable(m)));
    }
    if merge.parts.len() > 1 {
        for p in &merge.parts {
            out.push(format!("Names that end with {} are about {}.", p.suffix, printable(&p.says)));
        }
    }
    out
}

/// The binders of s where numbers change with the layer.
pub fn place_binder(layered: bool) -> &'static str {
    if layered { " (s : Real) (hs : 0 <= s <= 1)" } else { "" }
}

/// The part of a witness that gives s.
pub fn place_value(layered: bool, part: &Part, row: usize) -> String {
    if layered { format!(" (s := {})", shown(&part.place(row))) } else { String::new() }
}

/// The list of models with two of them swapped.
pub fn swapped(k: usize, i: usize, j: usize) -> String {
    let at = |n: usize| {
        if n == i {
            j
        } else if n == j {
            i
        } else {
            n
        }
    };
    listed(&(0..k).map(|n| format!("x {}", at(n))).collect::<Vec<_>>())
}

/// Models of one parameter each.
pub fn columns(values: &[Num]) -> String {
    listed(&values.iter().map(|v| format!("[{}]", shown(v))).collect::<Vec<_>>())
}

impl Combination<'_> {
    fn k(&self) -> usize {
        self.merge.models.len()
    }

    /// The weights of the models that the operator is given, at a row.
    fn weights(&self, row: &[Num]) -> Vec<Num> {
        let total = sum(row);
        if self.merge.normalize && !total.is_zero() { row.iter().map(|w| w / &total).collect() } else { row.to_vec() }
    }

    /// The weights as one weighted mean, the base first where there is one.
    fn coefficients(&self, row: &[Num]) -> Vec<Num> {
        let weights = self.weights(row);
        if !self.task {
            return weights;
        }
        let scaled: Vec<Num> = weights.iter().map(|w| w * &self.merge.scale).collect();
        std::iter::once(Num::one() - sum(&scaled)).chain(scaled).collect()
    }

    /// Whether the weights of a row are none below zero and sum to one.
    fn simplex_row(&self, row: &[Num]) -> bool {
        let c = self.coefficients(row);
        c.iter().all(|v| !v.is_negative()) && sum(&c).is_one() && (!self.merge.normalize || !sum(row).is_zero())
    }

    /// Whether a part has a proof of that in the file, and for which expression.
    fn simplex(&self, p: &Part) -> bool {
        let convex = !p.layered() || !self.merge.normalize || !self.task;
        // Shares of weights below zero may be of a simplex at the places given, and not between them.
        let signs = !p.layered() || !self.merge.normalize || p.rows.iter().all(|r| r.iter().all(|w| !w.is_negative()));
        convex && signs && p.rows.iter().all(|r| self.simplex_row(r))
    }

    /// The weights that a part gives to the operator, as an expression.
    fn given(&self, p: &Part) -> String {
        let weights = p.at_s("weights");
        if self.shared(p) { format!("(shares {weights})") } else { weights }
    }

    /// Whether the weights are divided by their sum. Task arithmetic in mergekit leaves weights alone that sum to zero.
    fn shared(&self, p: &Part) -> bool {
        self.merge.normalize && !(self.task && p.rows.iter().any(|r| sum(r).is_zero()))
    }

    /// The merge of a part, without its models.
    fn operator(&self, p: &Part) -> String {
        let s = if p.layered() { " s" } else { "" };
        let base = if self.task { " base" } else { "" };
        format!("merge{}{s}{base}", p.suffix)
    }

    fn base_binder(&self) -> &'static str {
        if self.task { " (base : Vec d Real)" } else { "" }
    }

    /// A proof that the weights of a part are of a simplex.
    fn simplex_proof(p: &Part) -> String {
        if p.layered() { format!("(simplex{} s hs.1)", p.suffix) } else { format!("simplex{}", p.suffix) }
    }

    fn definitions(&self, file: &mut File) {
        let k = self.k();
        let scale = argument(&self.merge.scale);
        for p in &self.merge.parts {
            let which = if p.suffix.is_empty() { String::new() } else { format!(" For {}.", printable(&p.says)) };
            let layers = if p.layered() { " They change with the place s of the layer, from 0 to 1." } else { "" };
            file.declare(
                &format!("The weights of the models, as they stand in the file.{layers}{which}"),
                &p.definition("weights"),
            );
            let s = if p.layered() { " (s : Real)" } else { "" };
            let given = self.given(p);
            let text = if self.task {
                format!(
                    "operator merge{} {{d : Nat}}{s} (base : Vec d Real) (x : Vec {k} (Vec d Real)) : Vec d Real := task_arithmetic {scale} {given} base x",
                    p.suffix
                )
            } else {
                format!(
                    "operator merge{} {{d : Nat}}{s} (x : Vec {k} (Vec d Real)) : Vec d Real := linear_merge {given} x",
                    p.suffix
                )
            };
            let says = match (self.task, self.shared(p)) {
                (true, _) => "What is merged: the changes of the base, weighted and added to it.",
                (false, true) => "What is merged: models of d parameters, each weight divided by the sum of all.",
                (false, false) => "What is merged: models of d parameters, weighted and added up.",
            };
            file.declare(says, &text);
            if !self.simplex(p) {
                continue;
            }
            let (s, weights) = (if p.layered() { " (s : Real) (h : 0 <= s)" } else { "" }, p.at_s("weights"));
            let what = if self.task { format!("(task_weights {scale} {given})") } else { given.clone() };
            let proof = match (self.task, self.shared(p), p.layered()) {
                (false, true, false) => format!("by exact shares_simplex {weights} (by {{ arith }})"),
                (false, true, true) => {
                    format!("by exact shares_simplex {weights} (along_weights {} (by {{ arith }}))", p.along("h"))
                }
                (false, false, true) => format!("by exact along_simplex {} (by {{ arith }})", p.along("h")),
                (true, _, true) => format!(
                    "by have t := along_task {scale} {} (by {{ arith }})\n   exact task_simplex {scale} {weights} t.1 t.2",
                    p.along("h")
                ),
                (_, _, false) => "by arith".to_owned(),
            };
            let says = if self.task {
                "The weights of the base and of the models: none is below zero, and they sum to one."
            } else {
                "None of the weights is below zero, and they sum to one."
            };
            file.declare(says, &format!("theorem simplex{}{s} : Simplex {what}\n{proof}", p.suffix));
        }
    }

    /// Where the weights are divided by their sum, that is not zero. False when it is: then nothing else is claimed.
    fn guard(&self, file: &mut File) -> bool {
        if !self.merge.normalize || self.task {
            return true;
        }
        let name = "sum_of_the_weights_is_not_zero";
        let says = "Each weight is divided by the sum of all. That sum is not zero.";
        for p in &self.merge.parts {
            let Some(row) = p.rows.iter().position(|r| sum(r).is_zero()) else { continue };
            let statement = format!("sum {} != 0", p.at_s("weights"));
            let point = place_value(p.layered(), p, row);
            file.claim(
                says,
                &format!("{name}{}", place_binder(p.layered())),
                &statement,
                &Evidence::Wrong(point.trim_start()),
            );
            let numbers = p.rows[row].iter().map(shown).collect::<Vec<_>>().join(" + ").replace("+ -", "- ");
            let what = format!("The weights sum to 0, and each is divided by that sum: {numbers} = 0.");
            file.guard(name, Fault::new(what, Some(p.at), "change a weight, or set normalize to false."));
            file.notes.push("More claims follow once that is mended.".to_owned());
            return false;
        }
        let provable = |p: &&Part| !p.layered() || self.simplex(p);
        let parts: Vec<&Part> = self.merge.parts.iter().filter(provable).collect();
        if parts.len() < self.merge.parts.len() {
            file.notes.push(
                "Left out: whether the sum of the weights is zero between two layers, for some weight is below zero."
                    .to_owned(),
            );
            return true;
        }
        let statements: Vec<String> = parts.iter().map(|p| format!("sum {} != 0", p.at_s("weights"))).collect();
        let scripts: Vec<String> = parts
            .iter()
            .map(|p| {
                if p.layered() {
                    format!(
                        "intro e have w := along_weights {} (by {{ arith }}) have g : 0 < sum {} := w.2 arith",
                        p.along("hs.1"),
                        p.at_s("weights")
                    )
                } else {
                    "arith".to_owned()
                }
            })
            .collect();
        file.claim(
            says,
            &format!("{name}{}", place_binder(self.layered)),
            &all(&statements),
            &Evidence::Proof(&prove_all(&scripts)),
        );
        true
    }

    /// What the weights sum to.
    fn sums(&self, file: &mut File) {
        let parts = &self.merge.parts;
        let binder = place_binder(self.layered);
        if self.merge.normalize && !self.task {
            if !parts.iter().all(|p| self.simplex(p)) {
                return;
            }
            let statements: Vec<String> = parts.iter().map(|p| format!("sum {} = 1", self.given(p))).collect();
            let scripts: Vec<String> = parts.iter().map(|p| format!("exact {}.2", Self::simplex_proof(p))).collect();
            file.claim(
                "After the division the weights sum to one.",
                &format!("shares_sum_to_one{binder}"),
                &all(&statements),
                &Evidence::Proof(&prove_all(&scripts)),
            );
            return;
        }
        if let [p] = parts.as_slice()
            && !p.layered()
        {
            let total = sum(&self.weights(&p.rows[0]));
            let name = format!("weights_sum_to_{}", named(&total));
            file.claim(
                "What the weights of the models sum to.",
                &name,
                &format!("sum {} = {}", self.given(p), shown(&total)),
                &Evidence::Proof("by arith"),
            );
        }
    }

    /// Whether the merge stays between the models in every parameter.
    fn between(&self, file: &mut File) {
        let k = self.k();
        let ends = if self.task { "(cons (base j) (fun i => x i j))" } else { "(fun i => x i j)" };
        let statement = |p: &Part| {
            let m = self.operator(p);
            format!("min {ends} <= {m} x j /\\ {m} x j <= max {ends}")
        };
        let head = |layered| {
            format!(
                "stays_between_the_models {{d : Nat}}{}{} (x : Vec {k} (Vec d Real)) (j : Fin d)",
                place_binder(layered),
                self.base_binder()
            )
        };
        let outside =
            self.merge.parts.iter().find_map(|p| p.rows.iter().position(|r| !self.simplex_row(r)).map(|row| (p, row)));
        let with_base = if self.task { " and the base" } else { "" };
        let Some((p, row)) = outside else {
            if !self.merge.parts.iter().all(|p| self.simplex(p)) {
                file.notes.push("Left out: whether the merge stays between the models at every layer.".to_owned());
                return;
            }
            let statements: Vec<String> = self.merge.parts.iter().map(|p| format!("({})", statement(p))).collect();
            let scripts: Vec<String> = self
                .merge
                .parts
                .iter()
                .map(|p| {
                    let (given, simplex) = (self.given(p), Self::simplex_proof(p));
                    if self.task {
                        format!("exact task_between {} {given} base x {simplex} j", argument(&self.merge.scale))
                    } else {
                        format!("exact linear_between {given} x {simplex} j")
                    }
                })
                .collect();
            let says = format!("No parameter of the merge lies outside the range of the models{with_base}.");
            file.claim(&says, &head(self.layered), &all(&statements), &Evidence::Proof(&prove_all(&scripts)));
            return;
        };
        let c = self.coefficients(&p.rows[row]);
        let point = match c.iter().position(Signed::is_negative) {
            Some(i) if c.len() > 1 => single(c.len(), i),
            _ => vec![Num::one(); c.len()],
        };
        let says = format!("A parameter of the merge can lie outside the range of the models{with_base}.");
        let values = format!("(d := 1){} {} (j := 0)", place_value(p.layered(), p, row), self.point(&point));
        file.claim(&says, &head(p.layered()), &statement(p), &Evidence::Point(&values, ""));
    }

    /// Values of the base and the models with one parameter each.
    fn point(&self, values: &[Num]) -> String {
        if self.task {
            format!("(base := [{}]) (x := {})", shown(&values[0]), columns(&values[1..]))
        } else {
            format!("(x := {})", columns(values))
        }
    }

    /// Whether models of length one are merged to one of length one.
    fn length(&self, file: &mut File) {
        let k = self.k();
        if !self.task && self.merge.parts.iter().all(|p| self.simplex(p)) {
            let statements: Vec<String> =
                self.merge.parts.iter().map(|p| format!("sum_sq ({} x) <= r", self.operator(p))).collect();
            let scripts: Vec<String> = self
                .merge
                .parts
                .iter()
                .map(|p| format!("exact linear_length {} x {} r hr", self.given(p), Self::simplex_proof(p)))
                .collect();
            let name = format!(
                "is_no_longer_than_the_models {{d : Nat}}{} (x : Vec {k} (Vec d Real)) (r : Real) (hr : forall i, sum_sq (x i) <= r)",
                place_binder(self.layered)
            );
            file.claim(
                "The length of the merge, squared, is never above that of the longest model.",
                &name,
                &all(&statements),
                &Evidence::Proof(&prove_all(&scripts)),
            );
        }
        for p in &self.merge.parts {
            for (row, numbers) in p.rows.iter().enumerate() {
                let c = self.coefficients(numbers);
                let total = sum(&c);
                let is_one = |a: &Num, b: &Num| (a * a + b * b).is_one();
                let Some(apart) = (0..c.len()).find(|i| !is_one(&c[*i], &(&total - &c[*i]))) else { continue };
                let vector = |i: usize| list(&single(2, usize::from(i != apart)));
                let models = |from: usize| listed(&(from..c.len()).map(vector).collect::<Vec<_>>());
                let values = if self.task {
                    format!("(base := {}) (x := {})", vector(0), models(1))
                } else {
                    format!("(x := {})", models(0))
                };
                let hb = if self.task { " (hb : sum_sq base = 1)" } else { "" };
                let name = format!(
                    "keeps_the_norm {{d : Nat}}{}{} (x : Vec {k} (Vec d Real)){hb} (hx : forall i, sum_sq (x i) = 1)",
                    place_binder(p.layered()),
                    self.base_binder()
                );
                let point = format!("(d := 2){} {values}", place_value(p.layered(), p, row));
                file.claim(
                    "The norm is not kept: models of length one give a merge of another length.",
                    &name,
                    &format!("sum_sq ({} x) = 1", self.operator(p)),
                    &Evidence::Point(&point, ""),
                );
                return;
            }
        }
    }

    /// How far the merge moves when the models move.
    fn moves(&self, file: &mut File) {
        let k = self.k();
        let parts = &self.merge.parts;
        let simplex = !self.task && parts.iter().all(|p| self.simplex(p));
        let plain = parts.iter().all(|p| !p.layered());
        if !simplex && !plain {
            file.notes.push("Left out: how far the merge moves when the models move.".to_owned());
            return;
        }
        let distance = |p: &Part| {
            let w = self.weights(&p.rows[0]);
            w.iter().fold(Num::zero(), |a, b| a + b.abs()) * self.merge.scale.abs()
        };
        let most = if simplex { Num::one() } else { parts.iter().map(distance).max().unwrap_or_else(Num::one) };
        let factor = if most.is_one() { "D".to_owned() } else { format!("{} * D", shown(&most)) };
        let statements: Vec<String> =
            parts.iter().map(|p| format!("abs ({m} x j - {m} y j) <= {factor}", m = self.operator(p))).collect();
        let scripts: Vec<String> = parts
            .iter()
            .map(|p| {
                let given = self.given(p);
                let scale = argument(&self.merge.scale);
                let reason = if self.task {
                    format!("have a := task_moves {scale} {given} base x y D j h")
                } else {
                    format!("have a := linear_moves {given} x y D j h")
                };
                if simplex {
                    return format!("{reason} rewrite simplex_norm {given} {} at a have e : 1 * D = D by {{ ring }} rewrite e at a exact a", Self::simplex_proof(p));
                }
                let own = distance(p);
                let norm = if self.task { format!("abs {scale} * norm_one {given}") } else { format!("norm_one {given}") };
                format!(
                    "{reason} have n : {norm} = {} by {{ arith }} rewrite n at a have q := abs_nonneg (x 0 j - y 0 j) have z := h 0 arith",
                    shown(&own)
                )
            })
            .collect();
        let name = if most.is_one() {
            "moves_no_more_than_the_models".to_owned()
        } else {
            format!("moves_at_most_{}_times_as_far", named(&most))
        };
        let head = format!(
            "{name} {{d : Nat}}{}{} (x y : Vec {k} (Vec d Real)) (D : Real) (j : Fin d) (h : forall i, abs (x i j - y i j) <= D)",
            place_binder(self.layered && simplex),
            self.base_binder()
        );
        let times = if most.is_one() { String::new() } else { format!(" {} times", shown(&most)) };
        file.claim(
            &format!("When every model moves a parameter by at most D, the merge moves it by at most{times} D."),
            &head,
            &all(&statements),
            &Evidence::Proof(&prove_all(&scripts)),
        );
    }

    /// Whether the order of the models matters.
    fn order(&self, file: &mut File) {
        let k = self.k();
        let different =
            |r: &Vec<Num>| (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).find(|(i, j)| r[*i] != r[*j]);
        for p in &self.merge.parts {
            for (row, numbers) in p.rows.iter().enumerate() {
                let Some((i, j)) = different(numbers) else { continue };
                if self.merge.scale.is_zero() {
                    return;
                }
                let m = self.operator(p);
                let head = format!(
                    "models_{i}_and_{j}_can_be_swapped {{d : Nat}}{}{} (x : Vec {k} (Vec d Real)) (j : Fin d)",
                    place_binder(p.layered()),
                    self.base_binder()
                );
                let base = if self.task { "(base := [0]) " } else { "" };
                let point = format!(
                    "(d := 1){} {base}(x := {}) (j := 0)",
                    place_value(p.layered(), p, row),
                    columns(&single(k, i))
                );
                file.claim(
                    "The order of the models matters: two that are swapped give another merge.",
                    &head,
                    &format!("{m} {} j = {m} x j", swapped(k, i, j)),
                    &Evidence::Point(&point, ""),
                );
                return;
            }
        }
        if k < 2 {
            return;
        }
        let statements: Vec<String> = self
            .merge
            .parts
            .iter()
            .map(|p| format!("Symmetric (fun (x : Vec {k} (Vec d Real)) => {} x j)", self.operator(p)))
            .collect();
        let scripts: Vec<String> = self
            .merge
            .parts
            .iter()
            .map(|p| {
                let given = self.given(p);
                let mut equal = p.equal_weights();
                if self.shared(p) {
                    equal = format!("(shares_equal {} {equal})", p.at_s("weights"));
                }
                if self.task {
                    format!("exact task_symmetric {} {given} base {equal} j", argument(&self.merge.scale))
                } else {
                    format!("exact linear_symmetric {given} {equal} j")
                }
            })
            .collect();
        let head = format!(
            "order_of_the_models_is_free {{d : Nat}}{}{} (j : Fin d)",
            place_binder(self.layered),
            self.base_binder()
        );
        file.claim(
            "The order of the models does not matter.",
            &head,
            &all(&statements),
            &Evidence::Proof(&prove_all(&scripts)),
        );
    }
}
