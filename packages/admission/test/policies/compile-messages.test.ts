/** What an author is told about an expression that does not compile: words, places, and several faults at once. */
import { describe, expect, it } from 'vitest';
import { AdmissionExpressions, policyExpressions } from '../../src/policies/index.js';

const expressions = new AdmissionExpressions();
const compiler = policyExpressions(expressions, { isMutating: false, hasParams: true });
const mutating = policyExpressions(expressions, { isMutating: true, hasParams: false });
const OPERAND = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** One fault: its place on the only line of the expression, and its words. */
const at = (column: number, text: string) => ({ column, text });

describe('a validation', () => {
  it.each([
    ['object.metadata.name ==', [at(24, `Syntax error: mismatched input '<EOF>' expecting ${OPERAND}`)]],
    ['(1 + 2 == 3', [at(12, "Syntax error: missing ')' at '<EOF>'")]],
    [
      'object.a = 1',
      [at(10, "Syntax error: token recognition error at: '= '"), at(12, "Syntax error: extraneous input '1' expecting <EOF>")],
    ],
    ['1 == + 2', [at(6, `Syntax error: extraneous input '+' expecting ${OPERAND}`)]],
    ['object..a', [at(8, "Syntax error: no viable alternative at input '..'")]],
    ['true and false', [at(6, "Syntax error: mismatched input 'and' expecting <EOF>")]],
    ['object.true', [at(8, "Syntax error: mismatched input 'true' expecting IDENTIFIER")]],
    ['has(object)', [at(5, 'invalid argument to has() macro')]],
    ['object.list.all(1, true)', [at(17, 'argument must be a simple name')]],
    [
      'objekt.x == foo',
      [at(1, "undeclared reference to 'objekt' (in container '')"), at(13, "undeclared reference to 'foo' (in container '')")],
    ],
    ['object.bar(1)', [at(11, "undeclared reference to 'bar' (in container '')")]],
    ["1 + 'a' == 1", [at(3, "found no matching overload for '_+_' applied to '(int, string)'")]],
    ['request.name.startsWith(1)', [at(24, "found no matching overload for 'startsWith' applied to 'string.(int)'")]],
    ['request.nope == 1', [at(8, "undefined field 'nope'")]],
    ["'abc'.all(c, true)", [at(1, "expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)")]],
    ['object.x && 1', [at(13, "expected type 'bool' but found 'int'")]],
    ["size([1, 'a']) == 2", [at(10, "expected type 'int' but found 'string'")]],
    ["object.a.matches('(')", [at(18, 'invalid matches argument')]],
    ["duration('x') == duration('1s')", [at(10, 'invalid duration argument')]],
    ['Foo{a: 1} == 1', [at(4, "undeclared reference to 'Foo' (in container '')")]],
    [
      '[object, 1].sortBy(e, [e]) == []',
      [at(19, "found no matching overload for '@sortByAssociatedKeys' applied to 'list(dyn).(list(list(dyn)))'")],
    ],
    ['int{} == 1', [at(4, "'int' is not a message type")]],
    ['object{a: 1} == 1', [at(7, "'dyn' is not a type")]],
    ['constructor == 1', [at(1, "undeclared reference to 'constructor' (in container '')")]],
    ['object.toString() == 1', [at(16, "undeclared reference to 'toString' (in container '')")]],
    ['request.valueOf == 1', [at(8, "undefined field 'valueOf'")]],
  ] as const)('%s', (text, faults) => {
    const lines = faults.map(
      ({ column, text: words }) => `ERROR: <input>:1:${column}: ${words}\n | ${text}\n | ${'.'.repeat(column - 1)}^`,
    );
    expect(compiler.validation(text)).toBe(`compilation failed: ${lines.join('\n')}`);
  });

  it('marks the line it is about, and stands wide below wide characters', () => {
    expect(compiler.validation("'é' == 'é' &&\n\tfoo")).toBe(
      "compilation failed: ERROR: <input>:2:2: undeclared reference to 'foo' (in container '')\n |  foo\n | .^",
    );
    expect(compiler.validation("'é' == foo")).toBe(
      "compilation failed: ERROR: <input>:1:8: undeclared reference to 'foo' (in container '')\n | 'é' == foo\n | .．.....^",
    );
  });
});

