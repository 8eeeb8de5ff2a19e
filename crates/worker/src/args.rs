//! Flags with one value each.

use crate::Stop;
use std::path::PathBuf;
use std::str::FromStr;

/// The flags of a command that were given, by name.
pub struct Args(Vec<(&'static str, String)>);

impl Args {
    /// Reads flags of which the names are known.
    ///
    /// # Errors
    /// A flag is not known, stands twice, or has no value.
    pub fn read(words: &[String], known: &[&'static str]) -> Result<Args, Stop> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let Some(name) = known.iter().find(|name| *name == word) else {
                // A flag that is cut short is most likely the one that it begins.
                let near = known.iter().find(|name| word.len() > "--".len() && name.starts_with(word.as_str()));
                let mend = match near {
                    Some(name) => format!("Write {name}."),
                    None => format!("There are: {}.", known.join(", ")),
                };
                return Err(Stop::Usage(format!("There is no flag {word} here. {mend}")));
            };
            if all.iter().any(|(n, _)| n == name) {
                return Err(Stop::Usage(format!("The flag {name} stands twice. Keep one of the two.")));
            }
            let value = words.next().filter(|v| !v.starts_with("--"));
            let value =
                value.ok_or_else(|| Stop::Usage(format!("The flag {name} has no value. Write one behind it.")))?;
            all.push((name, value.clone()));
        }
        Ok(Args(all))
    }

    /// The value of a flag that may be missing.
    pub fn maybe(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    /// The value of a flag.
    pub fn must(&self, name: &str) -> Result<&str, Stop> {
        self.maybe(name).ok_or_else(|| Stop::Usage(format!("The flag {name} is missing. Add it with a value.")))
    }

    /// A file or folder.
    pub fn path(&self, name: &str) -> Result<PathBuf, Stop> {
        self.must(name).map(PathBuf::from)
    }

    /// A number that may be missing.
    pub fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Stop> {
        let wrong = |value: &str| Stop::Usage(format!("The flag {name} has {value}, which is no such number."));
        self.maybe(name).map(|value| value.parse().map_err(|_| wrong(value))).transpose()
    }

    /// Numbers with commas between them.
    pub fn list<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Stop> {
        let wrong = |part: &str| Stop::Usage(format!("The flag {name} has {part}, and needs numbers with commas."));
        self.must(name)?.split(',').map(|part| part.parse().map_err(|_| wrong(part))).collect()
    }
}
