//! The folder of a chat: keys of an authority, a log and a worker, and their ledger. It is made as `bfv registry start` and `bfv key` make it, and used again.

use crate::init::{refuse, shown};
use crate::keys::{YEAR, now};
use crate::registry::{Places, begin};
use crate::trust::{FILE, MAX_AGE, not_read, not_written};
use crate::usage::Mistake;
use bfv_cert::Policy;
use bfv_cert::certificate::Lane;
use bfv_cert::digest::Digest;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::{KeyId, Quorum};
use bfv_driver::Problem;
use bfv_ledger::{Keys, Ledger, Trust, generate, random, secret};
use std::path::{Path, PathBuf};

/// The key of the worker in the folder.
const KEY: &str = "worker.key";

/// A folder with keys and a ledger, which is removed when the input ends where nobody named it.
pub struct Place {
    pub folder: PathBuf,
    pub temporary: bool,
    pub worker: KeyId,
    trust: Trust,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary {
            // It was said that it would be removed; that it is still there harms nobody.
            let _left = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Place {
    /// The folder that was named, or a new one.
    ///
    /// # Errors
    /// Something cannot be read or written, or the folder belongs to something else.
    pub fn open(named: Option<&Path>) -> Result<Place, Mistake> {
        let folder = match named {
            Some(folder) => folder.to_owned(),
            None => {
                let name: String = Digest(random().map_err(|e| refuse(not_read(e)))?).to_string();
                std::env::temp_dir().join(format!("bfv-chat-{}", name.chars().take(16).collect::<String>()))
            }
        };
        let places = Places::of(&folder);
        if !folder.join(FILE).exists() {
            begin(&folder, &places)?;
        }
        let signers = places.signers()?;
        let trust = signers.trust();
        let worker = folder.join(KEY);
        if !worker.exists() {
            generate(&worker).map_err(|e| refuse(not_written(e)))?;
        }
        let key = secret(&worker).map_err(|e| refuse(not_read(e)))?;
        let (id, time) = (key.public().id(), now(None)?);
        let mut ledger = Ledger::open(&places.ledger, trust).map_err(|e| refuse(not_read(e)))?;
        let keys: Keys<'_> = signers.keys();
        let registered = ledger.entries().iter().any(|e| e.key == id && e.role == Role::Worker);
        let changed = if !registered {
            let entry = Entry::new(&key, Role::Worker, time, time.saturating_add(YEAR));
            ledger.register(entry, keys, time)
        } else if ledger.signed().is_none_or(|signed| time.saturating_sub(signed) > MAX_AGE / 2) {
            ledger.renew(keys, time)
        } else {
            Ok(())
        };
        changed.map_err(|e| refuse(not_written(e)))?;
        Ok(Place { folder, temporary: named.is_none(), worker: id, trust })
    }

    /// Where the folder is, as people write it.
    pub fn shown(&self) -> String {
        shown(&self.folder)
    }

    /// Whom the verifier trusts: the keys of this folder, for this model alone.
    pub fn policy(&self, (model, spec): (&Digest, &Digest)) -> Policy {
        Policy {
            authority: Quorum::one(self.trust.authority),
            log: Quorum::one(self.trust.log),
            registry_max_age: MAX_AGE,
            lanes: vec![Lane::Exact],
            models: vec![*model],
            specs: vec![*spec],
            kernels: Vec::new(),
        }
    }

    /// The flags by which a worker finds all of this.
    pub fn flags(&self) -> Result<Vec<String>, Mistake> {
        let path = |name: &str| {
            let path = self.folder.join(name);
            let broken = || refuse(Problem::not_read(&shown(&path), &std::io::ErrorKind::InvalidFilename.into()));
            path.to_str().map(str::to_owned).ok_or_else(broken)
        };
        let places = Places::of(Path::new(""));
        let name = |path: &Path| path.display().to_string();
        let authority = self.trust.authority.id().0.to_string();
        let (ledger, log) = (path(&name(&places.ledger))?, path(&name(&places.log))?);
        let flags = [("--key", path(KEY)?), ("--ledger", ledger), ("--log-key", log), ("--authority", authority)];
        Ok(flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect())
    }
}
