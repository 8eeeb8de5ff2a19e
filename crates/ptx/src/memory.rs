//! Memory that notes for each byte who wrote it and who read it last, and when.

/// A thread of a launch and the barriers that its block had passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) thread: u32,
    pub(crate) block: u32,
    pub(crate) barriers: u32,
}

/// What is known of one byte.
#[derive(Debug, Clone, Copy, Default)]
struct Note {
    /// Whether somebody wrote it, before the launch or in it.
    known: bool,
    /// Who wrote it last in this launch.
    written: Option<Moment>,
    /// Who read it last in this launch.
    read: Option<Moment>,
    /// Whether several threads have read it since that barrier.
    shared: bool,
}

/// Bytes in a row.
#[derive(Debug, Clone)]
pub struct Memory {
    bytes: Vec<u8>,
    notes: Vec<Note>,
    /// Whether a thread has touched it in this launch.
    touched: bool,
}

/// Whether a barrier lies between, so that the later one sees what the earlier one did: only threads of one block have barriers together.
fn ordered(earlier: Moment, later: Moment) -> bool {
    earlier.thread == later.thread || (earlier.block == later.block && earlier.barriers < later.barriers)
}

impl Memory {
    /// Bytes that are known.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Memory {
        let notes = vec![Note { known: true, ..Note::default() }; bytes.len()];
        Memory { bytes, notes, touched: false }
    }

    /// So many bytes of which nobody knows what is in them. They may not be read before they are written.
    #[must_use]
    pub fn unknown(length: usize) -> Memory {
        // Any number but 0, which a kernel that forgets something might take for a result.
        Memory { bytes: vec![0xa5; length], notes: vec![Note::default(); length], touched: false }
    }

    /// The bytes; nothing where some of them were never written.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.notes.iter().all(|note| note.known).then_some(&self.bytes)
    }

    /// How many bytes there are.
    #[must_use]
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Puts bytes in their place between two launches. They are known from now on.
    ///
    /// # Errors
    /// They do not fit.
    pub fn write(&mut self, at: usize, bytes: &[u8]) -> Result<(), String> {
        let all = self.bytes.len();
        let range = at..at.saturating_add(bytes.len());
        let (Some(to), Some(notes)) = (self.bytes.get_mut(range.clone()), self.notes.get_mut(range)) else {
            return Err(format!("{} bytes from byte {at} on are not within {all}", bytes.len()));
        };
        to.copy_from_slice(bytes);
        notes.iter_mut().for_each(|note| note.known = true);
        Ok(())
    }

    /// A launch begins: whatever was done before it is done.
    pub(crate) fn begin(&mut self) {
        if std::mem::take(&mut self.touched) {
            for note in &mut self.notes {
                *note = Note { known: note.known, ..Note::default() };
            }
        }
    }

    fn range(&self, at: u64, length: usize) -> Result<std::ops::Range<usize>, String> {
        let all = self.bytes.len();
        let start = usize::try_from(at).ok().filter(|start| start.checked_add(length).is_some_and(|end| end <= all));
        let start = start.ok_or_else(|| format!("byte {at} and {length} on are not within {all}"))?;
        if !start.is_multiple_of(length) {
            return Err(format!("byte {at} is no multiple of {length}"));
        }
        Ok(start..start + length)
    }

    pub(crate) fn load(&mut self, at: u64, length: usize, who: Moment) -> Result<&[u8], String> {
        let range = self.range(at, length)?;
        self.touched = true;
        for note in self.notes.get_mut(range.clone()).unwrap_or_default() {
            if !note.known {
                return Err(format!("byte {at} is read, and nobody wrote it"));
            }
            if note.written.is_some_and(|w| !ordered(w, who)) {
                return Err(format!("byte {at} is read while another thread may write it"));
            }
            let other = note.read.is_some_and(|r| r.thread != who.thread && !ordered(r, who));
            note.shared = other || (note.shared && note.read.is_some_and(|r| !ordered_all(r, who)));
            note.read = Some(who);
        }
        Ok(self.bytes.get(range).unwrap_or_default())
    }

    pub(crate) fn store(&mut self, at: u64, bytes: &[u8], who: Moment) -> Result<(), String> {
        let range = self.range(at, bytes.len())?;
        self.touched = true;
        for note in self.notes.get_mut(range.clone()).unwrap_or_default() {
            let read_by_other = note.read.is_some_and(|r| !ordered(r, who) || (note.shared && !ordered_all(r, who)));
            if note.written.is_some_and(|w| !ordered(w, who)) || read_by_other {
                return Err(format!("byte {at} is written while another thread may read or write it"));
            }
            (note.known, note.written) = (true, Some(who));
        }
        self.bytes.get_mut(range).unwrap_or_default().copy_from_slice(bytes);
        Ok(())
    }
}

