//! Reads one node. Children are indices of earlier nodes of the table; nothing here recurses.

use crate::leb::{Read, Reader};
use crate::term::{
    Arith, Cof, Combination, DataRef, Dim, Face, GlueFace, Hypothesis, Node, Op, Part, Prim, Product, Relation, Rule,
    Sort, Step, Term,
};

/// The nodes read so far, and what the reader needs to know of each.
pub(crate) struct Table {
    pub(crate) nodes: Vec<Term>,
    /// Children of all nodes, in the order of their encoding, and where those of each node end.
    children: Vec<u32>,
    ends: Vec<usize>,
    /// One more than the greatest position of a declaration referred to below the node; 0 for none.
    pub(crate) reach: Vec<u32>,
    /// Height of each node; a leaf has 1.
    pub(crate) depth: Vec<u32>,
    /// Reach of the node being read.
    current_reach: u32,
}

impl Drop for Table {
    /// Last node first, so that no node is freed while a parent still holds it: freeing never recurses.
    fn drop(&mut self) {
        while self.nodes.pop().is_some() {}
    }
}

impl Table {
    /// An empty table with room for so many nodes.
    pub(crate) fn with_room(nodes: usize) -> Self {
        Table {
            nodes: Vec::with_capacity(nodes),
            children: Vec::with_capacity(nodes),
            ends: Vec::with_capacity(nodes),
            reach: Vec::with_capacity(nodes),
            depth: Vec::with_capacity(nodes),
            current_reach: 0,
        }
    }

    /// Reads the next node and appends it.
    pub(crate) fn node(&mut self, r: &mut Reader<'_>, depth_limit: u32) -> Read<()> {
        let start = self.children.len();
        self.current_reach = 0;
        let node = self.decode(r)?;
        let mut depth = 0;
        for &c in self.children.get(start..).unwrap_or_default() {
            let Some((d, reach)) = position(c).and_then(|c| Some((*self.depth.get(c)?, *self.reach.get(c)?))) else {
                return r.fail("child does not come before its parent");
            };
            depth = depth.max(d);
            self.current_reach = self.current_reach.max(reach);
        }
        if depth >= depth_limit {
            return r.fail("term too deep");
        }
        self.nodes.push(Term::new(node));
        self.ends.push(self.children.len());
        self.reach.push(self.current_reach);
        self.depth.push(depth + 1);
        Ok(())
    }

    /// The children of a node.
    pub(crate) fn children(&self, i: u32) -> Option<&[u32]> {
        let i = position(i)?;
        let start = i.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.children.get(start..*self.ends.get(i)?)
    }

    /// Reads the index of a node of the table.
    pub(crate) fn index(&self, r: &mut Reader<'_>) -> Read<(u32, Term)> {
        let i = r.u32()?;
        match position(i).and_then(|i| self.nodes.get(i)) {
            Some(t) => Ok((i, t.clone())),
            None => r.fail("child does not come before its parent"),
        }
    }

    fn t(&mut self, r: &mut Reader<'_>) -> Read<Term> {
        let (i, t) = self.index(r)?;
        self.children.push(i);
        Ok(t)
    }

    fn data(&mut self, r: &mut Reader<'_>) -> Read<DataRef> {
        let id = r.u32()?;
        let Some(above) = id.checked_add(1) else {
            return r.fail("number too large");
        };
        self.current_reach = self.current_reach.max(above);
        Ok(DataRef { id, shift: r.u32()? })
    }

    fn terms(&mut self, r: &mut Reader<'_>) -> Read<Vec<Term>> {
        r.list(|r| self.t(r))
    }

