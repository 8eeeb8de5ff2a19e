//! Claims about spherical interpolation of two models.

use crate::combination::{head, place_binder, place_value, read};
use crate::file::{Evidence, File, all, prove_all};
use crate::mergekit::Merge;
use crate::number::{Num, shown};
use crate::parts::Part;
use crate::yaml::printable;
use crate::{Fault, Written};
use num_traits::{One, Zero};

/// Writes the file.
pub fn write(merge: &Merge) -> Written {
    let mut head = head(merge);
    head.push("Models have length one here: mergekit takes the angle from the models scaled to that.".to_owned());
    let mut file = File::new(&head, &["std.slerp"]);
    file.notes.clone_from(&merge.notes);
    let layered = merge.parts.iter().any(Part::layered);
    for p in &merge.parts {
        let which = if p.suffix.is_empty() { String::new() } else { format!(" For {}.", printable(&p.says)) };
        file.declare(
            &format!("How far the merge goes from the base, at 0, to the other model, at 1.{which}"),
            &definition(p),
        );
    }
    guard(merge, &mut file, layered);
    straight(merge, &mut file, layered);
    if beyond(merge).is_some() {
        file.notes.push("More claims follow once that is mended.".to_owned());
    } else {
        length(merge, &mut file, layered);
        arc(merge, &mut file);
        order(merge, &mut file);
        file.notes.push(
            "Left out: how far the merge moves when the models move, for slerp jumps where it takes the straight line."
                .to_owned(),
        );
    }
    file.done(&merge.module, read(merge))
}

/// The definition of t.
fn definition(p: &Part) -> String {
    if p.layered() {
        format!("{}\ndef t{} (s : Real) : Real := turn{} s 0", p.definition("turn"), p.suffix, p.suffix)
    } else {
        format!("def t{} : Real := {}", p.suffix, shown(&p.rows[0][0]))
    }
}

/// A proof that t is between 0 and 1, where it is.
fn in_range(p: &Part) -> String {
    if p.layered() {
        format!("along_between 0 1 {} (by {{ arith }}) 0", p.along("hs.1"))
    } else {
        "by { arith }".to_owned()
    }
}

fn guard(merge: &Merge, file: &mut File, layered: bool) {
    let name = "t_is_between_0_and_1";
    let says = "The merge goes from one model to the other, and not beyond them.";
    let statement = |p: &Part| format!("0 <= {t} /\\ {t} <= 1", t = p.at_s("t"));
    if let Some((p, row)) = beyond(merge) {
        let point = place_value(p.layered(), p, row);
        file.claim(
            says,
            &format!("{name}{}", place_binder(p.layered())),
            &statement(p),
            &Evidence::Wrong(point.trim_start()),
        );
        let what = format!(
            "The parameter t is {}, and slerp goes from the base at 0 to the other model at 1.",
            shown(&p.rows[row][0])
        );
        file.guard(name, Fault::new(what, Some(p.at), "give t a value from 0 to 1."));
        return;
    }
    let statements: Vec<String> = merge.parts.iter().map(|p| format!("({})", statement(p))).collect();
    let scripts: Vec<String> = merge
        .parts
        .iter()
        .map(|p| if p.layered() { format!("exact {}", in_range(p)) } else { "arith".to_owned() })
        .collect();
    file.claim(
        says,
        &format!("{name}{}", place_binder(layered)),
        &all(&statements),
        &Evidence::Proof(&prove_all(&scripts)),
    );
}

/// A place at which t is not between 0 and 1.
fn beyond(merge: &Merge) -> Option<(&Part, usize)> {
    let outside = |t: &Num| *t < Num::zero() || *t > Num::one();
    merge.parts.iter().find_map(|p| p.rows.iter().position(|r| outside(&r[0])).map(|row| (p, row)))
}

fn length(merge: &Merge, file: &mut File, layered: bool) {
    let statements: Vec<String> = merge.parts.iter().map(|p| format!("KeepsLengthOne {}", p.at_s("t"))).collect();
    let scripts: Vec<String> =
        merge.parts.iter().map(|p| format!("exact slerp_keeps_length {}", p.at_s("t"))).collect();
    let name = format!("keeps_the_norm_unless_nearly_parallel{}", place_binder(layered));
    file.claim(
        "Models of length one with a cosine within 0.9995 of zero give a merge of length one.",
        &name,
        &all(&statements),
        &Evidence::Proof(&prove_all(&scripts)),
    );
    let inside = |t: &Num| !t.is_zero() && !t.is_one();
    let Some((p, row)) = merge.parts.iter().find_map(|p| p.rows.iter().position(|r| inside(&r[0])).map(|row| (p, row)))
    else {
        return;
    };
    let head = format!(
        "keeps_the_norm {{d : Nat}}{} (u v whole : Real) (base other : Vec d Real) (hb : IsUnit base) (ho : IsUnit other)",
        place_binder(p.layered())
    );
    let statement = format!("IsUnit (slerp_merge {} u v whole base other)", p.at_s("t"));
    let point = format!(
        "(d := 1){} (u := 0) (v := 0) (whole := 1) (base := [1]) (other := [-1])",
        place_value(p.layered(), p, row)
    );
    file.claim("The norm is not always kept: opposite models are merged on the straight line, whatever the sines u, v and whole.", &head, &statement, &Evidence::Point(&point, ""));
}

