//! What terms need of a long list of declarations, and moving terms between lists.

use crate::hash::UnknownConstant;
use crate::term::{Constructor, DataDecl, DataRef, Decl, Face, GlueFace, Hypothesis, Node, Part, Rule, Sort, Term};
use crate::walk::{ByAddress, Seen, post_order, references, roots};
use std::collections::{BTreeMap, BTreeSet};

/// The closure of some terms over a list of declarations (types, bodies, proofs of theorems), by position.
///
/// # Errors
/// A constant that is not in the list.
pub(crate) fn closure(decls: &[Decl], terms: [&Term; 2]) -> Result<BTreeSet<u32>, UnknownConstant> {
    let mut needed: BTreeSet<u32> = BTreeSet::new();
    let mut todo = Vec::new();
    let mut seen = Seen::default();
    let mut visit = |root, todo: &mut Vec<u32>| references(root, &mut seen, |id| todo.push(id));
    for t in terms {
        visit(t, &mut todo);
    }
    while let Some(id) = todo.pop() {
        if needed.insert(id) {
            let decl = usize::try_from(id).ok().and_then(|i| decls.get(i)).ok_or(UnknownConstant(id))?;
            for root in roots(decl) {
                visit(root, &mut todo);
            }
        }
    }
    Ok(needed)
}

/// The positions that declarations name, in order.
#[must_use]
pub fn mentions(decls: &[Decl]) -> BTreeSet<u32> {
    let mut out = BTreeSet::new();
    let mut seen = Seen::default();
    for root in decls.iter().flat_map(roots) {
        references(root, &mut seen, |id| {
            out.insert(id);
        });
    }
    out
}

/// The positions that a term names, in order.
#[must_use]
pub fn named(t: &Term) -> BTreeSet<u32> {
    let mut out = BTreeSet::new();
    references(t, &mut Seen::default(), |id| {
        out.insert(id);
    });
    out
}

/// Moves terms from one list of declarations to another. It keeps what it has moved alive, so that sharing survives across calls.
#[derive(Default)]
pub struct Renumber {
    ids: BTreeMap<u32, u32>,
    done: ByAddress<(Term, Term)>,
    seen: Seen,
}

impl Renumber {
    /// From now on `old` becomes `new`. A position is entered once, before the first term that names it is moved.
    pub fn insert(&mut self, old: u32, new: u32) {
        self.ids.insert(old, new);
    }

    fn id(&self, old: u32) -> Result<u32, UnknownConstant> {
        self.ids.get(&old).copied().ok_or(UnknownConstant(old))
    }

    /// The term over the new positions.
    ///
    /// # Errors
    /// A constant that was not entered.
    pub fn term(&mut self, t: &Term) -> Result<Term, UnknownConstant> {
        let mut order = Vec::new();
        post_order(t, &mut self.seen, |n| order.push(n));
        for n in order {
            let moved = Term::new(self.node(n)?);
            self.done.insert(Term::as_ptr(n), (n.clone(), moved));
        }
        self.moved(t)
    }

    /// The declaration over the new positions.
    ///
    /// # Errors
    /// A constant that was not entered.
    pub fn decl(&mut self, d: &Decl) -> Result<Decl, UnknownConstant> {
        Ok(match d {
            Decl::Def { name, ty, body } => {
                Decl::Def { name: name.clone(), ty: self.term(ty)?, body: self.term(body)? }
            }
            Decl::Theorem { name, ty, proof } => {
                Decl::Theorem { name: name.clone(), ty: self.term(ty)?, proof: self.term(proof)? }
            }
            Decl::Axiom { name, bundle, ty } => {
                Decl::Axiom { name: name.clone(), bundle: bundle.clone(), ty: self.term(ty)? }
            }
            Decl::Data(DataDecl { name, params, level, constructors }) => Decl::Data(DataDecl {
                name: name.clone(),
                params: params.iter().map(|t| self.term(t)).collect::<Result<_, _>>()?,
                level: *level,
                constructors: constructors
                    .iter()
                    .map(|c| {
                        let fields = c.fields.iter().map(|t| self.term(t)).collect::<Result<_, _>>()?;
                        let part = |p: &Part| Ok(Part { cof: p.cof.clone(), body: self.term(&p.body)? });
                        let boundary = c.boundary.iter().map(part).collect::<Result<_, _>>()?;
                        Ok(Constructor { name: c.name.clone(), fields, dims: c.dims, boundary })
                    })
                    .collect::<Result<_, UnknownConstant>>()?,
            }),
        })
    }

    /// What a child became; children are moved before parents.
    fn moved(&self, t: &Term) -> Result<Term, UnknownConstant> {
        self.done.get(&Term::as_ptr(t)).map(|m| m.1.clone()).ok_or(UnknownConstant(u32::MAX))
    }

    fn data(&self, d: DataRef) -> Result<DataRef, UnknownConstant> {
        Ok(DataRef { id: self.id(d.id)?, shift: d.shift })
    }

    fn list(&self, ts: &[Term]) -> Result<Vec<Term>, UnknownConstant> {
        ts.iter().map(|t| self.moved(t)).collect()
    }

