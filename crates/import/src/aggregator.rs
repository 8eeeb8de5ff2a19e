//! Claims about rules that aggregate the updates of n workers, of which f may send anything.
//!
//! The numbers that the rules need are those of their authors: Krum 2 f + 3 workers (Blanchard and others, 2017), Multi-Krum at most
//! n - f - 2 inputs (Damaskinos and others, 2019), Bulyan 4 f + 3 workers (El Mhamdi and others, 2018).

use crate::file::{Evidence, File};
use crate::number::{Num, list, listed, shown, whole};
use crate::{Fault, Written};
use num_traits::{One, Zero};

/// A rule of aggregation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The mean.
    Mean,
    /// The median of each parameter.
    Median,
    /// The mean of each parameter without the largest and the smallest values.
    TrimmedMean,
    /// The input nearest to its neighbours.
    Krum,
    /// The mean of several inputs nearest to their neighbours.
    MultiKrum,
    /// The point with the smallest sum of distances.
    GeometricMedian,
    /// The mean of the selected inputs nearest to their median, in each parameter.
    Bulyan,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 7] =
        [Rule::Mean, Rule::Median, Rule::TrimmedMean, Rule::Krum, Rule::MultiKrum, Rule::GeometricMedian, Rule::Bulyan];

    /// The name by which a rule is asked for.
    pub fn word(self) -> &'static str {
        match self {
            Rule::Mean => "mean",
            Rule::Median => "median",
            Rule::TrimmedMean => "trimmed-mean",
            Rule::Krum => "krum",
            Rule::MultiKrum => "multi-krum",
            Rule::GeometricMedian => "geometric-median",
            Rule::Bulyan => "bulyan",
        }
    }
}

/// A rule with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The rule.
    pub rule: Rule,
    /// The number of workers.
    pub n: usize,
    /// How many of them may be Byzantine.
    pub f: usize,
    /// How many values the trimmed mean leaves out at each end.
    pub trim: usize,
    /// How many inputs Multi-Krum takes the mean of.
    pub select: usize,
}

/// The largest number of workers for which a rule is computed at a point; above it the points are given by name.
const COMPUTED: usize = 10;

/// Writes the claims about a rule. `module` is the name of the file without its ending.
pub fn aggregator(module: &str, setting: &Setting) -> Written {
    let Setting { rule, n, f, trim, select } = *setting;
    let (name, import) = match rule {
        Rule::Mean => ("mean", "std.aggregate"),
        Rule::Median => ("median", "std.aggregate"),
        Rule::TrimmedMean => ("trimmed mean", "std.aggregate"),
        Rule::Krum => ("Krum", "std.krum"),
        Rule::MultiKrum => ("Multi-Krum", "std.select"),
        Rule::GeometricMedian => ("geometric median", "std.central"),
        Rule::Bulyan => ("Bulyan", "std.select"),
    };
    let numbers = match rule {
        Rule::TrimmedMean => format!(", {trim} trimmed at each end"),
        Rule::MultiKrum => format!(", {select} selected"),
        _ => String::new(),
    };
    let setting_words = format!("{}, {f} of them Byzantine{numbers}", workers(n));
    let head = [
        format!("Claims about the {name} of {setting_words}, written by bfv import."),
        "A Byzantine worker may send anything; the others are honest. Claims hold for each parameter of an update."
            .to_owned(),
        "Change what you claim, then run: bfv check, with the name of this file.".to_owned(),
    ];
    let mut file = File::new(&head, &[import]);
    let a = Aggregator { s: *setting };
    if a.sound(&mut file) {
        match rule {
            Rule::Mean | Rule::Median | Rule::TrimmedMean => a.one_parameter(&mut file),
            Rule::Krum => a.krum(&mut file),
            Rule::MultiKrum => a.multi_krum(&mut file),
            Rule::GeometricMedian => a.geometric_median(&mut file),
            Rule::Bulyan => a.bulyan(&mut file),
        }
    } else {
        file.notes.push("More claims follow once that is mended.".to_owned());
    }
    file.done(module, format!("Read: {name}, {setting_words}."))
}

struct Aggregator {
    s: Setting,
}

fn workers(n: usize) -> String {
    if n == 1 { "1 worker".to_owned() } else { format!("{n} workers") }
}

