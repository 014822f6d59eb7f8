import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import {
  ConfigurationConflict,
  type ConfigurationTable,
  type CurrentConfiguration,
  canonicalJson,
  goLive,
  readCurrent,
  readSnapshot,
  writeSnapshot,
} from '../../shared/adapters/dynamodb-configuration.ts';
import {
  EnvironmentFile,
  type EnvironmentState,
  type Snapshot,
  SourceState,
} from '../../shared/core/configuration/schema.ts';
import { UnreadableConfiguration } from '../../shared/core/configuration/unreadable.ts';

/**
 * What people and tools do to an environment's configuration. The commands of the CLI, the local runtime and later
 * surfaces all call these. docs/architecture.md, "Configuration".
 */
export type CommitRequest = {
  snapshot: Snapshot;
  /** First values for sources that are new to this environment; `environments/<env>.yaml`. */
  seed: EnvironmentFile | undefined;
  author: string;
  message: string;
  nowMs: number;
};

export type CommitResult = { version: number; changed: boolean; newSources: string[] };

/**
 * Makes a snapshot live. Content that is live already makes no new version. State that exists is kept, whatever the
 * files say: it belongs to the environment; only sources that are new here get the files' first values.
 * @throws ConfigurationConflict when somebody else changed the configuration meanwhile
 */
export async function pushAndCommit(table: ConfigurationTable, request: CommitRequest): Promise<CommitResult> {
  const seen = await readCurrent(table);
  const live = seen.snapshot === undefined ? undefined : await readSnapshot(table, seen.snapshot).catch(asNone);
  const newSources = Object.keys(request.snapshot.sources).filter((key) => !Object.hasOwn(seen.state.sources, key));
  if (live !== undefined && canonicalJson(live) === canonicalJson(request.snapshot) && newSources.length === 0) {
    return { version: seen.version, changed: false, newSources };
  }
  const { author, message, nowMs } = request;
  const snapshot = await writeSnapshot(table, request.snapshot);
  const state = seedState(seen, request, newSources);
  const { version } = await goLive(table, seen, {
    kind: 'commit',
    author,
    message,
    createdAtMs: nowMs,
    snapshot,
    state,
  });
  return { version, changed: true, newSources };
}

/** What is live and cannot be read is replaced by what is pushed: that is how it is repaired. */
function asNone(error: unknown): undefined {
  if (!(error instanceof UnreadableConfiguration)) throw error;
}

function seedState(seen: CurrentConfiguration, { seed }: CommitRequest, newSources: string[]): EnvironmentState {
  const values = seed ?? EnvironmentFile.parse({});
  const first = newSources.map(
    (key) => [key, SourceState.parse(Object.hasOwn(values.sources, key) ? values.sources[key] : {})] as const,
  );
  return {
    sources: { ...seen.state.sources, ...Object.fromEntries(first) },
    inactive_workflows: seen.version === 0 ? values.inactive_workflows : seen.state.inactive_workflows,
  };
}

export type StateChange = {
  author: string;
  /** A function is given the state before and after, for messages that say what changed. */
  message: string | ((before: EnvironmentState, after: EnvironmentState) => string);
  nowMs: number;
};

/**
 * Changes per-environment state, at once and with a record of who did it. `change` gets a copy and returns the new state;
 * it is called again on the newer state when somebody else was faster, so a switch is never lost to another.
 */
export async function changeState(
  table: ConfigurationTable,
  change: (state: EnvironmentState) => EnvironmentState,
  { author, message, nowMs }: StateChange,
): Promise<CurrentConfiguration> {
  for (let attempt = 1; ; attempt++) {
    const seen = await readCurrent(table);
    const state = change(structuredClone(seen.state));
    if (canonicalJson(state) === canonicalJson(seen.state)) return seen;
    try {
      const text = typeof message === 'string' ? message : message(seen.state, state);
      return await goLive(table, seen, { kind: 'state', author, message: text, createdAtMs: nowMs, state });
    } catch (error) {
      if (!(error instanceof ConfigurationConflict) || attempt === 5) throw error;
    }
  }
}

/**
 * Changes the settings of one source in this environment.
 * @throws ZodError when the outcome is no valid state; nothing was changed
 */
export async function changeSettings(
  table: ConfigurationTable,
  source: string,
  change: (before: SourceState) => SourceState,
  who: StateChange,
): Promise<SourceState> {
  const { state } = await changeState(
    table,
    (before) => {
      const changed = SourceState.parse(change(before.sources[source] ?? SourceState.parse({})));
      return { ...before, sources: { ...before.sources, [source]: changed } };
    },
    who,
  );
  return state.sources[source] as SourceState;
}

/** Switches one mapping of one source on or off in this environment. Both must exist; the caller checks. */
export function setMappingActive(
  state: EnvironmentState,
  source: string,
  mapping: string,
  active: boolean,
): EnvironmentState {
  const before = state.sources[source] ?? SourceState.parse({});
  const others = before.inactive_mappings.filter((id) => id !== mapping);
  const inactive_mappings = active ? others : [...others, mapping].sort();
  return { ...state, sources: { ...state.sources, [source]: { ...before, inactive_mappings } } };
}

/** Who is at the keyboard, as git knows them; the account's name where there is no git. */
export function currentAuthor(): string {
  try {
    const [name, email] = ['user.name', 'user.email'].map((field) =>
      execFileSync('git', ['config', field], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
    if (name) return email ? `${name} <${email}>` : name;
  } catch {
    // No git here, or no name in it.
  }
  return userInfo().username;
}
