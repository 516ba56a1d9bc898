// SPDX-License-Identifier: MIT OR Apache-2.0
//! Appends items to a block and keeps in mind what they do to the registers.

use model::facts::csr::MSCRATCH;
use model::hart::HartConfig;
use model::isa::{Instruction, Op, Register};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::Profile;
use super::conv::ConvState;
use crate::program::{Block, DATA, DATA_BYTES, Item, Label, Reserved};

/// How many data addresses are kept in mind, for accesses that meet earlier ones.
const RECENT_ADDRESSES: usize = 4;

/// Writes the items of one block after the other.
pub(super) struct Writer<'a> {
    pub rng: &'a mut ChaCha8Rng,
    pub profile: Profile,
    pub reserved: Reserved,
    /// What the convolution unit holds, as far as it can be told here.
    pub conv: ConvState,
    /// Whether the core has F.
    pub float: bool,
    next_label: u32,
    /// What may be called.
    pub functions: Vec<Label>,
    /// Counters in use.
    pub loops: usize,
    pub items: Vec<Item>,
    /// The values of registers, where they are certain.
    known: [Option<u32>; 32],
    /// What the last three items have written, the last one first; x0 for nothing.
    recent: [Register; 3],
    /// The float registers that were written last, the last one first.
    pub recent_floats: [Register; 3],
    /// Data addresses of the last accesses.
    addresses: Vec<u32>,
}

impl<'a> Writer<'a> {
    pub fn new(
        rng: &'a mut ChaCha8Rng,
        profile: Profile,
        reserved: Reserved,
        system: &HartConfig,
    ) -> Self {
        Self {
            rng,
            profile,
            reserved,
            conv: ConvState::new(&system.unit),
            float: system.float,
            next_label: 0,
            functions: Vec::new(),
            loops: 0,
            items: Vec::new(),
            known: [None; 32],
            recent: [0; 3],
            recent_floats: [0; 3],
            addresses: Vec::new(),
        }
    }