    fn decode(&mut self, r: &mut Reader<'_>) -> Read<Node> {
        Ok(match r.byte()? {
            0 => Node::Var(r.u32()?),
            1 => Node::Univ(r.u32()?),
            2 => {
                let DataRef { id, shift } = self.data(r)?;
                Node::Const { id, shift }
            }
            3 => {
                let b = r.byte()?;
                match Prim::ALL.get(usize::from(b)) {
                    Some(p) => Node::Prim(*p),
                    None => return r.fail("unknown constant"),
                }
            }
            4 => Node::NatLit(r.nat()?),
            5 => Node::IntLit(r.int()?),
            6 => Node::RealLit(r.rational()?),
            7 => Node::Pi(self.t(r)?, self.t(r)?),
            8 => Node::Lam(self.t(r)?),
            9 => Node::App(self.t(r)?, self.t(r)?),
            10 => Node::Let(self.t(r)?, self.t(r)?, self.t(r)?),
            11 => Node::Sigma(self.t(r)?, self.t(r)?),
            12 => Node::Pair(self.t(r)?, self.t(r)?),
            13 => Node::Fst(self.t(r)?),
            14 => Node::Snd(self.t(r)?),
            15 => Node::Line(self.t(r)?),
            16 => Node::Path(self.t(r)?, self.t(r)?, self.t(r)?),
            17 => Node::DLam(self.t(r)?),
            18 => Node::LApp(self.t(r)?, dim(r)?),
            19 => Node::PApp(self.t(r)?, self.t(r)?, self.t(r)?, dim(r)?),
            20 => Node::Coe(dim(r)?, dim(r)?, self.t(r)?, self.t(r)?),
            21 => {
                let (from, to, ty) = (dim(r)?, dim(r)?, self.t(r)?);
                let faces = r.list(|r| Ok(Face { cof: cof(r)?, body: self.t(r)? }))?;
                Node::HCom(from, to, ty, faces, self.t(r)?)
            }
            22 => Node::EmptyElim(self.t(r)?, self.t(r)?),
            23 => Node::BoolElim(self.t(r)?, self.t(r)?, self.t(r)?, self.t(r)?),
            24 => Node::NatElim(self.t(r)?, self.t(r)?, self.t(r)?, self.t(r)?),
            25 => Node::IntElim(self.t(r)?, self.t(r)?, self.t(r)?, self.t(r)?),
            26 => Node::Data(self.data(r)?, self.terms(r)?),
            27 => Node::Con(self.data(r)?, r.u32()?, self.terms(r)?, self.terms(r)?, r.list(dim)?),
            28 => Node::DataElim(self.data(r)?, self.terms(r)?, self.t(r)?, self.terms(r)?, self.t(r)?),
            29 => Node::Rule(Box::new(Rule::Ring {
                sort: sort(r)?,
                atoms: self.atoms(r)?,
                left: arith(r)?,
                right: arith(r)?,
            })),
            30 => Node::Rule(Box::new(Rule::Psatz {
                atoms: self.atoms(r)?,
                hypotheses: self.hypotheses(r)?,
                products: r.list(product)?,
                equalities: r.list(|r| Ok((r.u32()?, arith(r)?)))?,
            })),
            31 => Node::Rule(Box::new(Rule::Lia {
                sort: sort(r)?,
                atoms: self.atoms(r)?,
                hypotheses: self.hypotheses(r)?,
                steps: r.list(step)?,
            })),
            32 => Node::Glue(self.t(r)?, self.glue_faces(r)?),
            33 => Node::GlueEl(self.t(r)?, r.list(|r| Ok(Part { cof: cof(r)?, body: self.t(r)? }))?),
            34 => Node::Unglue(self.t(r)?, self.glue_faces(r)?, self.t(r)?),
            _ => return r.fail("unknown kind of term"),
        })
    }

    fn glue_faces(&mut self, r: &mut Reader<'_>) -> Read<Vec<GlueFace>> {
        r.list(|r| Ok(GlueFace { cof: cof(r)?, ty: self.t(r)?, equiv: self.t(r)? }))
    }

    fn atoms(&mut self, r: &mut Reader<'_>) -> Read<Vec<(Sort, Term)>> {
        r.list(|r| Ok((sort(r)?, self.t(r)?)))
    }

    fn hypotheses(&mut self, r: &mut Reader<'_>) -> Read<Vec<Hypothesis>> {
        r.list(|r| {
            let relation = match r.byte()? {
                0 => Relation::Lt,
                1 => Relation::Le,
                2 => Relation::Eq,
                _ => return r.fail("unknown relation"),
            };
            Ok(Hypothesis { relation, left: arith(r)?, right: arith(r)?, proof: self.t(r)? })
        })
    }
}

/// An index as a position in memory.
pub(crate) fn position(i: u32) -> Option<usize> {
    usize::try_from(i).ok()
}

fn dim(r: &mut Reader<'_>) -> Read<Dim> {
    match r.byte()? {
        0 => Ok(Dim::Zero),
        1 => Ok(Dim::One),
        2 => Ok(Dim::Var(r.u32()?)),
        _ => r.fail("unknown interval term"),
    }
}

pub(crate) fn cof(r: &mut Reader<'_>) -> Read<Cof> {
    r.list(|r| Ok((dim(r)?, dim(r)?)))
}

fn sort(r: &mut Reader<'_>) -> Read<Sort> {
    match r.byte()? {
        0 => Ok(Sort::Nat),
        1 => Ok(Sort::Int),
        2 => Ok(Sort::Real),
        _ => r.fail("unknown sort"),
    }
}

fn arith(r: &mut Reader<'_>) -> Read<Arith> {
    r.list(|r| {
        Ok(match r.byte()? {
            0 => Op::Atom(sort(r)?, r.u32()?),
            1 => Op::Lit(sort(r)?, r.rational()?),
            2 => Op::Add,
            3 => Op::Sub,
            4 => Op::Mul,
            5 => Op::NatToInt,
            6 => Op::NatToReal,
            7 => Op::IntToReal,
            _ => return r.fail("unknown arithmetic instruction"),
        })
    })
}

fn product(r: &mut Reader<'_>) -> Read<Product> {
    Ok(Product { coefficient: r.rational()?, hypotheses: r.list(Reader::u32)?, squares: r.list(arith)? })
}

fn step(r: &mut Reader<'_>) -> Read<Step> {
    Ok(match r.byte()? {
        0 => Step::Combine(Combination { terms: r.list(|r| Ok((r.u32()?, r.int()?)))? }),
        1 => Step::Cut(r.u32()?, r.nat()?),
        2 => Step::NatAtom(r.u32()?),
        _ => return r.fail("unknown step"),
    })
}
