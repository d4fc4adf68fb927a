import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parsePolicy } from '../policy/parse-policy.js';
import { attributesOf, type RequestFlags } from './attributes.js';
import { explainRequest } from './explain.js';
import { lintPolicy } from './lint.js';
import { painter } from './paint.js';
import { parseEvent, readLog } from './read-log.js';
import { replayLog } from './replay.js';
import { type EventFilter, logStats, passesFilter } from './stats.js';
import { followFile, showEvent } from './tail.js';

/** Where the command writes. */
export interface CliOutput {
  print(line: string): void;
  /** Standard output is a terminal that wants colours. */
  color: boolean;
  signal: AbortSignal;
  /** Sets the exit code: 1 = findings or errors. */
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

/** The `k-audit` command. */
export function auditProgram(output: CliOutput): Command {
  const { print } = output;
  const paint = painter(output.color);
  const program = new Command('k-audit').description('Audit policies and logs of Kubernetes.').showHelpAfterError();
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
    .option('--group <name...>', 'groups of the user (default: system:authenticated)')
    .action((flags: RequestFlags & { policy: string }) => {
      if ((flags.resource === undefined) === (flags.path === undefined)) throw new Error('give either --resource or --path');
      const lines = explainRequest(parsePolicy(readFileSync(flags.policy, 'utf8')), attributesOf(flags));
      for (const line of lines) print(line.endsWith(': matches') || line.startsWith('level ') ? paint(line, 'green') : line);
    });
  program
    .command('lint')
    .description('faults of policies: unknown fields, rules that are never reached, secrets logged with their bodies')
    .argument('<file...>', 'policies')
    .action((files: string[]) => {
      for (const file of files) {
        const findings = lintPolicy(readFileSync(file, 'utf8'));
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
    .argument('<log>', 'audit log; .gz and - (standard input) too')
    .action(async (log: string, { policy }: { policy: string }) => {
      const result = await replayLog(parsePolicy(readFileSync(policy, 'utf8')), readLog(log));
      print(`${result.kept} of ${result.events} events, ${result.bytes} bytes, ${result.bytesPerDay} bytes per day`);
      for (const [level, count] of Object.entries(result.byLevel)) print(`  ${level} ${count}`);
      if (result.withoutBodies > 0) print(`${result.withoutBodies} events would have bodies that this log lacks: expect more bytes`);
      if (result.unreadable > 0) print(`${result.unreadable} lines are no events`);
    });
  withFilters(program.command('stats'))
    .description('who did what, and what was denied')
    .option('--top <count>', 'lines per table', '10')
    .argument('<log>', 'audit log; .gz and - (standard input) too')
    .action(async (log: string, { top, ...filter }: EventFilter & { top: string }) => {
      if (!/^[1-9]\d*$/.test(top)) throw new Error(`--top must be a positive number, got ${JSON.stringify(top)}`);
      const stats = await logStats(readLog(log), { most: Number(top), filter });
      print(`${stats.requests} requests`);
      for (const part of ['users', 'actions', 'denied'] as const) {
        print(paint(part, 'bold'));
        for (const [name, count] of stats[part]) print(part === 'denied' ? paint(`  ${count} ${name}`, 'red') : `  ${count} ${name}`);
      }
      if (stats.unreadable > 0) print(`${stats.unreadable} lines are no events`);
    });
  withFilters(program.command('tail'))
    .description('events for people to read')
    .option('-f, --follow', 'go on with what is added')
    .argument('<log>', 'audit log')
    .action(async (log: string, { follow, ...filter }: EventFilter & { follow?: boolean }) => {
      const show = (event: ReturnType<typeof parseEvent>): void => {
        if (event !== null && passesFilter(event, filter)) print(showEvent(event, paint));
      };
      if (follow === true) for await (const line of followFile(log, output.signal)) show(parseEvent(line));
      else for await (const event of readLog(log)) show(event);
    });
  return program;
}
