//! How often a program has what. Each program has its own taste: one that is all branches and traps
//! finds other bugs than one that is all loads.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    Register,
    Immediate,
    Upper,
    MulDiv,
    Load,
    Store,
    ShortForm,
    Hint,
    Fence,
    Skip,
    Else,
    Jalr,
    JumpTable,
    LinkUse,
    Hazard,
    Loop,
    Call,
    Maze,
    Far,
    Csr,
    Conv,
    Exception,
    Interrupt,
    Wait,
    Patch,
    Return,
    DoubleTrap,
}

/// Elements and how often they are on average, relative to each other.
const WEIGHTS: &[(Element, u32)] = &[
    (Element::Register, 140),
    (Element::Immediate, 120),
    (Element::Upper, 20),
    (Element::MulDiv, 60),
    (Element::Load, 120),
    (Element::Store, 100),
    (Element::ShortForm, 120),
    (Element::Hint, 6),
    (Element::Fence, 5),
    (Element::Skip, 90),
    (Element::Else, 15),
    (Element::Jalr, 15),
    (Element::Hazard, 90),
    (Element::JumpTable, 10),
    (Element::LinkUse, 12),
    (Element::Loop, 8),
    (Element::Call, 14),
    (Element::Maze, 4),
    (Element::Far, 3),
    (Element::Csr, 40),
    (Element::Conv, 40),
    (Element::Exception, 14),
    (Element::Interrupt, 14),
    (Element::Wait, 2),
    (Element::Patch, 6),
    (Element::Return, 3),
    (Element::DoubleTrap, 1),
];

/// The taste of one program.
#[derive(Debug)]
pub(super) struct Profile {
    weights: Vec<(Element, u32)>,
    /// How often an instruction that has a 16-bit form gets it.
    pub short_percent: u32,
}

impl Profile {
    /// Takes each weight a quarter to four times, or not at all.
    pub fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut taste = |&(element, weight): &(Element, u32)| {
            let factor = [0, 1, 2, 4, 4, 8, 16].choose(rng).expect("it is not empty");
            (element, weight * factor)
        };
        let weights = WEIGHTS.iter().map(&mut taste).collect();
        let short_percent = *[0, 30, 60, 80, 100].choose(rng).expect("it is not empty");
        Self { weights, short_percent }
    }

    /// The next element.
    pub fn element(&self, rng: &mut ChaCha8Rng) -> Element {
        let total: u32 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut point = rng.random_range(0..total.max(1));
        for &(element, weight) in &self.weights {
            if point < weight {
                return element;
            }
            point -= weight;
        }
        Element::Register
    }
}