/// Whether a barrier lies between, whoever it was.
fn ordered_all(earlier: Moment, later: Moment) -> bool {
    earlier.block == later.block && earlier.barriers < later.barriers
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn moment(thread: u32, block: u32, barriers: u32) -> Moment {
        Moment { thread, block, barriers }
    }

    #[test]
    fn what_nobody_wrote_is_not_read() {
        let mut memory = Memory::unknown(8);
        assert!(memory.load(0, 4, moment(0, 0, 0)).unwrap_err().contains("nobody wrote it"));
        memory.store(0, &[1, 2, 3, 4], moment(0, 0, 0)).unwrap();
        assert_eq!(memory.load(0, 4, moment(0, 0, 0)).unwrap(), &[1, 2, 3, 4]);
        assert_eq!(memory.bytes(), None);
        // What is put there between launches is known, and what stands beside it is what it was.
        assert!(memory.write(5, &[7; 4]).unwrap_err().contains("4 bytes from byte 5 on are not within 8"));
        assert!(memory.write(usize::MAX, &[7]).is_err());
        memory.write(5, &[7; 3]).unwrap();
        assert_eq!(memory.bytes(), None);
        memory.write(4, &[6]).unwrap();
        assert_eq!(memory.bytes(), Some(&[1, 2, 3, 4, 6, 7, 7, 7][..]));
    }

    #[test]
    fn places_outside_and_between_are_refused() {
        let mut memory = Memory::new(vec![0; 8]);
        for (at, length) in [(8, 1), (4, 8), (u64::MAX, 1), (u64::MAX, 8)] {
            assert!(memory.load(at, length, moment(0, 0, 0)).unwrap_err().contains("not within 8"));
        }
        assert!(memory.load(2, 4, moment(0, 0, 0)).unwrap_err().contains("no multiple of 4"));
    }

    #[test]
    fn threads_need_a_barrier_between_them() {
        let mut memory = Memory::new(vec![0; 4]);
        memory.store(0, &[1; 4], moment(0, 0, 0)).unwrap();
        assert!(memory.load(0, 4, moment(1, 0, 0)).unwrap_err().contains("is read while"));
        memory.load(0, 4, moment(1, 0, 1)).unwrap();
        assert!(memory.store(0, &[2; 4], moment(0, 0, 1)).unwrap_err().contains("is written while"));
        memory.store(0, &[2; 4], moment(0, 0, 2)).unwrap();
        // Blocks have no barrier together.
        assert!(memory.load(0, 4, moment(9, 1, 7)).is_err());
        assert!(memory.store(0, &[2; 4], moment(9, 1, 7)).is_err());
        memory.begin();
        memory.load(0, 4, moment(9, 1, 0)).unwrap();
    }

    /// Two have read it, the last of them the one who writes: the other one may still read.
    #[test]
    fn a_reader_is_not_forgotten_for_a_later_one() {
        let mut memory = Memory::new(vec![0; 4]);
        memory.load(0, 4, moment(1, 0, 0)).unwrap();
        memory.load(0, 4, moment(0, 0, 0)).unwrap();
        assert!(memory.store(0, &[2; 4], moment(0, 0, 0)).is_err());
        memory.store(0, &[2; 4], moment(0, 0, 1)).unwrap();
    }
}
