/** Parse tree → expression tree: operators become calls, macros are recognised. */
import { type ParserRuleContext, type ParseTree, TerminalNode } from 'antlr4ng';
import type { Ast, ListLiteral, MapLiteral, Message } from './ast.js';
import { PARSER_RULES } from './grammar-tables.js';
import type { Issue } from './issues.js';
import { bytesLiteral, intLiteral, stringLiteral, uintLiteral } from './literals.js';
import { expandMacro } from './macros.js';

/** What building needs besides the tree. */
export interface BuildContext {
  points: readonly string[];
  issues: Issue[];
  depthMax: number;
  /** See `Declarations`. */
  hasBind: boolean;
}

type Node = ParserRuleContext;

const ruleOf = (node: Node): string => PARSER_RULES[node.ruleIndex] as string;
const children = (node: Node): readonly ParseTree[] => node.children ?? [];
const isToken = (tree: ParseTree | undefined): tree is TerminalNode => tree instanceof TerminalNode;
const isText = (tree: ParseTree | undefined, text: string): tree is TerminalNode => isToken(tree) && tree.getText() === text;
const rules = (node: Node): Node[] => children(node).filter((child): child is Node => !isToken(child));
const placeOf = (tree: ParseTree | undefined): number =>
  isToken(tree) ? tree.symbol.start : ((tree as Node | undefined)?.start?.start ?? 0);
const tokenName = (node: TerminalNode): string => node.getText();

/** @throws RangeError when it is nested too deeply. */
export function buildAst(tree: ParserRuleContext, context: BuildContext): Ast {
  return new Builder(context).build(tree);
}

class Builder {
  readonly #context: BuildContext;
  #depth = 0;

  constructor(context: BuildContext) {
    this.#context = context;
  }

  build(node: Node): Ast {
    const all = children(node);
    // Rules that only pass on what is below them.
    if (all.length === 1 && !isToken(all[0]) && ruleOf(node) !== 'literal') return this.build(all[0] as Node);
    if (++this.#depth > this.#context.depthMax) throw new RangeError('nested too deeply');
    try {
      return this.#buildRule(node, all);
    } finally {
      this.#depth--;
    }
  }

  #buildRule(node: Node, all: readonly ParseTree[]): Ast {
    switch (ruleOf(node)) {
      case 'start':
        return this.build(all[0] as Node);
      case 'expr': {
        const args = rules(node).map((child) => this.build(child));
        return { kind: 'call', name: '_?_:_', target: null, args, at: placeOf(all[1]) };
      }
      case 'disjunction':
      case 'conjunction':
        return this.#logical(all);
      case 'comparison':
      case 'arithmetic': {
        const operator = (all[1] as ParseTree).getText();
        const args = rules(node).map((child) => this.build(child));
        return { kind: 'call', name: operator === 'in' ? '@in' : `_${operator}_`, target: null, args, at: placeOf(all[1]) };
      }
      case 'prefixed': {
        const operand = this.build(all.at(-1) as Node);
        if (all.length % 2 === 1) return operand;
        return { kind: 'call', name: `${(all[0] as ParseTree).getText()}_`, target: null, args: [operand], at: placeOf(all[0]) };
      }
      case 'postfixed':
        return this.#member(all);
      case 'operand':
        return this.#primary(all);
      case 'literal':
        return this.#literal(all);
      default:
        throw new Error(`unexpected rule ${ruleOf(node)}`);
    }
  }

