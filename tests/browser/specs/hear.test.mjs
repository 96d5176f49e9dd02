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

test('“Send again” sends where the message goes to the same place, and otherwise gives it back to the person', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  const answer = chat.page.getByRole('article', { name: 'Probe' }).last();
  await chat.ask('hello', 'hello');
  await answer.getByRole('button', { name: 'Send again', exact: true }).click();
  await chat.hears('hello', 2);
  await chat.idle();
  assert.deepEqual((await chat.person()).map((text) => text.trim()), ['hello', 'hello']);

  await chat.ask('password', 'What is the password?');
  // "password" began a dialog that waits now: it would be taken for the answer.
  assert.equal(await answer.getByRole('button', { name: 'Send again', exact: true }).count(), 0);
  await chat.ask('secret-secret', 'Got the password.');
  assert.equal(await answer.getByRole('button', { name: 'Edit and send again' }).count(), 0, 'a secret is not said again');

  await chat.send('menu');
  await chat.page.getByRole('button', { name: 'Green', exact: true }).click();
  await chat.heard('You chose Green.');
  await chat.idle();
  const before = await chat.person();
  await answer.getByRole('button', { name: 'Edit and send again' }).click();
  assert.equal(await chat.composer.inputValue(), 'Green');
  assert.equal(await chat.page.evaluate(() => document.activeElement?.id), 'composer');
  await chat.page.reload();
  await chat.heard('You chose Green.');
  assert.deepEqual(await chat.person(), before, 'nothing was sent');
}));

test('a message with a file is sent again with its file', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.page.locator('input[type=file]').first().setInputFiles({ name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await chat.page.getByRole('list', { name: 'Attached files' }).locator('li[data-state=done]').waitFor();
  await chat.ask('look', 'look');
  await chat.page.getByRole('button', { name: 'Send again', exact: true }).click();
  await chat.hears('look', 2);
  await until('both have the file', async () => (await chat.page.locator('[data-testid=person-message] .card').count()) === 2);
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
  await chat.page.getByRole('img', { name: 'Hidden answer' }).waitFor();
  assert.equal(await chat.page.getByRole('button', { name: 'Copy message' }).count(), (await chat.page.getByRole('article').count()) - 1, 'there is nothing to copy of it');
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
