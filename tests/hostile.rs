//! Files made to break a reader, through the real program: a clear error or a clear success, the right exit code, and soon.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The exit code and all that is printed; a run that takes longer than a minute is stopped and fails the test.
fn check(dir: &Path, files: &[&str]) -> (i32, String) {
    let out = dir.join("out.txt");
    let to = || Stdio::from(std::fs::File::options().create(true).append(true).open(&out).unwrap());
    let _ = std::fs::remove_file(&out);
    let args: Vec<&str> = [&["check"], files].concat();
    let mut child = newcomer(dir, dir, &args).stdout(to()).stderr(to()).spawn().unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{files:?} takes too long");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(text.is_ascii() && text.len() < 100_000, "{files:?}: {text:.300}");
    (status.code().expect("no signal ends it"), text)
}

/// Checks one file and expects a code and a part of what is said.
fn expect(name: &str, bytes: &[u8], code: i32, part: &str) -> String {
    let folder = Folder::new(name);
    folder.write("a.sctt", bytes);
    let (found, text) = check(&folder.0, &["a.sctt"]);
    assert_eq!(found, code, "{name}: {text:.600}");
    assert!(text.contains(part), "{name}: {text:.600}");
    text
}

const GOOD: &str = "claim good : 1 = 1\n";

#[test]
fn deep_nesting() {
    let parens =
        [&b"def a : Nat := "[..], &b"(".repeat(100_000), b"1", &b")".repeat(100_000), b"\nclaim b : 1 = 1\n"].concat();
    let text = expect("parens", &parens, 3, "Error E0124: ");
    assert!(text.starts_with("Found 1 error in a.sctt, and checked 1 goal: 1 proved,"), "{text}");
    let sum = format!("def a : Nat := {}1\n{GOOD}", "1 + ".repeat(100_000));
    expect("sum", sum.as_bytes(), 3, "Error E0124: ");
    let comment = format!("{}{}{GOOD}", "/-".repeat(100_000), "-/".repeat(100_000));
    expect("comment", comment.as_bytes(), 0, "Result: every verdict is as expected.");
    // Within the limit of the reader a deep term reaches the elaborator and the kernel.
    for n in [1_000, 4_900] {
        let deep = format!("def a : Nat := {}1\n{GOOD}", "suc (".repeat(n.min(1_900)) + &"1 + ".repeat(n));
        expect("half", deep.as_bytes(), 3, "Error E0122: ");
        let deep = format!("def a : Nat := {}1\n{GOOD}", "1 + ".repeat(n));
        expect("terms", deep.as_bytes(), 0, "1 proved");
        let binders = format!("claim b : {}1 = 1\n", "Nat -> ".repeat(n));
        let folder = Folder::new("arrows");
        folder.write("a.sctt", binders.as_bytes());
        let (code, text) = check(&folder.0, &["a.sctt"]);
        assert!([0, 3, 4].contains(&code), "{n} arrows: {code} {text:.600}");
    }
}

#[test]
fn long_files() {
    let spaces = [" ".repeat(50 << 20).as_bytes(), GOOD.as_bytes()].concat();
    expect("spaces", &spaces, 0, "1 proved");
    let more = " ".repeat((64 << 20) + 1);
    expect("more", more.as_bytes(), 3, "Error E0111: ");
    let line = format!("-- {}\n{GOOD}", "x".repeat(10 << 20));
    expect("line", line.as_bytes(), 0, "1 proved");
    let number = format!("def a : Nat := {}\n{GOOD}", "9".repeat(20_000));
    expect("number", number.as_bytes(), 3, "Error E0109: ");
    let name = format!("def {} : Nat := 1\n{GOOD}", "a".repeat(1 << 20));
    expect("name", name.as_bytes(), 0, "1 proved");
    let many = "def ;\n".repeat(10_000);
    expect("errors", many.as_bytes(), 3, "Error E0112: ");
}

