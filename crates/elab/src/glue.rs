//! Glue types and their elements, and path constructors: what stands under a face is elaborated in the context restricted to it.

use crate::context::Local;
use crate::elab::{Elab, Kind, R, Typed, problem};
use crate::expr::is_dim_binder;
use bfv_diag::Span;
use bfv_format::{Cof, Constructor, DataRef, GlueFace, Node, Part, Term};
use bfv_kernel::{Elim, V, Val};
use bfv_syntax::tree::{Binder, Expr, ExprKind, Faces};
use std::rc::Rc;

impl Elab<'_> {
    /// `Glue A [i = 0 => (T, e)]`
    pub fn glue_type(&self, local: &Local, a: &Expr, faces: &Faces) -> R<Typed> {
        let (base, mut level) = self.ty(local, a)?;
        let mut out: Vec<GlueFace> = Vec::new();
        for (cof, side) in faces {
            let cof = self.cofibration(local, side.span, cof)?;
            let inside = self.inside(local, side.span, &cof)?;
            let ExprKind::Pair(ty, equiv) = &*side.kind else {
                return problem(
                    Kind::TypeMismatch,
                    side.span,
                    "A face of a Glue type is a type and an equivalence with the base.",
                    "Write `(T, e)`, with e an equivalence from T to the base.",
                );
            };
            let (ty, n) = self.ty(&inside, ty)?;
            level = level.max(n);
            let want = self.m.equiv_type(&self.ev(&inside, &ty), &self.ev(&inside, &base));
            let equiv = self.check(&inside, equiv, &want)?;
            let face = GlueFace { cof, ty, equiv };
            for other in &out {
                let Some(both) = self.under(local, side.span, &[&other.cof, &face.cof])? else { continue };
                let (s, t) = (self.ev(&both, &other.ty), self.ev(&both, &face.ty));
                let equiv = self.m.equiv_type(&s, &self.ev(&both, &base));
                let (f, g) = (self.ev(&both, &other.equiv), self.ev(&both, &face.equiv));
                if !self.at(side.span, self.unify_type(&both.ctx, &s, &t))?
                    || !self.at(side.span, self.try_unify(&both.ctx, &equiv, &f, &g))?
                {
                    return problem(
                        Kind::TypeMismatch,
                        side.span,
                        "Two faces of this Glue type differ where both are defined.",
                        "Change one of the two so that type and equivalence agree there.",
                    );
                }
            }
            out.push(face);
        }
        Ok(Typed { term: Rc::new(Node::Glue(base, out)), ty: self.m.value(Val::Univ(level)) })
    }

    /// `unglue g`
    pub fn unglue(&self, local: &Local, g: &Expr) -> R<Typed> {
        let t = self.infer(local, g)?;
        let Val::Glue(base, faces) = &*self.whnf(g.span, &t.ty)? else {
            let shown = self.show(local, &t.ty);
            return problem(
                Kind::TypeMismatch,
                g.span,
                format!("Something of type `{shown}` cannot be unglued. Its type is no Glue type."),
                "Where a face holds, apply the function of its equivalence instead.",
            );
        };
        let below = self.m.elim(&self.ev(local, &t.term), Elim::Unglue(base.clone(), faces.clone()));
        Ok(Typed { term: self.quote(local, g.span, &below)?, ty: base.clone() })
    }

    /// `glue a [i = 0 => t]` against a type.
    pub fn check_glued(&self, local: &Local, span: Span, a: &Expr, parts: &Faces, ty: &V) -> R<Term> {
        let Val::Glue(base, faces) = &*self.whnf(span, ty)? else {
            let shown = self.show(local, ty);
            return problem(
                Kind::TypeMismatch,
                span,
                format!("An element of a Glue type is given where `{shown}` is needed."),
                "Where a face holds, write the part that stands there.",
            );
        };
        if parts.len() != faces.len() {
            let (n, m) = (faces.len(), parts.len());
            return problem(
                Kind::TypeMismatch,
                span,
                format!("The Glue type has {n} faces here, and {m} parts are given."),
                "Give one part for each face, in the same order.",
            );
        }
        let base_term = self.check(local, a, base)?;
        let mut out: Vec<Part> = Vec::new();
        for ((cof, body), face) in parts.iter().zip(faces.iter()) {
            let at = body.span;
            let cof = self.cofibration(local, at, cof)?;
            let inside = self.inside(local, at, &cof)?;
            let Some((_, u)) = self.m.restrict(&local.ctx, &face.cof) else { continue };
            let (ty, equiv) = (self.m.act(&face.ty, &u), self.m.act(&face.equiv, &u));
            let body = self.check(&inside, body, &ty)?;
            let image = self.m.apply(&self.m.fst(&equiv), self.ev(&inside, &body));
            let below = self.ev(&inside, &base_term);
            if !self.at(at, self.try_unify(&inside.ctx, &self.m.act(base, &u), &image, &below))? {
                let (image, below) = (self.show(&inside, &image), self.show(&inside, &below));
                return problem(
                    Kind::TypeMismatch,
                    at,
                    format!("The equivalence takes this part to `{image}`, but the base is `{below}` there."),
                    "Change the part or the base.",
                );
            }
            for other in &out {
                let Some(both) = self.under(local, at, &[&other.cof, &cof])? else { continue };
                let (s, t) = (self.ev(&both, &other.body), self.ev(&both, &body));
                if !self.at(at, self.try_unify(&both.ctx, &ty, &s, &t))? {
                    return problem(
                        Kind::TypeMismatch,
                        at,
                        "Two parts of this element differ where both are defined.",
                        "Change one of the two.",
                    );
                }
            }
            out.push(Part { cof, body });
        }
        Ok(Rc::new(Node::GlueEl(base_term, out)))
    }

    /// A constructor of a data type: fields, then the dimensions of a path constructor, then its boundary.
    pub fn constructor_of(
        &self,
        local: &Local,
        span: Span,
        data: DataRef,
        c: &bfv_syntax::tree::Constructor,
    ) -> R<Constructor> {
        let first = c.fields.iter().position(is_dim_binder).unwrap_or(c.fields.len());
        let (fields, dims) = c.fields.split_at(first);
        let (inner, types) = self.telescope(local, fields)?;
        let types = types.iter().map(|t| self.finish(span, t)).collect::<R<Vec<_>>>()?;
        if let Some(b) = dims.iter().find(|b| !is_dim_binder(b)) {
            return problem(
                Kind::Unsupported,
                b.span,
                "A field comes after a dimension.",
                "Put all fields first, then the dimensions.",
            );
        }
        if dims.is_empty()
            && let Some((_, body)) = c.boundary.first()
        {
            return problem(
                Kind::Unsupported,
                body.span,
                "A boundary is given here, but this constructor has no dimensions.",
                "Give it a dimension, such as `(i : I)`, or remove the boundary.",
            );
        }
        let params = local.depth();
        let total = inner.depth();
        let vars = (0..params).map(|n| Rc::new(Node::Var(total - 1 - n))).collect();
        let ty: Term = Rc::new(Node::Data(data, vars));
        let (inner, _) = self.binders(&inner, dims)?;
        let mut boundary: Vec<Part> = Vec::new();
        for (cof, body) in &c.boundary {
            let at = body.span;
            let cof: Cof = self.cofibration(&inner, at, cof)?;
            let inside = self.inside(&inner, at, &cof)?;
            let body = self.check(&inside, body, &self.ev(&inside, &ty))?;
            boundary.push(Part { cof, body: self.finish(at, &body)? });
        }
        let named = |b: &Binder| b.names.len();
        let dims = u32::try_from(dims.iter().map(named).sum::<usize>()).unwrap_or(u32::MAX);
        Ok(Constructor { name: c.name.text.clone(), fields: types, dims, boundary })
    }
}
