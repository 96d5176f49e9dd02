/** What of a passage an answer took: the sentences that have the words of those which cite it. Pure. */

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

/** The sentences of a passage as they stand in it, nothing left out. */
function parts(passage: string): string[] {
  return passage.split(/(?<=\n)/).flatMap(sentences);
}

function words(text: string): Set<string> {
  return new Set([...text.matchAll(WORD)].map(([word]) => word).filter((word) => MATTERS.test(word)).map(stem));
}

/** A sentence is marked that has so much of what the best one has. */
const SHARE = 0.6;

/**
 * A passage with those of its sentences marked that have most of the words of these; all of it when none has two of them.
 * A word counts the less the more sentences have it.
 */
export function highlight(passage: string, cited: readonly string[]): Piece[] {
  const all = parts(passage).map((text) => ({ text, words: words(text) }));
  const wanted = words(cited.join(' '));
  const worth = (word: string): number => 1 / all.filter((own) => own.words.has(word)).length;
  const scored = all.map(({ text, words: own }) => {
    const found = [...wanted].filter((word) => own.has(word));
    return { text, found: found.length, score: found.reduce((sum, word) => sum + worth(word), 0) };
  });
  const best = scored.reduce((one, two) => (two.score > one.score ? two : one), { text: '', found: 0, score: 0 });
  if (best.found < 2) return [{ text: passage, mark: true }];
  const pieces: Piece[] = [];
  for (const { text, found, score } of scored) {
    const mark = found > 0 && score >= best.score * SHARE;
    const last = pieces.at(-1);
    if (last?.mark === mark) last.text += text;
    else pieces.push({ text, mark });
  }
  return pieces;
}