    fn node(&self, n: &Node) -> Result<Node, UnknownConstant> {
        let t = |t: &Term| self.moved(t);
        Ok(match n {
            Node::Var(_) | Node::Univ(_) | Node::Prim(_) | Node::NatLit(_) | Node::IntLit(_) | Node::RealLit(_) => {
                n.clone()
            }
            Node::Const { id, shift } => Node::Const { id: self.id(*id)?, shift: *shift },
            Node::Pi(a, b) => Node::Pi(t(a)?, t(b)?),
            Node::Lam(b) => Node::Lam(t(b)?),
            Node::App(f, a) => Node::App(t(f)?, t(a)?),
            Node::Let(a, v, b) => Node::Let(t(a)?, t(v)?, t(b)?),
            Node::Sigma(a, b) => Node::Sigma(t(a)?, t(b)?),
            Node::Pair(a, b) => Node::Pair(t(a)?, t(b)?),
            Node::Fst(p) => Node::Fst(t(p)?),
            Node::Snd(p) => Node::Snd(t(p)?),
            Node::Line(a) => Node::Line(t(a)?),
            Node::Path(a, l, r) => Node::Path(t(a)?, t(l)?, t(r)?),
            Node::DLam(b) => Node::DLam(t(b)?),
            Node::LApp(p, r) => Node::LApp(t(p)?, *r),
            Node::PApp(p, a, b, r) => Node::PApp(t(p)?, t(a)?, t(b)?, *r),
            Node::Coe(r, s, a, v) => Node::Coe(*r, *s, t(a)?, t(v)?),
            Node::HCom(r, s, a, faces, b) => {
                let mut sides = Vec::new();
                for f in faces {
                    sides.push(Face { cof: f.cof.clone(), body: t(&f.body)? });
                }
                Node::HCom(*r, *s, t(a)?, sides, t(b)?)
            }
            Node::EmptyElim(m, s) => Node::EmptyElim(t(m)?, t(s)?),
            Node::BoolElim(m, a, b, s) => Node::BoolElim(t(m)?, t(a)?, t(b)?, t(s)?),
            Node::NatElim(m, a, b, s) => Node::NatElim(t(m)?, t(a)?, t(b)?, t(s)?),
            Node::IntElim(m, a, b, s) => Node::IntElim(t(m)?, t(a)?, t(b)?, t(s)?),
            Node::Data(d, ps) => Node::Data(self.data(*d)?, self.list(ps)?),
            Node::Con(d, c, ps, fs, rs) => Node::Con(self.data(*d)?, *c, self.list(ps)?, self.list(fs)?, rs.clone()),
            Node::DataElim(d, ps, m, bs, s) => {
                Node::DataElim(self.data(*d)?, self.list(ps)?, t(m)?, self.list(bs)?, t(s)?)
            }
            Node::Rule(rule) => Node::Rule(Box::new(self.rule(rule)?)),
            Node::Glue(a, faces) => Node::Glue(t(a)?, self.glue_faces(faces)?),
            Node::GlueEl(a, parts) => {
                let part = |p: &Part| Ok(Part { cof: p.cof.clone(), body: self.moved(&p.body)? });
                Node::GlueEl(t(a)?, parts.iter().map(part).collect::<Result<_, _>>()?)
            }
            Node::Unglue(a, faces, g) => Node::Unglue(t(a)?, self.glue_faces(faces)?, t(g)?),
        })
    }

    fn glue_faces(&self, faces: &[GlueFace]) -> Result<Vec<GlueFace>, UnknownConstant> {
        faces
            .iter()
            .map(|f| Ok(GlueFace { cof: f.cof.clone(), ty: self.moved(&f.ty)?, equiv: self.moved(&f.equiv)? }))
            .collect()
    }

    fn rule(&self, rule: &Rule) -> Result<Rule, UnknownConstant> {
        Ok(match rule {
            Rule::Ring { sort, atoms, left, right } => {
                Rule::Ring { sort: *sort, atoms: self.atoms(atoms)?, left: left.clone(), right: right.clone() }
            }
            Rule::Psatz { atoms, hypotheses, products, equalities } => Rule::Psatz {
                atoms: self.atoms(atoms)?,
                hypotheses: self.hypotheses(hypotheses)?,
                products: products.clone(),
                equalities: equalities.clone(),
            },
            Rule::Lia { sort, atoms, hypotheses, steps } => Rule::Lia {
                sort: *sort,
                atoms: self.atoms(atoms)?,
                hypotheses: self.hypotheses(hypotheses)?,
                steps: steps.clone(),
            },
        })
    }

    fn atoms(&self, atoms: &[(Sort, Term)]) -> Result<Vec<(Sort, Term)>, UnknownConstant> {
        atoms.iter().map(|(s, t)| Ok((*s, self.moved(t)?))).collect()
    }

    fn hypotheses(&self, hs: &[Hypothesis]) -> Result<Vec<Hypothesis>, UnknownConstant> {
        hs.iter().map(|h| Ok(Hypothesis { proof: self.moved(&h.proof)?, ..h.clone() })).collect()
    }
}
