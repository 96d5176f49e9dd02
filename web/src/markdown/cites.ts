/** `[1]` in an answer's text refers to a source. Pure: it turns such marks into nodes, and takes them out of what is copied. */
import type { Block, Inline, ListItem } from './parse';

/** Whether there is a source of this number. */
export type Known = (number: number) => boolean;

/** `[1]`, `[1, 2]` */
const MARK = /\[(\d{1,2}(?:\s?[,;]\s?\d{1,2})*)\]/g;

function numbers(list: string): number[] {
  return list.split(/[,;]/).map(Number);
}

function inText(text: string, known: Known): Inline[] {
  const out: Inline[] = [];
  let from = 0;
  for (const { 0: whole, 1: list, index } of text.matchAll(MARK)) {
    const all = numbers(list ?? '');
    if (!all.every(known)) continue;
    if (index > from) out.push({ t: 'text', s: text.slice(from, index) });
    out.push(...all.map((n): Inline => ({ t: 'cite', n })));
    from = index + whole.length;
  }
  if (from === 0) return [{ t: 'text', s: text }];
  if (from < text.length) out.push({ t: 'text', s: text.slice(from) });
  return out;
}

function inInlines(nodes: readonly Inline[], known: Known): Inline[] {
  return nodes.flatMap((node): Inline[] => {
    if (node.t === 'text') return inText(node.s, known);
    if (node.t === 'strong' || node.t === 'em' || node.t === 'del') return [{ ...node, c: inInlines(node.c, known) }];
    return [node];
  });
}

export function withCites(blocks: readonly Block[], known: Known): Block[] {
  return blocks.map((block): Block => {
    switch (block.t) {
      case 'p': case 'tight': case 'h': return { ...block, c: inInlines(block.c, known) };
      case 'quote': return { ...block, c: withCites(block.c, known) };
      case 'list': return { ...block, items: block.items.map((item): ListItem => ({ ...item, c: withCites(item.c, known) })) };
      case 'table': return {
        ...block,
        head: block.head.map((cell) => inInlines(cell, known)),
        rows: block.rows.map((row) => row.map((cell) => inInlines(cell, known))),
      };
      default: return block;
    }
  });
}

/** Markdown without its marks, for somewhere that has no sources. What stands in code is no mark. */
export function withoutCites(markdown: string, known: Known): string {
  return markdown.split(/(```[\s\S]*?(?:```|$)|`[^`\n]*`)/).map((piece, at) => (at % 2 === 1
    ? piece
    : piece.replace(/[ \t]*\[(\d{1,2}(?:\s?[,;]\s?\d{1,2})*)\](?![(:[])/g, (whole, list: string) => (numbers(list).every(known) ? '' : whole))
  )).join('');
}
