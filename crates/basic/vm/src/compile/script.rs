//! One script: its declarations as data, its variables, and its chunks (body, procedures, handlers).

use std::sync::Arc;

use botserver_basic_syntax::ast::{Block, EventHandler, Loc, Name, Procedure, Script};
use foldhash::HashMap;

use super::{
    CompileOptions, IndexMap, MISSING_INCLUDE, Problems, Source, TOO_LARGE,
    binder::Mentions,
    emit::{Callee, Emitter, Place},
    fold,
    tables::Tables,
};
use crate::{
    code::{Chunk, ChunkKind, Ins, Reg},
    image::ScriptCode,
    info::{Entry, EventInfo, ParamInfo, ProcedureInfo, ScheduleInfo, ScriptInfo},
};

/// What a script declares; the entries of handlers are filled in by [`compile`].
pub(crate) fn declarations(script: &Script) -> ScriptInfo {
    let texts = |pairs: &[(Arc<str>, Loc)]| pairs.iter().map(|(text, _)| text.clone()).collect();
    ScriptInfo {
        file: script.file.clone(),
        name: Arc::from(stem(&script.file)),
        workflow: script.workflow,
        tool: script.is_tool(),
        description: script.description.clone(),
        params: script
            .params
            .iter()
            .map(|param| ParamInfo {
                name: param.name.text.clone(),
                kind: param.kind,
                options: param.options.clone(),
                example: param.example.clone(),
                description: param.description.clone(),
                required: param.required,
                default: param.default.as_ref().and_then(fold::literal),
            })
            .collect(),
        schedules: script
            .schedules
            .iter()
            .map(|schedule| ScheduleInfo {
                args: schedule.args.iter().filter_map(fold::literal).collect(),
                entry: None,
                line: script.span(schedule.loc).line,
            })
            .collect(),
        webhooks: texts(&script.webhooks),
        allowed_roles: texts(&script.allowed_roles),
        tables: script.tables.clone(),
        indexes: script.indexes.clone(),
        events: script
            .events
            .iter()
            .map(|handler| EventInfo {
                event: handler.event.clone(),
                entry: Entry::Main,
                line: script.span(handler.loc).line,
            })
            .collect(),
        uses: script.called.iter().chain(&script.includes).map(|(name, _)| name.clone()).collect(),
        procedures: Vec::new(),
        broken: None,
    }
}

/// The file's name without folders and extension, lower case.
pub(super) fn stem(file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file).to_lowercase();
    base.strip_suffix(".bas").unwrap_or(&base).to_owned()
}

/// A procedure and the script it stands in (an INCLUDE brings those of others).
struct Declared<'a> {
    script: &'a Script,
    source: u16,
    procedure: &'a Procedure,
    mentions: Mentions,
}

