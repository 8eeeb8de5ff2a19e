//! Both checkers on random declarations of data types and axioms, right and wrong: the same answer, for the same reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreement;
#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;
use agreement::{Count, Dice, compare_decl};
use bfv_format::{DataRef, Node, Prim, Term};
use common::*;

/// The position of the data type that is declared.
const OWN: u32 = 3;

/// A type in a scope of so many variables, the first of which are types.
fn ty(dice: &mut Dice, vars: u32, types: u32, fuel: u32) -> Term {
    let own = |dice: &mut Dice| {
        let shift = u32::from(dice.roll(12) == 0);
        // The parameters themselves, now and then something else.
        let params = (0..types).map(|n| if dice.roll(10) == 0 { nat() } else { v(vars - 1 - n) }).collect();
        t(Node::Data(DataRef { id: OWN, shift }, params))
    };
    let leaf = fuel == 0;
    match dice.roll(if leaf { 5 } else { 12 }) {
        0 => nat(),
        1 => u(dice.roll(2)),
        2 if types > 0 => v(vars - 1 - dice.roll(types)),
        3 | 4 => own(dice),
        5 | 6 => pi(ty(dice, vars, types, fuel - 1), ty(dice, vars + 1, types, fuel - 1)),
        7 => sigma(ty(dice, vars, types, fuel - 1), ty(dice, vars + 1, types, fuel - 1)),
        8 => data_at(0, vec![ty(dice, vars, types, fuel - 1)]),
        9 => app(if dice.roll(2) == 0 { c(1) } else { raised(1, 1) }, ty(dice, vars, types, fuel - 1)),
        10 => line(ty(dice, vars, types, fuel - 1)),
        11 => path(u(dice.roll(2)), ty(dice, vars, types, fuel - 1), ty(dice, vars, types, fuel - 1)),
        _ => prim(Prim::Unit),
    }
}

#[test]
fn both_give_one_answer_to_random_data_types_and_axioms() {
    big(|| {
        // Lists, the identity of types, and a type without a universe.
        let s = signature(vec![
            data(vec![u(0)], 0, vec![vec![], vec![v(0), data_at(0, vec![v(1)])]]),
            def(pi(u(0), u(0)), lam(v(0))),
            data(vec![], 0, vec![vec![]]),
        ]);
        let (mut types, mut axioms) = (Count::default(), Count::default());
        for seed in 0..6_000 {
            let mut dice = Dice(seed * 32_452_843 + 11);
            let params = dice.roll(3);
            let telescope = (0..params).map(|_| u(dice.roll(2))).collect();
            let constructors = (0..1 + dice.roll(2))
                .map(|_| (0..dice.roll(3)).map(|n| ty(&mut dice, params + n, params, 2)).collect())
                .collect();
            compare_decl(seed, &s, &data(telescope, dice.roll(3), constructors), &mut types);
            let statement = ty(&mut dice, 0, 0, 3);
            compare_decl(seed, &s, &axiom("b", statement), &mut axioms);
        }
        println!("{types:?} {axioms:?}");
        assert!(types.accepted > 500 && types.refused > 500 && types.unknown == 0, "{types:?}");
        assert!(axioms.accepted > 100 && axioms.refused > 500 && axioms.unknown == 0, "{axioms:?}");
    });
}
