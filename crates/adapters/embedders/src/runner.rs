//! A loaded model: tokens in, the mean of the last layer out. Blocks. Knows no file but those it is given.

use std::{path::Path, sync::Arc};

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::{NdTensor, prelude::*};
use rten_text::{Tokenizer, tokenizer::EncodeOptions};

/// Blanks behind every text, which give no tokens. The tokenizer counts the marks of a word's later pieces (`##`) as if they
/// stood in the text, and panics when it looks there for where a piece began (rten-text 0.27). Words have 100 letters
/// at most; longer ones are not cut into pieces.
const ROOM: usize = 100 * (4 + 2);

/// A model in memory.
pub(crate) struct Runner {
    model: Model,
    tokenizer: Tokenizer,
    threads: Arc<ThreadPool>,
    inputs: [Option<NodeId>; 3],
    output: NodeId,
    max_tokens: usize,
    dimensions: usize,
}

impl Runner {
    pub(crate) fn load(
        folder: &Path,
        max_tokens: usize,
        dimensions: usize,
        threads: Arc<ThreadPool>,
    ) -> Result<Self, String> {
        // Packing the weights once instead of in every run saves a quarter of the work, for a second copy of them in memory.
        let mut loading = ModelOptions::with_all_ops();
        let model = loading.prepack_weights(true).load_file(folder.join("model.onnx"));
        let model = model.map_err(|error| error.to_string())?;
        let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).map_err(|error| error.to_string())?;
        let inputs = ["input_ids", "attention_mask", "token_type_ids"].map(|name| model.find_node(name));
        let output = model.find_node("last_hidden_state").or_else(|| model.output_ids().first().copied());
        let output = output.ok_or("the model has no output")?;
        if inputs.first().is_none_or(Option::is_none) {
            return Err("the model reads no tokens".to_owned());
        }
        Ok(Self { model, tokenizer, threads, inputs, output, max_tokens, dimensions })
    }

    /// The vector of one text. Texts go through one at a time: the model's numbers are rounded by the largest in a run,
    /// so that in company the vector of a text would depend on its neighbours.
    pub(crate) fn embed(&self, text: &str) -> Result<Vec<f32>, String> {
        let options = EncodeOptions { max_chunk_len: Some(self.max_tokens), ..EncodeOptions::default() };
        let text = format!("{}{}", beginning(text, self.max_tokens), " ".repeat(ROOM));
        let encoded = self.tokenizer.encode(text.as_str(), Some(options));
        let encoded = encoded.map_err(|error| error.to_string())?;
        let tokens: Vec<i32> = encoded.token_ids().iter().map(|token| token.cast_signed()).collect();
        let count = tokens.len();
        let row = |numbers: Vec<i32>| ValueOrView::from(NdTensor::from_data([1, count], numbers));
        let values = [tokens, vec![1; count], vec![0; count]];
        let inputs = self.inputs.iter().zip(values).filter_map(|(node, values)| Some(((*node)?, row(values))));
        let options = RunOptions::default().with_thread_pool(Some(self.threads.clone()));
        let [output] =
            self.model.run_n(inputs.collect(), [self.output], Some(options)).map_err(|error| error.to_string())?;
        let output: NdTensor<f32, 3> = output.try_into().map_err(|_| "the output has an unknown form".to_owned())?;
        let [_, rows, width] = output.shape();
        if width != self.dimensions || rows == 0 {
            return Err(format!("the model gives {width} numbers instead of {}", self.dimensions));
        }
        let mut sums = vec![0.0_f32; width];
        for (place, number) in output.iter().enumerate() {
            if let Some(sum) = sums.get_mut(place % width) {
                *sum += number;
            }
        }
        let length = sums.iter().map(|sum| sum * sum).sum::<f32>().sqrt();
        if !length.is_finite() || length <= 0.0 {
            return Err("the model gives no direction".to_owned());
        }
        Ok(sums.into_iter().map(|sum| sum / length).collect())
    }
}

/// As much of a text as can matter: a token has few letters, and cutting a long text into tokens takes long.
fn beginning(text: &str, max_tokens: usize) -> &str {
    let most = max_tokens.saturating_mul(32);
    text.char_indices().nth(most).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}
