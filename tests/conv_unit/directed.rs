//! The vectors of `testvectors/conv_unit/`. Their expectations are stated in the files and do not
//! come from the golden model; so both it and the unit have to answer for them.

use std::collections::BTreeSet;

use convapprox::dut::{Outcome, Tile, UNITS};
use model::conv::{Mode, SmaxScope};

use crate::bench::{Bench, units_and_x_seeds};
use crate::mismatch::Origin;
use crate::vectors::{Vector, read_all};

#[test]
fn the_golden_model_agrees_with_the_vectors() {
    for Vector { name, log_frac, window, outputs, kept, s_max } in read_all() {
        let dots = window.expected(log_frac).dots;
        assert_eq!(dots.len(), outputs.len(), "{name}");
        for (i, dot) in dots.iter().enumerate() {
            let golden = (dot.output, dot.kept, dot.s_max);
            assert_eq!(golden, (outputs[i], kept[i], s_max[i]), "{name}: output {i}");
        }
    }
}

#[test]
fn every_unit_agrees_with_the_vectors() {
    let vectors = read_all();
    for (parameters, x_seed) in units_and_x_seeds() {
        let mut bench = Bench::new(parameters, x_seed, None);
        let mut run = 0;
        for vector in &vectors {
            let Vector { name, log_frac, window, .. } = vector;
            if *log_frac != parameters.log_frac || window.side > parameters.kernel {
                continue;
            }
            bench.load(window);
            let origin = Origin {
                what: name.clone(),
                operands: "testvectors/conv_unit".to_owned(),
                number: run,
                seed: 0,
                repeat: "cargo test --release --test conv_unit directed".to_owned(),
            };
            let outcome = bench.run(window, &origin);
            let found = differences(vector, parameters.kernel, &outcome);
            if !found.is_empty() {
                bench.fail(window, &found, &origin);
            }
            run += 1;
        }
        let hint = "add its LOG_FRAC to LOG_FRACS in testvectors/conv_unit/generate.py";
        assert!(run > 500, "{run} vectors for {}: {hint}", parameters.name);
        bench.check_counters("all vectors");
    }
}

/// How an outcome differs from what the vector states.
fn differences(vector: &Vector, kernel: usize, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    for (i, &output) in vector.outputs.iter().enumerate() {
        let kept = outcome.kept(i, kernel, vector.window.side);
        let unit = (outcome.outputs[i], kept, outcome.s_max[i]);
        let stated = (output, vector.kept[i], vector.s_max[i]);
        if unit != stated {
            found.push(format!(
                "output {i}, kept products, S_max: the unit has {unit:?}, the vector {stated:?}"
            ));
        }
    }
    // Nothing is left in what the tile does not have, and no product is kept beyond the kernel.
    if outcome.outputs[vector.outputs.len()..].iter().any(|&output| output != 0) {
        found.push(format!("outputs that the tile does not have: {:?}", outcome.outputs));
    }
    let (unit, stated) =
        (outcome.keep.count_ones(), vector.kept.iter().map(|kept| kept.count_ones()).sum::<u32>());
    if unit != stated {
        found.push(format!("the unit kept {unit} products, the vector {stated}"));
    }
    found
}

/// The list that the vectors must cover, so that a change of their generator cannot lose it.
#[test]
fn the_vectors_cover_the_contract() {
    let vectors = read_all();
    for log_frac in UNITS.iter().map(|unit| unit.log_frac) {
        let of_unit: Vec<_> = vectors.iter().filter(|vector| vector.log_frac == log_frac).collect();

        let corners = (0..32).flat_map(|k| [-1, 0, 1].map(|step| (1_i64 << k) + step));
        let corners: BTreeSet<i32> =
            corners.flat_map(|a| [a, -a]).filter_map(|a| i32::try_from(a).ok()).collect();
        for (what, has) in [
            ("word", (|v, a| v.window.words.contains(&a)) as fn(&Vector, i32) -> bool),
            ("weight", |v, a| v.window.weights.contains(&a)),
        ] {
            for &a in &corners {
                assert!(of_unit.iter().any(|v| has(v, a)), "no {what} {a} at F = {log_frac}");
            }
        }

        let any = |what: &str, has: &dyn Fn(&Vector) -> bool| {
            assert!(of_unit.iter().any(|v| has(v)), "no vector {what} at F = {log_frac}");
        };
        for mode in Mode::ALL {
            for scope in SmaxScope::ALL {
                for tile in [Tile::One, Tile::TwoByTwo] {
                    let alike = move |v: &Vector| {
                        let run = v.window.run;
                        (run.mode, run.scope, run.tile) == (mode, scope, tile)
                    };
                    let live = |words: &[i32]| words.iter().filter(|&&word| word != 0).count();
                    any("of each kind", &alike);
                    any("of zeros", &|v| alike(v) && live(&v.window.words) == 0);
                    any("of no weights", &|v| alike(v) && live(&v.window.weights) == 0);
                    any("with a carry", &|v| alike(v) && v.window.run.carry[0].is_some());
                }
            }
        }
        any("with a single word", &|v| v.window.words.iter().filter(|&&w| w != 0).count() == 1);
        any("with ties", &|v| v.window.run.threshold.get() == 1 && v.kept[0].count_ones() > 1);
        for t in [1, 64 << log_frac, 0xffff, 0x1_0000, u32::MAX] {
            any("at a boundary of T", &|v| v.window.run.threshold.get() == t);
        }
    }
}
