import { readDraft } from '../../adapters/dynamodb-configuration-drafts.ts';
import { readHistory } from '../../adapters/dynamodb-configuration-history.ts';
import type { FieldChange } from '../../core/configuration/field-changes.ts';
import {
  folderOf,
  type ResourceRef,
  refText,
  resourceHash,
  resourceOf,
  resourceTypes,
  withEdits,
} from '../../core/configuration/resources.ts';
import { EnvironmentFile, type Snapshot } from '../../core/configuration/schema.ts';
import { own } from '../../core/json/values.ts';
import type { Environment } from '../environment.ts';
import { iso } from '../words/iso.ts';
import { openChanges } from './drafts.ts';
import { driftOf } from './drift.ts';
import type { ConfigurationFiles, ConfigurationProblem } from './files/configuration-files.ts';
import { type DifferenceRow, differenceRow, differences } from './history.ts';
import { readSeen } from './live-content.ts';

/** Files, draft and live content of one environment, against each other. */
export type ConfigurationState = {
  /** Everything that is live, in the draft or in the files: `source/stripe`. */
  resources: string[];
  /** Null before the first commit. */
  live: { version: number; id: string; author: string; message: string; created_at: string } | null;
  /** Null when there is no open change. */
  draft: {
    author: string;
    updated_at: string;
    /** The version that was live at the push. */
    base_version: number;
    /** From live to draft. */
    changes: DifferenceRow[];
    /** What others committed after the draft was pushed. */
    overtaken: ResourceRef[];
  } | null;
  /** Null without files. */
  files: {
    directory: string;
    problems: ConfigurationProblem[];
    /** From live to the files; empty when a file has an error, since the rest would look removed. */
    changes: DifferenceRow[];
    /** From the draft, or live without one, to the files. */
    unsaved: DifferenceRow[];
    /** From environments/NAME.yaml to the settings that run. A push keeps these. */
    drift: FieldChange[];
  } | null;
};

/** @param files as they are on disk now; undefined: there are none to compare with */
export async function configurationState(
  { name, configuration: table }: Pick<Environment, 'name' | 'configuration'>,
  files: ConfigurationFiles | undefined,
): Promise<ConfigurationState> {
  const [{ current, snapshot }, draft] = await Promise.all([readSeen(table), readDraft(table)]);
  // A change of settings makes a version too; its entry names the commit that it stands on.
  const entry = current.version === 0 ? undefined : await readHistory(table, current.version);
  const open = openChanges(draft, snapshot);
  const content = withEdits(snapshot, open);
  const isFaultless = files !== undefined && !files.problems.some(({ severity }) => severity === 'error');
  return {
    resources: [...new Set([snapshot, content, ...(files ? [files.snapshot] : [])].flatMap(refsIn))],
    live: entry
      ? {
          version: entry.version,
          id: entry.id,
          author: entry.author,
          message: entry.message,
          created_at: iso(entry.createdAtMs),
        }
      : null,
    draft:
      draft === undefined || open.length === 0
        ? null
        : {
            author: draft.author,
            updated_at: iso(draft.updatedAtMs),
            base_version: draft.baseVersion,
            changes: differences(snapshot, content).map(differenceRow),
            overtaken: open
              .filter(({ base, ...ref }) => resourceHash(resourceOf(snapshot, ref)) !== base)
              .map(({ type, key }) => ({ type, key })),
          },
    files: files
      ? {
          directory: files.directory,
          problems: files.problems,
          changes: isFaultless ? differences(snapshot, files.snapshot).map(differenceRow) : [],
          unsaved: isFaultless ? differences(content, files.snapshot).map(differenceRow) : [],
          drift: isFaultless
            ? driftOf(own(files.environments, name) ?? EnvironmentFile.parse({}), current.state, snapshot)
            : [],
        }
      : null,
  };
}

const refsIn = (snapshot: Snapshot) =>
  resourceTypes.flatMap((type) => Object.keys(snapshot[folderOf(type)]).map((key) => refText({ type, key })));
