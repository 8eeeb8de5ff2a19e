//! Runs a kernel: the threads of a block one after the other, each until it waits for others, and the blocks one after the other.

use crate::fault::Fault;
use crate::instruction::{Action, Address, Binary, Compare, Instruction, Kernel, Operand, Space, Special, Unary};
use crate::matrix::{Held, WARP, bytes, product};
use crate::memory::{Memory, Moment};
use crate::value::{Type, halves};

/// Bits of an address within one piece of memory; the bits above are the number of the piece, from 1, so that 0 is no address.
const PIECE: u32 = 40;
/// The most threads of a block.
const THREAD_LIMIT: usize = 1024;

/// How a kernel is started.
#[derive(Debug, Clone)]
pub struct Launch {
    /// Blocks along x and y.
    pub grid: [u32; 2],
    /// Threads of a block along x and y.
    pub block: [u32; 2],
    /// The arguments, each in the low bytes.
    pub arguments: Vec<u64>,
    /// How many instructions all threads together may take.
    pub steps: u64,
}

impl Launch {
    /// The address of the first byte of a piece of memory, by its number from 0.
    #[must_use]
    pub fn address(piece: usize) -> u64 {
        (piece as u64).saturating_add(1) << PIECE
    }
}

/// Runs a kernel over these pieces of memory, and says how many instructions were taken.
///
/// # Errors
/// The launch does not fit the kernel, or the first thing that a thread does and that is refused here.
pub fn launch(kernel: &Kernel, launch: &Launch, memory: &mut [Memory]) -> Result<u64, Fault> {
    let whole = |why: String| Err(Fault::new(0, why));
    let [x, y] = launch.block.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let threads = x.saturating_mul(y);
    if threads == 0 || threads > THREAD_LIMIT || launch.grid.contains(&0) {
        return whole(format!(
            "{threads} threads in a block are none or more than {THREAD_LIMIT}, or there is no block"
        ));
    }
    if launch.arguments.len() != kernel.parameters.len() {
        let (given, taken) = (launch.arguments.len(), kernel.parameters.len());
        return whole(format!("{given} arguments are given, and {} takes {taken}", kernel.name));
    }
    memory.iter_mut().for_each(Memory::begin);
    let mut left = launch.steps;
    // In one piece for all threads and blocks: as many pieces are slow to come by.
    let mut registers = vec![None; threads.saturating_mul(kernel.registers.len())];
    for block in 0..u64::from(launch.grid[0]) * u64::from(launch.grid[1]) {
        let Ok(number) = u32::try_from(block) else { return whole("there are more than 2^32 blocks".into()) };
        let place = [number % launch.grid[0], number / launch.grid[0]];
        let shared = Memory::unknown(kernel.shared);
        let mut all = (0..threads).map(Thread::new).collect::<Vec<_>>();
        registers.fill(None);
        let (memory, registers) = (&mut *memory, registers.as_mut_slice());
        let mut run = Block { kernel, launch, memory, registers, shared, place, number, barriers: 0, left };
        run.all(&mut all)?;
        left = run.left;
    }
    Ok(launch.steps - left)
}

/// Where a thread stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    /// It waits at a barrier.
    Barrier,
    /// It waits for its warp, at its instruction.
    Warp,
    Done,
}

struct Thread {
    number: usize,
    next: usize,
    state: State,
}

impl Thread {
    fn new(number: usize) -> Thread {
        Thread { number, next: 0, state: State::Running }
    }
}

struct Block<'a> {
    kernel: &'a Kernel,
    launch: &'a Launch,
    memory: &'a mut [Memory],
    /// Registers that were written, thread after thread.
    registers: &'a mut [Option<u64>],
    shared: Memory,
    place: [u32; 2],
    number: u32,
    barriers: u32,
    left: u64,
}

type Done<T> = Result<T, String>;

