/** `pod-security check`. */
import type { Document } from 'yaml';
import { fixWorkload, formatLevelVersion, type LevelVersion, type Policy } from '../index.js';
import { checkObject, identityOf, type Targets } from './check-objects.js';
import { type Console, EXIT, InputError } from './console.js';
import { formatGithub } from './format-github.js';
import { formatJson } from './format-json.js';
import { formatSarif } from './format-sarif.js';
import { formatText } from './format-text.js';
import { formatPosition, type Manifest, type ManifestObject, objectsOf, parseManifest, positionOf } from './manifest.js';
import { namespacePolicies } from './namespace-levels.js';
import { changeDocument, printManifest } from './patch.js';
import { nameOf, type Report, textOf } from './report.js';
import { readSources } from './sources.js';

/** The forms of output. */
export type OutputFormat = 'text' | 'json' | 'sarif' | 'github';

/** What the command is asked. */
export interface CheckOptions {
  target: LevelVersion;
  /** Namespace objects; '' = none. */
  namespaceConfig: string;
  output: OutputFormat;
  /** Print the patched manifests instead of findings. */
  fix: boolean;
  /** Of this program. */
  version: string;
}

async function loadPolicies(path: string): Promise<Map<string, Policy>> {
  if (path === '') return new Map();
  const { sources, errors } = await readSources([path], {
    readInput: () => Promise.reject(new InputError('--namespace-config: expected a file, got standard input')),
    writeOutput() {},
    writeError() {},
    isTerminal: false,
    environment: {},
  });
  if (errors[0] !== undefined) throw errors[0];
  return new Map(sources.flatMap((source) => [...namespacePolicies(source)]));
}

/** Runs `work`; what a user can put right is collected, so that one bad file does not hide the findings in others. */
function collecting<T>(errors: string[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    errors.push(error.message);
    return undefined;
  }
}

/** Answers with the exit code. */
export async function checkCommand(paths: readonly string[], options: CheckOptions, console: Console): Promise<number> {
  const policies = await loadPolicies(options.namespaceConfig);
  const targetsOf = ({ object }: ManifestObject): Targets => {
    const policy = policies.get(identityOf(object).namespace || 'default');
    return policy === undefined ? { enforce: options.target, warn: null } : policy;
  };
  const { sources, errors: unread } = await readSources(paths, console);
  const errors = unread.map(({ message }) => message);
  const manifests = sources.flatMap((source) => collecting(errors, () => parseManifest(source)) ?? []);
  const objects = manifests.flatMap((manifest) => collecting(errors, () => objectsOf(manifest)) ?? []);
  const code = options.fix
    ? fixObjects(manifests, objects, targetsOf, errors, console)
    : reportObjects(objects, targetsOf, errors, options, console);
  for (const error of errors) console.writeError(`error: ${error}\n`);
  return errors.length > 0 ? EXIT.error : code;
}

function reportObjects(
  objects: readonly ManifestObject[],
  targetsOf: (found: ManifestObject) => Targets,
  errors: string[],
  { output, version }: CheckOptions,
  console: Console,
): number {
  const report: Report = {
    objects: objects.flatMap((found) => collecting(errors, () => checkObject(found, targetsOf(found))) ?? []),
    errors,
  };
  const { NO_COLOR: noColour = '', TERM: terminal } = console.environment;
  const isColoured = console.isTerminal && noColour === '' && terminal !== 'dumb';
  const texts: Readonly<Record<OutputFormat, () => string>> = {
    text: () => formatText(report, { isColoured }),
    json: () => formatJson(report),
    sarif: () => formatSarif(report, { version }),
    github: () => formatGithub(report),
  };
  console.writeOutput(texts[output]());
  return report.objects.every(({ allowed }) => allowed) ? EXIT.passed : EXIT.failed;
}

/** Prints all manifests with the fixable violations fixed; what is left goes to standard error. */
function fixObjects(
  manifests: readonly Manifest[],
  objects: readonly ManifestObject[],
  targetsOf: (found: ManifestObject) => Targets,
  errors: string[],
  console: Console,
): number {
  const changed = new Set<Document.Parsed>();
  let code: number = EXIT.passed;
  for (const found of objects) {
    const { enforce } = targetsOf(found);
    const before = collecting(errors, () => checkObject(found, { enforce, warn: null }));
    if (before === undefined || before === null || before.allowed) continue;
    const { changes, remaining } = fixWorkload(found.object, enforce, { apiDefaults: true });
    for (const change of changes) changeDocument(found.document, found.path, change);
    if (changes.length > 0) changed.add(found.document);
    for (const violation of remaining) {
      code = EXIT.failed;
      const at = formatPosition(found.manifest.source.name, positionOf(found, violation.fields[0] ?? ''));
      console.writeError(`not fixed: ${at}: ${nameOf(before)} violates ${formatLevelVersion(enforce)}: ${textOf(violation)}\n`);
    }
  }
  let printed = '';
  for (const manifest of manifests) {
    const text = printManifest(manifest, changed);
    const needsSeparator = printed !== '' && !/^---(?:\s|$)/m.test(text.split('\n', 1)[0] ?? '');
    printed += `${printed === '' || printed.endsWith('\n') ? '' : '\n'}${needsSeparator ? '---\n' : ''}${text}`;
  }
  console.writeOutput(printed);
  return code;
}
