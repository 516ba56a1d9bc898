//! The unit's RTL as an engine for whole layers.

use super::layout::Layout;
use super::{LayerBatch, LayerMaps, LayerSums, LayerTotals, Shape};
use crate::check::{Case, Fetch, Place, Scoreboard};
use crate::dut::{ConvUnit, Counters, DutError, Outcome, Tile, WindowRun};
use crate::engine::EngineError;
use crate::engine::expect::{check_unit, load_counters, planted, window_counters};
use crate::engine::tiles;
use model::conv::SmaxScope;

/// Runs layers tile by tile on a verilated unit, for as many output channels at a time as it has
/// slots for kernels.
///
/// The order is: input channel, group of output channels, image, tile, output channel. The kernels
/// of a group stay in the unit over all images, and the first output channel of the group fetches
/// a tile's words for the others.
pub struct RtlLayerEngine {
    unit: Box<dyn ConvUnit>,
    threshold_offset: i32,
    stream: u64,
    expected: Counters,
}

impl RtlLayerEngine {
    /// An engine on a unit that is out of reset.
    pub fn new(mut unit: Box<dyn ConvUnit>) -> Result<Self, DutError> {
        unit.clear_counters()?;
        Ok(Self { unit, threshold_offset: 0, stream: 0, expected: Counters::default() })
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

    /// Runs the layer and compares each window, as it ends, with `expected`, which is
    /// [`golden_layer`](super::golden_layer) of the same batch. `place` says where the layer belongs;
    /// its image is the number of the batch's first one.
    ///
    /// The sums are those of the unit's own outputs, and in running scope S_max of a channel is the
    /// unit's own of the channels before.
    pub fn layer(
        &mut self,
        batch: &LayerBatch,
        expected: &LayerMaps,
        place: &Place,
        scoreboard: &mut Scoreboard,
    ) -> Result<(LayerSums, LayerTotals), EngineError> {
        let shape = Shape::of(batch)?;
        shape.check_maps(expected)?;
        check_unit(self.unit.parameters(), shape.side, &batch.semantics)?;
        let layout = Layout::new(&shape)?;
        *self.unit.memory() = layout.memory(batch);

        let map_words = shape.width * shape.height;
        let mut pass = Pass {
            engine: self,
            batch,
            expected,
            place,
            shape,
            layout,
            tiles: tiles(shape.width, shape.height).collect(),
            carry: Vec::new(),
            sums: vec![vec![vec![0; map_words]; shape.outputs]; shape.images],
            totals: LayerTotals::default(),
        };
        if batch.semantics.scope == SmaxScope::Running {
            pass.carry = vec![NO_CARRY; shape.images * shape.outputs * pass.tiles.len()];
        }
        pass.run(scoreboard)?;
        Ok((LayerSums(pass.sums), pass.totals))
    }

    fn next_stream(&mut self) -> u64 {
        self.stream += 1;
        self.unit.set_stream(self.stream);
        self.stream
    }
}

/// S_max of the outputs of a tile; −1 where there is none. A score has at most 14 bits.
type Carry = [i16; 4];
const NO_CARRY: Carry = [-1; 4];

/// One layer under way.
struct Pass<'a> {
    engine: &'a mut RtlLayerEngine,
    batch: &'a LayerBatch<'a>,
    expected: &'a LayerMaps,
    place: &'a Place,
    shape: Shape,
    layout: Layout,
    tiles: Vec<(usize, usize, Tile)>,
    /// In running scope: of each image, output channel and tile.
    carry: Vec<Carry>,
    sums: Vec<Vec<Vec<i32>>>,
    totals: LayerTotals,
}

/// One window of a layer.
#[derive(Clone, Copy)]
struct At {
    image: usize,
    channel: usize,
    /// The output channels whose kernels the unit holds begin here.
    first: usize,
    output: usize,
    tile: usize,
}

