/** `decrypt`: one value, from wherever it is. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { decryptKey, decryptValue } from '../commands/decrypt.js';
import { type CliIo, UsageError } from '../io.js';
import { readInput } from '../read-input.js';
import { type ConfigFlags, openEncryption, openStore, type StoreFlags, withConfigOptions, withStoreOptions } from '../store-options.js';

interface DecryptFlags extends StoreFlags, ConfigFlags {
  file?: string;
  base64?: boolean;
  outputFile?: string;
}

/** Adds the command. */
export function addDecrypt(program: Command, io: CliIo): void {
  const command = program
    .command('decrypt')
    .description('print one value in clear text')
    .argument('<key>', 'the full key under which the value lies, or lay, e.g. /registry/secrets/default/a');
  withConfigOptions(withStoreOptions(command, { snapshots: true }))
    .option('--file <path>', 'read the stored value from a file, - for standard input')
    .option('--base64', 'the file holds base64, as "etcdctl get -w json" prints it')
    .option('--output-file <path>', 'write there, mode 600, instead of to standard output')
    .action(async (key: string, flags: DecryptFlags) => {
      const { encryption } = await openEncryption(flags, io);
      try {
        const { data, stale, provider, keyName } = await read(key, flags, encryption, io);
        if (flags.outputFile === undefined) io.stdout.write(data);
        else writeFileSync(flags.outputFile, data, { mode: 0o600 });
        io.stderr.write(`read with ${provider}${keyName === '' ? '' : ` ${keyName}`}${stale ? ', stale' : ''}\n`);
      } finally {
        encryption.close();
      }
    });
}

async function read(
  key: string,
  flags: DecryptFlags,
  encryption: Awaited<ReturnType<typeof openEncryption>>['encryption'],
  io: CliIo,
): ReturnType<typeof decryptKey> {
  const context = { encryption, prefix: flags.prefix, ...(flags.resource === undefined ? {} : { resources: flags.resource }) };
  if (flags.file !== undefined) {
    if (flags.etcd !== undefined || flags.snapshot !== undefined) throw new UsageError('give one of --file, --etcd and --snapshot');
    const bytes = flags.file === '-' ? await io.readStdin() : readInput(flags.file);
    const value = flags.base64 === true ? Buffer.from(Buffer.from(bytes).toString('latin1'), 'base64') : bytes;
    return decryptValue(context, key, value);
  }
  const source = await openStore(flags, io);
  try {
    return await decryptKey({ ...context, source }, key);
  } finally {
    await source.close();
  }
}
