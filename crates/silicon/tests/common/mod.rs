// SPDX-License-Identifier: MIT OR Apache-2.0
//! Netlists made by hand, against the library with round numbers.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use silicon::liberty::Library;
use silicon::netlist::Netlist;

pub fn library() -> Library {
    Library::parse(include_str!("../data/tiny.lib"), Path::new("tiny.lib")).unwrap()
}

/// A module of one-bit ports and of cells: `cell` adds one, by name, kind and `A=net` words. A net is
/// a word; `0` and `1` are constants.
#[derive(Default)]
pub struct Module {
    ports: BTreeMap<String, serde_json::Value>,
    cells: BTreeMap<String, serde_json::Value>,
    numbers: BTreeMap<String, usize>,
}

impl Module {
    pub fn new(inputs: &str, outputs: &str) -> Self {
        let mut module = Self::default();
        for (direction, names) in [("input", inputs), ("output", outputs)] {
            for name in names.split_whitespace() {
                let bits = [module.bit(name)];
                module.ports.insert(name.into(), json!({"direction": direction, "bits": bits}));
            }
        }
        module
    }

    pub fn cell(mut self, name: &str, kind: &str, pins: &str) -> Self {
        self.add(name, kind, pins);
        self
    }

    pub fn add(&mut self, name: &str, kind: &str, pins: &str) {
        let pins = pins.split_whitespace().map(|word| word.split_once('=').unwrap());
        let connections: BTreeMap<_, _> = pins.map(|(pin, net)| (pin, [self.bit(net)])).collect();
        self.cells.insert(name.into(), json!({"type": kind, "connections": connections}));
    }

    fn bit(&mut self, net: &str) -> serde_json::Value {
        if ["0", "1"].contains(&net) {
            return net.into();
        }
        let next = self.numbers.len() + 2;
        (*self.numbers.entry(net.into()).or_insert(next)).into()
    }

    pub fn netlist(&self) -> Netlist {
        let netnames: BTreeMap<_, _> =
            self.numbers.iter().map(|(name, number)| (name, json!({"bits": [number]}))).collect();
        let design = json!({"modules": {"top": {
            "ports": self.ports, "cells": self.cells, "netnames": netnames}}});
        let text = design.to_string();
        Netlist::parse(text.as_bytes(), Path::new("made.json"), Some("top"), &library()).unwrap()
    }
}
