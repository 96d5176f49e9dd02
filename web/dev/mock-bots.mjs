// The scripted bots of the stand-in server. `probe` does what tests/browser/bots/probe.gbai does in BASIC.

import { assistant } from './mock-answers.mjs';

const ANSWER = `Here is what I found.

### Kettles that can be repaired

Most kettles fail at the **lid switch** or at the *base contact*; both can be replaced in ten minutes. You will need a
screwdriver and [the manual](https://example.com/manual).

1. Unplug the kettle and let it cool.
2. Turn it over and remove the three screws.
3. Lift the base, then check the contact:
   - bright metal is fine
   - brown metal wants cleaning

| Part | Price | In stock | Delivery |
|:--|--:|:-:|:--|
| Lid switch | 4.20 € | 12 | tomorrow |
| Base contact | 6.90 € | 3 | tomorrow |
| Water filter, fine mesh | 2.10 € | 0 | next week |

\`\`\`sql
SELECT name, price FROM parts
WHERE kettle = 'KX-200' AND in_stock > 0
ORDER BY price;
\`\`\`

> If the cable is damaged, do not repair it yourself.

- [x] Warranty checked
- [ ] Parts ordered`;

const SCRIPT = {
  file: 'shop.gbdialog/refund.bas', line: 14, column: 12, source: 'SET total = FIND orders WHERE id = order', caret: '           ^^^^',
  message: 'FIND needs a table name in quotes.', help: 'Write FIND "orders", "id=" + order',
};

const state = (conversation) => conversation.state;

async function generic({ say, suggest, hear, fail, stream, wait, state: s }, message, { greeting, suggestions }) {
  if (!message) {
    say(...greeting);
    suggest(...suggestions);
    return 'done';
  }
  const text = message.text.trim();
  const ask = async (kind, prompt, more) => {
    say(prompt);
    s.after = kind;
    hear(kind, more);
  };
  if (s.after) {
    const kind = s.after;
    s.after = null;
    say(`Thank you. I noted ${message.attachments.length ? `${message.attachments.length} file` : kind === 'password' ? 'your password' : `“${text}”`}.`);
    return 'done';
  }
  await wait(250);
  switch (text.toLowerCase()) {
    case 'find': case 'find a kettle': say(ANSWER); break;
    case 'stream': await stream(ANSWER, { ms: 30 }); break;
    case 'menu':
      say('Which colour do you want?', { type: 'menu', options: ['Red', 'Green', 'Blue', 'Matt black with a wooden handle'] });
      hear('menu', { options: ['Red', 'Green', 'Blue', 'Matt black with a wooden handle'] });
      s.after = 'menu';
      break;
    case 'choose': await ask('menu', 'How should we send it?', { options: ['By post', 'By bicycle', 'I will fetch it'] }); break;
    case 'date': await ask('date', 'When should it arrive?'); break;
    case 'hour': await ask('hour', 'At what time?'); break;
    case 'color': await ask('color', 'Which colour exactly?'); break;
    case 'email': await ask('email', 'What is your e-mail address?'); break;
    case 'number': await ask('integer', 'How many?'); break;
    case 'phone': await ask('mobile', 'What is your phone number?'); break;
    case 'yes': await ask('boolean', 'Shall I order it?'); break;
    case 'password': await ask('password', 'What is your password?'); break;
    case 'file': await ask('file', 'Please send the receipt.', { accept: ['image/*', 'application/pdf'] }); break;
    case 'picture':
      say('This is the one.', { type: 'file', url: '/icon.svg', filename: 'kettle.png', mime_type: 'image/png', size: 81_231, caption: 'The KX-200' },
        { type: 'file', url: '/icon.svg', filename: 'Manual of the KX-200, third edition.pdf', mime_type: 'application/pdf', size: 1_812_313 });
      break;
    case 'fail': fail({ title: 'I could not finish this.', detail: 'The shop’s order list did not answer. Nothing was changed.', reference: 'req_7f3a90c2d1', script: SCRIPT }); return 'failed';
    case 'slow': await wait(4000); say('That took a while.'); break;
    case 'long': for (let at = 1; at <= 12; at += 1) { say(`Line ${at}. ${'This goes on for a bit. '.repeat(3)}`); await wait(60); } break;
    default: say(`I have no script for “${text}”. Here is what I can do.`); suggest(...suggestions);
  }
  return 'done';
}

