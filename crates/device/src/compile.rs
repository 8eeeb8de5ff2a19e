//! PTX from the sources, by the library NVRTC. It needs no card, and the same version gives the same text each time.

use crate::kernels::File;
use cudarc::nvrtc::{CompileOptions, Ptx, compile_ptx_with_opts};

/// The cards that the text is for, and all later ones: compute capability 8.0, the first with the instruction of the matrix unit that is used.
const CARDS: &str = "compute_80";
/// The version of the compiler that the texts here were made with, as it says it in them. An older driver loads what an older compiler has made.
pub const COMPILER: &str = "Cuda compilation tools, release 12.0, V12.0.140";

/// What the compiler makes of the source of a file.
///
/// # Errors
/// The library is missing or is another version, or the source is refused.
pub fn compile(file: &File) -> Result<String, String> {
    if !crate::cuda::has_compiler() {
        return Err("The library NVRTC is missing. Run cargo xtask kernels, which fetches it.".into());
    }
    let options = CompileOptions {
        arch: Some(CARDS),
        name: Some(format!("{}.cu", file.name)),
        // The language without the headers that a later one brings.
        options: vec!["--std=c++03".into()],
        ..CompileOptions::default()
    };
    let made = compile_ptx_with_opts(file.source, options);
    let made = made.map_err(|why| format!("The source {}.cu is refused. {why}.", file.name))?;
    let text = Ptx::to_src(&made);
    match text.contains(COMPILER) {
        true => Ok(text),
        false => Err("NVRTC is another version than 12.0.140. Run cargo xtask kernels, which fetches that one.".into()),
    }
}
