//! The files of rows, taken apart into claims and what stands around them. Used by several test files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

/// A file of rows.
pub struct Rows {
    /// Its name.
    pub file: String,
    /// Everything but the module line and the claims.
    pub rest: String,
    pub claims: Vec<Row>,
}

/// A claim.
pub struct Row {
    pub name: String,
    /// From the word `claim` on.
    pub text: String,
    /// The same with its attributes.
    pub block: String,
}

/// The files of rows, by name. Declarations are set apart by blank lines.
pub fn rows() -> Vec<Rows> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/claims");
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "sctt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let blocks: Vec<&str> = text.split("\n\n").collect();
        let start = |b: &&str| b.starts_with("claim ") || b.contains("\nclaim ");
        let (claims, others): (Vec<&str>, Vec<&str>) = blocks.into_iter().partition(start);
        let rest = others.join("\n\n").lines().filter(|l| !l.starts_with("module ")).collect::<Vec<_>>().join("\n");
        let claims = claims.into_iter().map(|block| {
            let at = block.find("claim ").filter(|n| *n == 0).unwrap_or_else(|| block.find("\nclaim ").unwrap() + 1);
            let text = block[at..].trim_end().to_owned();
            let name = text[6..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            Row { name, text, block: block.trim_end().to_owned() }
        });
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        out.push(Rows { file, rest, claims: claims.collect() });
    }
    out.sort_by(|a, b| a.file.cmp(&b.file));
    out
}
