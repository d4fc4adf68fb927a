// `npm start`: installs what is missing, builds what has changed and runs the server.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { install, root, run } from './workspace.mjs';

install();
// Only what runs: declarations are for those who publish.
process.env.K_BUILD = 'js';
run('npx', ['turbo', 'run', 'build', '--only', '--filter=@k/apiserver-app', '--output-logs=errors-only']);
const server = spawn(process.execPath, [join(root, 'apps/apiserver/dist/main.js'), ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
server.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
