//! The lanes that `verify.toml` takes, and the kernels that it knows in those of floats.

use crate::trust::{bad, digest};
use bfv_cert::certificate::Lane;
use bfv_cert::{Kernel, Roundoff};
use bfv_driver::Problem;
use serde::Deserialize;

/// A lane by its name.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum LaneText {
    Exact,
    Residual,
    Tolerance,
    Replay,
}

impl LaneText {
    fn lane(self) -> Lane {
        match self {
            LaneText::Exact => Lane::Exact,
            LaneText::Residual => Lane::Residual,
            LaneText::Tolerance => Lane::Tolerance,
            LaneText::Replay => Lane::Replay,
        }
    }
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum RoundoffText {
    Single,
    Tensor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelText {
    hash: String,
    device: u8,
    roundoff: RoundoffText,
}

/// The lanes and kernels. Without a word about lanes only the exact one is taken.
pub fn read(
    shown: &str,
    lanes: Option<&[LaneText]>,
    kernels: &[KernelText],
) -> Result<(Vec<Lane>, Vec<Kernel>), Problem> {
    let mut all = Vec::new();
    for lane in lanes.unwrap_or(&[LaneText::Exact]) {
        let lane = lane.lane();
        if all.contains(&lane) {
            let what = format!("lane {} stands twice", name(lane));
            return Err(bad(shown, what, "keep one of the two."));
        }
        all.push(lane);
    }
    if all.is_empty() {
        return Err(bad(shown, "it takes no lane", "name one under lanes, such as exact."));
    }
    let floats = all.iter().any(|lane| matches!(lane, Lane::Residual | Lane::Tolerance));
    match (floats, kernels.is_empty()) {
        (true, true) => {
            let mend = "add a table kernel with hash, device and roundoff.";
            return Err(bad(shown, "it takes the lane residual or tolerance, and knows no kernel", mend));
        }
        (false, false) => {
            let mend = "add residual or tolerance to lanes, or leave the kernels out.";
            return Err(bad(shown, "it knows kernels, and takes neither residual nor tolerance", mend));
        }
        _ => (),
    }
    let mut known: Vec<Kernel> = Vec::new();
    for text in kernels {
        let (hash, device) = (digest(shown, &text.hash)?, text.device);
        if known.iter().any(|k| (k.hash, k.device) == (hash, device)) {
            let what = format!("the kernel {hash} stands twice for device {device}");
            return Err(bad(shown, what, "keep one of the two."));
        }
        let roundoff = match text.roundoff {
            RoundoffText::Single => Roundoff::Single,
            RoundoffText::Tensor => Roundoff::Tensor,
        };
        known.push(Kernel { hash, device, roundoff });
    }
    Ok((all, known))
}

/// The name of a lane.
pub fn name(lane: Lane) -> String {
    format!("{lane:?}").to_lowercase()
}