/// `true` or `false` for each worker; the first b are Byzantine.
fn honest(n: usize, b: usize) -> String {
    listed(&(0..n).map(|i| (i >= b).to_string()).collect::<Vec<_>>())
}

/// The first b workers send 1, the others 0.
fn sent(n: usize, b: usize) -> Vec<Num> {
    (0..n).map(|i| if i < b { Num::one() } else { Num::zero() }).collect()
}

impl Aggregator {
    /// The conditions under which the rule does what it is for. The claim says so; the words are for the case that it is refuted.
    fn sound(&self, file: &mut File) -> bool {
        let Setting { rule, n, f, trim, select } = self.s;
        let mut good = true;
        let mut need = |holds: bool, says: &str, name: &str, statement: String, what: String, mend: String| {
            file.claim(says, name, &statement, &if holds { Evidence::Proof("by arith") } else { Evidence::Wrong("") });
            if !holds {
                file.guard(name, Fault::new(what, None, mend));
                good = false;
            }
        };
        let krum = 2 * f + 3;
        match rule {
            Rule::Mean => {}
            Rule::Median | Rule::GeometricMedian => need(
                2 * f < n,
                "The honest workers are a majority.",
                "honest_workers_are_a_majority",
                format!("2 * {f} < {n}"),
                format!(
                    "The honest workers are no majority: 2 times {f} is {}, and the number of workers is {n}.",
                    2 * f
                ),
                format!("take more than {} workers, or fewer Byzantine ones.", 2 * f),
            ),
            Rule::TrimmedMean => {
                need(
                    2 * trim < n,
                    "Some value is left when both ends are trimmed.",
                    "some_value_is_left",
                    format!("2 * {trim} < {n}"),
                    format!("Nothing is left: 2 times {trim} is {}, and the number of workers is {n}.", 2 * trim),
                    format!("trim at most {}.", n.saturating_sub(1) / 2),
                );
                need(
                    f <= trim,
                    "At each end at least as many values are trimmed as there are Byzantine workers.",
                    "trims_every_byzantine_worker",
                    format!("{f} <= {trim}"),
                    format!("Fewer values are trimmed at each end than workers are Byzantine: {trim} is below {f}."),
                    format!("trim {f} at each end, with at least {} workers.", 2 * f + 1),
                );
            }
            Rule::Krum | Rule::MultiKrum => {
                need(
                    krum <= n,
                    "Krum needs at least 2 f + 3 workers.",
                    "krum_has_enough_workers",
                    format!("2 * {f} + 3 <= {n}"),
                    format!("Krum needs at least 2 times {f} and 3 workers, which is {krum}. There are {n}."),
                    format!("take {krum} workers, or let at most {} be Byzantine.", n.saturating_sub(3) / 2),
                );
                if rule == Rule::MultiKrum {
                    let most = n.saturating_sub(f + 2);
                    need(
                        1 <= select && select <= most,
                        "Multi-Krum selects at least one input, and at most n - f - 2.",
                        "selects_few_enough_inputs",
                        format!("1 <= {select} /\\ {select} + {f} + 2 <= {n}"),
                        format!(
                            "Multi-Krum selects from 1 to n - f - 2 inputs, which is {most} here. It is told to select {select}."
                        ),
                        format!("select at most {most}."),
                    );
                }
            }
            Rule::Bulyan => need(
                4 * f + 3 <= n,
                "Bulyan needs at least 4 f + 3 workers.",
                "bulyan_has_enough_workers",
                format!("4 * {f} + 3 <= {n}"),
                format!("Bulyan needs at least 4 times {f} and 3 workers, which is {}. There are {n}.", 4 * f + 3),
                format!("take {} workers, or let at most {} be Byzantine.", 4 * f + 3, n.saturating_sub(3) / 4),
            ),
        }
        good
    }

