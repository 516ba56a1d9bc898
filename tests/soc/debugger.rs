// SPDX-License-Identifier: MIT OR Apache-2.0
//! `soc --gdb`: a small client that speaks GDB's remote protocol.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use convapprox::bench::symbols::Symbols;
use convapprox::firmware::find;
use convapprox::hw::SOC;
use model::elf::Executable;
use model::facts::soc::RAM_BASE;
use model::hart::{Access, Feed, Hart};

use crate::common::{Ran, convapprox, succeeds};

struct Client(TcpStream);

impl Client {
    /// Starts `convapprox soc PROGRAM --gdb 0` and connects to it.
    fn start(folder: &std::path::Path, program: &str) -> (Child, Self) {
        let mut command = convapprox(folder, &format!("soc {program} --gdb 0"));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        // A model may have to be made first, which is told.
        let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
        let address = lines
            .find_map(|line| Some(line.unwrap().split_once("target remote ")?.1.trim().to_owned()));
        (child, Self(TcpStream::connect(address.expect("an address")).unwrap()))
    }

    /// Sends a packet and returns the answer.
    fn ask(&mut self, packet: &str) -> String {
        let sum = packet.bytes().fold(0_u8, u8::wrapping_add);
        write!(self.0, "${packet}#{sum:02x}").unwrap();
        let mut byte = || {
            let mut byte = [0];
            let read = self.0.read_exact(&mut byte);
            read.unwrap_or_else(|error| panic!("no answer to {packet}: {error}"));
            byte[0]
        };
        assert_eq!(byte(), b'+', "{packet} is acknowledged");
        assert_eq!(byte(), b'$');
        let mut answer = String::new();
        loop {
            match byte() {
                b'#' => break,
                // Run-length encoding: the character before, again so many times less 29.
                b'*' => {
                    let last = answer.chars().last().unwrap();
                    let count = usize::from(byte() - 29);
                    answer.extend(std::iter::repeat_n(last, count));
                }
                other => answer.push(other as char),
            }
        }
        // The sum.
        byte();
        byte();
        self.0.write_all(b"+").unwrap();
        answer
    }

    /// A register: 0 to 31, and 32 for the pc.
    fn register(&mut self, number: usize) -> u32 {
        let all = self.ask("g");
        u32::from_str_radix(&all[8 * number..8 * number + 8], 16).unwrap().swap_bytes()
    }
}

#[test]
fn gdb_breaks_steps_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (child, mut gdb) = Client::start(folder.path(), "hello");
    assert!(gdb.ask("qSupported:swbreak+").contains("PacketSize"));
    assert!(gdb.ask("?").starts_with('T'));
    assert_eq!(gdb.register(32), RAM_BASE);
    // The first word of the program.
    let words = gdb.ask(&format!("m{RAM_BASE:x},4"));
    assert_eq!(words, "97110000", "auipc gp, 1");
    assert_eq!(gdb.ask("m10,4").get(..1), Some("E"), "there is nothing");
    // Two steps: gp is set, and the pc moves on.
    for pc in [RAM_BASE + 4, RAM_BASE + 8] {
        assert_eq!(gdb.ask("s").get(1..3), Some("05"), "stopped by SIGTRAP");
        assert_eq!(gdb.register(32), pc);
    }
    assert_ne!(gdb.register(3), 0);
    assert_eq!(gdb.ask("P3=00000000").get(..1), Some("E"), "the RTL's registers are its own");
    let main = Symbols::read(find("hello").unwrap().elf).address("main").unwrap();
    assert_eq!(gdb.ask(&format!("Z0,{main:x},2")), "OK");
    assert!(gdb.ask("c").starts_with("T05"));
    assert_eq!(gdb.register(32), main);
    // What is written is in both memories.
    assert_eq!(gdb.ask("M800ff000,4:78563412"), "OK");
    assert_eq!(gdb.ask("m800ff000,4"), "78563412");
    // mtvec, by its number among the registers.
    let mtvec = gdb.ask(&format!("p{:x}", 65 + 0x305));
    assert_eq!(mtvec, "58000080");
    // To its end.
    assert_eq!(gdb.ask("c"), "W00");
    let printed = Ran::of(child.wait_with_output().unwrap()).ends(0);
    assert!(printed.starts_with("Hello from the core.\n"), "{printed}");
    assert_eq!(printed, succeeds(folder.path(), "soc hello"), "as without it");
}

