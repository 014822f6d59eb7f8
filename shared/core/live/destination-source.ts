import type { LiveConfiguration } from '../../ports/configuration.ts';
import { plainSourceFile } from '../configuration/defaults.ts';
import { own } from '../json/values.ts';
import { sourceKind } from '../sources/index.ts';
import { type PreparedSource, prepareFile, prepareSource } from './prepared.ts';

export type FoundSource = { kind: 'found'; source: PreparedSource } | { kind: 'problem'; problem: string };

/**
 * The source of records that a vendor hands over by a key of the environment instead of a source's
 * URL: the one that the URL names (`?source=KEY`), else the only one of that kind, else the one whose
 * key is the kind's. Without any of that kind, the built-in one, which has no file and no mappings.
 */
export function destinationSource(
  configuration: LiveConfiguration,
  kind: string,
  named: string | undefined,
): FoundSource {
  const { sources } = configuration.snapshot;
  const ofKind = Object.keys(sources).filter((key) => sources[key]?.kind === kind);
  const list = ofKind.join(', ');
  if (named !== undefined && !ofKind.includes(named)) {
    const there = ofKind.length === 0 ? 'there is none; leave ?source= out' : `there are: ${list}`;
    return problem(`there is no source ${named} of kind ${kind}; ${there}`);
  }
  const [only, second] = ofKind;
  const chosen = named ?? (second === undefined ? only : ofKind.find((key) => key === kind));
  if (chosen !== undefined) return { kind: 'found', source: prepareSource(configuration, chosen) as PreparedSource };
  if (second !== undefined)
    return problem(`the sources ${list} are all of kind ${kind}; add ?source= and one of them to the URL`);
  const builtIn = builtInSource(configuration, kind);
  if (builtIn !== undefined) return { kind: 'found', source: builtIn };
  const other = own(sources, kind)?.kind;
  return problem(`the source ${kind} is of kind ${other}; make one of kind ${kind} under another key`);
}

/** The source of that kind without a file; undefined when a file has its key. */
export function builtInSource(configuration: LiveConfiguration, kind: string): PreparedSource | undefined {
  if (own(configuration.snapshot.sources, kind) !== undefined) return undefined;
  const file = plainSourceFile(kind, sourceKind(kind)?.title ?? kind);
  return prepareFile(configuration, kind, file);
}

function problem(text: string): FoundSource {
  return { kind: 'problem', problem: text };
}
