//! Item 20: settings are listed, kept and overridden.

use super::*;

#[test]
fn item_20_settings_are_listed_kept_and_overridden() {
    let dir = Folder::with_files("20");
    let page = text(&run(dir.path(), &["help", "accessibility"]).stdout);
    for name in ["quiet", "report"] {
        assert!(page.contains(&format!("--{name}")), "{name}");
    }
    for name in ["BFV_ACCESSIBLE", " ACCESSIBLE", "NO_GRAPHICS", "NO_COLOR", "TERM", "BFV_CONFIG"] {
        assert!(page.contains(name), "{name}");
    }
    let hint = || text(&run(dir.path(), &["set"]).stdout).contains("Hint: ");
    assert!(hint());
    assert!(run(dir.path(), &["set", "hints", "never"]).status.success());
    assert!(!hint(), "the setting is kept");
    let o = run(dir.path(), &["set", "--hints", "once"]);
    assert!(text(&o.stdout).contains("Hint: "), "a flag wins over the setting");
    // Colour asked for by the settings, and taken back by each variable and by the flag.
    assert!(run(dir.path(), &["set", "color", "always"]).status.success());
    let colour = |name: &str, flags: &[&str]| {
        let mut c = command(dir.path(), &with(&["check", "missing.sctt"], flags));
        if !name.is_empty() {
            c.env(name, "1");
        }
        c.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(colour("", &[]));
    for name in ["BFV_ACCESSIBLE", "ACCESSIBLE", "NO_GRAPHICS", "NO_COLOR"] {
        assert!(!colour(name, &[]), "{name}");
        assert!(colour(name, &["--color", "always"]), "{name}");
    }
    assert!(!colour("", &["--color", "never"]));
    std::fs::write(dir.path().join("settings.toml"), "layuot = \"plain\"\n").unwrap();
    let o = run(dir.path(), &["doctor"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("unknown setting layuot"), "{}", text(&o.stderr));
}

/// Settings and their values, read from the page that lists them.
fn listed(page: &str) -> Vec<(&str, Vec<&str>)> {
    let option = |l: &'static str| move |line: &str| line.starts_with(l);
    page.lines()
        .filter(|l| option("Option --")(l))
        .filter_map(|l| {
            let name = l.strip_prefix("Option --")?.split([' ', ':']).next()?;
            let values = l.split_once(" Values: ")?.1.trim_end_matches('.').split(", ").collect();
            Some((name, values))
        })
        .collect()
}

#[test]
fn item_20_every_setting_is_listed_and_every_value_is_kept() {
    let dir = Folder::with_files("20b");
    let page = text(&run(dir.path(), &["help", "accessibility"]).stdout);
    let listed = listed(&page);
    // The page lists what `set` knows.
    let known = text(&run(dir.path(), &["set"]).stdout);
    for line in known.lines().filter(|l| l.starts_with("Setting ")) {
        let (name, rest) = line.split_once("Name: ").unwrap().1.split_once(". Value: not set. Possible: ").unwrap();
        let (_, values) = listed.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("{name} is not listed"));
        assert_eq!(rest.trim_end_matches('.'), values.join(", "), "{name}");
    }
    assert_eq!(listed.len(), 6);
    let mut kept = 0;
    for (name, values) in &listed {
        for value in values {
            let _ = std::fs::remove_file(dir.path().join("settings.toml"));
            assert!(run(dir.path(), &["set", name, value]).status.success(), "{name} {value}");
            // A later run gives what the flag would give without the setting.
            for line in ["check mixed.sctt", "list mixed.sctt", "check wrong.sctt"] {
                let args: Vec<&str> = line.split(' ').collect();
                let by_setting = run(dir.path(), &args).stdout;
                std::fs::rename(dir.path().join("settings.toml"), dir.path().join("aside.toml")).unwrap();
                let flag = format!("--{name}={value}");
                let by_flag = run(dir.path(), &with(&args, &[&flag])).stdout;
                std::fs::rename(dir.path().join("aside.toml"), dir.path().join("settings.toml")).unwrap();
                assert_eq!(without_times(&by_setting), without_times(&by_flag), "{line}: {name} {value}");
            }
            kept += 1;
        }
    }
    assert!(kept >= 13, "{kept}");
}

/// JSON tells how long loading and each goal took, and JUnit how long each test.
fn without_times(out: &[u8]) -> String {
    let is_time = |l: &&str| !(l.contains("\"wall_ms\"") || l.contains("\"load_ms\"")) || l.starts_with('{');
    let mut out: Vec<String> = text(out).lines().filter(is_time).map(str::to_owned).collect();
    for line in &mut out {
        for name in ["\"wall_ms\":", "\"load_ms\":"] {
            if let Some(at) = line.find(name) {
                let end = line[at..].find('}').unwrap();
                line.replace_range(at..at + end, "");
            }
        }
    }
    for line in out.iter_mut().filter(|l| l.trim_start().starts_with("<test")) {
        let at = line.find(" time=\"").unwrap();
        let end = at + 7 + line[at + 7..].find('"').unwrap();
        line.replace_range(at..=end, "");
    }
    out.join("\n")
}

#[test]
fn item_20_variables_take_pictures_and_colour_back() {
    let dir = Folder::with_files("20c");
    let args = ["check", "wrong.sctt"];
    let plain = run(dir.path(), &args).stdout;
    for (name, value) in [("layout", "visual"), ("color", "always")] {
        assert!(run(dir.path(), &["set", name, value]).status.success());
    }
    assert_ne!(run(dir.path(), &args).stdout, plain);
    for name in ["BFV_ACCESSIBLE", "ACCESSIBLE", "NO_GRAPHICS"] {
        assert_eq!(command(dir.path(), &args).env(name, "1").output().unwrap().stdout, plain, "{name}");
        // Switched off, and empty, which counts as not set.
        for off in ["0", ""] {
            assert_ne!(command(dir.path(), &args).env(name, off).output().unwrap().stdout, plain, "{name}={off}");
        }
        let o = command(dir.path(), &with(&args, &["--layout", "visual"])).env(name, "1").output().unwrap();
        assert!(!o.stdout.is_ascii() && !o.stdout.contains(&0x1b), "{name}: a flag wins, for what it is about");
    }
}
