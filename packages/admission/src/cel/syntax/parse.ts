/**
 * Text → tree. The parser is ANTLR's, run from the tables of the grammar: what it says about wrong input is then what
 * every other implementation with that grammar says.
 */
import {
  ATNDeserializer,
  BaseErrorListener,
  CharStream,
  CommonTokenStream,
  LexerInterpreter,
  ParserInterpreter,
  type ParserRuleContext,
  type RecognitionException,
  type Recognizer,
  Vocabulary,
} from 'antlr4ng';
import { CelCompileError } from '../errors.js';
import type { Ast } from './ast.js';
import { buildAst } from './build-ast.js';
import { LEXER_AUTOMATON, LEXER_RULES, LITERAL_NAMES, PARSER_AUTOMATON, PARSER_RULES, SYMBOLIC_NAMES } from './grammar-tables.js';
import { formatIssues, type Issue } from './issues.js';

const POINTS_MAX = 100_000;
const DEPTH_MAX = 250;

const unpack = (table: string): number[] => {
  const bytes = Buffer.from(table, 'base64');
  return Array.from({ length: bytes.length / 2 }, (_none, i) => bytes.readUInt16LE(2 * i));
};

class IssueListener extends BaseErrorListener {
  readonly #lineStarts: readonly number[];
  readonly #issues: Issue[];

  constructor(lineStarts: readonly number[], issues: Issue[]) {
    super();
    this.#lineStarts = lineStarts;
    this.#issues = issues;
  }

  override syntaxError(
    _recognizer: Recognizer<never> | unknown,
    _symbol: unknown,
    line: number,
    column: number,
    message: string,
    _error: RecognitionException | null,
  ): void {
    const text = message.replace(/no viable alternative at input '.(true|false|null)'/, "mismatched input '$1' expecting IDENTIFIER");
    this.#issues.push({ at: (this.#lineStarts[line - 1] ?? 0) + column, text: `Syntax error: ${text}` });
  }
}

/** Parses expressions; made once, as the tables are read then. */
export class CelParser {
  readonly #lexerAutomaton = new ATNDeserializer().deserialize(unpack(LEXER_AUTOMATON));
  readonly #parserAutomaton = new ATNDeserializer().deserialize(unpack(PARSER_AUTOMATON));
  readonly #vocabulary = new Vocabulary([...LITERAL_NAMES], [...SYMBOLIC_NAMES], []);
  // Both learn as they read: a parser that has seen many expressions is far faster than a new one.
  readonly #lexer: LexerInterpreter;
  readonly #parser: ParserInterpreter;

  constructor() {
    const modes = ['DEFAULT_MODE'];
    const channels = ['DEFAULT_TOKEN_CHANNEL', 'HIDDEN'];
    const source = CharStream.fromString('');
    this.#lexer = new LexerInterpreter('CEL', this.#vocabulary, [...LEXER_RULES], channels, modes, this.#lexerAutomaton, source);
    const tokens = new CommonTokenStream(this.#lexer);
    this.#parser = new ParserInterpreter('CEL', this.#vocabulary, [...PARSER_RULES], this.#parserAutomaton, tokens);
  }

  /**
   * @param hasBind - Read `cel.bind` as the macro.
   * @throws {@link CelCompileError} with all syntax errors.
   */
  parse(expression: string, hasBind = false): Ast {
    const points = Array.from(expression);
    if (points.length > POINTS_MAX) {
      throw new CelCompileError(`expression code point size exceeds limit: size: ${points.length}, limit ${POINTS_MAX}`);
    }
    const issues: Issue[] = [];
    const starts = [0];
    for (const [i, point] of points.entries()) if (point === '\n') starts.push(i + 1);
    const listener = new IssueListener(starts, issues);
    let tree: ParserRuleContext;
    let ast: Ast | null = null;
    try {
      tree = this.#read(expression, listener);
      if (issues.length === 0) ast = buildAst(tree, { points, issues, depthMax: DEPTH_MAX, hasBind });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      issues.push({ at: 0, text: `expression recursion limit exceeded: ${DEPTH_MAX}` });
    }
    if (ast === null || issues.length > 0) throw new CelCompileError(formatIssues(expression, issues));
    return ast;
  }

  #read(expression: string, listener: IssueListener): ParserRuleContext {
    const lexer = this.#lexer;
    const parser = this.#parser;
    // In this order: a parser that gets new tokens looks at its old ones once more.
    parser.tokenStream = new CommonTokenStream(lexer);
    lexer.inputStream = CharStream.fromString(expression);
    lexer.removeErrorListeners();
    lexer.addErrorListener(listener);
    parser.removeErrorListeners();
    parser.addErrorListener(listener);
    return parser.parse(0);
  }
}
