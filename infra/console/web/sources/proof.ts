type Proof = { sender: string; instruction: string; enforcement: 'on' | 'off' | 'once_set' };

const otherwise = {
  on: 'Any other request is answered 401.',
  off: 'Until you switch the check on, other requests are accepted too.',
  once_set: 'As soon as a secret is set, any other request is answered 401.',
} as const;

/** How a sender proves who it is, and what becomes of a request that does not. */
export function proofOf({ sender, instruction, enforcement }: Proof): string {
  const who = `${sender.charAt(0).toUpperCase()}${sender.slice(1)}`;
  return `${who} has to ${instruction.replace(/^sign it /, 'sign each request ')}. ${otherwise[enforcement]}`;
}
