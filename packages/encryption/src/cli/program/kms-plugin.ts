/** `kms-plugin`: serves keys to API servers. */
import { type Command, InvalidArgumentError } from 'commander';
import type { KeyService } from '../../kms/key-service.js';
import type { KeyUse } from '../../kms-plugin/key-use.js';
import { type CliIo, UsageError } from '../io.js';

interface PluginFlags {
  socket: string;
  socketMode: number;
  keyFile?: string;
  rotateAfterDays?: number;
  awsKeyId?: string;
  awsRegion?: string;
  awsEndpoint?: string;
  auditLog?: string;
}

const octal = (text: string): number => {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidArgumentError(`expected an octal mode such as 600, got ${JSON.stringify(text)}`);
  return Number.parseInt(text, 8);
};
const days = (text: string): number => {
  const count = Number(text);
  if (!(count > 0)) throw new InvalidArgumentError(`expected a number of days above 0, got ${JSON.stringify(text)}`);
  return count;
};

/** Adds the commands. */
export function addKmsPlugin(program: Command, io: CliIo): void {
  program
    .command('kms-plugin')
    .description('serve keys to API servers over KMS v2 until interrupted')
    .requiredOption('--socket <path>', 'unix socket, e.g. unix:///run/kms.sock')
    .option('--socket-mode <mode>', 'permissions of the socket: whoever may connect may decrypt', octal, 0o600)
    .option('--key-file <file>', 'keys in a local file, made when it is not there')
    .option('--rotate-after-days <days>', 'with --key-file: a new key takes over after so many days', days)
    .option('--aws-key-id <id>', 'a key in AWS KMS: its id, ARN or alias; credentials are found as the AWS SDK does')
    .option('--aws-region <name>', 'region of --aws-key-id')
    .option('--aws-endpoint <url>', 'endpoint instead of AWS’ own')
    .option('--audit-log <file>', 'append a JSON line for every use of a key')
    .action(async (flags: PluginFlags) => {
      if ((flags.keyFile === undefined) === (flags.awsKeyId === undefined)) throw new UsageError('give one of --key-file and --aws-key-id');
      const { openKeyUseTrail, startKmsPlugin } = await import('../../kms-plugin.js');
      const trail = flags.auditLog === undefined ? undefined : openKeyUseTrail(flags.auditLog);
      const audit = (use: KeyUse): void => trail?.record(use);
      const service = await openKeys(flags, audit);
      // Faults of the keys show now rather than at the first call.
      const { healthz } = await service.status();
      if (healthz !== 'ok') io.stderr.write(`warning: ${healthz}\n`);
      const socket = flags.socket.replace(/^unix:(\/\/)?/, '').replace(/^\/@/, '@');
      const plugin = await startKmsPlugin({ socket, service, socketMode: flags.socketMode, audit });
      io.stderr.write(`serving KMS v2 at unix://${socket.startsWith('@') ? `/${socket}` : socket}\n`);
      if (!io.signal.aborted) await new Promise<void>((resolve) => io.signal.addEventListener('abort', () => resolve(), { once: true }));
      await plugin.close();
      trail?.close();
    });
  program
    .command('rotate-key')
    .description('add a key to a local key file; API servers take it within a minute')
    .requiredOption('--key-file <file>', 'the file that kms-plugin serves')
    .action(async ({ keyFile }: { keyFile: string }) => {
      const [{ rotateLocalKey }, { keyIdHash }] = await Promise.all([import('../../kms-plugin.js'), import('../../kms/key-id.js')]);
      io.stdout.write(`${keyIdHash(rotateLocalKey(keyFile))}\n`);
    });
}

async function openKeys(flags: PluginFlags, audit: (use: KeyUse) => void): Promise<KeyService> {
  if (flags.awsKeyId !== undefined) {
    const { awsKeyService } = await import('../../kms-plugin/aws.js');
    return awsKeyService({
      keyId: flags.awsKeyId,
      config: {
        ...(flags.awsRegion === undefined ? {} : { region: flags.awsRegion }),
        ...(flags.awsEndpoint === undefined ? {} : { endpoint: flags.awsEndpoint }),
      },
    });
  }
  const { localKeyService } = await import('../../kms-plugin.js');
  return localKeyService({
    file: flags.keyFile as string,
    audit,
    ...(flags.rotateAfterDays === undefined ? {} : { rotateAfterDays: flags.rotateAfterDays }),
  });
}
