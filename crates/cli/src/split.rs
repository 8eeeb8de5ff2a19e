//! Models that are split over workers, as `verify.toml` names them and a registry carries them.

use crate::trust::{Known, Model, SplitOf, SplitText, bad, file_bytes, not_read, of_file};
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::KeyId;
use bfv_driver::Problem;
use bfv_exact::commit::rows_of;
use bfv_exact::spec::Spec;
use bfv_ledger::{Book, Trust as Keepers};
use bfv_model::splitting::Splitting;
use bfv_verify::{Part, Registered, Split};
use std::path::Path;

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
    let configuration = Splitting::read(&file_bytes(&path)?).map_err(|p| of_it(&p))?;
    let spec = model.known.model_spec();
    configuration.fits(spec).map_err(|p| of_it(&p))?;
    let mut parts = Vec::new();
    for (name, layers) in configuration.stages().map_err(|p| of_it(&p))? {
        let layers = rows_of(spec, layers).map_err(|why| bad(given.shown, why, "check the configuration."))?;
        for worker in (given.ids)(&[name.to_owned()])? {
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
