//! Reads the text of a module. Every line is understood, or the text is refused.

use crate::fault::Fault;
use crate::instruction::{
    Action, Address, Binary, Compare, Instruction, Kernel, Module, Operand, Register, Space, Special, Unary,
};
use crate::value::Type;
use std::collections::BTreeMap;

/// The version and the target that the kernels here are compiled for; other texts may mean something else.
const HEAD: [(&str, &str); 3] = [(".version", "8.0"), (".target", "sm_80"), (".address_size", "64")];
/// The most registers of a kernel, and the most bytes of shared memory: what a card gives without asking.
const REGISTER_LIMIT: usize = 1 << 16;
const SHARED_LIMIT: usize = 48 << 10;

impl Module {
    /// Reads a module.
    ///
    /// # Errors
    /// The first line that is no part of a module of the kind that is known here.
    pub fn read(text: &str) -> Result<Module, Fault> {
        let mut reader = Reader::default();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.split_once("//").map_or(text, |(code, _)| code).trim();
            if !text.is_empty() {
                reader.line(line, text).map_err(|why| Fault::new(line, why))?;
            }
        }
        let last = text.lines().count();
        if reader.heads != HEAD.len() || reader.kernel.is_some() {
            return Err(Fault::new(last, "the text ends too early"));
        }
        Ok(Module { kernels: reader.kernels })
    }
}

/// Where a text is being read.
#[derive(Default)]
struct Reader {
    heads: usize,
    kernels: Vec<Kernel>,
    kernel: Option<Draft>,
}

/// A kernel that is being read.
struct Draft {
    kernel: Kernel,
    /// Whether its parameters are done, and whether its body has begun.
    listed: bool,
    begun: bool,
    parameters: BTreeMap<String, usize>,
    registers: BTreeMap<String, Register>,
    variables: BTreeMap<String, u64>,
    labels: BTreeMap<String, usize>,
    /// Branches whose labels may come later: the instruction and the label.
    branches: Vec<(usize, String)>,
}

type Read<T> = Result<T, String>;

impl Reader {
    fn line(&mut self, line: usize, text: &str) -> Read<()> {
        if let Some(mut draft) = self.kernel.take() {
            if draft.begun && text == "}" {
                self.kernels.push(draft.finish()?);
            } else {
                draft.line(line, text)?;
                self.kernel = Some(draft);
            }
            return Ok(());
        }
        if let Some((name, value)) = HEAD.get(self.heads) {
            self.heads += 1;
            let words: Vec<&str> = text.split_whitespace().collect();
            return if words == [*name, *value] { Ok(()) } else { Err(format!("{name} {value} is expected here")) };
        }
        let name = text.strip_prefix(".visible .entry ").and_then(|rest| rest.strip_suffix('('));
        let name = name.ok_or_else(|| "a kernel is expected here".to_owned())?;
        self.kernel = Some(Draft::new(name));
        Ok(())
    }
}

impl Draft {
    fn new(name: &str) -> Draft {
        let kernel = Kernel {
            name: name.to_owned(),
            parameters: Vec::new(),
            shared: 0,
            registers: Vec::new(),
            code: Vec::new(),
        };
        Draft {
            kernel,
            listed: false,
            begun: false,
            parameters: BTreeMap::new(),
            registers: BTreeMap::new(),
            variables: BTreeMap::new(),
            labels: BTreeMap::new(),
            branches: Vec::new(),
        }
    }

    fn finish(mut self) -> Read<Kernel> {
        for (at, label) in self.branches {
            let to = self.labels.get(&label).ok_or_else(|| format!("there is no label {label}"))?;
            if let Some(Instruction { action: Action::Branch(end), .. }) = self.kernel.code.get_mut(at) {
                *end = *to;
            }
        }
        Ok(self.kernel)
    }

