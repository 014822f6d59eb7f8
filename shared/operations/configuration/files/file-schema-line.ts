import { type FileKindName, modeline } from './file-schemas.ts';
import type { FileKind } from './problem.ts';

const names: Record<FileKind, FileKindName> = {
  sources: 'source',
  workflows: 'workflow',
  audiences: 'audience',
  environments: 'environment',
};

/** The first line of a file in one of the folders of a configuration. */
export const fileSchemaLine = (folder: FileKind): string => modeline(names[folder]);
