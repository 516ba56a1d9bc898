//! What goes into the unit and what comes out, one transaction at a time.

use model::conv::{Mode, SmaxScope, Threshold};

/// The outputs that one window yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tile {
    /// One output from a k×k window.
    One,
    /// 2×2 outputs from a (k+1)×(k+1) window: the paper's.
    TwoByTwo,
}

impl Tile {
    /// Outputs: 1 or 4, numbered row by row.
    pub const fn outputs(self) -> usize {
        match self {
            Self::One => 1,
            Self::TwoByTwo => 4,
        }
    }

    /// Rows, and columns, of the window for a kernel of side `k`.
    pub const fn window_side(self, k: usize) -> usize {
        match self {
            Self::One => k,
            Self::TwoByTwo => k + 1,
        }
    }

    /// Column and row of an output in the tile.
    pub const fn place(output: usize) -> (usize, usize) {
        (output % 2, output / 2)
    }
}

/// The run-window command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRun {
    /// The slot of the kernel.
    pub slot: u8,
    /// Whether it runs on the window that the run before was on, which the unit still holds. Of
    /// that window the side counts; `addr` and `pitch` are not read.
    pub reuse: bool,
    /// Byte address of the window's first word, a multiple of 4.
    pub addr: u32,
    /// Words from one row of the input array to the next.
    pub pitch: u32,
    /// Outputs.
    pub tile: Tile,
    /// Which products are multiplied.
    pub mode: Mode,
    /// T, in units of 2^−LOG_FRAC of the unit. The unit saturates it at 65,535, which is above
    /// every score.
    pub threshold: Threshold,
    /// What S_max is taken over.
    pub scope: SmaxScope,
    /// S_max of the channels before, of each output; used in running scope.
    pub carry: [Option<u32>; 4],
}

/// What ended a command that the unit itself refused or could not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// `ERROR_BUS`: a read was answered with an error.
    #[error("a read of the unit was answered with a bus error")]
    Bus,
    /// `ERROR_COMMAND`: unaligned address, kernel side or slot out of range, no kernel in the slot,
    /// or no window to use again.
    #[error(
        "the unit refuses the command (unaligned address, kernel side or slot out of range, no kernel in the slot, or no window to use again)"
    )]
    Refused,
}

/// What one window came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The outputs; those that the tile does not have are 0.
    pub outputs: [i32; 4],
    /// S_max of each output, in units of 2^−LOG_FRAC.
    pub s_max: [Option<u32>; 4],
    /// The products multiplied: bit `output · KERNEL² + row · KERNEL + column`.
    pub keep: u128,
    /// Cycles from start to done: 0 is the cycle in which the command is taken.
    pub cycles: u32,
    /// The cycle, counted alike, in which the last word arrived; 0 if none did.
    pub last_word_cycle: u32,
    /// Time of the rising clock edge after which done is high, in the waveform's units.
    pub done_time: u64,
}

impl Outcome {
    /// The products of one output that were multiplied, bit `row · side + column`, of a kernel of
    /// side `side` in a unit for kernels up to `kernel`.
    pub fn kept(&self, output: usize, kernel: usize, side: usize) -> u64 {
        let lane = self.keep >> (output * kernel * kernel);
        let mut kept = 0;
        for row in 0..side {
            let bits = (lane >> (row * kernel)) as u64 & ((1 << side) - 1);
            kept |= bits << (row * side);
        }
        kept
    }
}

/// The unit's performance counters, 32 bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Windows that ended well.
    pub windows: u32,
    /// Multiplications done.
    pub multiplications_done: u32,
    /// Products skipped.
    pub multiplications_skipped: u32,
    /// Words that entered the buffer.
    pub memory_words: u32,
    /// Accesses of the memory port.
    pub memory_beats: u32,
    /// Cycles in `IDLE`.
    pub cycles_idle: u32,
    /// Cycles in `GET_DATA`.
    pub cycles_get_data: u32,
    /// Cycles in `STAGE_1`.
    pub cycles_stage_1: u32,
    /// Cycles in `STAGE_2`.
    pub cycles_stage_2: u32,
    /// Cycles in `STAGE_3`.
    pub cycles_stage_3: u32,
    /// Cycles in `DONE`.
    pub cycles_done: u32,
}

impl Counters {
    /// Counters in the order of their addresses, `conv_approx_pkg::COUNTER_*`.
    pub(super) const fn from_addresses(value: [u32; 11]) -> Self {
        Self {
            windows: value[0],
            multiplications_done: value[1],
            multiplications_skipped: value[2],
            memory_words: value[3],
            memory_beats: value[4],
            cycles_idle: value[5],
            cycles_get_data: value[6],
            cycles_stage_1: value[7],
            cycles_stage_2: value[8],
            cycles_stage_3: value[9],
            cycles_done: value[10],
        }
    }

    /// The sum of two readings; each counter wraps, as in the unit.
    #[must_use]
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            windows: self.windows.wrapping_add(other.windows),
            multiplications_done: self
                .multiplications_done
                .wrapping_add(other.multiplications_done),
            multiplications_skipped: self
                .multiplications_skipped
                .wrapping_add(other.multiplications_skipped),
            memory_words: self.memory_words.wrapping_add(other.memory_words),
            memory_beats: self.memory_beats.wrapping_add(other.memory_beats),
            cycles_idle: self.cycles_idle.wrapping_add(other.cycles_idle),
            cycles_get_data: self.cycles_get_data.wrapping_add(other.cycles_get_data),
            cycles_stage_1: self.cycles_stage_1.wrapping_add(other.cycles_stage_1),
            cycles_stage_2: self.cycles_stage_2.wrapping_add(other.cycles_stage_2),
            cycles_stage_3: self.cycles_stage_3.wrapping_add(other.cycles_stage_3),
            cycles_done: self.cycles_done.wrapping_add(other.cycles_done),
        }
    }

    /// Cycles in all states.
    pub const fn cycles(&self) -> u32 {
        self.cycles_idle
            .wrapping_add(self.cycles_get_data)
            .wrapping_add(self.cycles_stage_1)
            .wrapping_add(self.cycles_stage_2)
            .wrapping_add(self.cycles_stage_3)
            .wrapping_add(self.cycles_done)
    }
}
