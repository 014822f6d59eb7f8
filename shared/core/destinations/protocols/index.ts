import type { DestinationProtocol } from '../destination.ts';
import { census } from './census.ts';

/** Every vendor that hands over records by calling methods. */
export const destinationProtocols: readonly DestinationProtocol[] = [census];

/** Calls of vendors whose protocol is not spoken here. */
export const callsNotOffered: readonly string[] = ['integrations.hightouch.*'];
