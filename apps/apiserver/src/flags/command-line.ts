import { Command, CommanderError, Option } from 'commander';
import { type Flag, FlagError, type FlagGroup, type FlagValue, readFlag, shownDefault, shownValue } from './flag.js';
import { COMMAND_FLAG_GROUPS, FLAG_GROUPS, FLAGS } from './flag-groups.js';

/** Typed access to the flags of one command line. */
export class Flags {
  readonly #values: ReadonlyMap<string, FlagValue>;
  readonly #given: ReadonlySet<string>;

  constructor(values: ReadonlyMap<string, FlagValue>, given: ReadonlySet<string>) {
    this.#values = values;
    this.#given = given;
  }

  /** '' when it was not given and has no default. */
  text(name: string): string {
    return (this.#get(name) as string | undefined) ?? '';
  }

  /** Undefined when it was not given, was empty and has no default. */
  optional(name: string): string | undefined {
    return this.text(name) || undefined;
  }

  list(name: string): readonly string[] {
    return (this.#get(name) as readonly string[] | undefined) ?? [];
  }

  on(name: string): boolean {
    return this.#get(name) === true;
  }

  /** Numbers, and durations in milliseconds. */
  number(name: string): number {
    return (this.#get(name) as number | undefined) ?? 0;
  }

  /** Whether it stood on the command line. */
  isGiven(name: string): boolean {
    return this.#given.has(name);
  }

  /** Every flag with its value as text. None is a secret: those are read from files. */
  shown(): Record<string, string> {
    const rows = [...this.#values].map(
      ([name, value]) =>
        [
          name,
          shownValue(
            FLAGS.find((flag) => flag.name === name),
            value,
          ),
        ] as const,
    );
    return Object.fromEntries(rows);
  }

  #get(name: string): FlagValue {
    if (!this.#values.has(name)) throw new TypeError(`there is no flag "${name}"`);
    return this.#values.get(name);
  }
}

/** What a command line asks for: to run the server, to run a command, or to print a text and end with success. */
export type CommandLine =
  | { run: Flags }
  | { command: 'snapshot' | 'encryption'; words: readonly string[]; flags: Flags }
  | { print: string };

const PLACEHOLDER = {
  string: 'string',
  strings: 'strings',
  bool: 'true|false',
  int: 'int',
  float: 'float',
  duration: 'duration',
  file: 'file',
} as const;

function optionOf(flag: Flag, title: string): Option {
  const placeholder = flag.kind === 'bool' ? '[true|false]' : `<${PLACEHOLDER[flag.kind]}>`;
  const value = shownDefault(flag);
  const choices = flag.choices === undefined ? '' : ` One of: ${flag.choices.filter((choice) => choice !== '').join(', ')}.`;
  const text = `${flag.help}${choices}${value === '' ? '' : ` (default ${value})`}`;
  return new Option(`${flag.name === 'v' ? '-v, --v' : `--${flag.name}`} ${placeholder}`, text).helpGroup(`${title}:`);
}

/** Marks a repeated or valued option so that the parser hands every occurrence over. */
interface Seen {
  flag: Flag;
  text: string;
}

/**
 * Reads a command line.
 *
 * Flags may be written `--flag value` and `--flag=value`; switches also `--flag`.
 *
 * @param args - Without the program's own name.
 * @throws {@link FlagError} naming the first flag that is unknown, lacks its value or has a bad one.
 */
export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  const [first] = args;
  if (first !== 'snapshot' && first !== 'encryption') {
    const parsed = parse(args, { usage: '[flags]', groups: FLAG_GROUPS, version, takesWords: false });
    return 'print' in parsed ? parsed : { run: parsed.flags };
  }
  const usage =
    first === 'snapshot' ? 'snapshot save|restore|status FILE [flags]' : 'encryption status|verify|rewrap|decrypt [KEY] [flags]';
  const parsed = parse(args.slice(1), { usage, groups: COMMAND_FLAG_GROUPS, version, takesWords: true });
  return 'print' in parsed ? parsed : { command: first, ...parsed };
}

/** What {@link parse} goes by. */
interface Grammar {
  usage: string;
  groups: readonly FlagGroup[];
  version: string;
  takesWords: boolean;
}

function parse(
  args: readonly string[],
  { usage, groups, version, takesWords }: Grammar,
): { flags: Flags; words: readonly string[] } | { print: string } {
  const seen: Seen[] = [];
  let printed = '';
  const program = new Command('k-apiserver')
    .usage(usage)
    .description('A Kubernetes API server on etcd or on an embedded store. Commands: snapshot, encryption.')
    .allowExcessArguments(takesWords)
    .exitOverride()
    .configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
    .configureHelp({ helpWidth: 120, optionDescription: (option) => option.description })
    .helpOption('-h, --help', 'Shows this text.')
    .optionsGroup('Global flags:')
    .version(`Kubernetes ${version}`, '--version', 'Shows the version.');
  const isMentioned = mentioned(args, groups);
  for (const { title, flags } of groups) {
    for (const flag of flags) {
      if (!isMentioned(flag)) continue;
      const option = optionOf(flag, title);
      option.argParser((given: string) => {
        // A short flag with an equals sign (-v=2) reaches us with the sign.
        seen.push({ flag, text: flag.name === 'v' ? given.replace(/^=/, '') : given });
        return given;
      });
      if (flag.kind === 'bool') option.preset('true');
      program.addOption(option);
    }
  }
  try {
    program.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { print: printed };
    throw new FlagError(error.code === 'commander.excessArguments' ? noWords(program.args) : explain(error));
  }
  const values = new Map<string, FlagValue>(groups.flatMap(({ flags }) => flags.map((flag) => [flag.name, flag.default])));
  const given = new Set<string>();
  for (const { flag, text } of seen) {
    values.set(flag.name, readFlag(flag, text, given.has(flag.name) ? values.get(flag.name) : undefined));
    given.add(flag.name);
  }
  return { flags: new Flags(values, given), words: program.args };
}

/** The flags that the library has to know of: those on the command line, and all where one is unknown or help is asked for. */
function mentioned(args: readonly string[], groups: readonly FlagGroup[]): (flag: Flag) => boolean {
  const names = new Set(args.flatMap((word) => /^--?([^=]+)/.exec(word)?.[1] ?? []));
  const known = new Set(groups.flatMap(({ flags }) => flags.map(({ name }) => name)));
  for (const name of names) if (!known.has(name)) return () => true;
  return ({ name }) => names.has(name);
}

function noWords([word = '']: readonly string[]): string {
  return `unknown command ${JSON.stringify(word)}: a server takes flags alone; commands are snapshot and encryption`;
}

/** The words of the flag library, in kube-apiserver's manner. */
function explain(error: CommanderError): string {
  const name = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.unknownOption') return `unknown flag: ${name}`;
  if (error.code === 'commander.optionMissingArgument')
    return `flag needs an argument: ${name.split(' ').find((part) => part.startsWith('--')) ?? name}`;
  return error.message.replace(/^error: /, '');
}
