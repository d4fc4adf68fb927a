import { parseAllDocuments, parseDocument } from 'yaml';

/** YAML 1.1 booleans without quotes, as Kubernetes' decoder reads them: `y`, `yes`, `on` and their like are booleans. */
const OPTIONS = { version: '1.1', uniqueKeys: true, maxAliasCount: 100, merge: true, prettyErrors: false } as const;

/**
 * Parses one YAML (or JSON) document.
 *
 * @throws {SyntaxError} `yaml: line N: …`; also for duplicate keys and alias bombs.
 */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { ...OPTIONS, maxAliasCount: undefined } as never);
  if (document.errors.length > 0) throw yamlError(document.errors[0] as Error & { pos?: [number, number] }, text);
  return document.toJS({ maxAliasCount: OPTIONS.maxAliasCount });
}

/** Parses a stream of documents separated by `---`; empty ones are left out. */
export function parseYamlDocuments(text: string): unknown[] {
  const out: unknown[] = [];
  for (const document of parseAllDocuments(text, OPTIONS as never)) {
    const { errors } = document as { errors: (Error & { pos?: [number, number] })[] };
    if (errors.length > 0) throw yamlError(errors[0] as Error & { pos?: [number, number] }, text);
    const value: unknown = (document as { toJS(options: object): unknown }).toJS({ maxAliasCount: OPTIONS.maxAliasCount });
    if (value !== null && value !== undefined) out.push(value);
  }
  return out;
}

function yamlError(error: Error & { pos?: [number, number] }, text: string): SyntaxError {
  const line = text.slice(0, error.pos?.[0] ?? 0).split('\n').length;
  return new SyntaxError(`yaml: line ${line}: ${error.message}`);
}
