// Answers of a model as a person sees them: streamed, stopped, resumed, thought about, with tools and sources, anew.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clean } from '../axe.mjs';
import { Chat, until, visit } from '../lib.mjs';
import { withModel } from '../model.mjs';

async function opened(context) {
  const chat = await Chat.open(context, '/answers');
  await chat.heard('Answers ready.');
  await chat.idle();
  return chat;
}

const last = (chat) => chat.page.getByTestId('bot-message').last();

test('an answer appears while it is written, and is read out once', () => withModel((model) => visit(async (context) => {
  const chat = await opened(context);
  model.pause = 80;
  await chat.send('tell me a story');
  await until('some of it is there', async () => /^The quick/.test(await last(chat).innerText()));
  assert.equal(await last(chat).getAttribute('aria-busy'), 'true');
  assert.doesNotMatch(await chat.page.getByTestId('announcer').innerText(), /quick/);
  await until('all of it is there', async () => /Call 1\./.test(await last(chat).innerText()));
  await chat.idle();
  const announced = chat.page.getByTestId('announcer').locator('p', { hasText: 'quick brown fox' });
  await until('it is read out', async () => (await announced.count()) === 1);
})));

test('a reload in the middle of an answer continues it', () => withModel((model) => visit(async (context) => {
  const chat = await opened(context);
  model.pause = 150;
  await chat.send('tell me a story');
  await until('some of it is there', async () => /^The quick brown/.test(await last(chat).innerText()));
  await chat.hasAddress();
  await chat.page.reload();
  await until('it goes on', async () => /^The quick brown fox jumps/.test(await last(chat).innerText()));
  await until('to its end', async () => /Call 1\./.test(await last(chat).innerText()));
  assert.equal(model.calls.length, 1);
})));

test('stop ends the answer, keeps and marks what came, and hangs up on the model', () => withModel((model) => visit(async (context) => {
  const chat = await opened(context);
  await chat.send('go on for ever');
  await until('some of it is there', async () => /quick/.test(await last(chat).innerText()));
  await chat.page.getByRole('button', { name: 'Stop' }).click();
  await last(chat).getByText('Stopped.').waitFor();
  await until('nobody listens to the model', () => model.left === 1);
  await chat.idle();
  const before = await last(chat).innerText();
  await chat.page.reload();
  await until('it is still marked', async () => (await last(chat).innerText()) === before);
})));

test('what the model thought is folded', () => withModel(() => visit(async (context) => {
  const chat = await opened(context);
  await chat.send('think about it');
  await until('it has answered', async () => /Then I answer\./.test(await last(chat).innerText()));
  await chat.idle();
  const thought = last(chat).getByTestId('reasoning');
  assert.doesNotMatch(await last(chat).innerText(), /First I think/);
  await thought.locator('summary').click();
  await thought.getByText('First I think about it.').waitFor();
  await clean(chat.page, 'reasoning');
})));

test('a tool is one line that opens', () => withModel(() => visit(async (context) => {
  const chat = await opened(context);
  await chat.send('where is my order?');
  await until('the model has used it', async () => /Order A-1 is on its way\./.test(await last(chat).innerText()));
  await chat.idle();
  const tool = chat.page.getByTestId('tool');
  assert.equal(await tool.getAttribute('data-state'), 'done');
  assert.match(await tool.innerText(), /Looks up where an order is/);
  await tool.locator('summary').click();
  await tool.getByText('"code": "A-1"').waitFor();
  await clean(chat.page, 'a tool');
})));

test('sources are chips that open the passage', () => withModel(() => visit(async (context) => {
  const chat = await opened(context);
  await chat.send('how many days carry over?');
  await last(chat).getByTestId('sources').waitFor();
  await chat.idle();
  await last(chat).locator('p').getByRole('button', { name: 'Source 1' }).click();
  const sheet = chat.page.getByRole('dialog', { name: 'Source' });
  await sheet.getByText('holidays', { exact: false }).first().waitFor();
  assert.match((await sheet.locator('mark').allInnerTexts()).join(' '), /carry over/);
  await clean(chat.page, 'a source');
  // The document itself opens in another tab, also without a mouse.
  const link = sheet.getByRole('link', { name: 'Open document' });
  const file = async (open) => {
    const [tab] = await Promise.all([context.waitForEvent('page'), open()]);
    await tab.getByText('carry over', { exact: false }).waitFor();
    assert.match(tab.url(), /\/api\/v1\/documents\/doc_[0-9a-f]+\/file$/);
    await tab.close();
  };
  await link.focus();
  await file(() => chat.page.keyboard.press('Enter'));
  await chat.page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  await chat.page.setViewportSize({ width: 390, height: 844 });
  await last(chat).getByTestId('sources').getByRole('button').first().click();
  await sheet.waitFor();
  await until('it lies at the bottom on a phone', () => sheet.evaluate((box) => Math.abs(box.getBoundingClientRect().bottom - innerHeight) < 2));
  await file(() => link.click());
})));

test('an answer that is too long says so and can go on', () => withModel(() => visit(async (context) => {
  const chat = await opened(context);
  await chat.send('this gets too long');
  await last(chat).getByText('The answer was too long').waitFor();
  await chat.idle();
  await last(chat).getByRole('button', { name: 'Continue' }).click();
  await until('it is asked to', async () => (await chat.person()).at(-1).trim() === 'continue');
})));

test('an answer that failed can be had after all', () => withModel((model) => visit(async (context) => {
  const chat = await opened(context);
  model.broken = true;
  await chat.send('tell me a story');
  const failed = chat.page.getByTestId('failed-turn');
  await failed.waitFor();
  await chat.idle();
  model.broken = false;
  await failed.getByRole('button', { name: 'Try again' }).click();
  // To its end: an answer that breaks off is asked for again, and the next test would be asked.
  await until('it has answered', async () => /Call \d/.test(await last(chat).innerText()));
  await until('the error is gone', async () => (await failed.count()) === 0);
  assert.equal((await chat.person()).length, 1);
})));

test('an answer can be had anew, and a message edited; earlier versions stay at hand', () => withModel(() => visit(async (context) => {
  const chat = await opened(context);
  await chat.send('tell me a story');
  await until('once', async () => /Call 1\./.test(await last(chat).innerText()));
  await chat.idle();
  await chat.page.getByRole('button', { name: 'Answer again' }).click();
  await until('twice', async () => /Call 2\./.test(await last(chat).innerText()));
  await chat.idle();
  assert.equal((await chat.bot()).filter((said) => said.includes('fox')).length, 1);
  await chat.page.getByRole('button', { name: 'Earlier version' }).click();
  await until('the first is shown', async () => /Call 1\./.test(await last(chat).innerText()));
  await chat.page.getByRole('button', { name: 'Show the current one' }).click();
  await chat.page.locator('[data-testid=person-message]').last().hover();
  await chat.page.getByRole('button', { name: 'Edit and send again' }).last().click();
  await chat.page.getByTestId('editing').waitFor();
  await chat.composer.fill('tell me another story');
  await chat.composer.press('Enter');
  await until('three times', async () => /Call 3\./.test(await last(chat).innerText()));
  await chat.idle();
  assert.deepEqual((await chat.person()).map((said) => said.trim()), ['tell me another story']);
  const shown = await chat.page.locator('[data-id]').evaluateAll((all) => all.map((item) => item.dataset.id));
  await chat.page.reload();
  await until('a reload shows the same', async () =>
    JSON.stringify(await chat.page.locator('[data-id]').evaluateAll((all) => all.map((item) => item.dataset.id))) === JSON.stringify(shown));
})));
