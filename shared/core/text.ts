/**
 * The most characters of a sentence or name in a row; the event itself keeps its full length in the
 * payload.
 */
const clippedLengthMax = 512;

/**
 * Text for people and indexes: at most `lengthMax` UTF-16 units, including the ellipsis. It never
 * contains half of a surrogate pair, whether from the cut or from the input: tables refuse it or
 * turn it into another character.
 */
export function clip(text: string, lengthMax = clippedLengthMax): string {
  const clipped = text.length > lengthMax ? `${text.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
  return clipped.toWellFormed();
}
