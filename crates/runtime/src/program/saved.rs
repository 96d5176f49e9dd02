//! The saved form of a script in the middle of its run.

use std::sync::Arc;

use botserver_basic_vm::{Image, Machine};
use botserver_kernel::IdSource;

use super::{ScriptProgram, StartError, limits};
use crate::{CallContext, KeywordRegistry};

/// First byte of a saved program; append-only.
const FORMAT: u8 = 1;
/// Bits of its third byte; append-only.
const ASKED: u8 = 1;
const SPOKE: u8 = 2;
/// The texts that were typed follow, as JSON behind its length.
const TYPED: u8 = 4;
/// What it has said follows, as JSON behind its length.
const SAID: u8 = 8;

impl ScriptProgram {
    /// Takes a saved script up again.
    pub fn restore(
        image: Arc<Image>,
        saved: &[u8],
        keywords: Arc<KeywordRegistry>,
        ids: Arc<dyn IdSource>,
        context: CallContext,
    ) -> Result<Self, StartError> {
        let (&[format, attempts, flags], rest) =
            saved.split_first_chunk::<3>().ok_or_else(|| StartError::Snapshot("it is too short".to_owned()))?;
        if format != FORMAT {
            return Err(StartError::Snapshot(format!("its format {format} is unknown to this build")));
        }
        let unreadable = || StartError::Snapshot("its texts cannot be read".to_owned());
        let (typed, rest) =
            if flags & TYPED == 0 { (Vec::new(), rest) } else { read_texts(rest).ok_or_else(unreadable)? };
        let (said, machine) = if flags & SAID == 0 {
            (None, rest)
        } else {
            let (said, rest) = read_texts(rest).ok_or_else(unreadable)?;
            (Some(said), rest)
        };
        let machine = Machine::restore(image, machine, limits(&context.config))
            .map_err(|error| StartError::Snapshot(error.to_string()))?;
        let (asked, spoke) = (flags & ASKED != 0, flags & SPOKE != 0);
        Ok(Self { attempts, asked, spoke, typed, said, ..Self::around(machine, keywords, ids, context) })
    }

    /// Its whole state.
    pub(super) fn save(&mut self) -> Vec<u8> {
        let flags = (u8::from(self.asked) * ASKED) | (u8::from(self.spoke) * SPOKE);
        let flags = flags | (u8::from(!self.typed.is_empty()) * TYPED);
        let flags = flags | (u8::from(self.said.is_some()) * SAID);
        let mut saved = vec![FORMAT, self.attempts, flags];
        if !self.typed.is_empty() {
            write_texts(&mut saved, &self.typed);
        }
        if let Some(said) = &self.said {
            write_texts(&mut saved, said);
        }
        saved.extend(self.machine.snapshot());
        saved
    }
}

/// Texts in a saved program, behind their length.
fn write_texts(saved: &mut Vec<u8>, texts: &[String]) {
    let texts = serde_json::to_vec(texts).unwrap_or_default();
    saved.extend((texts.len() as u32).to_le_bytes());
    saved.extend(texts);
}

/// Texts at the start of the rest of a saved program, and what follows them.
fn read_texts(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (texts, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    Some((serde_json::from_slice(texts).ok()?, rest))
}
