//! Every code has samples: `tests/errors/<code>/<case>.sctt` and the diagnostics expected of it in `<case>.txt`.
//! For a code whose sample is a repetition, `sample.txt` alone says what the sample of the catalogue gives.
//! With UPDATE_EXPECTED set, the expected texts are written instead of compared; read them before keeping them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bfv_diag::{Code, Sample, Sources};
use common::plain_sentences;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors")
}

/// The diagnostics of a text, all or those of one code, one fact a line.
fn render(bytes: &[u8], only: Option<Code>) -> (Vec<Code>, String) {
    let mut sources = Sources::new();
    let number = sources.add("input", bytes);
    let (_, found) = bfv_syntax::parse(number, bytes);
    let mut out = String::new();
    for d in &found {
        plain_sentences(d);
        if only.is_some_and(|code| code != d.code) {
            continue;
        }
        let p = sources.start(d.span.unwrap()).unwrap();
        out += &format!("{} {}, line {}, column {}: {}\n", d.code.id(), d.severity.word(), p.line, p.column, d.message);
        for (span, text) in &d.labels {
            let p = sources.start(*span).unwrap();
            out += &format!("Line {}, column {}: {}\n", p.line, p.column, text);
        }
        if let Some(fix) = &d.fix {
            out += &format!("To mend it: {fix}\n");
        }
    }
    (found.iter().map(|d| d.code).collect(), out)
}

fn compare(code: Code, name: &str, bytes: &[u8], only: Option<Code>, expected: &Path) {
    let (codes, text) = render(bytes, only);
    assert!(codes.contains(&code), "{} {name} gives {codes:?}", code.id());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(expected, &text).unwrap();
    }
    let wanted = std::fs::read_to_string(expected).unwrap_or_default();
    assert_eq!(text, wanted, "{} {name}", code.id());
}

fn codes_of_reading() -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(|c| c.id().starts_with("E01"))
}

#[test]
fn every_code_has_samples_with_expected_messages() {
    for code in codes_of_reading() {
        let folder = folder().join(code.id());
        let mut samples = 0;
        if let Sample::Repeat { .. } = code.sample() {
            compare(code, "sample", &code.sample().bytes(), Some(code), &folder.join("sample.txt"));
            samples += 1;
        }
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .unwrap_or_else(|_| panic!("{} has no folder", code.id()))
            .map(|f| f.unwrap().path())
            .collect();
        files.sort();
        for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "sctt")) {
            let name = file.file_stem().unwrap().to_string_lossy().to_string();
            compare(code, &name, &std::fs::read(file).unwrap(), None, &file.with_extension("txt"));
            samples += 1;
        }
        assert!(samples > 0, "{} has no sample", code.id());
    }
}

#[test]
fn every_folder_is_a_code() {
    let known: BTreeSet<String> = codes_of_reading().map(|c| c.id().to_string()).collect();
    let folders: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|f| f.unwrap().file_name().to_string_lossy().to_string()).collect();
    assert_eq!(known, folders);
}

#[test]
fn samples_of_the_catalogue_give_their_code() {
    for code in codes_of_reading() {
        let (codes, _) = render(&code.sample().bytes(), None);
        assert!(codes.contains(&code), "{} gives {codes:?}", code.id());
    }
}
