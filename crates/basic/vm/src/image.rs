//! All scripts of one package version, compiled: shared by every machine that runs one of them, and
//! storable as bytes so that a waiting execution is never recompiled.

use std::sync::{Arc, OnceLock};

use botserver_basic_types::{FunctionDecl, Object, Span, Text, Val};
use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use crate::{
    code::{Chunk, Const, Mark},
    info::{Entry, ScriptInfo},
    stops::Stops,
    verify,
};

/// First bytes of a stored image.
const MAGIC: [u8; 4] = *b"BASI";
/// Format of what follows; raised when it changes so that older bytes cannot be read by newer rules.
const FORMAT: u16 = 1;

/// Compiled scripts.
#[derive(Debug)]
pub struct Image {
    pub(crate) body: Body,
    /// Declarations, beside `body.scripts`.
    pub(crate) infos: Vec<ScriptInfo>,
    /// The functions that `body.natives` names; `None` when this build does not have it.
    pub(crate) natives: Vec<Option<&'static FunctionDecl>>,
    /// `body.consts` as machine values, shared by all machines.
    pub(crate) consts: Vec<Val>,
    /// `body.shapes` as objects whose fields are null: copying one is quicker than naming its fields again.
    pub(crate) shapes: Vec<Object>,
    /// What only snapshots need, made for the first one.
    lookup: OnceLock<Lookup>,
    /// Script by stem, by file name and by path, lower case.
    by_name: HashMap<Arc<str>, u16>,
    /// Worked out when it is first asked for.
    checksum: OnceLock<u32>,
    /// The statements, for debuggers; worked out when one comes.
    stops: OnceLock<Stops>,
}

/// Where to find what a snapshot refers to.
#[derive(Debug)]
struct Lookup {
    /// Text constants by address, to find one again in a register.
    const_addresses: HashMap<usize, u32>,
    names: HashMap<Arc<str>, u16>,
}

/// The part that is stored in binary form.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub consts: Vec<Const>,
    /// Field names.
    pub names: Vec<Arc<str>>,
    /// Objects' field names, as indexes into `names`.
    pub shapes: Vec<Vec<u16>>,
    /// Pure functions by name.
    pub natives: Vec<Arc<str>>,
    pub scripts: Vec<ScriptCode>,
}

/// The code of one script; empty when it is broken.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScriptCode {
    /// Lower-case names of the script's variables; their index is their slot.
    pub variables: Vec<Arc<str>>,
    /// As `variables`, in the author's spelling.
    pub spellings: Vec<Arc<str>>,
    /// Slots of the PARAMs, in order.
    pub params: Vec<u16>,
    /// The body first, if the script is sound.
    pub chunks: Vec<Chunk>,
    /// Chunks of handlers and schedule bodies.
    pub handlers: Vec<u16>,
}

/// Why bytes are not an image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ImageError {
    /// The bytes do not start as an image does.
    #[error("these bytes are not a compiled package")]
    NotAnImage,
    /// Written by a build with another format.
    #[error("the compiled package has format {found}, this build reads format {FORMAT}")]
    Format {
        /// The format of the bytes.
        found: u16,
    },
    /// The bytes are not what was written.
    #[error("the compiled package is damaged: {0}")]
    Damaged(&'static str),
}

impl Image {
    pub(crate) fn new(body: Body, infos: Vec<ScriptInfo>) -> Self {
        Self::assemble(body, infos, OnceLock::new())
    }

    fn assemble(body: Body, infos: Vec<ScriptInfo>, checksum: OnceLock<u32>) -> Self {
        let natives = body.natives.iter().map(|name| crate::natives::find(name)).collect();
        let consts: Vec<Val> = body
            .consts
            .iter()
            .map(|constant| match constant {
                Const::Int(value) => Val::Int(*value),
                Const::Float(value) => Val::Float(*value),
                Const::Text(text) => Val::Text(Text::new(&**text)),
            })
            .collect();
        let name = |index: &u16| body.names.get(usize::from(*index)).cloned().unwrap_or_default();
        let shapes =
            body.shapes.iter().map(|shape| shape.iter().map(|index| (name(index), Val::Null)).collect()).collect();
        let mut by_name = HashMap::with_capacity_and_hasher(3 * infos.len(), foldhash::fast::RandomState::default());
        for (index, info) in infos.iter().enumerate() {
            let file = info.file.to_lowercase();
            let base = file.rsplit('/').next().unwrap_or(&file);
            // The script nearest to the root wins a name that two share: the compiler put it first.
            for name in [&*info.name, base, &file] {
                if !by_name.contains_key(name) {
                    by_name.insert(Arc::from(name), index as u16);
                }
            }
        }
        let (lookup, stops) = (OnceLock::new(), OnceLock::new());
        Self { body, infos, natives, consts, shapes, lookup, by_name, checksum, stops }
    }

    /// Identifies the content, so that a snapshot is not restored on another image.
    pub(crate) fn checksum(&self) -> u32 {
        *self.checksum.get_or_init(|| crc32fast::hash(&encode(&self.body, &self.infos)))
    }

