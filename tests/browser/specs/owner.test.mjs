import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean } from '../axe.mjs';
import { BASE, Chat, until, visit } from '../lib.mjs';

test('a visitor is not shown the owner’s page', () => visit(async (context) => {
  const page = await context.newPage();
  await page.goto(`${BASE}/owner`);
  await page.getByRole('heading', { name: 'This page is for the owner.' }).waitFor();
}));

test('the owner sees bots, settings and problems, and where a script failed', () => visit({ reducedMotion: 'reduce' }, async (context) => {
  const link = process.env.OWNER_URL;
  assert.ok(link, 'OWNER_URL is the one-time link of the server');
  const page = await context.newPage();
  await page.goto(link);
  // Opening the link uses nothing up, so that previews do not burn it; its button does.
  await page.locator('form button').click();
  await page.waitForURL(`${BASE}/owner`);
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  await page.getByText('Memory in use').waitFor();
  await page.getByText(/\d GB free of .*\d GB/).waitFor();
  await clean(page, 'overview');
  const conversations = async () => Number(await page.locator('dt', { hasText: 'Conversations of all bots' }).locator('+ dd').innerText());
  const before = await conversations();
  await visit(async (other) => {
    const chat = await Chat.open(other);
    await chat.ask('somebody else', 'somebody else');
  });
  await until('the page counts the new conversation by itself', async () => (await conversations()) === before + 1);
  await page.getByRole('link', { name: /^Bots/ }).click();
  await page.locator('#bot-probe').getByText('Serving', { exact: true }).waitFor();
  const workshop = page.locator('#bot-workshop');
  await workshop.getByText('saw.bas', { exact: false }).first().waitFor();
  assert.match(await workshop.innerText(), /saw\.bas:2:1[\s\S]*TAKL "This line has the mistake/);
  await clean(page, 'bots');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing sticks out on a phone');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole('link', { name: /^Settings/ }).click();
  await page.getByRole('searchbox').fill('listen');
  await until('settings are filtered', async () => (await page.locator('tbody tr').count()) > 0);
  await clean(page, 'settings');
  await page.getByRole('link', { name: /^Problems/ }).click();
  await page.getByRole('heading', { name: 'Problems', level: 1 }).waitFor();
  await clean(page, 'problems');
  const [first, second] = await Promise.all([1, 2].map(() => page.waitForResponse('**/system/overview')));
  assert.ok(first.ok() && second.ok());

  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('fail');
  const failed = chat.page.getByTestId('failed-turn');
  await failed.waitFor();
  const text = await failed.innerText();
  assert.match(text, /\.bas:\d+/);
  assert.match(text, /\^/);
  await clean(chat.page, 'script error');
}));
