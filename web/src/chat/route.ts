/** The addresses of the chat page: `/`, `/{bot}`, `/{bot}/c/{conversation}`, each with `?embed=1`. */
export interface Route {
  /** Null at `/`: the default bot. */
  bot: string | null;
  conversation: string | null;
  embed: boolean;
}

export function parseRoute(location: { pathname: string; search: string }): Route {
  const [bot = '', marker = '', conversation = ''] = location.pathname.split('/').filter(Boolean).map(decode);
  return {
    bot: bot || null,
    conversation: marker === 'c' && conversation ? conversation : null,
    embed: new URLSearchParams(location.search).has('embed'),
  };
}

export function formatRoute({ bot, conversation, embed }: Route): string {
  const path = bot === null
    ? '/'
    : `/${encodeURIComponent(bot)}${conversation ? `/c/${encodeURIComponent(conversation)}` : ''}`;
  return embed ? `${path}?embed=1` : path;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
