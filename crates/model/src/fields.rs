//! The fields of an object, taken one by one: what is missing, of another kind or not known is named with its place.

use crate::json::{Json, Value, place};
use crate::problem::{Problem, quoted};

/// An object whose fields are taken by name.
pub struct Fields<'a> {
    text: &'a str,
    at: usize,
    path: String,
    all: &'a [(String, Json)],
    known: Vec<&'static str>,
}

/// A value with the text it stands in and the names that lead to it.
#[derive(Clone)]
pub struct Found<'a> {
    text: &'a str,
    path: String,
    json: &'a Json,
}

impl<'a> Fields<'a> {
    /// The fields of the whole file.
    ///
    /// # Errors
    /// The file is no object.
    pub fn new(text: &'a str, json: &'a Json) -> Result<Fields<'a>, Problem> {
        Found { text, path: String::new(), json }.object()
    }

    fn problem(&self, what: impl Into<String>, mend: impl Into<String>) -> Problem {
        Problem::new(spot(self.text, self.at, &self.path), what, mend)
    }

    /// A field that may be missing.
    pub fn maybe(&mut self, name: &'static str) -> Option<Found<'a>> {
        self.known.push(name);
        let (_, json) = self.all.iter().find(|(n, _)| n == name)?;
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}, {name}", self.path) };
        Some(Found { text: self.text, path, json })
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// It is missing.
    pub fn must(&mut self, name: &'static str) -> Result<Found<'a>, Problem> {
        let missing = self.problem(format!("The field {name} is missing."), "Add it.");
        self.maybe(name).ok_or(missing)
    }

    /// Every field with its name, where names are not known beforehand.
    #[must_use]
    pub fn every(&self) -> Vec<(&'a str, Found<'a>)> {
        let path =
            |name: &str| if self.path.is_empty() { quoted(name) } else { format!("{}, {}", self.path, quoted(name)) };
        self.all.iter().map(|(n, json)| (n.as_str(), Found { text: self.text, path: path(n), json })).collect()
    }

    /// Nothing else may stand in the object.
    ///
    /// # Errors
    /// A field that was never asked for.
    pub fn end(self) -> Result<(), Problem> {
        let Some((name, json)) = self.all.iter().find(|(n, _)| !self.known.contains(&n.as_str())) else {
            return Ok(());
        };
        let what = format!("The field {} is not known here.", quoted(name));
        let mend = format!("Remove it, or write one of: {}.", self.known.join(", "));
        Err(Problem::new(spot(self.text, json.at, &self.path), what, mend))
    }
}

fn spot(text: &str, at: usize, path: &str) -> String {
    let here = place(text, at);
    if path.is_empty() { here } else { format!("{here}, in {path}") }
}

impl<'a> Found<'a> {
    /// A problem of this value.
    pub fn problem(&self, what: impl Into<String>, mend: impl Into<String>) -> Problem {
        Problem::new(spot(self.text, self.json.at, &self.path), what, mend)
    }

    fn wrong(&self, wanted: &str) -> Problem {
        self.problem(format!("This is {}, and must be {wanted}.", self.json.value.kind()), format!("Write {wanted}."))
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.json.value == Value::Null
    }

    /// An object.
    ///
    /// # Errors
    /// It is none.
    pub fn object(&self) -> Result<Fields<'a>, Problem> {
        let Value::Object(all) = &self.json.value else { return Err(self.wrong("an object")) };
        Ok(Fields { text: self.text, at: self.json.at, path: self.path.clone(), all, known: Vec::new() })
    }

    /// A list, each entry with its number, from 1.
    ///
    /// # Errors
    /// It is none, or it is empty or has more than `most` entries.
    pub fn list(&self, most: usize) -> Result<Vec<Found<'a>>, Problem> {
        let Value::List(all) = &self.json.value else { return Err(self.wrong("a list")) };
        if all.is_empty() || all.len() > most {
            let what = format!("The list has {} entries, and must have 1 to {most}.", all.len());
            return Err(self.problem(what, "Add or remove entries."));
        }
        let entry = |(i, json)| Found { text: self.text, path: format!("{}, entry {i}", self.path), json };
        Ok((1..).zip(all).map(entry).collect())
    }

    /// Whether it is a list without entries.
    #[must_use]
    pub fn is_empty_list(&self) -> bool {
        matches!(&self.json.value, Value::List(all) if all.is_empty())
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// It is neither.
    pub fn truth(&self) -> Result<bool, Problem> {
        let Value::Truth(b) = self.json.value else { return Err(self.wrong("true or false")) };
        Ok(b)
    }

    /// A text.
    ///
    /// # Errors
    /// It is none.
    pub fn text(&self) -> Result<&'a str, Problem> {
        let Value::Text(t) = &self.json.value else { return Err(self.wrong("a text")) };
        Ok(t)
    }

    /// A number, as it is written.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self) -> Result<&'a str, Problem> {
        let Value::Number(n) = &self.json.value else { return Err(self.wrong("a number")) };
        Ok(n)
    }

    /// A whole number of a range. `512.0` is none: it is written as a fraction.
    ///
    /// # Errors
    /// It is none, or outside of the range.
    pub fn whole(&self, low: u32, high: u32) -> Result<u32, Problem> {
        let written = self.number()?;
        let n = written.parse().ok().filter(|n| (low..=high).contains(n));
        n.ok_or_else(|| {
            let what = format!("{} is no whole number from {low} to {high}.", quoted(written));
            self.problem(what, "Write one of those.")
        })
    }

    /// A number from 0 to 1 in billionths. It is exact, so it has at most nine digits after the point, and no exponent.
    ///
    /// # Errors
    /// It is none.
    pub fn share(&self) -> Result<u32, Problem> {
        let written = self.number()?;
        let (whole, rest) = written.split_once('.').unwrap_or((written, ""));
        let billionths = format!("{whole}{rest:0<9}");
        let plain = rest.len() <= 9 && billionths.bytes().all(|b| b.is_ascii_digit());
        let n = if plain { billionths.parse().ok() } else { None };
        n.filter(|n| *n <= ONE).ok_or_else(|| {
            let what =
                format!("{} is no number from 0 to 1 with at most nine digits after the point.", quoted(written));
            self.problem(what, "Write one, without an exponent.")
        })
    }

    /// A name: 1 to `most` characters of `a` to `z`, `A` to `Z`, `0` to `9` and `-`, `_`, `.`, so that no two names look alike.
    ///
    /// # Errors
    /// It is none.
    pub fn name(&self, most: usize) -> Result<String, Problem> {
        let name = self.text()?;
        let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        if (1..=most).contains(&name.len()) && name.bytes().all(good) {
            return Ok(name.to_owned());
        }
        let what = format!("{} is no name.", quoted(name));
        Err(self.problem(what, format!("Write 1 to {most} letters, digits, hyphens, underscores or points.")))
    }

    /// One of some words, by its place.
    ///
    /// # Errors
    /// It is another word.
    pub fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Problem> {
        let word = self.text()?;
        let known: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        let found = words.iter().find(|(w, _)| *w == word).map(|(_, t)| *t);
        found.ok_or_else(|| {
            self.problem(format!("{} is not known here.", quoted(word)), format!("Write one of: {}.", known.join(", ")))
        })
    }
}

/// The number 1 in billionths.
pub const ONE: u32 = 1_000_000_000;
