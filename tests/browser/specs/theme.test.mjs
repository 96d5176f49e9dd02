import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat, until, visit } from '../lib.mjs';

test('a bot brings its title, welcome, logo and colour', () => visit({ colorScheme: 'light' }, async (context) => {
  const logos = [];
  context.on('response', (response) => {
    if (response.url().endsWith('/theme/logo.svg')) logos.push(response.status());
  });
  const chat = await Chat.open(context, '/workshop');
  const { page } = chat;
  await chat.heard('The workshop is open.');
  await page.getByText('Mind the sawdust.').waitFor();
  await page.getByRole('heading', { name: 'The Workshop', level: 1 }).first().waitFor();
  await until('the title of the page', async () => (await page.title()).includes('The Workshop'));
  await until('the logo is fetched', () => logos.length > 0);
  assert.deepEqual([...new Set(logos)], [200]);
  const chip = page.getByRole('button', { name: 'Sand something' });
  assert.equal(await chip.evaluate((button) => getComputedStyle(button).color), 'rgb(124, 45, 146)');
}));

test('a button whose script does not compile says so in plain words, the others work', () => visit(async (context) => {
  const chat = await Chat.open(context, '/workshop');
  await chat.heard('The workshop is open.');
  await chat.page.getByRole('button', { name: 'Saw something' }).click();
  const failed = chat.page.getByTestId('failed-turn');
  await failed.waitFor();
  assert.doesNotMatch(await failed.innerText(), /TAKL|\.bas/, 'only the owner sees the script');
  await chat.idle();
  await failed.getByRole('button', { name: 'Send my message again' }).click();
  await until('it was tried again', async () => (await failed.count()) === 2);
  assert.equal((await chat.person()).filter((text) => text.trim() === 'Saw something').length, 2);
  await chat.idle();
  await chat.page.getByRole('button', { name: 'Sand something' }).click();
  await chat.heard('It is smooth now.');
}));
