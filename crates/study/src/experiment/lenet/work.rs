//! The run in pieces: which images of which variant, and how deep.

use super::cell::Cell;
use super::measure::Depth;
use super::settings::Settings;
use study::data::{Image, Split};
use crate::experiment::EngineChoice;

/// Which images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The first of the training images: those the weights were trained on.
    Train,
    /// The rest of them: what was chosen by.
    Validation,
    /// The test images.
    Test,
}

impl Part {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// What is done with the images of one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// Its cells.
    Cells,
    /// The peers.
    Peers,
}

/// One kind of work on one part of the images.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub variant: usize,
    pub part: Part,
    pub task: Task,
}

/// Some images of a group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// The group, by its number.
    pub group: usize,
    /// The first image, counted within the part.
    pub first: usize,
    pub count: usize,
}

impl Group {
    /// The cells that are measured.
    pub fn cells<'a>(&self, settings: &'a Settings<'_>) -> Vec<&'a Cell> {
        let here = settings.cells.iter().filter(|cell| cell.variant == self.variant);
        match self.part {
            Part::Test => here.collect(),
            _ => here.filter(|it| it.technique.is_none() && it.log_frac() == Some(0)).collect(),
        }
    }

    pub fn depth(&self, settings: &Settings<'_>) -> Depth {
        if self.part == Part::Test && settings.analysis { Depth::Full } else { Depth::Counts }
    }

    /// The RTL runs the test images alone.
    pub fn engine(&self, settings: &Settings<'_>) -> EngineChoice {
        if self.part == Part::Test { settings.engine } else { EngineChoice::Golden }
    }

    /// Its images.
    pub fn images<'a>(&self, settings: &Settings<'a>) -> Vec<&'a Image> {
        let dataset = settings.dataset;
        let (trained, validation) = dataset.training_parts();
        match self.part {
            Part::Train => trained.iter().collect(),
            Part::Validation => validation.iter().collect(),
            Part::Test => dataset.images(Split::Test).take(settings.images).collect(),
        }
    }
}

/// Images of a piece: few enough that little is lost with an interrupted one, enough that the
/// kernels in the unit are used often.
const PIECE: usize = 50;

/// All groups of a run, and all their pieces in order.
pub(super) fn plan(settings: &Settings<'_>) -> (Vec<Group>, Vec<Unit>) {
    let mut groups = Vec::new();
    for variant in 0..settings.variants.len() {
        groups.push(Group { variant, part: Part::Test, task: Task::Cells });
    }
    // The plain variants have lines of the table; operating points do not.
    let plain = |variant: &usize| {
        settings.cells.iter().any(|it| it.variant == *variant && it.technique.is_none())
    };
    for variant in (0..settings.variants.len()).filter(plain) {
        if settings.peers {
            groups.push(Group { variant, part: Part::Test, task: Task::Peers });
        }
        if settings.splits {
            groups.push(Group { variant, part: Part::Train, task: Task::Cells });
            groups.push(Group { variant, part: Part::Validation, task: Task::Cells });
        }
    }
    let mut units = Vec::new();
    for (group, it) in groups.iter().enumerate() {
        let images = it.images(settings).len();
        for first in (0..images).step_by(PIECE) {
            units.push(Unit { group, first, count: PIECE.min(images - first) });
        }
    }
    (groups, units)
}
