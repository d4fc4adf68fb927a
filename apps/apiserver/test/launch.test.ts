import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
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
    const source = Buffer.from(text);
    writeFileSync(join(dir, name), source);
    const script = new Script(text, { filename: join(dir, name), cachedData: cache.codeOf(name, source) });
    (script.runInThisContext() as () => unknown)();
    outcome[name] = script.cachedDataRejected === undefined ? 'compiled' : script.cachedDataRejected ? 'refused' : 'taken';
    cache.add(name, source, script);
  }
  cache.keep();
  return outcome;
}

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

  it('leaves nothing behind where it cannot be written', () => {
    writeFileSync(join(dir, 'a.js'), '');
    const source = Buffer.from('(function(){})');
    const cache = CodeCache.open(join(dir, 'gone'));
    cache.add('a.js', source, new Script(source.toString()));
    cache.keep();
    expect(readdirSync(dir)).toEqual(['a.js']);
  });
});

describe('the built program', () => {
  const wrap = (text: string): string => `(function(exports,require,module,__filename,__dirname){${text}})`;
  const run = (): string => execFileSync(process.execPath, [join(dir, 'main.js'), 'x'], { encoding: 'utf8' });

  it('runs its modules with and without compiled code, and the new ones after an update', { timeout: 60_000 }, async () => {
    await build({
      entryPoints: [join(import.meta.dirname, '../src/launch.ts')],
      outfile: join(dir, 'main.js'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      define: { 'import.meta.dirname': '__dirname' },
      logLevel: 'error',
    });
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
});