    /// A claim that the rule stays with the honest when b workers are Byzantine, refuted: the first b send 1, the honest 0.
    fn breaks(&self, file: &mut File, rule: &str, b: usize, outside: &str) {
        let n = self.s.n;
        let says = format!(
            "It breaks when {b} of the {} are Byzantine: they can move the result out of the range of the honest.",
            workers(n)
        );
        let head = format!(
            "stays_with_the_honest_for_{b}_byzantine (x : Vec {n} Real) (honest : Fin {n} -> Bool) (lower upper : Real) (hc : count honest + {b} = {n})\n  \
             (hl : forall i, honest i = true -> lower <= x i) (hu : forall i, honest i = true -> x i <= upper)"
        );
        let statement = format!("lower <= {rule} x /\\ {rule} x <= upper");
        if n <= COMPUTED {
            let point = format!("(x := {}) (honest := {}) (lower := 0) (upper := 0)", list(&sent(n, b)), honest(n, b));
            file.claim(&says, &head, &statement, &Evidence::Point(&point, ""));
            return;
        }
        let moved = format!("theorem moved_out : 0 < {rule} (sent {{{n}}} {b})\nby exact {outside}");
        file.declare("The first Byzantine workers send 1, the others 0: that moves the result above 0.", &moved);
        let point = format!("(x := sent {b}) (honest := others {b}) (lower := 0) (upper := 0)");
        let script = format!(
            "  refl\n  intro i e rewrite others_zero {b} i e arith\n  intro i e rewrite others_zero {b} i e arith\n  exact at_witness.2 moved_out"
        );
        file.claim(&says, &head, &statement, &Evidence::Point(&point, &script));
    }

    /// Rules that work on each parameter alone.
    fn one_parameter(&self, file: &mut File) {
        let Setting { rule, n, f, trim, .. } = self.s;
        let k = n - 1;
        let (text, within, first_break, outside, moves, symmetric) = match rule {
            Rule::Median => (
                "median".to_owned(),
                format!("median_within {f} (by {{ arith }})"),
                n.div_ceil(2),
                format!("median_outside (k := {k}) {} (by {{ arith }}) (by {{ arith }})", n.div_ceil(2)),
                format!("steady_moves (k := {k}) (fun x => median x) (median_steady {{{k}}})"),
                format!("(median_steady {{{k}}}).2.2.2"),
            ),
            Rule::TrimmedMean => (
                format!("trimmed_mean {trim}"),
                format!("trimmed_within {f} {trim} (by {{ arith }}) (by {{ arith }})"),
                trim + 1,
                format!("trimmed_outside (n := {n}) {trim} (by {{ arith }})"),
                format!(
                    "steady_moves (k := {k}) (fun x => trimmed_mean {trim} x) (trimmed_steady (k := {k}) {trim} (by {{ arith }}))"
                ),
                format!("(trimmed_steady (k := {k}) {trim} (by {{ arith }})).2.2.2"),
            ),
            _ => (
                "mean".to_owned(),
                format!("mean_within (k := {k})"),
                1,
                format!("mean_outside {{{k}}}"),
                format!("mean_steady_moves (k := {k})"),
                format!("symmetric_mean {{{n}}}"),
            ),
        };
        let function = format!("(fun (x : Vec {n} Real) => {text} x)");
        if rule != Rule::Mean || f == 0 {
            file.claim(
                "The result stays within the range of the honest, whatever the Byzantine workers send.",
                &format!("stays_with_the_honest_for_{f}_byzantine"),
                &format!("WithinHonest {f} {function}"),
                &Evidence::Proof(&format!("by exact {within}")),
            );
        }
        if first_break < n {
            self.breaks(file, &text, first_break, &outside);
        }
        file.claim(
            "When every worker moves by at most D, the result moves by at most D.",
            "moves_no_more_than_the_workers",
            &format!("MovesAtMost 1 {function}"),
            &Evidence::Proof(&format!("by exact {moves}")),
        );
        file.claim(
            "The order of the workers does not matter.",
            "order_of_the_workers_is_free",
            &format!("Symmetric {function}"),
            &Evidence::Proof(&format!("by exact {symmetric}")),
        );
    }

    /// Workers 0 and 1 in each other's place.
    fn swap(&self, file: &mut File) {
        let n = self.s.n;
        let positions: Vec<String> = (0..n).map(|i| if i < 2 { 1 - i } else { i }.to_string()).collect();
        file.declare(
            "The first two workers in each other's place.",
            &format!("def swap : Fin {n} -> Fin {n} := {}", listed(&positions)),
        );
    }

