//! Claims about TIES: changes of a base that are trimmed, of which those with the elected sign are merged.

use crate::combination::{columns, head, place_binder, place_value, read, swapped};
use crate::file::{Evidence, File, all, prove_all};
use crate::mergekit::Merge;
use crate::number::{Num, argument, list, listed, named, shown, single, sum, whole};
use crate::parts::Part;
use crate::yaml::printable;
use crate::{Fault, Written};
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Parameters that a point of a refutation may have.
const WIDTH: usize = 12;

/// Writes the file.
pub fn write(merge: &Merge) -> Written {
    let mut file = File::new(&head(merge), &["std.ties"]);
    file.notes.clone_from(&merge.notes);
    definitions(merge, &mut file);
    if guard(merge, &mut file) {
        total(merge, &mut file);
        between(merge, &mut file);
        let points = merge.parts.iter().find_map(|p| Trial::new(merge, p));
        match points {
            Some(trial) => {
                trial.length(&mut file);
                trial.moves(&mut file);
                if !symmetric(merge, &mut file) {
                    trial.order(&mut file);
                }
            }
            None => file.notes.push(
                if merge.parts.iter().all(|p| constant_densities(p).is_none()) {
                    "Left out: norm, moves and order, for the densities change with the layer.".to_owned()
                } else {
                    format!("Left out: norm, moves and order. With these densities a point would need more than {WIDTH} parameters.")
                },
            ),
        }
    }
    file.done(&merge.module, read(merge))
}

fn k(merge: &Merge) -> usize {
    merge.models.len()
}

fn operator(p: &Part) -> String {
    format!("merge{}{}", p.suffix, if p.layered() { " s" } else { "" })
}

fn definitions(merge: &Merge, file: &mut File) {
    let (k, scale) = (k(merge), argument(&merge.scale));
    for p in &merge.parts {
        let which = if p.suffix.is_empty() { String::new() } else { format!(" For {}.", printable(&p.says)) };
        let layers = if p.layered() { " They change with the place s of the layer, from 0 to 1." } else { "" };
        file.declare(
            &format!("The weights of the models, as they stand in the file.{layers}{which}"),
            &p.definition("weights"),
        );
        if let Some(densities) = constant_densities(p) {
            file.declare(
                "The share of its changes that each model keeps, the largest ones.",
                &format!("def densities{} : Vec {k} Real := {}", p.suffix, list(&densities)),
            );
        }
        let name = if merge.normalize { "ties_merge" } else { "ties_sum" };
        let s = if p.layered() { " (s : Real)" } else { "" };
        file.declare(
            "What is merged: changes of the base, trimmed to the numbers kept, those with the elected sign. What std.ties says of it is its definition.",
            &format!(
                "operator merge{} {{d : Nat}}{s} (kept : Vec {k} Nat) (base : Vec d Real) (x : Vec {k} (Vec d Real)) : Vec d Real :=\n  {name} {scale} {} kept base x",
                p.suffix,
                p.at_s("weights")
            ),
        );
    }
}

/// The density of each model, where none is a gradient.
fn constant_densities(p: &Part) -> Option<Vec<Num>> {
    p.densities.iter().map(|c| c.values.iter().all(|v| *v == c.values[0]).then(|| c.values[0].clone())).collect()
}

