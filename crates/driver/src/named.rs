//! Which of many names a person means: as written, or as it is spoken, with or without its module.

use crate::sentence::count;

/// A name as it is compared when nothing has it exactly: small letters, words apart by single spaces.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| c == '_' || c == '-' || c.is_whitespace()).filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A name and its ends after each dot: `a.b.c`, `b.c`, `c`.
fn ends(full: &str) -> impl Iterator<Item = &str> {
    std::iter::once(full).chain(full.match_indices('.').filter_map(|(at, _)| full.get(at + 1..)))
}

/// The positions of the full names that are meant by `wanted`. The full name wins, then the name without its module or a part of it,
/// then the same with the case of letters, and underscores for spaces, not counted. More than one means that it is ambiguous.
#[must_use]
pub fn meant<'a>(wanted: &str, full: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let full: Vec<&str> = full.into_iter().collect();
    let all = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        full.iter().enumerate().filter(|(_, f)| fits(f)).map(|(n, _)| n).collect()
    };
    let spoken = plain(wanted);
    let steps: [&dyn Fn(&str) -> bool; 3] = [
        &|f| f == wanted,
        &|f| ends(f).any(|e| e == wanted),
        // A module may be spoken like the words of the name: "first hull" for `first.hull`.
        &|f| ends(f).any(|e| plain(e) == spoken || plain(&e.replace('.', " ")) == spoken),
    ];
    steps.iter().map(|fits| all(*fits)).find(|found| !found.is_empty()).unwrap_or_default()
}

/// The sentence about a name that several have; what stands in the way is the number, the candidates are suggested.
#[must_use]
pub fn ambiguous(wanted: &str, kind: &str, candidates: usize) -> String {
    format!("The name {} fits {}.", wanted.escape_debug(), count(candidates, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["a.first.hull_2", "a.second.hull_2", "a.first.Mean", "b.mean_of", "b.mean", "hull"];

    fn found(wanted: &str) -> Vec<&'static str> {
        meant(wanted, NAMES).into_iter().map(|n| NAMES[n]).collect()
    }

    #[test]
    fn a_name_may_be_written_or_spoken() {
        for wanted in ["a.first.hull_2", "first.hull_2", "first hull 2", "A.First.Hull 2", "first.Hull-2"] {
            assert_eq!(found(wanted), ["a.first.hull_2"], "{wanted}");
        }
        assert_eq!(found("mean of"), ["b.mean_of"]);
        assert_eq!(found("hull"), ["hull"]);
    }

    #[test]
    fn what_is_written_exactly_wins() {
        assert_eq!(found("mean"), ["b.mean"]);
        assert_eq!(found("Mean"), ["a.first.Mean"]);
        assert_eq!(found("MEAN"), ["a.first.Mean", "b.mean"]);
    }

    #[test]
    fn what_several_have_is_ambiguous_and_what_none_has_is_unknown() {
        assert_eq!(found("hull_2"), ["a.first.hull_2", "a.second.hull_2"]);
        assert_eq!(found("hull 2"), ["a.first.hull_2", "a.second.hull_2"]);
        assert_eq!(found("hull 3"), Vec::<&str>::new());
        assert_eq!(found(""), Vec::<&str>::new());
        assert_eq!(ambiguous("hull", "goal", 2), "The name hull fits 2 goals.");
    }
}
