// The owner's page of the stand-in server: one bot in every state.
const started = new Date(Date.now() - 3 * 3_600_000).toISOString();
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

const diagnostic = (more) => ({
  severity: 'error', code: 'E0102', message: 'FIND needs a table name in quotes.', file: 'helpdesk.gbdialog/tickets.bas', line: 23, column: 12,
  source: 'SET rows = FIND tickets WHERE state = "open"', caret: '           ^^^^^^^', help: 'Write FIND "tickets", "state=open"', ...more,
});

export function overview(count) {
  return {
    server: { version: '0.1.0', started_at: started, data_dir: '/var/lib/botserver', database: 'sqlite /var/lib/botserver/botserver.db', listen: '127.0.0.1:8080' },
    bots: [
      { id: 'bot_1', name: 'default', title: 'BotServer', version: '9f3c2a71b0d4', state: 'serving', loaded_at: ago(180), conversations: count, diagnostics: [], scripts: [{ name: 'start', kind: 'dialog', state: 'ok' }] },
      { id: 'bot_6', name: 'assistant', title: 'Handbook', version: 'aa11bb', state: 'serving', loaded_at: ago(180), conversations: 12, diagnostics: [], scripts: [{ name: 'start', kind: 'dialog', state: 'ok' }] },
      { id: 'bot_5', name: 'probe', title: 'Probe', version: '1', state: 'serving', loaded_at: ago(180), conversations: 3, diagnostics: [], scripts: [{ name: 'start', kind: 'dialog', state: 'ok' }] },
      { id: 'bot_2', name: 'shop', title: 'The Corner Shop', version: 'd1e88c03aa10', state: 'partly', loaded_at: ago(42), conversations: 128,
        diagnostics: [diagnostic({ file: 'shop.gbdialog/refund.bas', line: 14 }), diagnostic({ severity: 'warning', code: 'W0007', file: 'shop.gbot/config.csv', line: 3, column: 1, message: 'Unknown key “theme-colour1”.', source: 'theme-colour1,#d9480f', caret: '^^^^^^^^^^^^^', help: 'Did you mean theme-color1?' })],
        scripts: [{ name: 'start', kind: 'dialog', state: 'ok' }, { name: 'find-product', kind: 'tool', state: 'ok' }, { name: 'refund', kind: 'tool', state: 'broken' }] },
      { id: 'bot_3', name: 'helpdesk', title: 'Help desk', version: '55c0ffee9912', state: 'refused', loaded_at: ago(1500), conversations: 1042, diagnostics: [diagnostic({})], scripts: [{ name: 'start', kind: 'dialog', state: 'ok' }] },
      { id: 'bot_4', name: 'draft', title: null, version: null, state: 'broken', loaded_at: null, conversations: 0, diagnostics: [diagnostic({ file: 'draft.gbdialog/start.bas', line: 1, column: 1, code: 'E0001', message: 'There is no such keyword.', source: 'TALKE "Hello"', caret: '^^^^^', help: 'Did you mean TALK?' })], scripts: [] },
    ],
    rejected: [{ folder: 'api.gbai', reason: 'A bot may not be named “api”: the server has an address of this name.' }],
    settings: [
      { key: 'listen', value: '127.0.0.1:8080', origin: 'flag --listen', secret: false, scope: 'server' },
      { key: 'data', value: '/var/lib/botserver', origin: 'flag --data', secret: false, scope: 'server' },
      { key: 'database.url', value: null, origin: 'default', secret: false, scope: 'server' },
      { key: 'cookie-key', value: '••••', origin: 'BOTSERVER_COOKIE_KEY_FILE', secret: true, scope: 'server' },
      { key: 'theme-color1', value: '#d9480f', origin: 'config.csv:2', secret: false, scope: 'shop' },
      { key: 'hear-timeout-secs', value: '3600', origin: 'config.csv:4', secret: false, scope: 'helpdesk' },
    ],
    problems: [
      { at: ago(1), level: 'error', source: 'runtime', bot: 'shop', message: 'refund.bas:14: FIND needs a table name in quotes.', reference: 'req_7f3a90c2d1' },
      { at: ago(12), level: 'warning', source: 'packages', bot: 'helpdesk', message: 'The change of tickets.bas was refused: it has 1 error. Version 55c0ffee9912 keeps serving.' },
      { at: ago(190), level: 'warning', source: 'config', message: 'Unknown key “outbund.allow” in config.toml. Did you mean outbound.allow?' },
    ],
    disk: { total_bytes: 512_110_190_592, free_bytes: 201_863_462_912, data_bytes: 48_318_382 },
    memory: { resident_bytes: 71_303_168 },
  };
}
