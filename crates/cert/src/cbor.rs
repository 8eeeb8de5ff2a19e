//! A strict reader and a writer for a small part of CBOR (RFC 8949), over the primitives of `minicbor`: unsigned integers, byte strings
//! and arrays of definite length, each in its shortest form. No maps, tags, floats, texts or negative numbers.
//!
//! The reader is led by the format: it is asked for what must stand next, so it never recurses, never skips, and needs no more memory for
//! deeply nested bytes than for others. Since every number and length has one form, bytes that it accepts are those that the writer makes.

use crate::digest::{DIGEST_LEN, Digest};
use crate::refusal::{Malformed, Part, Place, Refusal};
use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Reads bytes that lie in memory, without copying them.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    decoder: Decoder<'a>,
    part: Part,
}

impl<'a> Reader<'a> {
    /// A reader at the start of these bytes, which are this part.
    pub fn new(part: Part, bytes: &'a [u8]) -> Reader<'a> {
        Reader { decoder: Decoder::new(bytes), part }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> usize {
        self.decoder.position()
    }

    /// Refuses, with this place.
    fn refuse<T>(&self, field: &'static str, offset: usize, found: Malformed) -> Result<T, Refusal> {
        Err(Refusal::Malformed(Place { part: self.part, field, offset }, found))
    }

    /// Refuses what was read in this field before.
    ///
    /// # Errors
    /// Always, with the offset after it.
    pub fn deny<T>(&self, field: &'static str, found: Malformed) -> Result<T, Refusal> {
        self.refuse(field, self.offset(), found)
    }

    /// What stands next must be this: a number, a byte string or an array.
    fn expect(&self, field: &'static str, needed: &'static str) -> Result<(), Refusal> {
        let found = match self.decoder.datatype() {
            Ok(Type::U8 | Type::U16 | Type::U32 | Type::U64) => "number",
            Ok(Type::Bytes) => "byte string",
            Ok(Type::Array) => "array",
            Ok(Type::ArrayIndef | Type::BytesIndef | Type::StringIndef | Type::MapIndef) => {
                return self.refuse(field, self.offset(), Malformed::Indefinite);
            }
            Ok(_) => "other",
            Err(_) => return self.refuse(field, self.offset(), Malformed::Truncated),
        };
        if found == needed { Ok(()) } else { self.refuse(field, self.offset(), Malformed::Type(needed)) }
    }

    /// The head from `start` on has `length` bytes and says `n`.
    fn shortest(&self, field: &'static str, start: usize, length: usize, n: u64) -> Result<(), Refusal> {
        let short = match n {
            0..=0x17 => 1,
            0x18..=0xff => 2,
            0x100..=0xffff => 3,
            0x1_0000..=0xffff_ffff => 5,
            _ => 9,
        };
        if length == short { Ok(()) } else { self.refuse(field, start, Malformed::NotShortest) }
    }

    /// A number of at most `most`.
    ///
    /// # Errors
    /// Something else stands there, or a larger number.
    pub fn number(&mut self, field: &'static str, most: u64) -> Result<u64, Refusal> {
        self.expect(field, "number")?;
        let start = self.offset();
        let Ok(n) = self.decoder.u64() else { return self.refuse(field, start, Malformed::Truncated) };
        self.shortest(field, start, self.offset().saturating_sub(start), n)?;
        if n > most { self.refuse(field, start, Malformed::Range(n)) } else { Ok(n) }
    }

    /// A number of this type, such as `u16`.
    ///
    /// # Errors
    /// Something else stands there, or a larger number.
    pub fn uint<T: TryFrom<u64>>(&mut self, field: &'static str) -> Result<T, Refusal> {
        let start = self.offset();
        let n = self.number(field, u64::MAX)?;
        T::try_from(n).or_else(|_| self.refuse(field, start, Malformed::Range(n)))
    }

    /// The start of an array, and how many items it has: at least `least` and at most `most`.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn array(&mut self, field: &'static str, least: u64, most: u64) -> Result<u64, Refusal> {
        self.expect(field, "array")?;
        let start = self.offset();
        let Ok(Some(n)) = self.decoder.array() else { return self.refuse(field, start, Malformed::Truncated) };
        self.shortest(field, start, self.offset().saturating_sub(start), n)?;
        self.bounded(field, start, n, least, most)?;
        Ok(n)
    }

    /// The start of an array of so many items.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn tuple(&mut self, field: &'static str, items: u64) -> Result<(), Refusal> {
        self.array(field, items, items).map(|_| ())
    }