#[test]
fn bytes_that_are_no_text() {
    expect("utf8", b"claim a : 1 = 1 -- \xFF\xFE\n", 3, "Error E0101: ");
    expect("utf16", b"\xFF\xFEc\0l\0a\0i\0m\0", 3, "Error E0102: ");
    expect("nul", b"claim a : 1 = 1\0\n", 3, "Error E0103: ");
    expect("nul in a comment", b"-- \0\nclaim a : 1 = 1\n", 3, "Error E0103: ");
    expect("control", b"claim a : 1 = 1 \x07\n", 3, "Error E0104: ");
    let noise: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    expect("noise", &noise, 3, "Error E01");
}

#[test]
fn marks_and_line_ends_that_are_welcome() {
    let done = "Result: every verdict is as expected.";
    expect("mark", b"\xEF\xBB\xBFclaim a : 1 = 1\n", 0, done);
    expect("crlf", b"import std.real\r\n\r\n--- Fine.\r\nclaim a (x : Real) :\r\n  x = x\r\n", 0, done);
    expect("cr", b"claim a : 1 = 1\rclaim b : 2 = 2\r", 0, "2 proved");
    expect("tabs", b"claim\ta\t:\t1 = 1\n", 0, done);
    expect("no line end", b"claim a : 1 = 1", 0, done);
    let text = expect("place", b"\xEF\xBB\xBF-- one\r\ndef a : Nat := true\r\n", 3, "Error E0210: ");
    assert!(text.contains("line 2, column 16."), "{text}");
}

#[test]
fn nothing_to_check() {
    let nothing = "Result: there was no claim to check.";
    expect("empty", b"", 0, nothing);
    expect("comments", b"-- nothing\n/- here /- at all -/ -/\n", 0, nothing);
    expect("header", b"module m\nimport std.real\n", 0, nothing);
    expect("open comment", b"/- never closed", 3, "Error E0106: ");
}

#[test]
fn paths_that_are_no_files() {
    let folder = Folder::new("paths");
    std::fs::create_dir(folder.0.join("folder.sctt")).unwrap();
    std::fs::create_dir(folder.0.join("empty")).unwrap();
    folder.write("good.sctt", GOOD.as_bytes());
    let run = |files: &[&str]| check(&folder.0, files);
    let (code, text) = run(&["folder.sctt"]);
    assert_eq!(code, 74, "{text}");
    assert!(text.contains("Error not-read: The folder folder.sctt holds no .sctt file."), "{text}");
    let (code, text) = run(&["empty"]);
    assert_eq!(code, 74, "{text}");
    let (code, text) = run(&["missing.sctt"]);
    assert_eq!((code, text.contains("there is no such file")), (74, true), "{text}");
    // A folder with a file is checked, whatever its name.
    std::fs::write(folder.0.join("folder.sctt/inner.sctt"), "claim b : 2 = 2\n").unwrap();
    let (code, text) = run(&["folder.sctt"]);
    assert_eq!((code, text.contains("1 proved")), (0, true), "{text}");
    let (code, text) = run(&["good.sctt", "good.sctt"]);
    assert_eq!((code, text.contains("Checked 1 goal")), (0, true), "the same file twice: {text}");
}

#[cfg(unix)]
#[test]
fn files_that_cannot_be_read_and_devices() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new("unix");
    folder.write("closed.sctt", GOOD.as_bytes());
    let closed = folder.0.join("closed.sctt");
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&closed).is_ok() {
        println!("not run: this user may read every file");
    } else {
        let (code, text) = check(&folder.0, &["closed.sctt"]);
        assert_eq!(code, 74, "{text}");
        assert!(text.contains("Error not-read: The file closed.sctt cannot be read: permission is denied."), "{text}");
    }
    // A device without an end is read up to the limit.
    let (code, text) = check(&folder.0, &["/dev/zero"]);
    assert_eq!((code, text.contains("Error E0111: ")), (3, true), "{text}");
    let (code, text) = check(&folder.0, &["/dev/null"]);
    assert_eq!(code, 0, "{text}");
    std::os::unix::fs::symlink(folder.0.join("nowhere"), folder.0.join("link.sctt")).unwrap();
    let (code, text) = check(&folder.0, &["link.sctt"]);
    assert_eq!(code, 74, "{text}");
}
