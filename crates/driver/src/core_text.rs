//! The core form of a term as text, exactly: every node, de Bruijn indices, names of declarations only where they are referred to.

use bfv_format::{Cof, DataRef, Dim, GlueFace, Node, Op, Rational, Rule, Term};

/// Nodes printed before the text counts as too large; a shared node counts each time it is printed.
const NODE_LIMIT: usize = 200_000;
/// Nesting printed before the text counts as too deep.
const DEPTH_LIMIT: u32 = 20_000;

/// The text of a term; `None` when it would be too large or too deep. `name` gives the names of declarations.
pub fn core_text(t: &Term, name: &dyn Fn(u32) -> String) -> Option<String> {
    let mut p = Printer { out: String::new(), left: NODE_LIMIT, name };
    p.term(t, DEPTH_LIMIT)?;
    Some(p.out)
}

/// Whether a term has fewer nodes than so many, where shared ones are counted as often as they stand in it.
pub fn is_smaller(t: &Term, nodes: usize) -> bool {
    Printer { out: String::new(), left: nodes, name: &|_| String::new() }.term(t, DEPTH_LIMIT).is_some()
}

struct Printer<'a> {
    out: String,
    left: usize,
    name: &'a dyn Fn(u32) -> String,
}

impl Printer<'_> {
    fn list(&mut self, head: &str, dims: &[Dim], terms: &[&Term], depth: u32) -> Option<()> {
        self.out += "(";
        self.out += head;
        for d in dims {
            self.out.push(' ');
            self.out += &dim(*d);
        }
        for t in terms {
            self.out.push(' ');
            self.term(t, depth)?;
        }
        self.out += ")";
        Some(())
    }

    fn reference(&self, word: &str, d: DataRef) -> String {
        let raised = if d.shift == 0 { String::new() } else { format!("^{}", d.shift) };
        format!("{word}{}{raised}", (self.name)(d.id))
    }

    fn term(&mut self, t: &Term, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.left = self.left.checked_sub(1)?;
        match &**t {
            Node::Var(i) => self.out += &format!("v{i}"),
            Node::Univ(n) => self.out += &format!("(U {n})"),
            Node::Const { id, shift } => self.out += &self.reference("", DataRef { id: *id, shift: *shift }),
            Node::Prim(p) => self.out += &format!("{p:?}"),
            Node::NatLit(n) => self.out += &format!("(nat {n})"),
            Node::IntLit(n) => self.out += &format!("(int {n})"),
            Node::RealLit(q) => self.out += &format!("(real {})", rational(q)),
            Node::Pi(a, b) => self.list("Pi", &[], &[a, b], depth)?,
            Node::Lam(b) => self.list("Lam", &[], &[b], depth)?,
            Node::App(f, a) => self.list("App", &[], &[f, a], depth)?,
            Node::Let(a, v, b) => self.list("Let", &[], &[a, v, b], depth)?,
            Node::Sigma(a, b) => self.list("Sigma", &[], &[a, b], depth)?,
            Node::Pair(a, b) => self.list("Pair", &[], &[a, b], depth)?,
            Node::Fst(p) => self.list("Fst", &[], &[p], depth)?,
            Node::Snd(p) => self.list("Snd", &[], &[p], depth)?,
            Node::Line(a) => self.list("Line", &[], &[a], depth)?,
            Node::Path(a, l, r) => self.list("Path", &[], &[a, l, r], depth)?,
            Node::DLam(b) => self.list("DLam", &[], &[b], depth)?,
            Node::LApp(p, r) => self.list("LApp", &[*r], &[p], depth)?,
            Node::PApp(p, a, b, r) => self.list("PApp", &[*r], &[p, a, b], depth)?,
            Node::Coe(r, s, a, v) => self.list("Coe", &[*r, *s], &[a, v], depth)?,
            Node::HCom(r, s, a, faces, b) => {
                self.out += &format!("(HCom {} {} ", dim(*r), dim(*s));
                self.term(a, depth)?;
                for face in faces {
                    self.face(&face.cof, &[&face.body], depth)?;
                }
                self.out.push(' ');
                self.term(b, depth)?;
                self.out += ")";
            }
            Node::EmptyElim(m, s) => self.list("EmptyElim", &[], &[m, s], depth)?,
            Node::BoolElim(m, a, b, s) => self.list("BoolElim", &[], &[m, a, b, s], depth)?,
            Node::NatElim(m, a, b, s) => self.list("NatElim", &[], &[m, a, b, s], depth)?,
            Node::IntElim(m, a, b, s) => self.list("IntElim", &[], &[m, a, b, s], depth)?,
            Node::Data(d, ps) => {
                let head = self.reference("Data ", *d);
                self.list(&head, &[], &ps.iter().collect::<Vec<_>>(), depth)?;
            }
            Node::Con(d, c, ps, fs, dims) => {
                let head = format!("{} {c}", self.reference("Con ", *d));
                self.list(&head, dims, &ps.iter().chain(fs).collect::<Vec<_>>(), depth)?;
            }
            Node::DataElim(d, ps, m, bs, s) => {
                let head = self.reference("DataElim ", *d);
                let all: Vec<&Term> = ps.iter().chain([m]).chain(bs).chain([s]).collect();
                self.list(&head, &[], &all, depth)?;
            }
            Node::Rule(rule) => self.rule(rule, depth)?,
            Node::Glue(a, faces) => {
                self.out += "(Glue ";
                self.term(a, depth)?;
                self.glue_faces(faces, depth)?;
                self.out += ")";
            }
            Node::GlueEl(a, parts) => {
                self.out += "(GlueEl ";
                self.term(a, depth)?;
                for p in parts {
                    self.face(&p.cof, &[&p.body], depth)?;
                }
                self.out += ")";
            }
            Node::Unglue(a, faces, g) => {
                self.out += "(Unglue ";
                self.term(a, depth)?;
                self.glue_faces(faces, depth)?;
                self.out.push(' ');
                self.term(g, depth)?;
                self.out += ")";
            }
        }
        Some(())
    }

    fn glue_faces(&mut self, faces: &[GlueFace], depth: u32) -> Option<()> {
        for f in faces {
            self.face(&f.cof, &[&f.ty, &f.equiv], depth)?;
        }
        Some(())
    }

    fn face(&mut self, cof: &Cof, terms: &[&Term], depth: u32) -> Option<()> {
        let cof: Vec<String> = cof.iter().map(|(l, r)| format!("{}={}", dim(*l), dim(*r))).collect();
        self.out += " ";
        self.list(&format!("face ({})", cof.join(" ")), &[], terms, depth)
    }

    fn rule(&mut self, rule: &Rule, depth: u32) -> Option<()> {
        let (head, atoms, hypotheses) = match rule {
            Rule::Ring { sort, atoms, left, right } => {
                (format!("ring {sort:?} {} {}", arith(left), arith(right)), atoms, &[][..])
            }
            Rule::Psatz { atoms, hypotheses, products, equalities } => {
                let products: Vec<String> = products
                    .iter()
                    .map(|p| {
                        let squares: Vec<String> = p.squares.iter().map(|q| arith(q)).collect();
                        format!("({} {:?} ({}))", rational(&p.coefficient), p.hypotheses, squares.join(" "))
                    })
                    .collect();
                let equalities: Vec<String> = equalities.iter().map(|(h, q)| format!("({h} {})", arith(q))).collect();
                let head = format!("psatz ({}) ({})", products.join(" "), equalities.join(" "));
                (head, atoms, hypotheses.as_slice())
            }
            Rule::Lia { sort, atoms, hypotheses, steps } => {
                (format!("lia {sort:?} {steps:?}"), atoms, hypotheses.as_slice())
            }
        };
        self.out += "(";
        self.out += &head;
        for (sort, t) in atoms {
            self.out += &format!(" (atom {sort:?} ");
            self.term(t, depth)?;
            self.out += ")";
        }
        for h in hypotheses {
            self.out += &format!(" (hypothesis {:?} {} {} ", h.relation, arith(&h.left), arith(&h.right));
            self.term(&h.proof, depth)?;
            self.out += ")";
        }
        self.out += ")";
        Some(())
    }
}

