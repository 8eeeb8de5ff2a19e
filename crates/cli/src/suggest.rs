//! Nearest names for a mistyped one.

use strsim::osa_distance;

/// The names that a word may have meant, nearest first: few edits for its length, or one the beginning of the other.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let length = word.chars().count();
    if length > 100 {
        return Vec::new();
    }
    let low = word.to_lowercase();
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter(|n| n.chars().count() <= 200)
        .filter_map(|n| {
            let d = osa_distance(&low, &n.to_lowercase());
            let start = length >= 2 && (n.starts_with(word) || (n.len() >= 3 && word.starts_with(n)));
            (start || d <= length.div_ceil(3).max(1)).then_some((d, n))
        })
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, n)| n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_of_mistyped_ones() {
        assert_eq!(nearest("lst", ["set", "gate", "list", "last"]), ["last", "list"]);
        assert_eq!(nearest("Hceck", ["check", "gate"]), ["check"]);
        assert_eq!(nearest("xyzzy", ["list", "set", "gate"]), Vec::<&str>::new());
    }
}