  #logical(all: readonly ParseTree[]): Ast {
    let left = this.build(all[0] as Node);
    for (let i = 1; i < all.length; i += 2) {
      const operator = all[i] as ParseTree;
      left = {
        kind: 'call',
        name: `_${operator.getText()}_`,
        target: null,
        args: [left, this.build(all[i + 1] as Node)],
        at: placeOf(operator),
      };
    }
    return left;
  }

  #member(all: readonly ParseTree[]): Ast {
    const operand = this.build(all[0] as Node);
    const operator = all[1] as ParseTree;
    const isOptional = isText(all[2], '?');
    const at = placeOf(operator);
    if (isText(operator, '[')) return { kind: 'index', operand, index: this.build(all[isOptional ? 3 : 2] as Node), isOptional, at };
    const last = all.at(-1) as ParseTree;
    if (!isText(last, ')')) {
      const field = last.getText().replaceAll('`', '');
      return { kind: 'select', operand, field, isOptional, at };
    }
    return this.#call((all[2] as ParseTree).getText(), operand, all, placeOf(all[3]));
  }

  #call(name: string, target: Ast | null, all: readonly ParseTree[], at: number): Ast {
    const list = all.find((child): child is Node => !isToken(child) && ruleOf(child as Node) === 'argumentList');
    const args = list === undefined ? [] : rules(list).map((child) => this.build(child));
    return expandMacro({ kind: 'call', name, target, args, at }, this.#context.issues, this.#context.hasBind);
  }

  #primary(all: readonly ParseTree[]): Ast {
    const [first] = all;
    if (isText(first, '(')) return this.build(all[1] as Node);
    if (isText(first, '[')) return this.#list(all);
    if (isText(first, '{')) return this.#map(all);
    const brace = all.findIndex((child) => isText(child, '{'));
    if (brace >= 0) return this.#message(all, brace);
    // A leading dot asks for a name at the root, which here is where all names are.
    const dot = isText(first, '.') ? 1 : 0;
    const name = (all[dot] as ParseTree).getText();
    if (RESERVED.has(name)) this.#report(all[dot], `reserved identifier: ${name}`);
    if (all.length === dot + 1) return { kind: 'ident', name, at: placeOf(all[dot]) };
    return this.#call(name, null, all, placeOf(all[dot + 1]));
  }

  #list(all: readonly ParseTree[]): ListLiteral {
    const list = all.find((child): child is Node => !isToken(child));
    const items = (list === undefined ? [] : rules(list)).map((item) => {
      const parts = children(item);
      return { value: this.build(parts.at(-1) as Node), isOptional: isText(parts[0], '?') };
    });
    return { kind: 'list', items, at: placeOf(all[0]) };
  }

  #map(all: readonly ParseTree[]): MapLiteral {
    const list = all.find((child): child is Node => !isToken(child));
    const parts = list === undefined ? [] : children(list);
    const entries: MapLiteral['entries'] = [];
    for (let i = 0; i + 2 < parts.length; i += 4) {
      const key = children(parts[i] as Node);
      entries.push({
        key: this.build(key.at(-1) as Node),
        value: this.build(parts[i + 2] as Node),
        isOptional: isText(key[0], '?'),
        at: placeOf(parts[i + 1]),
      });
    }
    return { kind: 'map', entries, at: placeOf(all[0]) };
  }

  #message(all: readonly ParseTree[], brace: number): Message {
    const type = all
      .slice(isText(all[0], '.') ? 1 : 0, brace)
      .map((part) => part.getText())
      .join('');
    const list = all.find((child): child is Node => !isToken(child));
    const parts = list === undefined ? [] : children(list);
    const fields: Message['fields'] = [];
    for (let i = 0; i + 2 < parts.length; i += 4) {
      const name = children(parts[i] as Node);
      fields.push({
        name: (name.at(-1) as ParseTree).getText().replaceAll('`', ''),
        value: this.build(parts[i + 2] as Node),
        isOptional: isText(name[0], '?'),
        at: placeOf(parts[i + 1]),
      });
    }
    return { kind: 'message', type, fields, at: placeOf(all[brace]) };
  }

  #literal(all: readonly ParseTree[]): Ast {
    const isNegative = all.length === 2;
    const token = all.at(-1) as TerminalNode;
    const text = tokenName(token);
    const at = placeOf(all[0]);
    const literal = (type: Extract<Ast, { kind: 'literal' }>['type'], value: Extract<Ast, { kind: 'literal' }>['value']): Ast => ({
      kind: 'literal',
      type,
      value,
      at,
    });
    if (text === 'true' || text === 'false') return literal('bool', text === 'true');
    if (text === 'null') return literal('null', null);
    if (/^[bB][rR]?["']/.test(text))
      return literal('bytes', bytesLiteral(text) ?? this.#fault(token, 'invalid bytes literal', new Uint8Array()));
    if (/^[rR]?["']/.test(text)) return literal('string', stringLiteral(text) ?? this.#fault(token, 'invalid string literal', ''));
    if (/[uU]$/.test(text)) return literal('uint', uintLiteral(text) ?? this.#fault(token, 'invalid uint literal', 0n));
    if (/^(?:0x[0-9a-fA-F]+|\d+)$/.test(text))
      return literal('int', intLiteral(text, isNegative) ?? this.#fault(token, 'invalid int literal', 0n));
    const value = isNegative ? -Number(text) : Number(text);
    return literal('double', Number.isFinite(value) ? value : this.#fault(token, 'invalid double literal', 0));
  }

  #fault<T>(tree: ParseTree, text: string, value: T): T {
    this.#report(tree, text);
    return value;
  }

  #report(tree: ParseTree | undefined, text: string): void {
    this.#context.issues.push({ at: placeOf(tree), text });
  }
}

const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(' '),
);
