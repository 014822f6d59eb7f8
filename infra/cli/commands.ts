import type { Command } from 'commander';

/** A command's file adds itself to the program: names, options, help and action. */
export type CommandFile = { register(program: Command): void };

/**
 * In the order of the help. Only the called command's file is loaded, with the clients that it
 * needs.
 */
export const commandFiles: Record<string, () => Promise<CommandFile>> = {
  doctor: () => import('./doctor/command.ts'),
  console: () => import('./console/command.ts'),
  sources: () => import('./sources/command.ts'),
  send: () => import('./send/command.ts'),
  refusals: () => import('./refusals/command.ts'),
  events: () => import('./events/command.ts'),
  'event-types': () => import('./sources/event-types.ts'),
  actions: () => import('./actions/command.ts'),
  runs: () => import('./runs/command.ts'),
  users: () => import('./directory/users.ts'),
  objects: () => import('./directory/objects.ts'),
  tenants: () => import('./directory/tenants.ts'),
  audiences: () => import('./directory/audiences.ts'),
  person: () => import('./persons/command.ts'),
  why: () => import('./why/command.ts'),
  replay: () => import('./replay/command.ts'),
  discard: () => import('./discard/command.ts'),
  jobs: () => import('./jobs/command.ts'),
  verify: () => import('./verify/command.ts'),
  statements: () => import('./statements/command.ts'),
  config: () => import('./configuration/command.ts'),
  mapping: () => import('./mappings/command.ts'),
  workflow: () => import('./workflows/command.ts'),
  settings: () => import('./settings/command.ts'),
  secrets: () => import('./secrets/command.ts'),
  keys: () => import('./keys/command.ts'),
  policy: () => import('./policies/command.ts'),
  import: () => import('./import/command.ts'),
  deploy: () => import('./deployment/command.ts'),
};
