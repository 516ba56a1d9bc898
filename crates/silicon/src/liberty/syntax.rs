// SPDX-License-Identifier: MIT OR Apache-2.0
//! The syntax of Liberty: statements, each with a name, arguments, perhaps a body, and the line on
//! which it stands. `area : 1.0;` and `index_1 ("1, 2");` and `pin (A) { … }` are all statements.

/// A statement and what is in its braces.
#[derive(Debug, Default)]
pub(super) struct Statement<'a> {
    pub name: &'a str,
    pub line: usize,
    pub arguments: Vec<&'a str>,
    /// Nothing unless the statement is a group.
    pub body: Vec<Statement<'a>>,
}

impl<'a> Statement<'a> {
    /// The last statement of a name; the last one counts if there are several.
    pub fn get(&self, name: &str) -> Option<&Statement<'a>> {
        self.body.iter().rev().find(|it| it.name == name)
    }

    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Statement<'a>> {
        self.body.iter().filter(move |it| it.name == name)
    }

    /// The first argument of the statement of a name.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.arguments.first().copied()
    }
}

/// Where a text is wrong, and why.
pub(super) type Wrong = (usize, String);

/// The outermost statement, which is the group `library`.
pub(super) fn parse(text: &str) -> Result<Statement<'_>, Wrong> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let library = parser.statement()?;
    match parser.peek() {
        Some(token) => Err((token.line, format!("{:?} stands behind the library", token.text))),
        None => Ok(library),
    }
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Word,
    Quoted,
    Mark,
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Wrong> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length, shown) = if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or((line, "a comment has no end".to_owned()))? + 2;
            (None, end, 0..end)
        } else if rest.starts_with("//") {
            let end = rest.find('\n').unwrap_or(rest.len());
            (None, end, 0..end)
        } else if first == '"' {
            let end = rest[1..].find('"').ok_or((line, "a string has no end".to_owned()))? + 1;
            (Some(Kind::Quoted), end + 1, 1..end)
        } else if first.is_whitespace() || first == '\\' {
            (None, first.len_utf8(), 0..0)
        } else if "(){}:;,".contains(first) {
            (Some(Kind::Mark), 1, 0..1)
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "(){}:;,\"\\".contains(c));
            let end = end.unwrap_or(rest.len());
            (Some(Kind::Word), end, 0..end)
        };
        if let Some(kind) = kind {
            tokens.push(Token { text: &rest[shown], line, kind });
        }
        line += rest[..length].matches('\n').count();
        at += length;
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

/// Groups of Liberty are five deep at most; a file that is deeper is not one.
const DEEPEST: usize = 32;

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn next(&mut self) -> Result<Token<'a>, Wrong> {
        let line = self.tokens.last().map_or(1, |token| token.line);
        let token = self.peek().ok_or((line, "the file ends inside the library".to_owned()))?;
        self.at += 1;
        Ok(token)
    }

    /// Takes the next token if it is this mark.
    fn take(&mut self, mark: &str) -> bool {
        let taken = self.peek().is_some_and(|it| it.kind == Kind::Mark && it.text == mark);
        self.at += usize::from(taken);
        taken
    }

    fn statement(&mut self) -> Result<Statement<'a>, Wrong> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Result<Statement<'a>, Wrong> {
        let name = self.next()?;
        if name.kind != Kind::Word {
            return Err((name.line, format!("{:?} stands where a name is expected", name.text)));
        }
        if depth > DEEPEST {
            return Err((name.line, format!("groups are nested more than {DEEPEST} deep")));
        }
        let mut statement = Statement { name: name.text, line: name.line, ..Statement::default() };
        if self.take(":") {
            // A value may be an expression of several words, and its semicolon may be missing.
            while let Some(token) = self.peek() {
                let ends = token.kind == Kind::Mark && [";", "}"].contains(&token.text);
                if ends || (token.line != name.line && !statement.arguments.is_empty()) {
                    break;
                }
                statement.arguments.push(token.text);
                self.at += 1;
            }
        } else if self.take("(") {
            while !self.take(")") {
                let token = self.next()?;
                if token.kind != Kind::Mark {
                    statement.arguments.push(token.text);
                } else if token.text != "," {
                    let problem =
                        format!("{:?} stands among the arguments of {}", token.text, name.text);
                    return Err((token.line, problem));
                }
            }
            if self.take("{") {
                while !self.take("}") {
                    statement.body.push(self.nested(depth + 1)?);
                }
            }
        } else {
            return Err((
                name.line,
                format!("{:?} is followed by neither \":\" nor \"(\"", name.text),
            ));
        }
        self.take(";");
        Ok(statement)
    }
}
