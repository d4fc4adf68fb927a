// `npm test`: installs what is missing and runs every test of the workspace from the sources.
import { install, run } from './workspace.mjs';

install();
run('npx', ['vitest', 'run', ...process.argv.slice(2)]);
