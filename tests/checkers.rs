//! The kernel's own tests once more, under both checkers: every judgement of them is written as a sealed stored proof,
//! and the second checker must give the same answer from the bytes, for the same reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
// Each of the files below brings its own helpers, since each is a test of the kernel by itself.
#![allow(clippy::duplicate_mod)]

#[path = "../crates/kernel/tests/alike.rs"]
mod alike;
#[path = "../crates/kernel/tests/attacks.rs"]
mod attacks;
#[path = "../crates/kernel/tests/computations.rs"]
mod computations;
#[path = "../crates/kernel/tests/cubical.rs"]
mod cubical;
#[path = "../crates/kernel/tests/glue.rs"]
mod glue;
#[path = "../crates/kernel/tests/traps.rs"]
mod traps;

use bfv_format::{Stored, write};
use bfv_kernel::{Limits, Signature};

/// Test, reason of the kernel, reason of the second checker. The names begin with the number of the trap where there is one.
/// The reader that both share refuses some bytes before a checker sees them: a constant that does not come earlier,
/// and a fraction that is not in lowest terms. A test on a thread of its own has no name.
const TABLE: &[(&str, &str, &str)] = &[
    ("t01_type_in_type", "universe too small", "universe too small"),
    ("t02_hurkens", "universe too small", "universe too small"),
    ("t03_level_cheating", "type mismatch", "type mismatch"),
    ("t03_level_cheating", "universe too small", "universe too small"),
    ("t04_negative_data_type", "not strictly positive", "not strictly positive"),
    ("t05_positivity_through_an_alias_or_parameter", "not strictly positive", "not strictly positive"),
    ("t06_a_declaration_does_not_see_itself", "unknown constant", "unreadable"),
    ("t07_recursion_through_a_transported_type", "not strictly positive", "not strictly positive"),
    ("t07_recursion_through_a_transported_type", "type mismatch", "type mismatch"),
    ("t07_recursion_through_a_transported_type", "unknown constant", "unreadable"),
    ("t09_side_disagrees_with_base_wherever_it_stands", "side disagrees with base", "side disagrees with base"),
    ("t10_sides_disagree_on_the_overlap", "faces disagree", "faces disagree"),
    ("t11_nothing_is_regular", "wrong path endpoint", "wrong path endpoint"),
    ("t12_a_side_is_not_used_outside_of_its_face", "type mismatch", "type mismatch"),
    ("t13_coe_runs_along_types_from_its_start", "not a type", "not a type"),
    ("t13_coe_runs_along_types_from_its_start", "type mismatch", "type mismatch"),
    ("t14_dimensions_out_of_scope_and_constant_faces", "dimension out of scope", "dimension out of scope"),
    ("t14_dimensions_out_of_scope_and_constant_faces", "type mismatch", "type mismatch"),
    ("t14_dimensions_out_of_scope_and_constant_faces", "variable out of scope", "variable out of scope"),
    ("t15_true_is_not_false", "wrong path endpoint", "wrong path endpoint"),
    ("t16_both_ends_are_checked", "not a function", "not a function"),
    ("t16_both_ends_are_checked", "not a path", "not a path"),
    ("t16_both_ends_are_checked", "wrong path endpoint", "wrong path endpoint"),
    ("t18_a_false_face_does_not_leak", "wrong path endpoint", "wrong path endpoint"),
    ("t21_substitution_of_a_diagonal", "wrong path endpoint", "wrong path endpoint"),
    ("t32_holes_and_borrowed_evidence", "type mismatch", "type mismatch"),
    ("t32_holes_and_borrowed_evidence", "unknown constant", "unreadable"),
    ("t37_order_is_not_decided_for_variables", "wrong path endpoint", "wrong path endpoint"),
    ("t38_the_interval_is_not_a_type_of_numbers", "not a function", "not a function"),
    ("t38_the_interval_is_not_a_type_of_numbers", "type mismatch", "type mismatch"),
    ("t38_the_interval_is_not_a_type_of_numbers", "wrong path endpoint", "wrong path endpoint"),
    ("t39_a_side_that_decides_reals_does_not_let_hcom_compute", "wrong path endpoint", "wrong path endpoint"),
    ("t40_refuting_rules_prove_falsehood_only", "type mismatch", "type mismatch"),
    ("t40_refuting_rules_prove_falsehood_only", "unknown constant", "unreadable"),
    ("t40_refuting_rules_prove_falsehood_only", "wrong path endpoint", "wrong path endpoint"),
    ("t41_axioms_over_types", "axiom over types", "axiom over types"),
    (
        "t43_contradictory_hypotheses_stay_in_the_statement",
        "certificate does not sum to a contradiction",
        "certificate does not sum to a contradiction",
    ),
    ("t43_contradictory_hypotheses_stay_in_the_statement", "type mismatch", "type mismatch"),
    (
        "t44_rules_follow_substitution_and_keep_their_numbering",
        "ill-formed arithmetic tree",
        "ill-formed arithmetic tree",
    ),
    (
        "t44_rules_follow_substitution_and_keep_their_numbering",
        "sides are different polynomials",
        "sides are different polynomials",
    ),
    ("t44_rules_follow_substitution_and_keep_their_numbering", "type mismatch", "type mismatch"),
    ("t45_numbers_agree_with_the_unary_equations_at_the_borders", "wrong path endpoint", "wrong path endpoint"),
    ("t46_rationals_are_in_lowest_terms", "rational not in lowest terms", "unreadable"),
    ("t47_a_displaced_constant_keeps_its_level", "type mismatch", "type mismatch"),
    ("t47_a_displaced_constant_keeps_its_level", "universe too small", "universe too small"),
    ("t47_a_displaced_constant_keeps_its_level", "wrong path endpoint", "wrong path endpoint"),
    ("t15_transport_moves_and_does_not_identify", "part disagrees with base", "part disagrees with base"),
    ("t15_transport_moves_and_does_not_identify", "type mismatch", "type mismatch"),
    ("t15_transport_moves_and_does_not_identify", "wrong path endpoint", "wrong path endpoint"),
    ("a_side_is_unglued_under_its_face", "wrong path endpoint", "wrong path endpoint"),
    ("a_side_computes_under_its_face_only", "part disagrees with base", "part disagrees with base"),
    ("a_side_computes_under_its_face_only", "wrong path endpoint", "wrong path endpoint"),
    ("t27_a_boundary_lies_at_ends_of_dimensions", "boundary not of constructors", "boundary not of constructors"),
    ("t27_a_boundary_lies_at_ends_of_dimensions", "dimension out of scope", "dimension out of scope"),
    ("t24_glued_elements_are_compared_in_every_face", "faces disagree", "faces disagree"),
    ("t26_branches_respect_boundaries", "boundary disagrees", "boundary disagrees"),
    ("t26_branches_respect_boundaries", "dimension out of scope", "dimension out of scope"),
    ("t26_branches_respect_boundaries", "type mismatch", "type mismatch"),
    ("t26_branches_respect_boundaries", "wrong number of arguments", "wrong number of arguments"),
    ("t26_branches_respect_boundaries", "wrong path endpoint", "wrong path endpoint"),
    (
        "t27_boundaries_speak_of_earlier_constructors_only",
        "boundary not of constructors",
        "boundary not of constructors",
    ),
    ("t27_boundaries_speak_of_earlier_constructors_only", "faces disagree", "faces disagree"),
    ("t27_boundaries_speak_of_earlier_constructors_only", "not strictly positive", "not strictly positive"),
    ("t27_boundaries_speak_of_earlier_constructors_only", "type mismatch", "type mismatch"),
    ("t27_boundaries_speak_of_earlier_constructors_only", "universe too small", "universe too small"),
    ("t28_a_truncation_hides", "boundary disagrees", "boundary disagrees"),
    ("t28_a_truncation_hides", "type mismatch", "type mismatch"),
    ("t28_a_truncation_hides", "wrong path endpoint", "wrong path endpoint"),
    ("t22_bogus_equivalences", "faces disagree", "faces disagree"),
    ("t22_bogus_equivalences", "type mismatch", "type mismatch"),
    ("t22_bogus_equivalences", "wrong path endpoint", "wrong path endpoint"),
    ("t23_parts_lie_over_the_base", "cannot infer", "cannot infer"),
    ("t23_parts_lie_over_the_base", "part disagrees with base", "part disagrees with base"),
    ("t23_parts_lie_over_the_base", "type mismatch", "type mismatch"),
    ("t23_parts_lie_over_the_base", "wrong path endpoint", "wrong path endpoint"),
    ("t24_glued_elements_are_compared_in_every_face", "wrong path endpoint", "wrong path endpoint"),
    ("systems_are_sets", "wrong path endpoint", "wrong path endpoint"),
    ("t20_for_all_is_not_at_zero", "wrong path endpoint", "wrong path endpoint"),
    ("t19_composites_of_types", "faces disagree", "faces disagree"),
    ("t19_composites_of_types", "side disagrees with base", "side disagrees with base"),
    ("t19_composites_of_types", "universe too small", "universe too small"),
    ("t19_composites_of_types", "wrong path endpoint", "wrong path endpoint"),
    ("t47_displaced_path_constructors", "type mismatch", "type mismatch"),
    ("t47_displaced_path_constructors", "universe too small", "universe too small"),
    ("t31_direction_of_coe_at_path_constructors", "wrong path endpoint", "wrong path endpoint"),
    ("truncated_subtraction_is_no_difference", "ill-formed arithmetic tree", "ill-formed arithmetic tree"),
    ("truncated_subtraction_is_no_difference", "sides are different polynomials", "sides are different polynomials"),
    ("truncated_subtraction_is_no_difference", "wrong path endpoint", "wrong path endpoint"),
    ("", "budget", "budget"),
    ("", "type mismatch", "type mismatch"),
    ("a_displaced_axiom_is_the_axiom_or_another_type", "wrong path endpoint", "wrong path endpoint"),
    (
        "atoms_have_the_sorts_that_they_are_said_to_have",
        "certificate does not sum to a contradiction",
        "certificate does not sum to a contradiction",
    ),
    ("atoms_have_the_sorts_that_they_are_said_to_have", "cut does not divide", "cut does not divide"),
    ("atoms_have_the_sorts_that_they_are_said_to_have", "ill-formed arithmetic tree", "ill-formed arithmetic tree"),
    ("atoms_have_the_sorts_that_they_are_said_to_have", "type mismatch", "type mismatch"),
    ("c04_coe_at_nat_is_the_identity", "wrong path endpoint", "wrong path endpoint"),
    ("c10_eta", "wrong path endpoint", "wrong path endpoint"),
    ("c25_lists_are_coerced_elementwise", "wrong path endpoint", "wrong path endpoint"),
    ("c26_double_symmetry_is_not_definitional", "wrong path endpoint", "wrong path endpoint"),
    ("composition_at_data_with_parameters_compares_fields", "side disagrees with base", "side disagrees with base"),
    ("composition_at_data_with_parameters_compares_fields", "type mismatch", "type mismatch"),
    ("composition_at_data_with_parameters_compares_fields", "wrong number of arguments", "wrong number of arguments"),
    ("composition_at_data_with_parameters_compares_fields", "wrong path endpoint", "wrong path endpoint"),
    ("cumulativity_stops_where_the_page_says", "type mismatch", "type mismatch"),
    ("one_body_under_two_definitions", "wrong path endpoint", "wrong path endpoint"),
    ("the_ends_of_a_line_of_types_are_others", "type mismatch", "type mismatch"),
    ("displacements_and_levels_are_compared_wherever_they_stand", "wrong path endpoint", "wrong path endpoint"),
    ("displacements_and_levels_are_compared_wherever_they_stand", "type mismatch", "type mismatch"),
    ("what_looks_different_may_be_the_same", "wrong path endpoint", "wrong path endpoint"),
    (
        "cuts_round_down_below_zero_too",
        "certificate does not sum to a contradiction",
        "certificate does not sum to a contradiction",
    ),
    ("cuts_round_down_below_zero_too", "ill-formed arithmetic tree", "ill-formed arithmetic tree"),
    ("declarations_do_not_refer_forwards_or_sideways", "not strictly positive", "not strictly positive"),
    ("declarations_do_not_refer_forwards_or_sideways", "not strictly positive", "unreadable"),
    ("declarations_do_not_refer_forwards_or_sideways", "unknown constant", "unreadable"),
    ("declarations_do_not_refer_forwards_or_sideways", "unknown constant", "unknown constant"),
    ("declarations_do_not_refer_forwards_or_sideways", "wrong number of arguments", "wrong number of arguments"),
    ("declarations_do_not_refer_forwards_or_sideways", "wrong path endpoint", "wrong path endpoint"),
    ("definitions_displace", "universe too small", "universe too small"),
    ("eliminators_of_data_compute", "wrong number of arguments", "wrong number of arguments"),
    ("faces_are_not_mixed_up", "side disagrees with base", "side disagrees with base"),
    ("integers_and_reals_compute_on_literals", "wrong path endpoint", "wrong path endpoint"),
    ("only_unit_has_eta", "wrong path endpoint", "wrong path endpoint"),
    ("opaque_evidence_does_not_unfold", "wrong path endpoint", "wrong path endpoint"),
    (
        "products_are_unknowns_of_their_own_in_linear_reasoning",
        "certificate does not sum to a contradiction",
        "certificate does not sum to a contradiction",
    ),
    ("products_are_unknowns_of_their_own_in_linear_reasoning", "cut does not divide", "cut does not divide"),
    ("stuck_numbers_do_not_decide", "wrong path endpoint", "wrong path endpoint"),
];

