/**
 * A checked expression in the words of the library that evaluates it. What the library does not know — messages, entries
 * that may be left out, macros over two variables, lazy variables — becomes calls of functions (see translated-functions.ts).
 */
import type { Ast, Call, Comprehension, Literal, MapLiteral } from './syntax/ast.js';

/** Names of the functions that translated expressions call. */
export const TRANSLATED = {
  has: '_hasField',
  variable: '_variable',
  message: '_message',
  list: '_list',
  map: '_map',
  entries: '_entries',
  fromEntries: '_fromEntries',
  merge: '_merge',
  equal: '_equal',
  contains: '_contains',
  index: '_index',
  items: '_optionalItems',
  first: '_optionalFirst',
  flat: '_optionalFlat',
  sortPairs: '_sortPairs',
} as const;

/** The variable under which the lazy variables of an evaluation are passed. */
export const SCOPE = '_scope';

const NAMES: Readonly<Record<string, string>> = { existsOne: 'exists_one' };
/** Functions whose errors or results the library has otherwise, under the names of ours. */
const OWN_FUNCTIONS: ReadonlySet<string> = new Set(['int', 'uint', 'double', 'bool', 'string', 'timestamp', 'duration']);
/** The same of methods. */
const OWN_METHODS: ReadonlySet<string> = new Set([
  ...['substring', 'indexOf', 'lastIndexOf', 'charAt', 'value'],
  ...['slice', 'flatten', 'sort', 'reverse', 'distinct', 'first', 'last'],
]);
/** Namespaces whose functions look like methods. */
const NAMESPACES: ReadonlySet<string> = new Set(['strings', 'sets', 'lists', 'ip', 'format', 'jsonpatch']);
const RESERVED_FIELDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);

/** Written out, with parentheses everywhere. */
export function translate(ast: Ast): string {
  return new Translator().write(ast, new Map());
}

/** Local names and what stands for them. */
type Scope = ReadonlyMap<string, string>;

class Translator {
  #next = 0;

  write(ast: Ast, scope: Scope): string {
    switch (ast.kind) {
      case 'literal':
        return literal(ast);
      case 'ident':
        return scope.get(ast.name) ?? ast.name;
      case 'select':
        return this.#select(ast.operand, ast.field, ast.isOptional, scope);
      case 'has':
        if (isVariables(ast.operand, scope)) return 'true';
        return `${TRANSLATED.has}(${this.write(ast.operand, scope)}, ${quote(ast.field)})`;
      case 'index':
        if (!ast.isOptional) return `${TRANSLATED.index}(${this.write(ast.operand, scope)}, ${this.write(ast.index, scope)})`;
        return `${this.write(ast.operand, scope)}[?${this.write(ast.index, scope)}]`;
      case 'call':
        return this.#call(ast, scope);
      case 'comprehension':
        return ast.variables.length === 1 ? this.#one(ast, scope) : this.#two(ast, scope);
      case 'list': {
        const items = ast.items.map(({ value }) => this.write(value, scope));
        if (!ast.items.some((item) => item.isOptional)) return `[${items.join(', ')}]`;
        return `${TRANSLATED.list}([${items.join(', ')}], [${ast.items.map((item) => item.isOptional).join(', ')}])`;
      }
      case 'map':
        return this.#map(ast, scope);
      case 'message': {
        const fields = ast.fields.flatMap(({ name, value, isOptional }) => [
          quote(isOptional ? `?${name}` : name),
          this.write(value, scope),
        ]);
        return `${TRANSLATED.message}(${quote(ast.type)}, [${fields.join(', ')}])`;
      }
    }
  }

