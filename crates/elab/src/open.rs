//! What a script that is not finished leaves open: goals to be shown, and lemmas that may fit one of them.
//!
//! Nothing here is a verdict. That a step is accepted means that the elaborator could make the term so far, with parts that are missing.

use crate::cases::Branch;
use crate::claim::any_type;
use crate::context::Local;
use crate::elab::{Elab, Engines, Kind, R, problem};
use crate::module::Session;
use crate::names::prim_name;
use crate::scratch::Scratch;
use crate::tactic::Goal;
use crate::walk::{self, Depth};
use bfv_diag::Span;
use bfv_format::{Decl as CoreDecl, Node, Prim, Term, same};
use bfv_kernel::Val;
use bfv_syntax::tree::{Body, Decl};
use std::collections::BTreeSet;

/// What a goal looks like, as far as the choice of a step asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `forall x, B` or `A -> B`; whether the argument is a hypothesis, and its type.
    Function {
        /// The argument proves something.
        hypothesis: bool,
        /// Its type, as it is written.
        argument: String,
    },
    /// An equation.
    Equation,
    /// A conjunction.
    Pair,
    /// Falsehood.
    Falsehood,
    /// Anything else.
    Other,
}

/// One case of an induction on a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCase {
    /// The constructor.
    pub constructor: String,
    /// How many fields it has.
    pub fields: usize,
    /// How many induction hypotheses come after them.
    pub hypotheses: usize,
}

/// A variable or hypothesis that a goal may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenVariable {
    /// Its name.
    pub name: String,
    /// Its type, as it is written.
    pub ty: String,
    /// It proves something.
    pub hypothesis: bool,
    /// The type is an equation.
    pub equation: bool,
    /// The cases of an induction on it; nothing where there is no such induction.
    pub cases: Option<Vec<OpenCase>>,
}

/// A goal that a script leaves.
#[derive(Clone, Debug)]
pub struct OpenGoal {
    /// What it may use, outermost first. A name that is bound again further in is left out.
    pub context: Vec<OpenVariable>,
    /// The statement, as it is written.
    pub target: String,
    /// What it looks like.
    pub form: Form,
    /// Definitions outside the library that the statement mentions: what they are is seen when they are unfolded.
    pub definitions: Vec<String>,
    /// The script that left it: steps added at its end begin with this goal, if it is the first of that script.
    pub script: Span,
    /// The statement in core form.
    term: Term,
    /// The types of what it may use, in core form, in the scope of all of it.
    given: Vec<Term>,
}

impl OpenGoal {
    /// The statement in core form, in the scope of what the goal may use.
    #[must_use]
    pub fn statement(&self) -> &Term {
        &self.term
    }

    /// Whether another goal states the same and may use the same. Terms are compared, and not texts: of what is too long to show there is none, and
    /// texts leave implicit arguments out.
    #[must_use]
    pub fn same(&self, other: &OpenGoal) -> bool {
        let mut given = self.given.iter().zip(&other.given);
        same(&self.term, &other.term) && self.given.len() == other.given.len() && given.all(|(a, b)| same(a, b))
    }

    /// The types of what the goal may use, in core form, outermost first; each in the scope of all of it.
    #[must_use]
    pub fn given(&self) -> &[Term] {
        &self.given
    }
}

/// A theorem whose conclusion may be a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitting {
    /// Its number in the signature.
    pub id: u32,
    /// The name by which a step may call it.
    pub name: String,
}

