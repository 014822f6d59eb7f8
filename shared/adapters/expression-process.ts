import jsonata from 'jsonata';
import { evaluate, type Job } from './jsonata-expression.ts';

/* The program that runs expressions: one job after the other, until its parent ends. */

process.on('message', async (job: Job) => {
  process.send?.(await evaluate(jsonata, job));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
