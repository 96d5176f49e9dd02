//! Compiler from the tree of a script to compact bytecode, and the resumable machine that runs it.
//! The machine returns effects instead of performing them; its whole state is a small snapshot.
//! Knows no service, no async, no I/O and no keyword by name.
#![forbid(unsafe_code)]

mod code;
mod compile;
mod disassemble;
mod image;
mod info;
mod machine;
mod natives;
mod stops;
mod verify;

pub use compile::{CODES, CompileOptions, Compiled, Source, compile, compile_input, compile_with};
pub use image::{Image, ImageError};
pub use info::{Entry, EventInfo, ParamInfo, ProcedureInfo, ScheduleInfo, ScriptInfo};
pub use machine::{FrameInfo, Limits, Machine, Place, Places, RESULT, Scope, Shown, SnapshotError, Step, Stop, Until};
