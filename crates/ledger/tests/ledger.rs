//! Keys in files; a ledger that grows, is read again, and notices whatever was changed in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_cert::certificate::*;
use bfv_cert::digest::Digest;
use bfv_cert::envelope::{Reveal, write};
use bfv_cert::log::verify_consistency;
use bfv_cert::registry::{Entry, Reason, Revocation, Role};
use bfv_cert::sign::{Quorum, SecretKey};
use bfv_cert::tensor::Shape;
use bfv_cert::{Expected, Policy, Refusal, SignatureFault, admit};
use bfv_ledger::{Book, Chain, Fault, Keys, Ledger, Trust, create, generate, random, request, requested, secret};
use std::path::{Path, PathBuf};

const NOW: u64 = 1_800_000_000;

/// A folder of its own for each test, which is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("bfv-ledger-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

fn trust() -> Trust {
    Trust { authority: key(10).public(), log: key(11).public() }
}

fn entry(n: u8) -> Entry {
    Entry::with_manifest(&key(n), Role::Worker, NOW - 1000, NOW + 1000, Some(Digest([n; 32])))
}

fn revocation(n: u8, role: Role, from: u64) -> Revocation {
    Revocation { key: key(n).public().id(), role, from, reason: Reason::Lied }
}

fn certificate(n: u8, seq: u64) -> Certificate {
    let d = Digest([9; 32]);
    let shape = Shape::new(&[1]).unwrap();
    let fields = Fields {
        lane: Lane::Exact,
        operation: Operation::FullForward,
        query: d,
        slot: Slot { epoch: 1, view: 0, seq },
        validity: Validity { not_before: NOW, not_after: NOW + 300 },
        worker: key(n).public().id(),
        model: d,
        spec: d,
        layers: Layers { start: 0, end: 1 },
        input_shape: shape,
        output_shape: shape,
        input: d,
        output_root: d,
        trace: d,
        trace_shape: TraceShape { blocks: 1, layers: 1, operations: 1 },
        output: Output::Inline(vec![1]),
        seed: d,
        execution: None,
        parents: Vec::new(),
        previous: Digest::ZERO,
    };
    Body::new(&fields).unwrap().sign(&key(n))
}

fn policy() -> Policy {
    let d = Digest([9; 32]);
    Policy {
        authority: Quorum::one(key(10).public()),
        log: Quorum::one(key(11).public()),
        registry_max_age: 600,
        lanes: vec![Lane::Exact],
        models: vec![d],
        specs: vec![d],
        kernels: Vec::new(),
    }
}

fn envelope(ledger: &Ledger, certificate: &Certificate) -> Vec<u8> {
    let (log, registry) = ledger.extract(certificate).unwrap();
    write(certificate, &log, &registry, &Reveal::default(), &[], &[]).unwrap()
}

/// Two keys, two certificates, the first key revoked after its certificate, a renewed registry.
fn filled(folder: &Folder) -> PathBuf {
    let path = folder.file("ledger");
    let (authority, log) = (key(10), key(11));
    let keys = Keys { authority: &authority, log: &log };
    let mut ledger = Ledger::open(&path, trust()).unwrap();
    ledger.register(entry(1), keys, NOW).unwrap();
    ledger.register(entry(2), keys, NOW + 1).unwrap();
    ledger.add(&certificate(1, 1), &log, NOW + 2).unwrap();
    ledger.revoke(revocation(1, Role::Worker, NOW + 3), keys, NOW + 3).unwrap();
    ledger.add(&certificate(2, 1), &log, NOW + 4).unwrap();
    ledger.renew(keys, NOW + 5).unwrap();
    path
}

fn refused(fault: Fault) -> String {
    let Fault::Refused(problem) = fault else { panic!("{fault}") };
    for sentence in [&problem.what, &problem.mend] {
        assert!(sentence.ends_with('.') && sentence.split(' ').count() <= 20 && sentence.is_ascii(), "{sentence}");
    }
    problem.what
}

fn reopened(path: &Path) -> Result<Ledger, String> {
    Ledger::open(path, trust()).map_err(refused)
}

