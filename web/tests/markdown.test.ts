import { mount, unmount } from 'svelte';
import { afterEach, describe, expect, it } from 'vitest';
import Markdown from '../src/markdown/Markdown.svelte';
import { decodeEntities } from '../src/markdown/entities';
import { withCites, withoutCites } from '../src/markdown/cites';
import { parseMarkdown, plainText } from '../src/markdown/parse';
import { GrowingMarkdown } from '../src/markdown/stream';
import { safeLink, safeMedia } from '../src/markdown/url';
import vectors from './xss-vectors.json';

const mounted: ReturnType<typeof mount>[] = [];

function render(text: string): HTMLElement {
  const target = document.createElement('div');
  document.body.append(target);
  mounted.push(mount(Markdown, { target, props: { text } }));
  return target;
}

afterEach(() => {
  for (const component of mounted.splice(0)) void unmount(component);
  document.body.replaceChildren();
});

/** Everything that a message may become. Whatever else turns up is a hole. */
const TAGS = new Set([
  'DIV', 'P', 'H3', 'UL', 'OL', 'LI', 'BLOCKQUOTE', 'HR', 'BR', 'STRONG', 'EM', 'DEL', 'CODE', 'A', 'IMG', 'SPAN',
  'TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'FIGURE', 'FIGCAPTION', 'PRE', 'SAMP', 'BUTTON', 'svg', 'path', 'rect',
]);

describe('hostile messages', () => {
  it('has at least forty vectors', () => expect(new Set(vectors).size).toBeGreaterThanOrEqual(40));

  it.each(vectors)('stays inert: %s', (vector) => {
    for (const text of [vector, `before ${vector} after`, `- ${vector}`, `> ${vector}`, `**${vector}**`]) {
      for (const element of render(text).querySelectorAll('*')) {
        expect(TAGS).toContain(element.tagName);
        for (const { name, value } of element.attributes) {
          expect(name).not.toMatch(/^on|^style$|^srcdoc$|^id$|^name$|^formaction$/i);
          if (name === 'href') expect(value).toMatch(/^(https?:|mailto:|tel:)/);
          if (name === 'src') expect(value).toMatch(/^https?:/);
        }
      }
    }
    expect('__xss' in window).toBe(false);
  });
});

describe('markdown', () => {
  it('keeps tags as text', () => {
    expect(render('a <b>bold</b> word').textContent.trim()).toBe('a <b>bold</b> word');
    expect(render('<div>\n*x*\n</div>').textContent).toContain('<div>');
  });

  it('renders what people write', () => {
    const box = render('**a** _b_ ~~c~~ `d` [e](https://example.com/x)\n\n1. one\n2. two\n\n| h |\n|--:|\n| 1 |\n\n```js\nlet x;\n```');
    expect(box.querySelector('strong')?.textContent).toBe('a');
    expect(box.querySelector('em')?.textContent).toBe('b');
    expect(box.querySelector('del')?.textContent).toBe('c');
    expect(box.querySelectorAll('ol > li')).toHaveLength(2);
    expect(box.querySelector('td')?.className).toContain('right');
    expect(box.querySelector('samp')?.textContent).toBe('let x;');
    const link = box.querySelector('a');
    expect(link?.href).toBe('https://example.com/x');
    expect(link?.rel.split(' ')).toEqual(expect.arrayContaining(['noopener', 'noreferrer']));
    expect(link?.target).toBe('_blank');
  });

  it('breaks lines where the writer did', () => {
    expect(render('a\nb').querySelectorAll('br')).toHaveLength(1);
  });

  it('decodes character references in text, not in code', () => {
    expect(plainText(parseMarkdown('a &amp; b &#38; c `&amp;`'))).toBe('a & b & c &amp;');
    expect(decodeEntities('&#0;&#xD800;&nope;&#x110000;')).toBe('\ufffd\ufffd&nope;\ufffd');
  });

  it('survives depth and size', () => {
    expect(parseMarkdown('>'.repeat(5_000) + ' x').length).toBeGreaterThan(0);
    expect(parseMarkdown('['.repeat(20_000)).length).toBeGreaterThan(0);
    expect(parseMarkdown('*a '.repeat(5_000)).length).toBeGreaterThan(0);
  }, 20_000);
});

describe('addresses', () => {
  it('allows links and pictures of the web only', () => {
    const base = 'https://bot.example';
    expect(safeLink('/files/a.pdf', base)).toBe('https://bot.example/files/a.pdf');
    expect(safeLink('mailto:a@b.c', base)).toBe('mailto:a@b.c');
    expect(safeLink('java\nscript:alert(1)', base)).toBeNull();
    expect(safeLink('#top', base)).toBeNull();
    expect(safeMedia('mailto:a@b.c', base)).toBeNull();
    expect(safeMedia('data:image/png;base64,AAAA', base)).toBeNull();
    expect(safeMedia('//cdn.example/x.png', base)).toBe('https://cdn.example/x.png');
  });
});

describe('Markdown that grows', () => {
  const whole = `# Title

Words with *emphasis*,
over two lines.

- one
- two
  - inner

1. first

> quoted

| a | b |
|--|--|
| 1 | 2 |

\`\`\`js
const a = 1;

// a blank line above
\`\`\`

Setext
======

The end.`;

  it('is at every length what it would be if it were read whole', () => {
    const growing = new GrowingMarkdown();
    for (let length = 1; length <= whole.length; length += 1) {
      expect(growing.parse(whole.slice(0, length), 0), `${length}`).toEqual(parseMarkdown(whole.slice(0, length)));
    }
  });

  it('keeps the blocks that are settled, and begins again with another text', () => {
    const growing = new GrowingMarkdown();
    const before = growing.parse('One.\n\nTwo.\n\nThr', 0);
    const after = growing.parse('One.\n\nTwo.\n\nThree.', 0);
    expect(after[0]).toBe(before[0]);
    expect(growing.parse('Other', 0)).toEqual(parseMarkdown('Other'));
    expect(growing.parse('Other\r\n\r\nends', 0)).toEqual(parseMarkdown('Other\r\n\r\nends'));
  });

  it('reads one huge block now and then only', () => {
    const growing = new GrowingMarkdown();
    const huge = 'word '.repeat(5_000);
    const first = growing.parse(huge, 0);
    expect(growing.parse(`${huge} more`, 10)).toBe(first);
    expect(plainText(growing.parse(`${huge} more`, 500))).toContain('more');
  });
});

describe('marks of sources', () => {
  const shown = (text: string, known = new Set([1, 2])): string => JSON.stringify(withCites(parseMarkdown(text), (n) => known.has(n)));
  it('are nodes where there is such a source, and text elsewhere', () => {
    expect(shown('So it is [1].')).toContain('[{"t":"text","s":"So it is "},{"t":"cite","n":1},{"t":"text","s":"."}]');
    expect(shown('- **both [1, 2]**')).toContain('{"t":"cite","n":1},{"t":"cite","n":2}');
    expect(shown('| a [2] |\n|--|\n| b [1] |').match(/cite/g)).toHaveLength(2);
    expect(shown('no [3], `a[1]`, [1](https://example.com)')).not.toContain('cite');
  });
  it('are left out of what is copied, but not out of code', () => {
    const known = (n: number): boolean => n < 3;
    expect(withoutCites('So [1]. And [1, 2]! `a[1]` stays, [3] too, [1](x) too.\n```\nb[2]\n```', known))
      .toBe('So. And! `a[1]` stays, [3] too, [1](x) too.\n```\nb[2]\n```');
  });
});