/// That densities are shares. False when one is not: then nothing else is claimed.
fn guard(merge: &Merge, file: &mut File) -> bool {
    let cases: Vec<_> = merge.parts.iter().flat_map(|p| &p.densities).collect();
    let mut numbers: Vec<Num> = Vec::new();
    for v in cases.iter().flat_map(|c| &c.values) {
        if !numbers.contains(v) {
            numbers.push(v.clone());
        }
    }
    let n = numbers.len();
    file.declare("All densities of the file.", &format!("def all_densities : Vec {n} Real := {}", list(&numbers)));
    let name = "densities_are_shares";
    let says = "Of its changes a model keeps some, and at most all.";
    let statement = "0 < all_densities i /\\ all_densities i <= 1";
    let wrong = |v: &Num| !v.is_positive() || *v > Num::one();
    let head = format!("{name} (i : Fin {n})");
    if let Some(at) = numbers.iter().position(wrong) {
        file.claim(says, &head, statement, &Evidence::Wrong(&format!("(i := {at})")));
        let place = cases.iter().find(|c| c.values.contains(&numbers[at])).map(|c| c.at);
        let what =
            format!("A density is {}. It is the share that is kept, above 0 and at most 1.", shown(&numbers[at]));
        file.guard(name, Fault::new(what, place, "give a share such as 0.5."));
        file.notes.push("More claims follow once that is mended.".to_owned());
        return false;
    }
    let script = "by have h : forall i, 0 < all_densities i /\\ all_densities i <= 1 by { arith } exact h i";
    file.claim(says, &head, statement, &Evidence::Proof(script));
    true
}

fn total(merge: &Merge, file: &mut File) {
    if let [p] = merge.parts.as_slice()
        && !p.layered()
    {
        let total = sum(&p.rows[0]);
        let name = format!("weights_sum_to_{}", named(&total));
        file.claim(
            "What the weights of the models sum to.",
            &name,
            &format!("sum weights = {}", shown(&total)),
            &Evidence::Proof("by arith"),
        );
    }
}

/// Whether every parameter stays between the base and the models.
fn between(merge: &Merge, file: &mut File) {
    let k = k(merge);
    let (scale, name) = (argument(&merge.scale), "stays_between_the_models");
    let statement = |p: &Part| {
        let m = format!("{} kept base x j", operator(p));
        format!("(min (cons (base j) (fun i => x i j)) <= {m} /\\ {m} <= max (cons (base j) (fun i => x i j)))")
    };
    let binders = format!("(kept : Vec {k} Nat) (base : Vec d Real) (x : Vec {k} (Vec d Real)) (j : Fin d)");
    let signs = |r: &Vec<Num>| r.iter().all(|w| !w.is_negative());
    let small =
        |r: &Vec<Num>| if merge.normalize { merge.scale <= Num::one() } else { &merge.scale * sum(r) <= Num::one() };
    let rows = || merge.parts.iter().flat_map(|p| &p.rows);
    if !merge.scale.is_negative() && rows().all(|r| signs(r) && small(r)) {
        let scripts: Vec<String> = merge
            .parts
            .iter()
            .map(|p| {
                let most = argument(&p.rows.iter().flatten().max().cloned().unwrap_or_else(Num::zero));
                let nonnegative = if p.layered() { format!("(fun i => (along_between 0 {most} {} (by {{ arith }}) i).1)", p.along("hs.1")) } else { "(by { arith })".to_owned() };
                let weights = p.at_s("weights");
                match (merge.normalize, p.layered()) {
                    (true, _) => format!("exact ties_between {scale} {weights} kept base x (by {{ arith }}) {nonnegative} j"),
                    (false, false) => format!("exact ties_sum_between {scale} {weights} kept base x (by {{ arith }}) {nonnegative} (by {{ arith }}) j"),
                    (false, true) => format!(
                        "exact ties_sum_between {scale} {weights} kept base x (by {{ arith }}) {nonnegative} (along_task {scale} {} (by {{ arith }})).2 j",
                        p.along("hs.1")
                    ),
                }
            })
            .collect();
        let statements: Vec<String> = merge.parts.iter().map(statement).collect();
        let head = format!("{name} {{d : Nat}}{} {binders}", place_binder(merge.parts.iter().any(Part::layered)));
        file.claim(
            "No parameter lies outside the range of the base and the models, however many changes are kept.",
            &head,
            &all(&statements),
            &Evidence::Proof(&prove_all(&scripts)),
        );
        return;
    }
    // Changes of one parameter, all kept: every model the same, or one alone, up or down.
    for p in &merge.parts {
        for (row, w) in p.rows.iter().enumerate() {
            let mut tries = vec![vec![Num::one(); k]];
            tries.extend((0..k).map(|i| single(k, i)));
            for x in tries {
                let r = merged(merge, w, &x);
                let least = x.iter().min().cloned().unwrap_or_else(Num::zero).min(Num::zero());
                if r < least || r > Num::one() {
                    let head = format!("{name} {{d : Nat}}{} {binders}", place_binder(p.layered()));
                    let ones = list(&vec![Num::one(); k]);
                    let point = format!(
                        "(d := 1){} (kept := {ones}) (base := [0]) (x := {}) (j := 0)",
                        place_value(p.layered(), p, row),
                        columns(&x)
                    );
                    file.claim(
                        "A parameter can lie outside the range of the base and the models.",
                        &head,
                        &statement(p),
                        &Evidence::Point(&point, ""),
                    );
                    return;
                }
            }
        }
    }
    file.notes.push("Left out: whether the merge stays between the models, for some weight is below zero.".to_owned());
}

