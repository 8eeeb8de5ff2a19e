//! The kernels of cards: whether their PTX is that of their sources, written anew, and what a card does with them.

use crate::{program, root, say, tools};
use std::process::Command;

/// The program that compiles and measures them, where the libraries of the compiler are found.
fn command(arguments: &[&str]) -> Result<Command, String> {
    const FOLDERS: &str = "LD_LIBRARY_PATH";
    let mut command = Command::new(program("bfv-device")?);
    // Beside the folders that are named there already, in one of which the driver may lie.
    let before = std::env::var_os(FOLDERS).filter(|before| !before.is_empty());
    let folders = std::iter::once(tools::compiler()).chain(before.iter().flat_map(std::env::split_paths));
    let folders =
        std::env::join_paths(folders).map_err(|_| format!("A folder of {FOLDERS} has a colon in its name."))?;
    command.args(arguments).env(FOLDERS, folders);
    Ok(command)
}

fn run(arguments: &[&str], why: &str) -> Result<(), String> {
    let status = command(arguments)?.current_dir(root()).status();
    if status.is_ok_and(|s| s.success()) { Ok(()) } else { Err(why.to_owned()) }
}

/// Fetches the compiler, writes the PTX of all kernels, and says whether it was another before.
pub fn write() -> Result<(), String> {
    tools::fetch_compiler()?;
    run(&["write", "crates/device/kernels"], "The kernels were not written. What is wrong stands above.")
}

/// Compiles all kernels and compares; `None` where the compiler is missing.
pub fn check() -> Option<bool> {
    if !tools::has_compiler() {
        return None;
    }
    let checked = run(&["check"], "The kernels are not those of their sources. What is wrong stands above.");
    if let Err(why) = &checked {
        say(why);
    }
    Some(checked.is_ok())
}

/// Compares kernels with the CPU on a card and measures them there.
pub fn device() -> Result<(), String> {
    run(&["measure"], "The card gave no figures. What is wrong stands above.")
}
