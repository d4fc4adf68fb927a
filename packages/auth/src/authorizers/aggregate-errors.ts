/** Several errors as one text: one alone is itself, more stand in brackets, none of them twice. */
export function aggregateErrors(errors: Iterable<string>): string {
  const list = [...new Set(errors)];
  return list.length === 1 ? (list[0] as string) : `[${list.join(', ')}]`;
}
