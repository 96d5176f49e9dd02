/**
 * Markdown to a small tree that components render as elements. No HTML is ever made, parsed or kept: what looks like a
 * tag is text, and a link or an image exists only with an address that `url.ts` allows.
 */
import { Marked } from 'marked';
import type { Token, Tokens } from 'marked';
import { decodeEntities } from './entities';
import { safeLink, safeMedia } from './url';

export type Inline =
  | { t: 'text'; s: string }
  | { t: 'code'; s: string }
  | { t: 'strong' | 'em' | 'del'; c: Inline[] }
  | { t: 'link'; href: string; c: Inline[] }
  | { t: 'image'; src: string; alt: string }
  | { t: 'cite'; n: number }
  | { t: 'br' };

export interface ListItem {
  /** Null for an item without a box. */
  checked: boolean | null;
  c: Block[];
}

export type Align = 'center' | 'left' | 'right' | null;

export type Block =
  | { t: 'p'; c: Inline[] }
  | { t: 'tight'; c: Inline[] }
  | { t: 'h'; level: number; c: Inline[] }
  | { t: 'code'; lang: string; s: string }
  | { t: 'quote'; c: Block[] }
  | { t: 'list'; ordered: boolean; start: number; items: ListItem[] }
  | { t: 'table'; align: Align[]; head: Inline[][]; rows: Inline[][][] }
  | { t: 'hr' };

const marked = new Marked({
  gfm: true,
  breaks: true,
  // Returning undefined means "no such token here": tags fall through to plain text.
  tokenizer: { html: () => undefined, tag: () => undefined },
});

/** Deeper than any text a person reads, and shallow enough for every stack. */
const DEPTH = 40;

export function lexMarkdown(text: string): Token[] {
  return marked.lexer(text);
}

export function toBlocks(tokens: readonly Token[]): Block[] {
  return blocks(tokens, 0);
}

export function parseMarkdown(text: string): Block[] {
  try {
    return toBlocks(lexMarkdown(text));
  } catch {
    return [{ t: 'p', c: [{ t: 'text', s: text }] }];
  }
}

function blocks(tokens: readonly Token[], depth: number): Block[] {
  if (depth > DEPTH) return tokens.map(({ raw }) => ({ t: 'p', c: [{ t: 'text', s: raw }] }));
  const out: Block[] = [];
  for (const token of tokens) {
    switch (token.type) {
      case 'space':
      case 'def':
        break;
      case 'heading': {
        const { depth: level, tokens: inner } = token as Tokens.Heading;
        out.push({ t: 'h', level, c: inlines(inner, depth) });
        break;
      }
      case 'code': {
        const { text, lang } = token as Tokens.Code;
        out.push({ t: 'code', lang: (lang ?? '').trim().split(/\s+/)[0] ?? '', s: text });
        break;
      }
      case 'blockquote':
        out.push({ t: 'quote', c: blocks((token as Tokens.Blockquote).tokens, depth + 1) });
        break;
      case 'list': {
        const { ordered, start, items } = token as Tokens.List;
        out.push({
          t: 'list',
          ordered,
          start: typeof start === 'number' ? start : 1,
          items: items.map((item) => ({
            checked: item.task ? Boolean(item.checked) : null,
            c: blocks(item.tokens.filter(({ type }) => type !== 'checkbox'), depth + 1),
          })),
        });
        break;
      }
      case 'table': {
        const { align, header, rows } = token as Tokens.Table;
        out.push({
          t: 'table',
          align,
          head: header.map((cell) => inlines(cell.tokens, depth)),
          rows: rows.map((row) => row.map((cell) => inlines(cell.tokens, depth))),
        });
        break;
      }
      case 'hr':
        out.push({ t: 'hr' });
        break;
      case 'paragraph':
        out.push({ t: 'p', c: inlines((token as Tokens.Paragraph).tokens, depth) });
        break;
      case 'text': {
        const { tokens: inner, text } = token as Tokens.Text;
        out.push({ t: 'tight', c: inner ? inlines(inner, depth) : [{ t: 'text', s: decodeEntities(text) }] });
        break;
      }
      default:
        out.push({ t: 'p', c: [{ t: 'text', s: token.raw }] });
    }
  }
  return out;
}

function inlines(tokens: readonly Token[], depth: number): Inline[] {
  if (depth > DEPTH) return tokens.map(({ raw }) => ({ t: 'text', s: raw }));
  const out: Inline[] = [];
  const text = (s: string): void => {
    const last = out.at(-1);
    if (last?.t === 'text') last.s += s;
    else out.push({ t: 'text', s });
  };
  for (const token of tokens) {
    switch (token.type) {
      case 'strong':
      case 'em':
      case 'del':
        out.push({ t: token.type, c: inlines((token as Tokens.Strong).tokens, depth + 1) });
        break;
      case 'codespan':
        out.push({ t: 'code', s: (token as Tokens.Codespan).text });
        break;
      case 'br':
        out.push({ t: 'br' });
        break;
      case 'escape':
        text((token as Tokens.Escape).text);
        break;
      case 'link': {
        const { href, tokens: inner } = token as Tokens.Link;
        const safe = safeLink(decodeEntities(href));
        const c = inlines(inner, depth + 1);
        if (safe) out.push({ t: 'link', href: safe, c });
        else if (c.length > 0) out.push(...c);
        else text(token.raw);
        break;
      }
      case 'image': {
        const { href, text: alt } = token as Tokens.Image;
        const safe = safeMedia(decodeEntities(href));
        if (safe) out.push({ t: 'image', src: safe, alt: decodeEntities(alt) });
        else text(token.raw);
        break;
      }
      case 'text': {
        const { tokens: inner, text: s } = token as Tokens.Text;
        if (inner) out.push(...inlines(inner, depth + 1));
        else text(decodeEntities(s));
        break;
      }
      default:
        text(token.raw);
    }
  }
  return out;
}

/** The words of a message without its marks: for screen readers and previews. */
export function plainText(list: readonly Block[]): string {
  const inline = (c: readonly Inline[]): string => c.map((node) => {
    switch (node.t) {
      case 'text': case 'code': return node.s;
      case 'br': return '\n';
      case 'image': return node.alt;
      case 'cite': return '';
      default: return inline(node.c);
    }
  }).join('');
  return list.map((block) => {
    switch (block.t) {
      case 'p': case 'tight': case 'h': return inline(block.c);
      case 'code': return block.s;
      case 'quote': return plainText(block.c);
      case 'list': return block.items.map((item) => plainText(item.c)).join('\n');
      case 'table': return [block.head, ...block.rows].map((row) => row.map(inline).join(', ')).join('\n');
      case 'hr': return '';
    }
  }).filter(Boolean).join('\n');
}
