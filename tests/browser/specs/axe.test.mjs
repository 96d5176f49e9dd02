import { test } from 'node:test';
import { clean } from '../axe.mjs';
import { BASE, Chat, visit } from '../lib.mjs';

/** Questions, each with an answer that it takes. */
const DIALOGS = {
  dialog: [
    ['What is your name?', 'Ada'],
    ['What is your e-mail address?', 'ada@example.com'],
    ['On which day?', '2026-12-24'],
    ['How many?', '3'],
    ['Are you sure?', 'yes'],
  ],
  password: [['What is the password?', 'secret-secret']],
};

for (const colorScheme of ['light', 'dark']) {
  for (const [device, settings] of Object.entries({
    desktop: { viewport: { width: 1280, height: 800 } },
    phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  })) {
    test(`the chat has no findings (${colorScheme}, ${device})`, () => visit({ colorScheme, reducedMotion: 'reduce', ...settings }, async (context) => {
      const chat = await Chat.open(context);
      const { page } = chat;
      await chat.heard('Probe ready.');
      await chat.idle();
      await clean(page, 'first screen');
      await chat.send('table');
      await page.locator('td').first().waitFor();
      await chat.idle();
      await chat.send('menu');
      await page.getByRole('button', { name: 'Green', exact: true }).waitFor();
      await chat.idle();
      await clean(page, 'messages and a menu');
      await chat.ask('Green', 'You chose Green.');
      for (const [command, dialog] of Object.entries(DIALOGS)) {
        await chat.send(command);
        for (const [question, answer] of dialog) {
          await chat.heard(question);
          await chat.idle();
          await clean(page, `${command}: ${question}`);
          await chat.send(answer);
        }
        await chat.idle();
      }
      await chat.heard('Got the password.');
      await chat.send('fail');
      await page.getByTestId('failed-turn').waitFor();
      await chat.idle();
      await clean(page, 'an error');
      await page.getByRole('button', { name: 'Menu', exact: true }).click();
      await page.getByRole('menu').waitFor();
      await clean(page, 'menu');
      await page.getByRole('menuitem', { name: 'Delete…' }).click();
      await page.getByRole('dialog').waitFor();
      await clean(page, 'dialog');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      if (device === 'phone') {
        await page.getByRole('button', { name: 'Conversations' }).click();
        await page.getByRole('dialog').getByRole('link').first().waitFor();
        await clean(page, 'drawer');
      }
    }));
  }
}

test('a missing bot, a missing conversation and a missing page have no findings', () => visit({ reducedMotion: 'reduce' }, async (context) => {
  const page = await context.newPage();
  await page.goto(`${BASE}/no-such-bot`);
  await page.getByRole('heading').first().waitFor();
  await clean(page, 'no bot');
  await page.goto(`${BASE}/probe/c/cnv_${'0'.repeat(32)}`);
  await page.getByText('There is no such conversation.').waitFor();
  await clean(page, 'no conversation');
  await page.goto(`${BASE}/no/such/page`);
  await page.getByRole('main').getByRole('heading', { name: 'There is nothing here' }).waitFor();
  await clean(page, 'no page');
}));

test('the widget has no findings', () => visit({ reducedMotion: 'reduce' }, async (context) => {
  const chat = await Chat.open(context, '/probe?embed=1');
  await chat.heard('Probe ready.');
  await chat.idle();
  await clean(chat.page, 'widget');
}));
