import type { ComponentType } from 'react';
import { type Address, addresses, type PageFile } from './addresses.ts';

type Load = () => Promise<{ default: ComponentType }>;

/** Each page's file is a part of its own, which is loaded when the page is opened. */
const loads: Record<PageFile, Load> = {
  actions: () => import('./pages/actions.tsx'),
  audience: () => import('./pages/audience.tsx'),
  configuration: () => import('./pages/configuration.tsx'),
  event: () => import('./pages/event.tsx'),
  events: () => import('./pages/events.tsx'),
  jobs: () => import('./pages/jobs.tsx'),
  keys: () => import('./pages/keys.tsx'),
  mapping: () => import('./pages/mapping.tsx'),
  'new-source': () => import('./pages/new-source.tsx'),
  object: () => import('./pages/object.tsx'),
  overview: () => import('./pages/overview.tsx'),
  people: () => import('./pages/people.tsx'),
  person: () => import('./pages/person.tsx'),
  problems: () => import('./pages/problems.tsx'),
  run: () => import('./pages/run.tsx'),
  runs: () => import('./pages/runs.tsx'),
  setup: () => import('./pages/setup.tsx'),
  source: () => import('./pages/source.tsx'),
  sources: () => import('./pages/sources.tsx'),
  tenant: () => import('./pages/tenant.tsx'),
  workflow: () => import('./pages/workflow.tsx'),
  workflows: () => import('./pages/workflows.tsx'),
};

/** Every page of the console, in the order of the navigation. */
export const pages: readonly (Address & { load: Load })[] = addresses.map((address) => ({
  ...address,
  load: loads[address.file],
}));
