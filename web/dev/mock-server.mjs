// A stand-in for the server while the page is developed: it speaks docs/chat-protocol.md with scripted bots, keeps
// everything in memory, and serves `dist` under the server's Content-Security-Policy. Never shipped.
//
//   node dev/mock-server.mjs [port]      (port 0 takes a free one; the address is printed)
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { bots } from './mock-bots.mjs';
import { owned } from './mock-knowledge.mjs';
import { overview } from './mock-overview.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const CSP = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; connect-src 'self'; object-src 'none'; base-uri 'none'";
const newId = (prefix) => `${prefix}_${randomUUID().replaceAll('-', '')}`;
const now = () => new Date().toISOString();

const conversations = new Map();
const attachments = new Map();
const feedback = new Map();

class Conversation {
  constructor(bot, visitor, owner) {
    Object.assign(this, {
      id: newId('cnv'), bot, visitor, owner, title: null, created: now(), updated: now(), events: [], queue: [],
      working: false, opened: false, sockets: new Set(), state: {}, hear: null, cancelled: false, streaming: null, seen: new Map(), sentAt: [],
    });
    conversations.set(this.id, this);
  }

  get written() {
    return this.seen.size > 0;
  }

  get seq() {
    return this.events.length;
  }

  broadcast(frame) {
    for (const socket of this.sockets) socket.send(JSON.stringify(frame));
  }

  commit(event, at = now()) {
    const committed = { seq: this.seq + 1, at, event };
    this.events.push(committed);
    this.updated = at;
    this.broadcast({ type: 'event', ...committed });
  }

  open() {
    if (this.opened) return;
    this.opened = true;
    void this.turn(null);
  }

  /** Returns an error frame, or the state of the message. */
  accept({ id, text = '', attachments: ids = [], action = null, replaces = null, regenerates = null }) {
    if (this.seen.has(id)) return { state: this.seen.get(id) };
    if (!text && ids.length === 0 && !regenerates) return { code: 'empty_message', title: 'The message is empty.' };
    const second = Date.now();
    this.sentAt = this.sentAt.filter((at) => second - at < 60_000);
    if (this.bot.limit && this.sentAt.length >= this.bot.limit) {
      this.sentAt = [];
      return { code: 'rate_limited', title: 'Too many messages.', detail: 'At most 60 a minute.', retry_after: 4 };
    }
    if (this.queue.length >= 20) return { code: 'queue_full', title: 'Too many messages are waiting.', detail: 'Wait for an answer, then send again.' };
    this.sentAt.push(second);
    const message = { id, text, attachments: ids, action, replaces, regenerates };
    const idle = !this.working;
    this.seen.set(id, idle ? 'taken' : 'queued');
    if (!this.title && text) {
      this.title = text.slice(0, 40);
      this.commit({ kind: 'conversation', title: this.title });
    }
    const ahead = this.queue.length;
    this.queue.push(message);
    setImmediate(() => this.next());
    return { state: idle ? 'taken' : 'queued', ahead };
  }

  /** A message and everything after it no longer counts, or only what came after it. */
  supersede(id, itself) {
    const at = this.events.findIndex(({ event }) => event.id === id);
    if (at < 0) return;
    const from = itself ? at : at + 1;
    const messages = this.events.slice(from).filter(({ event }) => event.kind === 'message').map(({ event }) => event.id);
    this.commit({ kind: 'superseded', from: from + 1, messages });
  }

  queueFrame() {
    return this.queue.map(({ id, text, regenerates }) => ({ id, text, ...(regenerates ? { regenerates } : {}) }));
  }

  next() {
    if (this.working) {
      this.broadcast({ type: 'queue', items: this.queueFrame() });
      return;
    }
    const message = this.queue.shift();
    if (!message) return;
    this.seen.set(message.id, 'taken');
    this.broadcast({ type: 'queue', items: this.queueFrame() });
    void this.turn(message);
  }

