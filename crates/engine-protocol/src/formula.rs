//! Expressions over cells, each of which holds a small number. Truth is 1.

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// A number.
    Lit(u64),
    /// What a cell holds.
    Cell(usize),
    /// What the cell holds that lies after the first one by multiples of what expressions give, each below a bound.
    At(usize, Vec<(Expr, usize, u64)>),
    /// A sum.
    Add(Vec<Expr>),
    /// A product.
    Mul(Box<(Expr, Expr)>),
    /// A difference, not below 0.
    Sub(Box<(Expr, Expr)>),
    /// Whether one is below the other.
    Less(Box<(Expr, Expr)>),
    /// Whether two are the same.
    Same(Box<(Expr, Expr)>),
    /// Whether all are true.
    All(Vec<Expr>),
    /// Whether one is true.
    Any(Vec<Expr>),
    /// Whether it is false.
    Not(Box<Expr>),
    /// The branch whose number an expression gives; the last one for larger numbers.
    Case(Box<Expr>, Vec<Expr>),
}

impl Expr {
    /// Whether all are true.
    pub fn all(parts: Vec<Expr>) -> Expr {
        let mut out = Vec::new();
        for p in parts {
            match p {
                Expr::Lit(0) => return Expr::Lit(0),
                Expr::Lit(_) => {}
                Expr::All(more) => out.extend(more),
                p => out.push(p),
            }
        }
        match out.len() {
            0 => Expr::Lit(1),
            1 => out.remove(0),
            _ => Expr::All(out),
        }
    }

    /// Whether one is true.
    pub fn any(parts: Vec<Expr>) -> Expr {
        let mut out = Vec::new();
        for p in parts {
            match p {
                Expr::Lit(0) => {}
                Expr::Lit(_) => return Expr::Lit(1),
                Expr::Any(more) => out.extend(more),
                p => out.push(p),
            }
        }
        match out.len() {
            0 => Expr::Lit(0),
            1 => out.remove(0),
            _ => Expr::Any(out),
        }
    }

    /// Whether it is false.
    pub fn not(self) -> Expr {
        match self {
            Expr::Lit(n) => Expr::Lit(u64::from(n == 0)),
            Expr::Not(x) => *x,
            x => Expr::Not(Box::new(x)),
        }
    }

    /// Whether two are the same; for truth values, where one is known, the other or its opposite.
    pub fn same(a: Expr, b: Expr, truth: bool) -> Expr {
        match (a, b) {
            (Expr::Lit(a), Expr::Lit(b)) => Expr::Lit(u64::from(a == b)),
            (Expr::Lit(n), x) | (x, Expr::Lit(n)) if truth => {
                if n == 0 {
                    x.not()
                } else {
                    x
                }
            }
            (a, b) if a == b => Expr::Lit(1),
            (a, b) => Expr::Same(Box::new((a, b))),
        }
    }

    /// A sum.
    pub fn sum(a: Expr, b: Expr) -> Expr {
        let (mut known, mut out) = (0u64, Vec::new());
        for x in [a, b] {
            let parts = if let Expr::Add(parts) = x { parts } else { vec![x] };
            for p in parts {
                if let Expr::Lit(n) = p { known = known.saturating_add(n) } else { out.push(p) }
            }
        }
        if out.is_empty() {
            return Expr::Lit(known);
        }
        if known > 0 {
            out.push(Expr::Lit(known));
        }
        if out.len() == 1 { out.remove(0) } else { Expr::Add(out) }
    }

    /// A product.
    pub fn times(a: Expr, b: Expr) -> Expr {
        match (&a, &b) {
            (Expr::Lit(x), Expr::Lit(y)) => Expr::Lit(x.saturating_mul(*y)),
            (Expr::Lit(1), _) => b,
            (_, Expr::Lit(1)) => a,
            _ => Expr::Mul(Box::new((a, b))),
        }
    }

    /// A difference, not below 0.
    pub fn less_by(a: Expr, b: Expr) -> Expr {
        match (&a, &b) {
            (Expr::Lit(x), Expr::Lit(y)) => Expr::Lit(x.saturating_sub(*y)),
            _ => Expr::Sub(Box::new((a, b))),
        }
    }

    /// Whether one is below the other.
    pub fn less(a: Expr, b: Expr) -> Expr {
        match (&a, &b) {
            (Expr::Lit(x), Expr::Lit(y)) => Expr::Lit(u64::from(x < y)),
            (_, Expr::Lit(0)) => Expr::Lit(0),
            _ => Expr::Less(Box::new((a, b))),
        }
    }

    /// The branch whose number an expression gives.
    pub fn case(of: Expr, branches: Vec<Expr>) -> Expr {
        if let Some(first) = branches.first()
            && branches.iter().all(|b| b == first)
        {
            return first.clone();
        }
        match &of {
            Expr::Lit(n) => {
                let at = usize::try_from(*n).unwrap_or(usize::MAX);
                branches.get(at).or(branches.last()).cloned().unwrap_or(Expr::Lit(0))
            }
            _ => match branches.as_slice() {
                [Expr::Lit(0), Expr::Lit(1)] => of,
                [Expr::Lit(1), Expr::Lit(0)] => of.not(),
                _ => Expr::Case(Box::new(of), branches),
            },
        }
    }

    /// The cell at a place that expressions give.
    pub fn at(first: usize, offsets: Vec<(Expr, usize, u64)>) -> Expr {
        let (mut place, mut open) = (first, Vec::new());
        for (x, stride, size) in offsets {
            match x {
                Expr::Lit(n) => place += usize::try_from(n.min(size.saturating_sub(1))).unwrap_or(0) * stride,
                x => open.push((x, stride, size)),
            }
        }
        if open.is_empty() { Expr::Cell(place) } else { Expr::At(place, open) }
    }

    /// The value, where cells hold these numbers.
    pub fn value(&self, cells: &[u8]) -> u64 {
        let cell = |n: usize| cells.get(n).copied().map_or(0, u64::from);
        match self {
            Expr::Lit(n) => *n,
            Expr::Cell(n) => cell(*n),
            Expr::At(first, offsets) => {
                let mut place = *first;
                for (x, stride, size) in offsets {
                    let n = x.value(cells).min(size.saturating_sub(1));
                    place += usize::try_from(n).unwrap_or(0) * stride;
                }
                cell(place)
            }
            Expr::Add(parts) => parts.iter().fold(0, |sum: u64, p| sum.saturating_add(p.value(cells))),
            Expr::Mul(x) => x.0.value(cells).saturating_mul(x.1.value(cells)),
            Expr::Sub(x) => x.0.value(cells).saturating_sub(x.1.value(cells)),
            Expr::Less(x) => u64::from(x.0.value(cells) < x.1.value(cells)),
            Expr::Same(x) => u64::from(x.0.value(cells) == x.1.value(cells)),
            Expr::All(parts) => u64::from(parts.iter().all(|p| p.value(cells) != 0)),
            Expr::Any(parts) => u64::from(parts.iter().any(|p| p.value(cells) != 0)),
            Expr::Not(x) => u64::from(x.value(cells) == 0),
            Expr::Case(of, branches) => {
                let at = usize::try_from(of.value(cells)).unwrap_or(usize::MAX);
                branches.get(at).or(branches.last()).map_or(0, |b| b.value(cells))
            }
        }
    }
}
