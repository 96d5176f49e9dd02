/** Copies text, also on plain http, where the clipboard API is not offered. Returns whether it worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'sr-only';
    area.readOnly = true;
    const focused = document.activeElement;
    // Inside an open dialog focus is trapped: the helper has to live there.
    (document.querySelector('[role="dialog"][data-state="open"]') ?? document.body).append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return copied;
  }
}
