import jsonata from 'jsonata';
import { evaluate, type Job } from './jsonata-expression.ts';

/* The program of the process in which expressions run: one job after the other, until its parent is gone. */

process.on('message', async (job: Job) => {
  process.send?.(await evaluate(jsonata, job));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
