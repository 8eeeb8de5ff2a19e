//! Found proofs on disk. An entry is bytes under a key, and says nothing: who reads it has the kernel check what is in it.
//!
//! Each entry has a checksum, and one that is damaged is not there. A cache that cannot be read as a whole is set aside, and a new one begun.
//! Entries are written in one transaction each, so what was being written when the machine stopped is not there afterwards.

use redb::{Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use std::fmt::Display;
use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A key: what is asked, without names, and then the statement as it is.
pub type Key = [u8; 64];
/// The first half of a key.
pub type Prefix = [u8; 32];

const ENTRIES: TableDefinition<'_, &[u8; 64], &[u8]> = TableDefinition::new("entries.1");
/// The keys in the order in which they were written.
const ORDER: TableDefinition<'_, u64, &[u8; 64]> = TableDefinition::new("order.1");
/// How a file of redb begins.
const MAGIC: [u8; 4] = *b"redb";
/// Bytes of a checksum and of the number that says when an entry was written.
const HEAD: usize = 40;
/// Entries with one prefix that are read, at most.
const ALIKE: usize = 16;

/// A cache in one file. Several threads may use it; one process at a time has it open.
pub struct Cache {
    db: Database,
    most: u64,
    /// Bytes of all keys and entries.
    bytes: AtomicU64,
}

/// What went wrong with the file.
#[derive(Debug)]
pub struct Failure {
    /// What was done.
    pub doing: &'static str,
    /// What the system or the file says.
    pub why: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "The cache could not be {}. {}.", self.doing, self.why.trim_end_matches('.'))
    }
}

/// What redb does with a file. It trusts its file in places, and stops with a panic where one is damaged: that is a failure like any other.
fn guarded<T, E: Display>(doing: &'static str, work: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(failed(doing)),
        Err(_) => Err(Failure { doing, why: "Its file is damaged".to_owned() }),
    }
}

fn failed<E: Display>(doing: &'static str) -> impl Fn(E) -> Failure {
    move |e| Failure { doing, why: e.to_string() }
}

impl Cache {
    /// Opens the cache in a file, which is made where it is not there, with at most so many bytes of entries. The second part is where a file
    /// that could not be read was put.
    ///
    /// # Errors
    /// The file cannot be made, another process has it open, or it is no cache.
    pub fn open(path: &Path, most: u64) -> Result<(Cache, Option<PathBuf>), Failure> {
        let create = || {
            let db = Database::builder().set_cache_size(8 << 20).create(path).map_err(redb::Error::from)?;
            Cache::over(db, most)
        };
        if let Ok(mut file) = std::fs::File::open(path) {
            let mut start = [0; MAGIC.len()];
            let length = file.metadata().map_err(failed("opened"))?.len();
            // What somebody else wrote is left alone.
            if length > 0 && (file.read_exact(&mut start).is_err() || start != MAGIC) {
                return Err(Failure { doing: "opened", why: "The file is no cache".to_owned() });
            }
        }
        let mut hard = None;
        let first = guarded("opened", || {
            create().inspect_err(|e| {
                hard = match e {
                    redb::Error::DatabaseAlreadyOpen => Some("Another process has it open".to_owned()),
                    redb::Error::Io(e) if !matches!(e.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
                        Some(e.to_string())
                    }
                    _ => None,
                }
            })
        });
        match (first, hard) {
            (Ok(cache), _) => return Ok((cache, None)),
            (Err(_), Some(why)) => return Err(Failure { doing: "opened", why }),
            (Err(failure), None) if !path.is_file() => return Err(failure),
            (Err(_), None) => {}
        }
        let named = |n: u32| {
            let mut name = path.as_os_str().to_owned();
            name.push(if n == 0 { ".damaged".to_owned() } else { format!(".damaged.{n}") });
            PathBuf::from(name)
        };
        let Some(to) = (0..u32::MAX).map(named).find(|to| !to.exists()) else {
            return Err(Failure { doing: "set aside", why: "Too many damaged ones lie beside it".to_owned() });
        };
        std::fs::rename(path, &to).map_err(failed("set aside"))?;
        Ok((guarded("made", create)?, Some(to)))
    }

    /// A cache that ends with the process, with at most so many bytes of entries.
    ///
    /// # Errors
    /// The memory for it cannot be had.
    pub fn in_memory(most: u64) -> Result<Cache, Failure> {
        guarded("made", || {
            let db = Database::builder().create_with_backend(redb::backends::InMemoryBackend::new());
            Cache::over(db?, most)
        })
    }

    fn over(db: Database, most: u64) -> Result<Cache, redb::Error> {
        let cache = Cache { db, most, bytes: AtomicU64::new(0) };
        let tx = cache.db.begin_write()?;
        {
            tx.open_table(ORDER)?;
            let entries = tx.open_table(ENTRIES)?;
            let mut bytes = 0_u64;
            for entry in entries.iter()? {
                bytes = bytes.saturating_add(cost(entry?.1.value()));
            }
            cache.bytes.store(bytes, Ordering::Relaxed);
        }
        tx.commit()?;
        Ok(cache)
    }

