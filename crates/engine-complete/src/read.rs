//! Types of the kernel as sorts, and equations of the kernel as equations between first-order terms. What is not understood is a constant,
//! as long as no variable of an equation occurs in it.

use crate::term::{Sort, Sym, Tm, app, var, variables};
use bfv_format::{Node, Term};
use bfv_kernel::{Clo, Ctx, Ivl, Machine, Res, V, Val};
use bfv_search::shift::rename;
use std::rc::Rc;

/// What a symbol is to the kernel: a head, and for each argument what it is where it is fixed. In the scope of the goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    pub head: Term,
    pub fixed: Vec<Option<Term>>,
}

/// What is done to a hypothesis to get an equation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is applied to a variable of the equation.
    Variable(u32),
    /// It is applied to something that is known.
    Known(Term),
    First,
    Second,
    /// What it says of two functions is taken where the path has got to; then it is applied further.
    Along(Term, Term),
}

/// An equation that was given, and what proves it: a variable of the context by its index, with its uses.
#[derive(PartialEq)]
pub struct Given {
    pub left: Tm,
    pub right: Tm,
    pub sorts: Vec<Sort>,
    pub proof: Term,
    pub uses: Vec<Use>,
}

/// What was read: types as sorts, and symbols.
#[derive(Default, PartialEq)]
pub struct Symbols {
    /// The sorts, in the scope of the goal.
    pub sorts: Vec<Term>,
    pub symbols: Vec<Symbol>,
    /// The sort of each symbol at arguments, and how many arguments there are.
    pub results: Vec<Sort>,
    pub arities: Vec<usize>,
}

impl From<Reader<'_>> for Symbols {
    fn from(reader: Reader<'_>) -> Symbols {
        reader.known
    }
}

/// Reads in the context of a goal.
pub struct Reader<'a> {
    m: &'a Machine<'a>,
    /// The context of the goal.
    root: &'a Ctx,
    /// Whether definitions are unfolded.
    unfold: bool,
    /// The sorts as types.
    types: Vec<V>,
    known: Symbols,
    /// Whether something that is given may say more than what was read.
    pub left_aside: bool,
}

/// A part of a hypothesis that has been opened.
struct Opened {
    ctx: Ctx,
    ty: V,
    uses: Vec<Use>,
    /// The sorts of the variables so far.
    sorts: Vec<Sort>,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub fn new(m: &'a Machine<'a>, root: &'a Ctx, unfold: bool) -> Self {
        Reader { m, root, unfold, types: Vec::new(), known: Symbols::default(), left_aside: false }
    }

    /// A value as a term.
    pub fn quote(&self, ctx: &Ctx, v: &V) -> Res<Term> {
        if self.unfold { self.m.normal(ctx, v) } else { self.m.quote(ctx, v) }
    }

    /// How many variables a context has beside those of the goal.
    fn extra(&self, ctx: &Ctx) -> Option<u32> {
        u32::try_from(ctx.types.len().checked_sub(self.root.types.len())?).ok()
    }

    /// A term in the scope of the goal; none where a variable of an equation occurs in it.
    fn outside(&self, ctx: &Ctx, t: &Term) -> Option<Term> {
        let extra = self.extra(ctx)?;
        rename(t, 0, 0, &mut |n| n.checked_sub(extra), &mut |_| None)
    }

    /// The sort of a type; none where it depends on a variable of an equation.
    pub fn sort(&mut self, ctx: &Ctx, ty: &V) -> Res<Option<Sort>> {
        let quoted = self.m.quote(ctx, ty)?;
        let Some(t) = self.outside(ctx, &quoted) else { return Ok(None) };
        if let Some(n) = self.known.sorts.iter().position(|s| *s == t) {
            return Ok(Some(n));
        }
        for (n, known) in self.types.iter().enumerate() {
            if self.m.conv_type(ctx, known, ty)? {
                return Ok(Some(n));
            }
        }
        self.types.push(self.m.eval(&self.root.env, &t));
        self.known.sorts.push(t);
        Ok(Some(self.known.sorts.len() - 1))
    }

    /// Whether the type of what follows depends on an argument.
    fn depends(&self, ctx: &Ctx, dom: &V, cod: &Clo) -> Res<bool> {
        if matches!(cod, Clo::Const(_)) {
            return Ok(false);
        }
        let (inner, x) = self.m.bind(ctx, dom.clone());
        let t = self.m.quote(&inner, &self.m.inst(cod, x))?;
        Ok(rename(&t, 0, 0, &mut |n| n.checked_sub(1), &mut Some).is_none())
    }

