import type { Page } from 'playwright-core';

/* Parts of the mapping editor, as its journeys name them. */

export const editor = (page: Page) => page.locator('.cm-content');
/** What the text makes of the event; not one of an older text. */
export const result = (page: Page) => page.locator('.of-result:not([aria-busy="true"])');
/** What the text would change for the last events. */
export const last = (page: Page) => page.locator('.of-last:not([aria-busy="true"])');

/** Puts the cursor behind a text, as a click there does. */
export async function cursorBehind(page: Page, text: string): Promise<void> {
  const line = page.locator('.cm-line', { hasText: text });
  await line.scrollIntoViewIfNeeded();
  await line.click();
  await page.keyboard.press('End');
}
