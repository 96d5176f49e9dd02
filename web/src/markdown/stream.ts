/**
 * Markdown that grows at its end. What stands before the last block does not change any more and is not read again, so a
 * long answer costs no more per word than a short one.
 */
import { lexMarkdown, parseMarkdown, toBlocks } from './parse';
import type { Block } from './parse';

/** One block as long as this, a huge table say, is read again a few times a second only. */
const LARGE = 16_000;
const EVERY_MS = 200;

export class GrowingMarkdown {
  /** What is settled, as text and as blocks. */
  #text = '';
  #blocks: Block[] = [];
  #tree: Block[] = [];
  #readAt = -Infinity;
  readonly #map: (blocks: Block[]) => Block[];

  constructor(map: (blocks: Block[]) => Block[] = (blocks) => blocks) {
    this.#map = map;
  }

  parse(text: string, now = performance.now()): Block[] {
    // Another attempt, or line ends that the reader of Markdown would count differently.
    if (!text.startsWith(this.#text)) {
      this.#text = '';
      this.#blocks = [];
      this.#readAt = -Infinity;
    }
    if (text.includes('\r')) return (this.#tree = this.#map(parseMarkdown(text)));
    const rest = text.slice(this.#text.length);
    if (rest.length > LARGE && now - this.#readAt < EVERY_MS) return this.#tree;
    this.#readAt = now;
    try {
      const tokens = lexMarkdown(rest);
      const last = tokens.findLastIndex(({ type }) => type !== 'space');
      const settled = tokens.slice(0, Math.max(0, last));
      if (settled.length > 0) {
        this.#blocks = [...this.#blocks, ...this.#map(toBlocks(settled))];
        this.#text += settled.map(({ raw }) => raw).join('');
        if (!text.startsWith(this.#text)) return (this.#tree = this.#map(parseMarkdown(text)));
      }
      this.#tree = [...this.#blocks, ...this.#map(toBlocks(tokens.slice(Math.max(0, last))))];
    } catch {
      this.#tree = this.#map(parseMarkdown(text));
    }
    return this.#tree;
  }
}
