// The model of bots/answers.gbai: it speaks the streaming chat completions of OpenAI and does what the person's last
// words say, so that every state of an answer can be had. One at a time, at the address that the bot's config.csv names.
import { createServer } from 'node:http';

const PORT = 47114;
const WORDS = 'The quick brown fox jumps over the lazy dog and goes on to the river where it drinks for a while.'.split(' ');

/** Runs `body` while the model answers. `model.calls` are the requests, `model.left` counts answers that nobody wanted any more. */
export async function withModel(body) {
  const model = { calls: [], left: 0, broken: false, pause: 30 };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (!request.url.endsWith('/chat/completions')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ object: 'list', data: [{ id: 'scripted', object: 'model' }] }));
      return;
    }
    const call = JSON.parse(Buffer.concat(chunks).toString());
    model.calls.push(call);
    if (model.broken) {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: 'The model is broken.', type: 'server_error' } }));
      return;
    }
    await answer(model, call, response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(PORT, '127.0.0.1', resolve);
  });
  try {
    await body(model);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const text = (content) => (typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(''));

async function answer(model, call, response) {
  const last = call.messages.at(-1);
  const asked = text(call.messages.findLast(({ role }) => role === 'user')?.content);
  const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted' };
  if (!call.stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...head, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'Ready.' }, finish_reason: 'stop' }], usage }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let gone = false;
  response.on('close', () => {
    if (!response.writableEnded) {
      gone = true;
      model.left += 1;
    }
  });
  const send = (delta, finish_reason = null) => response.write(`data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  const words = async (list, field = 'content') => {
    for (const word of list) {
      if (gone) return;
      send({ [field]: `${word} ` });
      await new Promise((resolve) => setTimeout(resolve, model.pause));
    }
  };
  send({ role: 'assistant', content: '' });
  let reason = 'stop';
  if (last.role === 'tool') {
    await words(`The tool says: ${text(last.content)}`.split(' '));
  } else if (asked.includes('order')) {
    const arguments_ = JSON.stringify({ code: 'A-1' });
    send({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'track-order', arguments: '' } }] });
    for (const piece of arguments_.match(/.{1,4}/g)) send({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
    reason = 'tool_calls';
  } else if (asked.includes('for ever')) {
    while (!gone) await words(WORDS);
  } else if (asked.includes('think')) {
    await words(['First', 'I', 'think', 'about', 'it.'], 'reasoning_content');
    await words(['Then', 'I', 'answer.']);
  } else if (asked.includes('too long')) {
    await words(WORDS.slice(0, 5));
    reason = 'length';
  } else if (asked.includes('days')) {
    await words(['Up', 'to', 'ten', 'days', 'carry', 'over', 'to', 'the', 'next', 'year', '[1].']);
  } else {
    await words([...WORDS, `Call ${model.calls.length}.`]);
  }
  if (gone) return;
  send({}, reason);
  response.write(`data: ${JSON.stringify({ ...head, choices: [], usage })}\n\n`);
  response.end('data: [DONE]\n\n');
}
