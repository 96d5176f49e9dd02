import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { BASE, Chat, until, visit } from '../lib.mjs';

const vectors = JSON.parse(await readFile(new URL('../../../web/tests/xss-vectors.json', import.meta.url), 'utf8'));
/** A visitor may send sixty messages a minute, and each kind of place gets a fresh visitor for a batch. */
const batches = Array.from({ length: Math.ceil(vectors.length / 20) }, (_, at) => vectors.slice(at * 20, at * 20 + 20));

/** Nothing ran, nothing tried to run, and nothing but the app's own elements is there. */
async function inert(page, where) {
  const found = await page.evaluate(() => ({
    ran: '__xss' in window,
    violations: window.__violations ?? [],
    foreign: [...document.querySelectorAll('iframe, object, embed, base, link[rel=stylesheet]:not([href^="/assets/"]), script:not([src^="/assets/"]), form[action], [formaction], [srcdoc], math, marquee, template, meta[http-equiv]')].map((element) => element.outerHTML.slice(0, 200)),
    handlers: [...document.querySelectorAll('*')].flatMap((element) => element.getAttributeNames().filter((name) => name.startsWith('on')).map((name) => `${element.tagName} ${name}`)),
    links: [...document.querySelectorAll('a[href]')].map((link) => link.protocol).filter((protocol) => !['http:', 'https:', 'mailto:', 'tel:'].includes(protocol)),
    images: [...document.querySelectorAll('img')].map((image) => new URL(image.src).protocol).filter((protocol) => !['http:', 'https:'].includes(protocol)),
  }));
  assert.deepEqual(found, { ran: false, violations: [], foreign: [], handlers: [], links: [], images: [] }, where);
}

test('there are at least forty vectors', () => assert.ok(new Set(vectors).size >= 40));

for (const [number, batch] of batches.entries()) {
  test(`as message, by the person and by the bot (${number + 1})`, () => visit(async (context) => {
    const chat = await Chat.open(context);
    await chat.heard('Probe ready.');
    for (const vector of batch) {
      const before = (await chat.bot()).length;
      await chat.send(vector);
      await until(`an echo of ${vector}`, async () => (await chat.bot()).length > before);
    }
    await chat.idle();
    const shown = await chat.page.locator('[data-testid=person-message] .bubble').evaluateAll((all) => all.map((item) => item.textContent));
    assert.deepEqual(shown, batch.map((vector) => vector.trim()), 'the person sees what was typed');
    await inert(chat.page, 'messages');
    await chat.page.reload();
    await until('all of it is back', async () => (await chat.person()).length === batch.length);
    await inert(chat.page, 'messages after a reload');
  }));

  test(`as suggestion (${number + 1})`, () => visit(async (context) => {
    const chat = await Chat.open(context);
    await chat.heard('Probe ready.');
    for (const [at, vector] of batch.entries()) {
      await chat.send('suggest');
      await chat.hears('Which text?', at + 1);
      await chat.idle();
      await chat.send(vector);
      await chat.hears('Suggested.', at + 1);
      const chip = chat.page.getByRole('list', { name: 'Suggestions' }).getByRole('button');
      await until(`a chip ${vector}`, async () => (await chip.last().textContent())?.trim() === vector.trim());
      await chat.idle();
    }
    await inert(chat.page, 'suggestions');
  }));

  test(`as file name (${number + 1})`, () => visit(async (context) => {
    const chat = await Chat.open(context);
    await chat.heard('Probe ready.');
    const tray = chat.page.getByRole('list', { name: 'Attached files' });
    // A message carries at most ten files.
    for (const names of [batch.slice(0, 10), batch.slice(10)]) {
      if (names.length === 0) continue;
      await chat.page.evaluate((given) => {
        const data = new DataTransfer();
        for (const name of given) data.items.add(new File(['x'], name, { type: 'text/plain' }));
        document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
      }, names);
      await until('every upload has ended', async () => (await tray.locator('li[data-state=done], li[data-state=failed]').count()) === names.length);
      await inert(chat.page, 'file names in the tray');
      // The server may refuse a name; what it takes is sent.
      for (const refused of await tray.locator('li[data-state=failed] button:last-child').all()) await refused.click();
      const taken = await tray.locator('li').count();
      if (taken === 0) continue;
      const cards = chat.page.locator('[data-testid=person-message] .card');
      const before = await cards.count();
      await chat.page.getByRole('button', { name: 'Send', exact: true }).click();
      await until('the files are in a message', async () => (await cards.count()) === before + taken);
      await chat.idle();
    }
    await inert(chat.page, 'file names in a message');
  }));

  test(`as conversation title (${number + 1})`, () => visit(async (context) => {
    const chat = await Chat.open(context);
    await chat.ask('title', 'title');
    const conversation = await chat.hasAddress();
    const item = chat.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link');
    for (const vector of batch) {
      const { status } = await chat.api('PATCH', `/conversations/${conversation}`, { title: vector });
      if (status >= 400) continue;
      await until(`the title ${vector}`, async () => (await item.first().textContent())?.trim().replace(/\s+/g, ' ') === vector.trim().replace(/\s+/g, ' '));
      await inert(chat.page, `title ${vector}`);
    }
    await chat.page.getByRole('button', { name: 'Menu', exact: true }).click();
    await chat.page.getByRole('menuitem', { name: 'Delete…' }).click();
    await chat.page.getByRole('dialog').waitFor();
    await inert(chat.page, 'title in a dialog');
  }));
}

test('as bot name', () => visit(async (context) => {
  const page = await context.newPage();
  let first = vectors;
  await page.route('**/api/v1/bots?*', async (route) => {
    const response = await route.fetch();
    const { items } = await response.json();
    const model = items.find(({ name }) => name === 'probe');
    const named = first.map((title, at) => ({
      ...model, id: `bot_${at}`, name: at === 0 ? 'probe' : `bot${at}`, title, description: title, welcome: title,
      theme: { accent: title, accent2: title, logo: title, title },
    }));
    await route.fulfill({ response, json: { items: named, next_cursor: null } });
  });
  await page.goto(`${BASE}/no-such-bot`);
  await until('all are listed', async () => (await page.locator('main li').count()) === vectors.length);
  await inert(page, 'list of bots');
  for (let at = 0; at < vectors.length; at += 6) {
    first = [vectors[at], ...vectors.filter((_, other) => other !== at)];
    await page.goto(`${BASE}/probe`);
    await page.locator('#composer').waitFor();
    assert.equal(await page.locator('h1').innerText().then((text) => text.trim().replace(/\s+/g, ' ')), vectors[at].trim().replace(/\s+/g, ' '));
    await inert(page, `bot ${vectors[at]}`);
  }
  await page.getByRole('heading', { level: 1 }).getByRole('button').click();
  await page.getByRole('menu').waitFor();
  await inert(page, 'bot menu');
}));
