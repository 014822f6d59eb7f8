import { editorLoad, firstLoad, type PagePart, pageLoads } from '../../../infra/build/build-page.js';
import type { Figure, Section } from '../figure.ts';

const firstKilobytesMax = 200;
const editorKilobytesMax = 200;

/** How much a browser loads of the console's page. */
export const page: Section = {
  name: 'page',
  about: "size of the console's page, compressed as it is sent, and as a browser reads it",
  async measure() {
    const pages = Object.entries(await pageLoads());
    const note = 'beside the first load; a part that several pages share counts for each, and is loaded once';
    return [
      ...sizes('first load', await firstLoad(), firstKilobytesMax),
      ...sizes('mapping editor, when it is opened', await editorLoad(), editorKilobytesMax),
      ...pages.flatMap(([name, files]) => sizes(`page ${name}`, files).map((figure) => ({ ...figure, note }))),
    ];
  },
};

function sizes(name: string, parts: PagePart[], atMost?: number): Figure[] {
  const kilobytes = (size: 'bytes' | 'rawBytes') => parts.reduce((sum, part) => sum + part[size], 0) / 1_000;
  return [
    { name: `${name}, gzip`, measured: kilobytes('bytes'), unit: 'KB', ...(atMost && { bound: { atMost } }) },
    { name: `${name}, raw`, measured: kilobytes('rawBytes'), unit: 'KB' },
  ];
}