/// What a term speaks of: constants, data types and primitive notions.
fn vocabulary(t: &Term, words: &mut BTreeSet<(u8, u32, &'static str)>) {
    match &**t {
        Node::Const { id, .. } => words.insert((0, *id, "")),
        Node::Data(d, _) => words.insert((1, d.id, "")),
        Node::Con(d, ..) => words.insert((1, d.id, "")),
        // A number literal is known where its type is.
        Node::Prim(p) => words.insert((2, 0, prim_name(*p))),
        _ => false,
    };
    let done: Result<Term, std::convert::Infallible> = walk::map(
        t,
        Depth::default(),
        &mut |c, _| {
            vocabulary(c, words);
            Ok(c.clone())
        },
        &mut |r, _| Ok(r),
    );
    let Ok(_) = done;
}

fn words(t: &Term) -> BTreeSet<(u8, u32, &'static str)> {
    let mut out = BTreeSet::new();
    vocabulary(t, &mut out);
    out
}

/// What a type states after its arguments.
fn conclusion(ty: &Term) -> &Term {
    match &**ty {
        Node::Pi(_, result) => conclusion(result),
        _ => ty,
    }
}

impl Session {
    /// From now on names are those that a module with these imports sees. What is imported must be loaded.
    pub fn enter(&mut self, module: &str, imports: Vec<String>) {
        self.add_module(module, imports);
        self.see(module);
    }

    /// The goals that the script of a claim leaves, in the order in which they are to be proved.
    ///
    /// # Errors
    /// The statement has a mistake, or a step is not accepted.
    pub fn open_goals(&self, d: &Decl, engines: Engines<'_>) -> R<Vec<OpenGoal>> {
        let (Some(ty), Body::By(script)) = (&d.ty, &d.body) else {
            return problem(Kind::Unsupported, d.span, "Only a claim with a script leaves goals.", "Write `by { }`.");
        };
        let scratch = Scratch::new(&self.signature);
        self.with_elab(&scratch, engines, |e| {
            let (inner, _) = e.binders(&Local::default(), &d.binders)?;
            let (t, _) = e.ty(&inner, ty)?;
            e.settle(d.span)?;
            e.left.replace(Some(Vec::new()));
            let v = e.ev(&inner, &t);
            if !any_type(d) {
                e.proposition(&inner, d.name.span, &v)?;
            }
            let (_, meta) = e.meta(&inner, script.span, &v, "the proof")?;
            e.run_script(Goal { local: inner, ty: v, meta }, script)?;
            e.run_scripts()?;
            e.settle(d.span)?;
            let left = e.left.take().unwrap_or_default();
            left.iter().filter(|(g, _)| !e.scratch.is_solved(g.meta)).map(|(g, at)| e.open_goal(g, *at)).collect()
        })
    }

    /// Theorems that the module sees and whose conclusion may be a statement, best first: each speaks of nothing that the statement does not
    /// speak of, and of as much of it as possible.
    #[must_use]
    pub fn fitting(&self, statement: &Term) -> Vec<Fitting> {
        let wanted = words(statement);
        let kind = std::mem::discriminant(&**statement);
        let mut found: Vec<(usize, usize, &str, u32)> = Vec::new();
        for id in 0..self.signature.len() {
            let Some(CoreDecl::Theorem { name, ty, .. }) = self.signature.decl(id) else { continue };
            let end = conclusion(ty);
            let fits = std::mem::discriminant(&**end) == kind || matches!(**end, Node::Var(_));
            if !fits || !self.names.module_of(id).is_some_and(|m| self.names.visible.contains(m)) {
                continue;
            }
            let about = words(end);
            let named = self.names.find(name);
            // A name that stands for several things cannot be written.
            if about.is_subset(&wanted) && named.len() == 1 {
                let premises = words(ty).len().saturating_sub(about.len());
                found.push((wanted.len().saturating_sub(about.len()), premises, name, id));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, _, name, id)| Fitting { id, name: name.to_owned() }).collect()
    }
}

impl Elab<'_> {
    fn open_goal(&self, g: &Goal, script: Span) -> R<OpenGoal> {
        let names = g.local.names();
        let mut context = Vec::new();
        for (at, (name, ty)) in names.iter().zip(&g.local.ctx.types).enumerate() {
            if name == "_" || names.iter().skip(at + 1).any(|m| m == name) {
                continue;
            }
            let cases = self.shape(&g.local, script, ty)?.map(|shape| self.branches(&shape));
            // An induction has no use where no constructor has a part of the type itself, and none is made over paths.
            let useful =
                |bs: &Vec<Branch>| bs.iter().any(|b| !b.recursive.is_empty()) && bs.iter().all(|b| b.dims == 0);
            context.push(OpenVariable {
                name: name.clone(),
                ty: self.show(&g.local, ty),
                hypothesis: self.proposition(&g.local, script, ty).is_ok(),
                equation: matches!(&*self.whnf(script, ty)?, Val::Path(..)),
                cases: cases.filter(useful).map(|bs| {
                    let case =
                        |b: Branch| OpenCase { constructor: b.name, fields: b.fields, hypotheses: b.recursive.len() };
                    bs.into_iter().map(case).collect()
                }),
            });
        }
        let term = walk::zonk(self.scratch, &self.quote(&g.local, script, &g.ty)?, &mut None);
        let form = match &*term {
            // Negations, and with them orders and existences, are functions to falsehood, which a reader does not see.
            Node::Pi(_, end) if matches!(**end, Node::Prim(Prim::Empty)) => Form::Other,
            Node::Pi(argument, _) => {
                let ty = self.ev(&g.local, argument);
                let hypothesis = self.proposition(&g.local, script, &ty).is_ok();
                Form::Function { hypothesis, argument: self.show(&g.local, &ty) }
            }
            Node::Prim(Prim::Empty) => Form::Falsehood,
            _ => match &*self.whnf(script, &g.ty)? {
                Val::Path(..) => Form::Equation,
                Val::Sigma(..) => Form::Pair,
                _ => Form::Other,
            },
        };
        let definitions = self.names.own_definitions(&term);
        let types = g.local.ctx.types.iter();
        let quoted = |ty| Ok(walk::zonk(self.scratch, &self.quote(&g.local, script, ty)?, &mut None));
        let given = types.map(quoted).collect::<R<Vec<Term>>>()?;
        let target = self.show(&g.local, &g.ty);
        Ok(OpenGoal { definitions, context, target, form, script, term, given })
    }
}
