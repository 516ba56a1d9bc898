// SPDX-License-Identifier: MIT OR Apache-2.0
//! Batches, time, errors in the RTL, output, threads, waveforms and coverage.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use verilated::{Clock, Config, Ended, Error, Model, RtlKind, Stop};

use crate::{Clocks, Errors, Oscillator, Outer, Shifter, Startup, Unset};

fn captured() -> Config {
    Config::new().capture_output(true)
}

fn counter() -> Errors {
    Errors::new(&captured()).unwrap()
}

#[test]
fn a_batch_is_as_many_ticks() {
    let (mut one, mut other) = (counter(), counter());
    for count in [0, 1, 2, 77] {
        let ran = one.run_cycles(count, Stop::never()).unwrap();
        assert_eq!((ran.cycles, ran.ended), (count, Ended::Count));
        for _ in 0..count {
            other.tick().unwrap();
        }
        assert_eq!((one.count_o(), one.cycles()), (other.count_o(), other.cycles()));
        assert_eq!(one.time(), other.time());
    }
    assert_eq!((one.count_o(), one.time()), (80, 800));
}

#[test]
fn conditions_stop_after_the_cycle_that_meets_them() {
    for (stop, cycles) in [
        (Stop::equal(Errors::COUNT_O, 9), 9),
        (Stop::not_equal(Errors::COUNT_O, 1), 2),
        (Stop::masked(Errors::COUNT_O, 0x0c, 0xffff_ff0c), 12),
        (Stop::masked(Errors::COUNT_O, 0x80, 0x80), 128),
        // The bits under the mask alone count.
        (Stop::masked(Errors::COUNT_O, 0x01, 0x00), 2),
    ] {
        let mut model = counter();
        let ran = model.run_cycles(1000, stop).unwrap();
        assert_eq!((ran.cycles, ran.ended), (cycles, Ended::Stop), "{stop:?}");
        assert_eq!(u64::from(model.count_o()), cycles);
    }
    // A condition that holds already lets one cycle pass; an eight-bit port wraps.
    let mut model = counter();
    assert_eq!(model.run_cycles(1000, Stop::equal(Errors::COUNT_O, 0)).unwrap().cycles, 256);
    let named = Errors::port("count_o").unwrap();
    assert_eq!(model.run_cycles(1000, Stop::equal(named, 3)).unwrap().cycles, 3);
    // Another width.
    let mut model = Startup::new(&Config::new().plusarg("value=70000")).unwrap();
    let ran = model.run_cycles(1000, Stop::equal(Startup::VALUE_O, 70321)).unwrap();
    assert_eq!((ran.cycles, ran.ended), (321, Ended::Stop));
}

#[test]
fn finish_ends_a_batch() {
    for stop in [Stop::never(), Stop::equal(Startup::VALUE_O, 5000)] {
        let mut model = Startup::new(&Config::new()).unwrap();
        let ran = model.run_until(stop, 1000).unwrap();
        assert_eq!((ran.cycles, ran.ended, model.value_o()), (96, Ended::Finish, 101));
    }
}

#[test]
fn the_watchdog_barks_after_its_cycles() {
    let mut model = counter();
    let result = model.run_until(Stop::equal(Errors::COUNT_O, 200), 199);
    assert!(matches!(result, Err(Error::Watchdog { cycles: 199, time: 1990 })));
    assert_eq!(model.run_until(Stop::equal(Errors::COUNT_O, 200), 1).unwrap().cycles, 1);
}

