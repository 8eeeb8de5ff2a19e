//! Cubes with a given boundary, from the cells at hand: a cell whose sides are those of the cube, or one box whose base and walls are such
//! cells, found as a problem of constraints in which the wall with the fewest choices comes first. A few walls may be cubes to be filled in
//! the same way, and how many is tried in growing order. After Dore, Cavallo and Mortberg, Automating boundary filling in cubical Agda (2024),
//! for a Cartesian interval: a cell is used at 0, at 1 and at dimensions only, and what they get from connections takes a box here.

use crate::EVALUATIONS;
use crate::prove::Prover;
use crate::terms::{lower, visit};
use bfv_format::{Dim, Face, Node, Term};
use bfv_kernel::{Ctx, DClo, DimSub, Head, Ivl, Machine, Name, Neutral, Res, V, VFace, Val};
use std::rc::Rc;

/// From, to, type, faces, base.
type Composition = (Ivl, Ivl, V, Rc<Vec<VFace>>, V);

/// Cells of one kind that are looked at, at most.
const CELLS: usize = 160;

/// Functions inside of each other in a cell, at most.
const NEST: u32 = 2;

/// Dimensions of a goal, at most.
const MOST: usize = 3;

/// Paths whose connections are cells, at most.
const PATHS: usize = 6;

/// Whether connections are cells, how many boxes are inside of each other, and how many of their walls are boxes: what is tried, in order.
const ROUNDS: [(bool, u32, u32); 6] =
    [(false, 1, 0), (true, 1, 0), (false, 2, 1), (true, 2, 1), (true, 2, 2), (true, 2, 4)];

/// A side of a cube: where the dimension is at this end, the cube is this.
#[derive(Clone)]
struct Side {
    dim: Name,
    end: Ivl,
    value: V,
}

/// Dimensions, and what is given of the boundary.
struct Cube {
    dims: Vec<Name>,
    sides: Vec<Side>,
}

/// A cell with what it is at the ends of its dimensions.
#[derive(Clone)]
struct Cell {
    value: V,
    edges: Vec<((Name, bool), Term)>,
}

impl Cell {
    fn edge(&self, dim: Name, end: Ivl) -> Option<&Term> {
        self.edges.iter().find(|(at, _)| *at == (dim, end == Ivl::One)).map(|(_, t)| t)
    }
}

/// What may become the base or a wall of a box: the side it stands at, or none for the base, and the cells that fit so far.
struct Place<'c> {
    side: Option<&'c Side>,
    cells: Vec<Cell>,
}

/// What stands at a place.
#[derive(Clone)]
enum Choice {
    Cell(Cell),
    /// To be filled once all the others are known.
    Open,
}

/// A search for the interior of one cube.
pub struct Filler<'p, 'a, 'm> {
    prover: &'p mut Prover<'a, 'm>,
    /// The type of the points, which is the same everywhere in the cube.
    ty: V,
    /// Paths with a name, and their types.
    named: Vec<(V, V)>,
    /// Whether connections of paths are cells, too.
    rich: bool,
    /// Steps of the evaluator that are paid for.
    paid: u64,
}

/// Fills the cube that a type of paths asks for; none where it is no cube in one type.
pub fn cube(prover: &mut Prover<'_, '_>, ctx: &Ctx, target: &V, rounds: std::ops::Range<usize>) -> Res<Option<Term>> {
    let m = prover.m;
    let (mut inner, mut ty, mut levels) = (ctx.clone(), target.clone(), Vec::new());
    while let Val::Path(line, a, b) = &*m.whnf(&ty)? {
        let (below, i) = m.bind_dim(&inner);
        ty = m.dinst(line, Ivl::Name(i));
        levels.push((line.clone(), a.clone(), b.clone(), i));
        inner = below;
    }
    let count = u32::try_from(levels.len()).unwrap_or(u32::MAX);
    if levels.is_empty() || levels.len() > MOST || matches!(&*m.whnf(&ty)?, Val::Univ(_) | Val::Pi(..) | Val::Sigma(..))
    {
        return Ok(None);
    }
    let Some(outer) = lower(&m.quote(&inner, &ty)?, 0, count) else { return Ok(None) };
    let ty = m.eval(&ctx.env, &outer);
    let Some(sides) = boundary(m, &levels)? else { return Ok(None) };
    let named = named(m, ctx, target)?;
    let dims = levels.iter().map(|(.., i)| *i).collect();
    let cube = Cube { dims, sides };
    let mut filler = Filler { paid: m.steps(), rich: false, prover, ty, named };
    for (rich, depth, open) in ROUNDS.iter().enumerate().filter(|(n, _)| rounds.contains(n)).map(|(_, r)| r) {
        filler.rich = *rich;
        if let Some(body) = filler.fill(&inner, &cube, *depth, *open)? {
            return Ok(Some((0..count).fold(body, |t, _| Rc::new(Node::DLam(t)))));
        }
        if filler.prover.stop.is_some() {
            break;
        }
    }
    Ok(None)
}

