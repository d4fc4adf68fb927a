// The gate before tests: style, lint and types of every package.
import { install, run } from './workspace.mjs';

install();
run('node', ['tools/tidy.mjs']);
run('npx', ['biome', 'check', '--diagnostic-level=error', '.']);
run('npx', ['turbo', 'run', 'typecheck', '--output-logs=errors-only']);