/// Compiles one script; what cannot be compiled is reported.
pub(crate) fn compile(
    tables: &mut Tables,
    problems: &mut Problems<'_>,
    (sources, index): (&[Source<'_>], usize),
    (options, more): (CompileOptions, &[Arc<str>]),
    info: &mut ScriptInfo,
) -> ScriptCode {
    let Some(Source { script, .. }) = sources.get(index).copied() else { return ScriptCode::default() };
    let procedures = procedures(problems, sources, script, index);
    let body = Mentions::of_block(&script.body);
    let variables = Variables::of(script, &body, &procedures, more);
    if variables.slots.len() > 20_000 {
        problems.error(TOO_LARGE, Loc::default(), "the script has too many variables");
        return ScriptCode::default();
    }
    let mut code = ScriptCode {
        variables: variables.slots.keys().cloned().collect(),
        spellings: variables.slots.values().cloned().collect(),
        params: script.params.iter().filter_map(|param| variables.slot(&param.name.key)).collect(),
        chunks: Vec::new(),
        handlers: Vec::new(),
    };
    // The body is chunk 0, procedures follow, then handlers: calls need the numbers before the code.
    let callees: HashMap<Arc<str>, Callee> = procedures
        .iter()
        .enumerate()
        .map(|(number, (key, declared))| {
            let params = declared.procedure.params.len() as u16;
            (key.clone(), Callee { chunk: number as u16 + 1, params })
        })
        .collect();

    let mut unit = Unit { tables, problems, script, source: index as u16, callees: &callees, options };
    code.chunks.push(unit.body(&script.body, &body, &variables, true, "body"));
    for declared in procedures.values() {
        let (chunk, locals) = unit.procedure(declared, &variables);
        info.procedures.push(ProcedureInfo { name: chunk.name.clone(), locals });
        code.chunks.push(chunk);
    }
    let mut handler = |block: &Block, name: &str| {
        let chunk = unit.body(block, &Mentions::of_block(block), &variables, false, name);
        code.handlers.push(code.chunks.len() as u16);
        code.chunks.push(chunk);
        Entry::Handler(code.handlers.len() as u16 - 1)
    };
    for (declared, event) in script.events.iter().zip(&mut info.events) {
        let EventHandler { body, .. } = declared;
        if let Some(body) = body {
            event.entry = handler(body, "on");
        }
    }
    for (declared, schedule) in script.schedules.iter().zip(&mut info.schedules) {
        if let Some(body) = &declared.body {
            schedule.entry = Some(handler(body, "schedule"));
        }
    }
    if code.chunks.len() > usize::from(u16::MAX) {
        problems.error(TOO_LARGE, Loc::default(), "the script has too many procedures");
    }
    code
}

/// The script's own procedures and those of its INCLUDEs; an own one wins over an included one.
fn procedures<'a>(
    problems: &mut Problems<'_>,
    sources: &[Source<'a>],
    script: &'a Script,
    index: usize,
) -> IndexMap<Arc<str>, Declared<'a>> {
    let mut found = IndexMap::default();
    let mut add = |script: &'a Script, source: u16| {
        for procedure in &script.procedures {
            found.entry(procedure.name.key.clone()).or_insert_with(|| Declared {
                script,
                source,
                procedure,
                mentions: Mentions::of_procedure(procedure),
            });
        }
    };
    add(script, index as u16);
    // Included files may include others; each is taken once.
    let mut taken = vec![index];
    let mut waiting: Vec<(&Script, usize)> = vec![(script, 0)];
    while let Some((from, _)) = waiting.pop() {
        for (file, loc) in &from.includes {
            let wanted = stem(file);
            let hit = sources.iter().position(|source| stem(&source.script.file) == wanted);
            let sound = hit.and_then(|hit| Some((hit, sources.get(hit)?))).filter(|(_, source)| {
                !source.diagnostics.iter().any(|found| found.severity == botserver_basic_types::Severity::Error)
            });
            match sound {
                Some((hit, _)) if taken.contains(&hit) => {}
                Some((hit, source)) => {
                    taken.push(hit);
                    add(source.script, hit as u16);
                    waiting.push((source.script, hit));
                }
                None => {
                    let loc = if std::ptr::eq(from, script) { *loc } else { Loc::default() };
                    let what = if hit.is_some() { "has errors" } else { "is not part of the package" };
                    problems.error(MISSING_INCLUDE, loc, format!("the included file `{file}` {what}"));
                }
            }
        }
    }
    found
}

/// The variables of a script and their slots.
struct Variables {
    /// Key to spelling; the position is the slot.
    slots: IndexMap<Arc<str>, Arc<str>>,
}

impl Variables {
    /// `more` are names that belong to the script although it may not mention them.
    fn of(script: &Script, body: &Mentions, procedures: &IndexMap<Arc<str>, Declared<'_>>, more: &[Arc<str>]) -> Self {
        let mut slots = IndexMap::default();
        for param in &script.params {
            slots.insert(param.name.key.clone(), param.name.text.clone());
        }
        slots.extend(more.iter().map(|name| (Arc::from(name.to_lowercase()), name.clone())));
        slots.extend(body.all.iter().map(|(key, text)| (key.clone(), text.clone())));
        let mut mentions = Mentions::default();
        script.events.iter().filter_map(|event| event.body.as_ref()).for_each(|body| mentions.block(body));
        script.schedules.iter().filter_map(|schedule| schedule.body.as_ref()).for_each(|body| mentions.block(body));
        for param in &script.params {
            param.default.iter().for_each(|default| mentions.expression(default));
        }
        slots.extend(mentions.all.into_iter().filter(|(key, _)| !body.all.contains_key(key)));
        for declared in procedures.values() {
            for (key, text) in &declared.mentions.all {
                if !declared.mentions.assigned.contains(key) && !is_param(declared.procedure, key) {
                    slots.entry(key.clone()).or_insert_with(|| text.clone());
                }
            }
        }
        Self { slots }
    }

