/** Short words about something that was just done. */
export interface Toast {
  key: number;
  text: string;
  tone: 'plain' | 'danger';
}

class Toasts {
  list = $state.raw<readonly Toast[]>([]);
}

const state = new Toasts();
let key = 0;

export function toasts(): readonly Toast[] {
  return state.list;
}

export function toast(text: string, tone: Toast['tone'] = 'plain'): void {
  const added = { key: (key += 1), text, tone };
  state.list = [...state.list, added].slice(-3);
  setTimeout(() => (state.list = state.list.filter((item) => item !== added)), tone === 'danger' ? 8000 : 4000);
}