    fn krum(&self, file: &mut File) {
        let Setting { n, f, .. } = self.s;
        file.notes.push(
            "Left out: how far the result moves when the workers move, for Krum jumps from one input to another."
                .to_owned(),
        );
        file.claim(
            "Krum returns what one of the workers sent.",
            &format!("returns_an_input {{d : Nat}} (x : Vec {n} (Vec d Real))"),
            &format!("exists (i : Fin {n}), krum {f} x = x i"),
            &Evidence::Proof(&format!("by exists krum_choice {f} x\n   refl")),
        );
        let kappa = whole(6 * (n - f)) / whole(n - 2 * f - 1);
        file.claim(
            &format!(
                "Its squared distance from the mean of the honest is at most {} times their variance.",
                shown(&kappa)
            ),
            "stays_near_the_mean_of_the_honest {d : Nat}",
            &format!(
                "Robust {f} (6 * ({n} - {f}) / ({n} - 2 * {f} - 1)) (fun (x : Vec {n} (Vec d Real)) => krum {f} x)"
            ),
            &Evidence::Proof(&format!("by exact krum_robust {f} (by {{ arith }})")),
        );
        if n > COMPUTED {
            file.notes.push(format!(
                "Left out: whether the order of the workers matters. Krum is computed for at most {COMPUTED} workers."
            ));
            return;
        }
        self.swap(file);
        let at_zero = if n.is_multiple_of(2) { n } else { n - 1 };
        let x: Vec<String> =
            (0..n).map(|i| if i == at_zero { "[9]".to_owned() } else { format!("[{}]", i % 2) }).collect();
        file.claim(
            "The order of the workers matters: of two equally good inputs Krum returns the first.",
            &format!("order_of_the_workers_is_free (x : Vec {n} (Vec 1 Real))"),
            &format!("krum {f} (fun i => x (swap i)) 0 = krum {f} x 0"),
            &Evidence::Point(&format!("(x := {})", listed(&x)), ""),
        );
    }

    fn multi_krum(&self, file: &mut File) {
        let Setting { n, f, select, .. } = self.s;
        file.claim(
            "No parameter of the result lies outside the range of all inputs.",
            &format!("stays_between_the_inputs {{d : Nat}} (x : Vec {n} (Vec d Real)) (j : Fin d)"),
            &format!("min (fun i => x i j) <= multi_krum {select} {f} x j /\\ multi_krum {select} {f} x j <= max (fun i => x i j)"),
            &Evidence::Proof(&format!("by exact multi_krum_between (n := {}) {select} {f} x (by {{ arith }}) j", n - 1)),
        );
        file.notes.push(
            "Left out: how near the result is to the honest, and whether the order of the workers matters.".to_owned(),
        );
    }

    fn geometric_median(&self, file: &mut File) {
        let Setting { n, f, .. } = self.s;
        let kappa = whole(2 * (n - f)) / whole(n - 2 * f);
        file.claim(
            &format!(
                "When the honest are within r of a point, every geometric median is within {} times r of it.",
                shown(&kappa)
            ),
            "stays_near_the_honest",
            &format!(
                "NearHonest {{{n}}} {f} (2 * (1 - of_nat {f} / of_nat {n}) / (1 - 2 * (of_nat {f} / of_nat {n})))"
            ),
            &Evidence::Proof(&format!("by exact near_honest {f} (by {{ arith }})")),
        );
        let b = n.div_ceil(2);
        if b < n {
            let head = format!(
                "stays_near_the_honest_for_{b}_byzantine (x : Vec {n} (Vec 1 Real)) (honest : Fin {n} -> Bool) (y : Vec 1 Real) (hc : count honest + {b} = {n})\n  \
                 (same : forall i, honest i = true -> x i 0 = 0) (hy : IsGeometricMedian x y)"
            );
            let point = format!("(x := fun i => single (sent {b} i)) (honest := others {b}) (y := single 1)");
            let script = format!(
                "  refl\n  intro i e exact others_zero {b} i e\n  exact half_sent {b} (by {{ arith }}) (by {{ arith }})\n  have a : (1 : Real) = 0 := at_witness\n  arith"
            );
            file.claim(
                &format!("It breaks with {b} Byzantine workers, who all send 1 while the honest send 0."),
                &head,
                "y 0 = 0",
                &Evidence::Point(&point, &script),
            );
        }
        if n % 2 == 1 {
            file.claim(
                "There is only one geometric median, for the number of workers is odd.",
                &format!("there_is_only_one {{d : Nat}} (x : Vec {n} (Vec d Real)) (y z : Vec d Real) (hy : IsGeometricMedian x y) (hz : IsGeometricMedian x z)"),
                "y = z",
                &Evidence::Proof(&format!("by exact median_unique (m := {}) x y z hy hz", n / 2)),
            );
        } else {
            let half = n / 2;
            file.claim(
                "There can be several geometric medians, for the number of workers is even: half send 1, and half send 0.",
                &format!("there_is_only_one (x : Vec {n} (Vec 1 Real)) (y z : Vec 1 Real) (hy : IsGeometricMedian x y) (hz : IsGeometricMedian x z)"),
                "y 0 = z 0",
                &Evidence::Point(
                    &format!("(x := fun i => single (sent {half} i)) (y := single 1) (z := single 0)"),
                    &format!("  exact half_sent {half} (by {{ arith }}) (by {{ arith }})\n  exact half_others {half} (by {{ arith }}) (by {{ arith }})\n  have a : (1 : Real) = 0 := at_witness\n  arith"),
                ),
            );
        }
        file.claim(
            "The order of the workers does not matter: a geometric median stays one.",
            "order_of_the_workers_is_free {d : Nat} (y : Vec d Real)",
            &format!("FreeOfOrder {{{n}}} y"),
            &Evidence::Proof("by exact geometric_median_free y"),
        );
    }

