/** Options that several commands share, and what they open. */
import { type Command, InvalidArgumentError } from 'commander';
import type { EncryptionTransformer } from '../encryption-transformer.js';
import { type CliIo, UsageError } from './io.js';
import { readInput } from './read-input.js';
import type { KeyValueSource } from './sources/key-value-source.js';

/** Where the values are. */
export interface StoreFlags {
  etcd?: string[];
  etcdCacert?: string;
  etcdCert?: string;
  etcdKey?: string;
  etcdUser?: string;
  etcdPasswordFile?: string;
  snapshot?: string;
  skipHashCheck?: boolean;
  prefix: string;
  resource?: string[];
}

/** How they are encrypted. */
export interface ConfigFlags {
  config: string;
  allowKmsV1?: boolean;
}

const collect = (value: string, before: string[] = []): string[] => [...before, ...value.split(',')];

/** A whole number that is not negative. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`expected a whole number, got ${JSON.stringify(text)}`);
  return Number(text);
}

/** Adds the options of a store. */
export function withStoreOptions(command: Command, options: { snapshots: boolean }): Command {
  command
    .option('--etcd <url>', 'etcd endpoint, e.g. http://127.0.0.1:2379; may be repeated', collect)
    .option('--etcd-cacert <file>', 'PEM of the authorities that etcd is trusted by')
    .option('--etcd-cert <file>', 'PEM of the client certificate')
    .option('--etcd-key <file>', 'PEM of its key')
    .option('--etcd-user <name>', 'user; the password is read from --etcd-password-file or K_ENCRYPTION_ETCD_PASSWORD')
    .option('--etcd-password-file <file>', 'file with the password of --etcd-user');
  if (options.snapshots) {
    command
      .option('--snapshot <file>', 'etcd snapshot or database file to read instead of etcd')
      .option('--skip-hash-check', 'read a snapshot whose hash does not fit');
  }
  return command
    .option('--prefix <path>', 'prefix of all keys, as --etcd-prefix of the server', '/registry')
    .option('--resource <name>', 'only this resource, e.g. secrets or deployments.apps; may be repeated', collect);
}

/** Adds the options of a configuration. */
export function withConfigOptions(command: Command): Command {
  return command
    .requiredOption('--config <file>', 'the EncryptionConfiguration, as --encryption-provider-config of the server')
    .option('--allow-kms-v1', 'allow the deprecated KMS v1');
}

/** Opens what the options name. */
export async function openStore(flags: StoreFlags, io: CliIo): Promise<KeyValueSource> {
  const { etcd, snapshot } = flags;
  if ((etcd === undefined) === (snapshot === undefined)) throw new UsageError('give one of --etcd and --snapshot');
  if (snapshot !== undefined) {
    const { openSnapshot } = await import('./sources/snapshot-source.js');
    return openSnapshot(snapshot, { skipHashCheck: flags.skipHashCheck ?? false });
  }
  const { connectEtcd } = await import('./sources/etcd-source.js');
  const pem = (file: string | undefined, field: string): object => (file === undefined ? {} : { [field]: readInput(file) });
  return connectEtcd({
    endpoints: etcd as string[],
    tls: { ...pem(flags.etcdCacert, 'ca'), ...pem(flags.etcdCert, 'cert'), ...pem(flags.etcdKey, 'key') },
    ...(flags.etcdUser === undefined ? {} : { user: { name: flags.etcdUser, password: passwordOf(flags, io) } }),
  });
}

function passwordOf({ etcdPasswordFile: file }: StoreFlags, io: CliIo): string {
  if (file !== undefined)
    return readInput(file)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  const password = io.env['K_ENCRYPTION_ETCD_PASSWORD'];
  if (password === undefined) throw new UsageError('--etcd-user needs --etcd-password-file or K_ENCRYPTION_ETCD_PASSWORD');
  return password;
}

/** Loads the configuration; key services are asked for their status first. */
export async function openEncryption(flags: ConfigFlags, io: CliIo): Promise<{ encryption: EncryptionTransformer; hash: string }> {
  const [{ loadEncryptionConfiguration }, { createKmsTransformer }] = await Promise.all([import('../reload/load.js'), import('../kms.js')]);
  const warn = (message: string): void => void io.stderr.write(`warning: ${message}\n`);
  const { transformer, hash } = await loadEncryptionConfiguration(flags.config, {
    warn,
    kms: (config) =>
      createKmsTransformer(config, {
        allowV1: flags.allowKmsV1 ?? false,
        log: ({ error }) => {
          if (error instanceof Error) warn(error.message);
        },
      }),
  });
  return { encryption: transformer, hash };
}