    fn write<T>(&self, change: impl FnOnce(&redb::WriteTransaction) -> Result<T, redb::Error>) -> Result<T, Failure> {
        let done = || {
            let mut tx = self.db.begin_write()?;
            // A lost entry is found again; a commit that waits for the disk would make every search wait.
            tx.set_durability(Durability::None).ok();
            let out = change(&tx)?;
            tx.commit()?;
            Ok::<T, redb::Error>(out)
        };
        guarded("written", done)
    }

    /// Brings everything that was written to the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn flush(&self) -> Result<(), Failure> {
        let done = || {
            let mut tx = self.db.begin_write()?;
            tx.set_durability(Durability::Immediate).ok();
            tx.commit()?;
            Ok::<(), redb::Error>(())
        };
        guarded("written", done)
    }

    /// The entries whose keys begin so, the one with this very key first. Damaged ones are not among them.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn alike(&self, key: &Key) -> Result<Vec<(Key, Vec<u8>)>, Failure> {
        let mut low = *key;
        let mut high = *key;
        low.iter_mut().skip(32).for_each(|b| *b = 0);
        high.iter_mut().skip(32).for_each(|b| *b = u8::MAX);
        let done = || {
            let table = self.db.begin_read()?.open_table(ENTRIES)?;
            let mut found = Vec::new();
            if let Some(value) = table.get(key)? {
                found.extend(checked(key, value.value()).map(|v| (*key, v.to_vec())));
            }
            for entry in table.range::<&Key>(&low..=&high)?.take(ALIKE) {
                let (k, value) = entry?;
                if k.value() != key {
                    found.extend(checked(k.value(), value.value()).map(|v| (*k.value(), v.to_vec())));
                }
            }
            Ok::<_, redb::Error>(found)
        };
        guarded("read", done)
    }

    /// The entry with a key; nothing where there is none, or it is damaged.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, Failure> {
        let done = || {
            let table = self.db.begin_read()?.open_table(ENTRIES)?;
            let found = table.get(key)?.and_then(|v| checked(key, v.value()).map(<[u8]>::to_vec));
            Ok::<_, redb::Error>(found)
        };
        guarded("read", done)
    }

    /// Every entry that is whole, in the order of the keys.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn each(&self, mut visit: impl FnMut(&Key, &[u8])) -> Result<(), Failure> {
        let done = |visit: &mut dyn FnMut(&Key, &[u8])| {
            let table = self.db.begin_read()?.open_table(ENTRIES)?;
            for entry in table.iter()? {
                let (key, value) = entry?;
                if let Some(bytes) = checked(key.value(), value.value()) {
                    visit(key.value(), bytes);
                }
            }
            Ok::<_, redb::Error>(())
        };
        guarded("read", || done(&mut visit))
    }

    /// Keeps an entry, in the place of one with the same key. Those written first are dropped where there are too many bytes.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn put(&self, key: &Key, bytes: &[u8]) -> Result<(), Failure> {
        self.write(|tx| {
            let mut entries = tx.open_table(ENTRIES)?;
            let mut order = tx.open_table(ORDER)?;
            let number = order.last()?.map_or(0, |(n, _)| n.value().saturating_add(1));
            let mut value = Vec::with_capacity(HEAD.saturating_add(bytes.len()));
            value.extend_from_slice(checksum(key, number, bytes).as_slice());
            value.extend_from_slice(&number.to_le_bytes());
            value.extend_from_slice(bytes);
            let before = entries.insert(key, value.as_slice())?.map(|v| (number_of(v.value()), cost(v.value())));
            if let Some((Some(n), _)) = before {
                order.remove(n)?;
            }
            order.insert(number, key)?;
            // One transaction writes at a time, so nobody else changes the sum.
            let mut bytes = self.bytes.load(Ordering::Relaxed).saturating_add(cost(&value));
            bytes = bytes.saturating_sub(before.map_or(0, |(_, cost)| cost));
            while entries.len()? > 1 && bytes > self.most {
                let Some((_, oldest)) = order.pop_first()? else { break };
                let gone = entries.remove(oldest.value())?.map_or(0, |v| cost(v.value()));
                bytes = bytes.saturating_sub(gone);
            }
            self.bytes.store(bytes, Ordering::Relaxed);
            Ok(())
        })
    }

    /// How many entries there are, and how many bytes they have.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn size(&self) -> Result<(u64, u64), Failure> {
        let done = || {
            let table = self.db.begin_read()?.open_table(ENTRIES)?;
            Ok::<_, redb::Error>((table.len()?, self.bytes.load(Ordering::Relaxed)))
        };
        guarded("read", done)
    }
}

fn checksum(key: &Key, number: u64, bytes: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(key).update(&number.to_le_bytes()).update(bytes);
    *hasher.finalize().as_bytes()
}

/// The bytes of a key with its entry.
fn cost(value: &[u8]) -> u64 {
    u64::try_from(value.len().saturating_add(64)).unwrap_or(u64::MAX)
}

fn number_of(value: &[u8]) -> Option<u64> {
    value.get(32..HEAD)?.try_into().ok().map(u64::from_le_bytes)
}

/// The bytes of an entry; nothing where they are not those that were written.
fn checked<'v>(key: &Key, value: &'v [u8]) -> Option<&'v [u8]> {
    let (number, bytes) = (number_of(value)?, value.get(HEAD..)?);
    (value.get(..32)? == checksum(key, number, bytes)).then_some(bytes)
}
