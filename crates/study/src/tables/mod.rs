// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every table that the program writes, with its columns and its figures.

pub(crate) mod accel;
pub(crate) mod accuracy;
pub(crate) mod layers;
pub(crate) mod lenet;
pub(crate) mod silicon;
pub(crate) mod single;
pub(crate) mod windows;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use plotters::style::RGBColor;

pub use accel::{CycleRow, PARTS, ScoreErrorRow, ScoreRow, TimeRow};
pub use lenet::{
    ALL_LAYERS, AblationRow, Accuracy, CellKey, Change, ConfusionRow, ErrorOf, FlipRow,
    LayerErrorRow, LenetRow, Level, MarginRow, McNemar, MemoryRow, NO_LOSS_POINTS, OperandRow,
    OverflowRow, PeerRow, PointLayerRow, PointRow, ProductRow, QuantisationRow, Sample, Saves,
    SkipRow, SplitRow, Tolerance, ZeroRow, technique,
};
pub use silicon::{DesignRow, ModuleRow};
pub use single::{ClassifyRow, CoverageRow, SearchRow, StatRow, ZeroPixelStats};
pub use windows::{Compared, FilterKey, Over, SummaryRow, WindowsRow};

use crate::experiment::TABLES;
use crate::report::figure::{Figure, PlotError, Shape, distinct, palette};
use crate::results::check_tables;
use crate::table::{self, Column, Row, TableError};
use model::files;

/// A table.
pub struct Table {
    /// The usual name of its file.
    pub file: &'static str,
    about: &'static str,
    /// Its columns, in order.
    pub columns: fn() -> Vec<Column>,
    /// What draws it.
    plots: &'static [&'static dyn Plot],
    read: fn(&Path) -> Result<usize, TableError>,
}

impl Table {
    pub(crate) const fn of<R: Row>(plots: &'static [&'static dyn Plot]) -> Self {
        let read = |path: &Path| table::read::<R>(path).map(|rows| rows.len());
        Self { file: R::FILE, about: R::ABOUT, columns: R::all_columns, plots, read }
    }

    /// What a row is, in one line.
    pub fn about(&self) -> String {
        table::one_line(self.about)
    }

    /// Reads a file of it, and counts the rows.
    pub fn check(&self, path: &Path) -> Result<usize, TableError> {
        (self.read)(path)
    }
}

/// A figure; none where there is nothing to draw.
pub(crate) type Drawn = Option<Result<Figure, PlotError>>;

/// What draws figures of one table, or of several together.
pub(crate) trait Plot: Sync {
    /// What the names of its figures start with.
    fn name(&self) -> &'static str;
    fn draw(&self, folder: &Folder) -> Result<Vec<Figure>, PlotError>;
}

/// A figure for each network, or what else `key` tells apart, in one table.
pub(crate) struct PlotBy<R: 'static> {
    pub(crate) name: &'static str,
    pub(crate) key: fn(&R) -> &str,
    /// Of a key and its rows, under a name.
    pub(crate) figure: fn(&str, &[&R], String) -> Drawn,
}

impl<R: Row> Plot for PlotBy<R> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn draw(&self, folder: &Folder) -> Result<Vec<Figure>, PlotError> {
        let rows = folder.rows::<R>()?;
        let keys = distinct(rows.iter().map(self.key));
        let figure = |key: &str| {
            let name =
                if key.is_empty() { self.name.to_owned() } else { format!("{}_{key}", self.name) };
            (self.figure)(
                key,
                &rows.iter().filter(|it| (self.key)(it) == key).collect::<Vec<_>>(),
                name,
            )
        };
        keys.into_iter().filter_map(figure).collect()
    }
}

/// A figure of one file of a table, or of several tables.
pub(crate) struct PlotOf {
    name: &'static str,
    draw: fn(&Folder) -> Result<Vec<Figure>, PlotError>,
}

impl Plot for PlotOf {
    fn name(&self) -> &'static str {
        self.name
    }

    fn draw(&self, folder: &Folder) -> Result<Vec<Figure>, PlotError> {
        (self.draw)(folder)
    }
}

