/** An expression as it was written, macros still unexpanded. `at` is the place in the source, in code points. */
export type Ast = Literal | Ident | Select | Index | Call | Has | Comprehension | ListLiteral | MapLiteral | Message;

/** `true`, `1`, `1u`, `1.5`, `'text'`, `b'bytes'`, `null`. */
export interface Literal {
  kind: 'literal';
  type: 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'null';
  value: boolean | bigint | number | string | Uint8Array | null;
  at: number;
}

export interface Ident {
  kind: 'ident';
  name: string;
  at: number;
}

/** `operand.field`, `operand.?field`. */
export interface Select {
  kind: 'select';
  operand: Ast;
  field: string;
  isOptional: boolean;
  at: number;
}

/** `operand[index]`, `operand[?index]`. */
export interface Index {
  kind: 'index';
  operand: Ast;
  index: Ast;
  isOptional: boolean;
  at: number;
}

/** A function, a method (with `target`), or an operator under CEL's name for it, e.g. `_+_`. */
export interface Call {
  kind: 'call';
  name: string;
  target: Ast | null;
  args: Ast[];
  at: number;
}

/** `has(operand.field)`. */
export interface Has {
  kind: 'has';
  operand: Ast;
  field: string;
  at: number;
}

/** `range.all(x, ...)` and its like; `variables` are one or two names. */
export interface Comprehension {
  kind: 'comprehension';
  macro: string;
  range: Ast;
  variables: string[];
  args: Ast[];
  at: number;
}

export interface ListLiteral {
  kind: 'list';
  items: { value: Ast; isOptional: boolean }[];
  at: number;
}

export interface MapLiteral {
  kind: 'map';
  entries: { key: Ast; value: Ast; isOptional: boolean; at: number }[];
  at: number;
}

/** `Type{field: value}`. */
export interface Message {
  kind: 'message';
  type: string;
  fields: { name: string; value: Ast; isOptional: boolean; at: number }[];
  at: number;
}
