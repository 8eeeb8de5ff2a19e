//! The one encoding of a node. How a child and how a constant is written is the caller's: an index in a file, a digest in a hash.

use crate::leb::{put_int, put_len, put_nat, put_rational, put_u32};
use crate::term::{
    Arith, Cof, Constructor, DataRef, Dim, GlueFace, Hypothesis, Node, Op, Product, Rule, Sort, Step, Term,
};

/// Receives the parts of a node in their fixed order.
pub(crate) trait Sink<'a> {
    /// Where plain bytes go.
    fn out(&mut self) -> &mut Vec<u8>;
    /// A child.
    fn child(&mut self, t: &'a Term);
    /// A reference to a declaration.
    fn reference(&mut self, id: u32);
}

/// Writes a node: tag, then payload and children in the order of the fields.
pub(crate) fn encode<'a>(n: &'a Node, s: &mut impl Sink<'a>) {
    match n {
        Node::Var(i) => {
            tag(s, 0);
            put_u32(s.out(), *i);
        }
        Node::Univ(l) => {
            tag(s, 1);
            put_u32(s.out(), *l);
        }
        Node::Const { id, shift } => {
            tag(s, 2);
            data(DataRef { id: *id, shift: *shift }, s);
        }
        Node::Prim(p) => {
            tag(s, 3);
            s.out().push(*p as u8);
        }
        Node::NatLit(n) => {
            tag(s, 4);
            put_nat(s.out(), n);
        }
        Node::IntLit(n) => {
            tag(s, 5);
            put_int(s.out(), n);
        }
        Node::RealLit(q) => {
            tag(s, 6);
            put_rational(s.out(), q);
        }
        Node::Pi(a, b) => kids(s, 7, [a, b]),
        Node::Lam(t) => kids(s, 8, [t]),
        Node::App(f, a) => kids(s, 9, [f, a]),
        Node::Let(a, t, b) => kids(s, 10, [a, t, b]),
        Node::Sigma(a, b) => kids(s, 11, [a, b]),
        Node::Pair(a, b) => kids(s, 12, [a, b]),
        Node::Fst(p) => kids(s, 13, [p]),
        Node::Snd(p) => kids(s, 14, [p]),
        Node::Line(a) => kids(s, 15, [a]),
        Node::Path(a, l, r) => kids(s, 16, [a, l, r]),
        Node::DLam(t) => kids(s, 17, [t]),
        Node::LApp(p, r) => {
            kids(s, 18, [p]);
            dim(s.out(), *r);
        }
        Node::PApp(p, a, b, r) => {
            kids(s, 19, [p, a, b]);
            dim(s.out(), *r);
        }
        Node::Coe(r, to, a, t) => {
            tag(s, 20);
            dim(s.out(), *r);
            dim(s.out(), *to);
            s.child(a);
            s.child(t);
        }
        Node::HCom(r, to, a, faces, base) => {
            tag(s, 21);
            dim(s.out(), *r);
            dim(s.out(), *to);
            s.child(a);
            put_len(s.out(), faces.len());
            for face in faces {
                put_cof(s.out(), &face.cof);
                s.child(&face.body);
            }
            s.child(base);
        }
        Node::EmptyElim(m, t) => kids(s, 22, [m, t]),
        Node::BoolElim(m, a, b, t) => kids(s, 23, [m, a, b, t]),
        Node::NatElim(m, a, b, t) => kids(s, 24, [m, a, b, t]),
        Node::IntElim(m, a, b, t) => kids(s, 25, [m, a, b, t]),
        Node::Data(d, params) => {
            tag(s, 26);
            data(*d, s);
            list(s, params);
        }
        Node::Con(d, con, params, fields, dims) => {
            tag(s, 27);
            data(*d, s);
            put_u32(s.out(), *con);
            list(s, params);
            list(s, fields);
            put_len(s.out(), dims.len());
            for r in dims {
                dim(s.out(), *r);
            }
        }
        Node::DataElim(d, params, motive, branches, t) => {
            tag(s, 28);
            data(*d, s);
            list(s, params);
            s.child(motive);
            list(s, branches);
            s.child(t);
        }
        Node::Rule(rule) => encode_rule(rule, s),
        Node::Glue(a, faces) => {
            tag(s, 32);
            s.child(a);
            glue_faces(s, faces);
        }
        Node::GlueEl(a, parts) => {
            tag(s, 33);
            s.child(a);
            put_len(s.out(), parts.len());
            for part in parts {
                put_cof(s.out(), &part.cof);
                s.child(&part.body);
            }
        }
        Node::Unglue(a, faces, g) => {
            tag(s, 34);
            s.child(a);
            glue_faces(s, faces);
            s.child(g);
        }
    }
}

