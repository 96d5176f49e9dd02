// A small server with a real language model for the tests: OpenAI's chat completions over llama.cpp.
//
//   node server.mjs FOLDER
//
// FOLDER holds node_modules and model.gguf. Prints its address; ends when its input ends, so that it never outlives the
// tests. Tools are always called: a model of this size does not choose, but its arguments are its own, held to the
// schema by a grammar. GET /stats tells what became of the requests.

import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = path.resolve(process.argv[2]);
const library = path.join(folder, "node_modules/node-llama-cpp/dist/index.js");
const { getLlama, LlamaChat } = await import(pathToFileURL(library).href);

const NAME = "smollm2-135m";
const CONTEXT = 2048;
const MAX_TOKENS = 256;

const llama = await getLlama({ build: "never", gpu: false, logLevel: "error", maxThreads: 1 });
const model = await llama.loadModel({ modelPath: path.join(folder, "model.gguf") });
const context = await model.createContext({ contextSize: CONTEXT, threads: 1 });
const sequence = context.getSequence();
const chat = new LlamaChat({ contextSequence: sequence });

// `prompt` is the last conversation as the model's own template writes it.
const stats = { started: 0, finished: 0, stopped: 0, tokens: 0, prompt: "" };
let queue = Promise.resolve();

function history(messages, tools) {
  const items = [];
  const systems = messages.filter((message) => message.role === "system").map((message) => message.content);
  if (tools.length > 0) {
    const list = tools.map(({ name, description, parameters }) => `${name}: ${description} ${JSON.stringify(parameters)}`);
    systems.push(`Answer only with the arguments of the function as JSON.\n${list.join("\n")}`);
  }
  if (systems.length > 0) {
    items.push({ type: "system", text: systems.join("\n\n") });
  }
  for (const message of messages) {
    if (message.role === "user") {
      items.push({ type: "user", text: message.content });
    } else if (message.role === "assistant") {
      const calls = (message.tool_calls ?? []).map((call) => call.function.arguments);
      items.push({ type: "model", response: [message.content ?? "", ...calls].filter((text) => text !== "") });
    } else if (message.role === "tool") {
      items.push({ type: "user", text: `The result: ${message.content}` });
    }
  }
  items.push({ type: "model", response: [] });
  return items;
}

async function answer(body, signal, send) {
  const functions = (body.tools ?? []).map((tool) => tool.function);
  const calls = functions.length > 0 && body.messages.at(-1).role === "user";
  const items = history(body.messages, calls ? functions : []);
  const seed = body.seed ?? 1;
  const temperature = body.temperature ?? 0;
  const options = { signal, stopOnAbortSignal: true, temperature, seed, maxTokens: body.max_tokens ?? MAX_TOKENS };
  let chosen = functions[0];
  if (calls && functions.length > 1) {
    const grammar = await llama.createGrammarForJsonSchema({ enum: functions.map((tool) => tool.name) });
    const { response } = await chat.generateResponse(items, { ...options, grammar });
    const name = JSON.parse(response);
    chosen = functions.find((tool) => tool.name === name);
  }
  stats.prompt = chat.chatWrapper.generateContextState({ chatHistory: items }).contextText.toString();
  const before = sequence.tokenMeter.getState();
  let delta = (text) => ({ content: text });
  if (calls) {
    options.grammar = await llama.createGrammarForJsonSchema(chosen.parameters);
    const id = `call_${stats.started}`;
    send({ tool_calls: [{ index: 0, id, type: "function", function: { name: chosen.name, arguments: "" } }] });
    delta = (text) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] });
  } else if (body.response_format?.type === "json_schema") {
    options.grammar = await llama.createGrammarForJsonSchema(body.response_format.json_schema.schema);
  } else if (body.response_format?.type === "json_object") {
    options.grammar = await llama.getGrammarFor("json");
  }
  const { metadata } = await chat.generateResponse(items, { ...options, onTextChunk: (text) => send(delta(text)) });
  const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.diff(before);
  stats.tokens += usedOutputTokens;
  const prompt = Math.max(sequence.nextTokenIndex - usedOutputTokens, usedInputTokens);
  const usage = {
    prompt_tokens: prompt,
    completion_tokens: usedOutputTokens,
    total_tokens: prompt + usedOutputTokens,
    prompt_tokens_details: { cached_tokens: Math.max(prompt - usedInputTokens, 0) },
  };
  const ended = metadata.stopReason === "maxTokens" ? "length" : "stop";
  return { finish: calls && ended === "stop" ? "tool_calls" : ended, usage };
}

async function complete(body, response) {
  const abort = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) {
      abort.abort();
    }
  });
  stats.started += 1;
  const id = `chatcmpl-${stats.started}`;
  const chunk = (choices, more = {}) => {
    const object = "chat.completion.chunk";
    response.write(`data: ${JSON.stringify({ id, object, created: 0, model: NAME, choices, ...more })}\n\n`);
  };
  const send = (delta) => chunk([{ index: 0, delta, finish_reason: null }]);
  response.writeHead(200, { "content-type": "text/event-stream" });
  send({ role: "assistant", content: "" });
  try {
    const { finish, usage } = await answer(body, abort.signal, send);
    if (abort.signal.aborted) {
      throw abort.signal.reason;
    }
    chunk([{ index: 0, delta: {}, finish_reason: finish }]);
    if (body.stream_options?.include_usage) {
      chunk([], { usage });
    }
    response.end("data: [DONE]\n\n");
    stats.finished += 1;
  } catch (error) {
    if (abort.signal.aborted) {
      stats.stopped += 1;
    } else {
      console.error(error);
      response.end(`data: ${JSON.stringify({ error: { message: String(error), type: "server_error" } })}\n\n`);
    }
  }
}

function reply(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

const server = http.createServer(async (request, response) => {
  const at = `${request.method} ${request.url}`;
  if (at === "GET /v1/models") {
    return reply(response, 200, { object: "list", data: [{ id: NAME, object: "model", created: 0, owned_by: "tests" }] });
  }
  if (at === "GET /stats") {
    return reply(response, 200, stats);
  }
  if (at !== "POST /v1/chat/completions") {
    return reply(response, 404, { error: { message: `nothing at ${request.url}`, type: "invalid_request_error" } });
  }
  let text = "";
  for await (const part of request.setEncoding("utf8")) {
    text += part;
  }
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return reply(response, 400, { error: { message: "the request is no JSON", type: "invalid_request_error" } });
  }
  if (body.stream !== true) {
    return reply(response, 400, { error: { message: "only streams", type: "invalid_request_error", param: "stream" } });
  }
  // One sequence: one answer at a time.
  queue = queue.then(() => complete(body, response));
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
