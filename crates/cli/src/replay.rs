//! Float models in `verify.toml`, and what is said of answers of which a sample was computed again.

use crate::files::bounded;
use crate::trust::{bad, of_file};
use bfv_cert::certificate::Lane;
use bfv_driver::Problem;
use bfv_model::llama::{CONFIG_FILE, Files, replayed};
use bfv_model::stored::SPEC_FILE;
use bfv_replay::weights::Model;
use bfv_verify::{Sample, Sampled};
use serde_json::{Value, json};
use std::num::NonZeroU64;
use std::path::Path;

/// The largest file of a float model, in bytes: 64 GiB. The file is one that `verify.toml` names, and not one that was sent.
const FILE_LIMIT: u64 = 1 << 36;
/// The share of wrong tiles of which it is said how likely it passes: one in ten.
const SHARE: (u32, u32) = (1, 10);

/// Why a float model was not read.
enum Fault {
    File(Problem),
    Model(bfv_model::Problem),
}

impl From<bfv_model::Problem> for Fault {
    fn from(problem: bfv_model::Problem) -> Fault {
        Fault::Model(problem)
    }
}

/// Whether a folder has a float model, and none of integers.
pub fn is_float(folder: &Path) -> bool {
    folder.join(CONFIG_FILE).is_file() && !folder.join(SPEC_FILE).exists()
}

/// The float model of a folder.
pub fn read(folder: &Path) -> Result<Model, Problem> {
    let shown = folder.display().to_string();
    let file = |name: &str| bounded(&folder.join(name), FILE_LIMIT).map_err(Fault::File);
    let files = Files::open(&shown, file, |name| folder.join(name).symlink_metadata().is_ok());
    files.and_then(|files| Ok(replayed(&files)?)).map_err(|fault| match fault {
        Fault::File(problem) => problem,
        Fault::Model(problem) => of_file(&shown, &problem),
    })
}

/// How many tiles are drawn, where the lane of replay is taken.
pub fn tiles(shown: &str, lanes: &[Lane], tiles: Option<u64>, floats: bool) -> Result<Option<NonZeroU64>, Problem> {
    match (lanes.contains(&Lane::Replay), tiles.map(NonZeroU64::new)) {
        (true, None | Some(None)) => {
            let mend = "write tiles = 64, or how many tiles of an answer are computed again.";
            Err(bad(shown, "it takes the lane replay, and draws no tiles", mend))
        }
        (true, Some(_)) if !floats => {
            let mend = "name the folder of one under model, with its config.json.";
            Err(bad(shown, "it takes the lane replay, and knows no float model", mend))
        }
        (true, Some(tiles)) => Ok(tiles),
        (false, Some(_)) => {
            Err(bad(shown, "it draws tiles, and takes no lane replay", "add replay to lanes, or leave tiles out."))
        }
        (false, None) if floats => {
            let mend = "add replay to lanes, or name an integer model.";
            Err(bad(shown, "it knows a float model, and takes no lane replay", mend))
        }
        (false, None) => Ok(None),
    }
}

/// What a sample is worth, in a sentence.
pub fn worth(sample: &Sample) -> String {
    let (wrong, all) = SHARE;
    let share = match sample.missed(wrong, all) {
        u32::MAX => return "All tiles were computed again.".to_owned(),
        0 => {
            let tried = sample.choices;
            format!("An answer with {wrong} in {all} tiles wrong may pass: 2^{tried} draws can be tried.")
        }
        bits => format!("An answer with {wrong} in {all} tiles wrong would pass with probability at most 2^-{bits}."),
    };
    format!("{share} A draw finds a single wrong tile {} times in {}.", sample.drawn, sample.of)
}

/// The verdict in sentences, about what stands at a place.
pub fn sentences(place: &str, a: &Sampled, worker: &str, of: &str) -> String {
    let sample = a.sample();
    let (drawn, all, card) = (sample.drawn, sample.of, a.card());
    let worth = worth(&sample);
    format!(
        "Accepted (sampled, {drawn} of {all} tiles): {place}. Worker {worker}, program {of}, lane replay, order of {card}. {worth}"
    )
}

/// The same in a document.
pub fn document(out: &mut Value, a: &Sampled, worker: &str) {
    let sample = a.sample();
    let bits = |wrong, all| match sample.missed(wrong, all) {
        u32::MAX => Value::Null,
        bits => json!(bits),
    };
    out["certificate"] = json!(a.certificate().to_string());
    out["query"] = json!(a.query().to_string());
    out["worker"] = json!(a.worker().0.to_string());
    out["worker_name"] = json!(worker);
    out["lane"] = json!("replay");
    out["card"] = json!(a.card());
    out["tiles"] = json!({ "drawn": sample.drawn, "of": sample.of });
    out["choices_bits"] = json!(sample.choices);
    out["missed_bits"] = json!({ "one_in_two": bits(1, 2), "one_in_ten": bits(1, 10), "one_in_100": bits(1, 100) });
    out["compared"] = json!(a.compared());
    out["values"] = json!(a.values());
}
