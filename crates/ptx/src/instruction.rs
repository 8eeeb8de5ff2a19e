//! Kernels as they were read.

use crate::value::Type;

/// The kernels of a text.
#[derive(Debug, Clone)]
pub struct Module {
    pub(crate) kernels: Vec<Kernel>,
}

/// A kernel.
#[derive(Debug, Clone)]
pub struct Kernel {
    pub(crate) name: String,
    /// The bytes of each argument.
    pub(crate) parameters: Vec<usize>,
    /// The bytes of memory that the threads of a block share.
    pub(crate) shared: usize,
    /// The bits of each register.
    pub(crate) registers: Vec<u32>,
    pub(crate) code: Vec<Instruction>,
}

impl Module {
    /// The kernels, in the order of the text.
    #[must_use]
    pub fn kernels(&self) -> &[Kernel] {
        &self.kernels
    }

    /// The kernel of this name.
    #[must_use]
    pub fn kernel(&self, name: &str) -> Option<&Kernel> {
        self.kernels.iter().find(|k| k.name == name)
    }
}

impl Kernel {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A register, by its number.
pub(crate) type Register = usize;

/// What is read by an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operand {
    Register(Register),
    /// A number of the text, or the place of a variable in shared memory.
    Number(u64),
    Special(Special),
}

/// What a thread knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// Its number in the block, along x or y.
    Thread(usize),
    /// The number of its block in the grid.
    Block(usize),
    /// Threads of a block.
    Threads(usize),
}

/// Memory of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Global,
    Shared,
}

/// A place in memory: what a register or number says, and further bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) base: Operand,
    pub(crate) offset: i64,
}

/// An instruction, with the condition under which a thread takes it.
#[derive(Debug, Clone)]
pub(crate) struct Instruction {
    pub(crate) line: usize,
    /// A register and whether it must be 1.
    pub(crate) guard: Option<(Register, bool)>,
    pub(crate) action: Action,
}

/// Operations on two numbers of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binary {
    Add,
    Sub,
    /// The low half of a product.
    Mul,
    /// The high half of a product.
    MulHigh,
    Div,
    Min,
    Max,
    And,
    Or,
    Xor,
    Shl,
    Shr,
}

/// Operations on one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unary {
    Neg,
    Abs,
    Not,
    /// From another type: its meaning, as far as it fits.
    Convert(Type),
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// An argument of the launch.
    Parameter {
        to: Register,
        number: usize,
    },
    Load {
        space: Space,
        of: Type,
        to: Vec<Register>,
        at: Address,
    },
    Store {
        space: Space,
        of: Type,
        from: Vec<Operand>,
        at: Address,
    },
    Move {
        to: Register,
        from: Operand,
    },
    /// Two numbers of 32 bits as one of 64, the low one first.
    Pack {
        to: Register,
        from: [Operand; 2],
    },
    Unpack {
        to: [Register; 2],
        from: Operand,
    },
    Unary {
        op: Unary,
        of: Type,
        to: Register,
        a: Operand,
    },
    Binary {
        op: Binary,
        of: Type,
        to: Register,
        a: Operand,
        b: Operand,
    },
    /// The whole product, twice as wide.
    MulWide {
        of: Type,
        to: Register,
        a: Operand,
        b: Operand,
    },
    /// The low half of a product, and a number added to it.
    MulAdd {
        of: Type,
        to: Register,
        a: Operand,
        b: Operand,
        c: Operand,
    },
    /// c and the sum of the products of four bytes each, of these types.
    Dot4 {
        a_of: Type,
        b_of: Type,
        to: Register,
        a: Operand,
        b: Operand,
        c: Operand,
    },
    Compare {
        how: Compare,
        of: Type,
        to: Register,
        a: Operand,
        b: Operand,
    },
    /// a where c is 1, otherwise b.
    Select {
        to: Register,
        a: Operand,
        b: Operand,
        c: Operand,
    },
    /// The low word of two, a below b, shifted right by c modulo 32.
    Funnel {
        to: Register,
        a: Operand,
        b: Operand,
        c: Operand,
    },
    /// To an instruction, by its number.
    Branch(usize),
    Barrier,
    Return,
    /// What the thread of the warp has whose number differs in the bits of `far`. All threads of the warp take part.
    Exchange {
        to: Register,
        a: Operand,
        far: Operand,
        clamp: Operand,
        members: Operand,
    },
    /// `D = A B + C` of a whole warp, `m16n8k32` over bytes of these types.
    Matrix {
        a_of: Type,
        b_of: Type,
        d: [Register; 4],
        a: [Operand; 4],
        b: [Operand; 2],
        c: [Operand; 4],
    },
}

impl Action {
    /// Whether the threads of a warp do it together.
    pub(crate) fn of_a_warp(&self) -> bool {
        matches!(self, Action::Exchange { .. } | Action::Matrix { .. })
    }
}
