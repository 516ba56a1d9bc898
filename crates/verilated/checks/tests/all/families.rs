// SPDX-License-Identifier: MIT OR Apache-2.0
//! Families: rows that are linked in and rows that are verilated while the program runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use verilated::load::{BuildError, Trace, Verilate, load, load_with, sources_digest};
use verilated::{Bits, Config, Error, Library, Stop};

use crate::{Lanes, Shifter, Tuned};

fn rtl(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl").join(name)
}

fn recipe(name: &str, top: &str) -> Verilate {
    Verilate::new(name, top)
        .source(rtl(&format!("{top}.sv")))
        .waivers(rtl("waivers.vlt"))
        .clock("clk_i")
        .optimization("-O0")
}

fn lanes(name: &str, lanes: u32) -> Verilate {
    recipe(name, "lanes").parameter("Lanes", lanes).memory("words", "words")
}

/// One cache for all tests of this program, as a program would have it; the runtime is compiled
/// once.
fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// RTL that a test changes, in a folder of its own: always the same, so that the next run of the
/// tests finds its models in the cache.
fn changed(name: &str, rtl: &str) -> (PathBuf, Verilate) {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join("lanes.sv");
    fs::write(&path, rtl).unwrap();
    let recipe = Verilate::new("lanes", "lanes").source(&path).clock("clk_i").optimization("-O0");
    (path, recipe.parameter("Lanes", 2).waivers(self::rtl("waivers.vlt")))
}

fn lanes_rtl() -> String {
    fs::read_to_string(rtl("lanes.sv")).unwrap()
}

/// Runs a model of this many lanes against a count of what it has to do.
fn check(mut model: Lanes, lanes: u32) -> Result<(), Error> {
    assert_eq!(u32::from(model.lanes_o()), lanes);
    model.words_mut()[3] = 200;
    assert_eq!(model.words().len(), 4 * lanes as usize);
    model.set_rst_ni(1);
    model.set_addr_i(3);
    for seed in 1..50_u32 {
        let halves: Vec<u16> = (0..lanes).map(|i| (seed * 0x9e37 + i * 0x1235) as u16).collect();
        let pair = |i: usize| halves.get(i).map_or(0, |&half| u32::from(half));
        let words: Vec<u32> =
            (0..halves.len().div_ceil(2)).map(|i| pair(2 * i) | pair(2 * i + 1) << 16).collect();
        model.set_data_i_words(&words);
        model.tick()?;
        let data: Bits<'_> = model.data_o();
        assert_eq!((data.width(), data.words()), (16 * lanes, words.len()));
        for (i, &half) in halves.iter().enumerate() {
            assert_eq!(data.bits(16 * i as u32, 16), half.into());
        }
        let sum: u64 = halves.iter().map(|&half| u64::from(half)).sum();
        assert_eq!(model.sum_o().to_u64(), sum + 200);
    }
    // A value is cut to the port, or has zeros above it.
    model.set_data_i(u64::MAX);
    let width = (16 * lanes).min(64);
    assert_eq!(model.data_i().to_u64(), u64::MAX >> (64 - width));
    assert_eq!(model.data_i().bits(64, 64), 0);
    // Stop conditions watch a port of any width.
    let ran = model.run_until(Stop::equal(Lanes::DATA_O, u64::MAX >> (64 - width)), 5)?;
    assert_eq!(ran.cycles, 1);
    Ok(())
}

#[test]
fn rows_of_every_width_have_one_type() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::new();
    check(Lanes::builtin("one", &config)?, 1)?;
    check(Lanes::builtin("three", &config)?, 3)?;
    for count in [2, 4, 7] {
        let library = load(&lanes(&format!("lanes{count}"), count), cache())?;
        check(Lanes::from_library(&library, &config)?, count)?;
        let width = |name: &str| library.ports().find(|port| port.name == name).unwrap().width;
        assert_eq!((width("data_i"), width("addr_i")), (16 * count, 2));
    }
    assert_eq!(Lanes::PORTS.iter().filter(|port| port.width == 0).count(), 3);
    let rows: Vec<_> = Lanes::BUILTINS.iter().map(|row| (row.name, row.parameters)).collect();
    assert_eq!(rows, [("one", &[("Lanes", "1")][..]), ("three", &[("Lanes", "3")])]);
    let error = Lanes::builtin("two", &config).unwrap_err().to_string();
    assert!(error.contains("`two`") && error.contains("one, three"), "{error}");
    Ok(())
}

