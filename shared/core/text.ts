/** The most characters of a sentence or name in a row; the event itself keeps its full length in the payload. */
const clippedLengthMax = 512;

/**
 * Text for people and indexes: at most `lengthMax` UTF-16 units, an ellipsis included. Never half of a surrogate pair,
 * neither one that the cut would leave nor one that was there: tables refuse it or make another character of it.
 */
export function clip(text: string, lengthMax = clippedLengthMax): string {
  const clipped = text.length > lengthMax ? `${text.slice(0, lengthMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
  return clipped.toWellFormed();
}
