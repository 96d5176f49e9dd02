/** Dates, sizes and numbers as the person's locale writes them. */

const DAY = 86_400_000;

function dayStart(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Whole calendar days from `date` to `now`; 0 is today. */
export function daysAgo(date: Date, now = new Date()): number {
  return Math.round((dayStart(now) - dayStart(date)) / DAY);
}

export function clockTime(iso: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(new Date(iso));
}

export function exactTime(iso: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

/** "Today", "Yesterday", or the date, in the words of the locale. */
export function dayName(iso: string, locale: string, now = new Date()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days === 0 || days === 1) {
    const word = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-days, 'day');
    return word.charAt(0).toLocaleUpperCase(locale) + word.slice(1);
  }
  const sameYear = date.getFullYear() === now.getFullYear();
  return new Intl.DateTimeFormat(locale, {
    weekday: 'long', day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' as const }),
  }).format(date);
}

export function monthName(iso: string, locale: string, now = new Date()): string {
  const date = new Date(iso);
  const name = new Intl.DateTimeFormat(locale, {
    month: 'long', ...(date.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const }),
  }).format(date);
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', DAY], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000],
];

/** "3 minutes ago" */
export function relativeTime(iso: string, locale: string, now = Date.now()): string {
  const ms = new Date(iso).getTime() - now;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
  for (const [unit, length] of UNITS) {
    if (Math.abs(ms) >= length || unit === 'second') return format.format(Math.round(ms / length), unit);
  }
  return '';
}

/** Binary steps with the names that people know. */
export function fileSize(bytes: number, locale: string): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < units.length - 1) {
    value /= 1024;
    step += 1;
  }
  return new Intl.NumberFormat(locale, {
    style: 'unit', unit: units[step] ?? 'byte', unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 || value >= 100 ? 0 : 1,
  }).format(value);
}

export function number(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}