  async turn(message) {
    this.working = true;
    this.cancelled = false;
    const turn = newId('trn');
    this.broadcast({ type: 'working', on: true });
    const wish = message?.regenerates ? message.id : null;
    if (message?.replaces) this.supersede(message.replaces, true);
    if (message?.regenerates) {
      this.supersede(message.regenerates, false);
      const asked = this.events.findLast(({ event }) => event.id === message.regenerates)?.event;
      message = { ...message, id: message.regenerates, text: asked?.parts.find(({ type }) => type === 'text')?.text ?? '', attachments: [] };
    } else if (message) {
      const files = message.attachments.map((id) => attachments.get(id)).filter(Boolean)
        .map(({ url, filename, mime_type, size }) => ({ type: 'file', url, filename, mime_type, size }));
      const text = message.text ? [{ type: 'text', text: this.hear?.secret ? '••••••••' : message.text }] : [];
      this.commit({ kind: 'message', id: message.id, role: 'person', parts: [...text, ...files], turn });
      if (this.hear) {
        this.hear = null;
        this.commit({ kind: 'hear', input: null });
      }
    }
    const say = (...parts) => this.commit({
      kind: 'message', id: newId('msg'), role: 'bot', turn,
      parts: parts.map((part) => (typeof part === 'string' ? { type: 'text', text: part } : part)),
    });
    const api = {
      say,
      suggest: (...items) => this.commit({ kind: 'suggestions', items }),
      hear: (kind, more = {}) => {
        this.hear = { kind, options: [], accept: [], attempt: 1, secret: kind === 'password', ...more };
        this.commit({ kind: 'hear', input: this.hear });
      },
      fail: (error) => this.commit({ kind: 'error', id: newId('err'), message: message?.id ?? null, ...error, ...(this.owner ? {} : { script: undefined }) }),
      stream: async (text, { ms = 40, reasoning = '', sources = [], cut = false, attempt = 1, abandon = false } = {}) => {
        const id = abandon || attempt > 1 ? `msg_${turn.slice(4)}` : newId('msg');
        const began = Date.now();
        this.streaming = { message: id, turn, attempt, text: '', reasoning: '' };
        const send = async (part, all) => {
          let offset = 0;
          for (const chunk of all.match(/\S+\s*|\s+/g) ?? []) {
            if (this.cancelled) break;
            this.broadcast({ type: 'delta', message: id, turn, attempt, offset, text: chunk, part });
            this.streaming[part] += chunk;
            offset += Array.from(chunk).length;
            await api.wait(ms);
          }
        };
        await send('reasoning', reasoning);
        const seconds = (Date.now() - began) / 1000;
        await send('text', text);
        const { text: said, reasoning: thought } = this.streaming;
        this.streaming = null;
        if (abandon && !this.cancelled) return;
        this.commit({
          kind: 'message', id, role: 'bot', turn, model: 'stand-in', ...(this.cancelled ? { stopped: true } : {}), ...(cut ? { cut } : {}),
          parts: [
            ...(thought ? [{ type: 'reasoning', text: thought, seconds }] : []), { type: 'text', text: said },
            ...(sources.length > 0 && !this.cancelled ? [{ type: 'sources', items: sources }] : []),
          ],
        });
      },
      tool: (name, title, given) => {
        const call = { kind: 'tool', id: newId('call'), name, title, arguments: given, turn };
        this.commit({ ...call, state: 'running', result: null });
        return (state, result) => this.commit({ ...call, state, result });
      },
      wait: (ms) => new Promise((resolve) => setTimeout(resolve, this.cancelled ? 0 : ms)),
      cancelled: () => this.cancelled,
      state: this.state,
      commit: (event, at) => this.commit(event, at),
    };
    let outcome = 'done';
    try {
      outcome = (await this.bot.turn(api, message, this)) ?? 'done';
    } catch (error) {
      outcome = 'failed';
      api.fail({ title: 'This did not work.', detail: String(error.message), reference: newId('req') });
    }
    if (this.hear && outcome === 'done') outcome = 'waiting';
    if (this.cancelled) outcome = 'cancelled';
    this.working = false;
    this.commit({ kind: 'turn.end', turn, item: wish ?? message?.id ?? this.id, outcome });
    this.broadcast({ type: 'working', on: false });
    this.next();
  }

  document() {
    return { id: this.id, bot: this.bot.name, title: this.title, created_at: this.created, updated_at: this.updated, seq: this.seq };
  }

  remove() {
    conversations.delete(this.id);
    this.broadcast({ type: 'event', seq: this.seq + 1, at: now(), event: { kind: 'conversation', deleted: true } });
    for (const socket of this.sockets) socket.close(4409);
  }
}

function visitorOf(request) {
  return /botserver_visitor=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? null;
}

