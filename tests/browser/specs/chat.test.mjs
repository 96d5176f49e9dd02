import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Chat, until, visit } from '../lib.mjs';

test('the bot greets when the page is opened, and shows what it can do', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.page.getByRole('list', { name: 'Suggestions' }).getByRole('button', { name: 'Show a menu' }).waitFor();
  assert.equal(await chat.page.evaluate(() => document.activeElement?.id), 'composer');
  assert.equal(chat.conversation, null);
}));

test('a message is answered, and the conversation gets an address', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.ask('hello there', 'hello there');
  assert.deepEqual((await chat.person()).map((text) => text.trim()), ['hello there']);
  await chat.hasAddress();
}));

test('a suggestion is said by pressing it', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.page.getByRole('button', { name: 'Show a menu' }).click();
  await until('the menu is asked', async () => (await chat.bot()).some((said) => said.includes('Which colour?')));
  assert.ok((await chat.person()).some((text) => text.trim() === 'menu'));
}));

test('Markdown is shown: a table, code with its language and a copy button, a safe link', () => visit(async (context) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const chat = await Chat.open(context);
  await chat.send('table');
  const message = chat.page.getByTestId('bot-message').last();
  await message.locator('td').first().waitFor();
  assert.equal(await message.locator('figcaption .lang').innerText(), 'js');
  await message.getByRole('button', { name: 'Copy', exact: true }).click();
  assert.equal(await chat.page.evaluate(() => navigator.clipboard.readText()), 'let x = 1;');
  assert.match(await message.locator('a').getAttribute('rel'), /noopener/);
  assert.equal(await message.locator('strong').innerText(), 'bold');
}));

test('Shift+Enter makes a line, the draft survives a reload', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.composer.fill('one');
  await chat.composer.press('Shift+Enter');
  await chat.composer.pressSequentially('two');
  assert.equal(await chat.composer.inputValue(), 'one\ntwo');
  await chat.page.reload();
  await chat.online();
  assert.equal(await chat.composer.inputValue(), 'one\ntwo');
}));

test('a failed script says so in plain words, with a reference and a way to try again', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('fail');
  const failed = chat.page.getByTestId('failed-turn');
  await failed.waitFor();
  assert.doesNotMatch(await failed.innerText(), /\.bas/, 'only the owner sees the script');
  await failed.getByRole('button', { name: /Copy reference/ }).waitFor();
  // The script that took it is gone: said again, it would be a remark to nobody. The person decides.
  await failed.getByRole('button', { name: 'Edit and send again' }).click();
  assert.equal(await chat.composer.inputValue(), 'fail');
  assert.equal((await chat.person()).length, 1);
}));

test('a new conversation has its title at once, where it is renamed and where it is deleted', () => visit(async (context) => {
  const chat = await Chat.open(context);
  const { page } = chat;
  await chat.ask('about pears', 'about pears');
  await until('the page has it', async () => (await page.title()).startsWith('about pears'));
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Rename…' }).click();
  assert.equal(await page.getByRole('textbox', { name: 'Title' }).inputValue(), 'about pears');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Menu', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Delete…' }).click();
  await page.getByRole('dialog', { name: 'Delete “about pears”?' }).waitFor();
}));

test('thumbs are kept', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.ask('rate me', 'rate me');
  await chat.hasAddress();
  await Promise.all([
    chat.page.waitForResponse((response) => response.url().endsWith('/feedback') && response.ok()),
    chat.page.getByRole('button', { name: 'Good answer' }).last().click(),
  ]);
  await chat.page.reload();
  await chat.heard('rate me');
  await chat.page.locator('[aria-label="Good answer"][aria-pressed=true]').waitFor();
  await chat.page.getByRole('button', { name: 'Bad answer' }).last().click();
  await chat.page.getByText('Not helpful').click();
  await Promise.all([
    chat.page.waitForResponse((response) => response.url().endsWith('/feedback') && response.ok()),
    chat.page.getByRole('dialog').getByRole('button', { name: 'Send' }).click(),
  ]);
  await chat.page.locator('[aria-label="Bad answer"][aria-pressed=true]').waitFor();
}));