impl Block<'_> {
    /// All threads to their end.
    fn all(&mut self, threads: &mut [Thread]) -> Result<(), Fault> {
        loop {
            for thread in threads.iter_mut() {
                self.one(thread)?;
            }
            if threads.iter().all(|t| t.state == State::Done) {
                return Ok(());
            }
            let mut moved = false;
            for warp in threads.chunks_mut(WARP) {
                if warp.iter().any(|t| t.state == State::Warp) {
                    self.warp(warp)?;
                    moved = true;
                }
            }
            if !moved {
                self.barrier(threads)?;
            }
        }
    }

    /// A barrier opens when all threads of the block are there.
    fn barrier(&mut self, threads: &mut [Thread]) -> Result<(), Fault> {
        let waiting = threads.iter().find(|t| t.state == State::Barrier);
        let line = waiting.map_or(0, |t| self.line(t.next));
        if threads.iter().any(|t| t.state != State::Barrier) {
            return Err(Fault::new(line, "some threads wait at a barrier, and others have ended"));
        }
        self.barriers += 1;
        for thread in threads {
            (thread.next, thread.state) = (thread.next + 1, State::Running);
        }
        Ok(())
    }

    fn line(&self, at: usize) -> usize {
        self.kernel.code.get(at).map_or(0, |i| i.line)
    }

    /// One thread until it waits or ends.
    fn one(&mut self, thread: &mut Thread) -> Result<(), Fault> {
        let kernel = self.kernel;
        while thread.state == State::Running {
            let Some(instruction) = kernel.code.get(thread.next) else {
                return Err(Fault::new(0, format!("thread {} runs behind the end of the kernel", thread.number)));
            };
            self.left = self.left.checked_sub(1).ok_or_else(|| {
                Fault::new(instruction.line, format!("the budget of {} instructions is used up", self.launch.steps))
            })?;
            if let Err(why) = self.step(instruction, thread) {
                let [x, y] = self.place;
                let why = format!("{why}, in thread {} of block {x}, {y}", thread.number);
                return Err(Fault::new(instruction.line, why));
            }
        }
        Ok(())
    }

    fn step(&mut self, instruction: &Instruction, t: &mut Thread) -> Done<()> {
        if let Some((register, wanted)) = instruction.guard
            && (self.get(t, Operand::Register(register))? == 1) != wanted
        {
            t.next += 1;
            return Ok(());
        }
        let mut next = t.next + 1;
        match &instruction.action {
            Action::Return => t.state = State::Done,
            Action::Barrier => {
                (t.state, next) = (State::Barrier, t.next);
            }
            action if action.of_a_warp() => {
                (t.state, next) = (State::Warp, t.next);
            }
            Action::Branch(to) => next = *to,
            Action::Parameter { to, number } => {
                let value = self.launch.arguments.get(*number).copied();
                self.set(t, *to, value.ok_or("an argument is missing")?);
            }
            Action::Load { space, of, to, at } => self.load(t, *space, *of, to, *at)?,
            Action::Store { space, of, from, at } => self.store(t, *space, *of, from, *at)?,
            Action::Move { to, from } => {
                let value = self.get(t, *from)?;
                self.set(t, *to, value);
            }
            Action::Pack { to, from: [low, high] } => {
                let value = self.get(t, *low)? | self.get(t, *high)? << 32;
                self.set(t, *to, value);
            }
            Action::Unpack { to: [low, high], from } => {
                let value = self.get(t, *from)?;
                self.set(t, *low, Type::U32.low(value));
                self.set(t, *high, value >> 32);
            }
            Action::Unary { op, of, to, a } => {
                let a = self.get(t, *a)?;
                self.set(t, *to, unary(*op, *of, a));
            }
            Action::Binary { op, of, to, a, b } => {
                let (a, b) = (self.get(t, *a)?, self.get(t, *b)?);
                self.set(t, *to, binary(*op, *of, a, b)?);
            }
            Action::MulWide { of, to, a, b } => {
                let value = of.wide().bits_of(of.meaning(self.get(t, *a)?) * of.meaning(self.get(t, *b)?));
                self.set(t, *to, value);
            }
            Action::MulAdd { of, to, a, b, c } => {
                let product = binary(Binary::Mul, *of, self.get(t, *a)?, self.get(t, *b)?)?;
                let value = binary(Binary::Add, *of, product, self.get(t, *c)?)?;
                self.set(t, *to, value);
            }
            Action::Dot4 { a_of, b_of, to, a, b, c } => {
                let (a, b, c) = ([self.get(t, *a)?], [self.get(t, *b)?], self.get(t, *c)?);
                let sum: i64 = bytes(&a, *a_of).zip(bytes(&b, *b_of)).map(|(a, b)| a * b).sum();
                self.set(t, *to, Type::U32.bits_of(i128::from(c) + i128::from(sum)));
            }
            Action::Compare { how, of, to, a, b } => {
                let (a, b) = (of.meaning(self.get(t, *a)?), of.meaning(self.get(t, *b)?));
                let holds = match how {
                    Compare::Eq => a == b,
                    Compare::Ne => a != b,
                    Compare::Lt => a < b,
                    Compare::Le => a <= b,
                    Compare::Gt => a > b,
                    Compare::Ge => a >= b,
                };
                self.set(t, *to, u64::from(holds));
            }
            Action::Select { to, a, b, c } => {
                let value = self.get(t, if self.get(t, *c)? == 1 { *a } else { *b })?;
                self.set(t, *to, value);
            }
            Action::Funnel { to, a, b, c } => {
                let both = self.get(t, *a)? | self.get(t, *b)? << 32;
                let value = Type::U32.low(both >> (self.get(t, *c)? & 31));
                self.set(t, *to, value);
            }
            other => return Err(format!("{other:?} is of a warp, and was not taken as such")),
        }
        t.next = next;
        Ok(())
    }

    /// What all threads of a warp do together: all of them must be at the same instruction.
    fn warp(&mut self, warp: &mut [Thread]) -> Result<(), Fault> {
        let at = warp.iter().find(|t| t.state == State::Warp).map_or(0, |t| t.next);
        let line = self.line(at);
        if warp.len() != WARP || warp.iter().any(|t| t.state != State::Warp || t.next != at) {
            return Err(Fault::new(line, "not all threads of a warp are at an instruction that they do together"));
        }
        let kernel = self.kernel;
        let action = kernel.code.get(at).map(|i| &i.action);
        let refused = |why: String| Fault::new(line, why);
        match action {
            Some(Action::Exchange { to, a, far, clamp, members }) => {
                let values = warp.iter().map(|t| self.get(t, *a)).collect::<Done<Vec<u64>>>().map_err(refused)?;
                for (i, thread) in (0u64..).zip(warp.iter_mut()) {
                    let get = |o: &Operand| self.get(thread, *o);
                    let (far, clamp, members) = (get(far), get(clamp), get(members));
                    let (far, clamp, members) =
                        (far.map_err(refused)?, clamp.map_err(refused)?, members.map_err(refused)?);
                    if (clamp, members) != (31, 0xffff_ffff) || far > 31 {
                        return Err(refused("threads of a part of a warp exchange numbers".into()));
                    }
                    let from = usize::try_from(i ^ far).ok().and_then(|from| values.get(from)).copied();
                    self.set(thread, *to, from.ok_or_else(|| refused("there is no such thread".into()))?);
                }
            }
            Some(Action::Matrix { a_of, b_of, d, a, b, c }) => {
                let mut held = [Held::default(); WARP];
                for (held, thread) in held.iter_mut().zip(warp.iter()) {
                    let all = |to: &mut [u64], from: &[Operand]| -> Done<()> {
                        to.iter_mut().zip(from).try_for_each(|(to, from)| {
                            *to = self.get(thread, *from)?;
                            Ok(())
                        })
                    };
                    all(&mut held.a, a).and_then(|()| all(&mut held.b, b)).map_err(refused)?;
                    all(&mut held.c, c).map_err(refused)?;
                }
                for (thread, values) in warp.iter_mut().zip(product(*a_of, *b_of, &held)) {
                    d.iter().zip(values).for_each(|(d, value)| self.set(thread, *d, value));
                }
            }
            _ => return Err(refused("this is nothing that a warp does together".into())),
        }
        for thread in warp {
            (thread.next, thread.state) = (at + 1, State::Running);
        }
        Ok(())
    }

    fn get(&self, t: &Thread, operand: Operand) -> Done<u64> {
        match operand {
            Operand::Number(n) => Ok(n),
            Operand::Register(r) => {
                let value = self.registers.get(self.register(t, r)).copied().flatten();
                value.ok_or_else(|| "a register is read before it is written".into())
            }
            Operand::Special(special) => {
                let (x, number) = (u64::from(self.launch.block[0]), t.number as u64);
                Ok(match special {
                    Special::Thread(0) => number % x,
                    Special::Thread(_) => number / x,
                    Special::Block(axis) => self.place.get(axis).copied().map_or(0, u64::from),
                    Special::Threads(axis) => self.launch.block.get(axis).copied().map_or(0, u64::from),
                })
            }
        }
    }

    /// Where a register of a thread stands.
    fn register(&self, t: &Thread, register: usize) -> usize {
        t.number.saturating_mul(self.kernel.registers.len()).saturating_add(register)
    }

    fn set(&mut self, t: &Thread, register: usize, value: u64) {
        let place = self.register(t, register);
        if let Some(to) = self.registers.get_mut(place) {
            *to = Some(value);
        }
    }

    fn moment(&self, t: &Thread) -> Moment {
        let threads = self.launch.block[0].saturating_mul(self.launch.block[1]);
        let own = u32::try_from(t.number).unwrap_or(u32::MAX);
        let thread = self.number.wrapping_mul(threads).wrapping_add(own);
        Moment { thread, block: self.number, barriers: self.barriers }
    }

    /// The memory and the place in it.
    fn place(&mut self, t: &Thread, space: Space, at: Address) -> Done<(&mut Memory, u64)> {
        let address = self.get(t, at.base)?.wrapping_add_signed(at.offset);
        match space {
            Space::Shared => Ok((&mut self.shared, address)),
            Space::Global => {
                let piece = usize::try_from(address >> PIECE).ok().and_then(|piece| piece.checked_sub(1));
                let memory = piece.and_then(|piece| self.memory.get_mut(piece));
                let memory = memory.ok_or_else(|| format!("address {address} is in no memory"))?;
                Ok((memory, address & ((1 << PIECE) - 1)))
            }
        }
    }

    fn load(&mut self, t: &mut Thread, space: Space, of: Type, to: &[usize], at: Address) -> Done<()> {
        let (who, width) = (self.moment(t), of.bytes());
        let (memory, place) = self.place(t, space, at)?;
        let read = memory.load(place, width.saturating_mul(to.len()), who)?.to_vec();
        for (to, bytes) in to.iter().zip(read.chunks_exact(width)) {
            let value = bytes.iter().rev().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
            // A register that is wider gets the number in its own bits.
            let bits = self.kernel.registers.get(*to).copied().unwrap_or(of.bits);
            self.set(t, *to, Type { signed: of.signed, bits }.bits_of(of.meaning(value)));
        }
        Ok(())
    }

    fn store(&mut self, t: &Thread, space: Space, of: Type, from: &[Operand], at: Address) -> Done<()> {
        let mut bytes = Vec::new();
        for from in from {
            let value = self.get(t, *from)?.to_le_bytes();
            bytes.extend(value.iter().take(of.bytes()));
        }
        let who = self.moment(t);
        let (memory, place) = self.place(t, space, at)?;
        memory.store(place, &bytes, who)
    }
}