/// The levels of a type of paths: line, ends, and the name of the dimension.
type Level = (DClo, V, V, Name);

/// The value on each side, over the dimensions of all others.
fn boundary(m: &Machine<'_>, levels: &[Level]) -> Res<Option<Vec<Side>>> {
    let mut sides = Vec::new();
    for (n, (line, a, b, dim)) in levels.iter().enumerate() {
        for (end, mut value) in [(Ivl::Zero, a.clone()), (Ivl::One, b.clone())] {
            let mut ty = m.dinst(line, end);
            for (.., i) in levels.iter().skip(n.saturating_add(1)) {
                let w = m.whnf(&ty)?;
                let Val::Path(line, l, r) = &*w else { return Ok(None) };
                value = m.papp(&value, l, r, Ivl::Name(*i));
                ty = m.dinst(line, Ivl::Name(*i));
            }
            sides.push(Side { dim: *dim, end, value });
        }
    }
    Ok(Some(sides))
}

/// The paths with a name in a goal.
fn named(m: &Machine<'_>, ctx: &Ctx, target: &V) -> Res<Vec<(V, V)>> {
    let goal = m.quote(ctx, target)?;
    let mut names: Vec<Term> = Vec::new();
    visit(&goal, 0, 0, &mut |t, _, _| {
        if matches!(&**t, Node::Const { .. }) && !names.contains(t) {
            names.push(t.clone());
        }
    });
    let mut out = Vec::new();
    for t in names {
        let ty = m.infer(ctx, &t)?;
        if matches!(&*m.whnf(&ty)?, Val::Path(..)) {
            out.push((m.eval(&ctx.env, &t), ty));
        }
    }
    Ok(out)
}

fn at(m: &Machine<'_>, v: &V, dim: Name, end: Ivl) -> V {
    m.act(v, &DimSub::new([(dim, end)]))
}

/// A composition that is stuck, which every point on its way is a cell for.
fn composite(m: &Machine<'_>, v: &V) -> Res<Option<Rc<Composition>>> {
    Ok(match &*m.whnf(v)? {
        Val::Neutral(Neutral { head: Head::HCom(c), spine, .. }) if spine.is_empty() => Some(c.clone()),
        _ => None,
    })
}

