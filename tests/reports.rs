//! What bfv writes for programs that judge changes: workflow commands, SARIF and JUnit, of real files through the real program, read back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use project::Project;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use serde_json::Value;

/// One claim of every outcome, in a file whose name must be escaped.
const TEXT: &str = "module ours\nimport std.fusion\n\n\
    claim positive (x : Real) (h : 1 <= x) : 0 < x\n\n\
    @[expect refuted]\nclaim any (x : Real) : 0 < x\n\n\
    claim wrong (x : Real) : 0 <= x\n\n\
    claim open (x y : Real) (h : x * x * x + y * y * y = 1) : x * y * (x + y) <= 7 / 9\n\n\
    claim empty (x : Real) (h : x < 0) (k : 0 < x) : x = 3\n";
const FILE: &str = "claims of ours.sctt";
/// What each claim is, in file order, with the rule of what is wrong.
const CLAIMS: [(&str, &str); 5] =
    [("positive", ""), ("any", ""), ("wrong", "refuted"), ("open", "incomplete"), ("empty", "vacuous")];

fn checked(name: &str) -> Project {
    let p = Project::new(name, "");
    std::fs::create_dir_all(p.path("claims")).unwrap();
    p.write(&format!("claims/{FILE}"), TEXT);
    p
}

/// The verdicts of the sample must be what the tests are about.
#[test]
fn the_sample_has_every_outcome() {
    let p = checked("outcomes");
    let said = p.run(&["check", "--budget", "20000", "--format", "json"]);
    let goals = said.code(1).json()["goals"].as_array().unwrap().clone();
    let found: Vec<String> =
        goals.iter().map(|g| format!("{} {} {}", g["verdict"].as_str().unwrap(), g["reason"], g["vacuous"])).collect();
    assert_eq!(
        found,
        [
            "proved null false",
            "refuted null false",
            "refuted null false",
            &format!("unknown \"{}\" false", CLAIMS[3].1),
            "proved null true"
        ]
    );
}

