//! Envelopes as they come: from files, or one after the other on the standard input. One is in memory at a time.

use crate::init::shown;
use bfv_cert::cbor::Extent;
use bfv_cert::envelope::{ENVELOPE_LIMIT, Envelope};
use bfv_cert::{Malformed, Part, Place, Refusal};
use bfv_driver::{Code, Problem};
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Bytes that are read at once, at most.
const CHUNK: usize = 1 << 16;

/// An envelope that has come.
pub struct Came<'a> {
    /// Where it came from.
    pub place: &'a str,
    /// What was read, with its bytes; or what is malformed there.
    pub read: Result<(Envelope<'a>, &'a [u8]), Refusal>,
    /// Whether it stands in a stream of which the rest has no beginning, as this is malformed.
    pub last: bool,
}

/// Who takes envelopes, and may have enough of them.
pub type Taker<'a> = dyn FnMut(Came<'_>) -> ControlFlow<()> + 'a;

/// Whether the standard input is among these paths; it is where there are none.
pub fn from_stdin(paths: &[PathBuf]) -> bool {
    paths.is_empty() || paths.iter().any(|p| p == Path::new("-"))
}

/// Gives every envelope as soon as it is complete. What cannot be read is a problem, and the other files are read all the same.
pub fn each(paths: &[PathBuf], problems: &mut Vec<Problem>, take: &mut Taker<'_>) {
    let stdin = [PathBuf::from("-")];
    for path in if paths.is_empty() { &stdin } else { paths } {
        if path.is_dir() {
            if of_folder(path, problems, take).is_break() {
                return;
            }
            continue;
        }
        let flow = if path == Path::new("-") {
            from_stream(std::io::stdin().lock(), take).unwrap_or_else(|e| {
                problems.push(Problem::not_read("of the standard input", &e));
                ControlFlow::Continue(())
            })
        } else {
            of_file(path, problems, take)
        };
        if flow.is_break() {
            return;
        }
    }
}

fn of_file(path: &Path, problems: &mut Vec<Problem>, take: &mut Taker<'_>) -> ControlFlow<()> {
    match crate::files::up_to(path, ENVELOPE_LIMIT as u64) {
        Ok(bytes) => {
            let read = Envelope::decode(&bytes).map(|envelope| (envelope, bytes.as_slice()));
            take(Came { place: &shown(path), read, last: false })
        }
        Err(e) => {
            problems.push(Problem::not_read(&shown(path), &e));
            ControlFlow::Continue(())
        }
    }
}

