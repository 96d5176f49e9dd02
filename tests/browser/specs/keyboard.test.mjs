import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chat, until, visit } from '../lib.mjs';

/** Presses Tab until the thing with this name has the focus. */
async function tabTo(page, name, key = 'Tab') {
  const names = [];
  for (let at = 0; at < 60; at += 1) {
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
    });
    if (focused === name) {
      const seen = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        return style.boxShadow !== 'none' || style.outlineStyle !== 'none' || document.activeElement.closest('.composer') !== null;
      });
      assert.ok(seen, `the focus on ${name} can be seen`);
      return;
    }
    names.push(focused);
    await page.keyboard.press(key);
  }
  assert.fail(`${name} cannot be reached with ${key}: ${names.join(' | ')}`);
}

test('everything is done with the keyboard', () => visit(async (context) => {
  const chat = await Chat.open(context);
  const { page } = chat;
  await chat.heard('Probe ready.');
  await chat.idle();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'composer');

  await page.keyboard.type('hello keyboard');
  await page.keyboard.press('Enter');
  await chat.heard('hello keyboard');
  await chat.idle();
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'composer', 'the focus stays where it is needed');

  await page.keyboard.press('ArrowUp');
  assert.equal(await chat.composer.inputValue(), 'hello keyboard');
  await chat.composer.fill('');

  await tabTo(page, 'Show a menu', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Green', exact: true }).waitFor();
  await chat.idle();
  await tabTo(page, 'Green', 'Shift+Tab');
  await page.keyboard.press('Space');
  await chat.heard('You chose Green.');
  await chat.idle();

  await tabTo(page, 'Menu', 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await page.keyboard.type('Ren');
  await page.keyboard.press('Enter');
  const field = page.getByRole('textbox', { name: 'Title' });
  await field.waitFor();
  await until('the field has the focus', () => field.evaluate((input) => input === document.activeElement));
  await page.keyboard.type('By keyboard');
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: 'By keyboard' }).waitFor();
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  await page.keyboard.press('Control+k');
  await until('the search has the focus', () => page.evaluate(() => document.activeElement?.getAttribute('type') === 'search'));
  await page.keyboard.press('Control+Shift+O');
  await until('a new conversation', () => chat.conversation === null);
  await chat.heard('Probe ready.');
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('/');
  await until('the composer has the focus', () => page.evaluate(() => document.activeElement?.id === 'composer'));
}));