/// What the text says of every claim: the messages in `--format json`.
fn messages(p: &Project) -> Vec<String> {
    let document = p.run(&["check", "--budget", "20000", "--format", "json"]).json();
    document["goals"].as_array().unwrap().iter().map(|g| g["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn github_gets_a_command_for_each_claim_that_is_not_as_expected() {
    let p = checked("github");
    let messages = messages(&p);
    let said = p.run(&["check", "--budget", "20000", "--format", "github"]);
    let lines: Vec<&str> = said.code(1).out.lines().collect();
    assert!(lines[0].starts_with("Checked 5 goals"), "{}", lines[0]);
    let commands: Vec<&&str> = lines.iter().filter(|l| l.starts_with("::")).collect();
    assert_eq!(commands.len(), 3);
    let expected = [(9, "Refuted", 2), (11, "Unknown%2C reason incomplete", 3), (13, "Vacuous", 4)];
    for (command, (line, title, message)) in commands.iter().zip(expected) {
        let start = format!("::error file=claims/{FILE},line={line},endLine={line},col=7,endColumn=");
        assert!(command.starts_with(&start), "{command}");
        let end = format!(",title={title}::{}", messages[message].replace('%', "%25"));
        assert!(command.ends_with(&end), "{command}\n{end}");
    }
    assert_eq!(lines.last().unwrap(), &"Result: 3 verdicts differ from what is expected.");
}

#[test]
fn junit_is_read_back_with_a_test_for_every_claim() {
    let p = checked("junit");
    let messages = messages(&p);
    p.run(&["check", "--budget", "20000", "--report", "junit=result.xml"]).code(1);
    let text = std::fs::read_to_string(p.path("result.xml")).unwrap();
    let report = Report::deserialize_from_str(&text).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (5, 3, 0));
    let [suite] = report.test_suites.as_slice() else { panic!("{text}") };
    assert_eq!(suite.name.as_str(), format!("claims/{FILE}"));
    for ((case, (name, rule)), message) in suite.test_cases.iter().zip(CLAIMS).zip(&messages) {
        assert_eq!(case.name.as_str(), name);
        assert!(case.time.is_some() && !case.classname.as_ref().unwrap().as_str().is_empty());
        match &case.status {
            TestCaseStatus::Success { .. } => assert_eq!(rule, "", "{name}"),
            TestCaseStatus::NonSuccess { kind, message: said, ty, description, .. } => {
                assert_eq!(*kind, NonSuccessKind::Failure);
                assert_eq!(ty.as_ref().unwrap().as_str(), rule);
                assert_eq!(said.as_ref().unwrap().as_str(), message);
                assert!(description.as_ref().unwrap().as_str().contains("column 7."));
            }
            TestCaseStatus::Skipped { .. } => panic!("{name}"),
        }
    }
}

/// The members that the schema of SARIF 2.1.0 requires, and those that GitHub asks for.
fn sarif(text: &str) -> Value {
    let log: Value = serde_json::from_str(text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("{text}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "bfv");
    let rules = driver["rules"].as_array().unwrap();
    let mut ids: Vec<&str> = rules.iter().map(|r| r["id"].as_str().unwrap()).collect();
    for rule in rules {
        for member in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[member]["text"].as_str().unwrap().is_empty(), "{rule}");
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let [invocation] = run["invocations"].as_array().unwrap().as_slice() else { panic!("{text}") };
    assert!(invocation["executionSuccessful"].is_boolean());
    for n in invocation["toolExecutionNotifications"].as_array().unwrap() {
        assert!(!n["message"]["text"].as_str().unwrap().is_empty());
    }
    for result in run["results"].as_array().unwrap() {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[at]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let [location] = result["locations"].as_array().unwrap().as_slice() else { panic!("{result}") };
        let place = &location["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%:".contains(&b)), "{uri}");
        assert!(!uri.starts_with('/'), "{uri}");
        for member in ["startLine", "startColumn", "endLine", "endColumn"] {
            assert!(place["region"][member].as_u64().unwrap() >= 1, "{result}");
        }
    }
    run.clone()
}

#[test]
fn sarif_is_read_back_with_rule_place_and_fingerprint() {
    let p = checked("sarif");
    let messages = messages(&p);
    let document = p.run(&["check", "--budget", "20000", "--format", "json"]).json();
    p.run(&["check", "--budget", "20000", "--report", "sarif=out.sarif"]).code(1);
    let run = sarif(&std::fs::read_to_string(p.path("out.sarif")).unwrap());
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let results = run["results"].as_array().unwrap();
    let wrong: Vec<usize> = (0..CLAIMS.len()).filter(|n| !CLAIMS[*n].1.is_empty()).collect();
    assert_eq!(results.len(), wrong.len());
    for (result, n) in results.iter().zip(wrong) {
        assert_eq!(result["ruleId"], CLAIMS[n].1);
        assert_eq!(result["message"]["text"], messages[n]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "claims/claims%20of%20ours.sctt");
        let goal = &document["goals"][n];
        assert_eq!(place["region"]["startLine"], goal["range"]["start"]["line"]);
        assert_eq!(place["region"]["endColumn"], goal["range"]["end"]["column"]);
        let print = format!("{}:1", goal["hash"].as_str().unwrap());
        assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"], print);
    }
    assert!(results[0]["message"]["text"].as_str().unwrap().contains("Counterexample: x is minus"));
    // A claim that moves stays the same result.
    p.write(&format!("claims/{FILE}"), &format!("-- A line more.\n{TEXT}"));
    let moved = sarif(&p.run(&["check", "--budget", "20000", "--format", "sarif"]).out);
    for (a, b) in results.iter().zip(moved["results"].as_array().unwrap()) {
        assert_eq!(a["partialFingerprints"], b["partialFingerprints"]);
        assert_ne!(a["locations"], b["locations"]);
    }
}

#[test]
fn problems_have_their_codes_in_every_format() {
    let p = Project::new("problems", "");
    p.write("m.sctt", "claim c : 1 +\n\ndef a : Nat := bb\n\nclaim d : 1 = 1\n");
    let said =
        p.run(&["check", "m.sctt", "missing.sctt", "--format", "github", "--report", "sarif=s", "--report", "junit=j"]);
    assert_eq!(said.code(74).out.lines().filter(|l| l.starts_with("::error ")).count(), 3, "{}", said.out);
    assert!(said.out.contains("\n::error file=m.sctt,line=3,endLine=3,col=16,"), "{}", said.out);
    assert!(said.out.contains("\n::error title="), "what has no place is an error without a file: {}", said.out);
    let run = sarif(&std::fs::read_to_string(p.path("s")).unwrap());
    let mut codes: Vec<&str> =
        run["results"].as_array().unwrap().iter().map(|r| r["ruleId"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["E0121", "E0201"]);
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notes[0]["message"]["text"].as_str().unwrap().contains("missing.sctt"), "{notes:?}");
    let report = Report::deserialize_from_str(&std::fs::read_to_string(p.path("j")).unwrap()).unwrap();
    assert_eq!((report.errors, report.failures), (3, 0));
}

#[test]
fn the_gate_reports_every_claim() {
    let p = checked("gate");
    let text = TEXT.split("claim wrong").next().unwrap();
    p.write(&format!("claims/{FILE}"), text);
    p.run(&["check"]).code(0);
    let all = ["--report", "sarif=s", "--report", "junit=j", "--report", "github=g"];
    let gate = || {
        let said = p.run(&[&["gate"][..], &all[..]].concat());
        let read = |name| std::fs::read_to_string(p.path(name)).unwrap();
        let report = Report::deserialize_from_str(&read("j")).unwrap();
        (said.code, sarif(&read("s")), report, read("g"))
    };
    let (code, run, report, github) = gate();
    assert_eq!((code, report.tests, report.failures), (0, 2, 0));
    assert!(run["results"].as_array().unwrap().is_empty() && !github.contains("::error"));
    // A proof is missing, and one belongs to no claim.
    let folder = std::fs::read_dir(p.path("proofs")).unwrap().next().unwrap().unwrap().path();
    std::fs::rename(folder.join("any.bfvp"), folder.join("other.bfvp")).unwrap();
    let (code, run, report, github) = gate();
    assert_eq!((code, report.tests, report.failures), (5, 3, 2));
    let results = run["results"].as_array().unwrap();
    let rules: Vec<&Value> = results.iter().map(|r| &r["ruleId"]).collect();
    assert_eq!(rules, ["missing", "orphan"]);
    let uri = |n: usize| &results[n]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!((uri(0), uri(1)), (&"claims/claims%20of%20ours.sctt".into(), &"bfv.toml".into()));
    assert_eq!(results[0]["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().len(), 66);
    assert_eq!(github.lines().filter(|l| l.starts_with("::error file=")).count(), 2);
}

#[test]
fn only_commands_that_judge_have_these_formats() {
    let p = checked("commands");
    for (format, report) in [("github", false), ("sarif", false), ("junit", true)] {
        let flag =
            if report { ["--report".to_owned(), format!("{format}=x")] } else { ["--format".into(), format.into()] };
        let said = p.run(&["list", &flag[0], &flag[1]]);
        said.code(2).says(&format!("The format {format} is for commands that judge claims. Nothing was run."));
        assert!(!p.path("x").exists());
        // Kept as a setting it is for the same commands, and can be changed again.
        p.run(&["set", "format", format]).code(0);
        p.run(&["list"]).code(2).says("Suggestion 1 of 3: bfv list --format text");
        let judged = p.run(&["check", "--budget", "20000"]);
        assert!(!judged.code(1).out.contains("\nRefuted: "), "{}", judged.out);
        p.run(&["set", "format", "text"]).code(0);
    }
}

/// The commands of the workflow in `examples/ci` let a good project pass, and stop one whose claim was changed.
#[test]
fn the_workflow_of_the_examples_gates_a_release() {
    let workflow = include_str!("../examples/ci/claims.yml");
    for event in saphyr_parser::Parser::new_from_str(workflow) {
        event.unwrap();
    }
    let commands: Vec<Vec<&str>> = workflow
        .lines()
        .filter_map(|l| l.trim().strip_prefix("run: bfv "))
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(commands.iter().map(|c| c[0]).collect::<Vec<_>>(), ["check", "gate"]);
    let kept =
        workflow.lines().map(str::trim).filter(|l| !l.contains(' ') && l.starts_with(['c', 'g']) && l.contains('.'));
    let kept: Vec<&str> = kept.collect();
    let p = Project::new("workflow", "");
    p.write("m.sctt", "import std.nat\n\nclaim positive (n : Nat) (h : 1 <= n) : 0 < n\n");
    let codes = |p: &Project| commands.iter().map(|c| p.run(c).code).collect::<Vec<_>>();
    assert_eq!(
        codes(&p),
        [0, 5],
        "a proof that was never stored is missed by the gate, for the check may not store it"
    );
    p.run(&["check"]).code(0);
    assert_eq!(codes(&p), [0, 0]);
    assert_eq!(kept, ["claims.sarif", "claims.xml", "gate.sarif"]);
    for file in ["claims.sarif", "gate.sarif"] {
        let run = sarif(&std::fs::read_to_string(p.path(file)).unwrap());
        assert!(run["results"].as_array().unwrap().is_empty());
    }
    let report = Report::deserialize_from_str(&std::fs::read_to_string(p.path("claims.xml")).unwrap()).unwrap();
    assert_eq!((report.tests, report.failures), (1, 0));
    p.write("m.sctt", "import std.nat\n\nclaim positive (n : Nat) : 0 < n\n");
    assert_eq!(codes(&p), [1, 5]);
    for (file, rule) in [("claims.sarif", "refuted"), ("gate.sarif", "stale")] {
        let run = sarif(&std::fs::read_to_string(p.path(file)).unwrap());
        assert_eq!(run["results"][0]["ruleId"], rule);
    }
}
