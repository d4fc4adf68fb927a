/** What literals must be: lists and maps hold values of one type; patterns, times and durations can be read. */
import { RE2JS } from 're2js';
import { toDuration, toTimestamp } from '../functions/conversions.js';
import type { Ast } from '../syntax/ast.js';
import type { Issue } from '../syntax/issues.js';
import { type CelType, formatType, isExactly, isOptional } from './types.js';

const READERS: ReadonlyMap<string, (text: string) => unknown> = new Map(
  Object.entries({ matches: (text: string) => RE2JS.compile(text), duration: toDuration, timestamp: toTimestamp }),
);

/** An argument that is written out and that its function cannot read. */
function unreadable(ast: Ast): Issue[] {
  const read = ast.kind === 'call' ? READERS.get(ast.name) : undefined;
  if (ast.kind !== 'call' || read === undefined) return [];
  const argument = ast.args.at(-1);
  if (argument?.kind !== 'literal' || argument.type !== 'string') return [];
  try {
    read(argument.value as string);
    return [];
  } catch {
    return [{ at: argument.at, text: `invalid ${ast.name} argument` }];
  }
}

/** Literals that are wrong; of a list or map, the first entry that differs in type from those before it. */
export function literalIssues(root: Ast, typeOf: (ast: Ast) => CelType): Issue[] {
  const issues: Issue[] = [];
  const compare = (values: readonly { value: Ast; isOptional?: boolean }[]): void => {
    let expected: CelType | null = null;
    for (const { value, isOptional: optional } of values) {
      const given = typeOf(value);
      const type = optional === true && isOptional(given) ? (given.params[0] as CelType) : given;
      expected ??= type;
      if (isExactly(expected, type)) continue;
      issues.push({ at: value.at, text: `expected type '${formatType(expected)}' but found '${formatType(type)}'` });
      return;
    }
  };
  const visit = (ast: Ast, isExempt: boolean): void => {
    if (ast.kind === 'list' && !isExempt) compare(ast.items);
    if (ast.kind === 'map' && !isExempt) {
      compare(ast.entries.map(({ key }) => ({ value: key })));
      compare(ast.entries);
    }
    issues.push(...unreadable(ast));
    // `format` takes values of any type.
    const isFormat = ast.kind === 'call' && ast.name === 'format';
    for (const child of childrenOf(ast)) visit(child, isExempt || isFormat);
  };
  visit(root, false);
  return issues;
}

/** The expressions right below one. */
export function childrenOf(ast: Ast): Ast[] {
  switch (ast.kind) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
    case 'has':
      return [ast.operand];
    case 'index':
      return [ast.operand, ast.index];
    case 'call':
      return ast.target === null ? ast.args : [ast.target, ...ast.args];
    case 'comprehension':
      return [ast.range, ...ast.args];
    case 'list':
      return ast.items.map(({ value }) => value);
    case 'map':
      return ast.entries.flatMap(({ key, value }) => [key, value]);
    case 'message':
      return ast.fields.map(({ value }) => value);
  }
}
