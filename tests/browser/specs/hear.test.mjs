import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat, until, visit } from '../lib.mjs';

test('a menu is answered by a button', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('menu');
  await chat.page.getByRole('button', { name: 'Green', exact: true }).click();
  await chat.heard('You chose Green.');
}));

test('a menu is answered by typing', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('menu');
  await chat.page.getByRole('button', { name: 'Blue', exact: true }).waitFor();
  await chat.idle();
  await chat.send('Blue');
  await chat.heard('You chose Blue.');
}));

test('a dialog asks with the right field each time, refuses what is wrong, and goes on after a reload', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.ask('dialog', 'What is your name?');
  await until('a name field', async () => (await chat.composer.getAttribute('autocomplete')) === 'name');
  await chat.ask('Ada Lovelace', 'What is your e-mail address?');
  await until('an e-mail keyboard', async () => (await chat.composer.getAttribute('inputmode')) === 'email');
  const said = (await chat.bot()).length;
  await chat.send('not an address');
  await until('a sentence about it', async () => (await chat.bot()).length > said);
  await chat.idle();
  assert.equal(await chat.composer.getAttribute('inputmode'), 'email');
  await chat.ask('ada@example.com', 'On which day?');

  await chat.hasAddress();
  await chat.page.reload();
  await chat.heard('On which day?');
  await chat.page.getByLabel('Pick a date, or write it').first().fill('2026-12-24');
  await chat.page.locator('form.bar').getByRole('button', { name: 'Send' }).click();
  await chat.heard('How many?');
  await until('a number keyboard', async () => (await chat.composer.getAttribute('inputmode')) === 'numeric');
  await chat.ask('3', 'Are you sure?');
  await chat.page.getByRole('button', { name: 'Yes', exact: true }).click();
  await until('everything arrived', async () => (await chat.bot()).some((text) => /^Done: Ada Lovelace, ada@example\.com, 2026-12-24.*, 3, true\.$/s.test(text.trim())));
  assert.equal((await chat.bot()).filter((text) => text.trim() === 'On which day?').length, 1, 'the question was not repeated');
}));

test('a password is masked, never shown and never kept in the browser', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('password');
  await until('a masked field', async () => (await chat.composer.getAttribute('type')) === 'password');
  await chat.composer.fill('hunter2-hunter2');
  const stored = () => chat.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.doesNotMatch(await stored(), /hunter2/);
  await chat.composer.press('Enter');
  await chat.heard('Got the password.');
  assert.doesNotMatch(await chat.page.locator('body').innerText(), /hunter2/);
  assert.doesNotMatch(await stored(), /hunter2/);
  await chat.page.reload();
  await chat.heard('Got the password.');
  assert.doesNotMatch(await chat.page.locator('body').innerText(), /hunter2/);
}));

test('a file is given by the dialog, by paste and by drop', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('file');
  await chat.page.getByText('The bot is waiting for a file').waitFor();
  await chat.page.locator('input[type=file]').first().setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  const hand = (kind, target, name) => chat.page.evaluate(([type, selector, filename]) => {
    const data = new DataTransfer();
    data.items.add(new File(['x'], filename, { type: 'text/plain' }));
    const event = type === 'paste'
      ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
      : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector(selector).dispatchEvent(event);
  }, [kind, target, name]);
  await hand('paste', '#composer', 'pasted.txt');
  await hand('drop', 'main', 'dropped.txt');
  const tray = chat.page.getByRole('list', { name: 'Attached files' });
  await until('three uploads are done', async () => (await tray.locator('li[data-state=done]').count()) === 3);
  await tray.getByRole('button', { name: 'Remove pasted.txt' }).click();
  await chat.page.getByRole('button', { name: 'Send', exact: true }).click();
  await chat.heard('Got the file.');
  const links = chat.page.getByTestId('person-message').last().getByRole('link');
  assert.deepEqual(await links.evaluateAll((all) => all.map((link) => link.download)), ['note.txt', 'dropped.txt']);
  const status = await chat.page.evaluate(async (url) => (await fetch(url)).status, await links.first().getAttribute('href'));
  assert.equal(status, 200);
}));
