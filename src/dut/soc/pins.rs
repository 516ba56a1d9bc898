//! The pins of `soc`, alike for every parameter set.

use std::path::Path;

use verilated::{Config, Error, Model, Ran};

use super::retirement::Retirement;

/// What the system reports in a cycle, bits of `event_o`.
pub(super) mod event {
    /// An instruction has retired.
    pub(in crate::dut::soc) const RETIRED: u8 = 1;
    /// The UART has sent a byte.
    pub(in crate::dut::soc) const UART: u8 = 2;
    /// The program has reported its end.
    pub(in crate::dut::soc) const TOHOST: u8 = 4;
}

/// The pins of a verilated system.
pub(super) trait Pins: Model {
    fn new_model(config: &Config) -> Result<Self, Error> {
        Self::new(config)
    }

    fn set_reset(&mut self, on: bool);
    fn set_waiting(&mut self, wait_states: u8, stall_seed: u32);
    fn set_interrupt(&mut self, on: bool);
    fn set_tohost(&mut self, addr: u32);
    fn set_events(&mut self, enabled: u8);
    fn set_counter(&mut self, core: u8, unit: u8);

    fn run_to_event(&mut self, cycles: u64) -> Result<Ran, Error>;
    fn events(&self) -> u8;
    fn uart(&self) -> u8;
    fn tohost(&self) -> u32;
    fn interrupt_lines(&self) -> u8;
    fn counter(&self) -> u64;
    fn unit_counter(&self) -> u32;
    fn retirement(&self) -> Retirement;
    fn outputs(&self) -> [u32; 4];
    fn s_max(&self) -> u64;
    fn keep(&self, products: usize) -> [u64; 4];
    fn ram(&self) -> &[u32];
    fn ram_mut(&mut self) -> &mut [u32];
    fn open_wave(&mut self, path: &Path) -> Result<(), Error> {
        self.open_trace(path)
    }
}

/// Bits of a port of any width.
pub(super) trait Bits {
    /// `count` bits, up to 49, from bit `first` on.
    fn bits(self, first: usize, count: usize) -> u64;
}

macro_rules! narrow_bits {
    ($($int:ty),*) => {
        $(impl Bits for $int {
            fn bits(self, first: usize, count: usize) -> u64 {
                u64::from(self) >> first & ((1 << count) - 1)
            }
        })*
    };
}
narrow_bits!(u8, u16, u32, u64);

impl<const N: usize> Bits for &[u32; N] {
    fn bits(self, first: usize, count: usize) -> u64 {
        let bit = |bit: usize| u64::from(self[bit / 32] >> (bit % 32) & 1);
        (0..count).map(|place| bit(first + place) << place).sum()
    }
}

/// Implements [`Pins`] for a generated model.
macro_rules! impl_soc_pins {
    ($model:ident) => {
        impl Pins for $model {
            fn set_reset(&mut self, on: bool) {
                self.set_rst_ni(u8::from(!on));
            }

            fn set_waiting(&mut self, wait_states: u8, stall_seed: u32) {
                self.set_wait_states_i(wait_states);
                self.set_stall_seed_i(stall_seed);
            }

            #[inline]
            fn set_interrupt(&mut self, on: bool) {
                self.set_irq_set_i(u8::from(on));
            }

            fn set_tohost(&mut self, addr: u32) {
                self.set_tohost_addr_i(addr);
            }

            #[inline]
            fn set_events(&mut self, enabled: u8) {
                self.set_event_enable_i(enabled);
            }

            fn set_counter(&mut self, core: u8, unit: u8) {
                self.set_perf_select_i(core);
                self.set_unit_select_i(unit);
            }

            #[inline]
            fn run_to_event(&mut self, cycles: u64) -> Result<Ran, Error> {
                self.run_cycles(cycles, Stop::not_equal(Self::EVENT_O, 0))
            }

            #[inline]
            fn events(&self) -> u8 {
                self.event_o()
            }

            fn uart(&self) -> u8 {
                self.uart_data_o()
            }

            fn tohost(&self) -> u32 {
                self.tohost_o()
            }

            fn interrupt_lines(&self) -> u8 {
                self.irq_lines_o()
            }

            fn counter(&self) -> u64 {
                self.perf_o()
            }

            fn unit_counter(&self) -> u32 {
                self.unit_counter_o()
            }

            #[inline]
            fn retirement(&self) -> Retirement {
                Retirement {
                    cycle: 0,
                    order: self.rvfi_order_o(),
                    insn: self.rvfi_insn_o(),
                    trap: self.rvfi_trap_o() != 0,
                    interrupt: self.rvfi_intr_o() != 0,
                    pc: self.rvfi_pc_rdata_o(),
                    next_pc: self.rvfi_pc_wdata_o(),
                    rd: self.rvfi_rd_addr_o(),
                    rd_value: self.rvfi_rd_wdata_o(),
                    mem_addr: self.rvfi_mem_addr_o(),
                    mem_rmask: self.rvfi_mem_rmask_o(),
                    mem_wmask: self.rvfi_mem_wmask_o(),
                    mem_rdata: self.rvfi_mem_rdata_o(),
                    mem_wdata: self.rvfi_mem_wdata_o(),
                    mip: self.rvfi_ext_mip_o(),
                    cause: self.rvfi_ext_cause_o(),
                }
            }

            fn outputs(&self) -> [u32; 4] {
                *self.conv_output_o()
            }

            fn s_max(&self) -> u64 {
                self.conv_smax_o()
            }

            fn keep(&self, products: usize) -> [u64; 4] {
                [0, 1, 2, 3].map(|output| self.conv_keep_o().bits(output * products, products))
            }

            fn ram(&self) -> &[u32] {
                $model::ram(self)
            }

            fn ram_mut(&mut self) -> &mut [u32] {
                $model::ram_mut(self)
            }
        }
    };
}
pub(super) use impl_soc_pins;
