import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodeCache } from '../src/code-cache.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'k-launch-'));
});
afterEach(() => {
  chmodSync(dir, 0o700);
  rmSync(dir, { recursive: true, force: true });
});

const cacheFile = (): string => {
  const [name, ...others] = readdirSync(dir).filter((item) => item.startsWith('code-cache-'));
  expect([typeof name, others]).toEqual(['string', []]);
  return join(dir, name as string);
};

/** Compiles modules as a start does. @returns What V8 did with the code of each. */
function start(sources: Record<string, string>): Record<string, 'compiled' | 'taken' | 'refused'> {
  const cache = CodeCache.open(dir);
  const outcome: Record<string, 'compiled' | 'taken' | 'refused'> = {};
  for (const [name, text] of Object.entries(sources)) {
    writeFileSync(join(dir, name), text);
    const script = cache.compile(name);
    expect((script.runInThisContext() as () => unknown)()).toBe(RESULTS[text]);
    outcome[name] = script.cachedDataRejected === undefined ? 'compiled' : script.cachedDataRejected ? 'refused' : 'taken';
  }
  cache.keep();
  return outcome;
}

const RESULTS: Record<string, unknown> = { '(function(){return 1+1})': 2, '(function(){return 1+2})': 3, '(function(){return "b"})': 'b' };
const A = { 'a.js': '(function(){return 1+1})' };
const B = { 'b.js': '(function(){return "b"})' };

describe('compiled code beside the modules', () => {
  it('is made by the first start and used by the next', () => {
    expect(start(A)).toEqual({ 'a.js': 'compiled' });
    expect(start(A)).toEqual({ 'a.js': 'taken' });
  });

  it('grows with what other starts need', () => {
    start(A);
    expect(start(B)).toEqual({ 'b.js': 'compiled' });
    expect(start({ ...A, ...B })).toEqual({ 'a.js': 'taken', 'b.js': 'taken' });
  });

  it('is not used for another source, not even one of the same length', () => {
    start(A);
    expect(start({ 'a.js': '(function(){return 1+2})' })).toEqual({ 'a.js': 'compiled' });
    expect(start({ 'a.js': '(function(){return 1+2})' })).toEqual({ 'a.js': 'taken' });
  });

  it('with any byte damaged or its end cut off is as if it were not there', () => {
    start(A);
    const bytes = readFileSync(cacheFile());
    for (let at = 0; at < bytes.length; at += 13) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] as number) ^ 0x41;
      writeFileSync(cacheFile(), damaged);
      expect(start(A)).toEqual({ 'a.js': 'compiled' });
      expect(start(A)).toEqual({ 'a.js': 'taken' });
      writeFileSync(cacheFile(), bytes.subarray(0, at));
      expect(start(A)).toEqual({ 'a.js': 'compiled' });
    }
  });

  it('holds modules of any size beside each other', () => {
    // Larger than what files are read into at first, and then smaller again.
    const long = `(function(){return "${'x'.repeat(600_000)}"})`;
    RESULTS[long] = 'x'.repeat(600_000);
    const sources = { 'long.js': long, ...A, 'longer.js': long.replace('x', 'xx'), ...B };
    RESULTS[sources['longer.js']] = 'x'.repeat(600_001);
    expect(start(sources)).toEqual({ 'long.js': 'compiled', 'a.js': 'compiled', 'longer.js': 'compiled', 'b.js': 'compiled' });
    expect(start(sources)).toEqual({ 'long.js': 'taken', 'a.js': 'taken', 'longer.js': 'taken', 'b.js': 'taken' });
  });

  it('leaves nothing behind where it cannot be written', () => {
    const cache = CodeCache.open(dir);
    writeFileSync(join(dir, 'a.js'), A['a.js']);
    cache.compile('a.js');
    rmSync(dir, { recursive: true });
    cache.keep();
    expect(existsSync(dir)).toBe(false);
    mkdirSync(dir);
  });
});

describe('the built program', () => {
  const wrap = (text: string): string => `(function(exports,require,module,__filename,__dirname){${text}})`;
  const run = (): string => execFileSync(process.execPath, [join(dir, 'main.js'), 'x'], { encoding: 'utf8' });

  const buildLauncher = async (): Promise<void> => {
    await build({
      entryPoints: [join(import.meta.dirname, '../src/launch.ts')],
      outfile: join(dir, 'main.js'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      define: { 'import.meta.dirname': '__dirname' },
      logLevel: 'error',
    });
  };

  it('runs its modules with and without compiled code, and the new ones after an update', { timeout: 60_000 }, async () => {
    await buildLauncher();
    const command = `module.exports={async runCommandLine(){const {say}=require('./part.js');say(require('node:path').basename(__filename),process.argv[2]);setTimeout(()=>{},1500);return true}};`;
    writeFileSync(join(dir, 'command.js'), wrap(command));
    writeFileSync(join(dir, 'part.js'), wrap('exports.say=(...words)=>console.log("old",...words);'));
    expect(run()).toBe('old command.js x\n');
    const { mtimeMs } = statSync(cacheFile());
    expect(run()).toBe('old command.js x\n');
    // A start that lacked nothing writes nothing.
    expect(statSync(cacheFile()).mtimeMs).toBe(mtimeMs);
    writeFileSync(join(dir, 'part.js'), wrap('exports.say=(...words)=>console.log("new",...words);'));
    expect(run()).toBe('new command.js x\n');
    writeFileSync(cacheFile(), 'no cache at all');
    expect(run()).toBe('new command.js x\n');
  });

  it('loads a lazy part when something of it is used, once', { timeout: 60_000 }, async () => {
    await buildLauncher();
    writeFileSync(
      join(dir, 'command.js'),
      wrap(
        `let part=require.lazy('./part.js',given=>{part=given});const standIn=part;module.exports={async runCommandLine(){console.log('begins');console.log(part.count(),part.count(),part.other,part===standIn,standIn.count());return false}};`,
      ),
    );
    writeFileSync(join(dir, 'part.js'), wrap(`console.log('loaded');let n=0;exports.count=()=>++n;`));
    expect(run()).toBe('begins\nloaded\n1 2 undefined false 3\n');
  });
});