    fn bulyan(&self, file: &mut File) {
        let Setting { n, f, .. } = self.s;
        file.claim(
            "However the inputs are selected, the result leaves the range of the honest by at most its width.",
            "leaves_the_honest_by_at_most_their_range",
            &format!("BulyanNear {{{n}}} {f}"),
            &Evidence::Proof(&format!("by exact bulyan_near {f} (by {{ arith }})")),
        );
        if f == 0 || n < 6 * f || n > COMPUTED {
            file.notes.push("Left out: whether the result can leave the range of the honest at all.".to_owned());
            return;
        }
        // One Byzantine worker sends 11, others 10; the rest of the selected are at 0 and are not marked.
        let (selected, marked) = (n - 2 * f, n - 4 * f);
        let values: Vec<Num> = (0..n)
            .map(|i| {
                if i == 0 {
                    whole(11)
                } else if i < marked {
                    whole(10)
                } else {
                    Num::zero()
                }
            })
            .collect();
        let upto = |m: usize| listed(&(0..n).map(|i| (i < m).to_string()).collect::<Vec<_>>());
        file.declare("Inputs, those selected and those marked: the first worker sends 11.", &format!(
            "def inputs : Vec {n} Real := {}\ndef selected_inputs : Fin {n} -> Bool := {}\ndef marked_inputs : Fin {n} -> Bool := {}",
            list(&values), upto(selected), upto(marked)
        ));
        file.declare("They are marked as Bulyan does it.", &format!(
            "theorem inputs_marked : Bulyan {f} selected_inputs marked_inputs inputs 10\nby split {{ refl }} {{ split {{ refl }} {{ split {{ arith }} {{ split {{ arith }} {{ split {{ arith }}\n   {{ exact nearest_marked selected_inputs marked_inputs inputs 10 1 (by {{ arith }}) (by {{ arith }}) }} }} }} }} }}"
        ));
        let head = format!(
            "stays_with_the_honest_for_{f}_byzantine (selected marked : Fin {n} -> Bool) (x : Vec {n} Real) (m : Real) (hm : Bulyan {f} selected marked x m)\n  \
             (honest : Fin {n} -> Bool) (lower upper : Real) (hc : count honest + {f} = {n})\n  \
             (hl : forall i, honest i = true -> lower <= x i) (hu : forall i, honest i = true -> x i <= upper)"
        );
        let byzantine = listed(&(0..n).map(|i| (i > 0 && i <= n - f).to_string()).collect::<Vec<_>>());
        let point = format!(
            "(selected := selected_inputs) (marked := marked_inputs) (x := inputs) (m := 10) (honest := {byzantine}) (lower := 0) (upper := 10)"
        );
        file.claim(
            "The result can leave the range of the honest.",
            &head,
            "lower <= marked_mean x marked /\\ marked_mean x marked <= upper",
            &Evidence::Point(&point, "  exact inputs_marked\n  arith\n  arith\n  arith\n  arith"),
        );
    }
}