    fn line(&mut self, line: usize, text: &str) -> Read<()> {
        if !self.listed {
            if text == ")" {
                self.listed = true;
                return Ok(());
            }
            let words: Vec<&str> = text.trim_end_matches(',').split_whitespace().collect();
            let [".param", of, name] = words.as_slice() else { return Err("a parameter is expected here".into()) };
            let of = of.strip_prefix('.').and_then(Type::named).ok_or_else(|| format!("there is no type {of}"))?;
            self.parameters.insert((*name).to_owned(), self.kernel.parameters.len());
            self.kernel.parameters.push(of.bytes());
            return Ok(());
        }
        if !self.begun {
            self.begun = text == "{";
            return if self.begun { Ok(()) } else { Err("the body of a kernel is expected here".into()) };
        }
        if let Some(label) = text.strip_suffix(':') {
            let end = self.kernel.code.len();
            return match self.labels.insert(label.to_owned(), end) {
                None => Ok(()),
                Some(_) => Err(format!("the label {label} stands twice")),
            };
        }
        let text = text.strip_suffix(';').ok_or_else(|| "a line ends without a semicolon".to_owned())?;
        if text.contains(';') {
            return Err("two statements stand in one line".into());
        }
        match text.strip_prefix('.') {
            Some(directive) => self.directive(directive),
            None => self.instruction(line, text),
        }
    }