#[test]
fn a_key_is_random_and_for_its_owner_only() {
    let folder = Folder::new("key");
    let (a, b) = (folder.file("a"), folder.file("b"));
    let made = generate(&a).unwrap();
    let other = generate(&b).unwrap();
    assert_ne!(made.public().id(), other.public().id());
    assert_ne!(random().unwrap(), random().unwrap());
    assert_eq!(secret(&a).unwrap().public().id(), made.public().id());
    // No key is overwritten.
    assert!(matches!(generate(&a), Err(Fault::Files(..))));
    assert!(matches!(secret(&folder.file("none")), Err(Fault::Files(..))));
    assert_eq!(secret(&a).unwrap().public().id(), made.public().id());
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("mode");
    let path = folder.file("key");
    generate(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(refused(secret(&path).err().unwrap()).contains("Others may use it"));
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    secret(&path).unwrap();
}

#[test]
fn a_damaged_key_is_refused() {
    let folder = Folder::new("damaged");
    let path = folder.file("key");
    generate(&path).unwrap();
    let good = std::fs::read(&path).unwrap();
    let damaged = [good[..good.len() - 2].to_vec(), good[1..].to_vec(), [good.as_slice(), b"\n"].concat(), Vec::new()];
    let damaged = damaged.into_iter().chain([good.to_ascii_uppercase(), vec![0xff; 90], vec![b'a'; 1000]]);
    for bytes in damaged {
        std::fs::write(&path, bytes).unwrap();
        match secret(&path) {
            Err(Fault::Refused(problem)) => assert_eq!(problem.what, "It holds no secret key."),
            // Bytes that are no text.
            Err(Fault::Files(..)) => (),
            other => panic!("{:?}", other.err()),
        }
    }
}

#[test]
fn what_is_written_is_read_again_and_admitted() {
    let folder = Folder::new("again");
    let path = filled(&folder);
    let ledger = reopened(&path).unwrap();
    let at = |at| Expected { at: Some(at), ..Expected::default() };
    // The first worker's certificate was logged before its key was revoked.
    for n in [1, 2] {
        let bytes = envelope(&ledger, &certificate(n, 1));
        let admitted = admit(&bytes, &policy(), &at(NOW + 10)).unwrap();
        assert_eq!(admitted.envelope().registry().opening.entry.manifest, Some(Digest([n; 32])));
    }
    assert_eq!(ledger.entries().len(), 2);
    let reasons: Vec<_> = ledger.entries().iter().map(|e| ledger.reason(e)).collect();
    assert_eq!((reasons, ledger.signed()), (vec![Some(Reason::Lied), None], Some(NOW + 5)));
    drop(ledger);
    // One that comes later is refused.
    let mut ledger = reopened(&path).unwrap();
    let late = certificate(1, 2);
    ledger.add(&late, &key(11), NOW + 6).unwrap();
    let refusal = admit(&envelope(&ledger, &late), &policy(), &at(NOW + 10)).err().unwrap();
    assert!(matches!(refusal, Refusal::Signature(_, SignatureFault::Revoked)), "{refusal}");
    // The log has only grown.
    let bytes = envelope(&ledger, &late);
    let now = bfv_cert::envelope::Envelope::decode(&bytes).unwrap().log().head.head;
    drop(ledger);
    let before = reopened(&filled(&Folder::new("before"))).unwrap();
    let (old, _) = before.grown(1).unwrap();
    let old = old.head;
    let (new, proof) =
        Ledger::open(&path, trust()).map(|l| l.grown(old.size).map(|(h, p)| (h.head, p)).unwrap()).unwrap();
    assert_eq!(new, now);
    verify_consistency(&old, &new, &proof).unwrap();
}

#[test]
fn every_refusal_leaves_the_ledger_as_it_was() {
    let folder = Folder::new("refusals");
    let path = filled(&folder);
    let before = std::fs::read(&path).unwrap();
    let (authority, log, other) = (key(10), key(11), key(12));
    let keys = Keys { authority: &authority, log: &log };
    let mut ledger = reopened(&path).unwrap();
    let id = |n| key(n).public().id();
    let (now, worker) = (NOW + 9, Role::Worker);
    let mut expect = |what: &str, done: &mut dyn FnMut(&mut Ledger) -> Result<(), Fault>| {
        assert_eq!(refused(done(&mut ledger).unwrap_err()), what);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    };
    expect("The key is registered for this role already.", &mut |l| l.register(entry(1), keys, now));
    let stolen = Entry { key: id(3), ..entry(2) };
    expect("The entry is not signed by its key.", &mut |l| l.register(stolen, keys, now));
    let exchanged = Entry { manifest: None, ..entry(3) };
    expect("The entry is not signed by its key.", &mut |l| l.register(exchanged, keys, now));
    let revoked = Entry { revoked_at: Some(NOW), ..entry(3) };
    expect("The entry is not signed by its key.", &mut |l| l.register(revoked, keys, now));
    expect("There is no such key with this role.", &mut |l| l.revoke(revocation(3, worker, now), keys, now));
    expect("There is no such key with this role.", &mut |l| l.revoke(revocation(1, Role::Head, now), keys, now));
    expect("The key is revoked from then on already.", &mut |l| l.revoke(revocation(1, worker, now), keys, now));
    expect("The authority did not sign this revocation.", &mut |l| {
        l.revoke(revocation(2, worker, now), Keys { authority: &other, log: &log }, now)
    });
    expect("The time is before that of the last entry of the log.", &mut |l| l.renew(keys, NOW + 4));
    expect("The log has this already.", &mut |l| l.add(&certificate(2, 1), &log, now));
    expect("The authority did not sign this registry.", &mut |l| l.renew(Keys { authority: &other, log: &log }, now));
    expect("The keeper of the log did not sign this head.", &mut |l| l.add(&certificate(2, 2), &other, now));
    // After all of that it is as usable as before.
    ledger.add(&certificate(2, 2), &log, now).unwrap();
    assert!(refused(ledger.extract(&certificate(2, 3)).unwrap_err()).contains("does not have the certificate"));
    let unknown = certificate(3, 1);
    ledger.add(&unknown, &log, now).unwrap();
    assert!(refused(ledger.extract(&unknown).unwrap_err()).contains("not registered"));
}

#[test]
fn an_empty_ledger_has_no_registry() {
    let folder = Folder::new("empty");
    let path = folder.file("ledger");
    let mut ledger = reopened(&path).unwrap();
    let (authority, log) = (key(10), key(11));
    assert_eq!(
        refused(ledger.renew(Keys { authority: &authority, log: &log }, NOW).unwrap_err()),
        "The registry has no keys."
    );
    ledger.add(&certificate(1, 1), &log, NOW).unwrap();
    assert_eq!(refused(ledger.extract(&certificate(1, 1)).unwrap_err()), "The registry has no keys.");
}

#[test]
fn whatever_is_changed_in_the_file_is_noticed() {
    let folder = Folder::new("changed");
    let path = filled(&folder);
    let good = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.split_inclusive('\n').collect();
    let changed = folder.file("changed");
    let noticed = |text: &[u8]| {
        std::fs::write(&changed, text).unwrap();
        match Ledger::open(&changed, trust()) {
            Err(Fault::Refused(_) | Fault::Files(..)) => true,
            Err(Fault::Random(_)) | Ok(_) => false,
        }
    };
    assert!(!noticed(good.as_bytes()));
    for i in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(i);
        assert!(noticed(without.concat().as_bytes()), "line {i} was left out");
        let mut twice = lines.clone();
        twice.insert(i, lines[i]);
        assert!(noticed(twice.concat().as_bytes()), "line {i} stands twice");
        if i > 0 {
            let mut moved = lines.clone();
            moved.swap(i - 1, i);
            assert!(noticed(moved.concat().as_bytes()), "line {i} was moved");
        }
    }
    // One changed character.
    for at in (0..good.len()).step_by(5) {
        let mut bytes = good.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        assert!(noticed(&bytes), "byte {at} was changed");
    }
    // Cut off anywhere but behind a head.
    let ends: Vec<usize> = (1..=lines.len()).map(|n| lines[..n].concat().len()).collect();
    for at in (1..good.len()).step_by(7).chain(ends.iter().copied()) {
        let whole = ends.iter().zip(&lines).any(|(end, line)| *end == at && line.starts_with("head"));
        assert_eq!(noticed(&good.as_bytes()[..at]), !whole, "cut off at byte {at}");
    }
    // Keys of others.
    let other = Trust { authority: key(12).public(), ..trust() };
    assert!(refused(Ledger::open(&path, other).err().unwrap()).contains("authority"));
    let other = Trust { log: key(12).public(), ..trust() };
    assert!(refused(Ledger::open(&path, other).err().unwrap()).contains("keeper of the log"));
}

