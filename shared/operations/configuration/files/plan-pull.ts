import { dirname, join } from 'node:path';
import type * as z from 'zod';
import { folderOf, type Resource, resourceTypes } from '../../../core/configuration/resources.ts';
import { AudienceFile, type Snapshot, SourceFile, WorkflowFile } from '../../../core/configuration/schema.ts';
import { isResourceKey } from '../../../core/ids/resource-key.ts';
import { folderMeant, type ListedFile, listFiles } from './list-files.ts';
import { readYaml } from './read-yaml.ts';
import { newFile, rewriteFile } from './rewrite-file.ts';

/** The change to one file that makes the folder equal the committed content. */
export type FileChange = { path: string } & (
  | { kind: 'create' | 'rewrite'; text: string }
  | { kind: 'remove' }
  /** The file cannot be read, so its format cannot be kept. */
  | { kind: 'unreadable'; problem: string; line?: number; column?: number }
);

const schemas = { source: SourceFile, workflow: WorkflowFile, audience: AudienceFile } as const;

/**
 * Compares `<directory>/{sources,workflows,audiences}/<key>.yaml` with content; changes nothing
 * yet. The folder may be new.
 * @throws Error for content with a key that leads out of its folder; stored content is checked when
 * it's read
 */
export function planPull(directory: string, content: Snapshot): FileChange[] {
  const meant = folderMeant(directory);
  if (meant !== undefined)
    return [
      {
        kind: 'unreadable',
        path: directory,
        problem: `is not a folder of configuration files; did you mean ${meant}?`,
      },
    ];
  const { files, problems } = listFiles(directory, resourceTypes.map(folderOf));
  const inTheWay = problems.flatMap(({ file, message, severity }): FileChange[] =>
    severity === 'error' && resourceTypes.some((type) => dirname(file) === join(directory, folderOf(type)))
      ? [{ kind: 'unreadable', path: file, problem: message }]
      : [],
  );
  if (inTheWay.length > 0) return inTheWay;
  return resourceTypes.flatMap((type) => {
    const folder = folderOf(type);
    const wanted = new Map<string, Resource>(Object.entries(content[folder]));
    const existing = files.filter(({ kind }) => kind === folder);
    const modeline = modelineOf(existing);
    const removed = existing.flatMap(({ key, file }): FileChange[] =>
      wanted.has(key) ? [] : [{ kind: 'remove', path: file }],
    );
    const written = [...wanted].flatMap(([key, stored]): FileChange[] => {
      if (!isResourceKey(key)) throw new Error(`${type} ${JSON.stringify(key)} has a key that is not a name of a file`);
      const schema: z.ZodType = schemas[type];
      // Stored content has sorted keys; a new file has them in the order in which people write
      // them.
      const resource = schema.parse(stored) as Resource;
      const there = existing.find((file) => file.key === key);
      if (there === undefined)
        return [{ kind: 'create', path: join(directory, folder, `${key}.yaml`), text: newFile(resource, modeline) }];
      return rewritten(there, resource, schema);
    });
    return [...written, ...removed];
  });
}

/** The change that makes a file say `resource`, with its comments and format; none if it does. */
export function rewritten({ file, bytes }: ListedFile, resource: unknown, schema: z.ZodType): FileChange[] {
  const read = readYaml(bytes);
  if (read.kind === 'wrong') {
    const [{ line, column, message }] = read.problems;
    return [{ kind: 'unreadable', path: file, line, column, problem: message }];
  }
  const text = rewriteFile(Buffer.from(bytes).toString('utf8'), resource, schema);
  return text === undefined ? [] : [{ kind: 'rewrite', path: file, text }];
}

/** The line by which editors find the schema, if the folder's files have one. */
export function modelineOf(files: readonly ListedFile[]): string | undefined {
  for (const { bytes } of files) {
    const [line] = /^# yaml-language-server: \$schema=.*$/m.exec(Buffer.from(bytes).toString('utf8')) ?? [];
    if (line !== undefined) return line;
  }
  return undefined;
}
