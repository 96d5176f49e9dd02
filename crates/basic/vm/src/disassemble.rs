//! Bytecode as text, for tests and for people who look for what a script became.

use std::fmt::Write as _;

use crate::{
    code::{Chunk, Const, Ins},
    image::Image,
};

impl Image {
    /// All code as text: one instruction a line, with its source line and what its numbers mean.
    pub fn disassemble(&self) -> String {
        let mut out = String::new();
        for (info, code) in self.infos.iter().zip(&self.body.scripts) {
            let variables = code.spellings.iter().map(|name| &**name).collect::<Vec<_>>().join(" ");
            // Writing into a text cannot fail, here and below.
            let _ = writeln!(out, "script {} [{variables}]", info.name);
            if let Some(broken) = &info.broken {
                let _ = writeln!(out, "  broken: {}", broken.message);
            }
            for chunk in &code.chunks {
                self.chunk_text(chunk, &mut out);
            }
        }
        out
    }

    fn chunk_text(&self, chunk: &Chunk, out: &mut String) {
        let _ = writeln!(out, " {} ({} parameters, {} registers)", chunk.name, chunk.params, chunk.registers);
        let mut line = 0;
        for (pc, ins) in chunk.code.iter().enumerate() {
            let at = chunk.mark_at(pc as u32).map_or(0, |mark| mark.line);
            let shown = if at == line { String::new() } else { at.to_string() };
            line = at;
            let _ = write!(out, "{shown:>4} {pc:>4}  {}", plain(&format!("{ins:?}")));
            if let Some(meaning) = self.meaning(chunk, *ins) {
                let _ = write!(out, "  ; {meaning}");
            }
            out.push('\n');
        }
        for unit in &chunk.units {
            if unit.resume != unit.end {
                let _ = writeln!(out, "          {}..{} resumes at {}", unit.start, unit.end, unit.resume);
            }
        }
        for guard in &chunk.guards {
            let _ = writeln!(out, "          {}..{} is guarded by {}", guard.start, guard.end, guard.handler);
        }
    }

    fn meaning(&self, chunk: &Chunk, ins: Ins) -> Option<String> {
        let name = |index: u16| self.body.names.get(usize::from(index)).map(ToString::to_string);
        match ins {
            Ins::LoadConst { index, .. } => self.body.consts.get(index as usize).map(|value| match value {
                Const::Int(value) => value.to_string(),
                Const::Float(value) => format!("{value:?}"),
                Const::Text(text) => format!("{text:?}"),
            }),
            Ins::GetField { name: index, .. } | Ins::SetField { name: index, .. } => name(index),
            Ins::NewObject { shape, .. } => {
                let fields = self.body.shapes.get(usize::from(shape))?;
                Some(fields.iter().filter_map(|field| name(*field)).collect::<Vec<_>>().join(" "))
            }
            Ins::CallNative { function, .. } | Ins::Mutate { function, .. } => {
                self.body.natives.get(usize::from(function)).map(ToString::to_string)
            }
            Ins::Effect { site, .. } => {
                let site = chunk.sites.get(site as usize)?;
                let args: Vec<_> =
                    site.args.iter().map(|(name, arg)| format!("{name}={}", plain(&format!("{arg:?}")))).collect();
                Some(format!("{} {}", site.keyword, args.join(" ")).trim_end().to_owned())
            }
            _ => None,
        }
    }
}

/// `Add { dst: 1, a: 2, b: 3 }` as `Add dst=1 a=2 b=3`.
fn plain(debug: &str) -> String {
    debug.replace(" { ", " ").replace(" }", "").replace(": ", "=").replace(", ", " ")
}