  #select(operand: Ast, field: string, isOptional: boolean, scope: Scope): string {
    if (isVariables(operand, scope)) {
      const lookup = `${TRANSLATED.variable}(${SCOPE}, ${quote(field)})`;
      return isOptional ? `optional.of(${lookup})` : lookup;
    }
    const written = this.write(operand, scope);
    const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(field) && !RESERVED_FIELDS.has(field);
    if (isPlain) return `${written}${isOptional ? '.?' : '.'}${field}`;
    return `${written}[${isOptional ? '?' : ''}${quote(field)}]`;
  }

  #call({ name, target, args }: Call, scope: Scope): string {
    const written = args.map((arg) => this.write(arg, scope));
    const [first = '', second = '', third = ''] = written;
    if (name === '_?_:_') return `(${first} ? ${second} : ${third})`;
    if (name === '!_' || name === '-_') return `(${name[0]}${first})`;
    if (name === '@in') return `${TRANSLATED.contains}(${second}, ${first})`;
    if (name === '_==_' || name === '_!=_') return `${name === '_!=_' ? '!' : ''}${TRANSLATED.equal}(${first}, ${second})`;
    const operator = /^_(.+)_$/.exec(name)?.[1];
    if (operator !== undefined && target === null && written.length === 2 && !/^\w/.test(operator))
      return `(${first} ${operator} ${second})`;
    if (target === null) return `${OWN_FUNCTIONS.has(name) ? '_' : ''}${name}(${written.join(', ')})`;
    const isNamespace = target.kind === 'ident' && !scope.has(target.name);
    if (isNamespace && (NAMESPACES.has(target.name) || (target.name === 'optional' && name === 'ofNonZeroValue'))) {
      return `_${target.name}_${name}(${written.join(', ')})`;
    }
    return `${this.write(target, scope)}.${OWN_METHODS.has(name) ? '_' : ''}${name}(${written.join(', ')})`;
  }

  #one({ macro, range, variables, args }: Comprehension, scope: Scope): string {
    const target = this.write(range, scope);
    const [variable = ''] = variables;
    const local = this.#local();
    const inner = new Map(scope).set(variable, local);
    const [first = '', ...rest] = args.map((arg) => this.write(arg, inner));
    // An optional is walked over as a list of one or none.
    if (macro === 'optMap') return `${TRANSLATED.first}(${TRANSLATED.items}(${target}).map(${local}, ${first}))`;
    if (macro === 'optFlatMap') return `${TRANSLATED.flat}(${TRANSLATED.items}(${target}).map(${local}, ${first}))`;
    if (macro === 'sortBy') return `${TRANSLATED.sortPairs}(${target}.map(${local}, [${first}, ${local}]))`;
    return `${target}.${NAMES[macro] ?? macro}(${[local, first, ...rest].join(', ')})`;
  }

  /** Over a list of `{k, v}`. */
  #two({ macro, range, variables, args }: Comprehension, scope: Scope): string {
    const entries = `${TRANSLATED.entries}(${this.write(range, scope)})`;
    const [key = '', value = ''] = variables;
    const local = this.#local();
    const inner = new Map(scope).set(key, `${local}.k`).set(value, `${local}.v`);
    const written = args.map((arg) => this.write(arg, inner));
    const last = written.at(-1) as string;
    const filter = written.length > 1 ? `${written[0]}, ` : '';
    if (macro === 'transformList') return `${entries}.map(${local}, ${filter}${last})`;
    if (macro === 'transformMap') return `${TRANSLATED.fromEntries}(${entries}.map(${local}, ${filter}[${local}.k, ${last}]))`;
    if (macro === 'transformMapEntry') return `${TRANSLATED.merge}(${entries}.map(${local}, ${filter}${last}))`;
    return `${entries}.${NAMES[macro] ?? macro}(${local}, ${last})`;
  }

  #map({ entries }: MapLiteral, scope: Scope): string {
    const written = entries.map(({ key, value }) => [this.write(key, scope), this.write(value, scope)] as const);
    if (!entries.some((entry) => entry.isOptional)) return `{${written.map(([key, value]) => `${key}: ${value}`).join(', ')}}`;
    const flags = entries.map((entry) => entry.isOptional).join(', ');
    return `${TRANSLATED.map}([${written.flat().join(', ')}], [${flags}])`;
  }

  #local(): string {
    return `_x${this.#next++}`;
  }
}

const isVariables = (ast: Ast, scope: Scope): boolean => ast.kind === 'ident' && ast.name === 'variables' && !scope.has('variables');

function literal({ type, value }: Literal): string {
  switch (type) {
    case 'string':
      return quote(value as string);
    case 'bytes':
      return `b"${Array.from(value as Uint8Array, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`;
    case 'uint':
      return `${value}u`;
    case 'double':
      return double(value as number);
    default:
      return (value as bigint) < 0n ? `(${value})` : String(value);
  }
}

function double(value: number): string {
  const text = String(value);
  const written = /[.e]/.test(text) ? text.replace(/^(-?\d+)e/, '$1.0e') : `${text}.0`;
  return value < 0 || Object.is(value, -0) ? `(${written.startsWith('-') ? '' : '-'}${written})` : written;
}

function quote(text: string): string {
  const escaped = text.replace(/[\\"\p{Cc}]/gu, (char) => {
    if (char === '\\' || char === '"') return `\\${char}`;
    return `\\x${(char.codePointAt(0) as number).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}
