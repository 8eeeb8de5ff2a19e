//! Statements as a text in SMT-LIB 2, for a solver that knows truth values, equality, functions and sums of whole numbers. What it would
//! not see through, such as the size of a set, is a function of the variables in it. Nobody relies on what the solver makes of it.

use crate::ground::formula::{Formula, Kind, Reader, Says};
use crate::ground::proof::free;
use crate::ground::sorts::applied;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Res, V, Val};
use bfv_search::shift::rename;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

/// The sort of numbers.
const INT: &str = "Int";
/// The sort of truth values.
const BOOL: &str = "Bool";

/// A text and its sort.
type Sorted = (String, String);

/// A text in the making.
pub struct Text<'r, 'g> {
    reader: &'r Reader<'g>,
    /// The names of sorts, by type.
    sorts: HashMap<Term, String>,
    /// The names of functions, by what they stand for and how many arguments they have; and what sort they give.
    functions: HashMap<(Term, usize), Sorted>,
    /// Numbers that are known to be natural.
    natural: BTreeSet<String>,
    declared: String,
    asserted: String,
    /// The atoms that are declared.
    pub atoms: BTreeSet<usize>,
}

impl<'r, 'g> Text<'r, 'g> {
    pub fn new(reader: &'r Reader<'g>) -> Self {
        Text {
            reader,
            sorts: HashMap::new(),
            functions: HashMap::new(),
            natural: BTreeSet::new(),
            declared: "(set-option :produce-unsat-cores true)\n".to_owned(),
            asserted: String::new(),
            atoms: BTreeSet::new(),
        }
    }

    /// The text.
    pub fn finish(self) -> String {
        self.declared + &self.asserted
    }

    /// Asserts something, with a name where it has one.
    pub fn assert(&mut self, text: &str, name: Option<&str>) {
        let _ = match name {
            Some(name) => writeln!(self.asserted, "(assert (! {text} :named {name}))"),
            None => writeln!(self.asserted, "(assert {text})"),
        };
    }

    /// The name of an atom, which is declared.
    pub fn atom(&mut self, n: usize) -> Res<String> {
        let name = format!("b{n}");
        if !self.atoms.insert(n) {
            return Ok(name);
        }
        let _ = writeln!(self.declared, "(declare-const {name} {BOOL})");
        let says = self.reader.atoms.get(n).and_then(|a| match (&a.says, &*a.key) {
            (Says::Bool(_), Node::Path(_, truth, _)) => Some((truth.clone(), None)),
            (Says::Equal { .. }, Node::Path(of, a, b)) => Some((a.clone(), Some((of.clone(), b.clone())))),
            _ => None,
        });
        let text = match says {
            Some((truth, None)) => match applied(&truth) {
                (head, args) if matches!((&**head, &*args), (Node::Prim(Prim::NatLtb), [_, _])) => {
                    let sides = args.iter().map(|t| Ok(self.term(t, INT)?.0)).collect::<Res<Vec<_>>>()?;
                    format!("(< {})", sides.join(" "))
                }
                _ => self.term(&truth, BOOL)?.0,
            },
            Some((a, Some((of, b)))) => {
                let sort = self.sort(&of);
                format!("(= {} {})", self.term(&a, &sort)?.0, self.term(&b, &sort)?.0)
            }
            None => return Ok(name),
        };
        self.assert(&format!("(= {name} {text})"), None);
        Ok(name)
    }

    /// A statement.
    pub fn statement(&mut self, f: &Formula) -> Res<String> {
        Ok(match &f.kind {
            Kind::True(_) => "true".to_owned(),
            Kind::False | Kind::Absurd => "false".to_owned(),
            Kind::Atom(n) => self.atom(*n)?,
            Kind::Not(g) => format!("(not {})", self.statement(g)?),
            Kind::And(a, b) => format!("(and {} {})", self.statement(a)?, self.statement(b)?),
            Kind::Implies(a, b) => format!("(=> {} {})", self.statement(a)?, self.statement(b)?),
            Kind::Same { other, .. } => self.statement(other)?,
        })
    }

    /// The sort of the elements of a type.
    fn sort(&mut self, ty: &Term) -> String {
        match &**ty {
            Node::Prim(Prim::Nat) => INT.to_owned(),
            Node::Prim(Prim::Bool) => BOOL.to_owned(),
            _ => {
                let next = self.sorts.len();
                let (declared, new) = (&mut self.declared, format!("S{next}"));
                let name = self.sorts.entry(ty.clone()).or_insert_with(|| {
                    let _ = writeln!(declared, "(declare-sort {new} 0)");
                    new
                });
                name.clone()
            }
        }
    }

