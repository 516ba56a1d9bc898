//! Verilates one model a feature, and the waveform and coverage builds of one design.

use verilated::build::{BuildError, Trace, Verilate};

fn main() -> Result<(), BuildError> {
    let model = |name: &str, top: &str| {
        Verilate::new(name, top).source(format!("rtl/{top}.sv")).waivers("rtl/waivers.vlt")
    };
    let shifter = |name: &str| model(name, "shifter").clock("clk_i");
    let mut models = vec![
        model("widths", "widths").clock("clk_i"),
        model("tuned", "tuned")
            .include_dir("rtl/include")
            .parameter("Factor", 7)
            .parameter("Offset", "8'h10")
            .define("EXTRA", 3)
            .define("NEGATE", ""),
        model("plain", "tuned").include_dir("rtl/include"),
        model("banks", "banks")
            .source("rtl/bank.sv")
            .clock("clk_i")
            .memory("words", "u_bank.words")
            .memory("lane_0", "gen_lane[0].small_words")
            .memory("lane_1", "gen_lane[1].small_words")
            .memory("half", "half__words")
            .memory("large", "large_words"),
        model("errors", "errors").clock("clk_i"),
        model("errors_unchecked", "errors").clock("clk_i").assertions(false),
        model("oscillator", "oscillator"),
        model("startup", "startup").clock("clk_i"),
        model("unset", "unset").clock("clk_i"),
        shifter("shifter"),
        shifter("shifter_vcd").trace(Trace::Vcd),
        shifter("shifter_cov").coverage(true),
        shifter("shifter_both").coverage(true).trace(Trace::Vcd),
    ];
    if std::env::var_os("CARGO_FEATURE_FST").is_some() {
        models.push(shifter("shifter_fst").trace(Trace::Fst));
    }
    verilated::build::run(models)
}
