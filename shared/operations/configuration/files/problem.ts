import type { DocumentPath } from './read-yaml.ts';

/** The folders of a configuration. */
export type FileKind = 'sources' | 'workflows' | 'audiences' | 'environments';

/** One error or warning in a configuration file. Lines and columns count from 1. */
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
  /** Whether it means the value there, or its name. */
  at?: 'key' | 'value',
) => Omit<ConfigurationProblem, 'severity' | 'message'>;