fn dim(d: Dim) -> String {
    match d {
        Dim::Zero => "0".into(),
        Dim::One => "1".into(),
        Dim::Var(i) => format!("d{i}"),
    }
}

fn rational(q: &Rational) -> String {
    format!("{}/{}", q.num, q.den)
}

fn arith(a: &[Op]) -> String {
    let ops: Vec<String> = a
        .iter()
        .map(|op| match op {
            Op::Atom(sort, n) => format!("{sort:?}{n}"),
            Op::Lit(sort, q) => format!("({sort:?} {})", rational(q)),
            other => format!("{other:?}"),
        })
        .collect();
    format!("({})", ops.join(" "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use bfv_format::{Face, Prim};

    #[test]
    fn prints_every_part() {
        let nat = Term::new(Node::Prim(Prim::Nat));
        let c = Term::new(Node::Const { id: 3, shift: 2 });
        let faces = vec![Face { cof: vec![(Dim::Var(0), Dim::One)], body: Term::new(Node::Var(1)) }];
        let t = Term::new(Node::Pi(nat.clone(), Term::new(Node::HCom(Dim::Zero, Dim::Var(2), nat, faces, c))));
        let text = core_text(&t, &|id| format!("c{id}")).unwrap();
        assert_eq!(text, "(Pi Nat (HCom 0 d2 Nat (face (d0=1) v1) c3^2))");
    }

    #[test]
    fn refuses_what_would_be_too_large() {
        let leaf = Term::new(Node::Prim(Prim::Nat));
        let t = (0..40).fold(leaf, |t, _| Term::new(Node::App(t.clone(), t)));
        assert_eq!(core_text(&t, &|_| String::new()), None);
    }
}
