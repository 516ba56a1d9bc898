// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other ways to multiply less in a convolution, on the same integer network and the same images.
//!
//! Each [`Technique`] is a row of `peers.csv`: what it multiplies, what it gets right, and whether
//! what it saves is energy alone or cycles too. A [`PeerBench`] takes chunks of images through all
//! of them; [`PeerTotals`] of chunks merge, in the order of the images.

mod multipliers;
mod snapea;
mod winograd;
mod zeros;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::data::{Image, digits};
use crate::statistics::{Discordant, Proportion, add_counts, reduction_percent};
use crate::tables::{PeerRow, Saves, technique};
use model::conv::{Mode, Number, Plane};
use model::engine::{Detail, Engine, GoldenEngine, Place};
use model::nn::{
    Activation, Configuration, Convolution, Inference, LayerOutcome, MachineNetwork, Network,
    NetworkError, Weights, input_planes,
};
use multipliers::{FRACTION_BITS, Truncation};
use snapea::Order;
use winograd::{F23, F25};

/// Magnitude bits of a weight of an [`MachineNetwork`]; its sign comes on top.
const WEIGHT_BITS: u32 = model::nn::WEIGHT_LIMIT.ilog2() + 1;

/// A peer at one of its settings: a row of `peers.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Technique {
    /// The value of the column `technique`.
    pub name: &'static str,
    /// The value of the column `setting`; empty for a technique without one.
    pub setting: String,
    /// Magnitude bits that a multiplier takes of a weight and of an activation; none without one.
    pub multiplier_bits: Option<(u32, u32)>,
    /// What it saves.
    pub saves: Saves,
}

impl Technique {
    /// A technique that multiplies whole operands.
    fn whole(name: &'static str, setting: String, network: &MachineNetwork, saves: Saves) -> Self {
        let multiplier_bits = Some((WEIGHT_BITS, network.network.activation_bits));
        Self { name, setting, multiplier_bits, saves }
    }
}

/// What one technique came to over some images.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Multiplications performed in each convolution layer, over all images.
    pub multiplications: Vec<u64>,
    /// Products approximated without a multiplier in each convolution layer, over all images.
    pub log_products: Vec<u64>,
    /// The class given to each image.
    pub classes: Vec<u16>,
}

impl Tally {
    /// The classes and, layer by layer, the multiplications of some inferences.
    fn of(inferences: &[Inference]) -> Self {
        let layers = inferences.first().map_or(0, |it| it.convolutions.len());
        let layer = |index: usize| {
            inferences.iter().map(|it| it.convolutions[index].total_multiplications()).sum()
        };
        Self {
            multiplications: (0..layers).map(layer).collect(),
            log_products: vec![0; layers],
            // A network has at most 4,096 classes.
            classes: inferences.iter().map(|it| it.class(Number::Integer) as u16).collect(),
        }
    }

    /// The same classes, after other multiplications.
    fn with_multiplications(&self, multiplications: Vec<u64>) -> Self {
        Self { multiplications, ..self.clone() }
    }

    fn merge(&mut self, next: Self) {
        add_counts(&mut self.multiplications, &next.multiplications);
        add_counts(&mut self.log_products, &next.log_products);
        self.classes.extend(next.classes);
    }
}

/// What every technique of a [`PeerBench`] came to, in the order of [`PeerBench::techniques`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PeerTotals {
    /// One per technique; none before the first images.
    pub tallies: Vec<Tally>,
}

impl PeerTotals {
    /// Adds the images that follow.
    pub fn merge(&mut self, next: Self) {
        self.tallies.resize_with(next.tallies.len(), Tally::default);
        self.tallies.iter_mut().zip(next.tallies).for_each(|(tally, next)| tally.merge(next));
    }
}

/// Images for the peers, and what exact arithmetic makes of them.
struct Batch<'a> {
    images: &'a [Vec<Plane>],
    exact: &'a [Inference],
}