/// One parameter of the merge of a base at zero, from changes that are all kept.
fn merged(merge: &Merge, w: &[Num], changes: &[Num]) -> Num {
    let weighted: Vec<Num> = w.iter().zip(changes).map(|(w, v)| w * v).collect();
    let elected = if sum(&weighted).is_negative() { -Num::one() } else { Num::one() };
    let agree = |v: &Num| (&elected * v).is_positive();
    let total = weighted.iter().filter(|v| agree(v)).fold(Num::zero(), |a, b| a + b);
    let mass = w.iter().zip(&weighted).filter(|(_, v)| agree(v)).fold(Num::zero(), |a, (w, _)| a + w);
    let value = if merge.normalize && !mass.is_zero() { total / mass } else { total };
    value * &merge.scale
}

/// Where weights and densities are equal the order does not matter; whether that was claimed.
fn symmetric(merge: &Merge, file: &mut File) -> bool {
    let k = k(merge);
    let equal = |v: &[Num]| v.iter().all(|w| *w == v[0]);
    let alike =
        |p: &Part| p.rows.iter().all(|r| equal(r)) && p.densities.iter().all(|c| c.values == p.densities[0].values);
    if k < 2 || !merge.parts.iter().all(alike) {
        return k < 2;
    }
    let lemma = if merge.normalize { "ties_symmetric" } else { "ties_sum_symmetric" };
    let statements: Vec<String> = merge
        .parts
        .iter()
        .map(|p| format!("Symmetric (fun (x : Vec {k} (Vec d Real)) => {} (fun i => m) base x j)", operator(p)))
        .collect();
    let scripts: Vec<String> = merge
        .parts
        .iter()
        .map(|p| {
            let equal = p.equal_weights();
            format!("exact {lemma} {} {} m base {equal} j", argument(&merge.scale), p.at_s("weights"))
        })
        .collect();
    let head = format!(
        "order_of_the_models_is_free {{d : Nat}}{} (m : Nat) (base : Vec d Real) (j : Fin d)",
        place_binder(merge.parts.iter().any(Part::layered))
    );
    file.claim(
        "The order of the models does not matter: each keeps the same number m of changes.",
        &head,
        &all(&statements),
        &Evidence::Proof(&prove_all(&scripts)),
    );
    true
}

/// A part at its first row, with so many parameters that every model keeps at least one change.
struct Trial<'a> {
    merge: &'a Merge,
    part: &'a Part,
    width: usize,
    kept: Vec<usize>,
}

impl<'a> Trial<'a> {
    fn new(merge: &'a Merge, part: &'a Part) -> Option<Self> {
        let densities = constant_densities(part)?;
        let kept = |d: usize| -> Option<Vec<usize>> {
            densities.iter().map(|s| (s * whole(d)).floor().to_integer().to_usize()).collect()
        };
        let width = (2..=WIDTH).find(|d| kept(*d).is_some_and(|all| all.iter().all(|m| *m > 0)))?;
        Some(Trial { merge, part, width, kept: kept(width)? })
    }