fn unary(op: Unary, of: Type, a: u64) -> u64 {
    match op {
        Unary::Neg => of.bits_of(-of.meaning(a)),
        Unary::Abs => of.bits_of(of.meaning(a).abs()),
        Unary::Not => of.low(!a),
        Unary::Convert(from) => of.bits_of(from.meaning(a)),
    }
}

fn binary(op: Binary, of: Type, a: u64, b: u64) -> Done<u64> {
    let (x, y) = (of.meaning(a), of.meaning(b));
    // Two numbers of 64 bits have a product of 128, which without a sign does not fit here.
    let product = || u128::from(of.low(a)) * u128::from(of.low(b));
    Ok(match op {
        Binary::Add => of.bits_of(x + y),
        Binary::Sub => of.bits_of(x - y),
        Binary::Mul => of.low(halves(product().cast_signed())[0]),
        Binary::MulHigh if of.signed => of.bits_of((x * y) >> of.bits),
        Binary::MulHigh => of.low(halves((product() >> of.bits).cast_signed())[0]),
        Binary::Div if y == 0 => return Err("a number is divided by zero".into()),
        Binary::Div => of.bits_of(x / y),
        Binary::Min => of.bits_of(x.min(y)),
        Binary::Max => of.bits_of(x.max(y)),
        Binary::And => a & b,
        Binary::Or => a | b,
        Binary::Xor => a ^ b,
        // What is shifted by more than there are bits is shifted out.
        Binary::Shl => u32::try_from(b).ok().filter(|b| *b < of.bits).map_or(0, |b| of.low(a << b)),
        Binary::Shr => of.bits_of(x >> u32::try_from(b).unwrap_or(u32::MAX).min(of.bits)),
    })
}
