//! Attacks 17, 29, 30 and 33 on tensors: tiles of other weights, scales and shapes out of range, names that look alike.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::certificate::{Body, TraceShape};
use bfv_cert::tensor::{Dtype, Header, Name, Scale, Shape, TileOpening, WeightBuilder, activation, model};
use bfv_cert::{BindingFault, Malformed, Part, Refusal};
use common::*;

#[test]
fn attack_17_tile_of_another_weight() {
    let header = |name: &str| Header {
        name: Name::new(name).unwrap(),
        dtype: Dtype::I8,
        shape: Shape::new(&[130, 3]).unwrap(),
        scale: Scale::new(-5).unwrap(),
    };
    let rows = |from: usize, to: usize| (from * 3..to * 3).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>();
    let weight = |name: &str| {
        let mut w = WeightBuilder::new(header(name));
        [rows(0, 64), rows(64, 128), rows(128, 130)].iter().for_each(|t| w.push(t).unwrap());
        w.finish().unwrap()
    };
    let (a, b) = (weight("a"), weight("b"));
    let m = model(vec![b.clone(), a.clone()]).unwrap();
    assert_eq!(m.root(), model(vec![a.clone(), b.clone()]).unwrap().root());
    let (h, bytes) = (header("b"), rows(128, 130));
    let (tile_proof, weight_proof) = (b.tree().open(&[2]).unwrap(), m.open(&[1]).unwrap());
    let opening = TileOpening {
        header: &h,
        tile: 2,
        bytes: &bytes,
        root: b.tree().root(),
        tile_proof: &tile_proof,
        weight: 1,
        weights: 2,
        weight_proof: &weight_proof,
    };
    opening.verify(&m.root()).unwrap();
    let root = Err(Refusal::Binding(Part::Tensor, BindingFault::Root));
    let mut row = bytes.clone();
    row[4] ^= 1;
    assert_eq!(TileOpening { bytes: &row, ..opening.clone() }.verify(&m.root()), root);
    assert_eq!(TileOpening { header: &header("a"), ..opening.clone() }.verify(&m.root()), root);
    let scaled = Header { scale: Scale::new(-4).unwrap(), ..header("b") };
    assert_eq!(TileOpening { header: &scaled, ..opening.clone() }.verify(&m.root()), root);
    assert_eq!(TileOpening { weight: 0, ..opening.clone() }.verify(&m.root()), root);
    assert!(TileOpening { weights: 3, ..opening.clone() }.verify(&m.root()).is_err());
    // The same bytes as another tile.
    assert_ne!(h.tile(0, &rows(0, 64)), h.tile(1, &rows(0, 64)));
    // Two weights of one name, tiles that are missing, too many, or too long.
    malformed(model(vec![a.clone(), a]).expect_err("two of one name"), Malformed::Order);
    let mut w = WeightBuilder::new(header("c"));
    malformed(w.push(&rows(0, 63)).expect_err("a short tile"), Malformed::TooSmall(189, 192));
    w.push(&rows(0, 64)).unwrap();
    let missing = Refusal::Binding(Part::Tensor, BindingFault::Count(3, 1));
    assert_eq!(w.clone().finish().err(), Some(missing));
    w.push(&rows(64, 128)).unwrap();
    malformed(w.push(&rows(128, 131)).expect_err("a long tile"), Malformed::TooLarge(9, 6));
    w.push(&rows(128, 130)).unwrap();
    malformed(w.push(&[]).expect_err("a tile too many"), Malformed::Range(3));
}

#[test]
fn attack_29_scale_exponents_out_of_range() {
    for e in [127, 128, -127, -128, 300, -300, i32::MAX, i32::MIN] {
        assert_eq!(Scale::new(e), Err(Malformed::Range(u64::from(e.unsigned_abs()))));
    }
    assert_eq!(Scale::new(-126).map(Scale::exponent), Ok(-126));
}

#[test]
fn attack_30_shapes_that_wrap_or_are_empty() {
    let max = u32::MAX;
    for dims in
        [&[0][..], &[4, 0, 4], &[1 << 31, 2, 1 << 31, 2], &[max, max, max, max], &[1 << 20, 1 << 20], &[max, 32]]
    {
        assert!(matches!(Shape::new(dims), Err(Malformed::Range(_))), "{dims:?}");
    }
    assert_eq!(Shape::new(&[]), Err(Malformed::TooSmall(0, 1)));
    assert_eq!(Shape::new(&[1; 5]), Err(Malformed::TooLarge(5, 4)));
    assert_eq!(Shape::new(&[1 << 16, 1 << 20]).unwrap().elements(), 1 << 36);
    // The number of leaves of a trace, too.
    let leaves = |blocks, layers, operations| {
        let mut f = fields();
        f.trace_shape = TraceShape { blocks, layers, operations };
        Body::new(&f).err().map(|r| r.class())
    };
    let m = Some(bfv_cert::Class::Malformed);
    assert_eq!(leaves(0, 1, 1), m);
    assert_eq!(leaves(1, 0, 1), m);
    assert_eq!(leaves(max, u16::MAX, u16::MAX), m);
    assert_eq!(leaves(1 << 31, 1, 3), m);
    assert_eq!(leaves(1 << 31, 1, 2), None);
    // And values that are not as many as their shape says.
    let shape = Shape::new(&[1 << 18, 1 << 18]).unwrap();
    let refusal = activation(Dtype::I64, &shape, Scale::new(0).unwrap(), &[0; 8]).expect_err("eight bytes");
    malformed(refusal, Malformed::TooSmall(8, 1 << 39));
}

#[test]
fn attack_33_names_that_look_alike() {
    for name in ["caf\u{e9}", "cafe\u{301}", "", "a b", "a\n", "\u{202e}a"] {
        assert_eq!(Name::new(name), Err(Malformed::Name), "{name:?}");
    }
    assert!(Name::new("model.layers.0.mlp.up_proj.weight").is_ok());
    assert_eq!(Name::new(&"a".repeat(129)), Err(Malformed::TooLarge(129, 128)));
}