type Measure = dyn Fn(&Batch<'_>) -> Vec<Tally> + Send + Sync;

/// One rival, at one setting or at several that come from the same run.
struct Peer {
    /// The rows that it is for.
    techniques: Vec<Technique>,
    /// Gives one tally per technique.
    measure: Box<Measure>,
}

impl Peer {
    fn new(
        techniques: impl Into<Vec<Technique>>,
        measure: impl Fn(&Batch<'_>) -> Vec<Tally> + Send + Sync + 'static,
    ) -> Self {
        Self { techniques: techniques.into(), measure: Box::new(measure) }
    }
}

/// Every peer of one network. It is built once and shared by threads.
pub struct PeerBench {
    network: MachineNetwork,
    peers: Vec<Peer>,
}

impl PeerBench {
    /// The peers of a network, at all their settings; an error if the network, or what pruning
    /// leaves of it, cannot be quantised.
    pub fn new(network: &Network, weights: &Weights) -> Result<Self, NetworkError> {
        let integer = MachineNetwork::new(network, weights, digits::calibration())?;
        let exact = Technique::whole(technique::EXACT, String::new(), &integer, Saves::Nothing);
        let mut peers = vec![
            Peer::new([exact], |batch: &Batch<'_>| vec![Tally::of(batch.exact)]),
            zeros::skip(&integer, Mode::ZeroSkip),
            zeros::skip(&integer, Mode::DualZeroSkip),
        ];
        for density in zeros::DENSITIES_PERCENT {
            peers.push(zeros::prune(network, weights, density)?);
        }
        // Early termination is exact only where all activations are ≥ 0.
        if integer.convolutions().all(|it| it.finish.activation == Some(Activation::Relu)) {
            peers.extend(Order::ALL.map(|order| snapea::peer(&integer, order)));
        }
        for transform in [F23, F25] {
            peers.push(winograd::peer(&integer, transform)?);
        }
        peers.extend(FRACTION_BITS.map(|fraction| multipliers::mitchell(&integer, fraction)));
        peers.extend(Truncation::all().map(|it| multipliers::truncated(&integer, it)));
        Ok(Self { network: integer, peers })
    }

    /// The techniques, in the order of their rows; the first is exact arithmetic.
    pub fn techniques(&self) -> Vec<Technique> {
        self.peers.iter().flat_map(|peer| peer.techniques.clone()).collect()
    }

    /// Takes images through every technique, on the calling thread.
    ///
    /// # Panics
    /// If an image has another number of pixels than the network's input, or a technique that is
    /// exact gives another score than exact arithmetic.
    pub fn chunk(&self, images: &[&Image]) -> PeerTotals {
        let planes: Vec<Vec<Plane>> =
            images.iter().map(|image| input_planes(&self.network, &image.pixels)).collect();
        let exact = golden(&self.network, Mode::Exact, &planes);
        let batch = Batch { images: &planes, exact: &exact };
        let tallies = self.peers.iter().flat_map(|peer| (peer.measure)(&batch));
        PeerTotals { tallies: tallies.collect() }
    }

    /// The rows of images with these labels; none without an image.
    ///
    /// # Panics
    /// If the totals are those of another bench, or of another number of images.
    pub fn rows(&self, network: &str, totals: &PeerTotals, labels: &[u8]) -> Vec<PeerRow> {
        if labels.is_empty() {
            return Vec::new();
        }
        let techniques = self.techniques();
        assert_eq!(totals.tallies.len(), techniques.len(), "a tally for every technique");
        let exact = &totals.tallies[0];
        let tallies = techniques.into_iter().zip(&totals.tallies);
        tallies.map(|(technique, tally)| row(network, technique, tally, exact, labels)).collect()
    }
}

fn row(
    network: &str,
    technique: Technique,
    tally: &Tally,
    exact: &Tally,
    labels: &[u8],
) -> PeerRow {
    let right = right(tally, labels);
    let correct = Proportion::of(right.iter().copied());
    let discordant = Discordant::of(self::right(exact, labels).into_iter().zip(right));
    let average = |counts: &[u64]| counts.iter().sum::<u64>() as f64 / labels.len() as f64;
    let multiplications = average(&tally.multiplications);
    let reduction = reduction_percent(multiplications, average(&exact.multiplications));
    let bits = technique.multiplier_bits;
    PeerRow {
        network: network.to_owned(),
        images: correct.trials,
        technique: technique.name.to_owned(),
        setting: technique.setting,
        multiplications_average: multiplications,
        log_products_average: average(&tally.log_products),
        multiplier_bits: bits.map_or(String::new(), |(weight, input)| format!("{weight}x{input}")),
        reduction_vs_exact_percent: reduction.unwrap_or(0.0),
        correct: correct.successes,
        accuracy: correct.into(),
        mcnemar: discordant.into(),
        saves: technique.saves,
    }
}

/// Whether each image's class is its label.
fn right(tally: &Tally, labels: &[u8]) -> Vec<bool> {
    assert_eq!(tally.classes.len(), labels.len(), "a label for every image");
    tally.classes.iter().zip(labels).map(|(class, label)| *class == u16::from(*label)).collect()
}

/// Images through the golden model in a mode without a threshold.
fn golden(network: &MachineNetwork, mode: Mode, images: &[Vec<Plane>]) -> Vec<Inference> {
    run(network, mode, images, &mut GoldenEngine::default())
}

/// Images through an engine that cannot fail.
fn run(
    network: &MachineNetwork,
    mode: Mode,
    images: &[Vec<Plane>],
    engine: &mut dyn Engine,
) -> Vec<Inference> {
    let layers = network.convolutions().count();
    let configuration = Configuration::plain(mode, 0, layers);
    let configuration = configuration.expect("no fraction bits are always allowed");
    let run = engine.infer(&Place::default(), network, &configuration, images, Detail::Sums);
    run.expect("software does not fail").inferences
}

/// Checks that a technique that must be exact is.
fn assert_exact(name: &str, found: &[Inference], batch: &Batch<'_>) {
    for (image, (found, exact)) in found.iter().zip(batch.exact).enumerate() {
        let same = found.activations == exact.activations;
        assert!(same, "{name} changes an activation of image {image} of the chunk");
    }
}

/// Images side by side: four vectors of AVX2, and few enough that a layer's inputs stay in the
/// cache.
const IMAGES: usize = 32;

/// The inputs of a layer for several images, and where each weight finds its operands. The image is
/// the fastest index, [channel][row][column][image]: what one weight meets for a row of outputs is a
/// slice, also where a layer has but one output per image, and every loop over products is one over
/// consecutive words.
struct Lanes<T> {
    words: Vec<T>,
    /// Images side by side.
    images: usize,
    /// For each weight of a filter, channel by channel and row-major, the place of its operand for
    /// the first output of the first image.
    offsets: Vec<usize>,
    pitch: usize,
    columns: usize,
    /// Rows of outputs.
    rows: usize,
}

impl<T> Lanes<T> {
    /// The inputs of at least one image, `inputs[image][channel]`, for kernels of `side`.
    fn new(inputs: &[Vec<Plane>], side: usize, word: impl Fn(i32) -> T) -> Self {
        let (first, images) = (&inputs[0], inputs.len());
        let (width, height) = (first[0].width(), first[0].height());
        let mut words = Vec::with_capacity(first.len() * width * height * images);
        for channel in 0..first.len() {
            let planes: Vec<&[i32]> = inputs.iter().map(|image| image[channel].data()).collect();
            for place in 0..width * height {
                words.extend(planes.iter().map(|plane| word(plane[place])));
            }
        }
        let offset = |index: usize| {
            let (channel, y, x) = (index / (side * side), index / side % side, index % side);
            ((channel * height + y) * width + x) * images
        };
        Self {
            words,
            images,
            offsets: (0..first.len() * side * side).map(offset).collect(),
            pitch: width * images,
            columns: width - side + 1,
            rows: height - side + 1,
        }
    }

    /// Outputs of a row, of all images: [column][image].
    fn row_len(&self) -> usize {
        self.columns * self.images
    }

    /// The weights of a filter.
    fn products(&self) -> Range<usize> {
        0..self.offsets.len()
    }

    /// What weight `index` of a filter meets for the outputs of row `y`: [column][image].
    fn operands(&self, index: usize, y: usize) -> &[T] {
        &self.words[self.offsets[index] + y * self.pitch..][..self.row_len()]
    }

    /// Adds the sums of one output channel, [row][column][image], to the outcomes of the images.
    fn scatter(&self, sums: &[i32], outcomes: &mut [LayerOutcome]) {
        for (image, outcome) in outcomes.iter_mut().enumerate() {
            outcome.sums.push(sums.iter().skip(image).step_by(self.images).copied().collect());
        }
    }
}

/// The weights of each output of a layer, channel by channel and row-major.
fn filters(layer: &Convolution) -> impl Iterator<Item = Vec<i32>> + '_ {
    let filters = layer.filters.iter();
    filters.map(|it| it.iter().flat_map(|kernel| kernel.weights()).copied().collect())
}

/// Networks and images for the tests of the peers.
#[cfg(test)]
mod testing {
    use model::conv::Kernel;
    use model::nn::{Finish, Input, LayerDescription, LayerKind, MachineLayer};

    use super::*;

    /// A convolution of `kernels.len()` outputs over one 3×3 input, with a ReLU that halves.
    pub(super) fn one_layer(kernels: &[&[i32]], bias: &[i32], side: usize) -> MachineNetwork {
        let activation = Some(Activation::Relu);
        let kernel = |words: &&[i32]| vec![Kernel::new(side, words.to_vec()).unwrap()];
        let kind = LayerKind::Convolution { outputs: kernels.len(), side, activation };
        MachineNetwork {
            network: Network {
                name: "one-layer".to_owned(),
                input: Input { channels: 1, height: 3, width: 3, padding: 0 },
                activation_bits: 15,
                layers: vec![LayerDescription { name: "C1".to_owned(), kind }],
            },
            number: Number::Integer,
            operand_w: 32,
            layers: vec![MachineLayer::Convolution(Convolution {
                name: "C1".to_owned(),
                index: 0,
                filters: kernels.iter().map(kernel).collect(),
                bias: bias.to_vec(),
                finish: Finish { activation, shift: 1, bits: 15 },
            })],
            proof: Vec::new(),
            weights_sha256: String::new(),
        }
    }

    /// What `measure` makes of images, given what exact arithmetic makes of them.
    pub(super) fn with_images<'a, T>(
        network: &MachineNetwork,
        images: impl IntoIterator<Item = &'a [u8]>,
        measure: impl FnOnce(&Batch<'_>) -> T,
    ) -> T {
        let images: Vec<_> = images.into_iter().map(|it| input_planes(network, it)).collect();
        let exact = golden(network, Mode::Exact, &images);
        measure(&Batch { images: &images, exact: &exact })
    }

    /// [`with_images`] of drawn digits.
    pub(super) fn with_digits<T>(
        network: &MachineNetwork,
        count: usize,
        measure: impl FnOnce(&Batch<'_>) -> T,
    ) -> T {
        let digits = digits::draw(5, digits::TEST, count);
        with_images(network, digits.iter().map(|it| &it.pixels[..]), measure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::lenet::Variant;
    use crate::table;

    fn bench(activation: Activation) -> PeerBench {
        let variant = Variant::lenet5(activation).unwrap();
        PeerBench::new(&variant.network, &variant.weights).unwrap()
    }

    #[test]
    fn chunks_merge_to_what_one_run_gives() {
        let bench = bench(Activation::Relu);
        let images = digits::draw(5, digits::TEST, 7);
        let images: Vec<&Image> = images.iter().collect();
        let whole = bench.chunk(&images);
        assert_eq!(whole.tallies.len(), bench.techniques().len());
        assert!(whole.tallies.iter().all(|it| it.classes.len() == 7));
        let mut merged = PeerTotals::default();
        for chunk in images.chunks(3) {
            let text = serde_json::to_string(&bench.chunk(chunk)).unwrap();
            merged.merge(serde_json::from_str(&text).unwrap());
        }
        assert_eq!(merged, whole);
    }

    #[test]
    fn early_termination_is_for_relu_alone() {
        for (activation, expected) in [(Activation::Relu, 4), (Activation::Tanh, 0)] {
            let bench = bench(activation);
            let techniques = bench.techniques();
            let snapea = techniques.iter().filter(|it| it.name.starts_with("snapea"));
            assert_eq!(snapea.count(), expected, "{activation:?}");
            let unique: std::collections::BTreeSet<_> =
                techniques.iter().map(|it| (it.name, &it.setting)).collect();
            assert_eq!(unique.len(), techniques.len(), "a name and setting tell rows apart");
        }
    }

    #[test]
    fn a_row_counts_what_is_lost_and_won() {
        let tally = |multiplications: u64, classes: &[u16]| Tally {
            multiplications: vec![multiplications, 2 * multiplications],
            log_products: vec![4, 0],
            classes: classes.to_vec(),
        };
        let technique = Technique {
            name: "some",
            setting: "x=1".to_owned(),
            multiplier_bits: Some((3, 2)),
            saves: Saves::Energy,
        };
        let exact = tally(40, &[1, 2, 3, 0]);
        let row = row("tanh", technique, &tally(10, &[1, 9, 9, 4]), &exact, &[1, 2, 3, 4]);
        assert_eq!((row.correct, row.mcnemar.mcnemar_lost, row.mcnemar.mcnemar_won), (2, 2, 1));
        assert_eq!((row.images, row.accuracy.accuracy_percent), (4, 50.0));
        assert_eq!(row.mcnemar.mcnemar_p.to_string(), "1.000e0");
        let counts = (row.multiplications_average, row.log_products_average);
        assert_eq!((counts, row.reduction_vs_exact_percent), ((7.5, 1.0), 75.0));
        assert_eq!(row.multiplier_bits, "3x2");
    }

    #[test]
    fn the_columns_are_as_documented() {
        let bench = bench(Activation::Relu);
        let images = digits::draw(5, digits::TEST, 3);
        let labels: Vec<u8> = images.iter().map(|it| it.label).collect();
        let rows = bench.rows("net", &bench.chunk(&images.iter().collect::<Vec<_>>()), &labels);
        let text = table::header::<PeerRow>() + &table::lines(&rows).unwrap();
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("network,images,technique,setting,"));
        let exact = lines.next().unwrap();
        assert!(exact.starts_with("net,3,exact,,270720.0000,0.0000,15x12,0.0000,"), "{exact}");
        assert!(exact.ends_with(",0,0,1.000e0,none"), "{exact}");
        for name in [technique::ZERO_SKIP, technique::SNAPEA_ZERO_SKIP, technique::MITCHELL] {
            assert!(text.contains(&format!("\nnet,3,{name},")), "{name} is missing");
        }
    }

    #[test]
    fn every_weight_finds_its_operands() {
        let plane = |first: i32| Plane::new(3, 2, (first..first + 6).collect()).unwrap();
        let inputs = [vec![plane(0), plane(10)], vec![plane(100), plane(110)]];
        let lanes = Lanes::new(&inputs, 2, |word| word);
        assert_eq!((lanes.rows, lanes.row_len(), lanes.products()), (1, 4, 0..8));
        // Weight 0: the top left of the first channel; columns 0 and 1, images side by side.
        assert_eq!(lanes.operands(0, 0), [0, 100, 1, 101]);
        // Weight 7: the bottom right of the second channel.
        assert_eq!(lanes.operands(7, 0), [14, 114, 15, 115]);
        let mut outcomes = vec![LayerOutcome::default(); 2];
        lanes.scatter(&[1, 2, 3, 4], &mut outcomes);
        assert_eq!((&outcomes[0].sums, &outcomes[1].sums), (&vec![vec![1, 3]], &vec![vec![2, 4]]));
    }
}
