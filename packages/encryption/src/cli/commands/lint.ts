/** What is wrong, or unwise, in a configuration. */
import { parseEncryptionConfiguration } from '../../config/parse.js';
import type { EncryptionConfiguration, KeysConfiguration, ProviderEntry, ResourceEntry } from '../../config/types.js';
import { decodeBase64 } from '../../config/validate.js';
import { EncryptionTransformer } from '../../encryption-transformer.js';
import { EncryptionConfigError } from '../../errors.js';

/** One finding. */
export interface LintFinding {
  /** An error keeps a server from starting; a warning does not. */
  severity: 'error' | 'warning';
  message: string;
}

const KEYED = ['aesgcm', 'aescbc', 'secretbox'] as const;

/**
 * Checks a configuration as the server does, then for what works but is unwise.
 *
 * @param options.reload - As with automatic reload. Default false.
 * @param options.fileMode - Permissions of the file, to warn when others may read it.
 */
export async function lint(source: string, options: { reload?: boolean; fileMode?: number } = {}): Promise<LintFinding[]> {
  const findings: LintFinding[] = [];
  const warn = (message: string): void => void findings.push({ severity: 'warning', message });
  if (options.fileMode !== undefined && (options.fileMode & 0o077) !== 0) {
    warn(`the file has mode ${(options.fileMode & 0o777).toString(8)}: others may read its keys, make it 600`);
  }
  let configuration: EncryptionConfiguration;
  try {
    configuration = parseEncryptionConfiguration(source, { reload: options.reload ?? false });
    // Building finds rules that can never apply; key services are not asked.
    const silent = {
      encrypt: (data: Uint8Array) => data,
      decrypt: (data: Uint8Array) => ({ data, stale: false, provider: '', keyName: '' }),
    };
    (await EncryptionTransformer.fromConfig(configuration, { kms: () => silent })).close();
  } catch (error) {
    if (!(error instanceof EncryptionConfigError)) throw error;
    return [...findings, ...error.problems.map((message) => ({ severity: 'error' as const, message }))];
  }
  const secrets = new Map<string, string>();
  configuration.resources.forEach((entry, i) => {
    lintOrder(entry, `resources[${i}]`, warn);
    entry.providers.forEach((provider, j) => {
      lintProvider(provider, `resources[${i}].providers[${j}]`, secrets, warn);
    });
  });
  const isCovered = configuration.resources.some(({ resources }) => resources.some((name) => ['secrets', '*.', '*.*'].includes(name)));
  if (!isCovered) warn('no rule is for secrets: they are stored in clear text');
  return findings;
}

function lintOrder({ providers }: ResourceEntry, path: string, warn: (message: string) => void): void {
  const identity = providers.findIndex((provider) => provider.identity !== undefined);
  if (identity === 0 && providers.length > 1) {
    warn(`${path}.providers[0]: identity is first: new values are stored in clear text (right only while turning encryption off)`);
  }
  if (identity < 0) {
    warn(`${path}.providers: without identity at the end, values that were stored in clear text before cannot be read`);
  }
}

function lintProvider(provider: ProviderEntry, path: string, secrets: Map<string, string>, warn: (message: string) => void): void {
  if (provider.aescbc !== undefined) {
    warn(
      `${path}.aescbc: nothing authenticates these values, whoever can write to the store can change them: prefer aesgcm, secretbox or kms`,
    );
  }
  if (provider.kms?.apiVersion === 'v1') {
    warn(`${path}.kms.apiVersion: v1 (the default) is deprecated and turned off in servers: say v2`);
  }
  for (const name of KEYED) {
    const keys = provider[name];
    if (keys !== undefined) lintKeys(keys, `${path}.${name}`, secrets, warn);
  }
}

function lintKeys({ keys }: KeysConfiguration, path: string, secrets: Map<string, string>, warn: (message: string) => void): void {
  const names = new Set<string>();
  keys.forEach(({ name, secret }, k) => {
    const at = `${path}.keys[${k}]`;
    if (names.has(name))
      warn(`${at}.name: another key of this provider is called ${JSON.stringify(name)} too: which of them wrote a value cannot be told`);
    names.add(name);
    if (name.includes(':')) warn(`${at}.name: ${JSON.stringify(name)} has a colon, which ends the name in stored values`);
    const bytes = decodeBase64(secret);
    if (bytes === null) return;
    if (new Set(bytes).size < Math.min(8, bytes.length / 2) || bytes.every((byte) => byte >= 0x20 && byte < 0x7f)) {
      warn(`${at}.secret: the key looks like a text or a pattern, not like random bytes: make one with "k-encryption generate-key"`);
    }
    bytes.fill(0);
    const cipher = path.slice(path.lastIndexOf('.') + 1);
    const others = [...secrets].filter(([id]) => id.startsWith(`${secret} `) && id !== `${secret} ${cipher}`);
    for (const [, where] of others) warn(`${at}.secret: the same key is used by another cipher at ${where}: give every cipher its own`);
    if (!secrets.has(`${secret} ${cipher}`)) secrets.set(`${secret} ${cipher}`, at);
  });
}
