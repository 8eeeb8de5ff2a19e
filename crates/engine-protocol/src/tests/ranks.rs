//! Proofs by ranks, and what the kernel says of forged ones.

use super::*;

/// Until the network is stable, the question may be withdrawn for ever. Then it is asked and answered.
const ASKING: &str = "
protocol asking
  relation answered : Fin 1 -> Bool
  function stable : Bool := false
  function asked : Bool := false
  command stabilise when not stable do stable := true
  command ask when not asked do asked := true
  command answer (w : Fin 1) when asked /\\ not answered w do answered w := true
  command time_out when asked /\\ not stable do asked := false
  decides answered
  live at_last under fair stabilise, ask, answer : answered 0
  live at_once under fair ask, answer, time_out : answered 0
  live without_an_answer under fair stabilise, ask, time_out : answered 0
end
protocol many {n : Nat}
  relation finished : Fin n -> Bool
  command finish (w : Fin n) when not finished w do finished w := true
  decides finished
  live all under fair finish : forall w, finished w
end
";

/// The places of arguments of the theorem.
const FAIR: usize = 6;
const NUMBER: usize = 13;
const ACTIONS: usize = 15;
const MOVES: usize = 17;
const LISTED: usize = 18;
const TREE: usize = 20;

/// A proof by ranks with an argument of the theorem changed.
fn with(proof: &Term, argument: usize, change: &dyn Fn(&Term) -> Term) -> Term {
    if let Node::Lam(body) = &**proof {
        return Rc::new(Node::Lam(with(body, argument, change)));
    }
    let mut all = parts(proof);
    all[argument + 1] = change(&all[argument + 1]);
    joined(&all)
}

fn number(n: u64) -> Term {
    Rc::new(Node::NatLit(n.into()))
}

/// A tree with its n-th leaf changed: what becomes of a leaf of this rank and helper; nothing when it has no such leaf.
fn at_leaf(tree: &Term, n: usize, change: &dyn Fn(&Term, &Term) -> Term) -> Option<Term> {
    fn go(tree: &Term, left: &mut usize, change: &dyn Fn(&Term, &Term) -> Term) -> (Term, bool) {
        let Node::Con(d, c, params, fields, dims) = &**tree else { panic!("{tree:?}") };
        match (*c, fields.as_slice()) {
            (1, [rank, helper]) if *left == 0 => {
                *left = usize::MAX;
                (change(rank, helper), true)
            }
            (1, _) => {
                *left -= usize::from(*left != usize::MAX);
                (tree.clone(), false)
            }
            (2, [a, b]) => {
                let ((a, one), (b, two)) = (go(a, left, change), go(b, left, change));
                (Rc::new(Node::Con(*d, 2, params.clone(), vec![a, b], dims.clone())), one || two)
            }
            _ => (tree.clone(), false),
        }
    }
    let (tree, changed) = go(tree, &mut n.clone(), change);
    changed.then_some(tree)
}

/// A row of actions without its last one.
fn without_last(row: &Term) -> Term {
    match &**row {
        Node::Lam(t) => Rc::new(Node::Lam(without_last(t))),
        Node::DLam(t) => Rc::new(Node::DLam(without_last(t))),
        Node::Let(a, t, b) => Rc::new(Node::Let(a.clone(), t.clone(), without_last(b))),
        Node::Con(d, 1, params, fields, dims) => {
            let (rest, first) = fields.split_last().unwrap();
            if matches!(&**rest, Node::Con(_, 0, ..)) {
                return rest.clone();
            }
            let fields = first.iter().cloned().chain([without_last(rest)]).collect();
            Rc::new(Node::Con(*d, 1, params.clone(), fields, dims.clone()))
        }
        _ => panic!("{row:?}"),
    }
}

/// Rows of moves in which nothing is allowed.
fn nothing_allowed(row: &Term) -> Term {
    match &**row {
        Node::Lam(t) => Rc::new(Node::Lam(nothing_allowed(t))),
        Node::Let(a, t, b) => Rc::new(Node::Let(a.clone(), t.clone(), nothing_allowed(b))),
        Node::Con(d, 1, params, fields, dims) => {
            let never: Term = Rc::new(Node::Prim(bfv_format::Prim::False));
            let fields = vec![fields[0].clone(), never, fields[2].clone(), nothing_allowed(&fields[3])];
            Rc::new(Node::Con(*d, 1, params.clone(), fields, dims.clone()))
        }
        _ => row.clone(),
    }
}

