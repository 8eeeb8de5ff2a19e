//! Item 17: what is typed wrongly gets full command lines.

use super::*;

/// What is typed, and the first command line that must be suggested.
const TYPOS: [(&str, &str); 60] = [
    ("chekc a.sctt", "check a.sctt"),
    ("chcek a.sctt", "check a.sctt"),
    ("hceck a.sctt", "check a.sctt"),
    ("cehck a.sctt", "check a.sctt"),
    ("chec a.sctt", "check a.sctt"),
    ("checkk a.sctt", "check a.sctt"),
    ("Check a.sctt", "check a.sctt"),
    ("CHECK a.sctt", "check a.sctt"),
    ("chekck a.sctt", "check a.sctt"),
    ("cjeck a.sctt", "check a.sctt"),
    ("gaet", "gate"),
    ("agte", "gate"),
    ("gtae", "gate"),
    ("gat", "gate"),
    ("gates", "gate"),
    ("explian E0101", "explain E0101"),
    ("expalin E0101", "explain E0101"),
    ("explan E0101", "explain E0101"),
    ("exlpain E0101", "explain E0101"),
    ("explain E0110x", "explain E0110"),
    ("lsit a.sctt", "list a.sctt"),
    ("lits a.sctt", "list a.sctt"),
    ("lst a.sctt", "list a.sctt"),
    ("lists a.sctt", "list a.sctt"),
    ("shwo hull a.sctt", "show hull a.sctt"),
    ("hsow hull a.sctt", "show hull a.sctt"),
    ("sohw hull a.sctt", "show hull a.sctt"),
    ("shw hull a.sctt", "show hull a.sctt"),
    ("inti", "init"),
    ("iint", "init"),
    ("initt", "init"),
    ("docotr", "doctor"),
    ("dcotor", "doctor"),
    ("doctr", "doctor"),
    ("doctro", "doctor"),
    ("ste layout plain", "set layout plain"),
    ("hlep", "help"),
    ("hepl", "help"),
    ("hlp check", "help check"),
    ("help chekc", "help check"),
    ("help accesibility", "help accessibility"),
    ("set layuot plain", "set layout plain"),
    ("set layout plian", "set layout plain"),
    ("set colour never", "set color never"),
    ("a.sctt check", "check a.sctt"),
    ("a.sctt chekc", "check a.sctt"),
    ("examples/a.sctt list", "list examples/a.sctt"),
    ("goals list", "list"),
    ("goal show hull", "show hull"),
    ("code explain E0101", "explain E0101"),
    ("settings set", "set"),
    ("a.sctt", "check a.sctt"),
    ("examples/a.sctt", "check examples/a.sctt"),
    ("check a.sctt --gaol hull", "check a.sctt --goal hull"),
    ("check a.sctt --golas hull", "check a.sctt --goal hull"),
    ("check a.sctt --frehs", "check a.sctt --fresh"),
    ("check a.sctt --lokced", "check a.sctt --locked"),
    ("check a.sctt --budgte 7", "check a.sctt --budget 7"),
    ("check a.sctt --fromat json", "check a.sctt --format json"),
    ("check a.sctt --format=jsno", "check a.sctt --format=json"),
];

#[test]
fn item_17_sixty_typos_get_full_command_lines_and_run_nothing() {
    let dir = Folder::new("17");
    for (typed, expected) in TYPOS {
        let args: Vec<&str> = typed.split(' ').collect();
        let o = run(dir.path(), &args);
        assert_eq!(o.status.code(), Some(2), "{typed}");
        assert!(o.stdout.is_empty(), "{typed}");
        let out = text(&o.stderr);
        assert!(out.starts_with("Error usage: ") && out.contains("Nothing was run."), "{typed}: {out}");
        let lines: Vec<&str> = out.lines().skip(1).map(|l| l.split_once(": bfv ").expect(l).1).collect();
        assert!((1..=3).contains(&lines.len()), "{typed}: {out}");
        assert_eq!(lines[0], expected, "{typed}: {out}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was run");
}

#[test]
fn item_17_unknown_goals_get_full_command_lines_and_run_nothing() {
    let dir = Folder::with_files("17b");
    let typos = [
        ("check mixed.sctt --goal gievn", "check mixed.sctt --goal given"),
        ("check mixed.sctt --goal gvien", "check mixed.sctt --goal given"),
        ("check mixed.sctt --goal mixed.gven", "check mixed.sctt --goal given"),
        ("check mixed.sctt --goal=fuond", "check mixed.sctt --goal=found"),
        ("check mixed.sctt ok.sctt --goal fien", "check mixed.sctt ok.sctt --goal fine"),
        ("check project/mixed.sctt --goal lef_open", "check project/mixed.sctt --goal left_open"),
        ("show gievn mixed.sctt", "show given mixed.sctt"),
        ("show kpet mixed.sctt", "show kept mixed.sctt"),
    ];
    for (typed, expected) in typos {
        let args: Vec<&str> = typed.split(' ').collect();
        let o = run(dir.path(), &args);
        let out = text(&o.stdout) + &text(&o.stderr);
        assert_eq!(o.status.code(), Some(2), "{typed}: {out}");
        let kind = if typed.starts_with("show") { "claim or declaration" } else { "goal" };
        assert!(out.starts_with(&format!("Error usage: There is no {kind} named ")), "{out}");
        assert!(out.contains("Nothing was run."), "{out}");
        let lines: Vec<&str> = out.lines().skip(1).map(|l| l.split_once(": bfv ").expect(l).1).collect();
        assert!((1..=3).contains(&lines.len()), "{typed}: {out}");
        assert_eq!(lines[0], expected, "{typed}: {out}");
    }
    assert!(!dir.path().join("project/proofs").exists(), "something was run");
}