test('a conversation is exported as Markdown', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.ask('keep this', 'keep this');
  await chat.page.getByRole('button', { name: 'Menu', exact: true }).click();
  const [download] = await Promise.all([
    chat.page.waitForEvent('download'), chat.page.getByRole('menuitem', { name: 'Export as Markdown' }).click(),
  ]);
  assert.match(download.suggestedFilename(), /^probe-.*\.md$/);
  const text = await readFile(await download.path(), 'utf8');
  assert.match(text, /^# /);
  assert.match(text, /\*\*You\*\*[^]*keep this/);
  assert.match(text, /Probe ready\./);
}));

test('conversations are listed, searched, opened, renamed and deleted', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.ask('about apples', 'about apples');
  const first = await chat.hasAddress();
  await chat.page.locator('aside').getByRole('button', { name: 'New chat' }).click();
  await chat.hears('Probe ready.');
  await chat.ask('about pears', 'about pears');
  await until('another conversation', () => chat.conversation && chat.conversation !== first);
  const list = chat.page.getByRole('navigation', { name: 'Conversations' });
  await until('both are listed', async () => (await list.getByRole('link').count()) === 2);

  await chat.page.getByRole('searchbox', { name: 'Search conversations' }).fill('apples');
  await until('one is found', async () => (await list.getByRole('link').count()) === 1);
  await list.getByRole('link').click();
  await chat.heard('about apples');
  assert.equal(chat.conversation, first);

  await chat.page.getByRole('button', { name: 'Menu', exact: true }).click();
  await chat.page.getByRole('menuitem', { name: 'Rename…' }).click();
  await chat.page.getByRole('textbox', { name: 'Title' }).fill('Fruit');
  await chat.page.getByRole('textbox', { name: 'Title' }).press('Enter');
  await chat.page.getByRole('searchbox').fill('');
  await list.getByRole('link', { name: 'Fruit' }).waitFor();

  await chat.page.getByRole('button', { name: 'Menu', exact: true }).click();
  await chat.page.getByRole('menuitem', { name: 'Delete…' }).click();
  const dialog = chat.page.getByRole('dialog');
  assert.match(await dialog.innerText(), /“Fruit”[^]*\d+ messages/);
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await until('one is left', async () => (await list.getByRole('link').count()) === 1);
  assert.equal((await chat.api('GET', `/conversations/${first}`)).status, 404);
}));

test('an address that nobody may see, and a bot that is not there, say so', () => visit(async (context) => {
  const page = await context.newPage();
  const chat = new Chat(page);
  await page.goto(`${process.env.BASE_URL.replace(/\/$/, '')}/probe/c/cnv_${'0'.repeat(32)}`);
  await page.getByText('There is no such conversation.').waitFor();
  await page.getByRole('alert').getByRole('button', { name: 'New chat' }).click();
  await chat.heard('Probe ready.');
  await page.goto(`${process.env.BASE_URL.replace(/\/$/, '')}/no-such-bot`);
  await page.getByRole('heading', { name: /no-such-bot/ }).waitFor();
}));

test('the page speaks Portuguese and Spanish', () => visit({ locale: 'pt-BR' }, async (context) => {
  const chat = await Chat.open(context);
  assert.equal(await chat.page.locator('html').getAttribute('lang'), 'pt');
  await chat.page.getByRole('button', { name: 'Nova conversa' }).first().waitFor();
  await chat.page.getByRole('button', { name: 'Menu', exact: true }).click();
  await chat.page.getByRole('menuitemradio', { name: 'Español' }).click();
  await until('it is Spanish', async () => (await chat.page.locator('html').getAttribute('lang')) === 'es');
}));
