import type { Command } from 'commander';
import { addKnock } from './knock.ts';

export function register(program: Command): void {
  const group = program.command('import').description('move here from another service: its configuration as files');
  addKnock(group);
}