    /// A block of its own: nothing is known of the registers.
    pub fn block(&mut self, name: &str, write: impl FnOnce(&mut Self)) -> Block {
        (self.loops, self.recent) = (0, [0; 3]);
        self.forget();
        self.addresses.clear();
        write(self);
        Block { name: name.to_owned(), items: std::mem::take(&mut self.items) }
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent, 100)
    }

    pub fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        choose(self.rng, from)
    }

    pub fn label(&mut self) -> Label {
        self.next_label += 1;
        Label(self.next_label - 1)
    }

    /// Appends an item.
    pub fn push(&mut self, item: Item) {
        let destination = item.destination();
        let value = match item {
            Item::Constant { value, .. } => Some(value),
            Item::Plain { instruction: it, .. } if it.op == Op::Addi => {
                self.value(it.rs1).map(|value| value.wrapping_add_signed(it.imm))
            }
            _ => None,
        };
        if let Some(rd) = destination {
            self.known[usize::from(rd)] = value;
        }
        if !matches!(item, Item::Label(_) | Item::Align | Item::Gap { .. }) {
            self.recent = [destination.unwrap_or(0), self.recent[0], self.recent[1]];
        }
        if let Some(rd) = item.float_destination() {
            self.recent_floats = [rd, self.recent_floats[0], self.recent_floats[1]];
        }
        self.items.push(item);
    }

    pub fn push_all(&mut self, items: &[Item]) {
        items.iter().for_each(|&item| self.push(item));
    }

    /// The value of a register, if it is known.
    pub fn value(&self, register: Register) -> Option<u32> {
        if register == 0 { Some(0) } else { self.known[usize::from(register)] }
    }

    /// Appends an instruction, often in 16 bits if it has such a form.
    pub fn op(&mut self, instruction: Instruction) {
        let short = self.short();
        self.push(Item::Plain { instruction, short });
    }

    /// Appends an instruction in 32 bits.
    pub fn long(&mut self, instruction: Instruction) {
        self.push(Item::long(instruction));
    }

    pub fn short(&mut self) -> bool {
        self.chance(self.profile.short_percent)
    }

    /// An instruction of two registers, one of these.
    pub fn r_op(&mut self, ops: &[Op], rd: Register, rs1: Register, rs2: Register) {
        let op = self.choose(ops);
        self.op(Instruction::r(op, rd, rs1, rs2));
    }

    /// An access of `mscratch`, one of these.
    pub fn mscratch_op(&mut self, ops: &[Op], rd: Register, rs1: Register) {
        let op = self.choose(ops);
        self.long(Instruction::csr(op, rd, MSCRATCH, rs1));
    }

    pub fn jump(&mut self, rd: Register, to: Label) {
        let short = self.short();
        self.push(Item::Jump { rd, to, short });
    }

    /// A label's address plus `addend` into a register.
    pub fn address(&mut self, rd: Register, to: Label, addend: i32) {
        self.push(Item::Address { rd, to, addend });
    }

    pub fn constant(&mut self, rd: Register, value: u32) {
        let short = self.short();
        self.push(Item::Constant { rd, value, short });
    }

    /// A register of its own with a value.
    pub fn holding(&mut self, value: u32) -> Register {
        let register = self.target();
        self.constant(register, value);
        register
    }

    /// Sets or clears bits of a CSR by an immediate, 0 to 31.
    pub fn csr_bits(&mut self, op: Op, csr: u16, bits: u32) {
        self.long(Instruction::csr(op, 0, csr, bits as u8));
    }

    pub fn place(&mut self, label: Label) {
        self.push(Item::Label(label));
    }

    /// Forgets what is known of the registers: the code from here on may be reached with others.
    pub fn forget(&mut self) {
        self.known = [None; 32];
    }

    /// Writes something that is not always run: what is known afterwards is what it leaves alone.
    pub fn perhaps(&mut self, write: impl FnOnce(&mut Self)) {
        let before = self.known;
        write(self);
        for (known, before) in self.known.iter_mut().zip(before) {
            if *known != before {
                *known = None;
            }
        }
    }

    /// What a register is known to hold, by reasons that the items do not show.
    pub fn know(&mut self, register: Register, value: Option<u32>) {
        self.known[usize::from(register)] = value;
    }

    /// Writes something and takes it back if it turns out not to be `good`.
    pub fn attempt(&mut self, write: impl FnOnce(&mut Self) -> bool) {
        let (count, known, recent) = (self.items.len(), self.known, self.recent);
        if !write(self) {
            self.items.truncate(count);
            (self.known, self.recent) = (known, recent);
        }
    }

    /// A register to read: often one just written.
    pub fn source(&mut self) -> Register {
        match self.rng.random_range(0..100) {
            0..28 => self.recent[0],
            28..42 => self.recent[1],
            42..52 => self.recent[2],
            52..60 => 0,
            60..75 => self.rng.random_range(8..16),
            _ => self.rng.random_range(0..32),
        }
    }

    /// A register of x8 to x15 to read, as most 16-bit forms have.
    pub fn narrow_source(&mut self) -> Register {
        let recent: Vec<_> = self.recent.into_iter().filter(|it| (8..16).contains(it)).collect();
        if !recent.is_empty() && self.chance(50) {
            return self.choose(&recent);
        }
        self.rng.random_range(8..16)
    }

    /// A register to write; sometimes x0, never a reserved one, rarely one that points to data.
    pub fn destination(&mut self) -> Register {
        if self.chance(5) {
            return 0;
        }
        self.free(1, 32)
    }

    /// A register of x8 to x15 to write.
    pub fn narrow_destination(&mut self) -> Register {
        self.free(8, 16)
    }

    /// A register other than x0 to write.
    pub fn target(&mut self) -> Register {
        self.free(1, 32)
    }

    /// Two different registers other than x0 to write.
    pub fn targets(&mut self) -> [Register; 2] {
        let first = self.target();
        [first, self.other_than(&[first])]
    }

    fn free(&mut self, from: Register, to: Register) -> Register {
        let spare_pointers = self.chance(90);
        let mut tries = 0;
        loop {
            let register = self.rng.random_range(from..to);
            tries += 1;
            let data = DATA..DATA + DATA_BYTES;
            let points_to_data =
                self.known[usize::from(register)].is_some_and(|value| data.contains(&value));
            let spared = spare_pointers && tries < 20 && points_to_data;
            if !self.reserved.all().contains(&register) && !spared {
                return register;
            }
        }
    }

    /// An address in the data area where an access of `bytes` bytes stays inside.
    pub fn data_address(&mut self, bytes: u32) -> u32 {
        let last = DATA + DATA_BYTES - bytes;
        let addr = if !self.addresses.is_empty() && self.chance(50) {
            let near = self.rng.random_range(-3..=3);
            choose(self.rng, &self.addresses).wrapping_add_signed(near)
        } else {
            self.rng.random_range(DATA..=last)
        };
        let alignment = if self.chance(50) { bytes.min(4) } else { 1 };
        let addr = addr.clamp(DATA, last) / alignment * alignment;
        if self.addresses.len() == RECENT_ADDRESSES {
            self.addresses.remove(0);
        }
        self.addresses.push(addr);
        addr
    }

    /// A register from which an address is within reach, and the distance; sets one up if none is.
    /// `reach` gives the distances, `among` the registers.
    pub fn pointer(
        &mut self,
        addr: u32,
        reach: std::ops::Range<i32>,
        among: std::ops::Range<Register>,
    ) -> (Register, i32) {
        let distance = |value: u32| addr.wrapping_sub(value) as i32;
        let near: Vec<_> = among
            .clone()
            .filter_map(|register| Some((register, distance(self.known[usize::from(register)]?))))
            .filter(|(_, distance)| reach.contains(distance))
            .collect();
        let (register, offset) = if near.is_empty() {
            let offset = self.rng.random_range(reach) & !3;
            let register = self.free(among.start, among.end);
            self.constant(register, addr.wrapping_sub(offset as u32));
            (register, offset)
        } else {
            self.choose(&near)
        };
        if self.chance(10) && !self.reserved.all().contains(&register) {
            self.launder(register, &[]);
        }
        (register, offset)
    }
}

/// One of these, each as often.
pub fn choose<T: Copy>(rng: &mut impl Rng, from: &[T]) -> T {
    *from.choose(rng).expect("there is something to choose from")
}

/// 0, ±1, the smallest or the largest number.
pub fn edge(rng: &mut impl Rng) -> u32 {
    choose(rng, &[0, 1, u32::MAX, 0x8000_0000, 0x7fff_ffff])
}

/// A value at an edge of its range, a single bit, a run of ones.
pub fn corner(rng: &mut impl Rng) -> u32 {
    match rng.random_range(0..10) {
        0..5 => edge(rng),
        5 => 1 << rng.random_range(0..32),
        6 => !(1 << rng.random_range(0..32)),
        7 => u32::MAX >> rng.random_range(0..32),
        8 => u32::MAX << rng.random_range(0..32),
        _ => rng.random_range(-8..8_i32) as u32,
    }
}

/// A corner, a small number, or anything.
pub fn any(rng: &mut impl Rng) -> u32 {
    match rng.random_range(0..8) {
        0..3 => corner(rng),
        3 => rng.random_range(-2048..2048_i32) as u32,
        _ => rng.random(),
    }
}