/// The envelopes of a folder, in the order of their names: those of a stream in the order of its blocks.
fn of_folder(path: &Path, problems: &mut Vec<Problem>, take: &mut Taker<'_>) -> ControlFlow<()> {
    let names = std::fs::read_dir(path).and_then(|all| all.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
    let mut names = match names {
        Ok(names) => names,
        Err(e) => {
            problems.push(Problem::not_read(&shown(path), &e));
            return ControlFlow::Continue(());
        }
    };
    names.retain(|name| name.extension().is_some_and(|e| e == "bfc"));
    names.sort();
    if names.is_empty() {
        let what = format!("The folder {} has no file with the ending bfc.", shown(path));
        problems.push(Problem::new(Code::NotRead, what, "name a folder with certificates."));
    }
    names.iter().try_for_each(|name| of_file(name, problems, take))
}

/// Envelopes one after the other on an input.
pub fn from_stream(input: impl Read, take: &mut Taker<'_>) -> std::io::Result<ControlFlow<()>> {
    let mut n = 1u64;
    let rest = cut(input, |held| {
        let (envelope, length) = Envelope::first(held)?;
        let read = Ok((envelope, held.get(..length).unwrap_or_default()));
        let flow = take(Came { place: &place(n), read, last: false });
        n += 1;
        Ok((length, flow))
    })?;
    Ok(rest.unwrap_or_else(|refusal| take(Came { place: &place(n), read: Err(refusal), last: true })))
}

fn place(n: u64) -> String {
    format!("envelope {n} of the input")
}

/// Cuts what is read where `first` says that an envelope ends, as soon as it is there. Of one that is not complete, more is read until there is none.
/// `first` looks when the bytes end an item or can end none, and before that only when there are twice as many, so that all looks together cost as
/// much as a few, and what is malformed is noticed before all of it came. With that the rest ends.
fn cut(
    mut input: impl Read,
    mut first: impl FnMut(&[u8]) -> Result<(usize, ControlFlow<()>), Refusal>,
) -> std::io::Result<Result<ControlFlow<()>, Refusal>> {
    let (mut held, mut chunk, mut enough, mut extent) = (Vec::new(), vec![0u8; CHUNK], 0, Extent::default());
    loop {
        let n = loop {
            match input.read(&mut chunk) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => (),
                read => break read?,
            }
        };
        held.extend_from_slice(chunk.get(..n).unwrap_or_default());
        let mut start = 0;
        while let Some(rest) = held.get(start..).filter(|rest| !rest.is_empty()) {
            if !extent.ended(rest) && n > 0 && rest.len() < enough {
                break;
            }
            match first(rest) {
                Ok((length, flow)) => {
                    start += length;
                    (enough, extent) = (0, Extent::default());
                    if flow.is_break() {
                        return Ok(Ok(flow));
                    }
                }
                // What is cut short within a byte string that is there stays so.
                Err(Refusal::Malformed(Place { part: Part::Envelope, .. }, Malformed::Truncated))
                    if n > 0 && rest.len() <= ENVELOPE_LIMIT && !extent.ended(rest) =>
                {
                    enough = rest.len().saturating_mul(2);
                    break;
                }
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        held.drain(..start.min(held.len()));
        if n == 0 {
            return Ok(Ok(ControlFlow::Continue(())));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn truncated(offset: usize) -> Refusal {
        Refusal::Malformed(Place { part: Part::Envelope, field: "cells", offset }, Malformed::Truncated)
    }

    /// Each look goes through all that is there, so the looks at an envelope without an end must be few.
    #[test]
    fn a_stream_without_an_end_is_looked_at_a_few_times() {
        let bytes = vec![0x9a; 1 << 24];
        let (mut looks, mut looked) = (0, 0);
        let rest = cut(bytes.as_slice(), |held| {
            (looks, looked) = (looks + 1, looked + held.len());
            Err(truncated(held.len()))
        });
        assert!(rest.unwrap().is_err());
        assert!(looks < 20 && looked < 4 * bytes.len(), "{looks} looks at {looked} bytes");
    }

    /// A reader that gives some bytes at a time, and says how many it has given.
    struct Slow<'a>(&'a [u8], usize, &'a std::cell::Cell<usize>);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.by_ref().take(self.1 as u64).read(into)?;
            self.2.set(self.2.get() + n);
            Ok(n)
        }
    }

    /// A byte string of up to 255 bytes.
    fn first(held: &[u8]) -> Result<usize, Refusal> {
        let length = 2 + usize::from(*held.get(1).ok_or_else(|| truncated(0))?);
        if held.len() < length { Err(truncated(held.len())) } else { Ok(length) }
    }

    #[test]
    fn envelopes_are_given_as_soon_as_they_are_complete_wherever_the_reader_stops() {
        let whole: Vec<Vec<u8>> = (24..200u8).map(|n| [vec![0x58, n], vec![n; n.into()]].concat()).collect();
        let bytes = whole.concat();
        for (end, step) in [(bytes.len(), 7), (bytes.len() - 1, 7), (bytes.len(), 1), (bytes.len(), 1000)] {
            let (given, mut all, mut consumed) = (std::cell::Cell::new(0), Vec::new(), 0);
            let rest = cut(Slow(&bytes[..end], step, &given), |held| {
                let length = first(held)?;
                consumed += length;
                assert!(given.get() < consumed + step, "{consumed} bytes were complete, and {} came", given.get());
                all.push(held[..length].to_vec());
                Ok((length, ControlFlow::Continue(())))
            });
            assert_eq!(all, whole[..whole.len() - usize::from(end < bytes.len())]);
            assert_eq!(rest.unwrap().is_err(), end < bytes.len());
        }
    }

    /// A certificate of no bytes stands in an envelope of which the rest is not there yet.
    #[test]
    fn what_is_malformed_already_waits_for_nothing() {
        struct Once(Vec<u8>);
        impl Read for Once {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                assert!(!self.0.is_empty(), "more was read");
                let mut all = std::mem::take(&mut self.0);
                let n = all.as_slice().read(into)?;
                all.drain(..n);
                self.0 = all;
                Ok(n)
            }
        }
        let bytes = [&[0x86, 0x82, 0x44][..], b"BFCE", &[0x01, 0x40]].concat();
        let mut said = Vec::new();
        let mut take = |came: Came<'_>| {
            said.push((came.read.is_err(), came.last));
            ControlFlow::Continue(())
        };
        assert!(from_stream(Once(bytes), &mut take).is_ok());
        assert_eq!(said, [(true, true)]);
    }

    #[test]
    fn who_has_enough_gets_no_more() {
        let (given, mut looks) = (std::cell::Cell::new(0), 0);
        let bytes = [0x58, 24].into_iter().chain([0; 24]).cycle().take(26 * 50).collect::<Vec<u8>>();
        let rest = cut(Slow(&bytes, 26, &given), |held| {
            looks += 1;
            Ok((first(held)?, if looks == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }))
        });
        assert_eq!((rest.unwrap().unwrap(), looks, given.get()), (ControlFlow::Break(()), 3, 78));
    }
}
