import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { BASE, Chat, until, visit } from '../lib.mjs';

/** A wire to the server that can be cut. */
async function wire() {
  const { hostname, port } = new URL(BASE);
  const ends = new Set();
  let cut = false;
  const server = createServer((near) => {
    if (cut) return near.destroy();
    const far = connect(Number(port), hostname);
    for (const end of [near, far]) {
      ends.add(end);
      end.on('error', () => end.destroy());
      end.on('close', () => {
        ends.delete(end);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut: () => {
      cut = true;
      for (const end of ends) end.destroy();
    },
    mend: () => (cut = false),
    close: () => {
      for (const end of ends) end.destroy();
      server.close();
    },
  };
}

test('a cut network loses nothing: what is written meanwhile is sent once it is back', async () => {
  const line = await wire();
  try {
    await visit(async (context) => {
      const chat = new Chat(await context.newPage());
      await chat.page.goto(`${line.url}/probe`);
      await chat.heard('Probe ready.');
      await chat.ask('before', 'before');
      line.cut();
      await chat.page.locator('.status[data-status=reconnecting]').waitFor();
      await chat.send('during one');
      await chat.send('during two');
      await until('both wait', async () => (await chat.page.locator('[data-delivery=waiting]').count()) === 2);
      await chat.page.getByText('2 messages are waiting.').waitFor();
      // The banner takes no room until it is worth one.
      await chat.page.locator('.banner').evaluate((banner) => Promise.all(banner.getAnimations().map(({ finished }) => finished)));
      line.mend();
      // On a slow machine the page's own next try may come before the click.
      await Promise.any([chat.page.getByRole('button', { name: 'Try now' }).click(), chat.heard('during two')]);
      await chat.heard('during two');
      await chat.idle();
      assert.deepEqual((await chat.person()).map((text) => text.trim()), ['before', 'during one', 'during two']);
      for (const text of ['before', 'during one', 'during two']) {
        assert.equal((await chat.bot()).filter((said) => said.trim() === text).length, 1, `${text} was answered once`);
      }
    });
  } finally {
    line.close();
  }
});

test('a reload while offline keeps what was written', async () => {
  const line = await wire();
  try {
    await visit(async (context) => {
      const chat = new Chat(await context.newPage());
      await chat.page.goto(`${line.url}/probe`);
      await chat.heard('Probe ready.');
      await chat.ask('before', 'before');
      await chat.hasAddress();
      line.cut();
      await chat.page.locator('.status[data-status=reconnecting]').waitFor();
      await chat.send('kept over the reload');
      await until('it waits', async () => (await chat.page.locator('[data-delivery=waiting]').count()) === 1);
      line.mend();
      await chat.page.reload();
      await chat.heard('kept over the reload');
      assert.equal((await chat.person()).filter((text) => text.trim() === 'kept over the reload').length, 1);
    });
  } finally {
    line.close();
  }
});
