/**
 * `AdmissionConfiguration`: the file of `--admission-control-config-file`, which holds or names the configuration of each plugin.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseYaml } from '@k/apimachinery/yaml';
import { ConfigurationReader } from './configuration-reader.js';
import { canonicalPluginName, PLUGIN_ORDER } from './names.js';

/** The configuration objects by plugin name; a plugin that is absent has none. */
export type AdmissionConfiguration = ReadonlyMap<string, unknown>;

/** One entry of the file before its path is followed. */
export interface PluginConfigurationEntry {
  name: string;
  /** A file, relative to the configuration file's folder. Ignored when `configuration` is there. */
  path?: string;
  configuration?: unknown;
}

/**
 * Reads the file's text; follows no paths.
 *
 * @throws {RangeError} naming the field and the value that is wrong.
 */
export function parseAdmissionConfiguration(text: string): PluginConfigurationEntry[] {
  const file = new ConfigurationReader('AdmissionConfiguration', parseYaml(text));
  file.expectKind([
    ['apiserver.config.k8s.io/v1', 'AdmissionConfiguration'],
    ['apiserver.config.k8s.io/v1alpha1', 'AdmissionConfiguration'],
  ]);
  file.expectFields(['apiVersion', 'kind', 'plugins']);
  const seen = new Set<string>();
  return file.list('plugins').map((entry) => {
    entry.expectFields(['name', 'path', 'configuration']);
    const given = entry.string('name');
    const name = canonicalPluginName(given);
    if (!PLUGIN_ORDER.includes(name)) throw entry.wrong('name', given, 'is not the name of an admission plugin');
    if (seen.has(name)) throw entry.wrong('name', given, 'is configured twice');
    seen.add(name);
    const path = entry.optionalString('path');
    const configuration = entry.optional('configuration');
    return {
      name,
      ...(path === undefined || path === '' ? {} : { path }),
      ...(configuration === undefined || configuration === null ? {} : { configuration }),
    };
  });
}

/** Reads the file and the files it names. */
export async function loadAdmissionConfiguration(path: string): Promise<AdmissionConfiguration> {
  const entries = parseAdmissionConfiguration(await readFile(path, 'utf8'));
  const loaded = await Promise.all(
    entries.map(async (entry): Promise<[string, unknown]> => {
      if (entry.configuration !== undefined || entry.path === undefined) return [entry.name, entry.configuration];
      return [entry.name, parseYaml(await readFile(resolve(dirname(path), entry.path), 'utf8'))];
    }),
  );
  return new Map(loaded.filter(([, configuration]) => configuration !== undefined && configuration !== null));
}
