// SPDX-License-Identifier: MIT OR Apache-2.0
//! Boolean functions of a cell's pins, as Liberty writes them.

use std::fmt;

/// A function of numbered variables. In a [`Cell`](super::Cell) variable i is pin i, and the two
/// numbers behind the last pin are the state and its complement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Function {
    Constant(bool),
    Variable(usize),
    Not(Box<Function>),
    And(Box<Function>, Box<Function>),
    Or(Box<Function>, Box<Function>),
    Xor(Box<Function>, Box<Function>),
}

use Function::{And, Constant, Not, Or, Variable, Xor};

impl Function {
    /// Reads `(A & !B) + C'`; `variable` gives the number of a name. Inversion binds strongest, then
    /// exclusive or, and, or; a blank between two operands is an and.
    pub(super) fn parse(
        text: &str,
        variable: impl Fn(&str) -> Option<usize>,
    ) -> Result<Self, String> {
        let mut reader = Reader { rest: text, depth: 0, variable: &variable };
        let function = reader.or()?;
        match reader.next() {
            None => Ok(function),
            Some(first) => Err(format!("{first:?} is not expected in the function {text:?}")),
        }
    }

    /// The value in each of 64 lanes; `of` gives the lanes of a variable.
    pub fn evaluate(&self, of: &impl Fn(usize) -> u64) -> u64 {
        match self {
            Constant(value) => {
                if *value {
                    u64::MAX
                } else {
                    0
                }
            }
            Variable(variable) => of(*variable),
            Not(inner) => !inner.evaluate(of),
            And(left, right) => left.evaluate(of) & right.evaluate(of),
            Or(left, right) => left.evaluate(of) | right.evaluate(of),
            Xor(left, right) => left.evaluate(of) ^ right.evaluate(of),
        }
    }

    /// The value; `of` gives the value of a variable.
    pub fn holds(&self, of: &impl Fn(usize) -> bool) -> bool {
        self.evaluate(&|variable| u64::from(of(variable))) & 1 != 0
    }

    /// The variables that it reads, ascending.
    pub fn variables(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Bit b is the value for the inputs whose input i has the value of bit i of b; nothing if there
    /// are more than six inputs. Variables that are no input are 0.
    pub fn truth_table(&self, inputs: &[usize]) -> Option<u64> {
        /// Lane b of variable i is bit i of b.
        const LANES: [u64; 6] = [
            0xaaaa_aaaa_aaaa_aaaa,
            0xcccc_cccc_cccc_cccc,
            0xf0f0_f0f0_f0f0_f0f0,
            0xff00_ff00_ff00_ff00,
            0xffff_0000_ffff_0000,
            0xffff_ffff_0000_0000,
        ];
        (inputs.len() <= LANES.len()).then(|| {
            self.evaluate(&|variable| {
                inputs.iter().position(|&input| input == variable).map_or(0, |i| LANES[i])
            })
        })
    }

    fn collect(&self, found: &mut Vec<usize>) {
        match self {
            Constant(_) => {}
            Variable(variable) => found.push(*variable),
            Not(inner) => inner.collect(found),
            And(left, right) | Or(left, right) | Xor(left, right) => {
                left.collect(found);
                right.collect(found);
            }
        }
    }

    /// As an expression of Verilog; `name` gives the name of a variable.
    pub fn verilog<'f>(&'f self, name: &'f dyn Fn(usize) -> String) -> impl fmt::Display + 'f {
        struct Shown<'f>(&'f Function, &'f dyn Fn(usize) -> String);
        impl fmt::Display for Shown<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let inner = |function| Shown(function, self.1);
                match self.0 {
                    Constant(value) => write!(f, "1'b{}", u8::from(*value)),
                    Variable(variable) => f.write_str(&self.1(*variable)),
                    Not(it) => write!(f, "~{}", inner(it)),
                    And(left, right) => write!(f, "({} & {})", inner(left), inner(right)),
                    Or(left, right) => write!(f, "({} | {})", inner(left), inner(right)),
                    Xor(left, right) => write!(f, "({} ^ {})", inner(left), inner(right)),
                }
            }
        }
        Shown(self, name)
    }
}