/// Whether the merge stays between the models where it takes the straight line.
fn straight(merge: &Merge, file: &mut File, layered: bool) {
    let binders = "(u v whole : Real) (base other : Vec d Real) (near : 0.9995 < abs (dot base other)) (j : Fin d)";
    let statement = |p: &Part| {
        let m = format!("slerp_merge {} u v whole base other j", p.at_s("t"));
        format!("(min [base j, other j] <= {m} /\\ {m} <= max [base j, other j])")
    };
    let name = "stays_between_models_that_are_nearly_parallel";
    if let Some((p, row)) = beyond(merge) {
        let head = format!("{name} {{d : Nat}}{} {binders}", place_binder(p.layered()));
        let point = format!(
            "(d := 1){} (u := 0) (v := 0) (whole := 1) (base := [1]) (other := [-1]) (j := 0)",
            place_value(p.layered(), p, row)
        );
        file.claim(
            "On the straight line the merge goes beyond the two models.",
            &head,
            &statement(p),
            &Evidence::Point(&point, ""),
        );
    } else {
        let statements: Vec<String> = merge.parts.iter().map(statement).collect();
        let scripts: Vec<String> = merge
            .parts
            .iter()
            .map(|p| format!("exact slerp_near {} u v whole base other ({}) near j", p.at_s("t"), in_range(p)))
            .collect();
        let head = format!("{name} {{d : Nat}}{} {binders}", place_binder(layered));
        file.claim(
            "On the straight line no parameter leaves the range of the two models.",
            &head,
            &all(&statements),
            &Evidence::Proof(&prove_all(&scripts)),
        );
    }
}

/// Whether it stays between them on the arc: not halfway, should t be one half anywhere.
fn arc(merge: &Merge, file: &mut File) {
    let half = Num::new(1.into(), 2.into());
    let meets = |p: &Part| {
        p.rows.iter().any(|r| r[0] == half) || p.rows.windows(2).any(|w| (w[0][0] < half) != (w[1][0] < half))
    };
    if merge.parts.iter().any(meets) {
        let head = "stays_between_the_models_halfway {d : Nat} (u cu : Real) (base other : Vec d Real) (hu : u * u + cu * cu = 1) \
            (angle : cu * cu - u * u = dot base other) (hb : IsUnit base) (ho : IsUnit other) (j : Fin d)";
        let m = "slerp_merge (1/2) u u (2 * u * cu) base other j";
        let statement = format!("min [base j, other j] <= {m} /\\ {m} <= max [base j, other j]");
        let point = "(d := 2) (u := 3/5) (cu := 4/5) (base := [4/5, -3/5]) (other := [4/5, 3/5]) (j := 0)";
        file.claim("On the arc a parameter can leave that range: here halfway, where both parts of the angle have the sine u and the cosine cu.", head, &statement, &Evidence::Point(point, ""));
    }
}

fn order(merge: &Merge, file: &mut File) {
    let half = Num::new(1.into(), 2.into());
    let Some((p, row)) = merge.parts.iter().find_map(|p| p.rows.iter().position(|r| r[0] != half).map(|row| (p, row)))
    else {
        return;
    };
    let t = p.at_s("t");
    let head = format!(
        "models_can_be_swapped {{d : Nat}}{} (u v whole : Real) (base other : Vec d Real) (j : Fin d) (hb : IsUnit base) (ho : IsUnit other)",
        place_binder(p.layered())
    );
    let statement = format!("slerp_merge {t} v u whole other base j = slerp_merge {t} u v whole base other j");
    let point = format!(
        "(d := 1){} (u := 0) (v := 0) (whole := 1) (base := [1]) (other := [-1]) (j := 0)",
        place_value(p.layered(), p, row)
    );
    file.claim(
        "The order of the models matters: the base is the one that t at 0 gives.",
        &head,
        &statement,
        &Evidence::Point(&point, ""),
    );
}
