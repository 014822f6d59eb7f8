#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// A second working tree may link to the node_modules of the first: then it is started by its own path, and runs its own sources.
const startedAs = join(dirname(process.argv[1] ?? ''), '..', '..', 'infra', 'build', 'run.js');
const own = fileURLToPath(new URL('../../build/run.js', import.meta.url));
const { run } = await import(pathToFileURL(existsSync(startedAs) ? startedAs : own).href);
await run('infra/cli/main.ts');