#[test]
fn gdb_sees_floats_where_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let (child, mut gdb) = Client::start(folder.path(), "rv32f_arith --soc soc_fp");
    gdb.ask("qSupported:xmlRegisters=riscv");
    let mut description = String::new();
    while let part = gdb.ask(&format!("qXfer:features:read:target.xml:{:x},400", description.len()))
        && let Some(text) = part.strip_prefix(['m', 'l'])
        && !text.is_empty()
    {
        description += text;
    }
    for words in ["org.gnu.gdb.riscv.fpu", "name=\"f31\"", "name=\"fcsr\"", "regnum=\"68\""] {
        assert!(description.contains(words), "{description}");
    }
    let elf = find("rv32f_arith").unwrap().elf;
    let fail = Symbols::read(elf).address("fail").unwrap();
    // Behind the first operation on a float, 1 + 2, there is a register with 3.
    let three = (0..200).any(|_| {
        gdb.ask("s");
        gdb.ask("p2b") == "00004040"
    });
    assert!(three, "fa0 is the register {} of the description", 0x2b);
    assert_eq!(gdb.ask(&format!("p{:x}", 65 + 3)), "00000000", "fcsr");
    assert_eq!(gdb.ask(&format!("Z0,{fail:x},2")), "OK");
    assert_eq!(gdb.ask("c"), "W00");
    Ran::of(child.wait_with_output().unwrap()).ends(0);
}

#[test]
fn watchpoints_stop_behind_the_access_and_registers_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, mut gdb) = Client::start(folder.path(), "hello");
    let main = Symbols::read(find("hello").unwrap().elf).address("main").unwrap();
    gdb.ask(&format!("Z0,{main:x},2"));
    gdb.ask("c");
    // The frame of main: its first store, and the load behind it.
    let frame = gdb.register(2) - 16;
    for (kind, name) in [(2, "watch"), (3, "rwatch"), (4, "awatch")] {
        assert_eq!(gdb.ask(&format!("Z{kind},{frame:x},10")), "OK");
        let stopped = gdb.ask("c");
        assert!(
            stopped.starts_with("T05") && stopped.contains(&format!(";{name}:{frame:x};"))
                || stopped.contains(&format!("05{name}:{frame:x};")),
            "{stopped}"
        );
        assert_ne!(gdb.register(32), main, "behind the access");
        assert_eq!(gdb.ask(&format!("z{kind},{frame:x},10")), "OK");
    }
    // One register, the pc, and all of them at once: each is refused, and the session goes on.
    let all = gdb.ask("g");
    for packet in ["P5=01000000", "P20=00000080", &format!("G{}", all.replace('0', "1"))] {
        assert_eq!(gdb.ask(packet).get(..1), Some("E"), "{packet}");
    }
    assert_eq!(gdb.ask("g"), all, "nothing is written");
    // The next instruction is in the pipeline.
    let pc = gdb.register(32);
    assert_eq!(gdb.ask(&format!("M{pc:x},4:13000000")).get(..1), Some("E"));
    assert_eq!(gdb.ask("c"), "W00");
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains("registers cannot be written: the core has begun"), "{told}");
    assert!(told.contains(&format!("4 bytes at {pc:#010x} cannot be written now")), "{told}");
    Ran::of(child.wait_with_output().unwrap()).ends(0);
}

/// Where the reference is behind the first such access of a program.
fn behind_the_first(program: &str, accesses: fn(&Access) -> bool) -> u32 {
    let program = Executable::parse(find(program).unwrap().elf, SOC.ram_bytes).unwrap();
    let mut hart = Hart::new(&SOC.hart());
    for segment in &program.segments {
        hart.load(segment.addr, &segment.bytes).unwrap();
    }
    while !hart.step(&Feed::default()).unwrap().memory.as_ref().is_some_and(accesses) {}
    hart.pc()
}

/// Whether a watchpoint of a kind sees an access.
type Watched = fn(&Access) -> bool;

/// With an instruction that accesses nothing the core shows some address all the same.
#[test]
fn watchpoints_on_all_memory_stop_behind_the_first_access_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let kinds: [(_, _, Watched); 3] = [
        (2, "watch", |access| access.wmask != 0),
        (3, "rwatch", |access| access.rmask != 0),
        (4, "awatch", |_| true),
    ];
    for (kind, name, accesses) in kinds {
        let (child, mut gdb) = Client::start(folder.path(), "hello");
        assert_eq!(gdb.ask(&format!("Z{kind},0,ffffffff")), "OK");
        let stopped = gdb.ask("c");
        assert!(stopped.contains(&format!("{name}:00;")), "{stopped}");
        assert_eq!(gdb.register(32), behind_the_first("hello", accesses), "{name}");
        assert_eq!(gdb.ask(&format!("z{kind},0,ffffffff")), "OK");
        assert_eq!(gdb.ask("c"), "W00");
        Ran::of(child.wait_with_output().unwrap()).ends(0);
    }
}

#[test]
fn a_program_goes_on_without_gdb() {
    let folder = tempfile::tempdir().unwrap();
    let (child, mut gdb) = Client::start(folder.path(), "hello");
    assert_eq!(gdb.ask("D"), "OK");
    let printed = Ran::of(child.wait_with_output().unwrap()).ends(0);
    assert_eq!(printed, succeeds(folder.path(), "soc hello"), "as without it");
}