#[test]
fn time_starts_where_it_is_told_and_evaluations_move_it() {
    let mut model = Shifter::new(&Config::new().time(1000)).unwrap();
    assert_eq!(model.time(), 1000);
    model.tick().unwrap();
    assert_eq!((model.time(), model.cycles()), (1010, 1));
    // The falling edge waits for more than four evaluations.
    for (evaluations, after) in [(4, 1020), (6, 1032), (1, 1042)] {
        (0..evaluations).for_each(|_| model.eval().unwrap());
        model.tick().unwrap();
        assert_eq!(model.time(), after);
    }
    model.eval_at(1045).unwrap();
    model.eval_at(1090).unwrap();
    let error = model.eval_at(1090).unwrap_err();
    assert!(matches!(error, Error::Time { asked: 1090, now: 1090 }), "{error}");
    model.tick().unwrap();
    assert_eq!((model.time(), model.cycles()), (1096, 5));
}

#[test]
fn every_edge_of_every_clock_is_in_the_waveform() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.vcd");
    let rising = |name| values(&path, name).iter().filter(|it| it.1 == 1).count();

    // Pulses of another clock between the ticks of the model's own.
    let mut model = Clocks::builtin("clocked", &Config::new()).unwrap();
    model.open_trace(&path).unwrap();
    for _ in 0..4 {
        model.tick().unwrap();
        for level in [1, 0, 1, 0, 1, 0] {
            model.set_other_i(level);
            model.eval().unwrap();
        }
    }
    model.close_trace().unwrap();
    assert_eq!((model.count_o(), model.other_o(), model.cycles()), (4, 12, 4));
    assert_eq!((rising("clk_i"), rising("other_i")), (4, 12));

    // Periods and phases.
    let mut model = Clocks::builtin("free", &Config::new()).unwrap();
    model.open_trace(&path).unwrap();
    let clocks = [
        Clock { port: Clocks::CLK_I, period: 10, phase: 5 },
        Clock { port: Clocks::OTHER_I, period: 7, phase: 2 },
    ];
    for until in [20, 21, 60] {
        model.run_clocks(&clocks, until).unwrap();
    }
    model.close_trace().unwrap();
    let levels = |name| values(&path, name)[1..].to_vec();
    let expected = |period: u64, phase: u64| -> Vec<(u64, u64)> {
        let edges =
            (0..).flat_map(|n| [(phase + n * period, 1), (phase + n * period + period / 2, 0)]);
        edges.take_while(|edge| edge.0 <= 60).collect()
    };
    assert_eq!((levels("clk_i"), levels("other_i")), (expected(10, 5), expected(7, 2)));
    assert_eq!((model.count_o(), model.other_o()), (6, 9));
}

#[test]
fn a_tick_samples_the_inputs_set_before_it() {
    let mut model = Shifter::new(&Config::new()).unwrap();
    model.set_rst_ni(1);
    let mut word = 0_u8;
    for bit in [1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1] {
        model.set_bit_i(bit);
        model.tick().unwrap();
        word = word << 1 | bit;
        assert_eq!((model.word_o(), u32::from(model.ones_o())), (word, word.count_ones()));
    }
    // An asynchronous reset needs no edge of the clock.
    model.set_rst_ni(0);
    model.eval().unwrap();
    assert_eq!(model.word_o(), 0);
}

/// Runs three quiet cycles and one with this request; gives the model and the error.
fn provoke(what: u8) -> (Errors, Error) {
    let mut model = counter();
    for _ in 0..3 {
        model.tick().unwrap();
    }
    model.set_what_i(what);
    let error = model.tick().unwrap_err();
    (model, error)
}

