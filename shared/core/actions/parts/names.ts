const namesInWarning = 10;

/** The first few names, and the number of the rest. */
export function nameSome(names: string[]): string {
  const more = names.length > namesInWarning ? ` and ${names.length - namesInWarning} more` : '';
  return `${names.slice(0, namesInWarning).join(', ')}${more}`;
}
