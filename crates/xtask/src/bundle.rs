//! The bundles of the library, written to `sctt/bundles`.

use crate::{root, say};
use bfv_driver::{Plugged, bundles};
use bfv_engine_native::{Arith, Auto, Boxes, Exhibits, Native, Points};
use std::collections::BTreeSet;

/// Evaluation recurses on what it is given.
const STACK: usize = 1 << 30;

/// Elaborates the library and writes what differs; bundles of modules that are gone are removed.
pub fn bundle() -> Result<(), String> {
    let work = || {
        let made = bundles(Plugged {
            arith: &Arith,
            auto: &Auto,
            boxes: &Boxes,
            search: &[&Native],
            points: &Points,
            exhibits: &Exhibits,
            statements: &Auto,
        });
        made.map_err(|problems| problems.iter().map(|p| p.sentences()).collect::<Vec<_>>().join("\n"))
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).map_err(|e| e.to_string())?;
    let made = thread.join().map_err(|_| "The library cannot be elaborated.".to_owned())??;
    let folder = root().join("sctt/bundles");
    let place = |e: std::io::Error| format!("The folder {} cannot be written: {e}.", folder.display());
    std::fs::create_dir_all(&folder).map_err(place)?;
    let (mut changed, mut bytes) = (0, 0);
    let mut names = BTreeSet::new();
    for (module, content) in &made {
        let name = format!("{module}.bfvl");
        let path = folder.join(&name);
        names.insert(name);
        bytes += content.len();
        if std::fs::read(&path).ok().as_deref() != Some(content) {
            std::fs::write(&path, content).map_err(place)?;
            changed += 1;
        }
    }
    for entry in std::fs::read_dir(&folder).map_err(place)? {
        let path = entry.map_err(place)?.path();
        let known = path.file_name().is_some_and(|n| names.contains(n.to_string_lossy().as_ref()));
        if !known {
            std::fs::remove_file(&path).map_err(place)?;
            changed += 1;
        }
    }
    say(&format!("The library has {} bundles of {bytes} bytes in all. Files changed: {changed}.", made.len()));
    Ok(())
}