#[test]
fn each_kind_is_told_with_message_file_line_and_time() {
    use RtlKind::{Assertion, Error as Plain, Fatal, Stop};
    let never = verilated::Stop::never();
    for (what, want, want_message, want_scope, text) in [
        (1, Plain, "error at count 3", "errors", "$error(\"error at"),
        (2, Fatal, "fatal at count 3", "errors", "$fatal(1"),
        (3, Stop, "Verilog $stop", "", "$stop"),
        (5, Assertion, "'assert' failed.", "errors", "assert (what_i"),
        (6, Assertion, "not zero: 6", "errors", "$error(\"not zero"),
        (7, Plain, "first", "errors", "first"),
        (11, Plain, "no message", "errors", "$error;"),
        (12, Assertion, "it is 12", "errors.NotTwelve", "NotTwelve"),
    ] {
        let (mut model, error) = provoke(what);
        let Error::Rtl { kind, message, file, line, scope, time } = error else {
            panic!("{error} is of another kind");
        };
        assert_eq!((kind, &*message, &*file, time), (want, want_message, "rtl/errors.sv", 40));
        assert!(scope.starts_with(want_scope), "scope {scope} of {what}");
        let source = include_str!("../../rtl/errors.sv");
        let found = source.lines().nth(line as usize - 1).unwrap();
        assert!(found.contains(text), "line {line} is {found}");
        // The cycle with the error is complete, and the model goes on.
        assert_eq!((model.finished(), model.count_o(), model.cycles()), (false, 4, 4));
        // The first of several errors is returned, and the rest is text.
        let output = model.take_output();
        assert!(output.contains("second") == (what == 7) && !output.contains("first"), "{output}");
        // A batch ends at the error.
        assert!(matches!(model.run_cycles(9, never), Err(Error::Rtl { time: 50, .. })), "{what}");
        model.set_what_i(0);
        assert_eq!(model.run_cycles(10, never).unwrap().cycles, 10);
        assert_eq!(model.count_o(), 15);
    }
}

#[test]
fn finish_ends_the_model() {
    let mut model = counter();
    model.set_what_i(4);
    model.tick().unwrap();
    assert!(model.finished());
    assert!(matches!(model.tick(), Err(Error::Finished)));
    assert!(matches!(model.eval(), Err(Error::Finished)));
    let run = model.run_cycles(1, Stop::never());
    assert!(matches!(run, Err(Error::Finished)));
    assert_eq!(model.cycles(), 1);
    model.finalize().unwrap();
    assert_eq!(model.take_output(), "final count 1\n");
    assert!(matches!(model.finalize(), Err(Error::Finished)));
}

#[test]
fn what_does_not_settle_poisons_its_model_only() {
    let mut model = Oscillator::new(&captured()).unwrap();
    model.eval().unwrap();
    model.set_en_i(1);
    let Err(Error::NotConverged { message, file, .. }) = model.eval() else {
        panic!("a ring oscillator does not settle");
    };
    assert!(message.contains("did not converge"), "{message}");
    assert_eq!(file, "rtl/oscillator.sv");
    model.set_en_i(0);
    for _ in 0..2 {
        assert!(matches!(model.eval(), Err(Error::Poisoned { message: m }) if m == message));
    }
    assert!(matches!(model.finalize(), Err(Error::Poisoned { .. })));
    assert!(!model.finished());
    // The next one is as good as ever.
    let mut model = Oscillator::new(&captured()).unwrap();
    model.eval().unwrap();
    assert_eq!(model.out_o(), 0);
}

#[test]
fn assertions_can_be_switched_off() {
    let mut model = Errors::new(&captured().assertions(false)).unwrap();
    for what in [5, 6, 12] {
        model.set_what_i(what);
        model.tick().unwrap();
    }
    let mut model = Errors::builtin("unchecked", &captured()).unwrap();
    model.set_what_i(12);
    model.tick().unwrap();
    // `$fatal` is no assertion.
    model.set_what_i(2);
    assert!(matches!(model.tick(), Err(Error::Rtl { kind: RtlKind::Fatal, .. })));
}

