import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parsePolicy } from '../policy/parse-policy.js';
import type { AuditPolicy } from '../policy/policy.js';
import { attributesOf, type RequestFlags } from './attributes.js';
import { explainRequest } from './explain.js';
import { lintPolicy } from './lint.js';
import { fileFault } from './log-lines.js';
import { painter } from './paint.js';
import { type LoggedEvent, parseEvent, readLog } from './read-log.js';
import { replayLog } from './replay.js';
import { type EventFilter, logStats, passesFilter } from './stats.js';
import { followFile, showEvent } from './tail.js';
import { visible } from './visible.js';

/** Where the command writes. */
export interface CliOutput {
  print(line: string): void;
  /** A remark that is no part of the result: for standard error. */
  remark(message: string): void;
  /** Standard output is a terminal that wants colours. */
  color: boolean;
  signal: AbortSignal;
  /** Sets the exit code: 1 = findings, 2 = a file that cannot be used. */
  exit(code: number): void;
}

function withFilters(command: Command): Command {
  return command
    .option('--user <name>', 'only of this user')
    .option('--verb <verb>', 'only this verb')
    .option('--resource <resource>', 'only this resource')
    .option('-n, --namespace <name>', 'only in this namespace')
    .option('--failed', 'only answers of 400 and above');
}

/** @throws {Error} naming the file. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileFault(file, error);
  }
}

/** @throws {Error} naming the file. */
function readPolicy(file: string, remark: CliOutput['remark']): AuditPolicy {
  const text = readText(file);
  try {
    return parsePolicy(text, (message) => remark(`${file}: ${message}`));
  } catch (error) {
    throw fileFault(file, error);
  }
}

/**
 * The `k-audit` command.
 *
 * @param version - Of this program.
 * @throws from its `parseAsync`: {@link CommanderError}, whose text is printed already, and Errors that name flag or file.
 */
export function auditProgram(output: CliOutput, version: string): Command {
  const { print, remark } = output;
  const paint = painter(output.color);
  const program = new Command('k-audit')
    .description('Audit policies and logs of Kubernetes.')
    .version(version, '-V, --version', 'print the version')
    .showHelpAfterError()
    .exitOverride();
  program
    .command('explain')
    .description('which rule of a policy a request meets, and why the earlier ones do not match')
    .requiredOption('--policy <file>', 'the policy')
    .requiredOption('--verb <verb>', 'get, list, create, …; get, post, … for paths')
    .option('--resource <resource>', 'pods, pods/log, …')
    .option('--api-group <group>', 'group of the resource; none = core')
    .option('-n, --namespace <name>', 'namespace')
    .option('--name <name>', 'name of the object')
    .option('--path <path>', 'path, for requests without a resource')
    .option('--user <name>', 'who asks; none = nobody')
    .option('--group <name...>', 'groups of the user; none = system:authenticated')
    .action((flags: RequestFlags & { policy: string }) => {
      const lines = explainRequest(readPolicy(flags.policy, remark), attributesOf(flags));
      for (const line of lines) print(line.endsWith(': matches') || line.startsWith('level ') ? paint(line, 'green') : line);
    });
  program
    .command('lint')
    .description('faults of policies: unknown fields, rules that are never reached, secrets logged with their bodies')
    .argument('<file...>', 'policies')
    .action((files: string[]) => {
      for (const { file, text } of files.map((name) => ({ file: name, text: readText(name) }))) {
        const findings = lintPolicy(text);
        for (const { line, column, severity, message } of findings) {
          print(`${file}:${line}:${column}: ${paint(severity, severity === 'error' ? 'red' : 'yellow')}: ${message}`);
        }
        if (findings.length > 0) output.exit(1);
      }
    });
  program
    .command('replay')
    .description('what a policy would have logged for an existing log')
    .requiredOption('--policy <file>', 'the policy')
    .argument('<log>', 'audit log, gzipped or not; - = standard input')
    .action(async (log: string, { policy }: { policy: string }) => {
      const result = await replayLog(readPolicy(policy, remark), readLog(log, output));
      print(`${result.kept} of ${result.events} events, ${result.bytes} bytes, ${result.bytesPerDay} bytes per day`);
      for (const [level, count] of Object.entries(result.byLevel)) print(`  ${level} ${count}`);
      if (result.withoutBodies > 0) print(`${result.withoutBodies} events would have bodies that this log lacks: expect more bytes`);
    });
  withFilters(program.command('stats'))
    .description('who did what, and what was denied')
    .option('--top <count>', 'lines per table', '10')
    .argument('<log>', 'audit log, gzipped or not; - = standard input')
    .action(async (log: string, { top, ...filter }: EventFilter & { top: string }) => {
      if (!/^[1-9]\d*$/.test(top)) throw new Error(`--top must be a positive number, got ${JSON.stringify(top)}`);
      const stats = await logStats(readLog(log, output), { most: Number(top), filter });
      print(`${stats.requests} requests`);
      for (const part of ['users', 'actions', 'denied'] as const) {
        print(paint(part, 'bold'));
        for (const [name, count] of stats[part]) {
          const line = `  ${count} ${visible(name)}`;
          print(part === 'denied' ? paint(line, 'red') : line);
        }
      }
    });
  withFilters(program.command('tail'))
    .description('events for people to read')
    .option('-f, --follow', 'go on with what is added')
    .argument('<log>', 'audit log, gzipped or not; - = standard input')
    .action(async (log: string, { follow = false, ...filter }: EventFilter & { follow?: boolean }) => {
      if (follow && log.endsWith('.gz')) throw new Error(`--follow is for logs that grow, ${log} is compressed`);
      const show = (event: LoggedEvent | null): void => {
        if (event !== null && passesFilter(event, filter)) print(showEvent(event, paint));
      };
      // What comes through a pipe is followed anyway.
      if (!follow || log === '-') for await (const event of readLog(log, output)) show(event);
      else for await (const line of followFile(log, output.signal)) if (line !== null) show(parseEvent(line));
    });
  return program;
}
