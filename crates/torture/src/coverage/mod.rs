//! What random programs have exercised, counted from the instructions that have retired.

mod bins;
mod facts;
mod hit;
mod observe;
mod trap_kind;

use std::io;

use bins::BINS;
use hit::Hits;
use model::hart::Retire;
use observe::Observer;

/// How often each bin has been hit, by any number of programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage(Hits);

/// The coverage of one program.
#[derive(Debug)]
pub struct Recorder {
    observer: Observer,
    hits: Hits,
}

impl Default for Coverage {
    fn default() -> Self {
        Self(Hits::new())
    }
}

impl Coverage {
    /// Adds what other programs have hit.
    pub fn add(&mut self, other: &Self) {
        for (sum, hits) in self.0.0.iter_mut().zip(&other.0.0) {
            *sum += hits;
        }
    }

    /// The bins with their hits.
    pub fn bins(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = BINS.names.iter().zip(&self.0.0);
        names.filter_map(|(name, &hits)| Some((name.as_deref()?, hits)))
    }

    /// Names of the bins that have not been hit.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        self.bins().filter(|&(_, hits)| hits == 0).map(|(name, _)| name)
    }

    /// `x of y bins hit`.
    pub fn summary(&self) -> String {
        let (all, missing) = (self.bins().count(), self.missing().count());
        format!("{} of {all} bins hit", all - missing)
    }

    /// Groups of bins: name, how many it has, how many have been hit.
    pub fn groups(&self) -> Vec<(&'static str, usize, usize)> {
        let mut groups: Vec<(&str, usize, usize)> = Vec::new();
        for (name, hits) in self.bins() {
            let group = name.split('/').next().unwrap_or(name);
            if groups.last().is_none_or(|&(last, ..)| last != group) {
                groups.push((group, 0, 0));
            }
            if let Some((_, all, hit)) = groups.last_mut() {
                *all += 1;
                *hit += usize::from(hits > 0);
            }
        }
        groups
    }

    /// Writes the bins as CSV: `bin,hits`.
    pub fn write_csv(&self, to: impl io::Write) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(to);
        writer.write_record(["bin", "hits"])?;
        for (name, hits) in self.bins() {
            writer.write_record([name, &hits.to_string()])?;
        }
        writer.flush()
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self { observer: Observer::default(), hits: Hits::new() }
    }
}

impl Recorder {
    /// Counts the next instruction of the program.
    pub fn record(&mut self, retire: &Retire) {
        self.observer.observe(retire, &mut self.hits);
    }

    /// What the program has hit.
    pub fn finish(self) -> Coverage {
        Coverage(self.hits)
    }
}
