/** What a HEAR type asks of the page: which keyboard, which helper beside the free text, which files. Pure. */
import type { HearInput, Question } from '$protocol';

export type Helper = 'none' | 'date' | 'time' | 'color' | 'choice' | 'file';

export interface AnswerForm {
  kind: string;
  helper: Helper;
  /** One line: the browser may then fill it in, and the right keyboard comes up. */
  single: boolean;
  inputMode: 'text' | 'email' | 'numeric' | 'decimal' | 'tel' | 'url' | 'none';
  autocomplete: AutoFill;
  secret: boolean;
  options: string[];
  /** For the file dialog; empty for any file. */
  accept: string;
  attempt: number;
}

type AutoFill = 'on' | 'off' | 'email' | 'name' | 'tel' | 'url' | 'postal-code' | 'bday' | 'cc-number' | 'username';

type Shape = Partial<Pick<AnswerForm, 'helper' | 'single' | 'inputMode' | 'autocomplete' | 'secret' | 'accept'>>;

const SHAPES: Readonly<Record<string, Shape>> = {
  email: { single: true, inputMode: 'email', autocomplete: 'email' },
  name: { single: true, autocomplete: 'name' },
  integer: { single: true, inputMode: 'numeric' },
  number: { single: true, inputMode: 'decimal' },
  money: { single: true, inputMode: 'decimal' },
  mobile: { single: true, inputMode: 'tel', autocomplete: 'tel' },
  zipcode: { single: true, autocomplete: 'postal-code' },
  cpf: { single: true, inputMode: 'numeric' },
  cnpj: { single: true, inputMode: 'numeric' },
  creditcard: { single: true, inputMode: 'numeric', autocomplete: 'cc-number' },
  url: { single: true, inputMode: 'url', autocomplete: 'url' },
  uuid: { single: true },
  language: { single: true },
  login: { single: true, autocomplete: 'username' },
  password: { single: true, secret: true },
  boolean: { helper: 'choice', single: true },
  menu: { helper: 'choice' },
  date: { helper: 'date', single: true },
  hour: { helper: 'time', single: true },
  color: { helper: 'color', single: true },
  file: { helper: 'file' },
  image: { helper: 'file', accept: 'image/*' },
  audio: { helper: 'file', accept: 'audio/*' },
  video: { helper: 'file', accept: 'video/*' },
  qrcode: { helper: 'file', accept: 'image/*' },
};

const FREE: AnswerForm = {
  kind: 'any', helper: 'none', single: false, inputMode: 'text', autocomplete: 'off', secret: false, options: [],
  accept: '', attempt: 1,
};

export function answerForm(hear: HearInput | null): AnswerForm {
  if (!hear) return FREE;
  const kind = hear.kind.toLowerCase().replaceAll('_', '');
  const shape = SHAPES[kind] ?? {};
  const accept = Array.isArray(hear.accept) ? hear.accept.join(',') : hear.accept;
  const secret = hear.secret ?? shape.secret ?? false;
  return {
    ...FREE,
    ...shape,
    kind,
    secret,
    single: secret || (shape.single ?? false),
    accept: accept || shape.accept || '',
    options: hear.options ?? [],
    attempt: hear.attempt ?? 1,
  };
}

/**
 * Whether something that is said again goes to where it went before. An answer to a question that is no longer open would
 * become the answer to another one, or a remark to nobody: the person should look at it first.
 */
export function samePlace(then: Question | null, now: Question | null): boolean {
  if (!then || !now || then.id === now.id) return then?.id === now?.id;
  const { kind, options } = then.input;
  if (kind !== now.input.kind) return false;
  // Scripts that loop ask for free text, or with the same menu, again and again.
  return kind === 'any' || (!!options?.length && options.join('\n') === (now.input.options ?? []).join('\n'));
}
