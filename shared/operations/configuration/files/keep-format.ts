/**
 * Writing a YAML document formats all of it again. This takes only the lines that an edit changed.
 * `plain` is the unedited document as the library writes it, `edited` the edited one. Lines in
 * which both agree come from `original`, as the author wrote them. It is a three-way merge with
 * `plain` as the base; if edit and formatting meet in a line, the edit wins.
 */
export function keepFormat(original: string, plain: string, edited: string): string {
  if (original === plain) return edited;
  const base = plain.split('\n');
  const ours = original.split('\n');
  const theirs = edited.split('\n');
  // A line of the author that differs only in white space is the same line.
  const [toOurs, toTheirs] = [matches(base.map(packed), ours.map(packed)), matches(base, theirs)];
  const merged: string[] = [];
  let [at, our, their] = [0, 0, 0];
  while (at < base.length || our < ours.length || their < theirs.length) {
    // The next line that all three share.
    let next = at;
    while (next < base.length && (toOurs[next] === undefined || toTheirs[next] === undefined)) next++;
    const [ourEnd, theirEnd] = [toOurs[next] ?? ours.length, toTheirs[next] ?? theirs.length];
    const chunk = { base: base.slice(at, next), ours: ours.slice(our, ourEnd), theirs: theirs.slice(their, theirEnd) };
    merged.push(...(isSame(chunk.base, chunk.theirs) ? chunk.ours : chunk.theirs));
    if (next < base.length) merged.push(ours[ourEnd] as string);
    [at, our, their] = [next + 1, ourEnd + 1, theirEnd + 1];
  }
  return merged.join('\n');
}

const packed = (line: string) => line.replace(/\s+/g, '');

const isSame = (a: string[], b: string[]) => a.length === b.length && a.every((line, i) => line === b[i]);

/**
 * For each line of `a`, its line in `b` in a longest common subsequence; undefined if it has none.
 */
function matches(a: string[], b: string[]): (number | undefined)[] {
  const found: (number | undefined)[] = new Array(a.length);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) found[start] = start++;
  let [aEnd, bEnd] = [a.length, b.length];
  while (aEnd > start && bEnd > start && a[aEnd - 1] === b[bEnd - 1]) found[--aEnd] = --bEnd;
  const [rows, columns] = [aEnd - start, bEnd - start];
  const width = columns + 1;
  // Configuration files have hundreds of lines, so a table of their middle parts is small.
  const lengths = new Uint32Array((rows + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      const isMatch = a[start + i] === b[start + j];
      lengths[i * width + j] = isMatch ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    if (a[start + i] === b[start + j]) found[start + i++] = start + j++;
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return found;
}