#[test]
fn plusargs_reach_the_blocks_of_their_model_only() {
    let startup = |plusarg| Startup::new(&captured().plusarg(plusarg));
    let error = startup("+fail").unwrap_err();
    assert!(matches!(&error, Error::Rtl { kind: RtlKind::Fatal, message, time: 0, .. }
        if message == "asked to fail"));
    assert!(error.to_string().starts_with("rtl/startup.sv:"), "{error}");
    assert!(startup("finish").unwrap().finished());
    assert!(matches!(startup("a\0b"), Err(Error::Text { .. })));
    let error = startup("memory").unwrap_err();
    assert!(
        matches!(&error, Error::NoMemoryFile { file, .. } if file == "nowhere/to be found.hex")
    );

    let mut model = Startup::new(&captured().plusarg("value=42").plusarg("+verbose")).unwrap();
    let other = Startup::new(&captured()).unwrap();
    assert_eq!((model.value_o(), model.verbose_o()), (42, 1));
    assert_eq!((other.value_o(), other.verbose_o()), (5, 0));
    assert_eq!(model.take_output(), "value is 42\n");
    model.tick().unwrap();
    let error = model.finalize().unwrap_err();
    assert!(matches!(error, Error::Rtl { message, .. } if message == "the end at 43"));
    // A model that is only dropped has nobody to tell.
    drop(startup("verbose"));
}

#[test]
fn output_is_kept_in_order() {
    let mut model = counter();
    for what in [8, 9, 0, 10] {
        model.set_what_i(what);
        model.tick().unwrap();
    }
    let output = model.take_output();
    assert!(output.starts_with("count is 0\nno end"), "{output}");
    assert!(output.contains("Warning") && output.contains("a warning"), "{output}");
    assert_eq!(model.take_output(), "");
    // Much of it does not end a batch.
    model.set_what_i(13);
    assert_eq!(model.run_cycles(5, Stop::never()).unwrap().cycles, 5);
    assert_eq!(model.take_output().lines().count(), 5 * 2000);
}

#[test]
fn the_trait_does_the_same() {
    fn run<M: Model>(config: &Config) -> Result<u64, Error> {
        let mut model = M::new(config)?;
        model.tick()?;
        model.eval()?;
        model.run_cycles(3, Stop::never())?;
        Ok(model.cycles())
    }
    assert_eq!(run::<Errors>(&captured()).unwrap(), 4);
}

thread_local! {
    static INNER: RefCell<Option<Errors>> = const { RefCell::new(None) };
}

/// What `outer.sv` calls.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C-unwind" fn verilated_checks_inner(what: i32) -> i32 {
    assert_ne!(what, 9, "a panic in a function of the design");
    INNER.with_borrow_mut(|inner| {
        let inner = inner.as_mut().unwrap();
        inner.set_what_i(if what == 6 { 1 } else { 8 });
        let result = inner.tick();
        assert_eq!(result.is_err(), what == 6, "{result:?}");
        inner.count_o().into()
    })
}

#[test]
fn models_that_call_models_report_their_own() {
    INNER.set(Some(counter()));
    let outer = || Outer::new(&captured()).unwrap();
    let mut model = outer();
    for (count, what) in [1, 3, 6, 5, 4].into_iter().enumerate() {
        model.set_what_i(what);
        let result = model.tick();
        match what {
            3 | 5 => assert!(
                matches!(&result, Err(Error::Rtl { message, .. }) if message == "of the outer model"),
                "{result:?}"
            ),
            _ => assert!(result.is_ok(), "{result:?}"),
        }
        assert_eq!(model.answer_o(), count as u32 + 1);
        assert_eq!(model.take_output(), format!("outer {what}\n"));
        INNER.with_borrow_mut(|inner| {
            let inner = inner.as_mut().unwrap();
            let output = if what == 6 { String::new() } else { format!("count is {count}\n") };
            assert_eq!((inner.take_output(), inner.finished()), (output, false));
        });
        assert_eq!(model.finished(), what == 4);
    }
    // A panic goes through to whoever ticks the model, which is unusable then.
    let mut model = outer();
    model.set_what_i(9);
    assert!(catch_unwind(AssertUnwindSafe(|| model.tick())).is_err());
    let message = "a panic in a function of the design";
    assert!(matches!(model.tick(), Err(Error::Poisoned { message: m }) if m == message));
    let mut model = outer();
    model.tick().unwrap();
}