    fn slot(&self, key: &Arc<str>) -> Option<Reg> {
        self.slots.get_index_of(key).map(|slot| slot as Reg)
    }
}

fn is_param(procedure: &Procedure, key: &Arc<str>) -> bool {
    procedure.params.iter().any(|param: &Name| param.key == *key)
}

/// What the chunks of one script share while they are compiled.
struct Unit<'a, 'p> {
    tables: &'a mut Tables,
    problems: &'a mut Problems<'p>,
    script: &'a Script,
    source: u16,
    callees: &'a HashMap<Arc<str>, Callee>,
    options: CompileOptions,
}

impl Unit<'_, '_> {
    /// The body of the script or a handler: the first registers are the script's variables.
    fn body(&mut self, block: &Block, mentions: &Mentions, variables: &Variables, main: bool, name: &str) -> Chunk {
        let places =
            variables.slots.keys().enumerate().map(|(slot, key)| (key.clone(), Place::Register(slot as Reg))).collect();
        let chunk = Chunk { name: Arc::from(name), kind: ChunkKind::Body, source: self.source, ..Chunk::default() };
        let mut emitter =
            Emitter::new(self.tables, self.problems, self.script, self.callees, chunk, places, variables.slots.len());
        emitter.optimize = self.options.optimize;
        emitter.prepare(mentions, block);
        if main {
            for param in &self.script.params {
                let Some(default) = &param.default else { continue };
                emitter.at(param.loc);
                let Place::Register(slot) = emitter.place(&param.name) else { continue };
                emitter.unit(|emitter| {
                    let given = emitter.jump(Ins::JumpNotNull { a: slot, target: 0 });
                    emitter.expr_to(default, slot);
                    emitter.land([given]);
                });
            }
        }
        emitter.chunk.code.reserve(4 * block.len());
        emitter.chunk.marks.reserve(4 * block.len());
        emitter.chunk.units.reserve(2 * block.len());
        emitter.block(block);
        emitter.finish()
    }

    /// The code of a procedure, and the names of its variables.
    fn procedure(&mut self, declared: &Declared<'_>, variables: &Variables) -> (Chunk, Vec<Arc<str>>) {
        let Declared { script, source, procedure, mentions } = declared;
        let mut places: HashMap<Arc<str>, Place> = HashMap::default();
        for (register, param) in procedure.params.iter().enumerate() {
            places.insert(param.key.clone(), Place::Register(register as Reg));
        }
        let mut locals: Vec<Arc<str>> = procedure.params.iter().map(|param| param.text.clone()).collect();
        for (key, text) in &mentions.all {
            if places.contains_key(key) {
                continue;
            }
            // A loop's variable is always local; any other name that the script knows is the script's.
            let place = match variables.slot(key) {
                Some(slot) if !mentions.loop_variables.contains(key) => Place::Script(slot),
                _ => {
                    locals.push(text.clone());
                    Place::Register(locals.len() as Reg - 1)
                }
            };
            places.insert(key.clone(), place);
        }
        let chunk = Chunk {
            name: procedure.name.text.clone(),
            kind: ChunkKind::Procedure,
            source: *source,
            params: procedure.params.len() as u16,
            ..Chunk::default()
        };
        let result = if procedure.returns && mentions.assigned.contains(&procedure.name.key) {
            places.get(&procedure.name.key).copied()
        } else {
            None
        };
        let mut emitter = Emitter::new(self.tables, self.problems, script, self.callees, chunk, places, locals.len());
        emitter.optimize = self.options.optimize;
        emitter.result = result;
        emitter.prepare(mentions, &procedure.body);
        emitter.block(&procedure.body);
        (emitter.finish(), locals)
    }
}
