/** The command line: flags, help, exit codes. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Level, parseLevel, parseVersion, type Version } from '../index.js';
import { checkCommand, type OutputFormat } from './check-command.js';
import { type Console, EXIT, InputError } from './console.js';

function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError(`It ${(error as Error).message}.`);
    }
  };
}

interface CheckFlags {
  level: Level;
  version: Version;
  namespaceConfig?: string;
  output: OutputFormat;
  fix?: boolean;
}

/**
 * Runs the command line.
 *
 * @param args - Without the program's own name.
 * @param version - Of this program.
 * @returns The exit code: 0 all pass, 1 something fails, 2 the question could not be answered.
 */
export async function runCommandLine(args: readonly string[], version: string, console: Console): Promise<number> {
  let code: number = EXIT.passed;
  const program = new Command('pod-security')
    .description('Holds Kubernetes manifests against the Pod Security Standards.')
    .version(version, '-V, --version', 'print the version of this program')
    // After a command, --version is that of the standards.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: (text) => console.writeOutput(text), writeErr: (text) => console.writeError(text) });
  program
    .command('check')
    .description('Say what fails, where, and what would fix it. Exits with 0 when all pass, 1 when something fails, 2 on errors.')
    .argument('[paths...]', 'files, folders, or - for standard input (the default)')
    .addOption(new Option('-l, --level <level>', 'privileged, baseline or restricted').default('restricted').argParser(parsed(parseLevel)))
    .addOption(new Option('-v, --version <version>', 'latest or v1.N').default('latest').argParser(parsed(parseVersion)))
    .addOption(new Option('-o, --output <format>', 'what to print').choices(['text', 'json', 'sarif', 'github']).default('text'))
    .option('-n, --namespace-config <file>', 'take the levels of namespaces from the Namespace objects in this file or folder')
    .option('--fix', 'print the manifests with everything fixed that can be')
    .action(async (paths: string[], flags: CheckFlags) => {
      const options = {
        target: { level: flags.level, version: flags.version },
        namespaceConfig: flags.namespaceConfig ?? '',
        output: flags.output,
        fix: flags.fix === true,
        version,
      };
      code = await checkCommand(paths, options, console);
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.error;
    if (!(error instanceof InputError)) throw error;
    console.writeError(`error: ${error.message}\n`);
    return EXIT.error;
  }
}
