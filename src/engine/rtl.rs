//! The unit's RTL as an engine.

use super::expect::{check_unit, load_counters, planted, window_counters};
use super::{Convolved, Engine, EngineError, WindowRecord, tiles};
use crate::dut::{ConvUnit, Counters, DutError, Memory, Tile, WindowRun};
use model::conv::{FeatureMap, Kernel, Plane, Semantics, output_size};

/// Where the kernel lies in the unit's memory. The plane begins behind the largest kernel, on a
/// line of the widest port.
pub const KERNEL_ADDR: u32 = 0;

/// Where the plane lies in the unit's memory.
pub const PLANE_ADDR: u32 = 256;

/// Runs each convolution tile by tile on a verilated unit.
pub struct RtlEngine {
    unit: Box<dyn ConvUnit>,
    plane: (usize, usize),
    kernel: Option<Kernel>,
    threshold_offset: i32,
    stream: u64,
    expected: Counters,
}

impl RtlEngine {
    /// An engine on a unit that is out of reset.
    pub fn new(mut unit: Box<dyn ConvUnit>) -> Result<Self, DutError> {
        unit.clear_counters()?;
        Ok(Self {
            unit,
            plane: (0, 0),
            kernel: None,
            threshold_offset: 0,
            stream: 0,
            expected: Counters::default(),
        })
    }

    /// Plants a bug: the unit gets T + `offset` (at least 1) where the semantics say T.
    #[must_use]
    pub fn with_threshold_offset(mut self, offset: i32) -> Self {
        self.threshold_offset = offset;
        self
    }

    /// The unit.
    pub fn unit(&mut self) -> &mut dyn ConvUnit {
        &mut *self.unit
    }

    /// The performance counters as the unit has them, and as they must be after the transactions
    /// run so far.
    pub fn counters(&mut self) -> Result<(Counters, Counters), DutError> {
        Ok((self.unit.counters()?, self.expected))
    }

    fn load(&mut self, kernel: &Kernel) -> Result<(), EngineError> {
        let side = kernel.side() as u32;
        self.unit.memory().write(KERNEL_ADDR, kernel.weights());
        let stream = self.next_stream();
        self.unit.set_stream(stream);
        let cycles = self.unit.load_kernel(0, side, KERNEL_ADDR)?;
        let counters = load_counters(self.unit.parameters(), side, KERNEL_ADDR, cycles);
        self.expected = self.expected.plus(&counters);
        self.kernel = Some(kernel.clone());
        Ok(())
    }

    fn next_stream(&mut self) -> u64 {
        self.stream += 1;
        self.stream
    }
}

impl Engine for RtlEngine {
    fn set_plane(&mut self, plane: &Plane) {
        let words = PLANE_ADDR as usize / 4 + plane.data().len();
        // A beat of the widest port may reach past the last word.
        *self.unit.memory() = Memory::new(words.next_multiple_of(4));
        self.unit.memory().write(PLANE_ADDR, plane.data());
        self.plane = (plane.width(), plane.height());
        self.kernel = None;
    }

    fn convolve(
        &mut self,
        kernel: &Kernel,
        semantics: &Semantics,
        carry: Option<&FeatureMap>,
    ) -> Result<Convolved, EngineError> {
        let parameters = self.unit.parameters();
        check_unit(parameters, kernel.side(), semantics)?;
        if self.kernel.as_ref() != Some(kernel) {
            self.load(kernel)?;
        }
        let side = kernel.side();
        let (plane_width, plane_height) = self.plane;
        let (width, height) =
            output_size(plane_width, plane_height, side).expect("the kernel fits into the plane");
        let threshold = planted(semantics.threshold, self.threshold_offset);

        let mut windows = Vec::with_capacity(width.div_ceil(2) * height.div_ceil(2));
        let mut outputs = vec![0; width * height];
        let mut kept = vec![0; width * height];
        let mut s_max = vec![None; width * height];
        for (x, y, tile) in tiles(width, height) {
            let index = |output| {
                let (dx, dy) = Tile::place(output);
                (y + dy) * width + x + dx
            };
            let mut carried = [None; 4];
            if let Some(map) = carry {
                for (output, carried) in carried.iter_mut().enumerate().take(tile.outputs()) {
                    *carried = map.s_max(index(output));
                }
            }
            let run = WindowRun {
                slot: 0,
                reuse: false,
                addr: PLANE_ADDR + 4 * (y * plane_width + x) as u32,
                pitch: plane_width as u32,
                tile,
                mode: semantics.mode,
                threshold,
                scope: semantics.scope,
                carry: carried,
            };
            let stream = self.next_stream();
            self.unit.set_stream(stream);
            let outcome = self.unit.run_window(&run).map_err(|source| {
                let run = Box::new(run);
                EngineError::Window { x, y, run, stream, source }
            })?;
            for output in 0..tile.outputs() {
                let i = index(output);
                let lanes = parameters.kernel * parameters.kernel;
                let lane = outcome.keep >> (output * lanes) & ((1 << lanes) - 1);
                outputs[i] = outcome.outputs[output];
                kept[i] = lane.count_ones() as u8;
                s_max[i] = outcome.s_max[output];
            }
            let record = WindowRecord { x, y, run, stream, outcome };
            let counters = window_counters(parameters, side, &run, &outcome);
            self.expected = self.expected.plus(&counters);
            windows.push(record);
        }
        let map = FeatureMap::from_parts(width, height, outputs, kept, &s_max, side);
        Ok(Convolved { map, windows })
    }
}