#[test]
fn a_proof_by_ranks_is_judged_by_the_kernel_and_a_forged_one_is_refused() {
    with_claims(ASKING, |session, claims| {
        let Outcome::Candidate(t) = search(session, &claims[0], 100_000).0 else { panic!("no proof") };
        let judge = |t: &Term| session.signature.prove(&claims[0], t, Limits::default());
        judge(&t).unwrap_or_else(|r| panic!("{}: {}", r.reason, r.detail));
        judge(&with(&t, TREE, &Term::clone)).expect("nothing was changed");
        // Each leaf: that of a state is missing, or its rank or what helps there is another one. There are four states, of three ranks.
        type Change<'c> = dyn Fn(&Term, &Term) -> Term + 'c;
        let bare = |tree: &Term| match &**tree {
            Node::Con(d, _, params, ..) => Rc::new(Node::Con(*d, 0, params.clone(), Vec::new(), Vec::new())),
            _ => panic!("{tree:?}"),
        };
        let leaf = |tree: &Term, rank: &Term, helper: &Term| match &**tree {
            Node::Con(d, _, params, ..) => {
                Rc::new(Node::Con(*d, 1, params.clone(), vec![rank.clone(), helper.clone()], Vec::new()))
            }
            _ => panic!("{tree:?}"),
        };
        let tree = parts_of(&t)[TREE + 1].clone();
        let leaves = (0..).take_while(|n| at_leaf(&tree, *n, &|_, _| bare(&tree)).is_some()).count();
        assert_eq!(leaves, 4);
        for n in 0..leaves {
            let refused = |what: &str, change: &Change<'_>| {
                let changed = at_leaf(&tree, n, change).unwrap();
                if changed != tree {
                    judge(&with(&t, TREE, &|_| changed.clone())).expect_err(&format!("leaf {n}: {what}"));
                }
            };
            refused("it is missing", &|_, _| bare(&tree));
            for other in 0..6 {
                refused("another one helps", &|rank, _| leaf(&tree, rank, &number(other)));
                refused("its rank is another one", &|_, helper| leaf(&tree, &number(other), helper));
            }
        }
        // An action is left out, with and without the list of all of them; nothing is said to be allowed; all actions have one number.
        let shorter = |t: &Term, places: &[usize]| places.iter().fold(t.clone(), |t, n| with(&t, *n, &without_last));
        for places in [&[ACTIONS][..], &[MOVES], &[ACTIONS, LISTED], &[ACTIONS, MOVES, LISTED]] {
            judge(&shorter(&t, places)).expect_err("an action is left out");
        }
        judge(&with(&t, MOVES, &nothing_allowed)).expect_err("something is allowed");
        judge(&with(&t, NUMBER, &|_| Rc::new(Node::Lam(number(0))))).expect_err("all actions are what helps");
        // Evidence for one statement is none for others, also with their own fairness.
        for (claim, name) in claims[1..3].iter().zip(["asking.fair.at_once", "asking.fair.without_an_answer"]) {
            let Outcome::Refutation(..) = search(session, claim, 100_000).0 else { panic!("it has a lasso") };
            session.signature.prove(claim, &t, Limits::default()).expect_err("it is another claim");
            let id = session.signature.decls().position(|d| d.name().ends_with(name)).unwrap();
            let own: Term = Rc::new(Node::Const { id: u32::try_from(id).unwrap(), shift: 0 });
            let lie = with(&t, FAIR, &|_| Rc::new(Node::Lam(own.clone())));
            session.signature.prove(claim, &lie, Limits::default()).expect_err("what helps is not fair");
        }
    });
}

/// The theorem and its arguments.
fn parts_of(proof: &Term) -> Vec<Term> {
    match &**proof {
        Node::Lam(body) => parts_of(body),
        _ => parts(proof),
    }
}

#[test]
fn a_proof_by_ranks_that_is_too_long_is_not_offered() {
    with_claims(ASKING, |session, claims| {
        let Outcome::GaveUp(Reason::Budget, why) = search(session, &claims[0], 400).0 else { panic!("it is long") };
        assert!(why.contains("A proof by ranks of 4 states needs more than "), "{why}");
        // Of every number nothing is proved.
        let Outcome::GaveUp(_, why) = search(session, &claims[3], 100_000).0 else { panic!("it is about all n") };
        assert!(why.ends_with("Nothing is known of larger ones."), "{why}");
    });
}

/// Arithmetic that gives up on one question.
struct Refusing {
    question: u64,
    asked: AtomicU64,
}

impl Engine for Refusing {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        if self.asked.fetch_add(1, Ordering::Relaxed) == self.question {
            return Outcome::GaveUp(Reason::Incomplete, String::new());
        }
        Arith.solve(goal, budget)
    }
}

const VOTING: &str = "protocol voting {n f : Nat} (bound : 3 * f < n)
  sort worker := Fin n
  sort value := Nat
  byzantine byz : worker at most f
  quorum enough := at least n - f
  message voted : worker -> value -> Bool
  relation decided : worker -> value -> Bool
  command vote (w : worker) (v : value)
    when not byz w /\\ forall x, not voted w x
    do voted w v := true
  command decide (w : worker) (v : value)
    when not byz w /\\ enough (fun u => voted u v)
    do decided w v := true
  decides decided
  invariant once : forall w v x, not byz w -> voted w v -> voted w x -> v = x
  invariant backed : forall w v, decided w v -> enough (fun u => voted u v)
  safety agreement : forall w u v x, decided w v -> decided u x -> v = x
end
";

/// Facts about sizes are asserted before arithmetic has proved them. Where it cannot after all, the search asks it beforehand and goes another
/// way: no single refusal leaves a proof with a hole, and not all of them end the search.
#[test]
fn what_arithmetic_refuses_late_is_asked_early() {
    with_claims_of("ground", VOTING, |session, statements| {
        let statement = statements.last().unwrap();
        let prove = |question| {
            let side: &'static Refusing = Box::leak(Box::new(Refusing { question, asked: AtomicU64::new(0) }));
            let machine = Machine::new(&session.signature, Limits::default());
            let ctx = Ctx::default();
            let target = machine.eval(&ctx.env, statement);
            let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
            let outcome = Invariants { side, solver: None }.solve(&goal, &mut Budget::new(100_000));
            let proved = match outcome {
                Outcome::Candidate(t) => {
                    session.signature.prove(statement, &t, Limits::default()).unwrap();
                    true
                }
                Outcome::GaveUp(..) => false,
                other => panic!("{other:?}"),
            };
            (proved, side.asked.load(Ordering::Relaxed))
        };
        let (proved, all) = prove(u64::MAX);
        assert!(proved && all > 3, "{all} questions");
        let refused: Vec<(bool, u64)> = (0..all).map(prove).collect();
        let again = refused.iter().filter(|(proved, asked)| *proved && *asked > all).count();
        println!("{all} questions; {again} refusals were gone around: {refused:?}");
        assert!(again > 0, "{refused:?}");
    });
}
