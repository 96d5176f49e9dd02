import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat, until, visit } from '../lib.mjs';

test('two tabs show the same conversation live', () => visit(async (context) => {
  const first = await Chat.open(context);
  await first.ask('from the first tab', 'from the first tab');
  const conversation = await first.hasAddress();
  const second = await Chat.open(context, `/probe/c/${conversation}`);
  await second.heard('from the first tab');
  await second.ask('from the second tab', 'from the second tab');
  await first.heard('from the second tab');
  const transcript = async (chat) => chat.page.locator('[data-id]').evaluateAll((all) => all.map((item) => item.dataset.id));
  await until('both show the same', async () => JSON.stringify(await transcript(first)) === JSON.stringify(await transcript(second)));
}));

test('two visitors never cross', () => visit((left) => visit(async (right) => {
  const [one, two] = await Promise.all([Chat.open(left), Chat.open(right)]);
  await Promise.all([one.heard('Probe ready.'), two.heard('Probe ready.')]);
  for (let round = 1; round <= 5; round += 1) {
    await Promise.all([one.ask(`left ${round}`, `left ${round}`), two.ask(`right ${round}`, `right ${round}`)]);
  }
  assert.doesNotMatch(await one.page.locator('body').innerText(), /right \d/);
  assert.doesNotMatch(await two.page.locator('body').innerText(), /left \d/);
  const mine = await one.hasAddress();
  assert.equal((await two.api('GET', `/conversations/${mine}`)).status, 404);
  assert.equal((await two.api('GET', `/conversations/${mine}/messages`)).status, 404);
  await two.page.goto(one.page.url());
  await two.page.getByText('There is no such conversation.').waitFor();
})));

test('a message sent while the bot works is queued and can be taken back', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('slow');
  await chat.page.locator('.status[data-status=typing]').waitFor();
  await chat.send('never mind');
  await chat.send('but this');
  const queued = chat.page.locator('[data-delivery=queued]');
  await until('both are queued', async () => (await queued.count()) === 2);
  await queued.first().getByRole('button', { name: 'Take back' }).click();
  await until('one is left', async () => (await queued.count()) === 1);
  await chat.heard('Slow is done.');
  await chat.heard('but this');
  assert.ok(!(await chat.bot()).some((said) => said.includes('never mind')));
}));

test('incoming messages are read out, what was there before is not', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.ask('earlier words', 'earlier words');
  await chat.hasAddress();
  await chat.page.reload();
  await chat.heard('earlier words');
  const region = chat.page.getByTestId('announcer');
  assert.equal(await region.getAttribute('aria-live'), 'polite');
  await chat.ask('later words', 'later words');
  await until('it is announced', async () => (await region.innerText()).includes('later words'));
  assert.doesNotMatch(await region.innerText(), /earlier words/);
}));

test('while the bot works the page says that it is typing', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.heard('Probe ready.');
  await chat.send('slow');
  await chat.page.locator('.status[data-status=typing]').waitFor();
  await chat.heard('Slow is done.');
  await chat.page.locator('.status[data-status=online]').waitFor();
}));

test('who sends more than allowed is told when it is possible again, and nothing is lost', () => visit(async (context) => {
  const chat = await Chat.open(context);
  await chat.ask('first', 'first');
  const id = await chat.hasAddress();
  const sent = await chat.page.evaluate(async (conversation) => {
    for (let sent = 0; ; sent += 1) {
      const response = await fetch(`/api/v1/conversations/${conversation}/messages?wait=10`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: `number ${sent}` }),
      });
      if (!response.ok) return { sent, status: response.status, after: Number(response.headers.get('retry-after')) };
    }
  }, id);
  assert.equal(sent.status, 429);
  assert.ok(sent.after > 0, 'Retry-After says when');
  await chat.send('one too many');
  await chat.page.getByText(/You can send again in \d+ s/).waitFor();
}));
