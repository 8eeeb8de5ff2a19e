//! The counterexamples with numbers of the table of claims, put into the formal claims: the kernel must refute each claim exactly there.
//!
//! The table lies outside the project. Where it is not found, there is nothing to compare with, and the tests say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod claims;
mod project;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How the numbers of a row reach its claim. `c` is the counterexample of the table; what is not in it stands here as written.
enum Use {
    /// Values for the claim's variables, each a `refuted at` of its own; the script of the claim itself closes what is left,
    /// unless the text ends with one.
    At(fn(&Value) -> Vec<String>),
    /// Why the numbers cannot be used.
    Reason(&'static str),
}

struct Row {
    id: &'static str,
    how: Use,
    /// Statements about the numbers of the table that must be proved: results that it gives for the counterexample.
    results: fn(&Value) -> Vec<String>,
}

const fn row(id: &'static str, how: Use, results: fn(&Value) -> Vec<String>) -> Row {
    Row { id, how, results }
}

fn none(_: &Value) -> Vec<String> {
    Vec::new()
}

/// A number or a list of numbers of the table, exactly, as the language writes it.
fn v(value: &Value) -> String {
    let text = match value {
        Value::Array(items) => return format!("[{}]", items.iter().map(v).collect::<Vec<_>>().join(", ")),
        Value::String(s) => s.trim().to_owned(),
        Value::Number(n) => without_exponent(&n.to_string()),
        other => panic!("no number: {other}"),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |d| ("-", d));
    let digits = digits.strip_suffix(".0").unwrap_or(digits);
    let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits.to_owned() };
    assert!(digits.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '/'), "no exact number: {text}");
    if sign.is_empty() && !digits.contains('/') { digits } else { format!("({sign}{digits})") }
}

/// A number such as 1e-12, as a fraction.
fn without_exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = i64::try_from(fraction.len()).unwrap() - exponent.parse::<i64>().unwrap();
    let zeros = "0".repeat(usize::try_from(places.abs()).unwrap());
    if places > 0 { format!("{whole}{fraction}/1{zeros}") } else { format!("{whole}{fraction}{zeros}") }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn len(value: &Value) -> usize {
    list(value).len()
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// All but the last element.
fn init(value: &Value) -> Value {
    Value::Array(list(value)[..len(value) - 1].to_vec())
}

fn last(value: &Value) -> &Value {
    list(value).last().unwrap()
}

/// A list of vectors of one number each.
fn column<'a>(parts: impl IntoIterator<Item = &'a Value>) -> String {
    let items: Vec<String> = parts.into_iter().flat_map(list).map(|x| format!("[{}]", v(x))).collect();
    format!("[{}]", items.join(", "))
}

/// What stands after the last equals sign of each part of "M(x)=0,M(x')=1".
fn values(words: &Value) -> Vec<&str> {
    words.as_str().unwrap().split(',').map(|part| part.rsplit('=').next().unwrap()).collect()
}

/// The two numbers in words such as "(w,x)=(0,1) -> 0".
fn pair(words: &Value) -> (&str, &str) {
    words.as_str().unwrap().rsplit_once('(').unwrap().1.split_once(')').unwrap().0.split_once(',').unwrap()
}

/// Truth values from words, such as "right".
fn truths(words: &Value, yes: &str) -> Vec<&'static str> {
    list(words).iter().map(|w| if w == yes { "true" } else { "false" }).collect()
}

