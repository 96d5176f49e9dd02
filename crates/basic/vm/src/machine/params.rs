//! Arguments of a script become variables of their declared type.

use botserver_basic_syntax::ast::ParamType;
use botserver_basic_types::{BasicError, Result, Val, Value, ops};

use super::Machine;

impl Machine {
    /// Sets the PARAMs of the body that has just been pushed, by name.
    pub(super) fn set_params(&mut self, script: u16, params: Vec<(String, Value)>) -> Result<()> {
        for (name, value) in params {
            let Some(info) = self.image.infos.get(usize::from(script)) else { break };
            // A model may send more than was declared; that is no reason to fail.
            let Some(position) = info.params.iter().position(|param| param.name.eq_ignore_ascii_case(&name)) else {
                continue;
            };
            let value = self.heap.attach(&value)?;
            self.set_param(script, position, value)?;
        }
        Ok(())
    }

    /// Sets one PARAM of the topmost body, by position.
    pub(super) fn set_param(&mut self, script: u16, position: usize, value: Val) -> Result<()> {
        let image = self.image.clone();
        let (Some(info), Some(code)) =
            (image.infos.get(usize::from(script)), image.body.scripts.get(usize::from(script)))
        else {
            return Ok(());
        };
        let (Some(param), Some(slot)) = (info.params.get(position), code.params.get(position)) else {
            return Ok(());
        };
        let value = self.convert(value, param.kind).map_err(|error| {
            BasicError::invalid(format!("the argument `{}` of `{}`: {}", param.name, info.name, error.message))
        })?;
        let base = self.frames.last().map_or(0, |frame| frame.base as usize);
        if let Some(register) = self.registers.get_mut(base + usize::from(*slot)) {
            *register = value;
        }
        Ok(())
    }

    fn convert(&mut self, value: Val, kind: ParamType) -> Result<Val> {
        if ops::is_null(&self.heap, &value) {
            return Ok(Val::Null);
        }
        Ok(match (kind, &value) {
            (ParamType::Integer, Val::Text(_) | Val::Float(_) | Val::Bool(_)) => Val::Int(ops::to_integer(&value)?),
            (ParamType::Number, Val::Text(_) | Val::Bool(_)) => ops::to_number(&value)?.into(),
            (ParamType::Boolean, Val::Text(text)) => match text.trim().to_lowercase().as_str() {
                "true" | "yes" | "1" | "on" => Val::Bool(true),
                "false" | "no" | "0" | "off" => Val::Bool(false),
                _ => return Err(BasicError::type_mismatch(format!("\"{}\" is neither true nor false", &**text))),
            },
            (ParamType::Boolean, Val::Int(_) | Val::Float(_)) => Val::Bool(ops::truthy(&self.heap, &value)),
            (ParamType::Array, Val::Text(text)) => {
                let text = text.clone();
                let parsed = ops::json_view(&mut self.heap, &text)?;
                if matches!(parsed, Val::Array(_)) {
                    parsed
                } else {
                    // One value, or several with commas between.
                    let items = text.split(',').map(|item| super::text_value(item.trim())).collect();
                    Val::Array(self.heap.new_array(items)?)
                }
            }
            (ParamType::Object, Val::Text(text)) => {
                let text = text.clone();
                match ops::json_view(&mut self.heap, &text)? {
                    Val::Null => value,
                    object => object,
                }
            }
            (
                ParamType::String | ParamType::Email | ParamType::Phone | ParamType::Date | ParamType::DateTime,
                Val::Int(_) | Val::Float(_) | Val::Bool(_),
            ) => super::text_value(ops::text_of(&self.heap, &value)?),
            _ => value,
        })
    }
}
