//! Debugging scripts: sessions that lead programs from stop to stop. A session has breakpoints and threads; each program
//! that it leads is a thread, answers its questions while it stands still, and goes on when it is told to, or when the
//! session is over. Knows no protocol of editors and nothing of the engine but that a program may be held.

mod breakpoints;
mod led;
mod session;
mod wire;

pub(crate) use self::led::Led;
pub use self::{
    session::{Debuggers, Session, Target},
    wire::{Ask, Breakpoint, Frame, Go, SetBreakpoint, ThreadInfo, Told, Where},
};
