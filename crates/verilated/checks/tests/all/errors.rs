// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors in the RTL come back as values, and the process lives.

use verilated::{Config, Error, Model, RtlKind, Stop};
use verilated_checks::{Errors, Oscillator, Startup};

fn captured() -> Config {
    Config::new().capture_output(true)
}

/// Runs three quiet cycles and one with this request; gives the model and the error.
fn provoke(what: u8) -> (Errors, Error) {
    let mut model = Errors::new(&captured()).unwrap();
    for _ in 0..3 {
        model.tick().unwrap();
    }
    model.set_what_i(what);
    let error = model.tick().unwrap_err();
    (model, error)
}

#[track_caller]
fn check(error: &Error, want: RtlKind, want_message: &str, text: &str) {
    let Error::Rtl { kind, message, file, line, scope, time } = error else {
        panic!("{error} is of another kind");
    };
    assert_eq!((*kind, &**message), (want, want_message));
    assert_eq!((&**file, *time), ("rtl/errors.sv", 40));
    assert!(scope.starts_with("errors") || *kind == RtlKind::Stop, "scope {scope}");
    let source = include_str!("../../rtl/errors.sv");
    let found = source.lines().nth(*line as usize - 1).unwrap();
    assert!(found.contains(text), "line {line} is {found}");
}

#[test]
fn each_kind_is_told_with_message_file_line_and_time() {
    use RtlKind::{Assertion, Error as Plain, Fatal, Stop};
    for (what, kind, message, text) in [
        (1, Plain, "error at count 3", "$error(\"error at"),
        (2, Fatal, "fatal at count 3", "$fatal(1"),
        (3, Stop, "Verilog $stop", "$stop"),
        (5, Assertion, "'assert' failed.", "assert (what_i"),
        (6, Assertion, "not zero: 6", "$error(\"not zero"),
        (11, Plain, "no message", "$error;"),
    ] {
        let (model, error) = provoke(what);
        check(&error, kind, message, text);
        assert!(!model.finished());
    }
}

#[test]
fn a_concurrent_assertion_names_itself() {
    let (_, error) = provoke(12);
    check(&error, RtlKind::Assertion, "it is 12", "NotTwelve");
    assert!(matches!(error, Error::Rtl { scope, .. } if scope == "errors.NotTwelve"));
}

#[test]
fn the_model_goes_on_after_an_error() {
    for what in [1, 2, 3, 5, 12] {
        let (mut model, _) = provoke(what);
        // The cycle with the error is complete.
        assert_eq!((model.count_o(), model.cycles()), (4, 4));
        model.tick().unwrap_err();
        model.set_what_i(0);
        for _ in 0..10 {
            model.tick().unwrap();
        }
        assert_eq!(model.count_o(), 15);
    }
}

#[test]
fn the_first_of_several_errors_is_returned_and_the_rest_is_text() {
    let (mut model, error) = provoke(7);
    check(&error, RtlKind::Error, "first", "first");
    let output = model.take_output();
    assert!(output.contains("second") && !output.contains("first"), "{output}");
    model.set_what_i(0);
    model.tick().unwrap();
}

#[test]
fn a_batch_ends_at_the_error() {
    let mut model = Errors::new(&captured()).unwrap();
    model.set_what_i(12);
    assert!(matches!(model.run_cycles(100, Stop::never()), Err(Error::Rtl { time: 10, .. })));
    assert_eq!(model.cycles(), 1);
}

#[test]
fn finish_ends_the_model() {
    let mut model = Errors::new(&captured()).unwrap();
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
fn initial_blocks_can_fail_and_finish() {
    let error = Startup::new(&captured().plusarg("+fail")).unwrap_err();
    assert!(matches!(&error, Error::Rtl { kind: RtlKind::Fatal, message, time: 0, .. }
        if message == "asked to fail"));
    assert!(error.to_string().starts_with("rtl/startup.sv:"), "{error}");
    assert!(Startup::new(&captured().plusarg("finish")).unwrap().finished());
}

#[test]
fn final_blocks_can_fail() {
    let mut model = Startup::new(&captured().plusarg("verbose")).unwrap();
    model.tick().unwrap();
    let error = model.finalize().unwrap_err();
    assert!(matches!(error, Error::Rtl { message, .. } if message == "the end at 6"));
    // A model that is only dropped has nobody to tell.
    drop(Startup::new(&captured().plusarg("verbose")));
}

#[test]
fn plusargs_reach_their_model_only() {
    let mut model = Startup::new(&captured().plusarg("value=42").plusarg("+verbose")).unwrap();
    let other = Startup::new(&captured()).unwrap();
    assert_eq!((model.value_o(), model.verbose_o()), (42, 1));
    assert_eq!((other.value_o(), other.verbose_o()), (5, 0));
    assert_eq!(model.take_output(), "value is 42\n");
    let error = Startup::new(&captured().plusarg("a\0b")).unwrap_err();
    assert!(matches!(error, Error::Text { .. }));
}

#[test]
fn output_is_kept_in_order() {
    let mut model = Errors::new(&captured()).unwrap();
    for what in [8, 9, 0, 10] {
        model.set_what_i(what);
        model.tick().unwrap();
    }
    let output = model.take_output();
    assert!(output.starts_with("count is 0\nno end"), "{output}");
    assert!(output.contains("Warning") && output.contains("a warning"), "{output}");
    assert_eq!(model.take_output(), "");
}

#[test]
fn much_output_does_not_end_a_batch() {
    let mut model = Errors::new(&captured()).unwrap();
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
