import { createContext, useContext } from 'react';
import type { Api, EnvironmentFacts } from '../client.ts';

/** The environment that the page shows, and what may be done in it. */
export type PageEnvironment = EnvironmentFacts & { readOnly: boolean; api: Api };

export const EnvironmentContext = createContext<PageEnvironment | undefined>(undefined);

export function useEnvironment(): PageEnvironment {
  const environment = useContext(EnvironmentContext);
  if (environment === undefined) throw new Error('no environment is open');
  return environment;
}

/** A colour that tells environments apart; it is the accent of one on this machine. */
export function toneOf(name: string): string {
  if (/^prod/.test(name)) return 'production';
  if (/^(stag|pre|test|qa)/.test(name)) return 'staging';
  return /^(dev|local)/.test(name) ? 'development' : 'other';
}
