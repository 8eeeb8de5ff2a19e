//! The scratch signature: checked declarations seen through metavariables, which are constants that get a body when solved.

use bfv_format::{DataDecl, Term};
use bfv_kernel::refusal::{INTERRUPTED, refuse};
use bfv_kernel::{Globals, Interrupt, META_BASE, Res, Signature};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// A metavariable: closed type over its context, and the solution once there is one.
struct Meta {
    ty: Term,
    /// The arguments that are dimensions with a fixed value where it was made.
    fixed: Vec<usize>,
    solution: Option<Term>,
}

/// The signature of the elaborator. Nothing in it is trusted; the final check uses the real signature, which has no metavariables.
pub struct Scratch<'s> {
    signature: &'s Signature,
    metas: RefCell<Vec<Meta>>,
    /// Metavariables in the order in which they were solved, so that a failed attempt can be taken back.
    trail: RefCell<Vec<u32>>,
    generation: Cell<u64>,
    /// Solutions that were taken back, so that values computed with them may be about.
    taken_back: RefCell<Vec<(u32, Term)>>,
    /// Solutions that are not to be tried.
    forbidden: Vec<(u32, Term)>,
    /// The data type being declared, while its fields are elaborated.
    pending: Option<Rc<DataDecl>>,
}

impl<'s> Scratch<'s> {
    pub fn new(signature: &'s Signature) -> Self {
        Scratch {
            signature,
            metas: RefCell::default(),
            trail: RefCell::default(),
            generation: Cell::new(1),
            taken_back: RefCell::default(),
            forbidden: Vec::new(),
            pending: None,
        }
    }

    /// With the header of a data type that will stand at the next position.
    pub fn with_data(signature: &'s Signature, header: DataDecl) -> Self {
        Scratch { pending: Some(Rc::new(header)), ..Scratch::new(signature) }
    }

    /// A new metavariable with a closed type.
    pub fn meta(&self, ty: Term, fixed: Vec<usize>) -> u32 {
        let mut metas = self.metas.borrow_mut();
        let n = u32::try_from(metas.len()).unwrap_or(u32::MAX >> 1);
        metas.push(Meta { ty, fixed, solution: None });
        META_BASE + n
    }

    /// The arguments of a metavariable that are dimensions with a fixed value where it was made.
    pub fn fixed(&self, id: u32) -> Vec<usize> {
        let n = id.checked_sub(META_BASE).and_then(|n| usize::try_from(n).ok());
        n.and_then(|n| self.metas.borrow().get(n).map(|m| m.fixed.clone())).unwrap_or_default()
    }

    /// The same scratch, in which these solutions are not tried.
    pub fn without(self, forbidden: Vec<(u32, Term)>) -> Self {
        Scratch { forbidden, ..self }
    }

    /// The solutions that were taken back.
    pub fn taken_back(&self) -> Vec<(u32, Term)> {
        self.taken_back.borrow().clone()
    }

    pub fn is_solved(&self, id: u32) -> bool {
        self.solution(id).is_some()
    }

    pub fn solution(&self, id: u32) -> Option<Term> {
        let n = usize::try_from(id.checked_sub(META_BASE)?).ok()?;
        self.metas.borrow().get(n)?.solution.clone()
    }

    /// A solution that unification found; false when it is not to be tried.
    #[must_use]
    pub fn solve(&self, id: u32, body: Term) -> bool {
        let allowed = !self.forbidden.iter().any(|(n, t)| *n == id && *t == body);
        if allowed {
            self.assign(id, body);
        }
        allowed
    }

    /// A solution that is given.
    pub fn assign(&self, id: u32, body: Term) {
        let Some(n) = id.checked_sub(META_BASE).and_then(|n| usize::try_from(n).ok()) else { return };
        if let Some(m) = self.metas.borrow_mut().get_mut(n) {
            m.solution = Some(body);
        }
        self.trail.borrow_mut().push(id);
        self.generation.set(self.generation.get() + 1);
    }

    /// A mark to come back to.
    pub fn mark(&self) -> usize {
        self.trail.borrow().len()
    }

    /// Forgets every solution since the mark.
    pub fn rollback(&self, mark: usize) {
        let mut trail = self.trail.borrow_mut();
        if trail.len() == mark {
            return;
        }
        let mut metas = self.metas.borrow_mut();
        while trail.len() > mark {
            if let Some(id) = trail.pop()
                && let Some(m) = usize::try_from(id - META_BASE).ok().and_then(|n| metas.get_mut(n))
            {
                self.taken_back.borrow_mut().extend(m.solution.take().map(|t| (id, t)));
            }
        }
        self.generation.set(self.generation.get() + 1);
    }

    /// Whether somebody still wants what is elaborated.
    ///
    /// # Errors
    /// Nobody does.
    pub fn watched(&self) -> Res<()> {
        match self.interrupt() {
            Some(set) if set.load(Ordering::Relaxed) => {
                refuse(INTERRUPTED, "The elaboration was stopped from outside.")
            }
            _ => Ok(()),
        }
    }
}

impl Globals for Scratch<'_> {
    fn const_type(&self, id: u32) -> Option<Term> {
        match id.checked_sub(META_BASE) {
            None => self.signature.const_type(id),
            Some(n) => self.metas.borrow().get(usize::try_from(n).ok()?).map(|m| m.ty.clone()),
        }
    }
    fn const_body(&self, id: u32) -> Option<Term> {
        if id < META_BASE { self.signature.const_body(id) } else { self.solution(id) }
    }
    fn data(&self, id: u32) -> Option<Rc<DataDecl>> {
        if id == self.signature.len() { self.pending.clone() } else { self.signature.data(id) }
    }
    fn displaceable(&self, id: u32) -> bool {
        id < META_BASE && self.signature.displaceable(id)
    }
    fn generation(&self) -> u64 {
        self.generation.get()
    }
    fn interrupt(&self) -> Option<&Interrupt> {
        self.signature.interrupt()
    }
}
