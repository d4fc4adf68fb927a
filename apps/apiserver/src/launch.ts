#!/usr/bin/env node
/**
 * Where the built program begins. Half of a start would be the compilation of modules: here they come compiled from a
 * cache beside them, which the build makes. It is V8's and fits one version of it; a start that finds none compiles the
 * modules as ever and, where it may write, leaves one for the next.
 *
 * The modules are functions of Node's wrapper for CommonJS, written so by the build (`tsup.config.ts`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { CodeCache } from './code-cache.js';

type Wrapper = (exports: object, require: (id: string) => unknown, module: { exports: object }, file: string, folder: string) => void;

/** After a start, before its code is kept: what comes right after belongs to it. */
const KEEP_DELAY_MS = 1_000;

const folder = import.meta.dirname;
const cache = CodeCache.open(folder);
const modules = new Map<string, { exports: object }>();

function load(name: string): object {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const file = join(folder, name);
  const source = readFileSync(file);
  const script = new Script(source.toString('latin1'), { filename: file, cachedData: cache.codeOf(name, source) });
  cache.add(name, source, script);
  const module = { exports: {} };
  modules.set(name, module);
  const requireFrom = (id: string): unknown => (id.startsWith('./') ? load(id.slice(2)) : require(id));
  (script.runInThisContext() as Wrapper)(module.exports, requireFrom, module, file, folder);
  return module.exports;
}

const { runCommandLine } = load('command.js') as typeof import('./command.js');
void runCommandLine().then((isServing) => {
  if (isServing) setTimeout(() => cache.keep(), KEEP_DELAY_MS).unref();
});
