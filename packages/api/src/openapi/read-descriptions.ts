/**
 * Reads descriptions from the type declarations of two development dependencies: @kubernetes/client-node, generated
 * from release 1.36, and kubernetes-types for fields that are references, whose texts the former leaves out.
 *
 * Runs when the package is built, and instead of the built file when it is used from its sources.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Schema } from '@k/apimachinery';
import { definitionName, schemaOf } from '../schemas/notation.js';
import { schemaPackages } from '../schemas/packages.js';
import type { DescriptionTable } from './descriptions.js';

type Texts = Map<string, string>;

/** Scalars with a definition of their own: package of kubernetes-types and interface. */
const SCALARS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': ['meta/v1', 'Time'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': ['meta/v1', 'MicroTime'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': ['meta/v1', 'Patch'],
  'io.k8s.apimachinery.pkg.api.resource.Quantity': ['api/resource', 'Quantity'],
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': ['util/intstr', 'IntOrString'],
};

/** All texts that the declarations hold. Missing development dependencies give an empty table. */
export async function readDescriptions(): Promise<DescriptionTable> {
  const models = packageDirectory('k8s-models', 'dist/gen/models');
  const types = packageDirectory('kubernetes-types', '.');
  const packages = new Map<string, Map<string, Texts>>();
  const table: Record<string, Record<string, string>> = {};
  for (const [label, { table: definitions }] of Object.entries(schemaPackages)) {
    const file = label === 'runtime' ? 'runtime' : label.replace('.', '/');
    packages.set(file, await readInterfaces(types, file));
    const [group = '', version = ''] = label.split('.');
    for (const name of Object.keys(definitions)) {
      const model = await readModel(models, group, version, name);
      const texts = merge(schemaOf(`${label}/${name}`), model, packages.get(file)?.get(name));
      if (Object.keys(texts).length > 0) table[definitionName(`${label}/${name}`)] = texts;
    }
  }
  for (const [definition, [file, name]] of Object.entries(SCALARS)) {
    if (!packages.has(file)) packages.set(file, await readInterfaces(types, file));
    const text = packages.get(file)?.get(name)?.get('');
    if (text !== undefined) table[definition] = { '': text };
  }
  return table;
}

/** The folder of a dependency, found without loading it; null when it is not installed. */
function packageDirectory(name: string, below: string): string | null {
  const require = createRequire(import.meta.url);
  for (const root of require.resolve.paths(name) ?? []) {
    try {
      return join(dirname(require.resolve(join(root, name, 'package.json'))), below);
    } catch {
      // Not below this node_modules folder.
    }
  }
  return null;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The texts of a generated class: `V1Pod`, or `CoreV1Event` where the short name is ambiguous. */
async function readModel(directory: string | null, group: string, version: string, name: string): Promise<Texts | undefined> {
  if (directory === null) return undefined;
  const prefix = version.toUpperCase();
  const title = `${group[0]?.toUpperCase() ?? ''}${group.slice(1)}`;
  const source =
    (await readText(join(directory, `${title}${prefix}${name}.d.ts`))) ?? (await readText(join(directory, `${prefix}${name}.d.ts`)));
  return source === null ? undefined : parseDeclarations(source).values().next().value;
}

/** The interfaces and aliases of one file of kubernetes-types. */
async function readInterfaces(directory: string | null, file: string): Promise<Map<string, Texts>> {
  const source = directory === null ? null : await readText(join(directory, `${file}.d.ts`));
  return source === null ? new Map() : parseDeclarations(source);
}

/** Doc comments by declaration, then by member; '' is the declaration's own. */
function parseDeclarations(source: string): Map<string, Texts> {
  const out = new Map<string, Texts>();
  let texts: Texts | undefined;
  const pattern = /\/\*\*([\s\S]*?)\*\/|^export (?:declare )?(?:class|interface|type) (\w+)|^ {4}(?:'([^']+)'|"([^"]+)"|([$\w]+))\??:/gm;
  let pending: string | undefined;
  for (const match of source.matchAll(pattern)) {
    const [, comment, declaration, ...names] = match;
    if (comment !== undefined) {
      pending = tidy(comment);
      continue;
    }
    const member = names.find((name) => name !== undefined);
    if (declaration !== undefined) {
      texts = new Map();
      out.set(declaration, texts);
    }
    if (pending !== undefined && pending !== '') texts?.set(member === undefined ? '' : plain(member), pending);
    pending = undefined;
  }
  return out;
}

/** Field names without what a language's reserved words did to them. */
function plain(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, '_').replace(/^_+/, '');
}

function tidy(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim()
    .replaceAll('*\\/', '*/')
    .replace(/\\?&#39;/g, "'")
    .replace(/\\?&quot;/g, '"')
    .replace(/\\(["'])/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** The newer declarations first, except for references, where they repeat the text of the target. */
function merge(schema: Schema, model: Texts | undefined, types: Texts | undefined): Record<string, string> {
  const out: Record<string, string> = {};
  const own = model?.get('') ?? types?.get('');
  if (own !== undefined) out[''] = own;
  for (const [field, child] of Object.entries(schema.properties ?? {})) {
    const isReference = child.definition !== undefined || ['date-time', 'micro-time', 'quantity'].includes(child.format ?? '');
    const [first, second] = isReference || child.type === 'int-or-string' ? [types, model] : [model, types];
    const text = first?.get(plain(field)) ?? second?.get(plain(field));
    if (text !== undefined) out[field] = text;
  }
  return out;
}
