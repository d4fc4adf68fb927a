/** `x-kubernetes-validations`: what rules decide and say, and which ones a definition may not have. */
import { describe, expect, it } from 'vitest';
import { CRDS, definition, GROUP, type Json, object, pathOf, useCustomKinds, version } from '../support/custom-kinds.js';

const { call, define, make } = useCustomKinds();

describe('validation rules', () => {
  const rule = (text: string, more: Json = {}): Json => ({ 'x-kubernetes-validations': [{ rule: text, ...more }] });
  const text = { type: 'string', maxLength: 20 };

  it.each<[string, Json, unknown, unknown, string | undefined]>([
    ['hold', object({ n: { type: 'integer' } }, rule('self.n > 1')), { n: 2 }, undefined, undefined],
    ['fail', object({ n: { type: 'integer' } }, rule('self.n > 1')), { n: 1 }, undefined, 'spec: Invalid value: failed rule: self.n > 1'],
    [
      'say why',
      object({ n: { type: 'integer', ...rule('self > 1', { message: 'too few' }) } }),
      { n: 1 },
      undefined,
      'spec.n: Invalid value: 1: too few',
    ],
    [
      'compute why',
      object({ n: { type: 'integer', ...rule('self > 1', { messageExpression: "'got ' + string(self)" }) } }),
      { n: 1 },
      undefined,
      'spec.n: Invalid value: 1: got 1',
    ],
    [
      'point at a field',
      object({ n: { type: 'integer' } }, rule('self.n > 1', { message: 'no', reason: 'FieldValueForbidden', fieldPath: '.n' })),
      { n: 1 },
      undefined,
      'spec.n: Forbidden: no',
    ],
    [
      'miss a field',
      object({ n: { type: 'integer' } }, rule('self.n > 1')),
      {},
      undefined,
      'spec: Invalid value: no such key: n evaluating rule: self.n > 1',
    ],
    ['see numbers as doubles', object({ f: { type: 'number' } }, rule('self.f > 0.5')), { f: 1 }, undefined, undefined],
    [
      'see durations',
      object({ d: { type: 'string', format: 'duration' } }, rule("self.d < duration('1h')")),
      { d: '90m' },
      undefined,
      "spec: Invalid value: failed rule: self.d < duration('1h')",
    ],
    [
      'see times',
      object({ t: { type: 'string', format: 'date-time' } }, rule("self.t > timestamp('2020-01-01T00:00:00Z')")),
      { t: '2024-01-01T00:00:00Z' },
      undefined,
      undefined,
    ],
    [
      'reach odd names',
      object({ 'a-b': text, in: text }, rule('self.a__dash__b == self.__in__')),
      { 'a-b': 'x', in: 'x' },
      undefined,
      undefined,
    ],
    [
      'match in linear time',
      object({ s: { ...text, ...rule("self.matches('^(a+)+$')") } }),
      { s: 'aaaaaaaaaaaaaaaaaaab' },
      undefined,
      'spec.s: Invalid value: "aaaaaaaaaaaaaaaaaaab": failed rule: self.matches(\'^(a+)+$\')',
    ],
    [
      'compare with before',
      object({ s: { ...text, ...rule('self == oldSelf', { message: 'fixed' }) } }),
      { s: 'a' },
      { s: 'b' },
      'spec.s: Invalid value: "b": fixed',
    ],
    ['skip what is new', object({ s: { ...text, ...rule('self == oldSelf') } }), {}, { s: 'b' }, undefined],
    [
      'take an absent before',
      object({ s: { ...text, ...rule("oldSelf.orValue('first') == 'first'", { optionalOldSelf: true, message: 'once' }) } }),
      { s: 'a' },
      { s: 'b' },
      'spec.s: Invalid value: "b": once',
    ],
    [
      'follow entries of maps',
      object({
        l: {
          type: 'array',
          maxItems: 5,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: object({ k: text, v: { type: 'integer', ...rule('self >= oldSelf', { message: 'shrinks' }) } }, { required: ['k'] }),
        },
      }),
      { l: [{ k: 'a', v: 2 }] },
      {
        l: [
          { k: 'b', v: 0 },
          { k: 'a', v: 1 },
        ],
      },
      'spec.l[1].v: Invalid value: 1: shrinks',
    ],
    [
      'walk over two variables',
      object({ l: { type: 'array', maxItems: 3, items: { type: 'integer' } } }, rule('self.l.transformList(i, v, v - i).all(d, d == 0)')),
      { l: [0, 2] },
      undefined,
      'spec: Invalid value: failed rule: self.l.transformList(i, v, v - i).all(d, d == 0)',
    ],
    [
      'see bytes',
      object({ b: { type: 'string', format: 'byte', maxLength: 8 } }, rule("self.b == b'hi'")),
      { b: 'aGk=' },
      undefined,
      undefined,
    ],
    [
      'take either a number or a text',
      object({ p: { 'x-kubernetes-int-or-string': true } }, rule('self.p < 10')),
      { p: 'x' },
      undefined,
      "spec: Invalid value: 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self.p < 10",
    ],
    [
      'cost too much',
      object(
        { l: { type: 'array', maxItems: 1000, items: { type: 'integer' } } },
        rule('self.l.all(a, self.l.all(b, a == b))', { message: 'all' }),
      ),
      { l: Array.from({ length: 1000 }, () => 1) },
      undefined,
      "spec: Invalid value: 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: all",
    ],
  ])('%s', async (label, schema, first, second, message) => {
    const kind = `R${label.replace(/ /g, '')}`;
    const plural = kind.toLowerCase();
    await define(plural, kind, [version(schema)]);
    const created = await make(plural, kind, 'x', first);
    const answer = second === undefined ? created : await call('PATCH', pathOf(plural, 'x'), { spec: second });
    const prefix = `${kind}.${GROUP} "x" is invalid: `;
    expect(answer.body.message).toBe(message === undefined ? undefined : `${prefix}${message}`);
  });

  it.each<[Json, string]>([
    [
      object({ n: { type: 'integer' } }, rule('self.m > 0')),
      "compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m > 0\n | ....^",
    ],
    [
      object({}, rule('other == 1')),
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other == 1\n | ^",
    ],
    [
      object({ n: { type: 'integer' } }, rule("self.n == 'a'")),
      "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.n == 'a'\n | .......^",
    ],
    [object({ n: { type: 'integer' } }, rule('self.n')), 'cel expression must evaluate to a bool'],
    [
      object({ n: { type: 'integer' } }, rule('self.n = 1 && x')),
      `compilation failed: ERROR: <input>:1:8: Syntax error: token recognition error at: '= '
 | self.n = 1 && x
 | .......^
ERROR: <input>:1:10: Syntax error: mismatched input '1' expecting <EOF>
 | self.n = 1 && x
 | .........^`,
    ],
    [
      object({ l: { type: 'array', items: object({ 'a-b': { type: 'integer' } }) } }, rule("self.l.all(e, e.a__dash__b == 'x' || e.b)")),
      `compilation failed: ERROR: <input>:1:28: found no matching overload for '_==_' applied to '(int, string)'
 | self.l.all(e, e.a__dash__b == 'x' || e.b)
 | ...........................^
ERROR: <input>:1:39: undefined field 'b'
 | self.l.all(e, e.a__dash__b == 'x' || e.b)
 | ......................................^`,
    ],
    [
      object(
        { t: { type: 'string', format: 'date-time' }, m: { type: 'object', additionalProperties: { type: 'number' } } },
        rule('self.t + self.m'),
      ),
      "found no matching overload for '_+_' applied to '(timestamp, map(string, double))'\n | self.t + self.m\n | .......^",
    ],
    [
      object({
        e: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
          ...rule('self.metadata.namespace == self.kind'),
        },
      }),
      "undefined field 'namespace'\n | self.metadata.namespace == self.kind\n | .............^",
    ],
    [
      object({ p: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }, rule('self.p.x == 1')),
      "undefined field 'x'\n | self.p.x == 1\n | ......^",
    ],
    [object({ p: { 'x-kubernetes-preserve-unknown-fields': true } }, rule('has(self.p)')), "undefined field 'p'\n | has(self.p)\n | ...^"],
    [object({ p: { 'x-kubernetes-int-or-string': true } }, rule('self.p')), 'cel expression must evaluate to a bool'],
    [
      object({ p: { 'x-kubernetes-preserve-unknown-fields': true, ...rule('true') } }),
      'spec.validation.openAPIV3Schema.properties[spec].properties[p].x-kubernetes-validations: Internal error: internal error: failed to retrieve type information for x-kubernetes-validations',
    ],
    [
      object({ n: { type: 'integer', ...rule('oldSelf == 1', { optionalOldSelf: true }) } }),
      "found no matching overload for '_==_' applied to '(optional_type(int), int)'\n | oldSelf == 1\n | ........^",
    ],
    [
      object({ n: { type: 'integer' } }, rule('true', { messageExpression: 'self.m' })),
      "messageExpression compilation failed: ERROR: <input>:1:5: undefined field 'm'\n | self.m\n | ....^",
    ],
    [object({ n: { type: 'integer' } }, rule('true', { messageExpression: 'self.n' })), 'messageExpression must evaluate to a string'],
    [
      object({ l: { type: 'array', items: { type: 'integer', ...rule('self == oldSelf') } } }),
      'oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[spec].properties[l].items',
    ],
    [
      object({ l: { type: 'array', items: { type: 'string' } } }, rule('self.l.all(a, self.l.all(b, a == b))')),
      'estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)',
    ],
  ])('%j is refused', async (schema, detail) => {
    const { status, body } = await call('POST', CRDS, definition('bads', 'Bad', [version(schema)]));
    expect([status, body.message?.slice(-detail.length)]).toEqual([422, detail]);
  });
});
