/**
 * Whether a JSON text holds another text, in any case of letters. Escapes are read too: `é` finds
 * `\u00e9`.
 */
export function holdsText(json: string, wanted: string): boolean {
  const needle = wanted.toLowerCase();
  if (json.toLowerCase().includes(needle)) return true;
  return json.includes('\\') && unescaped(json).toLowerCase().includes(needle);
}

function unescaped(json: string): string {
  return json.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_all, code: string | undefined, character: string) =>
    code === undefined ? character : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
