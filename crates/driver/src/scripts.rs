//! What the scripts of a module gave, kept in `proofs/<module>/scripts.bfvl`, so that they run again only where something changed.
//!
//! The file is untrusted. It holds proofs of theorems, which the kernel checks against what the source states, and says which stored
//! proof is the one that a claim's script gave, by the hash of its bytes; the kernel judges that proof like any other. It counts only
//! where its key is the hash of the present source of the module and of all that it imports. It also names the claims about whose
//! hypotheses a search found neither a point nor a contradiction, so that this is not searched for again.
//! It can thus save time, hide that a script would fail by now, and hide that hypotheses contradict each other, as removing what is
//! stored of them and a contradiction that is hard to find do. Nothing that it says becomes a verdict. The gate does not read it.

use crate::store::Store;
use bfv_elab::{Recall, Session, bundle_key};
use bfv_format::{Library, read_library, write_library};
use std::collections::{BTreeMap, BTreeSet};

/// What a module is made from: its text, and the keys of what it imports, in order. Another version of bfv may elaborate otherwise.
pub(crate) fn key<'i>(
    module: &str,
    text: &[u8],
    imports: impl Iterator<Item = (&'i str, Option<String>)>,
) -> Option<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("bfv scripts 1, version {}\n{module}\n", env!("CARGO_PKG_VERSION")).as_bytes());
    hasher.update(blake3::hash(text).as_bytes());
    for (name, key) in imports {
        hasher.update(format!("{name} {}\n", key?).as_bytes());
    }
    Some(hasher.finalize().to_hex().to_string())
}

/// What comes before the name of a claim about whose hypotheses nothing was found. The number counts up when more is searched, so that
/// what an earlier search did not find is looked for again.
const IN_VAIN: &str = "in-vain 2 ";

/// What is known of the scripts of a module before it is elaborated.
#[derive(Default)]
pub(crate) struct Remembered {
    /// For the elaborator.
    pub recall: Recall,
    /// The stored proofs of the claims whose scripts need not run.
    pub proofs: BTreeMap<String, Vec<u8>>,
    /// The claims about whose hypotheses nothing was found.
    pub in_vain: BTreeSet<String>,
    /// The file.
    bytes: Vec<u8>,
}

impl Remembered {
    /// What the file of a module says; nothing where it was made from something else or cannot be read. `mine` says which claims matter.
    pub fn load(store: &Store, module: &str, key: &str, mine: &BTreeSet<&str>) -> Option<Self> {
        let bytes = store.load_scripts(module).ok()??;
        let Library { decls, meta } = read_library(&bytes).ok().filter(|l| bundle_key(l) == Some(key))?;
        let (mut proofs, mut in_vain) = (BTreeMap::new(), BTreeSet::new());
        for line in std::str::from_utf8(&meta).ok()?.lines().skip(1) {
            if let Some(name) = line.strip_prefix(IN_VAIN) {
                in_vain.insert(name.to_owned());
                continue;
            }
            let (name, hash) = line.strip_prefix("claim ")?.split_once(' ')?;
            let stored = mine.contains(name).then(|| store.load(module, name).ok().flatten()).flatten();
            if let Some(stored) = stored.filter(|s| blake3::hash(s).to_hex().as_str() == hash) {
                proofs.insert(name.to_owned(), stored);
            }
        }
        Some(Remembered { recall: Recall::new(decls, proofs.keys().cloned().collect()), proofs, in_vain, bytes })
    }
}

/// What came of the scripts of a module in one run.
pub struct Scripts {
    module: String,
    key: String,
    /// A library with the proofs of the theorems.
    theorems: Vec<u8>,
    /// Claims with evidence in the source, and the hashes of the stored proofs that came of it.
    claims: BTreeMap<String, String>,
    /// The claims about whose hypotheses nothing was found, and those of which the file says so.
    in_vain: BTreeSet<String>,
    was_in_vain: BTreeSet<String>,
    /// Something else is not as the file says.
    new: bool,
}

impl Scripts {
    /// Of a module that was elaborated without a mistake. `proved` says that proofs of theorems are new, `given` that evidence of claims is.
    pub(crate) fn of(
        session: &Session,
        module: &str,
        key: String,
        from: Option<Remembered>,
        proved: bool,
        given: bool,
    ) -> Option<Self> {
        let was_in_vain = from.as_ref().map(|known| known.in_vain.clone()).unwrap_or_default();
        let theorems = match from {
            Some(known) if !proved => known.bytes,
            _ => write_library(&Library { decls: session.proofs(module).ok()?, meta: Vec::new() }),
        };
        let (module, claims, in_vain) = (module.to_owned(), BTreeMap::new(), BTreeSet::new());
        Some(Scripts { module, key, theorems, claims, in_vain, was_in_vain, new: proved || given })
    }

    /// Takes over the claims that were judged elsewhere.
    pub(crate) fn join(all: &mut Vec<Scripts>, others: Vec<Scripts>) {
        for other in others {
            match all.iter_mut().find(|s| s.module == other.module) {
                Some(one) => {
                    one.claims.extend(other.claims);
                    one.in_vain.extend(other.in_vain);
                    one.new |= other.new;
                }
                None => all.push(other),
            }
        }
    }

    /// Notes what is stored for claims (module, name and hash of the bytes), and about the hypotheses of which nothing was found.
    pub(crate) fn note(all: &mut [Scripts], claims: Vec<(String, String, String)>, in_vain: Vec<(String, String)>) {
        for (module, name) in in_vain {
            if let Some(one) = all.iter_mut().find(|s| s.module == module) {
                one.in_vain.insert(name);
            }
        }
        for (module, name, hash) in claims {
            if let Some(one) = all.iter_mut().find(|s| s.module == module) {
                one.claims.insert(name, hash);
            }
        }
    }

    /// Writes what is new. Where that is impossible nothing is lost but time, so nothing is said.
    pub(crate) fn keep(all: Vec<Scripts>, store: &Store) {
        for s in all.into_iter().filter(|s| s.new || s.in_vain != s.was_in_vain) {
            let Ok(mut library) = read_library(&s.theorems) else { continue };
            let mut text = format!("key {}\n", s.key);
            for (name, hash) in &s.claims {
                text += &format!("claim {name} {hash}\n");
            }
            for name in &s.in_vain {
                text += &format!("{IN_VAIN}{name}\n");
            }
            library.meta = text.into_bytes();
            store.save_scripts(&s.module, &write_library(&library)).ok();
        }
    }
}
