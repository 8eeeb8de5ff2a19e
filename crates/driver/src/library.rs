//! The library, embedded in the binary: source texts by module, and bundles where they are there.

use std::collections::BTreeMap;

/// Modules in an order in which each comes after what it imports.
pub const MODULES: &[(&str, &str)] = &[
    ("std.logic", include_str!("../../../sctt/logic.sctt")),
    ("std.nat", include_str!("../../../sctt/nat.sctt")),
    ("std.int", include_str!("../../../sctt/int.sctt")),
    ("std.real", include_str!("../../../sctt/real.sctt")),
    ("std.units", include_str!("../../../sctt/units.sctt")),
    ("std.fin", include_str!("../../../sctt/fin.sctt")),
    ("std.vec", include_str!("../../../sctt/vec.sctt")),
    ("std.sum", include_str!("../../../sctt/sum.sctt")),
    ("std.fusion", include_str!("../../../sctt/fusion.sctt")),
    ("std.order", include_str!("../../../sctt/order.sctt")),
    ("std.floor", include_str!("../../../sctt/floor.sctt")),
    ("std.space", include_str!("../../../sctt/space.sctt")),
    ("std.deriv", include_str!("../../../sctt/deriv.sctt")),
    ("std.calculus", include_str!("../../../sctt/calculus.sctt")),
    ("std.chain", include_str!("../../../sctt/chain.sctt")),
    ("std.linear", include_str!("../../../sctt/linear.sctt")),
    ("std.algebra", include_str!("../../../sctt/algebra.sctt")),
    ("std.smooth", include_str!("../../../sctt/smooth.sctt")),
    ("std.kinks", include_str!("../../../sctt/kinks.sctt")),
    ("std.local", include_str!("../../../sctt/local.sctt")),
    ("std.mean", include_str!("../../../sctt/mean.sctt")),
    ("std.root", include_str!("../../../sctt/root.sctt")),
    ("std.relu", include_str!("../../../sctt/relu.sctt")),
    ("std.gates", include_str!("../../../sctt/gates.sctt")),
    ("std.monotone", include_str!("../../../sctt/monotone.sctt")),
    ("std.norm", include_str!("../../../sctt/norm.sctt")),
    ("std.float", include_str!("../../../sctt/float.sctt")),
    ("std.lengths", include_str!("../../../sctt/lengths.sctt")),
    ("std.layernorm", include_str!("../../../sctt/layernorm.sctt")),
    ("std.survivors", include_str!("../../../sctt/survivors.sctt")),
    ("std.debate", include_str!("../../../sctt/debate.sctt")),
    ("std.symmetry", include_str!("../../../sctt/symmetry.sctt")),
    ("std.accumulate", include_str!("../../../sctt/accumulate.sctt")),
    ("std.running", include_str!("../../../sctt/running.sctt")),
    ("std.lipschitz", include_str!("../../../sctt/lipschitz.sctt")),
    ("std.cosine", include_str!("../../../sctt/cosine.sctt")),
    ("std.normalized", include_str!("../../../sctt/normalized.sctt")),
    ("std.count", include_str!("../../../sctt/count.sctt")),
    ("std.quorum", include_str!("../../../sctt/quorum.sctt")),
    ("std.rank", include_str!("../../../sctt/rank.sctt")),
    ("std.robust", include_str!("../../../sctt/robust.sctt")),
    ("std.protocol", include_str!("../../../sctt/protocol.sctt")),
    ("std.finite", include_str!("../../../sctt/finite.sctt")),
    ("std.live", include_str!("../../../sctt/live.sctt")),
    ("std.ground", include_str!("../../../sctt/ground.sctt")),
    ("std.convex", include_str!("../../../sctt/convex.sctt")),
    ("std.jensen", include_str!("../../../sctt/jensen.sctt")),
    ("std.hull", include_str!("../../../sctt/hull.sctt")),
    ("std.steady", include_str!("../../../sctt/steady.sctt")),
    ("std.continuous", include_str!("../../../sctt/continuous.sctt")),
    ("std.accuracy", include_str!("../../../sctt/accuracy.sctt")),
    ("std.routes", include_str!("../../../sctt/routes.sctt")),
    ("std.gradient", include_str!("../../../sctt/gradient.sctt")),
    ("std.robustness", include_str!("../../../sctt/robustness.sctt")),
    ("std.weiszfeld", include_str!("../../../sctt/weiszfeld.sctt")),
    ("std.krum", include_str!("../../../sctt/krum.sctt")),
    ("std.choice", include_str!("../../../sctt/choice.sctt")),
    ("std.submodular", include_str!("../../../sctt/submodular.sctt")),
    ("std.merge", include_str!("../../../sctt/merge.sctt")),
    ("std.slerp", include_str!("../../../sctt/slerp.sctt")),
    ("std.ties", include_str!("../../../sctt/ties.sctt")),
    ("std.aggregate", include_str!("../../../sctt/aggregate.sctt")),
    ("std.central", include_str!("../../../sctt/central.sctt")),
    ("std.select", include_str!("../../../sctt/select.sctt")),
    ("std.exp", include_str!("../../../sctt/exp.sctt")),
    ("std.derive", include_str!("../../../sctt/derive.sctt")),
    ("std.softmax", include_str!("../../../sctt/softmax.sctt")),
    ("std.pool", include_str!("../../../sctt/pool.sctt")),
    ("std.archimedes", include_str!("../../../sctt/archimedes.sctt")),
    ("std.bounds", include_str!("../../../sctt/bounds.sctt")),
    ("std.attention", include_str!("../../../sctt/attention.sctt")),
    ("std.vertex", include_str!("../../../sctt/vertex.sctt")),
    ("std.cubical.path", include_str!("../../../sctt/cubical/path.sctt")),
    ("std.cubical.levels", include_str!("../../../sctt/cubical/levels.sctt")),
    ("std.cubical.equivalence", include_str!("../../../sctt/cubical/equivalence.sctt")),
    ("std.cubical.univalence", include_str!("../../../sctt/cubical/univalence.sctt")),
    ("std.cubical.circle", include_str!("../../../sctt/cubical/circle.sctt")),
    ("std.cubical.torus", include_str!("../../../sctt/cubical/torus.sctt")),
    ("std.cubical.suspension", include_str!("../../../sctt/cubical/suspension.sctt")),
    ("std.cubical.truncation", include_str!("../../../sctt/cubical/truncation.sctt")),
    ("std.cubical.quotient", include_str!("../../../sctt/cubical/quotient.sctt")),
    ("std.cubical.representation", include_str!("../../../sctt/cubical/representation.sctt")),
    ("std.cubical.computations", include_str!("../../../sctt/cubical/computations.sctt")),
    ("std.equations", include_str!("../../../sctt/equations.sctt")),
    ("std.tally", include_str!("../../../sctt/tally.sctt")),
    ("std.digits", include_str!("../../../sctt/digits.sctt")),
    ("std.butterfly", include_str!("../../../sctt/butterfly.sctt")),
    ("std.divides", include_str!("../../../sctt/divides.sctt")),
    ("std.freivalds", include_str!("../../../sctt/freivalds.sctt")),
    ("std.lucas", include_str!("../../../sctt/lucas.sctt")),
    ("std.tolerance", include_str!("../../../sctt/tolerance.sctt")),
    ("std.sampling", include_str!("../../../sctt/sampling.sctt")),
    ("std.merkle", include_str!("../../../sctt/merkle.sctt")),
    ("std.program", include_str!("../../../sctt/program.sctt")),
    ("std.refine", include_str!("../../../sctt/refine.sctt")),
];

