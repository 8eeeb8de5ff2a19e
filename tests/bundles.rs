//! The bundles of the library in `sctt/bundles` are what its source elaborates to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "evaluate/native.rs"]
mod native;

use native::NATIVE;
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_committed_bundles_are_current() {
    let made = std::thread::Builder::new()
        .stack_size(1 << 30)
        .spawn(|| {
            let made = bfv_driver::bundles(NATIVE);
            made.map_err(|problems| problems.iter().map(|p| p.sentences()).collect::<Vec<_>>())
        })
        .unwrap()
        .join()
        .unwrap()
        .unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sctt/bundles");
    let mut old = Vec::new();
    for (module, bytes) in &made {
        if std::fs::read(folder.join(format!("{module}.bfvl"))).ok().as_ref() != Some(bytes) {
            old.push(*module);
        }
    }
    assert!(old.is_empty(), "run cargo xtask bundle, and commit what it writes; not current: {old:?}");
    let there: BTreeSet<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let wanted: BTreeSet<String> = made.iter().map(|(module, _)| format!("{module}.bfvl")).collect();
    assert_eq!(there, wanted);
}
