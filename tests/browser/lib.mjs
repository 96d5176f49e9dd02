// What every browser test needs: a browser, a visitor, and waiting for things to become true. The server is a real one
// at BASE_URL that serves bots/probe.gbai; OWNER_URL is its one-time owner link.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

export const BASE = process.env.BASE_URL?.replace(/\/$/, '');
if (!BASE) throw new Error('BASE_URL is not set: it names the server that the tests talk with');

const PATIENCE = 20_000;
const browsers = new Map();

/** A browser for which these hosts are where the rules say (`MAP shop.test:80 127.0.0.1:4711`). */
async function launched(hosts = '') {
  if (!browsers.has(hosts)) {
    browsers.set(hosts, await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
        // A page that a test makes up has no address; browsers take it for the internet and keep it from this machine.
        '--disable-features=LocalNetworkAccessChecks', ...(hosts ? [`--host-resolver-rules=${hosts}`] : [])],
    }));
  }
  return browsers.get(hosts);
}

after(async () => {
  for (const browser of browsers.values()) await browser.close();
  browsers.clear();
});

/**
 * Runs `body` as a new visitor. Script errors, dialogs and violations of the security policy fail the test, but for what
 * it says that it provokes.
 */
export async function visit(options, body) {
  const [{ hosts, provokes, ...settings }, run] = typeof options === 'function' ? [{}, options] : [options, body];
  const context = await (await launched(hosts)).newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...settings });
  context.setDefaultTimeout(PATIENCE);
  const complaints = [];
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      (window.__violations ??= []).push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
      console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  context.on('page', (page) => {
    page.on('pageerror', (error) => complaints.push(`script error: ${error.message}`));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      if (message.type() === 'error' && /content security policy/i.test(message.text())) complaints.push(message.text());
    });
  });
  try {
    await run(context);
    assert.deepEqual(complaints.filter((text) => !provokes?.test(text)), [], 'the page complained');
  } finally {
    await context.close();
  }
}

/** Asks until it is true, or says what never was. */
export async function until(what, question) {
  const end = Date.now() + PATIENCE;
  let last;
  for (;;) {
    try {
      last = await question();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) assert.fail(`never: ${what} (last: ${last instanceof Error ? last.message : JSON.stringify(last)})`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The chat page of a bot as a person and a screen reader see it. */
export class Chat {
  constructor(page) {
    this.page = page;
  }

  static async open(context, path = '/probe') {
    const chat = new Chat(await context.newPage());
    await chat.goto(path);
    return chat;
  }

  async goto(path) {
    await this.page.goto(BASE + path);
    await this.online();
  }

  async online() {
    await this.page.locator('.status[data-status=online], .status[data-status=typing]').waitFor();
  }

  get composer() {
    return this.page.locator('#composer');
  }

  async send(text) {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  /** Texts of the bot's messages, oldest first. */
  bot() {
    return this.page.getByTestId('bot-message').allInnerTexts();
  }

  person() {
    return this.page.locator('[data-testid=person-message]').allInnerTexts();
  }

  async heard(text) {
    await until(`the bot says ${JSON.stringify(text)}`, async () => (await this.bot()).some((said) => said.trim() === text));
  }

  async hears(text, times = 1) {
    await until(`the bot has said ${JSON.stringify(text)} ${times} times`,
      async () => (await this.bot()).filter((said) => said.trim() === text).length >= times);
  }

  /** The bot's part of a turn is over. */
  async idle() {
    await this.page.locator('.status[data-status=online]').waitFor();
    await until('nothing is pending', async () => (await this.page.getByTestId('pending').count()) === 0);
  }

  async ask(text, answer) {
    await this.send(text);
    await this.heard(answer);
    await this.idle();
  }

  get conversation() {
    return /\/c\/(cnv_[0-9a-f]{32})/.exec(this.page.url())?.[1] ?? null;
  }

  async hasAddress() {
    return until('the conversation has an address', () => this.conversation);
  }

  api(method, path, body) {
    return this.page.evaluate(async ([verb, target, data]) => {
      const response = await fetch(`/api/v1${target}`, {
        method: verb, headers: data ? { 'content-type': 'application/json' } : {}, body: data ? JSON.stringify(data) : undefined,
      });
      const text = await response.text();
      return { status: response.status, body: text ? JSON.parse(text) : null };
    }, [method, path, body]);
  }
}