/// The second checker's answer to bytes, on the stack that it asks for: the reason of a refusal.
fn recheck(bytes: Vec<u8>) -> Result<bfv_recheck::Report, String> {
    let limits = bfv_recheck::Limits { steps: 20_000_000, ..bfv_recheck::Limits::default() };
    let run = move || bfv_recheck::recheck(&bytes, limits).map_err(|r| r.reason.to_owned());
    std::thread::Builder::new().stack_size(1 << 30).spawn(run).unwrap().join().unwrap()
}

/// Called by the tests above for each of their judgements, with the reason for which the kernel must refuse it.
#[track_caller]
fn second(stored: &Stored, reason: Option<&str>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or_default().rsplit("::").next().unwrap_or_default();
    let answer = recheck(write(stored)).map(|report| report.axioms);
    match (reason, answer) {
        (None, Ok(axioms)) => assert_eq!(axioms, kernel_axioms(stored), "{name}: the two name other axioms"),
        (None, Err(second)) => panic!("{name}: the kernel accepts, the second checker says {second}"),
        (Some(first), Ok(_)) => panic!("{name}: the kernel says {first}, the second checker accepts"),
        (Some(first), Err(second)) => {
            let row = (name, first, second.as_str());
            assert!(TABLE.contains(&row), "not in the table: {row:?}");
        }
    }
}

/// The axioms that the kernel names for a stored proof that it accepts.
fn kernel_axioms(stored: &Stored) -> Vec<String> {
    let mut s = Signature::new();
    for d in &stored.decls {
        s.add(d.clone(), Limits::default()).unwrap();
    }
    s.prove(&stored.statement, &stored.evidence, Limits::default()).unwrap().axioms().to_vec()
}

#[test]
fn every_trap_has_a_row_and_every_row_one_pair_of_reasons() {
    let traps = [
        "01", "02", "03", "04", "05", "06", "07", "09", "10", "11", "12", "13", "14", "15", "16", "18", "19", "20",
        "21",
    ];
    let more = ["22", "23", "24", "26", "27", "28", "31", "32", "37", "38", "39", "40", "41", "43", "44", "46", "47"];
    for n in traps.iter().chain(&more) {
        assert!(TABLE.iter().any(|(name, ..)| name.starts_with(&format!("t{n}_"))), "trap {n}");
    }
    // The second checker gives the kernel's reason, unless the reader was first.
    for (name, first, second) in TABLE {
        assert!(first == second || *second == "unreadable", "{name}");
    }
}