fn glue_faces<'a>(s: &mut impl Sink<'a>, faces: &'a [GlueFace]) {
    put_len(s.out(), faces.len());
    for face in faces {
        put_cof(s.out(), &face.cof);
        s.child(&face.ty);
        s.child(&face.equiv);
    }
}

/// The dimensions of a constructor and where its boundary lies; the terms of the boundary are written elsewhere.
pub(crate) fn put_boundary(out: &mut Vec<u8>, c: &Constructor) {
    put_u32(out, c.dims);
    put_len(out, c.boundary.len());
    for part in &c.boundary {
        put_cof(out, &part.cof);
    }
}

fn put_cof(out: &mut Vec<u8>, cof: &Cof) {
    put_len(out, cof.len());
    for (l, r) in cof {
        dim(out, *l);
        dim(out, *r);
    }
}

fn encode_rule<'a>(rule: &'a Rule, s: &mut impl Sink<'a>) {
    match rule {
        Rule::Ring { sort, atoms, left, right } => {
            tag(s, 29);
            s.out().push(*sort as u8);
            put_atoms(s, atoms);
            arith(s.out(), left);
            arith(s.out(), right);
        }
        Rule::Psatz { atoms, hypotheses, products, equalities } => {
            tag(s, 30);
            put_atoms(s, atoms);
            put_hypotheses(s, hypotheses);
            let out = s.out();
            put_len(out, products.len());
            for Product { coefficient, hypotheses, squares } in products {
                put_rational(out, coefficient);
                put_len(out, hypotheses.len());
                for h in hypotheses {
                    put_u32(out, *h);
                }
                put_len(out, squares.len());
                for q in squares {
                    arith(out, q);
                }
            }
            put_len(out, equalities.len());
            for (h, q) in equalities {
                put_u32(out, *h);
                arith(out, q);
            }
        }
        Rule::Lia { sort, atoms, hypotheses, steps } => {
            tag(s, 31);
            s.out().push(*sort as u8);
            put_atoms(s, atoms);
            put_hypotheses(s, hypotheses);
            let out = s.out();
            put_len(out, steps.len());
            for step in steps {
                match step {
                    Step::Combine(c) => {
                        out.push(0);
                        put_len(out, c.terms.len());
                        for (f, m) in &c.terms {
                            put_u32(out, *f);
                            put_int(out, m);
                        }
                    }
                    Step::Cut(f, d) => {
                        out.push(1);
                        put_u32(out, *f);
                        put_nat(out, d);
                    }
                    Step::NatAtom(a) => {
                        out.push(2);
                        put_u32(out, *a);
                    }
                }
            }
        }
    }
}

fn tag<'a>(s: &mut impl Sink<'a>, t: u8) {
    s.out().push(t);
}

fn kids<'a, const N: usize>(s: &mut impl Sink<'a>, t: u8, children: [&'a Term; N]) {
    tag(s, t);
    for c in children {
        s.child(c);
    }
}

fn list<'a>(s: &mut impl Sink<'a>, children: &'a [Term]) {
    put_len(s.out(), children.len());
    for c in children {
        s.child(c);
    }
}

fn data<'a>(d: DataRef, s: &mut impl Sink<'a>) {
    s.reference(d.id);
    put_u32(s.out(), d.shift);
}

fn dim(out: &mut Vec<u8>, d: Dim) {
    match d {
        Dim::Zero => out.push(0),
        Dim::One => out.push(1),
        Dim::Var(i) => {
            out.push(2);
            put_u32(out, i);
        }
    }
}

fn put_atoms<'a>(s: &mut impl Sink<'a>, atoms: &'a [(Sort, Term)]) {
    put_len(s.out(), atoms.len());
    for (sort, t) in atoms {
        s.out().push(*sort as u8);
        s.child(t);
    }
}

fn put_hypotheses<'a>(s: &mut impl Sink<'a>, hypotheses: &'a [Hypothesis]) {
    put_len(s.out(), hypotheses.len());
    for h in hypotheses {
        s.out().push(h.relation as u8);
        arith(s.out(), &h.left);
        arith(s.out(), &h.right);
        s.child(&h.proof);
    }
}

fn arith(out: &mut Vec<u8>, a: &Arith) {
    put_len(out, a.len());
    for op in a {
        match op {
            Op::Atom(sort, n) => {
                out.extend([0, *sort as u8]);
                put_u32(out, *n);
            }
            Op::Lit(sort, q) => {
                out.extend([1, *sort as u8]);
                put_rational(out, q);
            }
            Op::Add => out.push(2),
            Op::Sub => out.push(3),
            Op::Mul => out.push(4),
            Op::NatToInt => out.push(5),
            Op::NatToReal => out.push(6),
            Op::IntToReal => out.push(7),
        }
    }
}