/** BASIC's loop: HEAR a command, do it, go on. */
async function probe({ say, suggest, hear, fail, wait }, message, conversation) {
  const s = state(conversation);
  const listen = () => {
    s.step = null;
    hear('any');
  };
  if (!message) {
    say('Probe ready.');
    suggest({ label: 'Show a menu', text: 'menu' }, { label: 'Start the dialog', text: 'dialog' });
    listen();
    return;
  }
  const text = message.text.trim();
  const steps = {
    menu: () => { say(`You chose ${text}.`); listen(); },
    suggest: () => { suggest({ label: text, text }); say('Suggested.'); listen(); },
    name: () => { s.name = text; s.step = 'email'; say('What is your e-mail address?'); hear('email'); },
    email: () => {
      if (!/^\S+@\S+\.\S+$/.test(text)) { say('This is not an e-mail address.'); hear('email', { attempt: 2 }); return; }
      s.email = text.toLowerCase(); s.step = 'date'; say('On which day?'); hear('date');
    },
    date: () => { s.date = text; s.step = 'count'; say('How many?'); hear('integer'); },
    count: () => { s.count = Number(text); s.step = 'sure'; say('Are you sure?'); hear('boolean'); },
    sure: () => { say(`Done: ${s.name}, ${s.email}, ${s.date}, ${s.count}, ${/^y/i.test(text)}.`); listen(); },
    password: () => { say('Got the password.'); listen(); },
    file: () => {
      if (message.attachments.length === 0) { say('Please send a file.'); hear('file', { attempt: 2 }); return; }
      say('Got the file.'); listen();
    },
  };
  if (s.step) return steps[s.step]();
  switch (text) {
    case 'menu': s.step = 'menu'; say('Which colour?', { type: 'menu', options: ['Red', 'Green', 'Blue'] }); hear('menu', { options: ['Red', 'Green', 'Blue'] }); break;
    case 'dialog': s.step = 'name'; say('What is your name?'); hear('name'); break;
    case 'suggest': s.step = 'suggest'; say('Which text?'); hear('any'); break;
    case 'password': s.step = 'password'; say('What is the password?'); hear('password'); break;
    case 'file': s.step = 'file'; say('Please send a file.'); hear('file'); break;
    case 'slow': await wait(3000); say('Slow is done.'); listen(); break;
    case 'fail': fail({ title: 'I could not finish this.', detail: 'The script failed.', reference: 'req_123', script: SCRIPT }); listen(); return 'failed';
    case 'table': say('| a | b |\n|--|--|\n| 1 | 2 |\n\n```js\nlet x = 1;\n```\n\n**bold** [link](https://example.com)'); listen(); break;
    default: say(text); listen();
  }
}

const greeting = ['Hello! I can find kettles, order them and tell you where your order is. What do you need?'];
const suggestions = [
  { label: 'Find a kettle', text: 'find' }, { label: 'Order something', text: 'menu' },
  { label: 'Where is my order?', text: 'number' }, { label: 'Return an article', text: 'fail' },
];

export const bots = {
  default: {
    name: 'default', title: 'BotServer', description: 'Shows what a bot can do.', welcome: null, theme: null, version: 'a1b2c3',
    turn: (api, message) => generic(api, message, {
      greeting: ['Hello, I am the bot that comes with the server. Ask me anything, or press one of the buttons.'], suggestions,
    }),
  },
  shop: {
    name: 'shop', title: 'The Corner Shop', description: 'Kettles, parts and repairs since 1962.', welcome: null,
    theme: { accent: '#d9480f', accent2: null, logo: null, title: null }, version: 'd4e5f6', limit: 40,
    turn: (api, message) => generic(api, message, { greeting, suggestions }),
  },
  helpdesk: {
    name: 'helpdesk', title: 'Help desk', description: 'Opens a ticket and tells its state.', welcome: 'We answer within a day.',
    theme: { accent: '#5f3dc4' }, version: '778899', turn: (api, message) => generic(api, message, { greeting, suggestions }),
  },
  assistant,
  probe: { name: 'probe', title: 'Probe', description: null, welcome: null, theme: null, version: '1', turn: (api, message, conversation) => probe(api, message, conversation) },
  tight: {
    name: 'tight', title: 'Tight', hidden: true, description: null, welcome: null, theme: null, version: '1', limit: 3,
    turn: (api, message) => generic(api, message, { greeting, suggestions }),
  },
};
