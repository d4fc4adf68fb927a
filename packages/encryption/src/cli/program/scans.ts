/** `status`, `verify` and `rewrap`: the commands that go through a whole store. */
import type { Command } from 'commander';
import { checkpointFile } from '../checkpoint.js';
import { type RewrapReport, rewrap } from '../commands/rewrap.js';
import { formatStatus, status } from '../commands/status.js';
import { formatFaults } from '../commands/value-fault.js';
import { verify } from '../commands/verify.js';
import { type CliIo, UsageError } from '../io.js';
import { progressBar } from '../progress.js';
import {
  type ConfigFlags,
  openEncryption,
  openStore,
  type StoreFlags,
  wholeNumber,
  withConfigOptions,
  withStoreOptions,
} from '../store-options.js';

interface OutputFlags {
  output: string;
}

function checkOutput({ output }: OutputFlags): void {
  if (output !== 'text' && output !== 'json') throw new UsageError(`--output expected text or json, got ${JSON.stringify(output)}`);
}

const selection = ({ prefix, resource }: StoreFlags): { prefix: string; resources?: string[] } => ({
  prefix,
  ...(resource === undefined ? {} : { resources: resource }),
});

/** Adds the commands. */
export function addScans(program: Command, io: CliIo, setExitCode: (code: number) => void): void {
  addStatus(program, io, setExitCode);
  addVerify(program, io, setExitCode);
  addRewrap(program, io, setExitCode);
}

function addStatus(program: Command, io: CliIo, setExitCode: (code: number) => void): void {
  const command = program.command('status').description('count values by resource, provider and key; needs no key');
  withStoreOptions(command, { snapshots: true })
    .option('--config <file>', 'tells which values are stale under this EncryptionConfiguration')
    .option('--allow-kms-v1', 'allow the deprecated KMS v1')
    .option('--all', 'also count resources in clear text that no rule names')
    .option('--fail-on-stale', 'end with 1 when a value is stale')
    .option('-o, --output <form>', 'text or json', 'text')
    .action(async (flags: StoreFlags & Partial<ConfigFlags> & OutputFlags & { all?: boolean; failOnStale?: boolean }) => {
      checkOutput(flags);
      const { config } = flags;
      if (flags.failOnStale === true && config === undefined) throw new UsageError('--fail-on-stale needs --config');
      const opened = config === undefined ? undefined : await openEncryption({ ...flags, config }, io);
      const source = await openStore(flags, io);
      try {
        const context = { source, progress: progressBar('reading', io.stderr), ...selection(flags) };
        const report = await status(opened === undefined ? context : { ...context, encryption: opened.encryption }, {
          all: flags.all ?? false,
        });
        io.stdout.write(flags.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : formatStatus(report));
        if (flags.failOnStale === true && (report.staleCount ?? 0) > 0) setExitCode(1);
      } finally {
        opened?.encryption.close();
        await source.close();
      }
    });
}

function addVerify(program: Command, io: CliIo, setExitCode: (code: number) => void): void {
  const command = program.command('verify').description('decrypt every value and name those that cannot be read');
  withConfigOptions(withStoreOptions(command, { snapshots: true }))
    .option('-o, --output <form>', 'text or json', 'text')
    .action(async (flags: StoreFlags & ConfigFlags & OutputFlags) => {
      checkOutput(flags);
      const { encryption } = await openEncryption(flags, io);
      const source = await openStore(flags, io);
      try {
        const report = await verify({ source, encryption, progress: progressBar('verifying', io.stderr), ...selection(flags) });
        const { goodCount, staleCount, faults } = report;
        io.stdout.write(
          flags.output === 'json'
            ? `${JSON.stringify(report, null, 2)}\n`
            : `${formatFaults(faults)}${goodCount} values can be read, ${staleCount} of them stale; ${faults.length} cannot\n`,
        );
        if (faults.length > 0) setExitCode(1);
      } finally {
        encryption.close();
        await source.close();
      }
    });
}

function addRewrap(program: Command, io: CliIo, setExitCode: (code: number) => void): void {
  const command = program
    .command('rewrap')
    .description('write every stale value anew under the first provider and key; safe beside running servers');
  withConfigOptions(withStoreOptions(command, { snapshots: false }))
    .option('--checkpoint <file>', 'keeps how far the work is; the same command continues there after an interruption')
    .option('--rate <n>', 'writes per second, 0 = no limit', wholeNumber, 0)
    .option('--concurrency <n>', 'batches of values in flight', wholeNumber, 4)
    .option('--dry-run', 'count what would be written')
    .option('-o, --output <form>', 'text or json', 'text')
    .action(
      async (
        flags: StoreFlags & ConfigFlags & OutputFlags & { checkpoint?: string; rate: number; concurrency: number; dryRun?: boolean },
      ) => {
        checkOutput(flags);
        const { encryption, hash } = await openEncryption(flags, io);
        const source = await openStore(flags, io);
        try {
          const report = await rewrap(
            { source, encryption, progress: progressBar('rewrapping', io.stderr), ...selection(flags) },
            {
              dryRun: flags.dryRun ?? false,
              perSecond: flags.rate,
              concurrency: flags.concurrency,
              checkpoint: checkpointFile(flags.checkpoint),
              work: `${hash} ${(flags.etcd ?? []).join(',')}`,
              signal: io.signal,
            },
          );
          io.stdout.write(flags.output === 'json' ? `${JSON.stringify(report, null, 2)}\n` : formatRewrap(report, flags.dryRun ?? false));
          if (report.faults.length > 0 || !report.isComplete) setExitCode(1);
        } finally {
          encryption.close();
          await source.close();
        }
      },
    );
}

function formatRewrap(report: RewrapReport, isDryRun: boolean): string {
  const { scannedCount, rewrittenCount, conflictCount, faults, isComplete, resumedAfter } = report;
  const verb = isDryRun ? 'would be written anew' : 'written anew';
  const lines = [
    ...(resumedAfter === '' ? [] : [`continued after ${resumedAfter}`]),
    `${scannedCount} values read, ${rewrittenCount} ${verb}, ${conflictCount} conflicts, ${faults.length} faults`,
    ...(isComplete ? [] : ['interrupted: run the same command again to go on']),
  ];
  return `${formatFaults(faults)}${lines.join('\n')}\n`;
}
