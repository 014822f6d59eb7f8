const namesInWarning = 10;

/** The first few names, and how many more there are. */
export function nameSome(names: string[]): string {
  const more = names.length > namesInWarning ? ` and ${names.length - namesInWarning} more` : '';
  return `${names.slice(0, namesInWarning).join(', ')}${more}`;
}