    /// Registers and shared variables.
    fn directive(&mut self, text: &str) -> Read<()> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["reg", of, names] => {
                let of = of.strip_prefix('.').and_then(Type::named).ok_or_else(|| format!("there is no type {of}"))?;
                let range = names.strip_suffix('>').and_then(|n| n.split_once('<'));
                let (name, count) = range.ok_or_else(|| format!("{names} are no registers"))?;
                let count: usize = count.parse().map_err(|_| format!("{names} are no registers"))?;
                if count > REGISTER_LIMIT.saturating_sub(self.kernel.registers.len()) {
                    return Err(format!("there are more than {REGISTER_LIMIT} registers"));
                }
                for i in 0..count {
                    self.registers.insert(format!("{name}{i}"), self.kernel.registers.len());
                    self.kernel.registers.push(of.bits);
                }
                Ok(())
            }
            // It asks the driver for something about loops, and changes no result.
            ["pragma", "\"nounroll\""] => Ok(()),
            ["shared", ".align", align, ".b8", variable] => {
                let range = variable.strip_suffix(']').and_then(|n| n.split_once('['));
                let (name, size) = range.ok_or_else(|| format!("{variable} is no variable"))?;
                let number = |text: &str| text.parse::<usize>().map_err(|_| format!("{text} is no number"));
                let (align, size) = (number(align)?, number(size)?);
                let start = self.kernel.shared.checked_next_multiple_of(align);
                let end = start.and_then(|start| start.checked_add(size)).filter(|end| *end <= SHARED_LIMIT);
                let (Some(start), Some(end)) = (start, end) else {
                    return Err(format!("there is more than {SHARED_LIMIT} bytes of shared memory"));
                };
                self.variables.insert(name.to_owned(), start as u64);
                self.kernel.shared = end;
                Ok(())
            }
            _ => Err(format!("the directive .{text} is not known")),
        }
    }

    fn instruction(&mut self, line: usize, text: &str) -> Read<()> {
        let (guard, text) = match text.strip_prefix('@') {
            None => (None, text),
            Some(rest) => {
                let (name, text) = rest.split_once(char::is_whitespace).ok_or("a guard stands alone")?;
                let wanted = !name.starts_with('!');
                (Some((self.register(name.trim_start_matches('!'), 1)?, wanted)), text.trim())
            }
        };
        let (name, operands) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let operands = split(operands.trim());
        let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
        let parts: Vec<&str> = name.split('.').collect();
        let action = self.action(&parts, &operands)?;
        self.kernel.code.push(Instruction { line, guard, action });
        Ok(())
    }

    fn action(&mut self, parts: &[&str], o: &[&str]) -> Read<Action> {
        let unknown = || Err(format!("the instruction {} is not known with {} operands", parts.join("."), o.len()));
        if let (["mma", "sync", "aligned", "m16n8k32", "row", "col", "s32", a, b, "s32"], [d, ra, rb, c]) = (parts, o) {
            let (Some(a_of), Some(b_of)) = (byte(a), byte(b)) else { return unknown() };
            let d = self.registers(d, 32)?.try_into().map_err(|_| "D has four parts".to_owned())?;
            let a = self.operands(ra, 32)?.try_into().map_err(|_| "A has four parts".to_owned())?;
            let b = self.operands(rb, 32)?.try_into().map_err(|_| "B has two parts".to_owned())?;
            let c = self.operands(c, 32)?.try_into().map_err(|_| "C has four parts".to_owned())?;
            return Ok(Action::Matrix { a_of, b_of, d, a, b, c });
        }
        match (parts, o) {
            (["ret"], []) => return Ok(Action::Return),
            (["bar", "sync"], ["0"]) => return Ok(Action::Barrier),
            (["bra"] | ["bra", "uni"], [label]) => {
                self.branches.push((self.kernel.code.len(), (*label).to_owned()));
                return Ok(Action::Branch(0));
            }
            (["shfl", "sync", "bfly", "b32"], [to, a, far, clamp, members]) => {
                // The predicate beside the register says whether there is such a thread; with a clamp of 31 there is one always.
                let to = to.split_once('|').map_or(*to, |(to, _)| to);
                let [a, far, clamp, members] = self.four(&[a, far, clamp, members], 32)?;
                return Ok(Action::Exchange { to: self.register(to, 32)?, a, far, clamp, members });
            }
            (["shf", "r", "wrap", "b32"], [to, a, b, c]) => {
                let [a, b, c] = self.three(&[a, b, c], 32)?;
                return Ok(Action::Funnel { to: self.register(to, 32)?, a, b, c });
            }
            (["dp4a", a_of, b_of], [to, a, b, c]) => {
                let kind = |name: &&str| Type::named(name).filter(|of| of.bits == 32);
                let (Some(a_of), Some(b_of)) = (kind(a_of), kind(b_of)) else { return unknown() };
                let [a, b, c] = self.three(&[a, b, c], 32)?;
                let narrow = |of: Type| Type { bits: 8, ..of };
                return Ok(Action::Dot4 {
                    a_of: narrow(a_of),
                    b_of: narrow(b_of),
                    to: self.register(to, 32)?,
                    a,
                    b,
                    c,
                });
            }
            _ => (),
        }
        let Some(of) = parts.last().and_then(|name| Type::named(name)) else { return unknown() };
        match (&parts[..parts.len() - 1], o) {
            (["ld", "param"], [to, at]) => {
                let name = at.strip_prefix('[').and_then(|at| at.strip_suffix(']')).unwrap_or_default();
                let number = *self.parameters.get(name).ok_or_else(|| format!("there is no parameter {name}"))?;
                if self.kernel.parameters.get(number) != Some(&of.bytes()) {
                    return Err(format!("the parameter {name} has another type"));
                }
                Ok(Action::Parameter { to: self.register(to, of.bits)?, number })
            }
            (["ld", space] | ["ld", space, "v2" | "v4"], [to, at]) => {
                let to = self.wider(to, of.bits)?;
                Ok(Action::Load { space: place(space)?, of, to, at: self.address(at)? })
            }
            (["st", space] | ["st", space, "v2" | "v4"], [at, from]) => {
                let from = list(from).map(|from| self.operand_from(from, of.bits)).collect::<Read<_>>()?;
                Ok(Action::Store { space: place(space)?, of, from, at: self.address(at)? })
            }
            (["mov"], [to, from]) if to.starts_with('{') => {
                let to = self.registers(to, 32)?.try_into().map_err(|_| "a number has two halves".to_owned())?;
                Ok(Action::Unpack { to, from: self.operand(from, 64)? })
            }
            (["mov"], [to, from]) if from.starts_with('{') => {
                let from = self.operands(from, 32)?.try_into().map_err(|_| "a number has two halves".to_owned())?;
                Ok(Action::Pack { to: self.register(to, 64)?, from })
            }
            // Addresses of shared variables and of all memory are plain numbers here.
            (["mov"] | ["cvta", "to", "global"], [to, from]) => {
                Ok(Action::Move { to: self.register(to, of.bits)?, from: self.operand(from, of.bits)? })
            }
            (["cvt", to_of], [to, a]) => {
                let Some(result) = Type::named(to_of) else { return unknown() };
                let (to, a) = (self.register(to, result.bits)?, self.operand(a, of.bits)?);
                Ok(Action::Unary { op: Unary::Convert(of), of: result, to, a })
            }
            (["neg"], [to, a]) => self.unary(Unary::Neg, of, to, a),
            (["abs"], [to, a]) => self.unary(Unary::Abs, of, to, a),
            (["not"], [to, a]) => self.unary(Unary::Not, of, to, a),
            (["mul", "wide"], [to, a, b]) => {
                let [a, b] = self.two(&[a, b], of.bits)?;
                Ok(Action::MulWide { of, to: self.register(to, of.wide().bits)?, a, b })
            }
            (["mad", "lo"], [to, a, b, c]) => {
                let [a, b, c] = self.three(&[a, b, c], of.bits)?;
                Ok(Action::MulAdd { of, to: self.register(to, of.bits)?, a, b, c })
            }
            (["selp"], [to, a, b, c]) => {
                let [a, b] = self.two(&[a, b], of.bits)?;
                Ok(Action::Select { to: self.register(to, of.bits)?, a, b, c: self.operand(c, 1)? })
            }
            (["setp", how], [to, a, b]) => {
                let Some(how) = compare(how) else { return unknown() };
                let [a, b] = self.two(&[a, b], of.bits)?;
                Ok(Action::Compare { how, of, to: self.register(to, 1)?, a, b })
            }
            (name, [to, a, b]) => {
                let Some(op) = binary(name) else { return unknown() };
                let shift = matches!(op, Binary::Shl | Binary::Shr);
                let (a, b) = (self.operand(a, of.bits)?, self.operand(b, if shift { 32 } else { of.bits })?);
                Ok(Action::Binary { op, of, to: self.register(to, of.bits)?, a, b })
            }
            _ => unknown(),
        }
    }

    fn unary(&self, op: Unary, of: Type, to: &str, a: &str) -> Read<Action> {
        Ok(Action::Unary { op, of, to: self.register(to, of.bits)?, a: self.operand(a, of.bits)? })
    }

    /// A register of so many bits.
    fn register(&self, name: &str, bits: u32) -> Read<Register> {
        let register = *self.registers.get(name).ok_or_else(|| format!("there is no register {name}"))?;
        match self.kernel.registers.get(register) {
            Some(own) if *own == bits => Ok(register),
            own => Err(format!("register {name} has {} bits, and {bits} are needed", own.copied().unwrap_or(0))),
        }
    }

    fn registers(&self, text: &str, bits: u32) -> Read<Vec<Register>> {
        list(text).map(|name| self.register(name, bits)).collect()
    }

    /// Registers that a load may fill with a number of fewer bits.
    fn wider(&self, text: &str, bits: u32) -> Read<Vec<Register>> {
        let one = |name| [16, 32, 64].into_iter().filter(|b| *b >= bits).find_map(|b| self.register(name, b).ok());
        list(text).map(|name| one(name).ok_or_else(|| format!("{name} is no register of {bits} bits"))).collect()
    }

    /// What a store takes a number of fewer bits from.
    fn operand_from(&self, text: &str, bits: u32) -> Read<Operand> {
        let all = [16, 32, 64].into_iter().filter(|b| *b >= bits);
        all.map(|b| self.operand(text, b)).find(Result::is_ok).unwrap_or_else(|| self.operand(text, bits))
    }

    fn operand(&self, text: &str, bits: u32) -> Read<Operand> {
        let special = |axis: &str| ["x", "y"].iter().position(|a| *a == axis);
        if let Some(rest) = text.strip_prefix('%')
            && let Some((name, axis)) = rest.split_once('.')
            && let Some(axis) = special(axis)
        {
            let special = match name {
                "tid" => Special::Thread(axis),
                "ctaid" => Special::Block(axis),
                "ntid" => Special::Threads(axis),
                _ => return Err(format!("{text} is not known")),
            };
            return if bits == 32 { Ok(Operand::Special(special)) } else { Err(format!("{text} has 32 bits")) };
        }
        if text.starts_with('%') {
            return self.register(text, bits).map(Operand::Register);
        }
        if let Some(place) = self.variables.get(text) {
            return Ok(Operand::Number(*place));
        }
        let number = text.parse::<i128>().ok().ok_or_else(|| format!("{text} is no number and no register"))?;
        let of = Type { signed: number < 0, bits };
        let bits_of = of.bits_of(number);
        // A number of the text that does not fit would be cut off.
        if of.meaning(bits_of) == number {
            Ok(Operand::Number(bits_of))
        } else {
            Err(format!("{text} has more than {bits} bits"))
        }
    }

    fn operands(&self, text: &str, bits: u32) -> Read<Vec<Operand>> {
        list(text).map(|text| self.operand(text, bits)).collect()
    }

    fn two(&self, text: &[&str; 2], bits: u32) -> Read<[Operand; 2]> {
        let [a, b] = text.map(|text| self.operand(text, bits));
        Ok([a?, b?])
    }

    fn three(&self, text: &[&str; 3], bits: u32) -> Read<[Operand; 3]> {
        let [a, b, c] = text.map(|text| self.operand(text, bits));
        Ok([a?, b?, c?])
    }

    fn four(&self, text: &[&str; 4], bits: u32) -> Read<[Operand; 4]> {
        let [a, b, c, d] = text.map(|text| self.operand(text, bits));
        Ok([a?, b?, c?, d?])
    }

    /// A place in brackets. Addresses have 64 bits, also in shared memory.
    fn address(&self, text: &str) -> Read<Address> {
        let wrong = || format!("{text} is no place in memory");
        let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or_else(wrong)?;
        let (base, offset) = inner.split_once('+').unwrap_or((inner, "0"));
        Ok(Address { base: self.operand(base, 64)?, offset: offset.parse().map_err(|_| wrong())? })
    }
}

