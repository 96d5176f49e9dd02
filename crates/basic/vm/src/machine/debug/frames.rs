//! The calls that are running, as people name them, and where the variables of each are.

use std::sync::Arc;

use botserver_basic_types::{BasicError, Result, Span, Val};

use crate::{Machine, code::ChunkKind};

/// A call that is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// Its number: 0 is the outermost.
    pub number: usize,
    /// The procedure, or the script whose statements run.
    pub name: Arc<str>,
    /// The statement that is about to run; in the middle of one, the part that runs.
    pub span: Span,
}

/// Whose variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// What the running code calls its own: of a procedure its parameters and what only it uses, of a script's own
    /// statements the script's variables.
    Local,
    /// What it sees besides: of a procedure the script's variables; and settings.
    Global,
}

/// A variable's name and the number of its register.
pub(super) type Named = (Arc<str>, usize);

impl Machine {
    /// The calls that are running, innermost first.
    pub fn frames(&self) -> Vec<FrameInfo> {
        let innermost = self.frames.len().saturating_sub(1);
        let info = |(number, frame): (usize, &super::Frame)| {
            let chunk = self.image.chunk(frame.script, frame.chunk)?;
            let script = self.image.infos.get(usize::from(frame.script))?;
            let next = number == innermost && self.stands_at_statement();
            let pc = if next { frame.pc } else { frame.pc.saturating_sub(1) };
            let name = if chunk.kind == ChunkKind::Procedure { chunk.name.clone() } else { script.name.clone() };
            Some(FrameInfo { number, name, span: self.image.span(chunk.source, chunk.mark_at(pc)) })
        };
        self.frames.iter().enumerate().rev().filter_map(info).collect()
    }

    /// The variables of a frame in a scope, in the author's spelling.
    pub(super) fn named(&self, frame: usize, scope: Scope) -> Vec<Named> {
        let Some(own) = self.frames.get(frame) else { return Vec::new() };
        let kind = self.image.chunk(own.script, own.chunk).map(|chunk| chunk.kind).unwrap_or_default();
        match (kind, scope) {
            (ChunkKind::Procedure, Scope::Local) => {
                let procedures = self.image.infos.get(usize::from(own.script)).map(|info| info.procedures.as_slice());
                let number = usize::from(own.chunk).checked_sub(1);
                let procedure = procedures.zip(number).and_then(|(all, number)| all.get(number));
                let locals = procedure.map(|own| own.locals.as_slice()).unwrap_or_default();
                locals.iter().zip(own.base as usize..).map(|(name, register)| (name.clone(), register)).collect()
            }
            (ChunkKind::Procedure, Scope::Global) => self.of_script(frame, |_| true),
            (ChunkKind::Body, Scope::Local) => self.of_script(frame, |name| !self.globals.contains_key(name)),
            (ChunkKind::Body, Scope::Global) => self.of_script(frame, |name| self.globals.contains_key(name)),
        }
    }

    /// The variables of the script that a frame belongs to.
    fn of_script(&self, frame: usize, is_meant: impl Fn(&str) -> bool) -> Vec<Named> {
        let Some(run) = self.runs.iter().rev().find(|run| run.frame as usize <= frame) else { return Vec::new() };
        let script = self.frames.get(run.frame as usize).map(|body| usize::from(body.script));
        let Some(code) = script.and_then(|script| self.image.body.scripts.get(script)) else { return Vec::new() };
        let names = code.variables.iter().zip(&code.spellings).zip(run.base as usize..);
        names.filter(|((key, _), _)| is_meant(key)).map(|((_, name), register)| (name.clone(), register)).collect()
    }

    /// All that a frame sees, what is nearest first.
    pub(super) fn seen(&self, frame: usize) -> Vec<Named> {
        let mut all = self.named(frame, Scope::Local);
        let own = all.len();
        for (name, register) in self.named(frame, Scope::Global) {
            if !all.iter().take(own).any(|(near, _)| near.to_lowercase() == name.to_lowercase()) {
                all.push((name, register));
            }
        }
        all
    }

    /// The names of all variables that a frame sees.
    pub fn visible_names(&self, frame: usize) -> Vec<Arc<str>> {
        self.seen(frame).into_iter().map(|(name, _)| name).collect()
    }

    /// Sets a variable that a frame sees.
    pub(super) fn set_named(&mut self, frame: usize, name: &str, value: Val) -> Result<()> {
        let wanted = name.to_lowercase();
        let found = self.seen(frame).into_iter().find(|(own, _)| own.to_lowercase() == wanted);
        let register = found.and_then(|(_, register)| self.registers.get_mut(register));
        let Some(register) = register else {
            return Err(BasicError::new(9000, format!("there is no variable `{name}` here")));
        };
        *register = value;
        Ok(())
    }
}
