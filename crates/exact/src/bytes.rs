//! One writer and one strict reader of canonical bytes: numbers of fixed width, the lowest byte first, in fixed order. Every content
//! has one sequence of bytes, and the reader takes no other: it refuses what is cut off and what is left over.

use crate::refused::{Refused, index};

/// Writes numbers.
#[derive(Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Begins with four letters and a version.
    pub(crate) fn new(magic: [u8; 4], version: u8) -> Self {
        let mut writer = Self::default();
        writer.out.extend(magic);
        writer.u8(version);
        writer
    }

    pub(crate) fn u8(&mut self, n: u8) {
        self.out.push(n);
    }

    pub(crate) fn u32(&mut self, n: u32) {
        self.out.extend(n.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, n: i64) {
        self.out.extend(n.to_le_bytes());
    }

    /// A number of things. Lists that were checked have fewer than `2^32`.
    pub(crate) fn count(&mut self, n: usize) {
        self.u32(u32::try_from(n).unwrap_or(u32::MAX));
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.out
    }
}

/// Reads numbers from bytes of a named kind.
pub(crate) struct Reader<'a> {
    place: &'static str,
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    /// Expects four letters and a version.
    pub(crate) fn new(place: &'static str, magic: [u8; 4], version: u8, bytes: &'a [u8]) -> Result<Self, Refused> {
        let mut reader = Self { place, rest: bytes, length: bytes.len() };
        if reader.take::<4>()? != magic {
            return Err(reader.refused("these are no such bytes"));
        }
        match reader.u8()? {
            v if v == version => Ok(reader),
            v => Err(reader.refused(&format!("the version is {v}, and only {version} is known"))),
        }
    }

    /// A refusal, with the place in the bytes.
    pub(crate) fn refused(&self, why: &str) -> Refused {
        Refused::new(self.place, format!("{why}, before byte {}", self.length - self.rest.len()))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        match self.rest.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(*bytes)
            }
            None => Err(self.refused("the bytes are cut off")),
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Refused> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Refused> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    /// A flag, 0 or 1.
    pub(crate) fn flag(&mut self) -> Result<bool, Refused> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            n => Err(self.refused(&format!("a flag is {n}"))),
        }
    }

    /// A list of at most so many things, read one by one. Memory is taken for what has been read only.
    pub(crate) fn list<T>(
        &mut self,
        limit: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Refused>,
    ) -> Result<Vec<T>, Refused> {
        let n = self.u32()?;
        if index(n) > limit {
            return Err(self.refused(&format!("a list has {n} entries, and may have {limit}")));
        }
        (0..n).map(|_| read(self)).collect()
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Refused> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.refused("bytes are left over")) }
    }
}