describe('an expression as long as one may be', () => {
  const lines = (text: string): string[] => (compiler.validation(text) ?? '').split('\n');

  it('with a fault in every part is told the first hundred', () => {
    const found = lines(`[${'foo, '.repeat(19_000)}foo].size() == 1`);
    expect(found[0]).toBe("compilation failed: ERROR: <input>:1:2: undeclared reference to 'foo' (in container '')");
    expect(found[297]).toBe("ERROR: <input>:1:497: undeclared reference to 'foo' (in container '')");
    expect(found.at(-1)).toBe('18901 more errors were truncated');
  });

  it('with a call in every part is checked', () => {
    const found = lines(`[${'1 == 1, '.repeat(12_000)}foo].size() == 1`);
    expect(found[0]).toBe("compilation failed: ERROR: <input>:1:96002: undeclared reference to 'foo' (in container '')");
  });

  it('whose type doubles with every step is checked', () => {
    const found = lines(`[1]${'.map(a, {a: a})'.repeat(60)}.map(a, foo).size() == 1`);
    expect(found[0]).toBe("compilation failed: ERROR: <input>:1:912: undeclared reference to 'foo' (in container '')");
  });
});

describe('the type of a result', () => {
  it.each([
    ['validation', '1 + 1', 'must evaluate to bool but got int'],
    ['validation', 'object.spec.flag', 'must evaluate to bool but got dyn'],
    ['message', 'object.metadata.name', 'must evaluate to string but got dyn'],
    ['message', "['a']", 'must evaluate to string but got list(string)'],
    ['message', 'timestamp("2024-01-01T00:00:00Z")', 'must evaluate to string but got google.protobuf.Timestamp'],
    ['auditAnnotation', '{}', 'must evaluate to one of [string null_type] but got map(dyn, dyn)'],
    ['condition', 'null', 'must evaluate to bool but got null_type'],
  ] as const)('of a %s: %s', (what, text, fault) => {
    expect(compiler[what](text)).toBe(fault);
  });

  it.each([
    ['ApplyConfiguration', "'text'", 'must evaluate to Object but got string'],
    ['ApplyConfiguration', 'Object.spec{}', 'must evaluate to Object but got Object.spec'],
    ['JSONPatch', '[1]', 'must evaluate to list(JSONPatch) but got list(int)'],
    ['JSONPatch', '[]', 'must evaluate to list(JSONPatch) but got list(dyn)'],
    ['JSONPatch', "true ? [JSONPatch{op: 'remove', path: '/a'}] : []", null],
    ['ApplyConfiguration', 'Object{ spec: Object.spec{ ?x: optional.none() } }', null],
  ] as const)('of a %s: %s', (patchType, text, fault) => {
    expect(mutating.mutation(patchType, text)).toBe(fault);
  });
});

describe('what an expression may name', () => {
  it('params only when the policy has some', () => {
    const without = policyExpressions(expressions, { isMutating: false, hasParams: false });
    expect(without.validation('params.x == 1')).toContain("undeclared reference to 'params' (in container '')");
    expect(compiler.validation('params.x == 1')).toBe(null);
  });

  it('the authorizer everywhere but in messages', () => {
    const text = "authorizer.group('').resource('pods').check('get').reason()";
    expect(compiler.auditAnnotation(text)).toBe(null);
    expect(compiler.message(text)).toContain("undeclared reference to 'authorizer' (in container '')");
  });

  it('variables behind the place where they are declared, with their types', () => {
    const own = policyExpressions(expressions, { isMutating: false, hasParams: false });
    expect(own.variable('late', 'variables.names.size()')).toContain("undeclared reference to 'variables'");
    expect(own.variable('names', "['a', 'b']")).toBe(null);
    expect(own.validation('variables.names.exists(n, n == 1)')).toContain(
      "found no matching overload for '_==_' applied to '(string, int)'",
    );
    expect(own.validation('variables.other')).toContain("undefined field 'other'");
    expect(own.validation('variables.late')).toBe('must evaluate to bool but got dyn');
  });

  it('patches only in mutations', () => {
    expect(compiler.validation("jsonpatch.escapeKey('a') == 'a'")).toContain("undeclared reference to 'escapeKey'");
    expect(mutating.mutation('JSONPatch', "[JSONPatch{op: 'remove', path: 1}]")).toContain(
      "expected type of field 'path' is 'string' but provided type is 'int'",
    );
  });
});
