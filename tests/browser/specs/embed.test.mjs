import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BASE, until, visit } from '../lib.mjs';

/** Somebody else's page, with as strict a policy as the launcher allows. */
async function hostPage(attributes) {
  const server = createServer((_, response) => {
    response.writeHead(200, {
      'content-type': 'text/html',
      'content-security-policy': `default-src 'none'; script-src ${BASE}; frame-src ${BASE}`,
    });
    response.end(`<!doctype html><html lang="en"><title>Host</title><h1>Host</h1><a href="#x">first</a><script src="${BASE}/embed.js" ${attributes}></script></html>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

test('one script puts the chat on a page', async () => {
  const host = await hostPage('data-bot="probe" data-label="Ask us"');
  try {
    await visit(async (context) => {
      const page = await context.newPage();
      await page.goto(host.url);
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
      await until('Escape closes it and gives the focus back', () => page.evaluate(() => document.activeElement?.localName === 'botserver-chat'));
      await page.keyboard.press('Enter');
      await frame.getByRole('button', { name: 'Close' }).click();
      await until('the button closes it', () => page.evaluate(() => document.activeElement?.localName === 'botserver-chat'));

      await page.reload();
      await page.evaluate(() => window.BotServer.open());
      const again = await until('the frame is back', () => page.frames().find((one) => one.url().includes('embed=1')));
      await again.getByTestId('bot-message').filter({ hasText: 'from the widget' }).waitFor();
    });
  } finally {
    host.close();
  }
});

test('data-open opens it, and the script is small', async () => {
  const host = await hostPage('data-bot="probe" data-open');
  try {
    await visit(async (context) => {
      const page = await context.newPage();
      const [script] = await Promise.all([page.waitForResponse((response) => response.url().endsWith('/embed.js')), page.goto(host.url)]);
      assert.ok(gzipSync(await script.body()).length < 5 * 1024);
      const frame = await until('the frame is there', () => page.frames().find((one) => one.url().includes('embed=1')));
      await frame.getByTestId('bot-message').filter({ hasText: 'Probe ready.' }).waitFor();
    });
  } finally {
    host.close();
  }
});
