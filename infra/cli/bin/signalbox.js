#!/usr/bin/env node
import { run } from '../../build/run.js';

await run('infra/cli/main.ts');
