import type { DocumentPath } from './read-yaml.ts';

/** The folders of a configuration. */
export type FileKind = 'sources' | 'workflows' | 'audiences' | 'environments';

/** One thing that is wrong, or odd, in a configuration file. Lines and columns count from 1. */
export type ConfigurationProblem = {
  severity: 'error' | 'warning';
  file: string;
  line?: number;
  column?: number;
  /** Where in the document: `mappings[0].action`. */
  path: string;
  message: string;
};

/** Points at a place in a file; used by checks that span files. */
export type Locate = (
  kind: FileKind,
  key: string,
  path: DocumentPath,
  /** Whether the value there is meant, or the name that it goes by. */
  at?: 'key' | 'value',
) => Omit<ConfigurationProblem, 'severity' | 'message'>;