    /// A byte string of at least `least` and at most `most` bytes. It is not copied.
    ///
    /// # Errors
    /// Something else stands there, or fewer bytes follow than its length says.
    pub fn bytes(&mut self, field: &'static str, least: u64, most: u64) -> Result<&'a [u8], Refusal> {
        self.expect(field, "byte string")?;
        let start = self.offset();
        let Ok(bytes) = self.decoder.bytes() else {
            // More bytes would not mend a length beyond the limit, so whoever reads a stream must not wait for them.
            if let Some(n) = self.said(start) {
                self.bounded(field, start, n, least, most)?;
            }
            return self.refuse(field, start, Malformed::Truncated);
        };
        let n = bytes.len() as u64;
        self.shortest(field, start, self.offset().saturating_sub(start).saturating_sub(bytes.len()), n)?;
        self.bounded(field, start, n, least, most)?;
        Ok(bytes)
    }

    /// The length that the head of a byte string says, which stands here in full.
    fn said(&self, at: usize) -> Option<u64> {
        match head(self.decoder.input().get(at..)?) {
            Head::Whole(_, n, _) => Some(n),
            Head::Cut | Head::Strange => None,
        }
    }

    fn bounded(&self, field: &'static str, at: usize, n: u64, least: u64, most: u64) -> Result<(), Refusal> {
        if n > most {
            self.refuse(field, at, Malformed::TooLarge(n, most))
        } else if n < least {
            self.refuse(field, at, Malformed::TooSmall(n, least))
        } else {
            Ok(())
        }
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn fixed<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Refusal> {
        let bytes = self.bytes(field, N as u64, N as u64)?;
        <[u8; N]>::try_from(bytes).or_else(|_| self.deny(field, Malformed::Truncated))
    }

    /// A digest.
    ///
    /// # Errors
    /// Something else stands there.
    pub fn digest(&mut self, field: &'static str) -> Result<Digest, Refusal> {
        self.fixed::<DIGEST_LEN>(field).map(Digest)
    }

    /// An array of the magic bytes and the version 1.
    ///
    /// # Errors
    /// Something else stands there, or another version.
    pub fn magic(&mut self, magic: &[u8; 4]) -> Result<(), Refusal> {
        self.tuple("version", 2)?;
        if &self.fixed::<4>("version")? != magic {
            return self.deny("version", Malformed::Magic);
        }
        match self.number("version", u64::MAX)? {
            1 => Ok(()),
            n => self.deny("version", Malformed::Version(n)),
        }
    }

    /// The end of the bytes.
    ///
    /// # Errors
    /// Bytes follow.
    pub fn end(&self) -> Result<(), Refusal> {
        match self.decoder.input().len().saturating_sub(self.offset()) {
            0 => Ok(()),
            n => self.deny("end", Malformed::Trailing(n)),
        }
    }
}

/// The head of an item (RFC 8949, section 3).
enum Head {
    /// Its major type, its number or length, and the bytes of the head.
    Whole(u8, u64, usize),
    /// The bytes end within it.
    Cut,
    /// It has no number.
    Strange,
}

fn head(bytes: &[u8]) -> Head {
    let Some((first, rest)) = bytes.split_first() else { return Head::Cut };
    let follow = match first & 0x1f {
        n @ 0..24 => return Head::Whole(first >> 5, n.into(), 1),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return Head::Strange,
    };
    match rest.get(..follow) {
        Some(number) => {
            let n = number.iter().fold(0, |n, byte| n << 8 | u64::from(*byte));
            Head::Whole(first >> 5, n, follow + 1)
        }
        None => Head::Cut,
    }
}

/// Where an item ends of which the bytes come in parts, so that whoever reads a stream knows when to read strictly. Every head is looked at once, and what
/// is in a byte string not at all. Nothing is judged, and nothing is kept but two numbers.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Where the next head stands.
    at: u64,
    /// How many items are still to come.
    open: u64,
}

impl Default for Extent {
    fn default() -> Extent {
        Extent { at: 0, open: 1 }
    }
}

impl Extent {
    /// Goes on with the bytes that are there, from the first one of the item on. Says whether more of them would change nothing: the item ends in them,
    /// or has something that no [`Reader`] takes.
    pub fn ended(&mut self, bytes: &[u8]) -> bool {
        while self.open > 0 {
            let rest = usize::try_from(self.at).ok().and_then(|at| bytes.get(at..));
            let Some(rest) = rest else { return false };
            let (inside, items) = match head(rest) {
                Head::Whole(0, _, length) => (length as u64, 0),
                Head::Whole(2, n, length) => (n.saturating_add(length as u64), 0),
                Head::Whole(4, n, length) => (length as u64, n),
                Head::Whole(..) | Head::Strange => return true,
                // Of another type no more is needed to know that.
                Head::Cut => return rest.first().is_some_and(|first| !matches!(first >> 5, 0 | 2 | 4)),
            };
            (self.at, self.open) = (self.at.saturating_add(inside), (self.open - 1).saturating_add(items));
        }
        self.at <= bytes.len() as u64
    }
}

/// Writes the bytes that [`Reader`] accepts.
pub struct Writer(Encoder<Vec<u8>>);

impl Default for Writer {
    fn default() -> Writer {
        Writer(Encoder::new(Vec::new()))
    }
}

impl Writer {
    /// Writes a number.
    pub fn number(&mut self, n: u64) -> &mut Writer {
        let done = self.0.u64(n).is_ok();
        debug_assert!(done, "writing to memory cannot fail");
        self
    }

    /// Writes the start of an array of so many items.
    pub fn array(&mut self, items: u64) -> &mut Writer {
        let done = self.0.array(items).is_ok();
        debug_assert!(done, "writing to memory cannot fail");
        self
    }

    /// Writes a byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Writer {
        let done = self.0.bytes(bytes).is_ok();
        debug_assert!(done, "writing to memory cannot fail");
        self
    }

    /// Writes a digest.
    pub fn digest(&mut self, digest: &Digest) -> &mut Writer {
        self.bytes(&digest.0)
    }

    /// Writes the magic bytes and the version 1.
    pub fn magic(&mut self, magic: &[u8; 4]) -> &mut Writer {
        self.array(2).bytes(magic).number(1)
    }

    /// What was written.
    pub fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}