impl Pass<'_> {
    fn run(&mut self, scoreboard: &mut Scoreboard) -> Result<(), EngineError> {
        let slots = self.engine.unit.parameters().kernels;
        for channel in 0..self.shape.channels {
            for first in (0..self.shape.outputs).step_by(slots) {
                let last = self.shape.outputs.min(first + slots);
                self.load(channel, first, last)?;
                for image in 0..self.shape.images {
                    for tile in 0..self.tiles.len() {
                        let at = At { image, channel, first, output: first, tile };
                        self.tile(at, last, scoreboard)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn load(&mut self, channel: usize, first: usize, last: usize) -> Result<(), EngineError> {
        let side = self.shape.side as u32;
        for output in first..last {
            let addr = self.layout.kernel(output, channel);
            self.engine.next_stream();
            let cycles = self.engine.unit.load_kernel((output - first) as u8, side, addr)?;
            let counters = load_counters(self.engine.unit.parameters(), side, addr, cycles);
            self.engine.expected = self.engine.expected.plus(&counters);
            self.totals.kernel_loads += 1;
            self.totals.load_cycles += u64::from(cycles);
            self.totals.memory_words += u64::from(counters.memory_words);
            self.totals.memory_beats += u64::from(counters.memory_beats);
        }
        Ok(())
    }

    /// One tile of one image with all kernels in the unit.
    fn tile(
        &mut self,
        at: At,
        last: usize,
        scoreboard: &mut Scoreboard,
    ) -> Result<(), EngineError> {
        let fetch = (self.command(at), self.engine.stream + 1);
        for output in at.first..last {
            let at = At { output, ..at };
            let run = self.command(at);
            let stream = self.engine.next_stream();
            let outcome = match self.engine.unit.run_window(&run) {
                Ok(outcome) => outcome,
                Err(source) => {
                    let case = Box::new(self.case(scoreboard, at, &run, stream, &fetch));
                    return Err(EngineError::LayerWindow { case, source });
                }
            };
            self.count(&run, &outcome);
            self.keep(at, &outcome);
            let (x, y, _) = self.tiles[at.tile];
            let golden = &self.expected.0[at.image][at.output][at.channel];
            if !scoreboard.agrees(golden, self.shape.side, (x, y), &run, &outcome) {
                scoreboard.differs(|it| self.case(it, at, &run, stream, &fetch));
            }
        }
        Ok(())
    }

    #[inline]
    fn command(&self, at: At) -> WindowRun {
        let (x, y, tile) = self.tiles[at.tile];
        let semantics = &self.batch.semantics;
        let carry = self.carry.get(self.carry_index(at)).unwrap_or(&NO_CARRY);
        WindowRun {
            slot: (at.output - at.first) as u8,
            reuse: at.output != at.first,
            addr: self.layout.plane(at.image, at.channel) + 4 * (y * self.shape.pitch + x) as u32,
            pitch: self.shape.pitch as u32,
            tile,
            mode: semantics.mode,
            threshold: planted(semantics.threshold, self.engine.threshold_offset),
            scope: semantics.scope,
            carry: carry.map(|score| u32::try_from(score).ok()),
        }
    }

    fn carry_index(&self, at: At) -> usize {
        (at.image * self.shape.outputs + at.output) * self.tiles.len() + at.tile
    }

    #[inline]
    fn count(&mut self, run: &WindowRun, outcome: &Outcome) {
        let counters =
            window_counters(self.engine.unit.parameters(), self.shape.side, run, outcome);
        self.engine.expected = self.engine.expected.plus(&counters);
        self.totals.windows += 1;
        self.totals.fetched_windows += u64::from(!run.reuse);
        self.totals.cycles += u64::from(outcome.cycles);
        self.totals.multiplications += u64::from(counters.multiplications_done);
        self.totals.memory_words += u64::from(counters.memory_words);
        self.totals.memory_beats += u64::from(counters.memory_beats);
    }

    /// Adds the outputs to the channels before, and keeps S_max for the next one.
    #[inline]
    fn keep(&mut self, at: At, outcome: &Outcome) {
        let (x, y, tile) = self.tiles[at.tile];
        let sums = &mut self.sums[at.image][at.output];
        for (output, &word) in outcome.outputs.iter().enumerate().take(tile.outputs()) {
            let (dx, dy) = Tile::place(output);
            let sum = &mut sums[(y + dy) * self.shape.width + x + dx];
            *sum = sum.wrapping_add(word);
        }
        let index = self.carry_index(at);
        if let Some(carry) = self.carry.get_mut(index) {
            *carry = outcome.s_max.map(|score| score.map_or(-1, |score| score as i16));
        }
    }

    /// A window in full, for its replay.
    fn case(
        &self,
        scoreboard: &Scoreboard,
        at: At,
        run: &WindowRun,
        stream: u64,
        (fetch, fetch_stream): &(WindowRun, u64),
    ) -> Case {
        let (column, row, _) = self.tiles[at.tile];
        let place = Place {
            image: self.place.image + at.image,
            output: at.output,
            channel: at.channel,
            column,
            row,
            ..self.place.clone()
        };
        let plane = &self.batch.planes[at.image][at.channel];
        let kernel = &self.batch.filters[at.output][at.channel];
        // The replay has this plane alone in its memory, at the same place in a line.
        let first = self.layout.plane(at.image, at.channel);
        let alone = WindowRun { addr: run.addr - first, ..*run };
        let mut case =
            scoreboard.case(&place, plane, kernel, &self.batch.semantics, &alone, stream);
        if run.reuse {
            let weights = self.batch.filters[at.first][at.channel].weights();
            let words = case.words.clone();
            let side = self.shape.side;
            case.fetched_by = Some(Fetch::new(fetch, side, weights, words, *fetch_stream));
        }
        case
    }
}
