/** `GET /api/v1/system/overview`: what the owner's page shows. A number that the server does not have is null. */

export type BotState = 'serving' | 'partly' | 'refused' | 'broken';

export interface OwnerDiagnostic {
  severity: 'error' | 'warning' | 'info';
  code?: string | null;
  message: string;
  /** Path inside the package. */
  file: string;
  line: number;
  column?: number | null;
  /** The line of the file. */
  source?: string | null;
  /** Blanks and carets to be set under `source`. */
  caret?: string | null;
  help?: string | null;
}

export interface OwnerScript {
  name: string;
  /** `dialog`, `tool`, `tables`, … */
  kind: string;
  state: 'ok' | 'broken' | (string & {});
}

export interface OwnerBot {
  id: string;
  name: string;
  title?: string | null;
  version?: string | null;
  state: BotState;
  loaded_at?: string | null;
  conversations?: number | null;
  diagnostics: OwnerDiagnostic[];
  scripts: OwnerScript[];
}

export interface OwnerSetting {
  key: string;
  /** Masked by the server when `secret`. */
  value?: string | null;
  /** `default`, `config.toml:4`, `BOTSERVER_LISTEN`, `flag --data`, `config.csv:2` */
  origin: string;
  secret: boolean;
  /** `server`, or the name of a bot. */
  scope: string;
}

export interface OwnerProblem {
  at: string;
  level: 'error' | 'warning' | (string & {});
  source: string;
  message: string;
  bot?: string | null;
  reference?: string | null;
}

export interface Overview {
  server: {
    version: string;
    started_at: string;
    data_dir: string;
    database: string;
    listen: string;
  };
  bots: OwnerBot[];
  /** Folders that cannot be a bot, and why. */
  rejected?: { folder: string; reason: string }[] | null;
  settings: OwnerSetting[];
  /** The last 200, newest first. */
  problems: OwnerProblem[];
  /** `data_bytes` is the database's file; a database server has none. */
  disk?: { total_bytes?: number | null; free_bytes?: number | null; data_bytes?: number | null } | null;
  memory?: { resident_bytes?: number | null } | null;
}
