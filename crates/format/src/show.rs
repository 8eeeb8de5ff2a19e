//! Core terms in plain words: variables `x0`, `x1` by level, dimensions `d0`, `d1`, everything in parentheses.

use crate::term::{Cof, Dim, GlueFace, Node, Rational, Term};
use std::cell::Cell;

fn rational(q: &Rational) -> String {
    if q.den == 1u8.into() { q.num.to_string() } else { format!("{}/{}", q.num, q.den) }
}

/// A statement of more parts than this is not printed whole, and says so.
const PARTS: u32 = 100_000;

/// Prints a term; `names` are the names of declarations by position.
#[must_use]
pub fn show(term: &Term, names: &[String]) -> String {
    let left = Cell::new(PARTS);
    let text = at(term, names, 0, 0, &left);
    if left.get() == 0 { format!("{text}, which is too long and is cut at every (cut)") } else { text }
}

fn at(t: &Term, names: &[String], xs: u32, ds: u32, left: &Cell<u32>) -> String {
    if left.get() == 0 {
        return "(cut)".to_owned();
    }
    left.set(left.get() - 1);
    let go = |t: &Term| at(t, names, xs, ds, left);
    let under = |t: &Term| at(t, names, xs + 1, ds, left);
    let along = |t: &Term| at(t, names, xs, ds + 1, left);
    let dim = |r: &Dim| match r {
        Dim::Zero => "0".to_owned(),
        Dim::One => "1".to_owned(),
        Dim::Var(k) => ds.checked_sub(k + 1).map_or_else(|| format!("d?{k}"), |n| format!("d{n}")),
    };
    let name = |id: u32, shift: u32| {
        let base = usize::try_from(id).ok().and_then(|k| names.get(k)).cloned();
        let base = base.unwrap_or_else(|| format!("declaration{id}"));
        if shift == 0 { base } else { format!("{base}^{shift}") }
    };
    let call = |head: String, args: Vec<String>| {
        if args.is_empty() { head } else { format!("({head} {})", args.join(" ")) }
    };
    let all = |ts: &[Term]| ts.iter().map(go).collect::<Vec<_>>();
    let entry = |cof: &Cof, body: String| {
        let eqs: Vec<String> = cof.iter().map(|(x, y)| format!("{} = {}", dim(x), dim(y))).collect();
        format!("{} : {body}", eqs.join(" and "))
    };
    let glued = |faces: &[GlueFace]| {
        let face = |f: &GlueFace| entry(&f.cof, format!("{}, {}", go(&f.ty), go(&f.equiv)));
        faces.iter().map(face).collect::<Vec<_>>().join("; ")
    };
    match &**t {
        Node::Var(k) => xs.checked_sub(k + 1).map_or_else(|| format!("x?{k}"), |n| format!("x{n}")),
        Node::Univ(n) => format!("(U {n})"),
        Node::Const { id, shift } => name(*id, *shift),
        Node::Prim(p) => format!("{p:?}"),
        Node::NatLit(n) => n.to_string(),
        Node::IntLit(n) => format!("(integer {n})"),
        Node::RealLit(q) => format!("(real {})", rational(q)),
        Node::Pi(a, b) => format!("((x{xs} : {}) -> {})", go(a), under(b)),
        Node::Lam(b) => format!("(fun x{xs} => {})", under(b)),
        Node::App(f, a) => format!("({} {})", go(f), go(a)),
        Node::Let(a, v, b) => format!("(let x{xs} : {} := {} in {})", go(a), go(v), under(b)),
        Node::Sigma(a, b) => format!("((x{xs} : {}) * {})", go(a), under(b)),
        Node::Pair(a, b) => format!("({}, {})", go(a), go(b)),
        Node::Fst(p) => format!("{}.1", go(p)),
        Node::Snd(p) => format!("{}.2", go(p)),
        Node::Line(a) => format!("((d{ds} : I) -> {})", along(a)),
        Node::Path(a, l, r) => format!("(PathP (d{ds}. {}) {} {})", along(a), go(l), go(r)),
        Node::DLam(b) => format!("(path d{ds} => {})", along(b)),
        Node::LApp(p, r) | Node::PApp(p, _, _, r) => format!("({} @ {})", go(p), dim(r)),
        Node::Coe(r, s, a, x) => format!("(coe {} {} (d{ds}. {}) {})", dim(r), dim(s), along(a), go(x)),
        Node::HCom(r, s, a, faces, b) => {
            let sides = faces.iter().map(|f| entry(&f.cof, format!("d{ds}. {}", along(&f.body))));
            format!("(hcom {} {} {} [{}] {})", dim(r), dim(s), go(a), sides.collect::<Vec<_>>().join("; "), go(b))
        }
        Node::Glue(a, faces) => format!("(Glue {} [{}])", go(a), glued(faces)),
        Node::GlueEl(a, parts) => {
            let parts = parts.iter().map(|p| entry(&p.cof, go(&p.body)));
            format!("(glue {} [{}])", go(a), parts.collect::<Vec<_>>().join("; "))
        }
        Node::Unglue(a, faces, g) => format!("(unglue {} [{}] {})", go(a), glued(faces), go(g)),
        Node::EmptyElim(m, x) => format!("(Empty.elim (x{xs}. {}) {})", under(m), go(x)),
        Node::BoolElim(m, a, b, x) => format!("(Bool.elim (x{xs}. {}) {} {} {})", under(m), go(a), go(b), go(x)),
        Node::NatElim(m, a, b, x) => format!("(Nat.elim (x{xs}. {}) {} {} {})", under(m), go(a), go(b), go(x)),
        Node::IntElim(m, a, b, x) => format!("(Int.elim (x{xs}. {}) {} {} {})", under(m), go(a), go(b), go(x)),
        Node::Data(d, ps) => call(name(d.id, d.shift), all(ps)),
        Node::Con(d, c, _, fs, rs) => {
            let at = call(format!("{}.{c}", name(d.id, d.shift)), all(fs));
            rs.iter().fold(at, |t, r| format!("({t} @ {})", dim(r)))
        }
        Node::DataElim(d, _, m, bs, x) => {
            let mut args = vec![format!("(x{xs}. {})", under(m))];
            args.extend(all(bs));
            args.push(go(x));
            call(format!("{}.elim", name(d.id, d.shift)), args)
        }
        Node::Rule(_) => "(rule)".to_owned(),
    }
}
