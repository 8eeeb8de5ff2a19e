//! What passes from one stage of a model to the next, in a file: the residual stream, with its root.
//!
//! Every number has 24 bits and three bytes, so there are no two files of one stream, and none that holds anything else. The root is what certificates
//! name ([`stream_root`]): a file that was damaged on its way is refused, and a worker sees what it will sign.

use crate::problem::Problem;
use bfv_cert::digest::{DIGEST_LEN, Digest};
use bfv_exact::bytes::{Reader, Writer};
use bfv_exact::commit::{self, stream_root};
use bfv_exact::forward::Numbers;
use bfv_exact::{MAX_ELEMENTS, Matrix, Refused, elements};

const MAGIC: [u8; 4] = *b"bfxa";
const VERSION: u8 = 1;
/// Bytes of a number.
const WIDTH: usize = 3;
const PLACE: &str = "what passes between stages";

fn refused(why: Refused) -> Problem {
    Problem::new(why.place, format!("It is refused: {}.", why.why), "Take the file from the stage before again.")
}

/// The bytes of a stream, of which every number has 24 bits.
///
/// # Errors
/// It has no rows, or is too large to be named in a certificate.
pub fn write(stream: &Matrix<i32>) -> Result<Vec<u8>, Problem> {
    let root = stream_root(stream).map_err(|why| Problem::new(PLACE, why.to_string(), "Ask for fewer tokens."))?;
    let mut bytes = Vec::new();
    commit::write(Numbers::I32(stream), WIDTH, &mut bytes);
    let mut w = Writer::new(MAGIC, VERSION);
    w.count(stream.rows());
    w.count(stream.cols());
    w.sized(root.as_bytes());
    w.sized(&bytes);
    Ok(w.end())
}

/// Reads a stream. Memory is taken for as many numbers as there are bytes for.
///
/// # Errors
/// The bytes are not those that [`write`] gives of some stream: cut off, left over, of another shape, or of another root.
pub fn read(bytes: &[u8]) -> Result<Matrix<i32>, Problem> {
    let mut r = Reader::new(PLACE, MAGIC, VERSION, bytes).map_err(refused)?;
    let mut side = || -> Result<usize, Problem> {
        let n = r.u32().map_err(refused)?;
        Ok(usize::try_from(n).unwrap_or(usize::MAX))
    };
    let (rows, cols) = (side()?, side()?);
    let root = r.sized(DIGEST_LEN).map_err(refused)?;
    let numbers = r.sized(MAX_ELEMENTS.saturating_mul(WIDTH)).map_err(refused)?;
    r.end().map_err(refused)?;
    let needed = elements(PLACE, rows, cols).map_err(refused)?.saturating_mul(WIDTH);
    if numbers.len() != needed {
        let why = format!("there are {} bytes of numbers, and must be {needed}", numbers.len());
        return Err(refused(Refused::new(PLACE, why)));
    }
    let mut entries = Vec::new();
    commit::read(numbers, WIDTH, &mut entries);
    let stream = Matrix::new(PLACE, rows, cols, entries).map_err(refused)?;
    let own = stream_root(&stream).ok();
    if own.is_none() || own != <[u8; DIGEST_LEN]>::try_from(root).ok().map(Digest) {
        return Err(refused(Refused::new(PLACE, "the numbers are not those of its root")));
    }
    Ok(stream)
}