const ROWS: &[Row] = &[
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
    row(
        "C04",
        Use::At(|c| vec![format!("(d := twice_abs) (left := {}) (right := {})", v(&c["left"]), v(&c["right"]))]),
        none,
    ),
    row(
        "C18",
        Use::At(|c| {
            vec![format!("(d := smoothstep_slopes) (left := {}) (right := {})", v(&c["left"]), v(&c["right"]))]
        }),
        none,
    ),
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
    row(
        "R28",
        Use::At(|c| {
            vec![format!("(n := 2) (y := third_output) (left := {}) (right := {})", v(&c["left"]), v(&c["right"]))]
        }),
        none,
    ),
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

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Counterexamples by row, for rows that are not simply true; nothing without the table.
fn table() -> Option<BTreeMap<String, Value>> {
    let path = root().join("../shared/claims/fusion_claims.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("Not compared: there is no table of claims at ../shared/claims.");
        return None;
    };
    let document: Value = serde_json::from_str(&text).unwrap();
    let rows = document["rows"].as_array().unwrap();
    Some(rows.iter().map(|r| (r["id"].as_str().unwrap().to_owned(), r["evidence"]["counterexample"].clone())).collect())
}

/// Whether a counterexample says anything beside its row.
fn says_something(c: &Value) -> bool {
    c.as_object().is_some_and(|o| !o.is_empty())
}

/// A row in the examples: the file without its claims, and the claim of the row.
struct Formal {
    file: String,
    rest: String,
    claim: String,
}

impl Formal {
    /// The file with only this claim, refuted at a point, by the claim's own script unless the point brings one.
    fn at(&self, point: &str) -> String {
        let (statement, script) = taken_apart(&self.claim);
        let claim = match (point, script) {
            (at, _) if at.contains(" by\n") => format!("{statement}\nrefuted at {at}"),
            (at, Some(script)) => format!("{statement}\nrefuted at {at} by\n  {script}"),
            (at, None) => format!("{statement}\nrefuted at {at}"),
        };
        format!("{}\n\n@[expect refuted]\n{claim}\n", self.rest)
    }
}

/// The claims named by a row of the table, such as `a04` and not `a04_tight`.
/// Rows that begin with K are this project's own: they are in no table, and `tests/rows.rs` says how they are decided.
fn formal() -> BTreeMap<String, Formal> {
    let mut out = BTreeMap::new();
    for rows in claims::rows() {
        for claim in rows.claims {
            let name = claim.name;
            // Rows of this project's own, H and K, are in no table.
            if name.len() == 3 && !name.starts_with(['h', 'k']) && name[1..].chars().all(|c| c.is_ascii_digit()) {
                let found = Formal { file: rows.file.clone(), rest: rows.rest.clone(), claim: claim.text };
                assert!(out.insert(name.to_uppercase(), found).is_none(), "{name} is claimed twice");
            }
        }
    }
    assert!(out.len() >= 50, "{} rows", out.len());
    out
}

/// The statement of a claim, and the script of its `refuted at`, where it has one.
fn taken_apart(claim: &str) -> (&str, Option<&str>) {
    let Some((statement, at)) = claim.split_once("refuted at") else { return (claim, None) };
    let script = at.find(" by\n").or_else(|| at.find(" by ")).map(|n| at[n + 4..].trim());
    (statement.trim_end(), script)
}

#[test]
fn every_counterexample_with_numbers_refutes_its_claim() {
    let Some(table) = table() else { return };
    let formal = formal();
    let dir = std::env::temp_dir().join(format!("bfv-counterexamples-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (mut refuted, mut results, mut reasons, mut missing) = (0, 0, Vec::new(), Vec::new());
    for (id, f) in &formal {
        let Some(c) = table.get(id) else { panic!("{id} in {} is no row of the table", f.file) };
        if !says_something(c) {
            continue;
        }
        let Some(row) = ROWS.iter().find(|r| r.id == id) else {
            missing.push(format!("{id}: {c}"));
            continue;
        };
        let points = match row.how {
            Use::At(make) => make(c),
            Use::Reason(why) => {
                reasons.push(format!("{id}: {why}"));
                continue;
            }
        };
        for (n, point) in points.iter().enumerate() {
            let mut text = f.at(point);
            let wanted = if n == 0 { (row.results)(c) } else { Vec::new() };
            for (k, statement) in wanted.iter().enumerate() {
                text += &format!("\nclaim result_{k} : {statement}\n");
            }
            judge(&dir, id, &text, wanted.len());
            refuted += 1;
            results += wanted.len();
        }
    }
    std::fs::remove_dir_all(dir).unwrap();
    assert!(
        missing.is_empty(),
        "rows with a counterexample and neither a mapping nor a reason in tests/counterexamples.rs: {missing:#?}"
    );
    println!("Counterexamples of the table: {refuted} refute their claim, {results} results of theirs are proved.");
    for r in &reasons {
        println!("Not used, {r}");
    }
    assert!(refuted >= 45 && results >= 25, "{refuted} {results}");
}

/// The claim is refuted at the point that is given, and every result is proved.
fn judge(dir: &Path, id: &str, text: &str, results: usize) {
    std::fs::write(dir.join("m.sctt"), text).unwrap();
    let said = project::run(dir, &["check", "m.sctt", "--format", "json"]);
    assert_eq!(said.code, 0, "{id}: {}{}\n{text}", said.out, said.err);
    let goals = said.json()["goals"].as_array().unwrap().clone();
    assert_eq!(goals.len(), results + 1, "{id}");
    let claim = goals.iter().find(|g| g["name"] == format!("m.{}", id.to_lowercase())).unwrap();
    assert_eq!(claim["verdict"], "refuted", "{id}");
    assert_eq!(claim["proof"]["engine"], "source", "{id}");
    assert!(claim["counterexample"].is_array(), "{id}");
    assert!(goals.iter().all(|g| g["name"] == claim["name"] || g["verdict"] == "proved"), "{id}");
}

/// The substitution is not vacuous: a number changed in the table is noticed, by the same script that takes the right one.
#[test]
fn a_changed_number_would_be_noticed() {
    let Some(mut table) = table() else { return };
    let formal = formal();
    let dir = std::env::temp_dir().join(format!("bfv-counterexamples-changed-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    for (id, key, changed) in [
        ("A04", "w", json!([1, 0])),
        ("A11", "denominator", json!(1)),
        ("A20", "S", json!([1])),
        ("A16", "q", json!("(w,x)=(0,1)")),
        ("R16", "n", json!(8)),
        ("S03", "cos", json!(1)),
        ("S04", "forced_cos_at_least", json!(0.98)),
        ("S08", "lhs_at_x", json!("1/3")),
        ("S09", "claimed_bound", json!("1/2")),
        ("S11", "fused", json!("1/2")),
        ("S14", "k", json!(63)),
        ("S15", "acc_F", json!(1)),
        ("S16", "quality_after", json!(1)),
        ("S19", "p", json!([2, 2])),
        ("S21", "S8", json!(3.433)),
        ("S23", "overhead", json!(46)),
        ("S25", "unsafe_rows", json!([4])),
        ("S29", "left_slope", json!(0)),
        ("C04", "left", json!(0)),
        ("C18", "right", json!(0)),
        ("C24", "jump", json!("1/2")),
        ("R28", "right", json!(0)),
        ("S30", "target", json!(1)),
        ("S32", "chunks", json!(512)),
        ("S34", "per1000", json!(2.063)),
        ("S36", "eff", json!(0.32)),
        ("P12", "expected", json!(2048)),
        ("D10", "mid", json!(2)),
        ("C07", "x", json!([0])),
        ("D07", "pool", json!(1)),
        ("D13", "mid", json!("1/8")),
        ("E03", "norm_sq", json!("1/3")),
        ("E05", "F", json!([0, 0.5])),
        ("R08", "F", json!([0, 0, 1])),
        ("R19", "x", json!([0, 2])),
        ("R25", "Var_S", json!(1)),
        ("S06", "claimed", json!("1/3")),
        ("S06", "true_grad_theta1", json!("3/2")),
    ] {
        let c = table.get_mut(id).unwrap();
        let right = std::mem::replace(&mut c[key], changed);
        let row = ROWS.iter().find(|r| r.id == id).unwrap();
        let Use::At(make) = row.how else { panic!("{id}") };
        let text = formal[id].at(&make(c)[0]);
        c[key] = right;
        std::fs::write(dir.join("m.sctt"), &text).unwrap();
        let said = project::run(&dir, &["check", "m.sctt"]);
        assert_eq!(said.code, 3, "{id} {key}: {}\n{text}", said.out);
    }
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn rows_are_listed_once_and_numbers_are_exact() {
    let mut ids: Vec<&str> = ROWS.iter().map(|r| r.id).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|w| w[0] != w[1]));
    let text = |s: &str| v(&serde_json::from_str(s).unwrap());
    assert_eq!(
        text("[2, -1, \"3/5\", \".1\", 0.1, 1000000000000.0, -2.0, 1e-12]"),
        "[2, (-1), (3/5), 0.1, 0.1, 1000000000000, (-2), (1/1000000000000)]"
    );
}
