//! ezkl as a control: one token of a model of `examples/inference`, answered with a certificate and judged, beside a proof of the same network.

use crate::bench::scratch;
use crate::files::{read, write};
use crate::process::{self, Bounds, End};
use crate::{peers, program, results, root, say};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const BOUNDS: Bounds = Bounds { time: Duration::from_secs(900), memory: 20_000_000 };
/// Runs of our own programs; the shortest counts. ezkl takes minutes and runs once.
const RUNS: usize = 9;
/// What must have been fetched for ezkl; the network is written with onnx.
const NEEDS: [&str; 3] = ["ezkl", "onnx", "numpy"];
/// The model, and the token that it is asked about.
const MODEL: &str = "examples/inference/models/law";
const TOKEN: &str = "7";
const QUERY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Runs both and writes the section of the results. Without ezkl it says so, and in the section too.
///
/// # Errors
/// Something of ours cannot be built or run, or the answer is not accepted; or ezkl is there and fails.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let folder = scratch()?;
    let done = ours(&folder).and_then(|ours| Ok((ours, theirs(&folder)?)));
    let _removed = std::fs::remove_dir_all(&folder);
    let (ours, theirs) = done?;
    let page = format!(
        "{machine}\n\nWritten by `cargo xtask bench control`. The model `{MODEL}` answers one token with one token. For bfv, *prove* is a run of `bfv-worker` \
         from its start to its end, and *verify* one of `bfv verify`, which read the model each time; the shortest of {RUNS} counts, and the envelope has every value opened. \
         For ezkl, the same weights stand in a network of ONNX without queries and keys, as one token attends to itself only, and each step runs once, on all cores. ezkl keeps weights and intermediate values to \
         the prover, needs no model to verify, and rounds otherwise. A certificate is judged with the model at hand, and opens values. So this says what each costs, and not that one replaces the other.\n\n\
         | | once before | prove | verify | bytes |\n|---|---|---|---|---|\n{ours}\n{theirs}"
    );
    results::written("Control", &page)
}

/// Runs a program that must succeed: what it printed, and its seconds.
fn ran(command: &mut Command, folder: &Path) -> Result<(String, f64), String> {
    let run = process::run_with_messages(command.current_dir(folder), &folder.join("said.txt"), &BOUNDS)?;
    match run.end {
        End::Code(Some(0)) => Ok((run.said, run.took / 1e3)),
        _ => Err(format!("A program failed. {}", run.said.trim_end())),
    }
}

fn ours(folder: &Path) -> Result<String, String> {
    let (bfv, worker) = (program("bfv")?, program("bfv-worker")?);
    let model = root().join(MODEL);
    let command = |program: &PathBuf, line: &str| {
        let mut command = Command::new(program);
        command.args(line.split(' ')).env("BFV_CONFIG", folder.join("no-settings.toml"));
        command
    };
    for line in [
        "registry start",
        "key make worker.key",
        "key request worker.key",
        "registry register --request worker.request",
    ] {
        ran(&mut command(&bfv, line), folder)?;
    }
    let public = |file: &str| -> Result<String, String> {
        let (said, _) = ran(&mut command(&bfv, &format!("key show {file}")), folder)?;
        let line = said.lines().find_map(|l| l.strip_prefix("Public key: "));
        Ok(line.ok_or("A key has no public key.")?.trim_end_matches('.').to_owned())
    };
    let (key, authority) = (public("worker.key")?, public("authority.key")?);
    let trust = folder.join("verify.toml");
    let folder_of_model = model.display();
    write(
        &trust,
        &format!(
            "{}\n[[worker]]\nname = \"worker\"\nkey = \"{key}\"\n\n[[model]]\nname = \"model\"\nfolder = '{folder_of_model}'\n\n\
             [[question]]\nquery = \"{QUERY}\"\nprompt = [{TOKEN}]\nanswer = 1\nworkers = [\"worker\"]\n",
            read(&trust)?
        ),
    )?;
    let name = |n: usize| format!("answer-{n}.bfc");
    let (mut prove, mut verify, mut certificate) = (f64::MAX, f64::MAX, String::new());
    for n in 1..=RUNS {
        let mut answer = command(&worker, "run --key worker.key --ledger ledger.txt --log-key log.key --open all");
        answer.args(["--prompt-tokens", TOKEN, "--count", "1", "--query", QUERY, "--authority", &authority]);
        let envelope = name(n);
        answer.args(["--slot", &format!("1.0.{n}"), "--output", &envelope, "--model"]).arg(&model);
        let (said, took) = ran(&mut answer, folder)?;
        prove = prove.min(took);
        let bytes = said.lines().find_map(|l| l.strip_prefix("The certificate has "));
        certificate = bytes.and_then(|l| l.split(' ').next()).ok_or("The worker tells no size.")?.to_owned();
        verify = verify.min(ran(&mut command(&bfv, &format!("verify {envelope}")), folder)?.1);
    }
    let envelope = std::fs::metadata(folder.join(name(1))).map_err(|e| e.to_string())?.len();
    Ok(format!(
        "| bfv | none | {:.1} ms | {:.1} ms | {certificate}, in an envelope of {envelope} |",
        prove * 1e3,
        verify * 1e3
    ))
}

/// The row of ezkl, or a sentence that says why there is none.
fn theirs(folder: &Path) -> Result<String, String> {
    if let Some(why) = peers::absent(&NEEDS) {
        say(&format!("Not run: ezkl, because {why}."));
        return Ok(format!("\nezkl was not run, because {why}."));
    }
    let script = root().join("benches/ezkl/control.py").display().to_string();
    let model = root().join(MODEL).join("model.safetensors").display().to_string();
    let (said, _) = ran(&mut peers::python(&[&script, &model, TOKEN])?, folder)?;
    let seconds = |name: &str| -> Result<f64, String> {
        let value = said.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok());
        value.ok_or_else(|| format!("ezkl tells no time of {name}."))
    };
    let before = seconds("settings ")? + seconds("calibrate ")? + seconds("compile ")? + seconds("string ")?;
    let prove = seconds("witness ")? + seconds("prove ")?;
    Ok(format!(
        "| ezkl {}, {} products | {:.1} s | {prove:.1} s | {:.1} ms | {} |",
        peers::version_of("ezkl=="),
        seconds("products ")?,
        before + seconds("setup ")?,
        seconds("verify ")? * 1e3,
        seconds("bytes ")?
    ))
}