const isOwner = (request) => /botserver_owner=1/.test(request.headers.cookie ?? '');

function problem(response, status, code, title, detail = null) {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title, status, detail, code, request_id: newId('req') }));
}

function json(response, document, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(document));
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const publicBot = ({ name, title, description, welcome, theme, version }) => ({ id: `bot_${name}`, name, title, description, welcome, theme, version });

async function api(request, response, url, visitor) {
  const [, , , first, second, third, fourth, fifth] = url.pathname.split('/').map(decodeURIComponent);
  const { method } = request;
  const served = Object.values(bots).filter(({ hidden }) => !hidden);
  if (first === 'me') return json(response, { kind: isOwner(request) ? 'owner' : 'visitor' });
  if (first === 'system' && second === 'overview') {
    if (!isOwner(request)) return problem(response, 403, 'forbidden', 'Only the owner may see this.');
    return json(response, overview(conversations.size));
  }
  const answer = await owned({ method, path: [first, second, third, fourth, fifth], url, body: () => body(request) });
  if (answer) {
    if (!isOwner(request)) return problem(response, 403, 'forbidden', 'Only the owner may see this.');
    if (answer.status === 204) {
      response.writeHead(204);
      return response.end();
    }
    return answer.code ? problem(response, answer.status, answer.code, answer.title, answer.detail) : json(response, answer.body, answer.status);
  }
  if (first === 'bots' && !second) return json(response, { items: served.map(publicBot), next_cursor: null });
  if (first === 'bots' && second && !third) {
    const bot = bots[second];
    return bot ? json(response, publicBot(bot)) : problem(response, 404, 'not_found', 'There is no such bot.');
  }
  if (first === 'attachments') {
    const file = attachments.get(second);
    if (!file) return problem(response, 404, 'not_found', 'There is no such file.');
    response.writeHead(200, { 'content-type': file.mime_type, 'content-disposition': 'attachment' });
    return response.end(file.bytes);
  }
  if (first !== 'conversations') return problem(response, 404, 'not_found', 'There is nothing here.');
  if (!second) {
    const q = (url.searchParams.get('q') ?? '').toLowerCase();
    const items = [...conversations.values()]
      .filter((item) => item.visitor === visitor && item.written && `bot_${item.bot.name}` === url.searchParams.get('bot'))
      .filter((item) => JSON.stringify([item.title, item.events]).toLowerCase().includes(q))
      .sort((a, b) => b.updated.localeCompare(a.updated));
    return json(response, { items: items.map((item) => item.document()), next_cursor: null });
  }
  const conversation = conversations.get(second);
  if (!conversation || conversation.visitor !== visitor) return problem(response, 404, 'not_found', 'There is no such conversation.');
  if (!third && method === 'DELETE') {
    conversation.remove();
    response.writeHead(204);
    return response.end();
  }
  if (!third && method === 'PATCH') {
    conversation.title = JSON.parse(await body(request)).title;
    conversation.commit({ kind: 'conversation', title: conversation.title });
    return json(response, conversation.document());
  }
  if (third === 'attachments' && method === 'POST') {
    const bytes = await body(request);
    if (bytes.length > 10 * 1024 * 1024) return problem(response, 413, 'too_large', 'The file is larger than 10 MB.');
    const id = newId('att');
    const file = {
      id, url: `/api/v1/attachments/${id}`, filename: url.searchParams.get('filename') ?? 'file',
      mime_type: request.headers['content-type'] ?? 'application/octet-stream', size: bytes.length, bytes,
    };
    attachments.set(id, file);
    const { bytes: _, ...document } = file;
    return json(response, document, 201);
  }
  if (third === 'messages' && fifth === 'feedback' && method === 'PUT') {
    feedback.set(fourth, JSON.parse(await body(request)));
    return json(response, feedback.get(fourth));
  }
  if (third === 'messages' && method === 'GET') {
    const items = conversation.events.filter(({ event }) => event.kind === 'message').map(({ seq, at, event }) => ({
      id: event.id, seq, role: event.role, parts: event.parts, at, feedback: feedback.get(event.id) ?? null,
    }));
    return json(response, { items, next_cursor: null });
  }
  return problem(response, 404, 'not_found', 'There is nothing here.');
}

