/** What of a passage an answer took: the words of its sentences, found again in the passage. Pure. */

export interface Piece {
  text: string;
  mark: boolean;
}

const MARKS = String.raw`(?:\[\d{1,2}(?:\s?[,;]\s?\d{1,2})*\]\s*)+`;

function sentences(text: string): string[] {
  return [...new Intl.Segmenter(undefined, { granularity: 'sentence' }).segment(text)].map(({ segment }) => segment);
}

/** The sentences of a plain text that cite a source. A mark behind the full stop belongs to the sentence before it. */
export function citedSentences(text: string, number: number): string[] {
  const cites = new RegExp(String.raw`\[(?:\d{1,2}\s?[,;]\s?)*${number}(?:\s?[,;]\s?\d{1,2})*\]`);
  const behind = new RegExp(String.raw`([.!?…]+)(\s*)(${MARKS})`, 'g');
  return text.split('\n')
    .flatMap((line) => sentences(line.replace(behind, ' $3$1 ')))
    .filter((sentence) => cites.test(sentence))
    .map((sentence) => sentence.replace(new RegExp(MARKS, 'g'), ' ').trim());
}

/** Words as they compare: no case, no accents, and only the beginning, which endings do not change. */
function stem(word: string): string {
  return word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().slice(0, 6);
}

/** Short words say nothing about a passage, unless they are numbers. */
const MATTERS = /^\p{N}+$|^[\p{L}\p{N}]{4,}$/u;
const WORD = /[\p{L}\p{N}]+/gu;

/** A passage with the words of these sentences marked; all of it when too few are found. */
export function highlight(passage: string, cited: readonly string[]): Piece[] {
  const wanted = new Set(cited.flatMap((sentence) => sentence.match(WORD) ?? []).filter((word) => MATTERS.test(word)).map(stem));
  const found = [...passage.matchAll(WORD)].filter(({ 0: word }) => MATTERS.test(word) && wanted.has(stem(word)));
  if (found.length < 2) return [{ text: passage, mark: true }];
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: word, index } of found) {
    const last = pieces.at(-1);
    const between = passage.slice(from, index);
    // Words that follow each other are one mark.
    if (last?.mark && /^[\s,;:–-]*$/.test(between)) {
      last.text += between + word;
    } else {
      if (between) pieces.push({ text: between, mark: false });
      pieces.push({ text: word, mark: true });
    }
    from = index + word.length;
  }
  if (from < passage.length) pieces.push({ text: passage.slice(from), mark: false });
  return pieces;
}
