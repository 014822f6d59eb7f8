import type { DestinationProtocol } from '../destination.ts';
import { census } from './census.ts';
import { hightouch } from './hightouch.ts';

/** Every vendor that hands over records by calling methods. */
export const destinationProtocols: readonly DestinationProtocol[] = [census, hightouch];