async function page(response, name, status = 200) {
  const bytes = await readFile(join(dist, name));
  response.writeHead(status, {
    'content-type': TYPES[extname(name)] ?? 'application/octet-stream', 'content-security-policy': CSP,
    'x-content-type-options': 'nosniff', 'referrer-policy': 'strict-origin-when-cross-origin',
    'cache-control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  response.end(bytes);
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://mock');
  let visitor = visitorOf(request);
  if (!visitor) {
    visitor = randomUUID().replaceAll('-', '');
    response.setHeader('set-cookie', `botserver_visitor=${visitor}; HttpOnly; Path=/; SameSite=Lax`);
  }
  try {
    if (url.pathname.startsWith('/api/v1/')) return await api(request, response, url, visitor);
    if (url.pathname === '/owner/claim') {
      response.writeHead(303, { 'set-cookie': 'botserver_owner=1; HttpOnly; Path=/; SameSite=Lax', location: '/owner' });
      return response.end();
    }
    const path = normalize(url.pathname).replace(/^\/+/, '');
    if (path === 'owner') return await page(response, 'owner.html');
    if (path.startsWith('assets/') || path === 'embed.js' || path === 'icon.svg') return await page(response, path);
    return await page(response, 'index.html');
  } catch (error) {
    return problem(response, error.code === 'ENOENT' ? 404 : 500, 'failed', 'This did not work.', error.message);
  }
});

const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => (offered.has('botserver.chat.v1') ? 'botserver.chat.v1' : false) });

server.on('upgrade', (request, stream, head) => {
  const name = /^\/api\/v1\/bots\/([^/]+)\/socket$/.exec(new URL(request.url, 'http://mock').pathname)?.[1];
  const bot = bots[decodeURIComponent(name ?? '')];
  const visitor = visitorOf(request);
  if (!bot || !visitor) return stream.destroy();
  sockets.handleUpgrade(request, stream, head, (socket) => attend(socket, bot, visitor, isOwner(request)));
});

function attend(socket, bot, visitor, owner) {
  let conversation = null;
  const send = (frame) => socket.send(JSON.stringify(frame));
  socket.on('message', (data) => {
    let frame;
    try {
      frame = JSON.parse(String(data));
    } catch {
      return socket.close(1008);
    }
    if (!conversation) {
      if (frame.type !== 'hello') return socket.close(1008);
      conversation = frame.conversation
        ? conversations.get(frame.conversation)
        : [...conversations.values()].find((item) => item.visitor === visitor && item.bot === bot && !item.written)
          ?? new Conversation(bot, visitor, owner);
      if (!conversation || conversation.visitor !== visitor) return socket.close(4404);
      send({
        type: 'ready', protocol: 1, conversation: conversation.id, seq: conversation.seq, owner,
        bot: publicBot(bot), queued: conversation.queueFrame(), working: conversation.working, title: conversation.title,
      });
      for (const committed of conversation.events.slice(frame.after ?? 0)) send({ type: 'event', ...committed });
      if (conversation.streaming) send({ type: 'stream', ...conversation.streaming });
      conversation.sockets.add(socket);
      if (frame.visible) conversation.open();
      return;
    }
    switch (frame.type) {
      case 'message': {
        const result = conversation.accept(frame);
        send(result.code ? { type: 'error', id: frame.id, ...result } : { type: 'ack', id: frame.id, ...result });
        break;
      }
      case 'regenerate': {
        const result = conversation.accept({ id: frame.id, regenerates: frame.message });
        send(result.code ? { type: 'error', id: frame.id, ...result } : { type: 'ack', id: frame.id, ...result });
        break;
      }
      case 'withdraw': {
        const before = conversation.queue.length;
        conversation.queue = conversation.queue.filter(({ id }) => id !== frame.id);
        if (conversation.queue.length === before) send({ type: 'error', code: 'already_taken', title: 'It is being answered already.', id: frame.id });
        else conversation.broadcast({ type: 'queue', items: conversation.queueFrame() });
        break;
      }
      case 'cancel':
        conversation.cancelled = true;
        break;
      case 'visible':
        conversation.open();
        break;
      case 'ping':
        send({ type: 'pong' });
        break;
      default:
        send({ type: 'error', code: 'bad_frame', title: `There is no frame of type ${frame.type}.` });
    }
  });
  socket.on('close', () => conversation?.sockets.delete(socket));
}

server.listen(Number(process.argv[2] ?? 8099), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
