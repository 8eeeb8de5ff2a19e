//! How the numbers of each row of the table become values of its claim.

use crate::numbers::*;
use serde_json::Value;

/// How the numbers of a row reach its claim. `c` is the counterexample of the table; what is not in it stands here as written.
pub enum Use {
    /// Values for the claim's variables, each a `refuted at` of its own; the script of the claim itself closes what is left,
    /// unless the text ends with one.
    At(fn(&Value) -> Vec<String>),
    /// Why the numbers cannot be used.
    Reason(&'static str),
}

pub struct Row {
    pub id: &'static str,
    pub how: Use,
    /// Statements about the numbers of the table that must be proved: results that it gives for the counterexample.
    pub results: fn(&Value) -> Vec<String>,
}

pub const fn row(id: &'static str, how: Use, results: fn(&Value) -> Vec<String>) -> Row {
    Row { id, how, results }
}

pub fn none(_: &Value) -> Vec<String> {
    Vec::new()
}

pub const ROWS: &[Row] = &[
    row(
        "A04",
        Use::At(|c| vec![format!("(k := {}) (w := {}) (x := {})", len(&c["w"]) - 1, v(&c["w"]), v(&c["x"]))]),
        |c| vec![format!("weighted_mean {} {} = {}", v(&c["w"]), v(&c["x"]), v(&c["F"]))],
    ),
    row(
        "A05",
        Use::At(|c| vec![format!("(k := {}) (w := {}) (x := {})", len(&c["w"]), v(&c["w"]), v(&c["x"]))]),
        |c| vec![format!("weighted_mean {} (fun i => {}) = {}", v(&c["w"]), v(&c["x"]), v(&c["F"]))],
    ),
    row(
        "A07",
        Use::At(|c| {
            let swap = "(p := [1, 0]) (q := [1, 0])";
            vec![format!("(k := {}) (w := {}) (x := {}) {swap}", len(&c["w"]), v(&c["w"]), v(&c["x"]))]
        }),
        |c| {
            let (w, x) = (v(&c["w"]), &c["x"]);
            vec![
                format!("weighted_mean {w} {} = {}", v(x), v(&c["F"])),
                format!("weighted_mean {w} [{}, {}] = {}", v(&x[1]), v(&x[0]), v(&c["F_swapped"])),
            ]
        },
    ),
    row(
        "A11",
        Use::At(|c| {
            let [w, x, denominator] = ["w", "x", "denominator"].map(|k| v(&c[k]));
            vec![format!("(k := {}) (w := {w}) (x := {x}) (denominator := {denominator})", len(&c["w"]))]
        }),
        none,
    ),
    row("A13", Use::Reason("The weights are pairs in words, and the row needs a limit."), none),
    row(
        "A14",
        Use::At(|c| vec![format!("(k := {}) (x := {}) (p := l1) (q := linf)", len(&c["x"]), v(&c["x"]))]),
        |c| vec![format!("mean {} = {}", v(&c["x"]), v(&c["fallback"]))],
    ),
    row(
        "A16",
        Use::At(|c| {
            let ((v, x), (w, y)) = (pair(&c["p"]), pair(&c["q"]));
            vec![format!("(k := 1) (v := [{v}]) (w := [{w}]) (x := [{x}]) (y := [{y}]) (t := 1/2)")]
        }),
        none,
    ),
    row(
        "A19",
        Use::At(|c| {
            let x = v(&c["x"][0]);
            vec![format!(
                "(k := 2) (w := [1/2, 1/2]) (x := [{x}, 0]) (alive := [true, false]) (survivor := 0) (dead := 1) (lower := {x}) (upper := {x})"
            )]
        }),
        |c| vec![format!("weighted_mean [1/2, 1/2] [{}, 0] = {}", v(&c["x"][0]), v(&c["F"]))],
    ),
    row(
        "A20",
        Use::At(|c| {
            // Two workers, of which those in S survive.
            let lives = |i: u64| list(&c["S"]).iter().any(|s| whole(s) == i);
            let alive = format!("[{}, {}]", lives(1), lives(2));
            let point = format!("(k := 2) (w := [1/2, 1/2]) (x := [3, 4]) (alive := {alive})");
            vec![format!("{point} (denominator := {})", v(&c["denominator"]))]
        }),
        none,
    ),
    row("C07", Use::At(|c| vec![format!("(k := {}) (T := 1) (x := {})", len(&c["x"]) - 1, v(&c["x"]))]), none),
    row(
        "C09",
        Use::At(|c| {
            vec![format!("(k := {}) (T := 1) (x := {}) (y := {})", len(&c["x"]) - 1, v(&c["x"]), v(&c["bumped"]))]
        }),
        none,
    ),
    row("C12", Use::Reason("A million outputs are more than a point can list. The claim is refuted for two."), none),
    row("C15", Use::Reason("The number is a ratio near its limit. The claim is refuted at one larger step."), none),
    row("C16", Use::Reason("The number is one slope. The claim is refuted for every constant."), none),
    row("C21", Use::Reason("The number is a value, rounded, to the right of 0. The claim is refuted at 0."), none),
    row("C31", Use::Reason("The values are rounded. The claim is refuted at their points, -3 and -1.278."), none),
    row("D04", Use::At(|c| vec![format!("(k := {}) (w := [1/2, 1/2]) (x := {})", len(&c["x"]), v(&c["x"]))]), none),
    row(
        "D07",
        Use::At(|c| {
            let (n, p, pool) = (len(&c["p"]), v(&c["p"]), v(&c["pool"]));
            vec![format!("(n := {n}) (w := [1/3, 1/3, 1/3]) (p := {p}) (byzantine := 0) (m := 1) (pool := {pool})")]
        }),
        none,
    ),
    row(
        "S05",
        Use::Reason("The number is one slope of a slope, rounded. The claim is refuted between two points."),
        none,
    ),
    row("C04", Use::At(|c| sides("(d := twice_abs)", c)), none),
    row("C18", Use::At(|c| sides("(d := smoothstep_slopes)", c)), none),
    row(
        "C24",
        Use::At(|c| {
            let (ds, jump) = (v(&c["ds"]), v(&c["jump"]));
            vec![format!("(k := 1) (v := [0, 1]) (s := [0, 0]) (other := [0, {ds}]) (ds := {ds}) (jump := {jump})")]
        }),
        none,
    ),
    row(
        "C28",
        Use::Reason("The inputs and outputs are given in words; the claim is refuted by inputs as small as one likes."),
        none,
    ),
    row(
        "D10",
        Use::At(|c| vec![format!("(k := 2) (x := [2, 0, 0]) (y := [0, 2, 0]) (t := 1/2) (m := {})", v(&c["mid"]))]),
        none,
    ),
    row(
        "D13",
        Use::At(|c| {
            let functions = "(f := fun x => (x - 0) * (x - 0)) (g := fun x => (x - 1) * (x - 1))";
            vec![format!("{functions} (x := 0) (y := 1) (t := 1/2) (m := {})", v(&c["mid"]))]
        }),
        none,
    ),
    row("E02", Use::At(|c| vec![format!("(d := 1) (t := {}) (a := [0]) (b := [1]) (j := 0)", v(&c["t"]))]), |c| {
        vec![format!("lerp {} ([0] : Vec 1 Real) [1] 0 = {}", v(&c["t"]), v(&c["F"]))]
    }),
    row(
        "E03",
        Use::At(|c| vec![format!("(d := 2) (t := 1/2) (s := {}) (a := [1, 0]) (b := [0, 1])", v(&c["norm_sq"]))]),
        none,
    ),
    row(
        "E05",
        Use::At(|c| {
            let turn = "(sin := halves 1 0) (cos := halves 0 (-1)) (theta := 1) (t := 1/2)";
            vec![format!("(d := {}) {turn} (a := [1, 0]) (b := [-1, 0]) (F := {})", len(&c["F"]), v(&c["F"]))]
        }),
        none,
    ),
    row("E06", Use::Reason("The jump is one minus a root, rounded."), none),
    row("E08", Use::Reason("The difference is rounded, and the row does not say between which vectors."), none),
    row("E11", Use::Reason("The vector in the middle stands at 45 degrees and has no fractions as coordinates."), none),
    row(
        "E12",
        Use::At(|c| {
            let vectors = "(x := [1, 0]) (y := [24/25, 7/25]) (z := [527/625, 336/625])";
            vec![format!("(d := 2) {vectors} (tau := {})", v(&c["tau"]))]
        }),
        |c| vec![format!("2 * {tau} * {tau} - 1 = {}", v(&c["forced_min"]), tau = v(&c["tau"]))],
    ),
    row("R01", Use::At(|c| vec![format!("(n := {}) (x := {})", len(&c["x"]) - 1, v(&init(&c["x"])))]), |c| {
        vec![format!("mean {} = {} / {}", v(&c["x"]), v(last(&c["x"])), len(&c["x"]))]
    }),
    row("R04", Use::At(|c| vec![format!("(m := {}) (x := {})", len(&c["x"]) / 2 - 1, v(&c["x"]))]), |c| {
        vec![format!("median {} = {}", v(&c["x"]), v(&c["F"]))]
    }),
    row(
        "R08",
        Use::At(|c| {
            let inputs = "[[1, 0, 0], [0, 1, 0], [0, 0, 1]]";
            vec![format!("(n := 2) (d := {}) (x := {inputs}) (F := {})", len(&c["F"]), v(&c["F"]))]
        }),
        none,
    ),
    row(
        "R11",
        Use::At(|c| {
            let (honest, byzantine) = (&c["honest"], &c["byz"]);
            let is: Vec<&str> =
                list(honest).iter().map(|_| "true").chain(list(byzantine).iter().map(|_| "false")).collect();
            let all = column([honest, byzantine]);
            let (n, f) = (is.len() - 1, len(byzantine));
            vec![format!("(n := {n}) (d := 1) (f := {f}) (x := {all}) (honest := [{}])", is.join(", "))]
        }),
        none,
    ),
    row(
        "R13",
        Use::At(|c| {
            let turned: Vec<String> = (0..len(&c["x"])).rev().map(|i| i.to_string()).collect();
            let turned = turned.join(", ");
            let n = len(&c["x"]) - 1;
            vec![format!(
                "(n := {n}) (d := 1) (f := 0) (x := {}) (p := [{turned}]) (q := [{turned}])",
                column([&c["x"]])
            )]
        }),
        none,
    ),
    row("R16", Use::At(|c| vec![format!("(n := {}) (f := {})", v(&c["n"]), v(&c["f"]))]), none),
    row(
        "R19",
        Use::At(|c| {
            let x = &c["x"];
            let n = len(x) - 1;
            vec![format!("(n := {n}) (d := 1) (x := {}) (y := [{}]) (z := [{}])", column([x]), v(&x[0]), v(&x[1]))]
        }),
        none,
    ),
    row(
        "R25",
        Use::At(|c| {
            let (x, n) = (&c["x"], len(&c["x"]));
            let honest = format!("[{}, false]", vec!["true"; n - 1].join(", "));
            let inputs = format!("(x := {}) (honest := {honest})", column([x]));
            vec![format!("(n := {n}) (d := 1) (f := 1) {inputs} (v := {})", v(&c["Var_S"]))]
        }),
        |c| {
            // The mean is rounded in the table.
            let all = v(&c["x"]);
            vec![format!("mean {all} - {f} <= 1/1000000 /\\ {f} - mean {all} <= 1/1000000", f = v(&c["F"]))]
        },
    ),
    row("R28", Use::At(|c| sides("(n := 2) (y := third_output)", c)), none),
    row(
        "R31",
        Use::At(|c| {
            let (w, m) = (v(&c["weights"]), v(&c["F"]));
            vec![format!(
                "(n := {}) (w := {w}) (x := [0, 0, 0, 0, {m}]) (m := {m}) (lower := 0) (upper := 0) (honest := [true, true, true, true, false])",
                len(&c["weights"])
            )]
        }),
        none,
    ),
    row(
        "P01",
        Use::At(|_| vec!["(k := 2) (x := [100000000, 1, -100000000]) (p := [0, 2, 1]) (q := [0, 2, 1])".to_owned()]),
        |c| {
            vec![
                format!("fl_sum fp32 [100000000, 1, -100000000] = {}", values(&c["order1"])[0]),
                format!("fl_sum fp32 [100000000, -100000000, 1] = {}", values(&c["order2"])[0]),
            ]
        },
    ),
    row("P03", Use::At(|_| vec!["(k := 9) (w := fun i => 1/10) (x := fun i => 1)".to_owned()]), |c| {
        vec![format!("fl_mean fp64 {{9}} (fun i => 1/10) (fun i => 1) = rounded fp64 {} by refl", v(&c["F"]))]
    }),
    row("P04", Use::At(|_| vec!["(a := 100000000) (b := 1)".to_owned()]), |c| {
        vec![format!("lerp fp32 100000000 1 1 = {}", v(&c["F"]))]
    }),
    row("P06", Use::At(|c| vec![format!("(k := 1) (x := [0, -{}]) (i := 1)", v(&c["gap"]))]), none),
    row("P10", Use::At(|_| vec!["(a := 4097/4096) (b := 4097/4096) (c := -2049/2048)".to_owned()]), |c| {
        let (digits, exponent) =
            c["fma"].to_string().split_once("e-").map(|(d, e)| (d.to_owned(), e.to_owned())).unwrap();
        vec![
            format!(
                "fl_fma fp32 (4097/4096) (4097/4096) (-2049/2048) = rounded fp64 ({digits} / 10 ^ {exponent}) by refl"
            ),
            format!("fl_add fp32 (fl_mul fp32 (4097/4096) (4097/4096)) (-2049/2048) = {}", v(&c["mul_add"])),
        ]
    }),
    row("P12", Use::At(|c| vec![format!("(k := {})", whole(&c["expected"]) - 1)]), |c| {
        let stays = "ones_stay fp16 2047 2048 (fun z => true_is_not_false (sym z)) (by refl)";
        vec![format!("fl_sum fp16 (fun (i : Fin {}) => 1) = {} := {stays}", v(&c["expected"]), v(&c["sum"]))]
    }),
    row("R14", Use::Reason("The number is one small step; the claim is refuted for every step."), none),
    row(
        "S02",
        Use::Reason("The number is an error found by trying decoders; the claim is refuted where nothing is sent."),
        none,
    ),
    row(
        "S03",
        Use::At(|c| {
            let [cos, delta] = ["cos", "delta"].map(|k| v(&c[k]));
            vec![format!("(d := 1) (x := [1]) (y := [{cos}]) (cos := {cos}) (delta := {delta})")]
        }),
        none,
    ),
    row(
        "S04",
        Use::At(|c| {
            let [epsilon, delta] = ["eps", "forced_cos_at_least"].map(|k| v(&c[k]));
            vec![format!("(d := 3) (epsilon := {epsilon}) (delta := {delta})")]
        }),
        |c| {
            // Rounded in the table.
            let (e, least) = (v(&c["eps"]), v(&c["forced_cos_at_least"]));
            let cosine = format!("(1 - 2 * ({e} * {e}) / ((1 - {e}) * (1 - {e})))");
            let by = "1/1000000000";
            vec![format!("{cosine} - {least} <= {by} /\\ {least} - {cosine} <= {by}")]
        },
    ),
    row(
        "S06",
        Use::At(|c| {
            let [theta, gradient, claimed] = ["theta", "true_grad_theta1", "claimed"].map(|k| v(&c[k]));
            let functions = "(L := half_square) (F := mean_of_two) (M := plain)";
            let slopes = format!("(fused := {gradient}) (dF := 1/2) (own := 1) (claimed := {claimed})");
            vec![format!("(k := {}) {functions} (theta := {theta}) (i := 0) {slopes}", len(&c["theta"]))]
        }),
        none,
    ),
    row(
        "S07",
        Use::At(|c| {
            let o = &c["worker_outputs"];
            vec![format!("(k := {}) (x := {}) (i := 0) (y := {})", len(o), v(o), v(&c["target"]))]
        }),
        |c| vec![format!("mean {} = {}", v(&c["worker_outputs"]), v(&c["F"]))],
    ),
    row(
        "S08",
        Use::At(|c| {
            let (right, says) = (values(&c["M"]), values(&c["workers"])[0]);
            let [f, lhs, rhs] = ["F_eq_Fopt", "lhs_at_x", "rhs_at_x"].map(|k| v(&c[k]));
            let (n, workers) = (right.len(), vec![says; right.len()].join(", "));
            let point = format!("(n := {n}) (k := 0) (M := [{}]) (workers := [[{workers}]])", right.join(", "));
            vec![format!("{point} (F := fun v => {f}) (best := fun v => {f}) (m := 0) (lhs := {lhs}) (rhs := {rhs})")]
        }),
        none,
    ),
    row(
        "S09",
        Use::At(|c| {
            let [a, e, w, f, b] = ["alpha_i", "acc_ens", "w", "fused", "claimed_bound"].map(|k| v(&c[k]));
            let point = format!("(n := 4) (c := 1) (w := {w}) (p := specialist) (q := others) (label := fun m => 0)");
            vec![format!("{point} (alpha := {a}) (ens := {e}) (fused := {f}) (bound := {b})")]
        }),
        none,
    ),
    row(
        "S11",
        Use::At(|c| {
            let [a, e, f] = ["alpha", "ens", "fused"].map(|k| v(&c[k]));
            let point = "(n := 4) (c := 1) (w := 1/2) (p := specialist) (q := others) (label := fun m => 0)";
            vec![format!("{point} (alpha := {a}) (ens := {e}) (fused := {f})")]
        }),
        none,
    ),
    row(
        "S12",
        Use::At(|c| {
            vec![format!(
                "(k := 1) (T := {}) (d := {}) (r := [0, 0]) (fusion := {})",
                v(&c["T"]),
                v(&c["net"]),
                v(&c["Tf"])
            )]
        }),
        |c| {
            let (t, net, fusion) = (&c["T"], &c["net"], v(&c["Tf"]));
            let late = format!("[{} + {}, {} + {}]", v(&t[0]), v(&net[0]), v(&t[1]), v(&net[1]));
            vec![
                format!("max {} + {fusion} = {}", v(t), v(&c["claimed"])),
                format!("max {late} + {fusion} = {}", v(&c["actual"])),
            ]
        },
    ),
    row(
        "S13",
        Use::At(|c| vec![format!("(k := {}) (time := 1) (fusion := {})", v(&c["k"]), v(&c["Tf_over_T"]))]),
        |c| {
            let [k, s, f] = ["k", "speedup", "Tf_over_T"].map(|k| v(&c[k]));
            vec![format!("{k} * 1 / (1 + {k} * {f}) = ({s} : Real)")]
        },
    ),
    row(
        "S14",
        Use::At(|c| {
            let [k, star, all] = ["k", "star_messages", "all_to_all_2_phases"].map(|k| v(&c[k]));
            vec![format!("(phases := 2) (k := {k}) (star := {star}) (all_to_all := {all})")]
        }),
        none,
    ),
    row(
        "S15",
        Use::At(|c| {
            let votes = truths(&c["votes"], "right");
            let right: Vec<String> = votes.iter().map(|b| format!("fun m => {b}")).collect();
            let point =
                format!("(k := {}) (n := 1) (model := fun m => true) (right := [{}])", votes.len(), right.join(", "));
            vec![format!("{point} (specialist := 0) (acc_W := {}) (acc_F := {})", v(&c["acc_W_C"]), v(&c["acc_F"]))]
        }),
        none,
    ),
    row(
        "S16",
        Use::At(|c| {
            // A right voter fails; the others are in the table.
            let rest = truths(&c["alive"], "right");
            let (k, right, alive) = (rest.len() + 1, rest.join(", "), vec!["true"; rest.len()].join(", "));
            let point =
                format!("(k := {k}) (quality := vote_quality [true, {right}]) (alive := [false, {alive}]) (f := 1)");
            vec![format!("{point} (after := {})", v(&c["quality_after"]))]
        }),
        none,
    ),
    row(
        "S18",
        Use::At(|c| {
            let (n, x) = (len(&c["x"]), v(&c["x"]));
            let honest = format!("[{}]", vec!["0"; n].join(", "));
            let who = format!("[{}, true]", vec!["false"; n - 1].join(", "));
            vec![format!("(k := {n}) (x := {honest}) (y := {x}) (byzantine := {who}) (f := 1) (D := 0)")]
        }),
        |c| vec![format!("mean {} = {}", v(&c["x"]), v(&c["F"]))],
    ),
    row(
        "S19",
        Use::At(|c| {
            let [p, q] = [v(&c["p"][0]), v(&c["p"][1])];
            vec![format!("(m := 1) (valid := root_of_four) (p := [{p}]) (q := [{q}])")]
        }),
        |c| vec![format!("({} + {}) / 2 = ({} : Real)", v(&c["p"][0]), v(&c["p"][1]), v(&c["F"]))],
    ),
    row(
        "S21",
        // The bounds are rounded in the table; the claim takes them so.
        Use::At(|c| vec![format!("(S8 := {}) (S16 := {})", v(&c["S8"]), v(&c["S16"]))]),
        none,
    ),
    row("S22", Use::Reason("The table is given in words."), none),
    row("S23", Use::At(|c| vec![format!("(overhead := {}) (whole := {})", v(&c["overhead"]), v(&c["latency"]))]), none),
    row(
        "S25",
        Use::At(|c| {
            // The first and the last q workers as quorums; the Byzantine workers are in both, as far as there are any.
            let at = |n: u64| {
                let f = (n - 1) / 3;
                let q = 2 * f + 1;
                let set =
                    |member: &dyn Fn(u64) -> bool| (0..n).map(|i| member(i).to_string()).collect::<Vec<_>>().join(", ");
                let first_common = (n - q).min(n - f);
                let (a, b) = (set(&|i| i < q), set(&|i| i >= n - q));
                let byzantine = set(&|i| (first_common..first_common + f).contains(&i));
                format!("(n := {n}) (f := {f}) (q := {q}) (a := [{a}]) (b := [{b}]) (byzantine := [{byzantine}])")
            };
            list(&c["unsafe_rows"]).iter().map(|n| at(whole(n))).collect()
        }),
        none,
    ),
    row(
        "S28",
        Use::At(|c| {
            let group: Vec<String> = (0..4).map(|i| (i < whole(&c["have"])).to_string()).collect();
            vec![format!("(group := [{}]) (f := 1)", group.join(", "))]
        }),
        |c| vec![format!("2 * 1 + 1 = {}", v(&c["need"]))],
    ),
    row(
        "S29",
        Use::At(|c| {
            let (left, right) = (v(&c["left_slope"]), v(&c["right_slope"]));
            vec![format!("(n := 3) (b := 1) (x := [0, 0, -1]) (v := [1, 0, 0]) (left := {left}) (right := {right})")]
        }),
        none,
    ),
    row(
        "S30",
        Use::At(|c| {
            let [x, target, forced] = ["x", "target", "F_forced"].map(|k| v(&c[k]));
            let k = len(&c["x"]) - 1;
            vec![format!(
                "(k := {k}) (f := dot [1, 1]) (epsilon := {target} - {forced}) (x := {x}) (target := {target})"
            )]
        }),
        none,
    ),
    row("S31", Use::Reason("The points are given in words; the claim is refuted at them."), none),
    row(
        "S32",
        Use::At(|c| vec![format!("(chunks := {0}) (a := 0) (b := {1})", whole(&c["chunks"]), whole(&c["chunks"]) - 1)]),
        |c| {
            let need = whole(&c["need_layers"]);
            let chunks = v(&c["chunks"]);
            vec![format!("{chunks} <= pow2 {need}"), format!("pow2 {} < {chunks}", need - 1)]
        },
    ),
    row("S33", Use::At(|c| vec![format!("(layers := {})", whole(&c["N"]).ilog2())]), |c| {
        let (n, layers) = (v(&c["N"]), whole(&c["N"]).ilog2());
        vec![format!("{n} * {n} = {}", v(&c["dense"])), format!("2 * {n} * {layers} = {}", v(&c["params"]))]
    }),
    row(
        "S34",
        // The costs are rounded in the table; the claim takes them so.
        Use::At(|c| vec![format!("(per1000 := {}) (per1M := {})", v(&c["per1000"]), v(&c["per1M_1000workers"]))]),
        none,
    ),
    row(
        "S35",
        Use::At(|c| {
            let (before, after) = (&c["errors_before"], &c["after"]);
            assert_eq!(before[1], after[1]);
            vec![format!("(k := 2) (x := {}) (i := 0) (c := {}) (target := 0)", v(before), v(&after[0]))]
        }),
        |c| {
            let mean = |e: &Value, f: &Value| format!("({} + {}) / 2 = ({} : Real)", v(&e[0]), v(&e[1]), v(f));
            vec![mean(&c["errors_before"], &c["F_err"][0]), mean(&c["after"], &c["F_err"][1])]
        },
    ),
    row("S36", Use::At(|c| vec![format!("(i := 3) (e := {})", v(&c["eff"]))]), none),
];