impl Filler<'_, '_, '_> {
    /// Pays for what the evaluator did, and says whether there is more to spend.
    fn pay(&mut self) -> bool {
        let now = self.prover.m.steps();
        let steps = now.saturating_sub(self.paid) / EVALUATIONS;
        self.paid = now;
        if let Err(reason) = self.prover.budget.spend(steps.saturating_add(1)) {
            self.prover.stop = Some(reason);
        }
        self.prover.stop.is_none()
    }

    fn cell(&self, ctx: &Ctx, value: V, dims: &[Name]) -> Res<Cell> {
        let m = self.prover.m;
        let mut edges = Vec::new();
        for dim in dims {
            for end in [Ivl::Zero, Ivl::One] {
                edges.push(((*dim, end == Ivl::One), m.normal(ctx, &at(m, &value, *dim, end))?));
            }
        }
        Ok(Cell { value, edges })
    }

    /// The elements of a type that can be made from what is given at some dimensions.
    fn elements(&mut self, ctx: &Ctx, want: &V, dims: &[Name], nest: u32) -> Res<Vec<V>> {
        let m = self.prover.m;
        let mut open: Vec<(V, V, bool)> = Vec::new();
        for (n, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            open.push((m.eval(&ctx.env, &(Rc::new(Node::Var(n)) as Term)), ty.clone(), true));
        }
        open.extend(self.named.iter().map(|(v, ty)| (v.clone(), ty.clone(), true)));
        open.reverse();
        let mut out = Vec::new();
        while let Some((v, ty, first)) = open.pop() {
            if out.len() >= CELLS || !self.pay() {
                break;
            }
            let w = m.whnf(&ty)?;
            match &*w {
                Val::Pi(dom, cod) if nest > 0 || !first => {
                    if matches!(&*m.whnf(dom)?, Val::Univ(_) | Val::Pi(..)) {
                        continue;
                    }
                    for x in self.elements(ctx, dom, dims, nest.saturating_sub(1))? {
                        open.push((m.apply(&v, x.clone()), m.inst(cod, x), false));
                    }
                }
                Val::Path(line, a, b) => {
                    for r in dims.iter().map(|i| Ivl::Name(*i)).chain([Ivl::One, Ivl::Zero]) {
                        open.push((m.papp(&v, a, b, r), m.dinst(line, r), first));
                    }
                }
                Val::Sigma(a, b) => {
                    open.push((m.snd(&v), m.inst(b, m.fst(&v)), first));
                    open.push((m.fst(&v), a.clone(), first));
                }
                Val::Pi(..) | Val::Univ(_) => {}
                _ if m.conv_type(ctx, &ty, want)? => out.push(v),
                _ => {}
            }
        }
        if nest > 0 {
            self.constructed(ctx, want, dims, nest, &mut out)?;
        }
        Ok(out)
    }

    /// Path constructors at elements that are at hand.
    fn constructed(&mut self, ctx: &Ctx, want: &V, dims: &[Name], nest: u32, out: &mut Vec<V>) -> Res<()> {
        let m = self.prover.m;
        let Val::Data(d, ps) = &*m.whnf(want)? else { return Ok(()) };
        let Some(decl) = m.globals().data(d.id) else { return Ok(()) };
        let params = ps.iter().map(|p| m.quote(ctx, p)).collect::<Res<Vec<_>>>()?;
        let places: Vec<Dim> = dims.iter().filter_map(|i| index(ctx, *i)).map(Dim::Var).collect();
        for (n, c) in (0u32..).zip(&decl.constructors) {
            let mut given: Vec<Vec<V>> = vec![Vec::new()];
            for _ in &c.fields {
                let mut longer = Vec::new();
                for fields in given {
                    let ty = m.field_type(*d, n, ps, &fields)?;
                    for x in self.elements(ctx, &ty, dims, nest.saturating_sub(1))? {
                        longer.push(fields.iter().cloned().chain([x]).collect::<Vec<_>>());
                    }
                }
                longer.truncate(CELLS);
                given = longer;
            }
            let mut ways: Vec<Vec<Dim>> = vec![Vec::new()];
            for _ in 0..c.dims {
                ways = ways
                    .iter()
                    .flat_map(|w| places.iter().map(move |r| w.iter().copied().chain([*r]).collect::<Vec<_>>()))
                    .take(CELLS)
                    .collect();
            }
            for fields in given {
                let fields = fields.iter().map(|x| m.quote(ctx, x)).collect::<Res<Vec<_>>>()?;
                for way in &ways {
                    let cell = Node::Con(*d, n, params.clone(), fields.clone(), way.clone());
                    out.push(m.eval(&ctx.env, &(Rc::new(cell) as Term)));
                }
            }
        }
        out.truncate(CELLS.saturating_mul(2));
        Ok(())
    }

    /// Squares that a path gives rise to, at two dimensions: both connections, and what the box of its inverse passes through.
    fn squares(&self, path: &V, along: Name, (i, j): (Ivl, Ivl)) -> Vec<V> {
        let m = self.prover.m;
        let p = |r: Ivl| m.act(path, &DimSub::new([(along, r)]));
        let k = m.fresh_dim();
        let side = |at: Ivl, end: Ivl, value: V| VFace { cof: Rc::new([(at, end)]), side: DClo::Abs(k, value) };
        let (left, right, moving) = (p(Ivl::Zero), p(Ivl::One), p(Ivl::Name(k)));
        let hcom = |r, s, faces: Vec<VFace>, base: &V| m.compose(r, s, &self.ty, &Rc::new(faces), base);
        // What is still to go from a point of the path, and what lies behind it.
        let n = Ivl::Name(m.fresh_dim());
        let rest = |x: Ivl, y: Ivl| {
            let faces = vec![side(x, Ivl::Zero, moving.clone()), side(x, Ivl::One, right.clone())];
            hcom(Ivl::One, y, faces, &right)
        };
        let so_far = |x: Ivl, y: Ivl| {
            let faces = vec![side(x, Ivl::One, moving.clone()), side(x, Ivl::Zero, left.clone())];
            hcom(Ivl::Zero, y, faces, &left)
        };
        let Ivl::Name(over) = n else { return Vec::new() };
        let wall = |at: Ivl, end: Ivl, value: V| VFace { cof: Rc::new([(at, end)]), side: DClo::Abs(over, value) };
        let join = vec![
            wall(i, Ivl::Zero, rest(n, j)),
            wall(j, Ivl::Zero, rest(n, i)),
            wall(i, Ivl::One, right.clone()),
            wall(j, Ivl::One, right.clone()),
        ];
        let meet = vec![
            wall(i, Ivl::One, so_far(n, j)),
            wall(j, Ivl::One, so_far(n, i)),
            wall(i, Ivl::Zero, left.clone()),
            wall(j, Ivl::Zero, left.clone()),
        ];
        let back = |x: Ivl, y: Ivl| {
            let faces = vec![side(x, Ivl::Zero, moving.clone()), side(x, Ivl::One, left.clone())];
            hcom(Ivl::Zero, y, faces, &left)
        };
        vec![hcom(Ivl::One, Ivl::Zero, join, &right), hcom(Ivl::Zero, Ivl::One, meet, &left), back(i, j), back(j, i)]
    }

    /// The squares of all paths at hand, at every two of the dimensions.
    fn connections(&mut self, ctx: &Ctx, dims: &[Name]) -> Res<Vec<V>> {
        let m = self.prover.m;
        let (inner, k) = m.bind_dim(ctx);
        let ty = self.ty.clone();
        let mut paths: Vec<V> = Vec::new();
        let mut seen: Vec<Term> = Vec::new();
        for v in self.elements(&inner, &ty, &[k], 1)? {
            let t = m.normal(&inner, &v)?;
            if lower(&t, 0, 1).is_none() && !seen.contains(&t) && paths.len() < PATHS {
                seen.push(t);
                paths.push(v);
            }
        }
        let mut out = Vec::new();
        for path in &paths {
            for (n, i) in dims.iter().enumerate() {
                for j in dims.iter().skip(n.saturating_add(1)) {
                    out.extend(self.squares(path, k, (Ivl::Name(*i), Ivl::Name(*j))));
                }
            }
        }
        Ok(out)
    }

    /// Cells over some dimensions, each once.
    fn cells(&mut self, ctx: &Ctx, dims: &[Name], mut more: Vec<V>) -> Res<Vec<Cell>> {
        let ty = self.ty.clone();
        let all = self.elements(ctx, &ty, dims, NEST)?;
        if self.rich {
            more.extend(self.connections(ctx, dims)?);
        }
        let (mut seen, mut out): (Vec<Term>, Vec<Cell>) = (Vec::new(), Vec::new());
        for v in more.into_iter().chain(all) {
            if !self.pay() {
                break;
            }
            let t = self.prover.m.normal(ctx, &v)?;
            if !seen.contains(&t) {
                seen.push(t);
                out.push(self.cell(ctx, v, dims)?);
            }
        }
        Ok(out)
    }

    /// The interior of a cube, in a context in which its dimensions are bound.
    fn fill(&mut self, ctx: &Ctx, cube: &Cube, depth: u32, open: u32) -> Res<Option<Term>> {
        let m = self.prover.m;
        // Terms are compared below the dimension of the box, so that they are all in one scope.
        let (inner, j) = m.bind_dim(ctx);
        let asked = cube.sides.iter().map(|s| m.normal(&inner, &s.value)).collect::<Res<Vec<_>>>()?;
        let lids: Vec<V> = cube.sides.iter().map(|s| s.value.clone()).collect();
        let mut ways: Vec<Rc<Composition>> = Vec::new();
        for v in &lids {
            ways.extend(composite(m, v)?);
        }
        let bases: Vec<V> = lids.iter().cloned().chain(ways.iter().map(|c| c.4.clone())).collect();
        let cells = self.cells(&inner, &cube.dims, bases)?;
        let fits = |c: &Cell| cube.sides.iter().zip(&asked).all(|(s, t)| c.edge(s.dim, s.end) == Some(t));
        if let Some(cell) = cells.iter().find(|c| fits(c)) {
            return Ok(Some(m.quote(ctx, &cell.value)?));
        }
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        for cell in &cells {
            for side in &cube.sides {
                ways.extend(composite(m, &at(m, &cell.value, side.dim, side.end))?);
            }
            if !self.pay() {
                return Ok(None);
            }
        }
        for (from, to) in [(Ivl::Zero, Ivl::One), (Ivl::One, Ivl::Zero)] {
            let mut places = vec![Place { side: None, cells: cells.clone() }];
            for (side, asked) in cube.sides.iter().zip(&asked) {
                let dims: Vec<Name> = cube.dims.iter().copied().filter(|i| *i != side.dim).chain([j]).collect();
                let way =
                    |c: &Rc<Composition>| at(m, &m.compose(c.0, Ivl::Name(j), &c.2, &c.3, &c.4), side.dim, side.end);
                let more = [side.value.clone()].into_iter().chain(ways.iter().map(way)).collect();
                let mut found = self.cells(&inner, &dims, more)?;
                found.retain(|c| c.edge(j, to) == Some(asked));
                places.push(Place { side: Some(side), cells: found });
            }
            let mut problem = Problem { places: &places, j, from };
            if let Some(t) = self.place(&inner, cube, &mut problem, &mut vec![None; places.len()], (depth, open), to)? {
                return Ok(Some(t));
            }
            if self.prover.stop.is_some() {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Chooses for the place with the fewest choices, and goes on with the rest.
    fn place(
        &mut self,
        inner: &Ctx,
        cube: &Cube,
        problem: &mut Problem<'_, '_>,
        chosen: &mut Vec<Option<Choice>>,
        (depth, open): (u32, u32),
        to: Ivl,
    ) -> Res<Option<Term>> {
        if !self.pay() {
            return Ok(None);
        }
        let free = (0..chosen.len()).filter(|n| matches!(chosen.get(*n), Some(None)));
        let next = free.map(|n| (problem.fitting(n, chosen), n)).min_by_key(|(cells, _)| cells.len());
        let Some((cells, n)) = next else { return self.boxed(inner, cube, problem, chosen, depth, to) };
        let mut put = |this: &mut Self, choice: Choice, open: u32| {
            if let Some(place) = chosen.get_mut(n) {
                *place = Some(choice);
            }
            let found = this.place(inner, cube, problem, chosen, (depth, open), to);
            if let Some(place) = chosen.get_mut(n) {
                *place = None;
            }
            found
        };
        for cell in cells {
            if let Some(t) = put(self, Choice::Cell(cell), open)? {
                return Ok(Some(t));
            }
            if self.prover.stop.is_some() {
                return Ok(None);
            }
        }
        match open.checked_sub(1) {
            Some(open) if depth > 0 => put(self, Choice::Open, open),
            _ => Ok(None),
        }
    }

    /// The box, once what is still open in it is filled.
    fn boxed(
        &mut self,
        inner: &Ctx,
        cube: &Cube,
        problem: &Problem<'_, '_>,
        chosen: &[Option<Choice>],
        depth: u32,
        to: Ivl,
    ) -> Res<Option<Term>> {
        let m = self.prover.m;
        let (j, from) = (problem.j, problem.from);
        let mut values: Vec<Option<V>> = chosen
            .iter()
            .map(|c| match c {
                Some(Choice::Cell(cell)) => Some(cell.value.clone()),
                _ => None,
            })
            .collect();
        for n in 0..values.len() {
            let (Some(None), Some(place)) = (values.get(n), problem.places.get(n)) else { continue };
            let dims = match place.side {
                Some(side) => cube.dims.iter().copied().filter(|i| *i != side.dim).chain([j]).collect(),
                None => cube.dims.clone(),
            };
            let mut sides = Vec::new();
            if let Some(side) = place.side {
                sides.push(Side { dim: j, end: to, value: side.value.clone() });
            }
            for (other, value) in problem.places.iter().zip(&values) {
                let Some(value) = value else { continue };
                let met = match (place.side, other.side) {
                    (Some(here), None) => Some((j, from, at(m, value, here.dim, here.end))),
                    (Some(here), Some(there)) if here.dim != there.dim => {
                        Some((there.dim, there.end, at(m, value, here.dim, here.end)))
                    }
                    (None, Some(there)) => Some((there.dim, there.end, at(m, value, j, from))),
                    _ => None,
                };
                sides.extend(met.map(|(dim, end, value)| Side { dim, end, value }));
            }
            let Some(t) = self.fill(inner, &Cube { dims, sides }, depth, 0)? else { return Ok(None) };
            if let Some(place) = values.get_mut(n) {
                *place = Some(m.eval(&inner.env, &t));
            }
        }
        let end = |r: Ivl| if r == Ivl::One { Dim::One } else { Dim::Zero };
        let mut base = None;
        let mut faces = Vec::new();
        for (place, value) in problem.places.iter().zip(values) {
            let Some(value) = value else { return Ok(None) };
            let t = m.quote(inner, &value)?;
            match place.side {
                None => base = lower(&t, 0, 1),
                Some(side) => {
                    let Some(n) = index(inner, side.dim).and_then(|n| n.checked_sub(1)) else { return Ok(None) };
                    faces.push(Face { cof: vec![(Dim::Var(n), end(side.end))], body: t });
                }
            }
        }
        let Some(ty) = lower(&m.quote(inner, &self.ty)?, 0, 1) else { return Ok(None) };
        Ok(base.map(|base| Rc::new(Node::HCom(end(from), end(to), ty, faces, base)) as Term))
    }
}

/// A box whose base and walls are to be chosen: its direction, and from which end it comes.
struct Problem<'p, 'c> {
    places: &'p [Place<'c>],
    j: Name,
    from: Ivl,
}

impl Problem<'_, '_> {
    /// The cells that agree with all that is chosen.
    fn fitting(&self, n: usize, chosen: &[Option<Choice>]) -> Vec<Cell> {
        let Some(place) = self.places.get(n) else { return Vec::new() };
        let agrees = |cell: &Cell| {
            self.places.iter().zip(chosen).all(|(other, choice)| {
                let Some(Choice::Cell(there)) = choice else { return true };
                match (place.side, other.side) {
                    (Some(a), Some(b)) if a.dim == b.dim => true,
                    (Some(a), Some(b)) => cell.edge(b.dim, b.end) == there.edge(a.dim, a.end),
                    (Some(a), None) => cell.edge(self.j, self.from) == there.edge(a.dim, a.end),
                    (None, Some(b)) => cell.edge(b.dim, b.end) == there.edge(self.j, self.from),
                    (None, None) => true,
                }
            })
        };
        place.cells.iter().filter(|c| agrees(c)).cloned().collect()
    }
}

/// The index of a dimension in a context.
fn index(ctx: &Ctx, name: Name) -> Option<u32> {
    ctx.dims.iter().rev().position(|n| *n == name).and_then(|n| u32::try_from(n).ok())
}
