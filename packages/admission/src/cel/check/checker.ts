/** Finds the type of an expression, and everything in it that has none. */
import type { Ast, Call, Comprehension, Message } from '../syntax/ast.js';
import type { Issue } from '../syntax/issues.js';
import { literalIssues } from './literals.js';
import type { Overload, Signatures } from './signatures.js';
import {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  ERROR,
  formatType,
  INT,
  isExactly,
  isOptional,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TYPE_NAMES,
  typeOf,
  UINT,
} from './types.js';
import { mostGeneral, Substitution } from './unify.js';

/** What an expression may name. */
export interface Declarations {
  signatures: Signatures;
  /** Variables; names may contain dots. */
  variables: ReadonlyMap<string, CelType>;
  /** Types that can be written as `Type{field: value}`. Default none. */
  message?: (name: string) => CelType | null;
  /** The macro `cel.bind(name, value, expression)`. Default false. */
  hasBind?: boolean;
}

/** @returns The type of the whole, and all issues; the type means nothing when there are some. */
export function checkExpression(ast: Ast, declarations: Declarations): { type: CelType; issues: Issue[] } {
  return new Checker(declarations).run(ast);
}

const LITERALS: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  null: NULL,
};

type Scope = ReadonlyMap<string, CelType>;

class Checker {
  readonly #declarations: Declarations;
  readonly #issues: Issue[] = [];
  readonly #told = new Set<string>();
  readonly #substitution = new Substitution();
  readonly #types = new Map<Ast, CelType>();

  constructor(declarations: Declarations) {
    this.#declarations = declarations;
  }

  run(ast: Ast): { type: CelType; issues: Issue[] } {
    const found = this.#check(ast, new Map());
    const final = (type: CelType): CelType => this.#substitution.resolve(type, true);
    if (this.#issues.length === 0) this.#issues.push(...literalIssues(ast, (node) => final(this.#types.get(node) ?? DYN)));
    return { type: final(found), issues: this.#issues };
  }

  #report(at: number, text: string): CelType {
    const key = `${at} ${text}`;
    if (!this.#told.has(key)) this.#issues.push({ at, text });
    this.#told.add(key);
    return ERROR;
  }

  #undeclared(at: number, name: string): CelType {
    return this.#report(at, `undeclared reference to '${name}' (in container '')`);
  }

  #check(ast: Ast, scope: Scope): CelType {
    const type = this.#typeOf(ast, scope);
    this.#types.set(ast, type);
    return type;
  }