/// A machine that stops in the middle of a change leaves a part of it: any part, and zeros that a disk has put there.
#[test]
fn a_change_that_was_cut_off_is_set_aside_and_nothing_else_is_lost() {
    let folder = Folder::new("recover");
    let path = filled(&folder);
    let good = std::fs::read(&path).unwrap();
    // The last change is a renewal: a registry and a head.
    let lines: Vec<&[u8]> = good.split_inclusive(|b| *b == b'\n').collect();
    let before = lines[..lines.len() - 2].concat();
    let aside = folder.file("ledger.cut");
    let mut tried = 0;
    for end in (before.len() + 1..good.len()).step_by(3) {
        for zeros in [0, 9] {
            let left = [&good[..end], &vec![0; zeros]].concat();
            std::fs::write(&path, &left).unwrap();
            let Err(Fault::Refused(problem)) = Ledger::open(&path, trust()) else { panic!("cut off at byte {end}") };
            assert_eq!(problem.mend, "Take the file from a copy, or run bfv registry recover.");
            // Nothing is taken off without the right keys.
            let other = Trust { authority: key(12).public(), ..trust() };
            assert!(Ledger::recover(&path, other).is_err());
            assert_eq!(std::fs::read(&path).unwrap(), left);
            let _none = std::fs::remove_file(&aside);
            assert_eq!(Ledger::recover(&path, trust()).unwrap(), left.len() - before.len());
            assert_eq!(std::fs::read(&path).unwrap(), before);
            assert_eq!(std::fs::read(&aside).unwrap(), left[before.len()..]);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    assert_eq!(Ledger::recover(&path, trust()).unwrap(), 0);
    let (authority, log) = (key(10), key(11));
    reopened(&path).unwrap().renew(Keys { authority: &authority, log: &log }, NOW + 6).unwrap();
    reopened(&path).unwrap();
}

/// The first change of a ledger, cut off anywhere before its head ends, leaves an empty ledger that the change can be made in again.
#[test]
fn a_first_change_that_was_cut_off_is_set_aside() {
    let folder = Folder::new("recover-first");
    let path = folder.file("ledger");
    let (authority, log) = (key(10), key(11));
    let keys = Keys { authority: &authority, log: &log };
    reopened(&path).unwrap().register(entry(1), keys, NOW).unwrap();
    let good = std::fs::read(&path).unwrap();
    let aside = folder.file("ledger.cut");
    for end in (1..good.len()).step_by(7).chain([good.len() - 1]) {
        std::fs::write(&path, &good[..end]).unwrap();
        let Err(Fault::Refused(problem)) = Ledger::open(&path, trust()) else { panic!("cut off at byte {end}") };
        assert_eq!(problem.mend, "Take the file from a copy, or run bfv registry recover.");
        let _none = std::fs::remove_file(&aside);
        assert_eq!(Ledger::recover(&path, trust()).unwrap(), end);
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        assert_eq!(std::fs::read(&aside).unwrap(), good[..end]);
    }
    reopened(&path).unwrap().register(entry(1), keys, NOW).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), good);
    // A head that is there was relied on; more than one change, or more than is read, was not left by one that was stopped.
    let other = Trust { authority: key(12).public(), ..trust() };
    let more = [&b"key\n".repeat(3)[..], b"key"].concat();
    for (bytes, trust) in [(good.clone(), other), (more, trust()), (vec![0; (1 << 26) + 1], trust())] {
        std::fs::write(&path, &bytes).unwrap();
        let Err(Fault::Refused(problem)) = Ledger::open(&path, trust) else { panic!("{} bytes", bytes.len()) };
        assert!(!problem.mend.contains("recover"), "{}", problem.mend);
        assert!(Ledger::recover(&path, trust).is_err());
        assert!(std::fs::read(&path).unwrap() == bytes, "{} bytes", bytes.len());
    }
}