#[test]
fn the_digest_of_the_sources_tells_whether_a_row_is_up_to_date() -> Result<(), BuildError> {
    for row in Lanes::BUILTINS {
        assert_eq!(sources_digest(&lanes("any", 9))?, row.sources_digest);
        assert_eq!(row.library().sources_digest(), row.sources_digest);
    }
    // What is included counts, found in whatever way.
    let tuned = recipe("any", "tuned");
    let with = sources_digest(&tuned.clone().include_dir(rtl("include")))?;
    assert_eq!(with, Tuned::BUILTINS[0].sources_digest);
    assert_ne!(sources_digest(&tuned)?, with);
    let missing = Verilate::new("any", "any").source("nowhere.sv");
    assert!(matches!(sources_digest(&missing), Err(BuildError::SourceMissing { .. })));
    Ok(())
}

#[test]
fn a_loaded_row_writes_waveforms() -> Result<(), Box<dyn std::error::Error>> {
    let library = load(&recipe("loaded-vcd", "shifter").trace(Trace::Vcd), cache())?;
    assert!(library.traced() && !library.covered());
    let dir = tempfile::tempdir()?;
    let mut texts = [
        Shifter::from_library(&library, &Config::new())?,
        Shifter::builtin("vcd", &Config::new())?,
    ]
    .into_iter()
    .map(|mut model| {
        let path = dir.path().join("x.vcd");
        model.open_trace(&path)?;
        model.set_rst_ni(1);
        for cycle in 0..50_u8 {
            model.set_bit_i((cycle % 3) & 1);
            model.tick()?;
        }
        model.close_trace()?;
        let text = fs::read_to_string(path)?;
        let start = text.find("$timescale").expect("a waveform");
        Ok(text[start..].to_owned())
    })
    .collect::<Result<Vec<String>, Box<dyn std::error::Error>>>()?;
    assert!(texts[0].contains("word_o"));
    assert_eq!(texts.pop(), texts.pop());
    Ok(())
}

#[test]
fn other_ports_are_refused_by_name() -> Result<(), BuildError> {
    let refused = |from: &str, to: &str, memory: bool| {
        let text = lanes_rtl();
        assert!(text.contains(from));
        let (_, mut recipe) = changed("refused", &text.replace(from, to));
        if memory {
            recipe = recipe.memory("words", "words");
        }
        let library = load(&recipe, cache())?;
        Ok(Lanes::from_library(&library, &Config::new()).unwrap_err().to_string())
    };
    let nine = "output logic [       8:0]         lanes_o";
    let eight = "output logic [       7:0]         lanes_o";
    let text = refused(eight, nine, true)?;
    assert!(
        text.contains(
            "port `lanes_o` has 9 bits in the loaded model, the program was compiled for 8: \
             build the program again"
        ),
        "{text}"
    );
    let text = refused(eight, &format!("output logic extra_o, {eight}"), true)?;
    assert!(text.contains("`extra_o` of the loaded model is unknown to the program"), "{text}");
    let text = refused("addr_i", "address_i", true)?;
    assert!(text.contains("port `addr_i` is missing from the loaded model"), "{text}");
    let text = refused(" addr_i", " addr_i", false)?;
    assert!(text.contains("memory `words` is missing"), "{text}");
    let text = refused("logic [7:0] words", "logic [8:0] words", true)?;
    assert!(text.contains("memory `words` has words of 16 bits"), "{text}");
    Ok(())
}

#[test]
fn eight_threads_build_a_model_once() {
    let entries = || {
        let entries = fs::read_dir(cache()).into_iter().flatten().map(|it| it.unwrap().path());
        entries.filter(|path| path.is_dir() && path.to_string_lossy().contains("/once-"))
    };
    entries().for_each(|path| fs::remove_dir_all(path).unwrap());
    let builds = AtomicUsize::new(0);
    let recipe = lanes("once", 2);
    let ask = || {
        let count = |name: &str| {
            assert_eq!(name, "once");
            builds.fetch_add(1, Ordering::Relaxed);
        };
        let library = load_with(&recipe, cache(), count).unwrap();
        check(Lanes::from_library(&library, &Config::new()).unwrap(), 2).unwrap();
    };
    thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(ask))));
    assert_eq!(builds.load(Ordering::Relaxed), 1);
    // What is damaged, or was not finished, is built again.
    let entry = |ends: &str| entries().next().unwrap().join(ends);
    let damaged = entry("model.so");
    fs::remove_file(&damaged).unwrap();
    fs::write(&damaged, "half").unwrap();
    ask();
    fs::remove_file(entry("stamp")).unwrap();
    ask();
    assert_eq!(builds.load(Ordering::Relaxed), 3);
    ask();
    assert_eq!(builds.load(Ordering::Relaxed), 3);
}