/// Not a test: prints to a pipe that is closed when there is something on standard input.
#[test]
#[ignore = "run by the test below"]
fn prints_into_a_closed_pipe() {
    let Some(path) = std::env::var_os("RESULT") else { return };
    let mut model = Errors::new(&Config::new()).unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
    model.set_what_i(8);
    assert!(matches!(model.tick(), Err(Error::Output)));
    // An error in the RTL comes first, and the model goes on.
    model.set_what_i(1);
    assert!(matches!(model.tick(), Err(Error::Rtl { .. })));
    model.set_what_i(0);
    model.tick().unwrap();
    assert_eq!(model.count_o(), 3);
    // Its final block prints.
    drop(model);
    fs::write(path, "good").unwrap();
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    let dir = tempfile::tempdir().unwrap();
    let result = dir.path().join("result");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "running::prints_into_a_closed_pipe", "--ignored", "--nocapture"])
        .env("RESULT", &result)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The harness has printed its head when it has run into the test.
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !line.contains("running 1 test") {
        assert_ne!(output.read_line(&mut line).unwrap(), 0);
    }
    drop(output);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let messages = String::from_utf8_lossy(&output.stderr);
    assert_eq!(fs::read_to_string(result).ok().as_deref(), Some("good"), "{messages}");
}

#[test]
fn a_model_moves_from_thread_to_thread() {
    let mut model = counter();
    for round in 1..=20_u8 {
        model = thread::spawn(move || {
            model.run_cycles(3, Stop::never()).unwrap();
            model.set_what_i(8);
            model.tick().unwrap();
            model.set_what_i(0);
            // Errors and text find the model wherever it is.
            assert!(model.take_output().starts_with("count is"));
            model.set_what_i(2);
            let error = model.tick().unwrap_err();
            assert!(matches!(error, Error::Rtl { kind: RtlKind::Fatal, .. }));
            model.set_what_i(0);
            model
        })
        .join()
        .unwrap();
        assert_eq!(model.count_o(), round * 5);
    }
}

