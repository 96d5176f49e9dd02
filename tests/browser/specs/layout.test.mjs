import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat, until, visit } from '../lib.mjs';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test('390 px: nothing sticks out, targets are large enough, the list is a drawer', () => visit(phone, async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('table');
  await chat.page.locator('td').first().waitFor();
  await chat.idle();
  await chat.send(`a-word-without-an-end-${'x'.repeat(200)}`);
  await until('the echo', async () => (await chat.bot()).some((said) => said.includes('a-word-without')));
  await chat.send('menu');
  await chat.page.getByRole('button', { name: 'Green', exact: true }).waitFor();
  await chat.idle();
  assert.equal(await chat.page.evaluate(() => document.scrollingElement.scrollWidth), 390);
  const wide = await chat.page.evaluate(() => [...document.querySelectorAll('.scroller, .column')].filter((box) => box.scrollWidth > box.clientWidth + 1).length);
  assert.equal(wide, 0, 'the transcript does not scroll sideways');
  const small = await chat.page.locator('header button, .dock button, .message button, .actions button').evaluateAll((all) => all
    .filter((button) => button.checkVisibility())
    .map((button) => ({ box: button.getBoundingClientRect(), after: getComputedStyle(button, '::after'), name: button.getAttribute('aria-label') ?? button.textContent.trim() }))
    .filter(({ box, after }) => after.content === 'none' && box.height < 43.5)
    .map(({ name, box }) => `${name} ${Math.round(box.width)}×${Math.round(box.height)}`));
  assert.deepEqual(small, []);
  const size = await chat.composer.evaluate((field) => Number.parseFloat(getComputedStyle(field).fontSize));
  assert.ok(size >= 16, 'a phone zooms into fields with smaller type');

  assert.equal(await chat.page.locator('aside').count(), 0);
  await chat.page.getByRole('button', { name: 'Conversations' }).tap();
  const drawer = chat.page.getByRole('dialog', { name: 'Conversations' });
  await drawer.getByRole('link').first().waitFor();
  await drawer.getByRole('button', { name: 'New chat' }).tap();
  await drawer.waitFor({ state: 'detached' });
  await chat.heard('Probe ready.');
}));

test('from 900 px on there is a sidebar', () => visit({ viewport: { width: 900, height: 700 } }, async (context) => {
  const chat = await Chat.open(context);
  await chat.page.locator('aside').waitFor();
  await chat.page.setViewportSize({ width: 899, height: 700 });
  await chat.page.locator('aside').waitFor({ state: 'detached' });
}));

test('reading further up is not disturbed; a pill leads back', () => visit({ viewport: { width: 1000, height: 480 } }, async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  for (let at = 0; at < 6; at += 1) await chat.ask(`line ${at}`, `line ${at}`);
  const scroller = chat.page.locator('.scroller');
  const rest = () => scroller.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
  await until('the end is in sight', async () => (await rest()) < 2);
  const conversation = await chat.hasAddress();
  await scroller.evaluate((box) => box.scrollTo(0, 0));
  await chat.page.getByRole('button', { name: 'Go to the newest message' }).waitFor();
  const other = await Chat.open(context, `/probe/c/${conversation}`);
  await other.ask('news', 'news');
  const pill = chat.page.getByRole('button', { name: /new message/ });
  await pill.waitFor();
  assert.equal(await scroller.evaluate((box) => box.scrollTop), 0);
  await chat.page.bringToFront();
  await pill.click();
  await until('the end is in sight again', async () => (await rest()) < 2);
  await pill.waitFor({ state: 'detached' });
}));

test('what the browser does to the scroll while sizes change is not the reader’s wish', () => visit({ viewport: { width: 1000, height: 480 } }, async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  for (let at = 0; at < 4; at += 1) await chat.ask(`line ${at}`, `line ${at}`);
  const scroller = chat.page.locator('.scroller');
  const rest = () => scroller.evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop);
  await until('the end is in sight', async () => (await rest()) < 2);
  await scroller.evaluate((box) => {
    const tall = document.createElement('div');
    tall.style.height = '300px';
    tall.style.flex = 'none';
    box.firstElementChild.append(tall);
    box.dispatchEvent(new Event('scroll'));
  });
  await until('the end is in sight again', async () => (await rest()) < 2);
}));

test('a person’s picture stands where the other files stand', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  const picture = Buffer.from(await chat.page.evaluate(() => new Promise((resolve) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1200, height: 400 });
    canvas.toBlob(async (blob) => resolve([...new Uint8Array(await blob.arrayBuffer())]), 'image/png');
  })));
  await chat.page.locator('.composer input[type=file]').setInputFiles([
    { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }, { name: 'wide.png', mimeType: 'image/png', buffer: picture },
  ]);
  await until('both are uploaded', async () => (await chat.page.locator('li[data-state=done]').count()) === 2);
  await chat.ask('look', 'look');
  const edge = (selector) => chat.page.locator(`[data-testid=person-message] ${selector}`).evaluate((box) => Math.round(box.getBoundingClientRect().right));
  await until('the picture is there', () => chat.page.locator('[data-testid=person-message] img').evaluate((image) => image.naturalWidth === 1200));
  await until('both end at the same place', async () => (await edge('img')) === (await edge('.card')));
}));

test('the first load of the chat is at most 120 kB of compressed script', () => visit(async (context) => {
  const page = await context.newPage();
  const scripts = [];
  page.on('response', (response) => {
    if (response.request().resourceType() === 'script') scripts.push(response);
  });
  const chat = new Chat(page);
  await chat.goto('/probe');
  const { gzipSync } = await import('node:zlib');
  const sizes = await Promise.all(scripts.map(async (response) => gzipSync(await response.body()).length));
  const sum = sizes.reduce((all, size) => all + size, 0);
  assert.ok(sum > 10_000 && sum <= 120 * 1024, `${sum} bytes`);
}));
