/** A conversation as a Markdown file. */
import type { Entry, Source } from '$protocol';
import { exactTime } from '$lib/format';

interface ExportOptions {
  bot: string;
  title: string | null;
  locale: string;
  words: { with: string; you: string; hidden: string; at: (date: string) => string };
  secrets: ReadonlySet<string>;
  origin: string;
}

/** Names and captions stand inside a line and inside brackets. */
function inline(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|]/g, (mark) => `\\${mark}`);
}

/** The text refers to it as `[1]`. */
function source({ number, title, place, page }: Source): string {
  return `- \\[${number}\\] ${[title, place, page].filter((word) => word !== null && word !== undefined && word !== '').map((word) => inline(String(word))).join(', ')}`;
}

export function exportMarkdown(entries: readonly Entry[], options: ExportOptions): string {
  const { bot, title, locale, words, secrets, origin } = options;
  const lines = [
    `# ${inline(title || words.with)}`, '', ...(title ? [inline(words.with), ''] : []),
    words.at(exactTime(new Date().toISOString(), locale)), '',
  ];
  for (const entry of entries) {
    if (entry.type === 'error') {
      lines.push(`> ${inline([entry.title, entry.detail].filter(Boolean).join(' '))}`, '');
      continue;
    }
    if (entry.type === 'tool') continue;
    const who = entry.role === 'bot' ? inline(bot) : words.you;
    lines.push(`**${who}** · ${exactTime(entry.at, locale)}`, '');
    if (secrets.has(entry.id)) {
      lines.push(`_${words.hidden}_`, '');
      continue;
    }
    for (const part of entry.parts) {
      if (part.type === 'text') lines.push(part.text, '');
      else if (part.type === 'menu') lines.push(...part.options.map((option) => `- ${inline(option)}`), '');
      else if (part.type === 'sources') lines.push(...part.items.map(source), '');
      else if (part.type === 'file') lines.push(`[${inline(part.caption || part.filename)}](<${new URL(part.url, origin).href}>)`, '');
    }
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

export function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/markdown;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