#[test]
fn changed_sources_give_another_model() -> Result<(), Box<dyn std::error::Error>> {
    let (path, recipe) = changed("edited", &lanes_rtl());
    let recipe = recipe.memory("words", "words");
    let lanes = |library: &Library| Lanes::from_library(library, &Config::new());
    let first = load(&recipe, cache())?;
    let old = lanes(&first)?;
    let changed = lanes_rtl().replace("8'(Lanes)", "8'(Lanes + 40)");
    fs::write(&path, &changed)?;
    let second = load(&recipe, cache())?;
    assert_ne!(first.sources_digest(), second.sources_digest());
    // The old one is still there, and models of both may be made.
    assert_eq!((old.lanes_o(), lanes(&first)?.lanes_o(), lanes(&second)?.lanes_o()), (2, 2, 42));
    // Back again: nothing is to be built.
    fs::write(&path, lanes_rtl())?;
    let third = load_with(&recipe, cache(), |name| panic!("{name} is in the cache"))?;
    assert_eq!(lanes(&third)?.lanes_o(), 2);
    Ok(())
}

#[test]
fn mistakes_in_the_rtl_come_in_verilators_words() {
    let broken = lanes_rtl().replace("always_comb begin", "always_comb begn");
    let (path, recipe) = changed("broken", &broken);
    let error = load(&recipe, cache()).unwrap_err();
    let BuildError::VerilatorFailed { model, messages, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(model, "lanes");
    let place = format!("%Error: {}:2", path.display());
    assert!(messages.starts_with(&place), "{messages}");
    assert_eq!(error.to_string().matches(&place).count(), messages.matches(&place).count());
    // A loaded model cannot call the program: the function is named.
    let error = load(&self::recipe("outer", "outer"), cache()).unwrap_err();
    assert!(matches!(error, BuildError::Load { .. }), "{error}");
    assert!(error.to_string().contains("verilated_checks_inner"), "{error}");
    let odd = Verilate::new("a/b", "lanes");
    assert!(matches!(load(&odd, cache()), Err(BuildError::Description(_))));
}

#[test]
fn libraries_do_not_disturb_one_another() -> Result<(), Box<dyn std::error::Error>> {
    let loaded: Vec<Library> = [5, 6]
        .iter()
        .map(|&count| load(&lanes(&format!("lanes{count}"), count), cache()))
        .collect::<Result<_, _>>()?;
    let errors = load(&recipe("errors", "errors"), cache())?;
    thread::scope(|scope| {
        for id in 0..6_usize {
            let loaded = &loaded;
            scope.spawn(move || {
                for round in 0..20 {
                    // Errors and text come from the model that raised them, built in or not.
                    let config = Config::new().capture_output(true);
                    let mut own = if (id + round) % 2 == 0 {
                        crate::Errors::from_library(&errors, &config)
                    } else {
                        crate::Errors::new(&config)
                    }
                    .unwrap();
                    let seeded = Config::new().seed(id as u64 + 1);
                    let one = Lanes::from_library(&loaded[id % 2], &seeded).unwrap();
                    let two = Lanes::from_library(&loaded[id % 2], &seeded).unwrap();
                    assert_eq!(one.words(), two.words());
                    assert_ne!(one.words(), vec![0; one.words().len()]);
                    own.set_what_i(8);
                    own.tick().unwrap();
                    own.set_what_i(1);
                    let Err(Error::Rtl { message, .. }) = own.tick() else {
                        panic!("no error");
                    };
                    assert_eq!(message, "error at count 1");
                    assert_eq!(own.take_output(), "count is 0\n");
                    check(one, 5 + id as u32 % 2).unwrap();
                    check(Lanes::builtin("three", &Config::new()).unwrap(), 3).unwrap();
                }
            });
        }
    });
    Ok(())
}
