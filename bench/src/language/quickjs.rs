//! QuickJS, the peer among JavaScript engines, through rquickjs.

use anyhow::{Context as _, Result, anyhow, bail};
use rquickjs::{Context, Ctx, Function, Object, Persistent, Runtime, Value, function::This};

use super::{Run, peers::Said};

/// One function of an engine of its own. The order is the one in which they have to go.
pub(crate) struct Script {
    function: Persistent<Function<'static>>,
    context: Context,
    _runtime: Runtime,
}

/// The error of the binding says only that there was an exception.
fn plain(ctx: &Ctx<'_>, error: rquickjs::Error) -> anyhow::Error {
    let thrown = ctx.catch();
    let message = thrown.as_exception().and_then(rquickjs::Exception::message);
    anyhow!("{error}: {}", message.unwrap_or_default())
}

/// An engine with the host functions of the programs.
pub(crate) fn engine(said: &Said) -> Result<(Runtime, Context)> {
    let runtime = Runtime::new()?;
    let context = Context::full(&runtime)?;
    let said = said.clone();
    context.with(|ctx| {
        let functions = || {
            let globals = ctx.globals();
            globals.set("host_abs", Function::new(ctx.clone(), |number: f64| number.abs())?)?;
            let left = |text: String, count: usize| text.chars().take(count).collect::<String>();
            globals.set("host_left", Function::new(ctx.clone(), left)?)?;
            let talk = move |text: String| said.borrow_mut().push(text);
            globals.set("talk", Function::new(ctx.clone(), talk)?)
        };
        functions().map_err(|error| plain(&ctx, error))
    })?;
    Ok((runtime, context))
}

/// Compiles the body of a function.
pub(crate) fn compile<'js>(ctx: &Ctx<'js>, body: &str) -> Result<Function<'js>> {
    ctx.eval::<Function<'_>, _>(format!("(function () {{ {body} }})")).map_err(|error| plain(ctx, error))
}

/// Calls a function that gives a whole number, or a generator that gives one in the end.
pub(crate) fn call<'js>(ctx: &Ctx<'js>, function: &Function<'js>) -> Result<i64> {
    let value: Value<'js> = function.call(()).map_err(|error| plain(ctx, error))?;
    match value.as_number() {
        Some(number) => Ok(number as i64),
        None => drive(ctx, value.as_object().context("neither a number nor a generator")?),
    }
}

/// Resumes a generator until it ends; what it wants done is looked at, as a host would.
fn drive<'js>(ctx: &Ctx<'js>, generator: &Object<'js>) -> Result<i64> {
    let next: Function<'js> = generator.get("next").map_err(|error| plain(ctx, error))?;
    loop {
        let step: Object<'js> = next.call((This(generator.clone()),)).map_err(|error| plain(ctx, error))?;
        let value: Value<'js> = step.get("value").map_err(|error| plain(ctx, error))?;
        match value.as_number() {
            Some(number) => return Ok(number as i64),
            None if value.get::<String>().is_ok_and(|text| text.starts_with("One")) => {}
            None => bail!("a {} was yielded", value.type_name()),
        }
    }
}

impl Script {
    pub(crate) fn new(said: &Said, body: &str) -> Result<Self> {
        let (runtime, context) = engine(said)?;
        let function = context.with(|ctx| compile(&ctx, body).map(|function| Persistent::save(&ctx, function)))?;
        Ok(Self { function, context, _runtime: runtime })
    }

    pub(crate) fn call(&self) -> Result<i64> {
        self.context.with(|ctx| {
            let function = self.function.clone().restore(&ctx).map_err(|error| plain(&ctx, error))?;
            call(&ctx, &function)
        })
    }
}

/// Compiles once; every run calls the function.
pub(crate) fn prepare(body: &str) -> Result<Run> {
    let script = Script::new(&Said::default(), body)?;
    Ok(Box::new(move || script.call()))
}
