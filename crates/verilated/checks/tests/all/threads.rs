// SPDX-License-Identifier: MIT OR Apache-2.0
//! Models are `Send`: made on one thread, used on others, any number at once.

use std::sync::mpsc;
use std::thread;

use verilated::{Config, Error, RtlKind, Stop};
use verilated_checks::{Errors, Shifter, Unset, Widths};

const fn sendable<T: Send>() {}
const _: () = {
    sendable::<Errors>();
    sendable::<Widths>();
};

#[test]
fn a_model_moves_from_thread_to_thread() {
    let mut model = Errors::new(&Config::new().capture_output(true)).unwrap();
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
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for id in 0..8_u64 {
            let sender = sender.clone();
            scope.spawn(move || {
                let mut model = Errors::new(&Config::new().capture_output(true)).unwrap();
                let mut errors = 0;
                for cycle in 0..20_000_u64 {
                    let fails = (cycle + id) % 97 == 0;
                    model.set_what_i(if fails { 1 } else { 0 });
                    match model.tick() {
                        Ok(()) => assert!(!fails),
                        Err(Error::Rtl { message, .. }) => {
                            assert!(fails);
                            assert_eq!(message, format!("error at count {}", cycle % 256));
                            errors += 1;
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                assert_eq!(model.count_o(), (20_000 % 256) as u8);
                sender.send((id, errors)).unwrap();
            });
        }
    });
    drop(sender);
    let results: Vec<(u64, u64)> = receiver.iter().collect();
    assert_eq!(results.len(), 8);
    for (id, errors) in results {
        assert_eq!(errors, (0..20_000).filter(|cycle| (cycle + id) % 97 == 0).count() as u64);
    }
}

#[test]
fn many_models_take_turns_on_one_thread() {
    let config = Config::new().capture_output(true);
    let mut models: Vec<Errors> = (0..30).map(|_| Errors::new(&config).unwrap()).collect();
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