/// The table that a file holds: by the file's name, or else by the columns in its first line.
pub fn find(path: &Path) -> Option<&'static Table> {
    let name = path.file_name()?.to_str()?;
    TABLES.iter().find(|table| table.file == name).or_else(|| {
        let mut reader = csv::Reader::from_reader(files::open(path).ok()?.take(MAX_HEADER));
        let header = reader.headers().ok()?;
        TABLES.iter().find(|table| header.iter().eq((table.columns)().iter().map(|it| it.name)))
    })
}

/// Bytes of a table's first line at most.
const MAX_HEADER: u64 = 1 << 16;

/// The tables in a folder.
pub struct Folder {
    tables: Vec<(PathBuf, &'static Table)>,
}

impl Folder {
    fn open(folder: &Path) -> Result<Self, TableError> {
        let read = |source| TableError::Read { path: folder.to_owned(), source };
        let entries = fs::read_dir(folder).map_err(read)?;
        let mut paths = entries
            .map(|it| it.map(|it| it.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(read)?;
        paths.retain(|path| path.extension().is_some_and(|it| it == "csv"));
        paths.sort();
        let tables = paths.into_iter().filter_map(|path| find(&path).map(|table| (path, table)));
        Ok(Self { tables: tables.collect() })
    }

    fn has(&self, file: &str) -> bool {
        self.tables.iter().any(|(_, table)| table.file == file)
    }

    /// The rows of each file of one table, with the file's name without its extension.
    fn files<R: Row>(&self) -> Result<Vec<(String, Vec<R>)>, TableError> {
        let files = self.tables.iter().filter(|(_, table)| table.file == R::FILE);
        let read = |(path, _): &(PathBuf, _)| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            Ok((stem, table::read(path)?))
        };
        files.map(read).collect()
    }

    /// The rows of all files of one table; none without a file.
    fn rows<R: Row>(&self) -> Result<Vec<R>, TableError> {
        Ok(self.files()?.into_iter().flat_map(|(_, rows)| rows).collect())
    }
}

/// The figures of a folder.
#[derive(Debug)]
pub struct Plots {
    /// In the order of [`TABLES`].
    pub figures: Vec<Figure>,
    /// Figures that would show more, and the tables that are not there for it.
    pub missing: Vec<(&'static str, &'static str)>,
}

/// Draws all tables in `path`. One that is malformed, or not of the same run as the others, is an
/// error.
pub fn plot(path: &Path) -> Result<Plots, PlotError> {
    let folder = Folder::open(path)?;
    let files: Vec<PathBuf> = folder.tables.iter().map(|(file, _)| file.clone()).collect();
    check_tables(path, &files).map_err(|error| PlotError::Mixed(error.to_string()))?;
    let mut plots: Vec<&dyn Plot> = Vec::new();
    for &plot in TABLES.iter().filter(|it| folder.has(it.file)).flat_map(|it| it.plots) {
        if !plots.iter().any(|other| other.name() == plot.name()) {
            plots.push(plot);
        }
    }
    let mut found = Plots { figures: Vec::new(), missing: Vec::new() };
    for plot in plots {
        found.figures.extend(plot.draw(&folder)?);
        let of_plot = |table: &&Table| table.plots.iter().any(|it| it.name() == plot.name());
        let missing = TABLES.iter().filter(of_plot).filter(|table| !folder.has(table.file));
        found.missing.extend(missing.map(|table| (plot.name(), table.file)));
    }
    Ok(found)
}

/// Whether a configuration is a row of the paper's table, and no operating point.
fn is_rule(configuration: &str) -> bool {
    matches!(configuration, technique::EXACT | technique::ZERO_SKIP | technique::DUAL_ZERO_SKIP)
        || configuration.starts_with("tau=")
}

/// How a technique looks, in every figure: its marker and its colour.
fn look(technique: &str) -> (Shape, RGBColor) {
    match technique {
        technique::EXACT => (Shape::Circle, RGBColor(150, 150, 150)),
        technique::PAPER_RULE => (Shape::Circle, palette::BLUE),
        technique::RUNNING_RULE => (Shape::Circle, palette::SKY),
        technique::ZERO_SKIP => (Shape::Plus, palette::VERMILLION),
        technique::DUAL_ZERO_SKIP => (Shape::Cross, palette::BLUE),
        technique::PRUNE => (Shape::Up, palette::GREEN),
        technique::PRUNE_ZERO_SKIP => (Shape::Down, palette::GREEN),
        technique::SNAPEA => (Shape::Square, palette::PURPLE),
        technique::SNAPEA_ZERO_SKIP => (Shape::Circle, palette::PURPLE),
        technique::WINOGRAD => (Shape::Star, palette::BLACK),
        technique::MITCHELL => (Shape::Star, palette::ORANGE),
        technique::TRUNCATE_LEADING => (Shape::Cross, palette::OLIVE),
        technique::TRUNCATE_LOW => (Shape::Plus, palette::SKY),
        // Operating points: what they combine.
        "running-smax+layer-thresholds" => (Shape::Diamond, palette::GREEN),
        "layer-thresholds" => (Shape::Down, palette::ORANGE),
        "running-smax" => (Shape::Up, palette::PURPLE),
        "fine-tuning" => (Shape::Square, palette::OLIVE),
        "fine-tuning+running-smax+layer-thresholds+channel-order" => {
            (Shape::Circle, palette::BLACK)
        }
        "fine-tuning+running-smax+layer-thresholds+channel-order+regularisation" => {
            (Shape::Diamond, palette::VERMILLION)
        }
        configuration if configuration.starts_with("tau=") => look(technique::PAPER_RULE),
        _ => (Shape::Circle, palette::GREEN),
    }
}

/// The colour of a technique's bars.
pub(crate) fn colour(technique: &str) -> RGBColor {
    look(technique).1
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::experiment::channels::ChannelRow;
    use crate::experiment::energy::{
        BlockRow, EnergyRow, InferenceEnergyRow, LoadRow, MemoryEnergyRow,
    };
    use crate::experiment::explore::ExploreRow;
    use crate::experiment::ideal::IdealRow;
    use crate::experiment::numbers::NumberRow;
    use crate::experiment::planes::{PlaneCostRow, PlaneRow};
    use crate::experiment::power::{PowerRow, ProgramEnergyRow};
    use crate::table::{Columns as _, Digit, Fixed, Maybe, Shortest};

    fn write<R: Row>(folder: &Path, rows: &[R]) {
        table::write(&folder.join(R::FILE), rows).unwrap();
    }

    /// A network in three configurations; the last is `accuracy` percent right.
    fn lenet(folder: &Path, accuracy: f64) {
        let of = |accuracy_percent| Accuracy { accuracy_percent, ..Accuracy::example() };
        let mut rows = Vec::new();
        for (name, tau, share, accuracy) in [
            ("exact", None, 1.0, 99.0),
            ("tau=0.1", Some(Shortest(0.1)), 0.3, 98.9),
            ("tau=0.5", Some(Shortest(0.5)), 0.07, accuracy),
        ] {
            for (layer, exact) in
                [("C1", 86_400.0), ("C3", 153_600.0), ("C5", 30_720.0), (ALL_LAYERS, 270_720.0)]
            {
                rows.push(LenetRow {
                    log_frac: 0,
                    configuration: name.to_owned(),
                    tolerance: Tolerance { tau, ..Tolerance::example() },
                    level: Level::of(layer),
                    layer: layer.to_owned(),
                    multiplications_average: exact * share,
                    reduction_vs_exact_percent: 100.0 * (1.0 - share),
                    accuracy: Maybe((layer == ALL_LAYERS).then_some(of(accuracy))),
                    ..LenetRow::example()
                });
            }
        }
        write(folder, &rows);
    }

    /// Every table, with rows that can be drawn.
    fn full() -> TempDir {
        let temporary = TempDir::new().unwrap();
        let folder = temporary.path();
        lenet(folder, 61.4);
        let cell = |configuration: &str| CellKey {
            configuration: configuration.to_owned(),
            ..CellKey::example()
        };
        let average = || "zero_pixels_average".to_owned();
        write(folder, &[StatRow { statistic: average(), ..StatRow::example() }]);
        write(folder, &[WindowsRow::example()]);
        write(folder, &[SummaryRow::example()]);
        write(folder, &[PointRow::example()]);
        write(folder, &[PeerRow::example()]);
        write(folder, &[PointLayerRow::example()]);
        write(folder, &[AblationRow::example()]);
        write(folder, &[SplitRow::example()]);
        let bin = |bin: i32| ProductRow {
            relative_low: Fixed(f64::from(bin) / 10.0),
            relative_high: Fixed(f64::from(bin + 1) / 10.0),
            products: 1000 / (bin * bin + 1) as u64,
            ..ProductRow::example()
        };
        write(folder, &(-10..10).map(bin).collect::<Vec<_>>());
        write(folder, &[SkipRow { cell: cell("tau=0.1"), ..SkipRow::example() }]);
        write(
            folder,
            &[LayerErrorRow { configuration: "tau=0.1".to_owned(), ..LayerErrorRow::example() }],
        );
        write(folder, &[ZeroRow::example()]);
        let digit = |label: u8| ConfusionRow {
            label: Digit(label),
            cell: cell("exact"),
            ..ConfusionRow::example()
        };
        write(folder, &(0..10).map(digit).collect::<Vec<_>>());
        write(folder, &[FlipRow::example()]);
        write(folder, &[MarginRow::example()]);
        write(folder, &[QuantisationRow::example()]);
        write(folder, &[OverflowRow::example()]);
        write(folder, &[ChannelRow::example()]);
        let (level, sample) = (Level::Network, Sample::All);
        write(folder, &[NumberRow { level, sample, ..NumberRow::example() }]);
        write(folder, &[ClassifyRow::example()]);
        write(folder, &[SearchRow { decision: "taken".to_owned(), ..SearchRow::example() }]);
        write(folder, &[ScoreRow::example()]);
        write(folder, &[ScoreErrorRow::example()]);
        write(folder, &[CycleRow::example()]);
        write(folder, &[TimeRow { part: PARTS[0].to_owned(), ..TimeRow::example() }]);
        write(folder, &[CoverageRow::example()]);
        write(folder, &[OperandRow::example()]);
        write(folder, &[MemoryRow::example()]);
        write(folder, &[IdealRow::example()]);
        write(folder, &[PlaneRow::example()]);
        write(folder, &[PlaneCostRow::example()]);
        write(folder, &[EnergyRow::example()]);
        write(folder, &[BlockRow::example()]);
        write(folder, &[InferenceEnergyRow::example()]);
        write(folder, &[LoadRow::example()]);
        write(folder, &[MemoryEnergyRow::example()]);
        write(folder, &[ProgramEnergyRow::example()]);
        write(folder, &[PowerRow::example()]);
        write(folder, &[ExploreRow { pareto: true, ..ExploreRow::example() }]);
        write(folder, &[DesignRow::example()]);
        write(folder, &[ModuleRow::example()]);
        temporary
    }

    fn drawn(folder: &Path) -> Vec<Figure> {
        plot(folder).unwrap().figures
    }

    fn svg(figures: &[Figure], name: &str) -> String {
        figures.iter().find(|it| it.name == name).unwrap().svg().to_owned()
    }

    #[test]
    fn every_table_is_read_as_written_and_drawn_alone() {
        let full = full();
        for table in TABLES {
            let path = full.path().join(table.file);
            assert!(table.check(&path).unwrap() > 0, "{}", table.file);
            let alone = TempDir::new().unwrap();
            fs::copy(&path, alone.path().join(table.file)).unwrap();
            for figure in drawn(alone.path()) {
                let plots = table.plots.iter();
                assert!(plots.clone().any(|it| figure.name.starts_with(it.name())));
                let picture = image::load_from_memory(&figure.png().unwrap()).unwrap();
                assert!(picture.width() >= 1200 && picture.height() >= 280, "{}", figure.name);
            }
            let drawn = !drawn(alone.path()).is_empty();
            assert_eq!(drawn, !table.plots.is_empty(), "{} is not drawn", table.file);
        }
    }

    #[test]
    fn every_column_is_explained() {
        for table in TABLES {
            assert!(table.about().ends_with(['.', '?']), "{}: {}", table.file, table.about());
            for column in (table.columns)() {
                let doc = column.doc();
                assert!(
                    doc.len() > 5 && doc.ends_with('.'),
                    "{}, {}: {doc}",
                    table.file,
                    column.name
                );
            }
            let same = |it: &&Table| it.file == table.file || (it.columns)() == (table.columns)();
            let same = TABLES.iter().filter(same);
            assert_eq!(same.count(), 1, "{}", table.file);
        }
    }

    #[test]
    fn the_same_tables_give_the_same_bytes() {
        let folder = full();
        let (first, second) = (drawn(folder.path()), drawn(folder.path()));
        assert_eq!(first.len(), second.len());
        for (a, b) in first.iter().zip(&second) {
            assert_eq!((&a.name, a.svg()), (&b.name, b.svg()));
        }
        assert_eq!(first[0].png().unwrap(), second[0].png().unwrap());
        for path in first[0].write(folder.path()).unwrap() {
            assert!(fs::metadata(path).unwrap().len() > 1000);
        }
    }

    #[test]
    fn a_figure_follows_its_data_and_notes_what_lies_below() {
        let folder = full();
        let before = drawn(folder.path());
        lenet(folder.path(), 96.5);
        let after = drawn(folder.path());
        let note = "window rule, F = 0: 1 of";
        assert!(svg(&before, "accuracy_text").contains(note));
        assert!(!svg(&after, "accuracy_text").contains(note));
        assert_eq!(svg(&before, "products_text"), svg(&after, "products_text"));
    }

    #[test]
    fn a_figure_that_lacks_a_table_is_listed() {
        let folder = full();
        assert_eq!(plot(folder.path()).unwrap().missing, []);
        fs::remove_file(folder.path().join(PeerRow::FILE)).unwrap();
        assert_eq!(plot(folder.path()).unwrap().missing, [("accuracy", "peers.csv")]);
    }

    #[test]
    fn a_table_of_another_name_is_known_by_its_columns() {
        let folder = full();
        let path = folder.path().join("lenet5_relu_search_window_f0.csv");
        fs::rename(folder.path().join(SearchRow::FILE), &path).unwrap();
        assert_eq!(find(&path).unwrap().file, SearchRow::FILE);
        assert!(drawn(folder.path()).iter().any(|it| it.name == "lenet5_relu_search_window_f0"));
        let other = folder.path().join("other.csv");
        fs::write(&other, "a,b\n1,2\n").unwrap();
        assert!(find(&other).is_none());
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error_that_names_the_place() {
        let refused = |file: &str, from: &str, to: &str| {
            let folder = full();
            let path = folder.path().join(file);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from), "{file}: {from}");
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            plot(folder.path()).unwrap_err().to_string()
        };
        let error = refused("lenet.csv", ",layer,C1,", ",line,C1,");
        assert!(
            error.contains("line 2, column level: \"line\" is not layer or network"),
            "{error}"
        );
        let error = refused("layer_errors.csv", ",local", ",global");
        assert!(error.contains("column error: \"global\" is not local or accumulated"), "{error}");
        let error = refused("products.csv", ",-1.00,", ",0.95,");
        assert!(error.contains("relative_high -0.9 is not above relative_low 0.95"), "{error}");
    }

    /// The results that the project ships are what this program reads and draws.
    #[test]
    fn every_report_of_the_project_is_drawn() {
        let reports = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports");
        let folders = fs::read_dir(reports).unwrap().map(|it| it.unwrap().path());
        let with_tables = folders.filter(|it| it.join("provenance.json").exists());
        let drawn: Vec<_> = with_tables.map(|it| (it.clone(), drawn(&it).len())).collect();
        assert!(drawn.len() >= 9, "{drawn:?}");
        for (folder, figures) in drawn {
            assert!(figures > 0, "{}", folder.display());
        }
    }
}