    fn lookup(&self) -> &Lookup {
        self.lookup.get_or_init(|| Lookup {
            const_addresses: self
                .consts
                .iter()
                .enumerate()
                .filter_map(|(index, value)| match value {
                    Val::Text(text) => Some((Arc::as_ptr(&text.0) as usize, index as u32)),
                    _ => None,
                })
                .collect(),
            names: self.body.names.iter().enumerate().map(|(index, name)| (name.clone(), index as u16)).collect(),
        })
    }

    /// The declarations of all scripts.
    pub fn scripts(&self) -> &[ScriptInfo] {
        &self.infos
    }

    /// The declarations of one script, by stem, file name or path, ignoring case.
    pub fn script(&self, name: &str) -> Option<&ScriptInfo> {
        self.infos.get(usize::from(self.find(name)?))
    }

    /// A script and all that it uses under fixed names, also through other scripts, in the order of the image.
    pub fn with_what_it_uses(&self, name: &str) -> Vec<&ScriptInfo> {
        let mut wanted = vec![false; self.infos.len()];
        let mut waiting: Vec<u16> = self.find(name).into_iter().collect();
        while let Some(script) = waiting.pop() {
            let Some(seen) = wanted.get_mut(usize::from(script)) else { continue };
            if !std::mem::replace(seen, true) {
                let uses = self.infos.get(usize::from(script)).map_or(&[][..], |info| &info.uses);
                waiting.extend(uses.iter().filter_map(|name| self.find(name)));
            }
        }
        self.infos.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(info, _)| info).collect()
    }

    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        if let Some(script) = self.by_name.get(name) {
            return Some(*script);
        }
        let name = name.trim().trim_start_matches("./").to_lowercase();
        self.by_name.get(name.as_str()).copied()
    }

    /// Where its statements begin.
    pub(crate) fn stops(&self) -> &Stops {
        self.stops.get_or_init(|| Stops::of(&self.body))
    }

    /// The constant that a text in a register is, if it is one.
    pub(crate) fn constant_of(&self, text: &Text) -> Option<u32> {
        self.lookup().const_addresses.get(&(Arc::as_ptr(&text.0) as usize)).copied()
    }

    /// The number of a field name.
    pub(crate) fn name_of(&self, name: &str) -> Option<u16> {
        self.lookup().names.get(name).copied()
    }

    pub(crate) fn chunk(&self, script: u16, chunk: u16) -> Option<&Chunk> {
        self.body.scripts.get(usize::from(script))?.chunks.get(usize::from(chunk))
    }

    /// The chunk that a run of a script starts with.
    pub(crate) fn entry(&self, script: u16, entry: Entry) -> Option<u16> {
        let code = self.body.scripts.get(usize::from(script))?;
        match entry {
            Entry::Main if code.chunks.is_empty() => None,
            Entry::Main => Some(0),
            Entry::Handler(number) => code.handlers.get(usize::from(number)).copied(),
        }
    }

    pub(crate) fn span(&self, script: u16, mark: Option<Mark>) -> Span {
        let file = self.infos.get(usize::from(script)).map(|info| info.file.clone()).unwrap_or_default();
        mark.map_or_else(
            || Span { file: file.clone(), ..Span::default() },
            |mark| Span { file: file.clone(), start: mark.start, end: mark.end, line: mark.line, column: mark.column },
        )
    }

    /// The image as bytes: magic, format, checksum, content.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = encode(&self.body, &self.infos);
        let mut bytes = Vec::with_capacity(payload.len() + 10);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(crc32fast::hash(&payload).to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote; the code is checked before it can run.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ImageError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(ImageError::NotAnImage)?;
        let (format, rest) = rest.split_first_chunk::<2>().ok_or(ImageError::NotAnImage)?;
        let found = u16::from_le_bytes(*format);
        if found != FORMAT {
            return Err(ImageError::Format { found });
        }
        let (checksum, payload) = rest.split_first_chunk::<4>().ok_or(ImageError::NotAnImage)?;
        let checksum = u32::from_le_bytes(*checksum);
        if crc32fast::hash(payload) != checksum {
            return Err(ImageError::Damaged("wrong checksum"));
        }
        let (infos, body): (Vec<u8>, &[u8]) =
            postcard::take_from_bytes(payload).map_err(|_| ImageError::Damaged("unreadable content"))?;
        let infos: Vec<ScriptInfo> =
            serde_json::from_slice(&infos).map_err(|_| ImageError::Damaged("unreadable declarations"))?;
        let body: Body = postcard::from_bytes(body).map_err(|_| ImageError::Damaged("unreadable code"))?;
        if infos.len() != body.scripts.len() {
            return Err(ImageError::Damaged("declarations without code"));
        }
        verify::body(&body).map_err(ImageError::Damaged)?;
        Ok(Self::assemble(body, infos, OnceLock::from(checksum)))
    }
}

/// Declarations hold values that describe themselves (JSON); code is compact.
fn encode(body: &Body, infos: &[ScriptInfo]) -> Vec<u8> {
    // Neither can fail: both write plain data into memory.
    let infos = serde_json::to_vec(infos).unwrap_or_default();
    let mut payload = postcard::to_stdvec(&infos).unwrap_or_default();
    payload.extend(postcard::to_stdvec(body).unwrap_or_default());
    payload
}
