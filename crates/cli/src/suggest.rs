//! Nearest names for a mistyped one.

/// How many edits (insert, delete, replace, swap of neighbours) lead from one word to the other, ignoring case.
pub fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let above = &rows[i - 1];
            let replace = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The names that a word may have meant, nearest first: few edits for its length, or one the beginning of the other.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let length = word.chars().count();
    if length > 100 {
        return Vec::new();
    }
    let mut found: Vec<(usize, &str)> = names
        .into_iter()
        .filter(|n| n.chars().count() <= 200)
        .filter_map(|n| {
            let d = distance(word, n);
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
    fn distances() {
        for (a, b, d) in
            [("", "", 0), ("check", "check", 0), ("chekc", "check", 1), ("hceck", "check", 1), ("", "abc", 3)]
        {
            assert_eq!(distance(a, b), d, "{a} {b}");
            assert_eq!(distance(b, a), d, "{b} {a}");
        }
        assert_eq!(nearest("lst", ["set", "gate", "list", "last"]), ["last", "list"]);
        assert_eq!(nearest("xyzzy", ["list", "set", "gate"]), Vec::<&str>::new());
    }
}
