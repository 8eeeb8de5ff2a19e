//! What the tests of many actions have in common is computed once in each state.

use super::cases::type_of;
use super::{index, kept, lift, node, var};
use crate::finite::Layout;
use crate::reader::Stop;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::Machine;
use bfv_search::shift::rename;

/// What is computed once in each state, and not again for each action: values of cells, and applications of definitions.
pub struct Shared<'m> {
    /// The evaluator.
    pub m: &'m Machine<'m>,
    /// Where the parts of the state lie, and those of what is chosen once.
    pub layouts: [Layout; 2],
    /// Each with its type.
    pub all: Vec<(Term, Term)>,
}

impl Shared<'_> {
    /// The type of what is computed once; nothing for what is not.
    fn sharable(&self, t: &Term) -> Option<Term> {
        let (mut head, mut eliminations) = (t, Vec::new());
        loop {
            head = match &**head {
                Node::App(f, _) | Node::Fst(f) | Node::Snd(f) => {
                    eliminations.push(head);
                    f
                }
                _ => break,
            };
        }
        match &**head {
            Node::Var(n) => {
                let mut layout = self.layouts.get(usize::try_from(*n).ok()?)?;
                for e in eliminations.iter().rev() {
                    layout = match (layout, &***e) {
                        (Layout::Pair(a, _), Node::Fst(_)) => a,
                        (Layout::Pair(_, b), Node::Snd(_)) => b,
                        (Layout::Function(_, inner, _), Node::App(..)) => inner,
                        _ => return None,
                    };
                }
                if let Layout::Leaf(s) = layout { Some(type_of(s)) } else { None }
            }
            Node::Const { id, .. } if !eliminations.is_empty() => {
                let mut ty = self.m.globals().const_type(*id)?;
                for e in &eliminations {
                    ty = match (&***e, &*ty) {
                        (Node::App(..), Node::Pi(_, rest)) => rest.clone(),
                        _ => return None,
                    };
                }
                matches!(&*ty, Node::Prim(Prim::Bool | Prim::Nat)).then_some(ty)
            }
            _ => None,
        }
    }

    /// Notes what is computed once in a term over a choice and a state.
    pub fn collect(&mut self, t: &Term) {
        match self.sharable(t) {
            Some(_) if self.all.iter().any(|(own, _)| own == t) => {}
            Some(ty) => self.all.push((t.clone(), ty)),
            None => match &**t {
                Node::App(f, a) => [f, a].into_iter().for_each(|t| self.collect(t)),
                Node::BoolElim(_, a, b, c) => [a, b, c].into_iter().for_each(|t| self.collect(t)),
                _ => {}
            },
        }
    }

    /// A term over a choice and a state after everything that is computed once, and under so many binders more.
    ///
    /// # Errors
    /// The term has a part that is not renamed.
    pub fn used(&self, t: &Term, under: usize) -> Result<Term, Stop> {
        let more = self.all.len() + under;
        if let Some(n) = self.all.iter().position(|(own, _)| own == t) {
            return Ok(var(index(more - 1 - n)));
        }
        Ok(node(match &**t {
            Node::App(f, a) => Node::App(self.used(f, under)?, self.used(a, under)?),
            Node::BoolElim(motive, a, b, c) => {
                let motive = kept(rename(motive, 1, 0, &mut |n| n.checked_add(index(more)), &mut Some))?;
                Node::BoolElim(motive, self.used(a, under)?, self.used(b, under)?, self.used(c, under)?)
            }
            _ => return lift(t, more),
        }))
    }

    /// A term after everything that is computed once.
    ///
    /// # Errors
    /// The same.
    pub fn before(&self, body: Term) -> Result<Term, Stop> {
        self.all
            .iter()
            .enumerate()
            .rev()
            .try_fold(body, |body, (n, (t, ty))| Ok(node(Node::Let(ty.clone(), lift(t, n)?, body))))
    }
}