/// A head after what is wrong shows that somebody relied on it, so that is no change that was cut off.
#[test]
fn a_changed_line_is_nothing_to_recover_from() {
    let folder = Folder::new("changed-line");
    let path = filled(&folder);
    let mut bytes = std::fs::read(&path).unwrap();
    for at in (0..bytes.len() - 2).step_by(101) {
        let byte = std::mem::replace(&mut bytes[at], b'?');
        std::fs::write(&path, &bytes).unwrap();
        let last = bytes.windows(6).rposition(|w| w == b"\nhead ").unwrap();
        let recovered = Ledger::recover(&path, trust());
        // Of the last change alone, a changed head cannot be told from one that was cut off.
        assert_eq!(recovered.is_ok(), at > last && at <= last + 5, "byte {at}");
        bytes[at] = byte;
    }
}

#[test]
fn requests_are_read_as_they_were_written() {
    let folder = Folder::new("request");
    let path = folder.file("law.request");
    create(&path, request(&entry(1)).as_bytes(), false).unwrap();
    assert_eq!(requested(&path).unwrap(), entry(1));
    assert!(matches!(create(&path, b"", false), Err(Fault::Files(..))));
    let good = request(&entry(1));
    for bad in [&good[1..], &good[..good.len() - 1], &good.to_uppercase(), "", &format!("{good}\n"), &good.repeat(9)] {
        std::fs::write(&path, bad).unwrap();
        assert_eq!(refused(requested(&path).unwrap_err()), "It is no request to register a key.", "{bad}");
    }
    std::fs::write(&path, [0xff; 40]).unwrap();
    assert_eq!(refused(requested(&path).unwrap_err()), "It is no request to register a key.");
}

