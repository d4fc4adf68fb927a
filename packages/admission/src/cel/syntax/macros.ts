/** Calls that are no functions: `has(x.y)`, `list.all(x, ...)` and their like. */
import type { Ast, Call } from './ast.js';
import type { Issue } from './issues.js';

/** Macros over one variable, with the numbers of arguments that they take. */
const ONE: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries({
    all: [2],
    exists: [2],
    exists_one: [2],
    existsOne: [2],
    map: [2, 3],
    filter: [2],
    optMap: [2],
    optFlatMap: [2],
    sortBy: [2],
  }),
);
/** Macros over index and value, or key and value. */
const TWO: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries({
    all: [3],
    exists: [3],
    existsOne: [3],
    exists_one: [3],
    transformList: [3, 4],
    transformMap: [3, 4],
    transformMapEntry: [3, 4],
  }),
);

/** The macro that a call is; the call itself when it is none. */
export function expandMacro(call: Call, issues: Issue[], hasBind: boolean): Ast {
  const { name, target, args, at } = call;
  if (target === null) {
    if (name !== 'has' || args.length !== 1) return call;
    const [argument] = args;
    if (argument?.kind === 'select' && !argument.isOptional) return { kind: 'has', operand: argument.operand, field: argument.field, at };
    issues.push({ at: (argument as Ast).at, text: 'invalid argument to has() macro' });
    return call;
  }
  if (hasBind && name === 'bind' && args.length === 3 && target.kind === 'ident' && target.name === 'cel') return bind(call, issues);
  const isOne = ONE.get(name)?.includes(args.length) === true;
  if (!isOne && TWO.get(name)?.includes(args.length) !== true) return call;
  const count = isOne ? 1 : 2;
  const variables: string[] = [];
  for (const argument of args.slice(0, count)) {
    if (argument.kind === 'ident') variables.push(argument.name);
    else
      issues.push({
        at: argument.at,
        text: name.startsWith('opt') ? `${name}() variable name must be a simple identifier` : 'argument must be a simple name',
      });
  }
  if (variables.length < count) return call;
  return { kind: 'comprehension', macro: name, range: target, variables, args: args.slice(count), at };
}

/** `cel.bind(x, value, expression)`. */
function bind(call: Call, issues: Issue[]): Ast {
  const [name, value, expression] = call.args as [Ast, Ast, Ast];
  if (name.kind === 'ident') {
    return { kind: 'comprehension', macro: 'bind', range: value, variables: [name.name], args: [expression], at: call.at };
  }
  issues.push({ at: name.at, text: 'cel.bind() variable names must be simple identifiers' });
  return call;
}