    fn weights(&self) -> &[Num] {
        &self.part.rows[0]
    }

    fn k(&self) -> usize {
        k(self.merge)
    }

    /// A vector with numbers at its beginning and zeros after.
    fn vector(&self, front: &[Num]) -> String {
        let rest = self.width.saturating_sub(front.len());
        list(&front.iter().cloned().chain(vec![Num::zero(); rest]).collect::<Vec<_>>())
    }

    /// Models with these numbers at the beginning. Where they are long they get a name, so that a point stays short.
    fn models(&self, file: &mut File, name: &str, fronts: &[Vec<Num>]) -> String {
        let models = listed(&fronts.iter().map(|f| self.vector(f)).collect::<Vec<_>>());
        if self.width <= 2 {
            return models;
        }
        let text = format!("def {name} : Vec {} (Vec {} Real) := {models}", self.k(), self.width);
        file.declare("Models for the claim that follows.", &text);
        name.to_owned()
    }

    /// Models that change the first parameter of the base zero by these.
    fn changed(&self, file: &mut File, name: &str, changes: &[Num]) -> String {
        self.models(file, name, &changes.iter().map(|c| vec![c.clone()]).collect::<Vec<_>>())
    }

    fn fixed(&self) -> String {
        let kept: Vec<String> = self.kept.iter().map(usize::to_string).collect();
        format!("(d := {}){} (kept := {})", self.width, place_value(self.part.layered(), self.part, 0), listed(&kept))
    }

    fn binders(&self, models: &str) -> String {
        let k = self.k();
        format!(
            "{{d : Nat}}{} (kept : Vec {k} Nat) (base : Vec d Real) ({models} : Vec {k} (Vec d Real)) (hk : forall i, Keeps (densities{} i) d (kept i))",
            place_binder(self.part.layered()),
            self.part.suffix
        )
    }

    /// The merge of models with these first two parameters, the rest zero.
    fn merged(&self, base: &[Num; 2], models: &[[Num; 2]]) -> [Num; 2] {
        let changes: Vec<[Num; 2]> = models
            .iter()
            .zip(&self.kept)
            .map(|(x, kept)| {
                let change = [&x[0] - &base[0], &x[1] - &base[1]];
                // Of two changes alike the first is kept.
                let first = usize::from(change[1].abs() > change[0].abs());
                if *kept > 1 {
                    change
                } else {
                    [0, 1].map(|j| if j == first { change[j].clone() } else { Num::zero() })
                }
            })
            .collect();
        [0, 1].map(|j| {
            let column: Vec<Num> = changes.iter().map(|c| c[j].clone()).collect();
            &base[j] + merged(self.merge, self.weights(), &column)
        })
    }

    /// Models of length one that give a merge of another length.
    fn length(&self, file: &mut File) {
        let ratio = |p: i32, q: i32| Num::new(p.into(), q.into());
        let base = [Num::one(), Num::zero()];
        let oblique = [ratio(3, 5), ratio(4, 5)];
        let upright = [Num::zero(), Num::one()];
        let mixed = |i: usize| if i == 0 { oblique.clone() } else { upright.clone() };
        let tries = [
            vec![oblique.clone(); self.k()],
            (0..self.k()).map(mixed).collect(),
            vec![[ratio(-1, 1), Num::zero()]; self.k()],
        ];
        let apart = tries.into_iter().find(|models| {
            let [a, b] = self.merged(&base, models);
            !(&a * &a + &b * &b).is_one()
        });
        let Some(models) = apart else {
            return file.notes.push("Left out: whether the norm is kept.".to_owned());
        };
        let fronts: Vec<Vec<Num>> = models.iter().map(|m| m.to_vec()).collect();
        let x = self.models(file, "oblique_models", &fronts);
        let head =
            format!("keeps_the_norm {} (hb : sum_sq base = 1) (hx : forall i, sum_sq (x i) = 1)", self.binders("x"));
        let point = format!("{} (base := {}) (x := {x})", self.fixed(), self.vector(&base));
        file.claim(
            "The norm is not kept: models of length one give a merge of another length.",
            &head,
            &format!("sum_sq ({} kept base x) = 1", operator(self.part)),
            &Evidence::Point(&point, ""),
        );
    }