#[test]
fn a_ledger_is_read_where_nothing_may_be_written() {
    let folder = Folder::new("read-only");
    let path = filled(&folder);
    let own = reopened(&path).unwrap();
    let (entries, signed) = (own.entries().to_vec(), own.signed());
    drop(own);
    let book = Book::read(&path, trust()).unwrap();
    assert_eq!((book.entries(), book.signed()), (entries.as_slice(), signed));
    // Where there is none, none is made.
    let none = folder.file("none");
    assert!(matches!(Book::read(&none, trust()), Err(Fault::Files(..))));
    assert!(!none.exists());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[10] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(Book::read(&path, trust()), Err(Fault::Refused(_))));
}

#[test]
fn two_at_once_wait_for_each_other() {
    let folder = Folder::new("two");
    let path = folder.file("ledger");
    let add = |n: u8| {
        for seq in 0..20 {
            Ledger::open(&path, trust()).unwrap().add(&certificate(n, seq), &key(11), NOW).unwrap();
        }
    };
    std::thread::scope(|s| {
        s.spawn(|| add(1));
        s.spawn(|| add(2));
    });
    let ledger = reopened(&path).unwrap();
    assert_eq!(ledger.grown(1).unwrap().0.head.size, 40);
}

#[test]
fn a_chain_has_one_certificate_for_each_slot() {
    let folder = Folder::new("chain");
    let path = folder.file("key.signed");
    let slot = |epoch, view, seq| Slot { epoch, view, seq };
    let open = || Chain::open(&path).unwrap();
    assert_eq!(open().previous(), Digest::ZERO);
    open().push(slot(1, 2, 3), Digest([1; 32])).unwrap();
    let mut chain = open();
    assert_eq!(chain.previous(), Digest([1; 32]));
    for used in [slot(1, 2, 3), slot(1, 2, 2), slot(1, 1, 9), slot(0, 9, 9)] {
        assert!(refused(chain.check(used).unwrap_err()).contains("signed for slot 1.2.3 already"));
        assert!(refused(chain.push(used, Digest([2; 32])).unwrap_err()).contains("already"));
    }
    chain.push(slot(1, 2, 4), Digest([2; 32])).unwrap();
    chain.push(slot(2, 0, 0), Digest([3; 32])).unwrap();
    drop(chain);
    assert_eq!(open().previous(), Digest([3; 32]));
    let good = std::fs::read_to_string(&path).unwrap();
    let mut lines: Vec<&str> = good.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 3);
    lines.swap(1, 2);
    let changed =
        [lines.concat(), good[..good.len() - 1].to_owned(), good.replace(' ', "  "), good.to_uppercase() + "x"];
    for text in changed {
        std::fs::write(&path, text).unwrap();
        let why = refused(Chain::open(&path).err().unwrap());
        assert!(why.contains("not after") || why.contains("malformed"), "{why}");
    }
}
