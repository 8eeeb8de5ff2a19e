//! Orders without gradients, and how orders are measured, on goals that are small enough to count by hand.
#![allow(clippy::unwrap_used)]

use bfv_engine_neural::{Asked, Data, Example, Features, Frequencies, Memory, Theorem, measure};

fn features(end: &[u64]) -> Features {
    Features { end: end.to_vec(), given: Vec::new() }
}

#[test]
fn what_helped_with_goals_alike_comes_first() {
    let goals = [features(&[1, 2]), features(&[1, 3]), features(&[8, 9])];
    let rare = Frequencies::of(goals.iter());
    let mut memory = Memory::default();
    for (goal, used) in goals.iter().zip([vec![10], vec![10, 11], vec![12]]) {
        memory.note(goal.clone(), used);
    }
    let near = memory.nearest(&features(&[1, 2]), 2, &rare);
    let score = |t: usize| near.get(&t).copied().unwrap_or(0.0);
    assert!(score(10) > score(11) && score(11) > score(12), "{near:?}");
    let bayes = |t: usize| memory.bayes(&features(&[1, 2]), t, &features(&[]), &rare);
    assert!(bayes(10) > bayes(12));
}

#[test]
fn recall_and_rank_are_those_of_what_is_wanted() {
    let example =
        Example { theorem: 20, used: vec![3, 7], root: Some(7), fitting: vec![7, 8], visible: (0..20).collect() };
    let none = Example { used: vec![40], root: None, ..example.clone() };
    let both = [example, none];
    let m = measure(both.iter(), Asked::Named, &mut |_, all| all.to_vec());
    assert_eq!((m.goals, m.candidates, m.recall, m.reciprocal), (1, 20.0, 1.0, 0.25));
    let m = measure(both.iter(), Asked::Named, &mut |_, all| all.iter().rev().copied().collect());
    assert_eq!((m.goals, m.recall), (1, 0.0));
    let m = measure(both.iter(), Asked::First, &mut |_, all| all.iter().rev().copied().collect());
    assert_eq!((m.candidates, m.recall, m.reciprocal), (2.0, 1.0, 0.5));
}

#[test]
fn data_is_read_as_it_was_written() {
    let theorem = Theorem { name: "m.t".to_owned(), module: "m".to_owned(), features: features(&[5, u64::MAX]) };
    let example = Example { theorem: 0, used: vec![1, 2], root: None, fitting: vec![3], visible: Vec::new() };
    let data = Data { theorems: vec![theorem], examples: vec![example] };
    let again = Data::read(&data.write()).unwrap();
    assert_eq!(again.write(), data.write());
    assert_eq!((again.theorems.len(), again.examples.len()), (1, 1));
    assert!(Data::read("goal,1").is_none() && Data::read("theorem,a,m,x,").is_none());
}
