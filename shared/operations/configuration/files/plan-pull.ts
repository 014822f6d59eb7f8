import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type * as z from 'zod';
import { folderOf, type Resource, resourceTypes } from '../../../core/configuration/resources.ts';
import { AudienceFile, type Snapshot, SourceFile, WorkflowFile } from '../../../core/configuration/schema.ts';
import { newFile, rewriteFile } from './rewrite-file.ts';

/** What has to happen to one file so that the folder says what is committed. */
export type FileChange = { path: string } & (
  | { kind: 'create' | 'rewrite'; text: string }
  | { kind: 'remove' }
  /** Not YAML: there is nothing to keep, and nobody knows what its author was about to write. */
  | { kind: 'unreadable'; problem: string }
);

const schemas = { source: SourceFile, workflow: WorkflowFile, audience: AudienceFile } as const;

/** Compares `<directory>/{sources,workflows,audiences}/<key>.yaml` with content; changes nothing yet. */
export function planPull(directory: string, content: Snapshot): FileChange[] {
  return resourceTypes.flatMap((type) => {
    const folder = join(directory, folderOf(type));
    const wanted: Record<string, Resource> = content[folderOf(type)];
    const schema: z.ZodType = schemas[type];
    const names = yamlFilesOf(folder);
    const existing = new Map(names.map((name) => [name.replace(/\.ya?ml$/, ''), join(folder, name)]));
    const texts = new Map([...existing].map(([key, path]) => [key, readFileSync(path, 'utf8')]));
    const modeline = modelineOf([...texts.values()]);
    const removed = [...existing].flatMap(([key, path]): FileChange[] =>
      Object.hasOwn(wanted, key) ? [] : [{ kind: 'remove', path }],
    );
    const written = Object.entries(wanted).flatMap(([key, stored]): FileChange[] => {
      // Stored with sorted keys; what is written anew has them in the order in which people write them.
      const resource = schema.parse(stored);
      const [path, text] = [existing.get(key), texts.get(key)];
      if (path === undefined || text === undefined)
        return [{ kind: 'create', path: join(folder, `${key}.yaml`), text: newFile(resource, modeline) }];
      const [error] = parseDocument(text).errors;
      if (error !== undefined) return [{ kind: 'unreadable', path, problem: error.message }];
      const rewritten = rewriteFile(text, resource, schema);
      return rewritten === undefined ? [] : [{ kind: 'rewrite', path, text: rewritten }];
    });
    return [...written, ...removed];
  });
}

function yamlFilesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The line by which editors find the schema, where the files of the folder have one. */
function modelineOf(texts: string[]): string | undefined {
  for (const text of texts) {
    const [line] = /^# yaml-language-server: \$schema=.*$/m.exec(text) ?? [];
    if (line !== undefined) return line;
  }
  return undefined;
}
