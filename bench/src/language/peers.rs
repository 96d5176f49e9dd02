//! The peers of the machine: Lua 5.4 through mlua, and Rhai.

use std::{cell::RefCell, rc::Rc};

use anyhow::{Result, anyhow, bail};
use mlua::Lua;
use rhai::{AST, Engine, ImmutableString};

use super::Run;

/// What a script has said.
pub(crate) type Said = Rc<RefCell<Vec<String>>>;

/// mlua's errors are not `Send`, which anyhow wants.
fn plain(error: &mlua::Error) -> anyhow::Error {
    anyhow!("{error}")
}

/// A state with the host functions of the programs.
pub(crate) fn lua(said: &Said) -> Result<Lua> {
    let lua = Lua::new();
    let said = said.clone();
    let functions = || {
        let globals = lua.globals();
        globals.set("host_abs", lua.create_function(|_, number: i64| Ok(number.abs()))?)?;
        let left = |_: &Lua, (text, count): (String, usize)| Ok(text.chars().take(count).collect::<String>());
        globals.set("host_left", lua.create_function(left)?)?;
        let talk = lua.create_function(move |_, text: String| {
            said.borrow_mut().push(text);
            Ok(())
        })?;
        globals.set("talk", talk)
    };
    functions().map_err(|error: mlua::Error| plain(&error))?;
    Ok(lua)
}

/// Compiles once; every run calls the function.
pub(crate) fn prepare_lua(source: &str) -> Result<Run> {
    let lua = lua(&Said::default())?;
    let function = lua.load(source).into_function().map_err(|error| plain(&error))?;
    Ok(Box::new(move || {
        let _state = &lua;
        function.call::<i64>(()).map_err(|error| plain(&error))
    }))
}

/// Compiles once; every run is a coroutine that is resumed until it ends.
pub(crate) fn prepare_coroutine(source: &str) -> Result<Run> {
    let lua = lua(&Said::default())?;
    let function = lua.load(source).into_function().map_err(|error| plain(&error))?;
    Ok(Box::new(move || {
        let thread = lua.create_thread(function.clone()).map_err(|error| plain(&error))?;
        loop {
            match thread.resume::<mlua::Value>(()).map_err(|error| plain(&error))? {
                // What it wants done; the value is looked at, as a host would.
                mlua::Value::String(text) if text.as_bytes().starts_with(b"One") => {}
                mlua::Value::Integer(value) => return Ok(value),
                other => bail!("a {} was yielded", other.type_name()),
            }
        }
    }))
}

/// An engine with the host functions of the programs.
pub(crate) fn rhai(said: &Said) -> Engine {
    let mut engine = Engine::new();
    engine.register_fn("host_abs", i64::abs);
    engine.register_fn("host_left", |text: ImmutableString, count: i64| -> ImmutableString {
        text.chars().take(usize::try_from(count).unwrap_or_default()).collect::<String>().into()
    });
    let said = said.clone();
    engine.register_fn("talk", move |text: ImmutableString| said.borrow_mut().push(text.to_string()));
    engine
}

pub(crate) fn compile_rhai(engine: &Engine, source: &str) -> Result<AST> {
    engine.compile(source).map_err(|error| anyhow!("{error}"))
}

pub(crate) fn eval_rhai(engine: &Engine, ast: &AST) -> Result<i64> {
    engine.eval_ast::<i64>(ast).map_err(|error| anyhow!("{error}"))
}

/// Compiles once; every run evaluates the tree.
pub(crate) fn prepare_rhai(source: &str) -> Result<Run> {
    let engine = rhai(&Said::default());
    let ast = compile_rhai(&engine, source)?;
    Ok(Box::new(move || eval_rhai(&engine, &ast)))
}
