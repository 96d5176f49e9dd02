// A bot of the stand-in server that answers like one with a model: it streams, thinks, calls tools, quotes documents, is
// cut off and fails. What it does follows from the words of the message.

const SOURCES = [
  { number: 1, document: 'doc_handbook', collection: 'handbook', title: 'Employee handbook.docx', place: 'Holidays › Carry-over', page: 12, sheet: null, row: null,
    text: 'Unused holidays may be carried over to the following year. Up to ten days carry over automatically; more than ten days need the agreement of the head of department. Days that are carried over must be taken by 31 March, after which they lapse. Part-time employees carry over days in proportion to their working time.',
    url: '/icon.svg' },
  { number: 2, document: 'doc_faq', collection: 'faq', title: 'Questions and answers about working time, holidays and sick leave 2026.md', place: 'Sick leave during a holiday', page: null, sheet: null, row: null,
    text: 'Days on which you were ill do not count as holidays if you send a doctor’s certificate within three days. The days are given back to you.', url: null },
  { number: 3, document: 'doc_table', collection: 'handbook', title: 'Entitlement.xlsx', place: null, page: null, sheet: 'Full time', row: 7,
    text: 'Years of service: 5 to 9; Holidays: 28; Additional days: 2', url: '/icon.svg' },
];

const QUOTING = `Up to **ten days** carry over to the next year automatically [1]. You must take them by **31 March**, after that they lapse [1].

- Days on which you were ill do not count, if you send a certificate within three days [2].
- With five to nine years of service you have 28 days, and two more [1, 3].

Shall I look up how many days you have left?`;

const THOUGHT = 'The person asks about holidays that were not taken. The handbook has a section on **carry-over**, and the questions and answers say something on sick leave.\n\nI should name the date by which the days have to be taken, because that is what people miss.';

const ESSAY = Array.from({ length: 14 }, (_, at) => `### ${at + 1}. Section\n\nA paragraph of an answer that is long on purpose, so that the page has to scroll while somebody reads further up. It has *emphasis*, \`code\` and a [link](https://example.com/${at}).\n\n| Part | Price |\n|:--|--:|\n| Switch | 4.20 € |\n| Contact | 6.90 € |\n\n\`\`\`js\nconst section = ${at + 1};\nconsole.log(section);\n\`\`\``).join('\n\n');

export const assistant = {
  name: 'assistant', title: 'Handbook', description: 'Answers from the handbook, and says where it stands.', welcome: null,
  theme: { accent: '#1c5d99' }, version: 'aa11bb',
  async turn(api, message, conversation) {
    const { say, suggest, stream, tool, fail, hear, wait, cancelled } = api;
    const asks = ['How many days carry over?', 'Think about it', 'Where is my order?', 'Write a lot'];
    if (!message) {
      say('Ask me about holidays, sick leave or working time.');
      suggest(...asks.map((text) => ({ label: text, text })));
      return 'done';
    }
    const text = message.text.trim().toLowerCase();
    conversation.state.times ??= new Map();
    const times = (conversation.state.times.get(message.text) ?? 0) + 1;
    conversation.state.times.set(message.text, times);
    await wait(500);
    if (cancelled()) return 'cancelled';
    if (text.includes('fail') && times === 1) {
      fail({ title: 'The answer could not be written.', detail: 'The model did not answer in time. Try again, or ask for something shorter.', reference: 'req_5e1f00c2', retry: true });
      return 'failed';
    }
    if (text.includes('order') || text.includes('tool')) {
      await stream('Let me look.', { ms: 60 });
      const first = tool('track-order', 'Looks up where an order is', { order: 'A-10482', details: true, customer: { name: 'Ada Lovelace', since: 2019 } });
      const second = tool('find-stock', 'Says how many of an article are in stock, and when more of it comes, in every branch that is open', { article: 'KX-200' });
      const third = tool('refund', 'Gives money back', { order: 'A-10482' });
      await wait(1500);
      first('done', JSON.stringify({ order: 'A-10482', state: 'on its way', expected: '2026-11-25', parcels: [{ carrier: 'DHL', number: '00340434161094042557' }] }));
      second('done', '12 in stock');
      third('failed', 'This tool is not allowed for this bot.');
      await wait(1200);
      await stream('Your order **A-10482** is on its way and should arrive on **25 November**. There are twelve more kettles in stock.');
    } else if (text.includes('hear')) {
      const call = tool('ask-size', 'Asks for a size', {});
      say('Which size?');
      hear('menu', { options: ['S', 'M', 'L'] });
      conversation.state.call = call;
      return 'waiting';
    } else if (text.includes('think')) {
      await stream(QUOTING, { reasoning: THOUGHT, sources: SOURCES });
    } else if (text.includes('cut')) {
      await stream(ESSAY.slice(0, 700), { cut: true });
    } else if (text.includes('lot') || text.includes('essay')) {
      await stream(ESSAY, { ms: 15 });
    } else if (text.includes('attempt')) {
      await stream('This first attempt breaks off in the mid', { abandon: true });
      await stream('The second attempt is whole.', { attempt: 2 });
    } else if (text.includes('unknown')) {
      await stream('The documents do not say anything about this.');
    } else {
      await stream(times > 1 ? `${QUOTING}\n\n_Answer ${times}._` : QUOTING, { sources: SOURCES });
      if (!cancelled()) suggest(...asks.slice(1).map((label) => ({ label, text: label })));
    }
    return 'done';
  },
};
