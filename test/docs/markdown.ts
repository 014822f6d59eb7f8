/** What a fence of a page holds: ```` ```json example=EventLog ```` has the language `json` and the note `example=EventLog`. */
export type Fence = { language: string; note: string; text: string };

export type Section = { level: number; title: string; lines: string[] };

const fenceStart = /^\s*```(\w*)\s*(.*)$/;
const heading = /^(#{1,6})\s+(.+?)\s*$/;

/** A page cut at its headings; a section's lines end where the next heading begins, whatever its level. */
export function sectionsOf(page: string): Section[] {
  const sections: Section[] = [{ level: 0, title: '', lines: [] }];
  let inFence = false;
  for (const line of page.split('\n')) {
    if (fenceStart.test(line)) inFence = !inFence;
    const [, marks, title] = (!inFence && heading.exec(line)) || [];
    if (marks !== undefined && title !== undefined) sections.push({ level: marks.length, title, lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

/** The sections below a heading of level 2, itself first. */
export function chapter(page: string, title: string): Section[] {
  const sections = sectionsOf(page);
  const start = sections.findIndex((section) => section.level === 2 && section.title === title);
  if (start < 0) throw new Error(`the page has no heading "${title}"`);
  const length = sections.slice(start + 1).findIndex(({ level }) => level <= 2);
  return sections.slice(start, length < 0 ? undefined : start + 1 + length);
}

export function fencesOf(lines: string[]): Fence[] {
  const fences: Fence[] = [];
  let open: Fence | undefined;
  for (const line of lines) {
    const start = fenceStart.exec(line);
    if (open === undefined && start) open = { language: start[1] ?? '', note: start[2] ?? '', text: '' };
    else if (open !== undefined && start) {
      fences.push(open);
      open = undefined;
    } else if (open !== undefined) open.text += `${line}\n`;
  }
  if (open !== undefined) throw new Error(`a fence is not closed: ${open.text.slice(0, 80)}`);
  return fences;
}

/** The lines outside of fences, where links and inline code are. */
export function proseOf(page: string): string {
  let inFence = false;
  const isProse = (line: string) => {
    if (!fenceStart.test(line)) return !inFence;
    inFence = !inFence;
    return false;
  };
  return page.split('\n').filter(isProse).join('\n');
}

/** Tables as rows of cells by column title; inline code keeps its backticks. */
export function tablesOf(lines: string[]): Record<string, string>[][] {
  const tables: Record<string, string>[][] = [];
  let titles: string[] | undefined;
  for (const line of lines) {
    if (!line.startsWith('|')) titles = undefined;
    else if (titles === undefined) {
      titles = cellsOf(line);
      tables.push([]);
    } else if (!/^\|[-|: ]+\|$/.test(line)) {
      const cells = cellsOf(line);
      if (cells.length !== titles.length) throw new Error(`a row has ${cells.length} cells: ${line}`);
      tables.at(-1)?.push(Object.fromEntries(titles.map((title, i) => [title, cells[i] ?? ''])));
    }
  }
  return tables;
}

function cellsOf(line: string): string[] {
  return line
    .replaceAll('\\|', '\u0000')
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.replaceAll('\u0000', '|').trim());
}

/** `` `reason` `` gives `reason`. */
export function codeIn(cell: string): string {
  const [, code] = /^`([^`]+)`$/.exec(cell) ?? [];
  if (code === undefined) throw new Error(`not one piece of code: ${cell}`);
  return code;
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}