    fn symbol(&mut self, symbol: Symbol, result: Sort, arity: usize) -> Sym {
        if let Some(n) = self.known.symbols.iter().position(|s| *s == symbol) {
            return n;
        }
        self.known.symbols.push(symbol);
        self.known.results.push(result);
        self.known.arities.push(arity);
        self.known.symbols.len() - 1
    }

    /// A term of a type as the kernel reads values back. None where it is no first-order term in the variables of an equation.
    pub fn term(&mut self, ctx: &Ctx, t: &Term, ty: &V) -> Res<Option<Tm>> {
        let Some(sort) = self.sort(ctx, ty)? else { return Ok(None) };
        if let Some(read) = self.spine(ctx, t, sort)? {
            return Ok(Some(read));
        }
        Ok(self.outside(ctx, t).map(|t| app(self.symbol(Symbol { head: t, fixed: Vec::new() }, sort, 0), Vec::new())))
    }

    fn spine(&mut self, ctx: &Ctx, t: &Term, sort: Sort) -> Res<Option<Tm>> {
        let (mut head, mut args) = (t, Vec::new());
        while let Node::App(f, a) = &**head {
            args.push(a);
            head = f;
        }
        args.reverse();
        if let (Node::Var(n), Some(extra)) = (&**head, self.extra(ctx))
            && *n < extra
        {
            // Numbered from the outermost one.
            return Ok(args.is_empty().then(|| var(extra - 1 - n, sort)));
        }
        let Some(root) = self.outside(ctx, head).filter(|_| !args.is_empty()) else { return Ok(None) };
        if matches!(&**head, Node::Lam(_) | Node::DLam(_) | Node::Pair(..) | Node::GlueEl(..)) {
            return Ok(None);
        }
        let mut ty = self.m.infer(ctx, head)?;
        let (mut fixed, mut children) = (Vec::new(), Vec::new());
        for a in args {
            let w = self.m.whnf(&ty)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(None) };
            let kind = self.m.whnf(dom)?;
            let element = !matches!(&*kind, Val::Univ(_) | Val::Pi(..)) && !self.depends(ctx, dom, cod)?;
            let child = if element { self.term(ctx, a, dom)? } else { None };
            match child {
                Some(child) => {
                    children.push(child);
                    fixed.push(None);
                }
                None => match self.outside(ctx, a) {
                    Some(a) => fixed.push(Some(a)),
                    None => return Ok(None),
                },
            }
            ty = self.m.inst(cod, self.m.eval(&ctx.env, a));
        }
        let arity = children.len();
        Ok(Some(app(self.symbol(Symbol { head: root, fixed }, sort, arity), children)))
    }

    /// The equations that a hypothesis says; what is no equation is left aside.
    pub fn equations(&mut self, proof: &Term, ty: &V, out: &mut Vec<Given>) -> Res<()> {
        let mut open = vec![Opened { ctx: self.root.clone(), ty: ty.clone(), uses: Vec::new(), sorts: Vec::new() }];
        while let Some(part) = open.pop() {
            let w = self.m.whnf(&part.ty)?;
            match &*w {
                Val::Pi(dom, cod) => {
                    let Some(sort) = self.sort(&part.ctx, dom)? else {
                        self.left_aside = true;
                        continue;
                    };
                    let (ctx, x) = self.m.bind(&part.ctx, dom.clone());
                    let n = u32::try_from(part.sorts.len()).unwrap_or(u32::MAX);
                    let (mut uses, mut sorts) = (part.uses, part.sorts);
                    uses.push(Use::Variable(n));
                    sorts.push(sort);
                    open.push(Opened { ctx, ty: self.m.inst(cod, x), uses, sorts });
                }
                Val::Sigma(a, b) => {
                    let with = |u: Use| part.uses.iter().cloned().chain([u]).collect::<Vec<_>>();
                    // What the second part says depends on the first one, which is what the hypothesis says so far.
                    let whole = self.used(&part.ctx, proof, &part.uses);
                    let first = self.m.fst(&self.m.eval(&part.ctx.env, &whole));
                    let (ctx, sorts) = (part.ctx.clone(), part.sorts.clone());
                    open.push(Opened { ctx, ty: self.m.inst(b, first), uses: with(Use::Second), sorts });
                    let (ctx, sorts) = (part.ctx.clone(), part.sorts.clone());
                    open.push(Opened { ctx, ty: a.clone(), uses: with(Use::First), sorts });
                }
                Val::Path(line, a, b) => {
                    let ty = self.m.dinst(line, Ivl::Zero);
                    if self.m.conv_type(&part.ctx, &ty, &self.m.dinst(line, Ivl::One))?
                        && let Some(given) = self.equation(part, proof, (ty, a, b))?
                    {
                        out.push(given);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What proves a part of a hypothesis, in the scope of that part.
    fn used(&self, ctx: &Ctx, proof: &Term, uses: &[Use]) -> Term {
        let extra = self.extra(ctx).unwrap_or(0);
        let lift = |t: &Term| rename(t, 0, 0, &mut |n| n.checked_add(extra), &mut Some);
        uses.iter().fold(lift(proof).unwrap_or_else(|| proof.clone()), |t, u| {
            Rc::new(match u {
                Use::Variable(n) => Node::App(t, Rc::new(Node::Var(extra.saturating_sub(n + 1)))),
                Use::Known(a) => Node::App(t, lift(a).unwrap_or_else(|| a.clone())),
                Use::First => Node::Fst(t),
                Use::Second => Node::Snd(t),
                Use::Along(..) => return t,
            })
        })
    }

    /// One equation, of functions at every argument.
    fn equation(&mut self, part: Opened, proof: &Term, (mut ty, a, b): (V, &V, &V)) -> Res<Option<Given>> {
        let Opened { mut ctx, mut uses, mut sorts, .. } = part;
        let (mut a, mut b) = (a.clone(), b.clone());
        if let Val::Pi(..) = &*self.m.whnf(&ty)? {
            let (f, g) = (self.quote(&ctx, &a)?, self.quote(&ctx, &b)?);
            let (Some(f), Some(g)) = (self.outside(&ctx, &f), self.outside(&ctx, &g)) else {
                self.left_aside = true;
                return Ok(None);
            };
            uses.push(Use::Along(f, g));
            while let Val::Pi(dom, cod) = &*self.m.whnf(&ty)? {
                let Some(sort) = self.sort(&ctx, dom)? else { return Ok(None) };
                let (inner, x) = self.m.bind(&ctx, dom.clone());
                (a, b) = (self.m.apply(&a, x.clone()), self.m.apply(&b, x.clone()));
                ty = self.m.inst(cod, x);
                ctx = inner;
                uses.push(Use::Variable(u32::try_from(sorts.len()).unwrap_or(u32::MAX)));
                sorts.push(sort);
            }
        }
        let (l, r) = (self.quote(&ctx, &a)?, self.quote(&ctx, &b)?);
        let (Some(left), Some(right)) = (self.term(&ctx, &l, &ty)?, self.term(&ctx, &r, &ty)?) else {
            self.left_aside = true;
            return Ok(None);
        };
        if left == right {
            return Ok(None);
        }
        self.witnessed(Given { left, right, sorts, proof: proof.clone(), uses })
    }

    /// An equation without the variables that occur on neither side: these need something of their type, which the context may have.
    fn witnessed(&mut self, given: Given) -> Res<Option<Given>> {
        let Given { left, right, sorts, proof, mut uses } = given;
        let mut seen = Vec::new();
        variables(&left, &mut seen);
        variables(&right, &mut seen);
        let mut numbers = Vec::new();
        let mut kept = Vec::new();
        for (n, sort) in (0u32..).zip(&sorts) {
            if seen.iter().any(|(m, _)| *m == n) {
                numbers.push(Some(u32::try_from(kept.len()).unwrap_or(u32::MAX)));
                kept.push(*sort);
                continue;
            }
            numbers.push(None);
            let Some(ty) = self.types.get(*sort).cloned() else { return Ok(None) };
            let mut found = None;
            for (level, known) in self.root.types.iter().enumerate() {
                if self.m.conv_type(self.root, known, &ty)? {
                    found = u32::try_from(self.root.types.len() - 1 - level).ok();
                    break;
                }
            }
            let Some(index) = found else {
                self.left_aside = true;
                return Ok(None);
            };
            for u in &mut uses {
                if matches!(u, Use::Variable(m) if *m == n) {
                    *u = Use::Known(Rc::new(Node::Var(index)));
                }
            }
        }
        let renumbered = |n: u32| usize::try_from(n).ok().and_then(|n| numbers.get(n).copied().flatten());
        for u in &mut uses {
            if let Use::Variable(n) = u {
                let Some(to) = renumbered(*n) else { return Ok(None) };
                *n = to;
            }
        }
        let to = seen.iter().filter_map(|(n, sort)| Some((*n, var(renumbered(*n)?, *sort)))).collect();
        let at = |t| crate::term::subst(t, &to);
        Ok(Some(Given { left: at(&left), right: at(&right), sorts: kept, proof, uses }))
    }
}