    /// A small change turns the elected sign, and the merge jumps.
    fn moves(&self, file: &mut File) {
        let w = self.weights();
        let positive: Vec<usize> = (0..w.len()).filter(|i| w[*i].is_positive()).collect();
        let [i, j, ..] = positive.as_slice() else {
            return file.notes.push("Left out: how far the merge moves when the models move.".to_owned());
        };
        for step in [10_usize, 100, 1000] {
            let small = Num::one() / whole(step);
            let changes = |other: Num| -> Vec<Num> {
                (0..w.len())
                    .map(|n| {
                        if n == *i {
                            w[*j].clone()
                        } else if n == *j {
                            -&w[*i] * &other
                        } else {
                            Num::zero()
                        }
                    })
                    .collect()
            };
            let (x, y) = (changes(Num::one() - &small), changes(Num::one() + &small));
            let distance = (&w[*i] + &w[*i]) * &small;
            let jump = (merged(self.merge, w, &x) - merged(self.merge, w, &y)).abs();
            if jump > distance {
                let head = format!(
                    "moves_no_more_than_the_models {} (D : Real) (h : forall i j, abs (x i j - y i j) <= D) (j : Fin d)",
                    self.binders("x y")
                );
                let m = operator(self.part);
                let (x, y) = (self.changed(file, "models_before", &x), self.changed(file, "models_after", &y));
                let point = format!(
                    "{} (base := {}) (x := {x}) (y := {y}) (D := {}) (j := 0)",
                    self.fixed(),
                    self.vector(&[]),
                    shown(&distance)
                );
                file.claim(
                    "It jumps: where two models pull in opposite ways, a small change elects the other sign.",
                    &head,
                    &format!("abs ({m} kept base x j - {m} kept base y j) <= D"),
                    &Evidence::Point(&point, ""),
                );
                return;
            }
        }
        file.notes.push("Left out: how far the merge moves when the models move.".to_owned());
    }

    /// Two models that are swapped give another merge.
    fn order(&self, file: &mut File) {
        let (w, k) = (self.weights(), self.k());
        let pair = (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).find(|(i, j)| w[*i] != w[*j]);
        let Some((i, j)) = pair else {
            return file.notes.push("Left out: whether the order of the models matters.".to_owned());
        };
        let at = |a: usize, b: usize| -> Vec<Num> {
            (0..k)
                .map(|n| {
                    if n == a {
                        whole(1)
                    } else if n == b {
                        whole(3)
                    } else {
                        Num::zero()
                    }
                })
                .collect()
        };
        let (x, y) = (at(i, j), at(j, i));
        if merged(self.merge, w, &x) == merged(self.merge, w, &y) {
            return file.notes.push("Left out: whether the order of the models matters.".to_owned());
        }
        let head = format!("models_{i}_and_{j}_can_be_swapped {} (j : Fin d)", self.binders("x"));
        let m = operator(self.part);
        let x = self.changed(file, "unequal_models", &x);
        let point = format!("{} (base := {}) (x := {x}) (j := 0)", self.fixed(), self.vector(&[]));
        file.claim(
            "The order of the models matters: two that are swapped give another merge.",
            &head,
            &format!("{m} kept base {} j = {m} kept base x j", swapped(k, i, j)),
            &Evidence::Point(&point, ""),
        );
    }
}
