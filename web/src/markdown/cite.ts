/** How a mark in the text opens its source; the message that knows its sources hands it down. */
export const CITE = Symbol('cite');

/** Null while the answer is being written: its sources come with its end. */
export type OnCite = () => ((number: number) => void) | null;
