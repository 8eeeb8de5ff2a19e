//! One writer and one strict reader of canonical bytes: numbers of fixed width, the lowest byte first, in fixed order. Every content
//! has one sequence of bytes, and the reader takes no other: it refuses what is cut off and what is left over.

use crate::refused::{Refused, index};

/// Writes numbers.
#[derive(Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Begins with four letters and a version.
    pub fn new(magic: [u8; 4], version: u8) -> Self {
        let mut writer = Self::default();
        writer.out.extend(magic);
        writer.u8(version);
        writer
    }

    /// One byte.
    pub fn u8(&mut self, n: u8) {
        self.out.push(n);
    }

    /// Four bytes.
    pub fn u32(&mut self, n: u32) {
        self.out.extend(n.to_le_bytes());
    }

    /// Eight bytes, in two's complement.
    pub fn i64(&mut self, n: i64) {
        self.out.extend(n.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, n: u64) {
        self.out.extend(n.to_le_bytes());
    }

    /// Bytes after their number, of which there are fewer than `2^32`.
    pub fn sized(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.out.extend_from_slice(bytes);
    }

    /// A number of things. Lists that were checked have fewer than `2^32`.
    pub fn count(&mut self, n: usize) {
        self.u32(u32::try_from(n).unwrap_or(u32::MAX));
    }

    /// What was written.
    pub fn end(self) -> Vec<u8> {
        self.out
    }
}

/// Reads numbers from bytes of a named kind.
pub struct Reader<'a> {
    place: &'static str,
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    /// Expects four letters and a version.
    ///
    /// # Errors
    /// Others stand there.
    pub fn new(place: &'static str, magic: [u8; 4], version: u8, bytes: &'a [u8]) -> Result<Self, Refused> {
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
    pub fn refused(&self, why: &str) -> Refused {
        Refused::new(self.place, format!("{why}, before byte {}", self.length - self.rest.len()))
    }

    /// So many bytes.
    ///
    /// # Errors
    /// The bytes are cut off.
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Refused> {
        match self.rest.split_first_chunk::<N>() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(*bytes)
            }
            None => Err(self.refused("the bytes are cut off")),
        }
    }

    /// One byte.
    ///
    /// # Errors
    /// The bytes are cut off.
    pub fn u8(&mut self) -> Result<u8, Refused> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    /// Four bytes.
    ///
    /// # Errors
    /// The bytes are cut off.
    pub fn u32(&mut self) -> Result<u32, Refused> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// Eight bytes, in two's complement.
    ///
    /// # Errors
    /// The bytes are cut off.
    pub fn i64(&mut self) -> Result<i64, Refused> {
        Ok(i64::from_le_bytes(self.take()?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// The bytes are cut off.
    pub fn u64(&mut self) -> Result<u64, Refused> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    /// At most so many bytes after their number.
    ///
    /// # Errors
    /// There are more, or the bytes are cut off.
    pub fn sized(&mut self, limit: usize) -> Result<&'a [u8], Refused> {
        let n = index(self.u32()?);
        if n > limit {
            return Err(self.refused(&format!("there are {n} bytes, and may be {limit}")));
        }
        let Some((bytes, rest)) = self.rest.split_at_checked(n) else {
            return Err(self.refused("the bytes are cut off"));
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// A flag, 0 or 1.
    ///
    /// # Errors
    /// Another number, or the bytes are cut off.
    pub fn flag(&mut self) -> Result<bool, Refused> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            n => Err(self.refused(&format!("a flag is {n}"))),
        }
    }

    /// A list of at most so many things, read one by one. Memory is taken for what has been read only.
    ///
    /// # Errors
    /// There are more, or one of them is refused.
    pub fn list<T>(
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
    ///
    /// # Errors
    /// Bytes are left over.
    pub fn end(&self) -> Result<(), Refused> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.refused("bytes are left over")) }
    }
}
