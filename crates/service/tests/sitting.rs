//! Whole sittings at the real service, played by a person who makes mistakes: statements are edited, steps are made and taken back, goals stand
//! beside each other, names change. Everything goes through the typed client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bfv_client::{Client, Error, Goal, Level, Question, Sketched, State, Step, Suggestions};
use common::Server;

/// The words of the client, and the macros that it declares.
const WORDS: [&str; 8] = ["intro", "exact", "apply", "assumption", "refl", "induction", "rewrite", "split"];
/// Further macros, which a sitting may end with.
const SEARCHES: [&str; 5] = ["arith", "auto", "ring", "cases", "unfold"];

/// A person at work: the state now, and those before it.
struct Sitting<'s> {
    client: &'s Client,
    states: Vec<State>,
    /// Requests that were answered from what was found before, and all of them.
    asked: (u32, u32),
}

impl<'s> Sitting<'s> {
    fn new(client: &'s Client, goal: Goal) -> Sitting<'s> {
        Sitting { client, states: vec![State::of(goal)], asked: (0, 0) }
    }

    fn state(&self) -> &State {
        self.states.last().unwrap()
    }

    /// Asks for next steps. What is called valid is sent back and must be accepted, and the words are those of the client.
    fn look(&mut self) -> Suggestions {
        let found = self.client.suggest(self.state()).unwrap();
        self.asked = (self.asked.0 + found.recalled, self.asked.1 + 1);
        for s in &found.suggestions {
            assert!(WORDS.iter().chain(&SEARCHES).any(|w| *w == s.tactic), "{s:?}");
            if s.valid {
                let script = s.script.as_ref().unwrap();
                let again = self.client.verify(self.state(), &Step::new("script", &[script]).on(&s.target)).unwrap();
                assert!(again.valid && again.formal_verification.type_checked, "{s:?} {again:?}");
                assert_eq!(again.formal_verification.axioms, Vec::<String>::new());
            }
        }
        found
    }

    /// Makes a step on a goal. What it leaves stands in its place.
    fn make(&mut self, goal: &str, step: &Step) -> bool {
        let made = self.client.verify(self.state(), &step.clone().on(goal)).unwrap();
        if !made.step_accepted {
            assert!(!made.valid && !made.potential_issues.is_empty(), "{made:?}");
            return false;
        }
        let mut next = self.state().clone();
        let at = next.goals.iter().position(|g| g.id == goal).unwrap();
        let left = made.resulting_goals.iter().zip(1..).map(|(g, n)| Goal {
            id: format!("{goal}.{n}"),
            statement: g.statement.clone(),
            context: g.context(),
        });
        next.goals.splice(at..=at, left.collect::<Vec<_>>());
        self.states.push(next);
        true
    }

    fn undo(&mut self) {
        self.states.pop().unwrap();
    }

    /// Ends every goal that is left by its best step.
    fn end(&mut self) {
        while let Some(goal) = self.state().goals.first().map(|g| g.id.clone()) {
            let found = self.look();
            let best = found.best(&goal).unwrap_or_else(|| panic!("{goal}: {found:?}"));
            let script = best.script.clone().unwrap();
            assert!(self.make(&goal, &Step::new("script", &[&script])));
        }
    }
}

#[test]
fn the_published_example_from_the_first_look_to_the_explanation() {
    let server = Server::start(&[]);
    let client = Client::new(&format!("http://{}", server.address), None);
    let goal = Goal::new("g", "forall (n : Nat), n + 0 = n");
    let mut sitting = Sitting::new(&client, goal.clone());
    let found = sitting.look();
    let induction = found.suggestions.iter().find(|s| s.tactic == "induction" && s.arguments == ["n"]);
    assert!(induction.is_some_and(|s| s.valid && s.resulting_goals.len() == 2), "{found:?}");
    assert!(sitting.make("g", &Step::new("induction", &["n"])));
    assert_eq!(sitting.state().goals.len(), 2);
    // The first case alone, then back, then the other way.
    assert!(sitting.make("g.1", &Step::new("refl", &[])));
    sitting.undo();
    sitting.end();
    let sketch = [
        Sketched::Complete(Step::new("induction", &["n"])),
        Sketched::Complete(Step::new("refl", &[])),
        Sketched::Missing,
    ];
    let whole = client.complete(&goal, &sketch).unwrap();
    let proof = whole.proof.expect("the sketch is completed");
    assert_eq!((proof.steps.len(), proof.formal_verification.status.as_str()), (3, "proved"));
    let script = proof.script.unwrap();
    let mut said = Vec::new();
    for level in [Level::Brief, Level::Normal, Level::Full] {
        let explained = client.explain(&goal, &script, level).unwrap().explanation.expect("the proof is explained");
        assert!(explained.audio_description.starts_with("<speak"), "{explained:?}");
        said.push(explained.text.len());
    }
    assert!(said[0] < said[1] && said[1] <= said[2], "{said:?}");
}

#[test]
fn a_person_who_edits_and_takes_back() {
    let server = Server::start(&[]);
    let client = Client::new(&format!("http://{}", server.address), None);
    // The statement is false at first.
    let mut sitting = Sitting::new(&client, Goal::new("g", "forall (a b : Nat), a + b <= a"));
    let found = sitting.look();
    let point = found.refuted("g").unwrap_or_else(|| panic!("{found:?}"));
    assert!(point.value("b").is_some_and(|b| b != "0"), "{point:?}");
    assert!(found.best("g").is_none());
    let told = client.counterexample(&sitting.state().goals[0]).unwrap();
    assert_eq!((told.found, told.verdict.as_str()), (true, "refuted"));
    // It is mended, and a step that does not fit is refused with a reason.
    sitting.states[0].goals[0].statement = "forall (a b : Nat), a <= a + b /\\ a + 0 = a".to_owned();
    sitting.look();
    assert!(!sitting.make("g", &Step::new("refl", &[])));
    assert!(sitting.make("g", &Step::new("script", &["intro a b; split"])));
    let both: Vec<String> = sitting.state().goals.iter().map(|g| g.id.clone()).collect();
    assert_eq!(both, ["g.1", "g.2"]);
    // Both siblings are asked about at once, and the second is ended before the first.
    let found = sitting.look();
    let script = found.best("g.2").unwrap_or_else(|| panic!("{found:?}")).script.clone().unwrap();
    assert!(sitting.make("g.2", &Step::new("script", &[&script])));
    sitting.undo();
    sitting.end();
    assert!(sitting.asked.0 >= 1, "what was asked before is known: {:?}", sitting.asked);
    // The same with other names of variables: known from before.
    sitting.states = vec![State::of(Goal::new("h", "forall (u v : Nat), u <= u + v /\\ u + 0 = u"))];
    assert_eq!(sitting.look().recalled, 1);
}

#[test]
fn data_of_the_person_and_mistakes_in_them() {
    let server = Server::start(&[]);
    let client = Client::new(&format!("http://{}", server.address), None);
    let goal = Goal::new("g", "flip (flip s) = s").with("s", "Side");
    let mut question = Question::suggest(&State::of(goal.clone()));
    question.declarations =
        Some("data Side : U 0\n| left\n| right\n\ndef flip : Side -> Side\n| left => right\n| right => lft\n".into());
    let Err(Error::Problem(problem)) = client.ask::<Suggestions>(&question) else { panic!("a mistake is told") };
    assert_eq!((problem.status, problem.code.as_str()), (422, "E0201"), "{problem:?}");
    assert!(problem.detail.contains("`lft`") && problem.place.contains("line 7"), "{problem:?}");
    question.declarations = question.declarations.map(|d| d.replace("lft", "left"));
    let mut recalled = Vec::new();
    for _ in 0..2 {
        let found: Suggestions = client.ask(&question).unwrap();
        assert!(found.best("g").is_some(), "{found:?}");
        recalled.push(found.recalled);
    }
    assert_eq!(recalled, [0, 1]);
    // Without the declarations the goal means nothing.
    let Err(Error::Problem(problem)) = client.suggest(&State::of(goal)) else { panic!("a mistake is told") };
    assert_eq!(problem.code, "E0201", "{problem:?}");
    // Nobody answers elsewhere.
    let nobody = Client::new("http://127.0.0.1:9", None).cancel("x").unwrap_err().to_string();
    assert!(nobody.starts_with("The service did not answer: "), "{nobody}");
    assert!(!client.cancel("nothing-of-this-name").unwrap());
}
