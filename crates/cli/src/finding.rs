//! What programs of continuous integration show of an answer: claims and problems, each with its place. One model behind `github`, `sarif` and `junit`.

use crate::explain;
use bfv_diag::Severity;
use bfv_driver::{
    GateReport, GoalReport, HoldsIf, Math, Place, Problem, Report, Verdict, Violation, exit_code, goal_message,
};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// A kind of thing that can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A code such as E0120, or a word such as budget; nearly all are known to `bfv explain`.
    pub id: String,
    /// A few words.
    pub title: String,
    /// Sentences.
    pub text: String,
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The path from the folder of the project, with slashes; absolute where the file lies outside.
    pub path: String,
    pub place: Place,
}

/// A claim, or a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The full name of a claim; nothing for a problem.
    pub claim: Option<String>,
    /// What is wrong and how grave that is; nothing for a claim that is as expected.
    pub wrong: Option<(Rule, Severity)>,
    /// Sentences, as the text format prints them.
    pub message: String,
    pub spot: Option<Spot>,
    /// The hash of the statement of a claim.
    pub hash: Option<String>,
    pub wall_us: u64,
}

/// What an answer found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub all: Vec<Finding>,
    pub exit: u8,
}

impl Findings {
    /// Those with something wrong.
    pub fn wrong(&self) -> impl Iterator<Item = (&Finding, &Rule, Severity)> {
        self.all.iter().filter_map(|f| f.wrong.as_ref().map(|(rule, severity)| (f, rule, *severity)))
    }

    /// What `check` found, problems first, as in the text. `root` is the folder of the project.
    pub fn of_check(report: &Report, root: Option<&Path>, math: Math) -> Self {
        let roots = Roots::new(root);
        let mut all: Vec<Finding> = report.problems.iter().map(|p| problem(p, &roots, math)).collect();
        all.extend(report.goals.iter().map(|g| Finding {
            claim: Some(g.name.clone()),
            wrong: (!g.expected_met()).then(|| (goal_rule(g), Severity::Error)),
            message: goal_message(g, math),
            spot: roots.spot(&g.place),
            hash: Some(g.hash.clone()),
            wall_us: g.cost.wall_us,
        }));
        Findings { all, exit: exit_code(&report.events()) }
    }

    /// What the gate found: every claim, with its violations as one finding each. What is wrong with no claim is wrong with the project file.
    pub fn of_gate(report: &GateReport, project_file: &Path, math: Math) -> Self {
        let roots = Roots::new(project_file.parent());
        let mut all: Vec<Finding> = report.problems.iter().map(|p| problem(p, &roots, math)).collect();
        let finding = |v: &Violation, spot, hash| Finding {
            claim: Some(v.claim.clone()),
            wrong: Some((violation_rule(v), Severity::Error)),
            message: format!("Violation, {}: {}", v.kind.word(), v.sentence),
            spot,
            hash,
            wall_us: 0,
        };
        let mut by_claim: BTreeMap<&str, Vec<&Violation>> = BTreeMap::new();
        for v in &report.violations {
            by_claim.entry(&v.claim).or_default().push(v);
        }
        for c in &report.claims {
            let (spot, hash) = (roots.spot(&c.place), Some(c.hash.clone()));
            let violations = by_claim.remove(c.name.as_str()).unwrap_or_default();
            if violations.is_empty() {
                let message = format!("The claim {} meets the policy of the gate.", c.name);
                all.push(Finding { claim: Some(c.name.clone()), wrong: None, message, spot, hash, wall_us: 0 });
            } else {
                all.extend(violations.into_iter().map(|v| finding(v, spot.clone(), hash.clone())));
            }
        }
        let place = Place { file: project_file.display().to_string(), start: (1, 1), end: (1, 1), bytes: 0..0 };
        all.extend(by_claim.into_values().flatten().map(|v| finding(v, roots.spot(&place), None)));
        Findings { all, exit: exit_code(&report.events()) }
    }
}

/// A problem as a finding.
fn problem(p: &Problem, roots: &Roots, math: Math) -> Finding {
    Finding {
        claim: None,
        wrong: Some((known_rule(p.code.word()), p.severity)),
        message: p.sentences_in(math),
        spot: p.place.as_deref().and_then(|place| roots.spot(place)),
        hash: None,
        wall_us: 0,
    }
}

/// The rule of a code or a reason that `bfv explain` knows.
fn known_rule(word: &str) -> Rule {
    let (id, title, text) =
        explain::known(word).unwrap_or_else(|| (word.to_owned(), word.to_owned(), "See the message.".to_owned()));
    Rule { id, title, text }
}

/// What is wrong with a claim that is not as expected: the first of what decides the exit code.
fn goal_rule(g: &GoalReport) -> Rule {
    let (id, title, text) = match g.verdict {
        Verdict::Unknown(reason) if g.verdict.kind() != g.expected => {
            let rule = known_rule(reason.word());
            return Rule { title: format!("Unknown, reason {}", reason.word()), ..rule };
        }
        Verdict::Proved if g.verdict.kind() != g.expected => (
            "proved",
            "Proved, not as expected",
            "The kernel checked a proof of the claim, and another verdict is expected.",
        ),
        Verdict::Refuted if g.verdict.kind() != g.expected => {
            ("refuted", "Refuted", "The kernel checked a proof that the claim is false.")
        }
        _ if g.vacuous() && !g.vacuous_expected => {
            ("vacuous", "Vacuous", "The hypotheses of the claim contradict each other, so its proof says nothing.")
        }
        _ if g.holds_if.iter().all(HoldsIf::met) => (
            "not-vacuous",
            "Not vacuous",
            "The claim is marked vacuous, and that its hypotheses contradict each other is not proved.",
        ),
        _ => (
            "condition",
            "Condition that mends nothing",
            "A condition of the claim does not make it true where it was false.",
        ),
    };
    Rule { id: id.to_owned(), title: title.to_owned(), text: text.to_owned() }
}

/// The rule of a violation. What to do about it is in the words of the hint.
fn violation_rule(v: &Violation) -> Rule {
    let words = v.kind.word().replace('-', " ");
    let text = format!("{}.", crate::gate::advice(v.kind));
    Rule { id: v.kind.word().to_owned(), title: format!("Gate: {words}"), text }
}

/// The folders that paths may start from.
struct Roots {
    project: Option<PathBuf>,
}

impl Roots {
    /// Without a project, paths start from the current folder.
    fn new(project: Option<&Path>) -> Self {
        let project = project.map(Path::to_owned).or_else(|| std::env::current_dir().ok());
        Roots { project: project.and_then(|p| p.canonicalize().ok()) }
    }

    /// Nothing for what is no file, such as a module of the library.
    fn spot(&self, place: &Place) -> Option<Spot> {
        let path = Path::new(&place.file).canonicalize().ok()?;
        let inside = self.project.as_ref().and_then(|root| path.strip_prefix(root).ok());
        let parts: Vec<String> = inside
            .unwrap_or(&path)
            .components()
            .filter(|c| *c != Component::RootDir)
            .map(|c| c.as_os_str().to_string_lossy().into_owned())
            .collect();
        let root = if inside.is_some() { "" } else { "/" };
        Some(Spot { path: format!("{root}{}", parts.join("/")), place: place.clone() })
    }
}
