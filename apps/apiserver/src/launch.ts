#!/usr/bin/env node
/**
 * Where the built program begins. Half of a start would be the compilation of modules: here they come compiled from a
 * cache beside them, which the build makes. It is V8's and fits one version of it; a start that finds none compiles the
 * modules as ever and, where it may write, leaves one for the next.
 *
 * The modules are functions of Node's wrapper for CommonJS, written so by the build (`tsup.config.ts`).
 */
import { join } from 'node:path';
import { CodeCache } from './code-cache.js';

/** What a module gets as `require`. */
interface Require {
  (id: string): unknown;
  /**
   * A part of the build that is loaded when something of it is used. The build says which (`bundled-libraries.ts`).
   *
   * @param use - Takes the part itself when it is there: from then on nothing stands in between.
   */
  lazy(id: string, use: (part: object) => void): object;
}

type Wrapper = (exports: object, require: Require, module: { exports: object }, file: string, folder: string) => void;

/** After a start, before its code is kept: what comes right after belongs to it. */
const KEEP_DELAY_MS = 1_000;

const folder = import.meta.dirname;
const cache = CodeCache.open(folder);
const modules = new Map<string, { exports: object }>();

const requireFrom: Require = Object.assign((id: string) => (id.startsWith('./') ? load(id.slice(2)) : require(id)), {
  lazy: (id: string, use: (part: object) => void) =>
    new Proxy(
      {},
      {
        get(_none, name) {
          const part = load(id.slice(2));
          use(part);
          return Reflect.get(part, name);
        },
      },
    ),
});

function load(name: string): object {
  const known = modules.get(name);
  if (known !== undefined) return known.exports;
  const script = cache.compile(name);
  const module = { exports: {} };
  modules.set(name, module);
  (script.runInThisContext() as Wrapper)(module.exports, requireFrom, module, join(folder, name), folder);
  return module.exports;
}

const { runCommandLine } = load('command.js') as typeof import('./command.js');
void runCommandLine().then((isServing) => {
  if (isServing) setTimeout(() => cache.keep(), KEEP_DELAY_MS).unref();
});
