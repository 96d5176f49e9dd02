//! What a person types while a script stands still, or line after line: it is compiled as a script of its own and runs
//! on the same values, so that what it changes is changed.

use std::sync::Arc;

use botserver_basic_types::{BasicError, Result, Val};

use super::{Shown, Step};
use crate::{Image, Machine};

/// The variable in which the compiled input leaves its value. No name of a script looks like this.
pub const RESULT: &str = "(result)";

impl Machine {
    /// Runs the first script of `image`, which was compiled with the names that the frame sees, on the frame's
    /// variables, and shows the value that it leaves. Effects are refused: the machine stands still.
    pub fn evaluate(&mut self, frame: usize, image: Arc<Image>, script: &str, fuel: u64) -> Result<Shown> {
        let value = self.compute(frame, image, script, fuel)?;
        Ok(self.show(String::new(), &value))
    }

    /// As [`Machine::evaluate`], and the value becomes that of a variable, or of something inside a value that was
    /// shown.
    pub fn assign(
        &mut self,
        frame: usize,
        (reference, name): (Option<u32>, &str),
        (image, script): (Arc<Image>, &str),
        fuel: u64,
    ) -> Result<Shown> {
        let value = self.compute(frame, image, script, fuel)?;
        match reference {
            Some(reference) => self.set_inside(reference, name, value.clone())?,
            None => self.set_named(frame, name, value.clone())?,
        }
        Ok(self.show(name.to_owned(), &value))
    }

    /// Whether the value of an input counts as true.
    pub fn is_true(&mut self, frame: usize, image: Arc<Image>, script: &str, fuel: u64) -> Result<bool> {
        let value = self.compute(frame, image, script, fuel)?;
        Ok(botserver_basic_types::ops::truthy(&self.heap, &value))
    }

    /// The text of the value of an input.
    pub fn text_of(&mut self, frame: usize, image: Arc<Image>, script: &str, fuel: u64) -> Result<String> {
        let value = self.compute(frame, image, script, fuel)?;
        Ok(botserver_basic_types::ops::text_of(&self.heap, &value)?.into_owned())
    }

    fn compute(&mut self, frame: usize, image: Arc<Image>, script: &str, fuel: u64) -> Result<Val> {
        let mut other = Self::empty(image, self.limits);
        let (number, chunk) = other.find_script(script, crate::Entry::Main)?;
        // The same values, not copies; a collection in between must not take those that only this machine holds.
        std::mem::swap(&mut other.heap, &mut self.heap);
        other.globals.clone_from(&self.globals);
        other.error.clone_from(&self.error);
        let held = &mut other.debug.get_or_insert_default().held;
        held.extend(self.registers.iter().filter(|value| is_container(value)).cloned());
        held.extend(self.debug.iter().flat_map(|debug| debug.held.iter().cloned()));
        let seen = self.seen(frame);
        let outcome = other.push_script(number, chunk, 0).and_then(|()| {
            for (name, register) in &seen {
                if let Some(value) = self.registers.get_mut(*register)
                    && other.slot(name).is_some()
                {
                    // Moved, so that a text that nobody else holds still grows in place.
                    other.put_variable(name, std::mem::take(value));
                }
            }
            match other.run(fuel) {
                Step::Done(_) => Ok(other.take_variable(RESULT).unwrap_or_default()),
                Step::Failed(error) => Err(error),
                Step::Fuel => Err(BasicError::new(9002, "this takes too long to be worked out while the script waits")),
                Step::Effect(request) => Err(BasicError::new(
                    9000,
                    format!(
                        "{} cannot be used here: while the script waits only values are worked out",
                        request.keyword
                    ),
                )),
            }
        });
        for (name, register) in &seen {
            if let (Some(value), Some(own)) = (other.take_variable(name), self.registers.get_mut(*register)) {
                *own = value;
            }
        }
        std::mem::swap(&mut other.heap, &mut self.heap);
        outcome
    }

    /// Goes on with another script, of which `image` was compiled with the names of the variables so far: it finds them
    /// with their values. What ran before is over.
    pub fn go_on_with(&mut self, image: Arc<Image>, script: &str) -> Result<()> {
        let mut next = Self::empty(image, self.limits);
        let (number, chunk) = next.find_script(script, crate::Entry::Main)?;
        let names: Vec<Arc<str>> = self.variable_names();
        let values: Vec<(Arc<str>, Val)> =
            names.into_iter().filter_map(|name| Some((name.clone(), self.take_variable(&name)?))).collect();
        std::mem::swap(&mut next.heap, &mut self.heap);
        next.collect_at = self.collect_at;
        next.globals = std::mem::take(&mut self.globals);
        next.error = self.error.take();
        next.push_script(number, chunk, 0)?;
        for (name, value) in values {
            next.put_variable(&name, value);
        }
        *self = next;
        Ok(())
    }

    /// The names of the variables of the script that the machine was made for, in the author's spelling.
    pub fn variable_names(&self) -> Vec<Arc<str>> {
        let names = self.outermost().map(|(code, _)| code.spellings.clone()).unwrap_or_default();
        names.into_iter().filter(|name| &**name != RESULT).collect()
    }

    /// The value that the last input left, shown.
    pub fn show_result(&mut self) -> Option<Shown> {
        let value = self.take_variable(RESULT)?;
        Some(self.show(String::new(), &value))
    }

    fn slot(&self, name: &str) -> Option<usize> {
        let (code, base) = self.outermost()?;
        let name = name.to_lowercase();
        code.variables.iter().position(|own| **own == *name).map(|slot| base + slot)
    }

    fn put_variable(&mut self, name: &str, value: Val) {
        if let Some(slot) = self.slot(name)
            && let Some(register) = self.registers.get_mut(slot)
        {
            *register = value;
        }
    }

    fn take_variable(&mut self, name: &str) -> Option<Val> {
        let slot = self.slot(name)?;
        self.registers.get_mut(slot).map(std::mem::take)
    }
}

fn is_container(value: &Val) -> bool {
    matches!(value, Val::Array(_) | Val::Object(_) | Val::Rows(..))
}
