// SPDX-License-Identifier: MIT OR Apache-2.0
//! Verilates one model a feature, and the waveform and coverage builds of one design.

use verilated::build::{BuildError, Family, Trace, Verilate};

fn main() -> Result<(), BuildError> {
    // The compiler's time is worth more here than the models' speed.
    let model = |name: &str, top: &str| {
        Verilate::new(name, top)
            .source(format!("rtl/{top}.sv"))
            .waivers("rtl/waivers.vlt")
            .optimization("-O0")
    };
    let tuned = |name| model(name, "tuned").include_dir("rtl/include");
    let errors = |name| model(name, "errors").clock("clk_i");
    let shifter = |name: &str| model(name, "shifter").clock("clk_i");
    let clocks = |name: &str| model(name, "clocks");
    let reader =
        |name: &str, words: u32| model(name, "reader").clock("clk_i").parameter("Words", words);
    let lanes = |name: &str, lanes: u32| {
        model(name, "lanes").clock("clk_i").parameter("Lanes", lanes).memory("words", "words")
    };
    let mut shifters = Family::new("shifter", shifter("plain")).rows([
        shifter("plain"),
        shifter("vcd").trace(Trace::Vcd),
        shifter("cov").coverage(true),
        shifter("both").coverage(true).trace(Trace::Vcd),
    ]);
    if std::env::var_os("CARGO_FEATURE_FST").is_some() {
        shifters = shifters.row(shifter("fst").trace(Trace::Fst));
    }
    // Models whose names mean something in Rust: their types tell whether they can be compiled.
    let odd = [
        "box",
        "core",
        "err",
        "match",
        "option",
        "result",
        "self",
        "std",
        "string",
        "u8",
        "verilated",
    ];
    let odd = odd.map(|name| Family::new(name, model(name, "names").clock("CLK")));
    verilated::build::run(
        odd.into_iter().chain([
            model("widths", "widths").clock("clk_i").into(),
            Family::new("tuned", tuned("plain")).row(tuned("plain")).row(
                tuned("tuned")
                    .parameter("Factor", 7)
                    .parameter("Offset", "8'h10")
                    .define("EXTRA", 3)
                    .define("NEGATE", ""),
            ),
            model("banks", "banks")
                .source("rtl/bank.sv")
                .clock("clk_i")
                .memory("words", "u_bank.words")
                .memory("lane_0", "gen_lane[0].small_words")
                .memory("lane_1", "gen_lane[1].small_words")
                .memory("half", "half__words")
                .memory("large", "large_words")
                .into(),
            Family::new("errors", errors("plain"))
                .row(errors("plain"))
                .row(errors("unchecked").assertions(false)),
            model("oscillator", "oscillator").into(),
            model("startup", "startup").clock("clk_i").into(),
            model("names", "names").clock("CLK").into(),
            model("outer", "outer").clock("clk_i").into(),
            Family::new("clocks", clocks("plain")).rows([
                clocks("free").trace(Trace::Vcd),
                clocks("clocked").clock("clk_i").trace(Trace::Vcd),
            ]),
            model("unset", "unset").clock("clk_i").into(),
            shifters,
            Family::new("reader", reader("word", 1))
                .varying(["data_i"])
                .row(reader("word", 1))
                .row(reader("line", 4)),
            Family::new("lanes", lanes("one", 1))
                .varying(["data_i", "data_o", "sum_o"])
                .row(lanes("one", 1))
                .row(lanes("three", 3)),
        ]),
    )
}