/// Bundles by module, as they lay in `sctt/bundles` when this was built.
const BUNDLES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundles.rs"));

/// All modules with the names that each declares, read off the lines of its source.
pub fn catalogue() -> Vec<(&'static str, Vec<&'static str>)> {
    let words = ["def", "operator", "theorem", "axiom", "data"];
    let declared = |line: &'static str| {
        let mut parts = line.split(' ');
        let word = parts.next()?;
        words.contains(&word).then(|| parts.next()).flatten()
    };
    MODULES.iter().map(|(module, text)| (*module, text.lines().filter_map(declared).collect())).collect()
}

/// The source of a module.
pub fn source(module: &str) -> Option<&'static str> {
    MODULES.iter().find(|(n, _)| *n == module).map(|(_, text)| *text)
}

/// The bundle of a module, however old.
pub fn bundle(module: &str) -> Option<&'static [u8]> {
    BUNDLES.iter().find(|(n, _)| *n == module).map(|(_, bytes)| *bytes)
}

/// What a source of the library imports: each import has a line of its own there.
pub fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|l| l.strip_prefix("import ")).map(str::trim)
}

/// From what bundles are made, by module.
#[derive(Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// From what a bundle of a module is made: its source and those of all that it imports.
    pub fn of(&mut self, module: &str) -> Option<String> {
        if let Some(known) = self.0.get(module) {
            return Some(known.clone());
        }
        let text = source(module)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"bfv bundle 1\n");
        hasher.update(text.as_bytes());
        // The imports of the library make no circle, for each module stands after what it imports.
        for i in imports(text) {
            hasher.update(self.of(i)?.as_bytes());
        }
        let key = hasher.finalize().to_hex().to_string();
        self.0.insert(module.to_owned(), key.clone());
        Some(key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_read_off_the_lines_as_the_parser_reads_them() {
        let mut before: Vec<&str> = Vec::new();
        for (module, text) in MODULES {
            let (file, diagnostics) = bfv_syntax::parse(0, text.as_bytes());
            assert!(diagnostics.is_empty(), "{module}");
            let parsed: Vec<&str> = file.imports.iter().map(|i| i.text.as_str()).collect();
            assert_eq!(imports(text).collect::<Vec<_>>(), parsed, "{module}");
            assert!(parsed.iter().all(|i| before.contains(i)), "{module} stands before what it imports");
            before.push(module);
        }
    }

    #[test]
    fn a_key_depends_on_the_imports() {
        let mut known = Keys::default();
        let keys: Vec<String> = MODULES.iter().map(|(m, _)| known.of(m).unwrap()).collect();
        assert!(keys.iter().enumerate().all(|(n, k)| !keys.iter().take(n).any(|other| other == k)));
        assert_eq!(known.of("std.nothing"), None);
    }
}
