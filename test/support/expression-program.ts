import { execFileSync } from 'node:child_process';
import { makePreprocessor } from '../../shared/adapters/jsonata-preprocessor.ts';

// A program that runs one expression, says which processes it has, and ends.
await makePreprocessor(() => 0).run('{"a": 1}', {}, 0);
console.log(execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }));
