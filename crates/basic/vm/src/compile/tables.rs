//! The tables that all scripts of an image share: constants, field names, object shapes, functions.

use std::sync::Arc;

use foldhash::HashMap;

use crate::{
    code::Const,
    image::{Body, ScriptCode},
};

/// Tables under construction; equal entries are stored once.
#[derive(Default)]
pub(crate) struct Tables {
    body: Body,
    ints: HashMap<i64, u32>,
    floats: HashMap<u64, u32>,
    texts: HashMap<Arc<str>, u32>,
    names: HashMap<Arc<str>, u16>,
    shapes: HashMap<Vec<u16>, u16>,
    natives: HashMap<Arc<str>, u16>,
}

impl Tables {
    pub(crate) fn into_body(mut self, scripts: Vec<ScriptCode>) -> Body {
        self.body.scripts = scripts;
        self.body
    }

    fn constant(&mut self, value: Const) -> u32 {
        self.body.consts.push(value);
        self.body.consts.len() as u32 - 1
    }

    pub(crate) fn int(&mut self, value: i64) -> u32 {
        if let Some(index) = self.ints.get(&value) {
            return *index;
        }
        let index = self.constant(Const::Int(value));
        self.ints.insert(value, index);
        index
    }

    pub(crate) fn float(&mut self, value: f64) -> u32 {
        if let Some(index) = self.floats.get(&value.to_bits()) {
            return *index;
        }
        let index = self.constant(Const::Float(value));
        self.floats.insert(value.to_bits(), index);
        index
    }

    pub(crate) fn text(&mut self, value: &Arc<str>) -> u32 {
        if let Some(index) = self.texts.get(value) {
            return *index;
        }
        let index = self.constant(Const::Text(value.clone()));
        self.texts.insert(value.clone(), index);
        index
    }

    /// A field name; `None` when the table is full.
    pub(crate) fn name(&mut self, name: &Arc<str>) -> Option<u16> {
        if let Some(index) = self.names.get(name) {
            return Some(*index);
        }
        let index = u16::try_from(self.body.names.len()).ok()?;
        self.body.names.push(name.clone());
        self.names.insert(name.clone(), index);
        Some(index)
    }

    /// An object's field names; `None` when a table is full.
    pub(crate) fn shape(&mut self, fields: &[Arc<str>]) -> Option<u16> {
        let fields: Vec<u16> = fields.iter().map(|field| self.name(field)).collect::<Option<_>>()?;
        if let Some(index) = self.shapes.get(&fields) {
            return Some(*index);
        }
        let index = u16::try_from(self.body.shapes.len()).ok()?;
        self.body.shapes.push(fields.clone());
        self.shapes.insert(fields, index);
        Some(index)
    }

    /// A function of `basic/std`; `None` when the table is full.
    pub(crate) fn native(&mut self, name: &Arc<str>) -> Option<u16> {
        if let Some(index) = self.natives.get(name) {
            return Some(*index);
        }
        let index = u16::try_from(self.body.natives.len()).ok()?;
        self.body.natives.push(name.clone());
        self.natives.insert(name.clone(), index);
        Some(index)
    }
}
