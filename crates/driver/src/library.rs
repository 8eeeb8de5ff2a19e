//! The library, embedded in the binary: source texts by module.

/// Modules in an order in which each comes after what it imports.
pub const MODULES: &[(&str, &str)] = &[
    ("std.logic", include_str!("../../../sctt/logic.sctt")),
    ("std.nat", include_str!("../../../sctt/nat.sctt")),
    ("std.real", include_str!("../../../sctt/real.sctt")),
    ("std.fin", include_str!("../../../sctt/fin.sctt")),
    ("std.vec", include_str!("../../../sctt/vec.sctt")),
    ("std.sum", include_str!("../../../sctt/sum.sctt")),
    ("std.fusion", include_str!("../../../sctt/fusion.sctt")),
    ("std.order", include_str!("../../../sctt/order.sctt")),
    ("std.mean", include_str!("../../../sctt/mean.sctt")),
    ("std.root", include_str!("../../../sctt/root.sctt")),
    ("std.monotone", include_str!("../../../sctt/monotone.sctt")),
    ("std.norm", include_str!("../../../sctt/norm.sctt")),
    ("std.survivors", include_str!("../../../sctt/survivors.sctt")),
    ("std.debate", include_str!("../../../sctt/debate.sctt")),
    ("std.symmetry", include_str!("../../../sctt/symmetry.sctt")),
    ("std.lipschitz", include_str!("../../../sctt/lipschitz.sctt")),
    ("std.cosine", include_str!("../../../sctt/cosine.sctt")),
    ("std.normalized", include_str!("../../../sctt/normalized.sctt")),
    ("std.count", include_str!("../../../sctt/count.sctt")),
    ("std.rank", include_str!("../../../sctt/rank.sctt")),
    ("std.robust", include_str!("../../../sctt/robust.sctt")),
    ("std.convex", include_str!("../../../sctt/convex.sctt")),
    ("std.hull", include_str!("../../../sctt/hull.sctt")),
    ("std.steady", include_str!("../../../sctt/steady.sctt")),
];
