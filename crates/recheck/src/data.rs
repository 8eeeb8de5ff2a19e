//! Data declarations: telescopes, levels, strict positivity (KERNEL.md section 4).

use crate::closure::{Closure, Env};
use crate::machine::Machine;
use crate::trust::Refs;
use crate::{Res, refuse};
use bfv_format::{DataDecl, Node, Term};
use std::rc::Rc;

/// For a recursive field the number of its arrows; the shape was checked when the type was declared.
pub(crate) fn recursive_arity(field: &Term, id: u32) -> Option<usize> {
    let (mut arrows, mut at) = (0, field);
    while let Node::Pi(_, b) = &**at {
        arrows += 1;
        at = b;
    }
    matches!(&**at, Node::Data(d, _) if d.id == id).then_some(arrows)
}

fn free_of(t: &Term, id: u32) -> bool {
    let mut refs = Refs::default();
    refs.add(t);
    refs.ids.iter().all(|k| *k < id)
}

/// Rule: recursive fields are `D params` or arrows into it from types free of D; D is nowhere else.
fn positive(field: &Term, id: u32, params: usize, depth: usize) -> Res<()> {
    if free_of(field, id) {
        return Ok(());
    }
    match &**field {
        Node::Pi(a, b) => {
            if free_of(a, id) {
                positive(b, id, params, depth + 1)
            } else {
                refuse("not strictly positive", "the data type stands to the left of an arrow")
            }
        }
        Node::Data(d, ps) if (d.id, d.shift) == (id, 0) && ps.len() == params => {
            let own = |(n, p): (usize, &Term)| matches!(&**p, Node::Var(k) if usize::try_from(*k) == Ok(params + depth - 1 - n));
            if ps.iter().enumerate().all(own) {
                Ok(())
            } else {
                refuse("not strictly positive", "a recursive field has other parameters")
            }
        }
        _ => refuse("not strictly positive", "the data type stands inside another term"),
    }
}

impl Machine<'_> {
    /// Checks a declaration at position `id`, with itself pending.
    pub(crate) fn data_decl(&self, id: u32, d: &DataDecl) -> Res<()> {
        let mut env = Env::empty(0);
        for p in &d.params {
            if !free_of(p, id) {
                return refuse("not strictly positive", "the data type stands in its own parameters");
            }
            self.check_type(&env, p)?;
            env = env.push(self.free(Rc::new(Closure::Term(p.clone(), env.clone()))));
        }
        for c in &d.constructors {
            let mut env = env.clone();
            for (n, field) in c.fields.iter().enumerate() {
                positive(field, id, d.params.len(), n)?;
                let level = self.check_type(&env, field)?;
                if level > d.level {
                    return refuse("universe too small", format!("a field of {} is in universe {level}", d.name));
                }
                env = env.push(self.free(Rc::new(Closure::Term(field.clone(), env.clone()))));
            }
        }
        Ok(())
    }
}