fn byte(name: &str) -> Option<Type> {
    Type::named(name).filter(|of| of.bits == 8)
}

fn place(space: &str) -> Read<Space> {
    match space {
        "global" => Ok(Space::Global),
        "shared" => Ok(Space::Shared),
        _ => Err(format!("memory of the kind {space} is not known")),
    }
}

fn compare(name: &str) -> Option<Compare> {
    Some(match name {
        "eq" => Compare::Eq,
        "ne" => Compare::Ne,
        "lt" => Compare::Lt,
        "le" => Compare::Le,
        "gt" => Compare::Gt,
        "ge" => Compare::Ge,
        _ => return None,
    })
}

fn binary(name: &[&str]) -> Option<Binary> {
    Some(match name {
        ["add"] => Binary::Add,
        ["sub"] => Binary::Sub,
        ["mul", "lo"] => Binary::Mul,
        ["mul", "hi"] => Binary::MulHigh,
        ["div"] => Binary::Div,
        ["min"] => Binary::Min,
        ["max"] => Binary::Max,
        ["and"] => Binary::And,
        ["or"] => Binary::Or,
        ["xor"] => Binary::Xor,
        ["shl"] => Binary::Shl,
        ["shr"] => Binary::Shr,
        _ => return None,
    })
}

/// The parts of a list in braces, or the one thing that stands without them.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.trim_start_matches('{').trim_end_matches('}').split(',').map(str::trim)
}

/// Operands between commas that stand in no braces.
fn split(text: &str) -> Vec<String> {
    let (mut all, mut depth) = (Vec::new(), 0usize);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => (),
        }
        if all.is_empty() {
            all.push(String::new());
        }
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all.iter().map(|operand| operand.trim().to_owned()).collect()
}
