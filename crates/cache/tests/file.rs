//! The cache as a file: what is written is read again, damage is a miss, and there is a limit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bfv_cache::{Cache, Key};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An empty folder of a test.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if path.exists() {
        std::fs::remove_dir_all(&path).unwrap();
    }
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn key(n: u32) -> Key {
    let mut key = [0; 64];
    key[..4].copy_from_slice(&(n / 3).to_be_bytes());
    key[32..36].copy_from_slice(&n.to_be_bytes());
    key
}

fn bytes(n: u32) -> Vec<u8> {
    (0..1000_u32).map(|i| u8::try_from((i * 7 + n) % 251).unwrap()).collect()
}

#[test]
fn what_is_kept_is_there_after_a_restart() {
    let path = folder("restart").join("cache");
    let (cache, aside) = Cache::open(&path, 1 << 20).unwrap();
    assert_eq!(aside, None);
    for n in 0..30 {
        cache.put(&key(n), &bytes(n)).unwrap();
    }
    cache.put(&key(4), &bytes(99)).unwrap();
    let error = Cache::open(&path, 1 << 20).err().expect("two processes do not share a file").to_string();
    assert_eq!(error, "The cache could not be opened. Another process has it open.");
    cache.flush().unwrap();
    drop(cache);
    let (cache, _) = Cache::open(&path, 1 << 20).unwrap();
    assert_eq!(cache.size().unwrap(), (30, 30 * (1000 + 40 + 64)));
    assert_eq!(cache.get(&key(4)).unwrap(), Some(bytes(99)));
    assert_eq!(cache.get(&key(31)).unwrap(), None);
    // Those with the same first half, the one that is meant first.
    let alike: Vec<Key> = cache.alike(&key(4)).unwrap().into_iter().map(|(k, _)| k).collect();
    assert_eq!(alike, [key(4), key(3), key(5)]);
    let mut seen = 0;
    cache.each(|_, _| seen += 1).unwrap();
    assert_eq!(seen, 30);
}

#[test]
fn the_oldest_go_where_there_are_too_many() {
    let cache = Cache::in_memory(10 * 1104).unwrap();
    for n in 0..25 {
        cache.put(&key(n), &bytes(n)).unwrap();
    }
    assert_eq!(cache.size().unwrap(), (10, 10 * 1104));
    assert_eq!((cache.get(&key(14)).unwrap(), cache.get(&key(15)).unwrap()), (None, Some(bytes(15))));
    // What is written again is young again.
    cache.put(&key(15), &bytes(15)).unwrap();
    cache.put(&key(25), &bytes(25)).unwrap();
    assert_eq!((cache.get(&key(15)).unwrap(), cache.get(&key(16)).unwrap()), (Some(bytes(15)), None));
}

/// Bytes of the file are changed one after another. What is read is what was written, or it is not there.
#[test]
fn damage_is_a_miss_and_never_another_entry() {
    let folder = folder("damage");
    let path = folder.join("cache");
    let (cache, _) = Cache::open(&path, 1 << 20).unwrap();
    for n in 0..20 {
        cache.put(&key(n), &bytes(n)).unwrap();
    }
    cache.flush().unwrap();
    drop(cache);
    let whole = std::fs::read(&path).unwrap();
    let (mut missed, mut aside) = (0, 0);
    for at in (0..whole.len()).step_by(whole.len() / 120) {
        let mut changed = whole.clone();
        changed[at] ^= 0x55;
        let path = folder.join("changed");
        std::fs::write(&path, &changed).unwrap();
        // The first bytes say whether it is a cache.
        let Ok((cache, moved)) = Cache::open(&path, 1 << 20) else {
            assert!(at < 4, "byte {at}");
            continue;
        };
        aside += u32::from(moved.is_some());
        for n in 0..20 {
            match cache.get(&key(n)) {
                Ok(Some(found)) => assert_eq!(found, bytes(n), "byte {at}"),
                Ok(None) | Err(_) => missed += 1,
            }
        }
    }
    // The change is looked at: otherwise nothing would be missed.
    assert!(missed > 5, "{missed} missed, {aside} set aside");
    // What is no cache is left alone, and a damaged one never takes the place of another.
    let path = folder.join("junk");
    std::fs::write(&path, b"this is no cache").unwrap();
    let error = Cache::open(&path, 1 << 20).err().expect("it is refused").to_string();
    assert_eq!(error, "The cache could not be opened. The file is no cache.");
    assert_eq!(std::fs::read(&path).unwrap(), b"this is no cache");
    for name in ["torn.damaged", "torn.damaged.1"] {
        let path = folder.join("torn");
        std::fs::write(&path, &whole[..whole.len() / 3]).unwrap();
        let (cache, moved) = Cache::open(&path, 1 << 20).unwrap();
        assert_eq!(moved, Some(folder.join(name)), "what is torn is set aside");
        cache.put(&key(1), &bytes(1)).unwrap();
        assert_eq!(cache.get(&key(1)).unwrap(), Some(bytes(1)));
    }
}

/// The process of the next test, when it is started by that: it writes until it is killed, and says when something is on the disk.
#[test]
#[ignore = "it never ends: another test starts it and kills it"]
fn writer() {
    let path = std::env::var_os("BFV_CACHE_WRITER").expect("the other test names a file");
    let (cache, _) = Cache::open(Path::new(&path), 1 << 30).unwrap();
    for n in 0.. {
        cache.put(&key(n), &bytes(n)).unwrap();
        if n % 10 == 9 {
            cache.flush().unwrap();
            println!("flushed {n}");
            std::io::stdout().flush().unwrap();
        }
    }
}

#[test]
fn what_was_flushed_survives_a_kill_in_the_middle_of_writes() {
    let path = folder("killed").join("cache");
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["writer", "--exact", "--ignored", "--nocapture"])
            .env("BFV_CACHE_WRITER", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let flushed = lines.map_while(Result::ok).filter_map(|l| l.strip_prefix("flushed ")?.parse().ok());
        let last: u32 = flushed.take(3 + round).last().expect("something was written");
        child.kill().unwrap();
        child.wait().unwrap();
        let (cache, aside) = Cache::open(&path, 1 << 30).unwrap();
        assert_eq!(aside, None, "the file is whole");
        for n in 0..=last {
            assert_eq!(cache.get(&key(n)).unwrap(), Some(bytes(n)), "entry {n} of {last}");
        }
    }
}