  #typeOf(ast: Ast, scope: Scope): CelType {
    switch (ast.kind) {
      case 'literal':
        return LITERALS[ast.type] as CelType;
      case 'ident':
        return this.#variable(ast.name, scope) ?? this.#undeclared(ast.at, ast.name);
      case 'select': {
        const name = qualifiedName(ast);
        const variable = name === null || scope.has(name.split('.', 1)[0] as string) ? undefined : this.#variable(name, scope);
        if (variable !== undefined) return variable;
        const operand = this.#check(ast.operand, scope);
        return ast.isOptional ? this.#optionalField(operand, ast.field, ast.at) : this.#field(operand, ast.field, ast.at);
      }
      case 'has':
        this.#field(this.#check(ast.operand, scope), ast.field, ast.at);
        return BOOL;
      case 'index': {
        const args = [this.#check(ast.operand, scope), this.#check(ast.index, scope)];
        return this.#resolve(ast.isOptional ? '_[?_]' : '_[_]', args, false, ast.at);
      }
      case 'call':
        return this.#call(ast, scope);
      case 'comprehension':
        return this.#comprehension(ast, scope);
      case 'list': {
        const items = ast.items.map(({ value, isOptional: optional }) => this.#unwrapped(value, optional, scope));
        return listOf(items.length === 0 ? this.#substitution.param() : items.reduce((a, b) => this.#join(a, b)));
      }
      case 'map': {
        const keys = ast.entries.map(({ key }) => this.#check(key, scope));
        const values = ast.entries.map(({ value, isOptional: optional }) => this.#unwrapped(value, optional, scope));
        if (keys.length === 0) return mapOf(this.#substitution.param(), this.#substitution.param());
        return mapOf(
          keys.reduce((a, b) => this.#join(a, b)),
          values.reduce((a, b) => this.#join(a, b)),
        );
      }
      case 'message':
        return this.#message(ast, scope);
    }
  }

  #variable(name: string, scope: Scope): CelType | undefined {
    const type = TYPE_NAMES.get(name);
    return scope.get(name) ?? this.#declarations.variables.get(name) ?? (type === undefined ? undefined : typeOf(type));
  }

  #join(a: CelType, b: CelType): CelType {
    return this.#substitution.assign(b, a) ? mostGeneral(a, b) : DYN;
  }

  /** The value of an entry that may be left out is optional. */
  #unwrapped(value: Ast, isMaybe: boolean, scope: Scope): CelType {
    const type = this.#check(value, scope);
    if (!isMaybe) return type;
    const resolved = this.#substitution.resolve(type);
    if (isOptional(resolved)) return resolved.params[0] as CelType;
    if (resolved.kind === 'dyn' || resolved.kind === 'error') return DYN;
    return this.#mismatch(value.at, optionalOf(type), type);
  }

  #mismatch(at: number, expected: CelType, found: CelType): CelType {
    const final = (type: CelType): string => formatType(this.#substitution.resolve(type, true));
    return this.#report(at, `expected type '${final(expected)}' but found '${final(found)}'`);
  }

  #field(given: CelType, field: string, at: number): CelType {
    const operand = this.#substitution.resolve(given);
    if (isOptional(operand)) return optionalOf(this.#field(operand.params[0] as CelType, field, at));
    if (operand.kind === 'map') return operand.params[1] as CelType;
    if (operand.kind === 'struct') return operand.field?.(field) ?? this.#report(at, `undefined field '${field}'`);
    if (operand.kind === 'param') this.#substitution.assign(DYN, operand);
    if (operand.kind === 'dyn' || operand.kind === 'error' || operand.kind === 'param') return DYN;
    return this.#report(at, `type '${formatType(operand)}' does not support field selection`);
  }

  #optionalField(given: CelType, field: string, at: number): CelType {
    const operand = this.#substitution.resolve(given);
    return optionalOf(this.#field(isOptional(operand) ? (operand.params[0] as CelType) : operand, field, at));
  }

  #call(ast: Call, scope: Scope): CelType {
    const { name, target, args, at } = ast;
    const types = args.map((arg) => this.#check(arg, scope));
    const { signatures } = this.#declarations;
    if (target !== null) {
      const prefix = qualifiedName(target);
      if (prefix !== null && signatures.has(`${prefix}.${name}`)) return this.#resolve(`${prefix}.${name}`, types, false, at);
      types.unshift(this.#check(target, scope));
    } else if (name === '_&&_' || name === '_||_') {
      for (const [i, type] of types.entries()) this.#bool(type, (args[i] as Ast).at);
      return BOOL;
    }
    if (!signatures.has(name)) return this.#undeclared(at, name);
    return this.#resolve(name, types, target !== null, at);
  }

  #resolve(name: string, args: readonly CelType[], isMethod: boolean, at: number): CelType {
    let result: CelType | null = null;
    for (const overload of this.#declarations.signatures.get(name) ?? []) {
      if (overload.isMethod !== isMethod) continue;
      const found = this.#tryOverload(overload, args);
      if (found === null) continue;
      if (result === null) result = found;
      else if (result.kind !== 'dyn' && !isExactly(result, found)) result = DYN;
    }
    if (result !== null) return result;
    const printed = args.map((type) => formatType(this.#substitution.resolve(type, true)));
    const shown = isMethod ? `${printed[0]}.(${printed.slice(1).join(', ')})` : `(${printed.join(', ')})`;
    return this.#report(at, `found no matching overload for '${name}' applied to '${shown}'`);
  }

  #tryOverload({ args: declared, result }: Overload, args: readonly CelType[]): CelType | null {
    const [fresh, ...params] = this.#substitution.fresh([result, ...declared]);
    return this.#substitution.assignAll(args, params) ? this.#substitution.resolve(fresh as CelType) : null;
  }

  #bool(type: CelType, at: number): void {
    if (!this.#substitution.assign(type, BOOL)) this.#mismatch(at, BOOL, type);
  }

  #comprehension(ast: Comprehension, scope: Scope): CelType {
    const { macro, variables, args, at } = ast;
    const range = this.#substitution.resolve(this.#check(ast.range, scope));
    const last = args.at(-1) as Ast;
    if (macro === 'bind') return this.#check(last, new Map(scope).set(variables[0] as string, range));
    if (macro === 'optMap' || macro === 'optFlatMap') {
      const value = isOptional(range) ? (range.params[0] as CelType) : DYN;
      if (!isOptional(range) && range.kind !== 'dyn' && range.kind !== 'error') this.#resolve('hasValue', [range], true, at);
      const type = this.#check(last, new Map(scope).set(variables[0] as string, value));
      return macro === 'optMap' ? optionalOf(type) : type;
    }
    const [key, value] = this.#rangeTypes(range, ast.range.at);
    const [first = '', second] = variables;
    const item = second !== undefined || range.kind === 'map' ? key : value;
    const inner = new Map(scope).set(first, second === undefined ? item : range.kind === 'list' ? INT : key);
    if (second !== undefined) inner.set(second, value);
    const types = args.map((arg) => this.#check(arg, inner));
    const conditional = (given: CelType, result: CelType): void => {
      if (!this.#substitution.assign(given, BOOL)) this.#resolve('_?_:_', [given, result, result], false, at);
    };
    const result = types.at(-1) as CelType;
    switch (macro) {
      case 'all':
      case 'exists':
        this.#bool(result, last.at);
        return BOOL;
      case 'exists_one':
      case 'existsOne':
        conditional(result, INT);
        return BOOL;
      case 'filter':
        conditional(result, listOf(item));
        return listOf(item);
      case 'sortBy':
        return this.#resolve('@sortByAssociatedKeys', [range, listOf(result)], true, at);
      case 'transformMap':
        if (types.length > 1) conditional(types[0] as CelType, mapOf(key, result));
        return mapOf(range.kind === 'list' ? INT : key, result);
      case 'transformMapEntry':
        if (types.length > 1) conditional(types[0] as CelType, result);
        return result;
      default:
        if (types.length > 1) conditional(types[0] as CelType, listOf(result));
        return listOf(result);
    }
  }

  /** Types of the keys and values of what is walked over. */
  #rangeTypes(range: CelType, at: number): [CelType, CelType] {
    if (range.kind === 'list') return [INT, range.params[0] as CelType];
    if (range.kind === 'map') return [range.params[0] as CelType, range.params[1] as CelType];
    if (range === ANY || (range.kind !== 'dyn' && range.kind !== 'error' && range.kind !== 'param')) {
      this.#report(at, `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
    }
    return [DYN, DYN];
  }

  #message(ast: Message, scope: Scope): CelType {
    const type = this.#declarations.message?.(ast.type) ?? null;
    if (type === null) {
      const known = TYPE_NAMES.get(ast.type);
      if (known !== undefined) return this.#report(ast.at, `'${known.name}' is not a message type`);
      const variable = this.#declarations.variables.get(ast.type);
      if (variable === undefined) return this.#undeclared(ast.at, ast.type);
      return this.#report(ast.at, `'${variable.name}' is not a type`);
    }
    for (const { name, value, isOptional: optional, at } of ast.fields) {
      const field = type.field?.(name) ?? this.#report(at, `undefined field '${name}'`);
      const given = this.#unwrapped(value, optional, scope);
      if (!this.#substitution.assign(given, field)) {
        this.#report(
          at,
          `expected type of field '${name}' is '${formatType(field)}' but provided type is '${formatType(this.#substitution.resolve(given, true))}'`,
        );
      }
    }
    return type;
  }
}

/** `a.b.c` for a chain of plain names. */
function qualifiedName(ast: Ast): string | null {
  if (ast.kind === 'ident') return ast.name;
  if (ast.kind !== 'select' || ast.isOptional) return null;
  const prefix = qualifiedName(ast.operand);
  return prefix === null ? null : `${prefix}.${ast.field}`;
}
