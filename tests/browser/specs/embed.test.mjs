import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BASE, until, visit } from '../lib.mjs';

/** Somebody else's page, with as strict a policy as the launcher allows. Nothing listens there: the browser is told. */
const HOST = 'http://127.0.0.1:47113/';

async function hostPage(context, attributes) {
  await context.route(`${HOST}**`, (route) => route.fulfill({
    contentType: 'text/html',
    headers: { 'content-security-policy': `default-src 'none'; script-src ${BASE}; frame-src ${BASE}` },
    body: `<!doctype html><html lang="en"><title>Host</title><h1>Host</h1><a href="#x">first</a><script src="${BASE}/embed.js" ${attributes}></script></html>`,
  }));
  return context.newPage();
}

test('one script puts the chat on a page', () => visit(async (context) => {
  const page = await hostPage(context, 'data-bot="probe" data-label="Ask us"');
  await page.goto(HOST);
  assert.equal(page.frames().length, 1, 'nothing is loaded before it is wanted');
  // The shadow root is closed: what a person can do is press Tab and Enter.
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const frame = await until('the frame is there', () => page.frames().find((one) => one.url().includes('embed=1')));
  await frame.getByTestId('bot-message').filter({ hasText: 'Probe ready.' }).waitFor();
  assert.equal(await frame.locator('aside').count(), 0);
  await frame.locator('#composer').fill('from the widget');
  await frame.locator('#composer').press('Enter');
  await frame.getByTestId('bot-message').filter({ hasText: 'from the widget' }).waitFor();

  await frame.locator('#composer').press('Escape');
  const box = await frame.frameElement();
  await until('Escape closes it', async () => !(await box.isVisible()));
  // The focus is back on the launcher: Enter opens it again.
  await page.keyboard.press('Enter');
  await until('Enter opens it', () => box.isVisible());
  await frame.getByRole('button', { name: 'Close' }).click();
  await until('the button closes it', async () => !(await box.isVisible()));

  await page.reload();
  await page.evaluate(() => window.BotServer.open());
  const again = await until('the frame is back', () => page.frames().find((one) => one.url().includes('embed=1')));
  await again.getByTestId('bot-message').filter({ hasText: 'from the widget' }).waitFor();
}));

test('data-open opens it, and the script is small', () => visit(async (context) => {
  const page = await hostPage(context, 'data-bot="probe" data-open');
  const [script] = await Promise.all([page.waitForResponse((response) => response.url().endsWith('/embed.js')), page.goto(HOST)]);
  assert.ok(gzipSync(await script.body()).length < 5 * 1024);
  const frame = await until('the frame is there', () => page.frames().find((one) => one.url().includes('embed=1')));
  await frame.getByTestId('bot-message').filter({ hasText: 'Probe ready.' }).waitFor();
}));
