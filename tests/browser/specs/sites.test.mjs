// The widget on pages of other sites, as docs/embed.md describes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until, visit } from '../lib.mjs';
import { sites } from '../sites.mjs';

/** The bot `workshop` allows shop.test and, over https, other.test. */
async function around(attributes, { headers, ...options }, body) {
  const world = await sites(`data-bot="workshop" ${attributes}`, headers);
  try {
    await visit({ hosts: world.hosts, ignoreHTTPSErrors: true, ...options }, body);
  } finally {
    world.close();
  }
}

const frameOf = (page) => until('the frame is there', () => page.frames().find((one) => one.url().includes('embed=1')));

async function sand(page) {
  const frame = await frameOf(page);
  await frame.getByRole('button', { name: 'Sand something' }).click();
  await frame.getByTestId('bot-message').filter({ hasText: 'It is smooth now.' }).waitFor();
}

/** What has been said once the chat stands. */
async function said(page) {
  const frame = await frameOf(page);
  await frame.locator('.status[data-status=online]').waitFor();
  await frame.getByTestId('bot-message').first().waitFor();
  return (await frame.getByTestId('bot-message').allInnerTexts()).map((text) => text.trim());
}

/** The launcher's shadow root is closed; a screen reader sees what is in it. */
async function seen(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  await session.detach();
  return nodes.filter(({ ignored }) => !ignored).map(({ role, name }) => `${role?.value} ${name?.value ?? ''}`);
}

async function launcher(page) {
  const session = await page.context().newCDPSession(page);
  const { root } = await session.send('DOM.getDocument', { depth: -1, pierce: true });
  const find = (node) => (node.attributes?.includes('launcher') ? node : [...(node.children ?? []), ...(node.shadowRoots ?? [])].map(find).find(Boolean));
  const { object } = await session.send('DOM.resolveNode', { nodeId: find(root).nodeId });
  const { result } = await session.send('Runtime.callFunctionOn', {
    objectId: object.objectId, returnByValue: true,
    functionDeclaration: 'function () { const { backgroundColor, color } = getComputedStyle(this); return [backgroundColor, color]; }',
  });
  await session.detach();
  return result.value;
}

test('a site that is allowed talks with the bot; over http the next page begins anew', () => around('data-open', {}, async (context) => {
  const page = await context.newPage();
  await page.goto('http://shop.test/');
  await sand(page);
  const frame = await frameOf(page);
  await frame.locator('input[type=file]').first().setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await frame.locator('li[data-state=failed]').waitFor();
  assert.deepEqual(await context.cookies(), [], 'no browser keeps a cookie there');
  await page.reload();
  assert.deepEqual(await said(page), ['The workshop is open.']);
}));

test('over https the conversation is kept, one for each site that shows the chat', () => around('data-open', {}, async (context) => {
  const page = await context.newPage();
  await page.goto('https://shop.test/');
  await sand(page);
  const frame = await frameOf(page);
  await frame.locator('input[type=file]').first().setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await frame.locator('li[data-state=done]').waitFor();
  const [cookie, ...others] = await context.cookies();
  assert.deepEqual(others, []);
  assert.match(cookie.name, /^__Host-bs_embed_/);
  assert.deepEqual([cookie.sameSite, cookie.secure, cookie.httpOnly], ['None', true, true]);
  await page.reload();
  await until('the conversation is back', async () => (await said(page)).includes('It is smooth now.'));
  await page.goto('https://other.test/');
  assert.deepEqual(await said(page), ['The workshop is open.']);
  await page.goto('https://shop.test/');
  await until('the first site still has its own', async () => (await said(page)).includes('It is smooth now.'));
}));

test('a site that is not allowed gets a sentence, what the owner must set, and a way to the chat', () => around('data-open', { provokes: /^Framing/ }, async (context) => {
  const page = await context.newPage();
  await page.goto('http://stranger.test/');
  const words = await until('the sentence', async () => {
    const all = await seen(page);
    return all.some((line) => line.includes('The chat cannot be shown on this page.')) && all;
  });
  assert.ok(words.some((line) => line.includes('Add http://stranger.test to cors-allowed-origins in the bot’s config.csv.')), words.join('\n'));
  assert.ok(words.includes('link Open it in its own tab'), words.join('\n'));
  // The link has the focus.
  const [tab] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('Enter')]);
  await tab.getByTestId('bot-message').filter({ hasText: 'The workshop is open.' }).waitFor();
  assert.equal(new URL(tab.url()).pathname, '/workshop');
  await page.bringToFront();
  await page.keyboard.press('Escape');
  await until('it is closed', async () => !(await seen(page)).some((line) => line.includes('cannot be shown')));
}));

test('a site whose own policy forbids the frame is told that', () => around('data-open', {
  headers: { 'content-security-policy': "default-src 'none'; script-src http://chat.test" }, provokes: /frame-src|Framing/,
}, async (context) => {
  const page = await context.newPage();
  await page.goto('http://shop.test/');
  await until('the sentence', async () => (await seen(page)).some((line) => line.includes('Add http://chat.test to frame-src in its Content-Security-Policy.')));
}));

test('on a phone a refused chat can be closed', () => around('data-open', { provokes: /^Framing/, viewport: { width: 390, height: 844 } }, async (context) => {
  const page = await context.newPage();
  await page.goto('http://stranger.test/');
  await until('the sentence', async () => (await seen(page)).some((line) => line.includes('cannot be shown')));
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await until('it is closed', async () => !(await seen(page)).some((line) => line.includes('cannot be shown')));
}));

test('the button has the colour of the bot’s theme before anything is opened, and no cookie is set', () => around('', {}, async (context) => {
  const page = await context.newPage();
  const cookies = [];
  context.on('response', async (response) => {
    if ('set-cookie' in (await response.allHeaders())) cookies.push(response.url());
  });
  await page.goto('http://stranger.test/');
  await until('the colour', async () => (await launcher(page))[0] === 'rgb(124, 45, 146)');
  assert.deepEqual(cookies, []);
  assert.equal(page.frames().length, 1);
}));

test('data-accent wins over the theme, and its icon can be seen', () => around('data-accent="gold"', {}, async (context) => {
  const page = await context.newPage();
  await page.goto('http://shop.test/');
  const channels = (colour) => colour.match(/\d+/g).map(Number);
  await until('it is painted', async () => (await launcher(page))[0] !== 'rgb(11, 107, 93)');
  const [[r, g, b], icon] = (await launcher(page)).map(channels);
  assert.ok(r > b && g > b, 'still a yellow');
  assert.deepEqual(icon, [255, 255, 255]);
}));
