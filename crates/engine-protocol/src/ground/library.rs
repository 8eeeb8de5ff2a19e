//! The theorems of the library that proofs are written with, found by their tags.

use bfv_format::Node;
use bfv_kernel::Machine;
use bfv_search::Lemma;
use bfv_search::shift::head_constant;

/// Positions of the theorems of `std.ground`.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    pub if_split: u32,
    pub if_join: u32,
    pub absurd: u32,
    pub not_true: u32,
    pub is_false: u32,
    pub bool_stable: u32,
    pub nat_stable: u32,
    pub fin_stable: u32,
    pub sym: u32,
    pub trans: u32,
    pub nat_eqb: u32,
    pub nat_same: u32,
    pub fin_eqb: u32,
    pub fin_same: u32,
    pub meet: u32,
    pub common: u32,
    pub outside: u32,
    pub outside_both: u32,
    pub meet_outside_both: u32,
    pub subset: u32,
    pub member: u32,
    pub between: u32,
    pub difference: u32,
    pub positive_difference: u32,
    pub no_difference: u32,
    /// `Fin`
    pub fin: u32,
    /// `number_eqb`, `fin_eqb`, `card`: definitions that are not looked into.
    pub number_test: u32,
    pub fin_test: u32,
    pub card: u32,
}

impl Library {
    /// None when a module is missing.
    pub fn find(m: &Machine<'_>, lemmas: &[Lemma]) -> Option<Self> {
        let tagged = |tag: &str| lemmas.iter().find(|l| l.has(tag)).map(|l| l.id);
        let fin_stable = tagged("ground.fin_stable")?;
        // `(n : Nat) (i : Fin n) ...`
        let second = |id| match &*m.globals().const_type(id)? {
            Node::Pi(_, rest) => match &**rest {
                Node::Pi(dom, _) => head_constant(dom),
                _ => None,
            },
            _ => None,
        };
        Some(Library {
            if_split: tagged("ground.if_split")?,
            if_join: tagged("ground.if_join")?,
            absurd: tagged("ground.absurd")?,
            not_true: tagged("ground.not_true")?,
            is_false: tagged("ground.is_false")?,
            bool_stable: tagged("ground.bool_stable")?,
            nat_stable: tagged("ground.nat_stable")?,
            fin_stable,
            sym: tagged("ground.sym")?,
            trans: tagged("ground.trans")?,
            nat_eqb: tagged("ground.nat_eqb")?,
            nat_same: tagged("ground.nat_same")?,
            fin_eqb: tagged("ground.fin_eqb")?,
            fin_same: tagged("ground.fin_same")?,
            meet: tagged("ground.meet")?,
            common: tagged("ground.common")?,
            outside: tagged("ground.outside")?,
            outside_both: tagged("ground.outside_both")?,
            meet_outside_both: tagged("ground.meet_outside_both")?,
            subset: tagged("ground.subset")?,
            between: tagged("ground.between")?,
            member: tagged("ground.member")?,
            difference: tagged("ground.difference")?,
            positive_difference: tagged("ground.positive_difference")?,
            no_difference: tagged("ground.no_difference")?,
            fin: second(fin_stable)?,
            number_test: tagged("ground.number_test")?,
            fin_test: tagged("ground.fin_test")?,
            card: tagged("ground.card")?,
        })
    }
}