#[test]
fn eight_models_on_eight_threads() {
    thread::scope(|scope| {
        for id in 0..8_u64 {
            scope.spawn(move || {
                let mut model = counter();
                for cycle in 0..20_000_u64 {
                    let fails = (cycle + id) % 97 == 0;
                    model.set_what_i(if fails { 1 } else { 0 });
                    match model.tick() {
                        Ok(()) => assert!(!fails),
                        Err(Error::Rtl { message, .. }) => {
                            assert!(fails);
                            assert_eq!(message, format!("error at count {}", cycle % 256));
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                assert_eq!(model.count_o(), (20_000 % 256) as u8);
            });
        }
    });
}

#[test]
fn many_models_take_turns_on_one_thread() {
    let mut models: Vec<Errors> = (0..30).map(|_| counter()).collect();
    for round in 0..50_u8 {
        for (i, model) in models.iter_mut().enumerate() {
            model.set_what_i(if i == 7 { 8 } else { 0 });
            model.tick().unwrap();
            assert_eq!(model.count_o(), round + 1);
        }
    }
    for (i, model) in models.iter_mut().enumerate() {
        assert_eq!(model.take_output().lines().count(), if i == 7 { 50 } else { 0 });
    }
}

#[test]
fn a_model_may_outlive_the_thread_that_made_it_and_die_elsewhere() {
    for _ in 0..50 {
        let made = thread::spawn(|| {
            let kept = Unset::new(&Config::new().seed(3)).unwrap();
            let mut moved = Shifter::new(&Config::new()).unwrap();
            moved.tick().unwrap();
            (kept, moved)
        });
        let (mut kept, moved) = made.join().unwrap();
        thread::spawn(move || drop(moved)).join().unwrap();
        kept.tick().unwrap();
        // A model at the address of the dropped one must not be taken for it.
        let mut next = Shifter::new(&Config::new()).unwrap();
        next.tick().unwrap();
        assert_eq!((kept.cycles(), next.cycles()), (1, 1));
    }
}

/// All values of the variable of this name, as (time, value).
fn values(path: &Path, name: &str) -> Vec<(u64, u64)> {
    let mut parser = vcd::Parser::new(BufReader::new(fs::File::open(path).unwrap()));
    let header = parser.parse_header().unwrap();
    assert_eq!(header.timescale, Some((1, vcd::TimescaleUnit::NS)));
    let code = header.find_var(&["TOP", name]).expect("the port is in the waveform").code;
    let bit = |value: vcd::Value| u64::from(value == vcd::Value::V1);
    let (mut time, mut values) = (0, Vec::new());
    for command in parser {
        match command.unwrap() {
            vcd::Command::Timestamp(now) => time = now,
            vcd::Command::ChangeScalar(id, value) if id == code => values.push((time, bit(value))),
            vcd::Command::ChangeVector(id, vector) if id == code => {
                values.push((time, vector.iter().fold(0, |all, value| all << 1 | bit(value))));
            }
            _ => {}
        }
    }
    values
}

fn row(name: &str) -> Shifter {
    Shifter::builtin(name, &Config::new()).unwrap()
}

impl Shifter {
    fn shift(&mut self, bit: u8) -> Result<u8, Error> {
        self.set_rst_ni(1);
        self.set_bit_i(bit);
        self.tick()?;
        Ok(self.word_o())
    }
}

#[test]
fn a_waveform_shows_each_cycle() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("all.vcd");
    let mut model = row("vcd");
    model.open_trace(&path).unwrap();
    let mut expected: BTreeMap<u64, u64> = BTreeMap::from([(0, 0)]);
    for cycle in 0..200_u64 {
        let word = model.shift(u8::from(cycle % 3 == 0)).unwrap();
        expected.insert((cycle + 1) * 10, u64::from(word));
    }
    model.close_trace().unwrap();
    // Changes alone are in the file.
    let mut changes: Vec<(u64, u64)> = expected.into_iter().collect();
    changes.dedup_by_key(|change| change.1);
    assert_eq!(values(&path, "word_o"), changes);
    // The clock rises at the end of a tick and the inputs change at its middle.
    let clock = values(&path, "clk_i");
    let edges = (1..=200).flat_map(|n| [(n * 10, 1), (n * 10 + 5, 0)]);
    assert_eq!(clock[1..], edges.take(clock.len() - 1).collect::<Vec<_>>());
    assert_eq!(clock.len(), 400);
    assert!(values(&path, "bit_i").iter().skip(1).all(|(time, _)| time % 10 == 5));
}

#[test]
fn dumping_stops_and_starts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("part.vcd");
    let mut model = row("vcd");
    // Nothing happens while no file is open.
    model.start_trace();
    model.shift(1).unwrap();
    model.open_trace(&path).unwrap();
    model.shift(1).unwrap();
    model.stop_trace();
    for _ in 0..10 {
        model.shift(0).unwrap();
    }
    model.start_trace();
    model.shift(1).unwrap();
    drop(model);
    let times: Vec<u64> = values(&path, "clk_i").iter().map(|change| change.0).collect();
    assert!(times.contains(&20) && times.contains(&130), "{times:?}");
    assert!(times.iter().all(|&time| time <= 20 || time >= 125), "{times:?}");
    assert_eq!(values(&path, "word_o").last(), Some(&(130, 0b1)));
}

#[test]
fn evaluations_between_ticks_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("eval.vcd");
    let mut model = row("vcd");
    model.open_trace(&path).unwrap();
    model.shift(1).unwrap();
    for rst_ni in [0, 1] {
        model.set_rst_ni(rst_ni);
        model.eval().unwrap();
    }
    model.close_trace().unwrap();
    assert_eq!(values(&path, "rst_ni"), [(0, 0), (5, 1), (11, 0), (12, 1)]);
}