struct Reader<'t, V> {
    rest: &'t str,
    depth: usize,
    variable: &'t V,
}

/// No function of a cell nests deeper, and the reader calls itself once per bracket.
const DEEPEST: usize = 64;

impl<V: Fn(&str) -> Option<usize>> Reader<'_, V> {
    fn next(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, marks: &[char]) -> bool {
        let taken = self.next().is_some_and(|first| marks.contains(&first));
        if taken {
            self.rest = &self.rest[1..];
        }
        taken
    }

    fn or(&mut self) -> Result<Function, String> {
        let mut left = self.and()?;
        while self.take(&['|', '+']) {
            left = Or(left.into(), self.and()?.into());
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Function, String> {
        let mut left = self.xor()?;
        while self.take(&['&', '*'])
            || self.next().is_some_and(|c| c == '(' || c == '!' || is_word(c))
        {
            left = And(left.into(), self.xor()?.into());
        }
        Ok(left)
    }

    fn xor(&mut self) -> Result<Function, String> {
        let mut left = self.not()?;
        while self.take(&['^']) {
            left = Xor(left.into(), self.not()?.into());
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Function, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("a function is nested more than {DEEPEST} deep"));
        }
        let mut inner = if self.take(&['!']) {
            Not(self.not()?.into())
        } else if self.take(&['(']) {
            let inner = self.or()?;
            if !self.take(&[')']) {
                return Err("a function lacks a closing bracket".into());
            }
            inner
        } else {
            self.operand()?
        };
        while self.take(&['\'']) {
            inner = Not(inner.into());
        }
        self.depth -= 1;
        Ok(inner)
    }

    fn operand(&mut self) -> Result<Function, String> {
        self.next();
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            "" => Err("a function lacks an operand".into()),
            "0" => Ok(Constant(false)),
            "1" => Ok(Constant(true)),
            name => match (self.variable)(name) {
                Some(variable) => Ok(Variable(variable)),
                None => Err(format!("the function names {name:?}, which is no pin of the cell")),
            },
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "_[]<>".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Function, String> {
        Function::parse(text, |name| ["A", "B", "C"].iter().position(|it| *it == name))
    }

    #[test]
    fn operators_bind_as_liberty_says() {
        let table = |text| read(text).unwrap().truth_table(&[0, 1, 2]).unwrap() & 0xff;
        let by_hand = |f: fn(bool, bool, bool) -> bool| {
            (0..8).filter(|b| f(b & 1 != 0, b & 2 != 0, b & 4 != 0)).map(|b| 1 << b).sum::<u64>()
        };
        for (text, f) in [
            ("A & B | C", (|a, b, c| (a && b) || c) as fn(bool, bool, bool) -> bool),
            ("A + B * C", |a, b, c| a || (b && c)),
            ("A & B ^ C", |a, b, c| a && (b ^ c)),
            ("!A ^ B'", |a, b, _| !a ^ !b),
            ("A B !C", |a, b, c| a && b && !c),
            ("(A+B)' C", |a, b, c| !(a || b) && c),
            ("!(A & 1) | 0", |a, _, _| !a),
            ("C", |_, _, c| c),
        ] {
            assert_eq!(table(text), by_hand(f), "{text}");
        }
    }

    #[test]
    fn a_wrong_function_is_refused() {
        for (text, words) in [
            ("A & D", "\"D\", which is no pin"),
            ("A &", "lacks an operand"),
            ("(A | B", "closing bracket"),
            ("A ) B", "')' is not expected"),
            ("", "lacks an operand"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(read(&"(".repeat(100_000)).unwrap_err().contains("nested"));
    }

    #[test]
    fn verilog_says_the_same() {
        let function = read("!A ^ (B | C)").unwrap();
        let name = |variable: usize| ["a", "b", "c"][variable].to_owned();
        assert_eq!(function.verilog(&name).to_string(), "(~a ^ (b | c))");
    }
}
