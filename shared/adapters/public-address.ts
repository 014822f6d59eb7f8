import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * The only part of IPv6 with public addresses, and the range that a past experiment returned to it.
 */
const globalUnicast = ipaddr.parseCIDR('2000::/3');
const formerExperiment = ipaddr.parseCIDR('3ffe::/16');

/**
 * Whether an IP address is on the public internet, in any spelling that Node's resolver or URL
 * parser gives. Targets may have only such addresses. Refused are private, loopback, link-local
 * (the metadata service of every cloud) and documentation ranges, and the transition ranges through
 * which an IPv6 address leads to any IPv4 one.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
export function isPublicAddress(address: string): boolean {
  // The library accepts spellings that Node does not connect to, such as IPv4 in octal.
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || (parsed.match(globalUnicast) && !parsed.match(formerExperiment));
}
