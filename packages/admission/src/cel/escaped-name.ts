const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** The name under which expressions reach a property; null for names that have none. */
export function celName(name: string): string | null {
  if (RESERVED.has(name)) return `__${name}__`;
  const escaped = name.replace(
    /__|[./-]/g,
    (part) => ({ __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' })[part] as string,
  );
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : null;
}
