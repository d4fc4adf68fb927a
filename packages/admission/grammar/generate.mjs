/**
 * Writes src/cel/syntax/grammar-tables.ts from CEL.g4: `node grammar/generate.mjs`. Needs the registry, for the ANTLR tool.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const out = mkdtempSync(join(tmpdir(), 'cel-grammar-'));
try {
  const tool = ['--yes', 'antlr-ng@1.0.10', '-Dlanguage=TypeScript', '--generate-visitor', 'false', '--generate-listener', 'false'];
  execFileSync('npx', [...tool, '-o', out, join(here, 'CEL.g4')], { stdio: 'inherit' });
  const read = (file) => {
    const sections = new Map();
    for (const part of readFileSync(join(out, file), 'utf8').split(/\n\n/)) {
      const [title, ...lines] = part.trim().split('\n');
      sections.set(title.replace(/:$/, ''), lines);
    }
    const numbers = JSON.parse(sections.get('atn').join(''));
    return { sections, atn: Buffer.from(Uint16Array.from(numbers).buffer).toString('base64') };
  };
  const lexer = read('CELLexer.interp');
  const parser = read('CEL.interp');
  const names = (lines) => lines.map((line) => (line === 'null' ? 'null' : JSON.stringify(line))).join(', ');
  const text = (value) =>
    value
      .match(/.{1,120}/g)
      .map((line) => `  '${line}'`)
      .join(' +\n');
  writeFileSync(
    join(here, '../src/cel/syntax/grammar-tables.ts'),
    `/** Made from grammar/CEL.g4 by grammar/generate.mjs: the automata of lexer and parser, 16-bit little-endian, in base64. */
export const LEXER_AUTOMATON: string =\n${text(lexer.atn)};

export const PARSER_AUTOMATON: string =\n${text(parser.atn)};

/** How tokens are written, by their number. */
export const LITERAL_NAMES: readonly (string | null)[] = [${names(lexer.sections.get('token literal names'))}];

/** What tokens are called, by their number. */
export const SYMBOLIC_NAMES: readonly (string | null)[] = [${names(lexer.sections.get('token symbolic names'))}];

export const LEXER_RULES: readonly string[] = [${names(lexer.sections.get('rule names'))}];

export const PARSER_RULES: readonly string[] = [${names(parser.sections.get('rule names'))}];
`,
  );
} finally {
  rmSync(out, { recursive: true });
}
