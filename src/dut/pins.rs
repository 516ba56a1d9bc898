//! The pins of `conv_unit`, alike for every parameter set.

use verilated::{Config, Error, Model};

use super::memory::Answer;
use super::transaction::WindowRun;

/// The pins of a verilated unit whose memory port has `WORDS` words.
pub(super) trait Pins<const WORDS: usize>: Model {
    fn new_model(config: &Config) -> Result<Self, Error> {
        Self::new(config)
    }

    fn set_reset(&mut self, on: bool);
    fn set_load(&mut self, slot: u8, side: u32, addr: u32);
    fn set_run(&mut self, run: &WindowRun, carry: u64);
    fn set_valid(&mut self, valid: bool);
    fn set_ready(&mut self, ready: bool);
    fn set_grant(&mut self, grant: bool);
    fn set_answer(&mut self, answer: Answer<'_, WORDS>);
    fn set_counter(&mut self, clear: bool, select: u8);

    fn ready(&self) -> bool;
    fn done(&self) -> bool;
    fn error_code(&self) -> u8;
    fn outputs(&self) -> [u32; 4];
    fn s_max(&self) -> u64;
    fn keep(&self) -> u128;
    fn request(&self) -> Option<u32>;
    fn counter(&self) -> u32;
}

/// A port of any width as one number, the low word first.
pub(super) trait Bits {
    fn bits(self) -> u128;
}

macro_rules! small_bits {
    ($($int:ty),*) => {
        $(impl Bits for $int {
            #[inline]
            fn bits(self) -> u128 {
                u128::from(self)
            }
        })*
    };
}
small_bits!(u8, u16, u32, u64);

impl<const N: usize> Bits for &[u32; N] {
    #[inline]
    fn bits(self) -> u128 {
        self.iter().rev().fold(0, |bits, &word| bits << 32 | u128::from(word))
    }
}

/// Implements [`Pins`] for a generated model. Only the type of the memory data depends on the
/// parameters: a word, or an array of words.
macro_rules! impl_pins {
    ($model:ident, $mem_width:tt) => {
        impl Pins<{ $mem_width / 32 }> for $model {
            fn set_reset(&mut self, on: bool) {
                self.set_rst_ni(u8::from(!on));
            }

            fn set_load(&mut self, slot: u8, side: u32, addr: u32) {
                self.set_cmd_op_i(0);
                self.set_cmd_kernel_i(slot);
                self.set_cmd_size_i(side);
                self.set_cmd_addr_i(addr);
            }

            #[inline]
            fn set_run(&mut self, run: &WindowRun, carry: u64) {
                self.set_cmd_op_i(1);
                self.set_cmd_kernel_i(run.slot);
                self.set_cmd_reuse_i(u8::from(run.reuse));
                self.set_cmd_size_i(run.pitch);
                self.set_cmd_addr_i(run.addr);
                self.set_cmd_tile_i(u8::from(run.tile == Tile::TwoByTwo));
                self.set_cmd_mode_i(run.mode as u8);
                self.set_cmd_threshold_i(run.threshold.get().min(u32::from(u16::MAX)) as u16);
                self.set_cmd_running_i(u8::from(run.scope == SmaxScope::Running));
                self.set_cmd_smax_i(carry as _);
            }

            #[inline]
            fn set_valid(&mut self, valid: bool) {
                self.set_cmd_valid_i(u8::from(valid));
            }

            #[inline]
            fn set_ready(&mut self, ready: bool) {
                self.set_done_ready_i(u8::from(ready));
            }

            #[inline]
            fn set_grant(&mut self, grant: bool) {
                self.set_mem_gnt_i(u8::from(grant));
            }

            #[inline]
            fn set_answer(&mut self, answer: Answer<'_, { $mem_width / 32 }>) {
                match answer {
                    Answer::None => self.set_mem_rvalid_i(0),
                    Answer::Beat(data) => {
                        self.set_mem_rvalid_i(1);
                        self.set_mem_err_i(0);
                        self.set_mem_rdata_i(impl_pins!(@data data $mem_width));
                    }
                    Answer::Error => {
                        self.set_mem_rvalid_i(1);
                        self.set_mem_err_i(1);
                    }
                }
            }

            fn set_counter(&mut self, clear: bool, select: u8) {
                self.set_counter_clear_i(u8::from(clear));
                self.set_counter_select_i(select);
            }

            #[inline]
            fn ready(&self) -> bool {
                self.cmd_ready_o() != 0
            }

            #[inline]
            fn done(&self) -> bool {
                self.done_valid_o() != 0
            }

            #[inline]
            fn error_code(&self) -> u8 {
                self.error_o()
            }

            #[inline]
            fn outputs(&self) -> [u32; 4] {
                *self.output_o()
            }

            #[inline]
            fn s_max(&self) -> u64 {
                u64::from(self.smax_o())
            }

            #[inline]
            fn keep(&self) -> u128 {
                self.keep_o().bits()
            }

            #[inline]
            fn request(&self) -> Option<u32> {
                (self.mem_req_o() != 0).then(|| self.mem_addr_o())
            }

            fn counter(&self) -> u32 {
                self.counter_o()
            }
        }
    };
    (@data $data:ident 32) => { $data[0] };
    (@data $data:ident 128) => { $data };
}
pub(super) use impl_pins;