    /// The type of a variable, or of a part of one.
    fn type_of(&self, t: &Term) -> Res<Option<V>> {
        let m = self.reader.m;
        let part = |of: &Term, first: bool| -> Res<Option<V>> {
            let Some(ty) = self.type_of(of)? else { return Ok(None) };
            let (whnf, value) = (m.whnf(&ty)?, self.reader.value(of));
            Ok(match (&*whnf, value) {
                (Val::Sigma(a, _), _) if first => Some(a.clone()),
                (Val::Sigma(_, b), Some(v)) => Some(m.inst(b, m.fst(&v))),
                _ => None,
            })
        };
        match &**t {
            Node::Var(n) => Ok(usize::try_from(*n).ok().and_then(|n| self.reader.ctx.types.get(n)).cloned()),
            Node::Fst(a) => part(a, true),
            Node::Snd(a) => part(a, false),
            _ => Ok(None),
        }
    }

    /// A numbered term, and its sort; `sort` is what it has where that is not seen.
    fn term(&mut self, t: &Term, sort: &str) -> Res<Sorted> {
        let (head, args) = applied(t);
        match (&**head, &*args) {
            (Node::NatLit(n), []) => Ok((n.to_string(), INT.to_owned())),
            (Node::Prim(Prim::NatAdd), [a, b]) => {
                Ok((format!("(+ {} {})", self.term(a, INT)?.0, self.term(b, INT)?.0), INT.to_owned()))
            }
            (Node::Prim(Prim::NatMul), [a, b]) if [a, b].iter().any(|t| matches!(&****t, Node::NatLit(_))) => {
                Ok((format!("(* {} {})", self.term(a, INT)?.0, self.term(b, INT)?.0), INT.to_owned()))
            }
            (Node::Var(_) | Node::Fst(_) | Node::Snd(_), args) => match self.relation(head, args)? {
                Some(found) => Ok(found),
                None => self.skeleton(t, sort),
            },
            _ => self.skeleton(t, sort),
        }
    }

    /// A relation or function of the context or of the state at arguments. None where one of them is a function.
    fn relation(&mut self, head: &Term, args: &[&Term]) -> Res<Option<Sorted>> {
        let m = self.reader.m;
        let Some(mut ty) = self.type_of(head)? else { return Ok(None) };
        let mut texts = Vec::new();
        for t in args {
            let whnf = m.whnf(&ty)?;
            let (Val::Pi(dom, body), Some(x)) = (&*whnf, self.reader.value(t)) else { return Ok(None) };
            if matches!(&*m.whnf(dom)?, Val::Pi(..)) {
                return Ok(None);
            }
            let Some(key) = self.reader.key(dom)? else { return Ok(None) };
            let sort = self.sort(&key);
            texts.push(self.term(t, &sort)?);
            ty = m.inst(body, x);
        }
        if matches!(&*m.whnf(&ty)?, Val::Pi(..) | Val::Sigma(..)) {
            return Ok(None);
        }
        let Some(key) = self.reader.key(&ty)? else { return Ok(None) };
        let sort = self.sort(&key);
        Ok(Some(self.call(head.clone(), &texts, &sort)))
    }

    /// What is not seen through: a function of the variables in it that stand for elements.
    fn skeleton(&mut self, t: &Term, sort: &str) -> Res<Sorted> {
        let mut mentions = BTreeSet::new();
        free(t, &mut mentions);
        let (mut texts, mut places) = (Vec::new(), HashMap::new());
        for n in mentions {
            let variable: Term = std::rc::Rc::new(Node::Var(n));
            if let Some(found) = self.relation(&variable, &[])? {
                places.insert(n, u32::MAX / 2 + u32::try_from(texts.len()).unwrap_or(0));
                texts.push(found);
            }
        }
        let shape = rename(t, 0, 0, &mut |n| Some(places.get(&n).copied().unwrap_or(n)), &mut Some);
        Ok(self.call(shape.unwrap_or_else(|| t.clone()), &texts, sort))
    }

    /// A function, by what it stands for, at arguments.
    fn call(&mut self, of: Term, args: &[Sorted], sort: &str) -> Sorted {
        let next = self.functions.len();
        let declared = &mut self.declared;
        let (name, sort) = self
            .functions
            .entry((of, args.len()))
            .or_insert_with(|| {
                let sorts: Vec<&str> = args.iter().map(|a| a.1.as_str()).collect();
                let _ = writeln!(declared, "(declare-fun f{next} ({}) {sort})", sorts.join(" "));
                (format!("f{next}"), sort.to_owned())
            })
            .clone();
        let texts: Vec<&str> = args.iter().map(|a| a.0.as_str()).collect();
        let text = if texts.is_empty() { name } else { format!("({name} {})", texts.join(" ")) };
        if sort == INT && self.natural.insert(text.clone()) {
            self.assert(&format!("(>= {text} 0)"), None);
        }
        (text, sort)
    }
}
