//! Models that are split over workers, as `verify.toml` names them and a registry carries them.

use crate::files::bounded;
use crate::init::shown;
use crate::trust::{Known, Model, SplitOf, SplitText, bad, not_read, of_file};
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::KeyId;
use bfv_driver::Problem;
use bfv_exact::commit::rows_of;
use bfv_exact::spec::Spec;
use bfv_ledger::{Book, Trust as Keepers};
use bfv_model::json::FILE_LIMIT;
use bfv_model::manifest::Manifest;
use bfv_model::splitting::Splitting;
use bfv_verify::{Part, Registered, Split};
use std::path::{Path, PathBuf};

/// The keys of workers, by their names.
pub type Names<'a> = dyn Fn(&[String]) -> Result<Vec<KeyId>, Problem> + 'a;

/// What the rest of the file has given.
pub struct Given<'a> {
    /// The file, as it is named in problems.
    pub shown: &'a str,
    /// What paths are relative to.
    pub folder: &'a Path,
    pub models: &'a [Model],
    pub ledger: Option<&'a Path>,
    pub keepers: Keepers,
    /// The keys of workers, by their names.
    pub ids: &'a Names<'a>,
    /// The files with which workers were registered.
    pub manifests: &'a [(KeyId, PathBuf)],
}

/// Reads the configurations, and finds each in the registry.
pub fn read(all: &[SplitText], given: &Given<'_>) -> Result<Vec<SplitOf>, Problem> {
    let Some(first) = all.first() else { return Ok(Vec::new()) };
    let Some(path) = given.ledger.filter(|path| path.is_file()) else {
        let what = format!("the split {} needs the ledger in which it is registered", first.name);
        return Err(bad(given.shown, what, "name a ledger that is there."));
    };
    let book = Book::read(path, given.keepers).map_err(not_read)?;
    let named = |s: &SplitText| {
        Ok(SplitOf { name: s.name.clone(), model: s.model.clone(), split: one(s, given, path, &book)? })
    };
    all.iter().map(named).collect()
}

fn one(s: &SplitText, given: &Given<'_>, ledger: &Path, book: &Book) -> Result<Split, Problem> {
    let model = given.models.iter().find(|m| m.name == s.model);
    let model =
        model.ok_or_else(|| bad(given.shown, format!("there is no model {}", s.model), "add it under model."))?;
    let path = given.folder.join(&s.configuration);
    let of_it = |p: &bfv_model::Problem| of_file(&path.display().to_string(), p);
    let configuration = Splitting::read(&bounded(&path, FILE_LIMIT as u64)?).map_err(|p| of_it(&p))?;
    let spec = model.known.model_spec();
    configuration.fits(spec).map_err(|p| of_it(&p))?;
    let mut parts = Vec::new();
    for (name, layers) in configuration.stages().map_err(|p| of_it(&p))? {
        let layers = rows_of(spec, layers).map_err(|why| bad(given.shown, why, "check the configuration."))?;
        for worker in (given.ids)(&[name.to_owned()])? {
            described(name, &worker, (&configuration, spec), given, book)?;
            parts.push(Part { worker, layers });
        }
    }
    let registered = registered(s, &configuration, given, ledger, book)?;
    let split = match &model.known {
        Known::Eight(subject) => Split::new(subject, parts, registered),
        Known::Sixteen(subject) => Split::new(subject, parts, registered),
    };
    split.map_err(|why| bad(given.shown, why, "check the configuration."))
}

/// Whether what a worker says of itself agrees with the split, where it was registered with a manifest. The registry has the digest of that file only.
fn described(
    name: &str,
    worker: &KeyId,
    (configuration, spec): (&Splitting, &Spec),
    given: &Given<'_>,
    book: &Book,
) -> Result<(), Problem> {
    let entry = book.entries().iter().find(|e| e.role == Role::Worker && e.key == *worker);
    let path = given.manifests.iter().find(|(key, _)| key == worker).map(|(_, path)| path);
    let Some(path) = path else {
        return match entry.and_then(|e| e.manifest) {
            None => Ok(()),
            Some(_) => {
                let what = format!("worker {name} of the split was registered with a manifest, which is not named");
                Err(bad(given.shown, what, "write manifest with its file under worker."))
            }
        };
    };
    let Some(entry) = entry else {
        let what = format!("worker {name} of the split has a manifest, and its key is not in the ledger");
        return Err(bad(given.shown, what, "register the key with this manifest, or leave the manifest out."));
    };
    let of_it = |p: bfv_model::Problem| of_file(&shown(path), &p);
    let manifest = Manifest::read(&bounded(path, FILE_LIMIT as u64)?).map_err(of_it)?;
    manifest.bound(entry).map_err(of_it)?;
    if manifest.worker != name {
        let what = format!("the manifest of worker {name} is of {}", manifest.worker);
        return Err(bad(given.shown, what, "name the manifest of this worker."));
    }
    configuration.stage_agrees(&manifest, spec).map_err(of_it)
}

/// The entry of the head in the ledger, which carries the configuration.
fn registered(
    s: &SplitText,
    configuration: &Splitting,
    given: &Given<'_>,
    ledger: &Path,
    book: &Book,
) -> Result<Registered, Problem> {
    let keys = (given.ids)(std::slice::from_ref(&s.head))?;
    let is_head = |e: &&Entry| e.role == Role::Head && keys.contains(&e.key);
    let entry = book.entries().iter().find(is_head).zip(book.signed());
    let (head, time) = entry.ok_or_else(|| {
        let what = format!("the registry has no head {}, who registers the split {}", s.head, s.name);
        bad(given.shown, what, "register it with the file of the configuration.")
    })?;
    configuration.bound(head).map_err(|p| of_file(&ledger.display().to_string(), &p))?;
    Ok(Registered { head: *head, time })
}

impl Known {
    /// The specification.
    fn model_spec(&self) -> &Spec {
        match self {
            Known::Eight(s) => s.model().spec(),
            Known::Sixteen(s) => s.model().spec(),
        }
    }
}