#[test]
fn one_model_writes_one_file_after_the_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = row("vcd");
    for name in ["a.vcd", "b.vcd", "c.vcd"] {
        // Opening closes the one before.
        model.open_trace(dir.path().join(name)).unwrap();
        model.shift(1).unwrap();
    }
    model.flush_trace().unwrap();
    drop(model);
    assert_eq!(values(&dir.path().join("a.vcd"), "word_o"), [(0, 0), (10, 1)]);
    assert_eq!(values(&dir.path().join("b.vcd"), "word_o"), [(10, 1), (20, 3)]);
    assert_eq!(values(&dir.path().join("c.vcd"), "word_o"), [(20, 3), (30, 7)]);
}

#[test]
fn models_trace_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for id in 0..4_u8 {
            let path = dir.path().join(format!("{id}.vcd"));
            scope.spawn(move || {
                let mut model = row("vcd");
                model.open_trace(&path).unwrap();
                for cycle in 0..8 {
                    model.shift(id >> (cycle % 2) & 1).unwrap();
                }
                model.close_trace().unwrap();
                let last = values(&path, "word_o").last().map_or(0, |change| change.1);
                assert_eq!(last, u64::from(model.word_o()));
            });
        }
    });
}

#[test]
fn what_cannot_be_traced_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none").join("x.vcd");
    let mut model = row("vcd");
    assert!(matches!(model.open_trace(&path), Err(Error::Trace { path: p, .. }) if p == path));
    model.shift(1).unwrap();
    model.close_trace().unwrap();

    let path = dir.path().join("x.vcd");
    let mut model = row("plain");
    let error = model.open_trace(&path).unwrap_err();
    assert!(error.to_string().contains("without a trace"), "{error}");
    assert!(!path.exists());
    // No file, no harm.
    model.flush_trace().unwrap();
    model.close_trace().unwrap();
    model.shift(1).unwrap();
}

#[cfg(feature = "fst")]
#[test]
fn an_fst_file_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.fst");
    let mut model = row("fst");
    assert!(model.open_trace(dir.path().join("none").join("x.fst")).is_err());
    model.open_trace(&path).unwrap();
    model.set_rst_ni(1);
    for cycle in 0..1000_u32 {
        model.set_bit_i((cycle % 3 == 0).into());
        model.tick().unwrap();
    }
    model.close_trace().unwrap();
    let bytes = fs::read(&path).unwrap();
    // The header block: type 0, its length, then start and end of time.
    assert_eq!(bytes[0], 0);
    let number = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
    assert_eq!((number(1), number(9), number(17)), (329, 0, 10_000));
    model.open_trace(dir.path().join("y.fst")).unwrap();
    model.tick().unwrap();
    drop(model);
    assert!(fs::metadata(dir.path().join("y.fst")).unwrap().len() > 300);
}

/// The count of the only user point in a coverage file.
fn cover_count(path: &Path) -> u64 {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.contains("AllOnes")).expect("a cover point");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn coverage_is_counted_per_model() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one.dat"), dir.path().join("two.dat"));
    let mut first = row("cov");
    let mut second = row("both");
    for _ in 0..20 {
        first.shift(1).unwrap();
        second.shift(0).unwrap();
    }
    first.write_coverage(&one).unwrap();
    second.write_coverage(&two).unwrap();
    // The word is all ones from the eighth cycle on, and sampled one cycle later.
    assert_eq!((cover_count(&one), cover_count(&two)), (12, 0));
    for path in [&*dir.path().join("none").join("x.dat"), Path::new("/dev/full")] {
        assert!(matches!(first.write_coverage(path), Err(Error::Coverage { .. })), "{path:?}");
    }
    first.shift(1).unwrap();
    let error = row("plain").write_coverage(&one).unwrap_err();
    assert!(error.to_string().contains("without coverage"), "{error}");
}
