/** Values and runtime errors of expressions, told by a policy whose message is the value. */
import type { KubeObject } from '@k/apimachinery';
import { describe, expect, it } from 'vitest';
import { AdmissionExpressions, policyExpressions } from '../../src/policies/index.js';
import { configMap, judge, validating } from './policy-cases.js';

const OBJECT: KubeObject = configMap('c', { a: 'x', mem: '2Gi', 'dotted.key': 'y' });

/** What an expression gives, as text; or the error. */
async function resultOf(expression: string): Promise<string> {
  const policy = validating({ validations: [{ expression: 'false', messageExpression: `string(${expression})` }] });
  const outcome = await judge({ policy, object: OBJECT });
  return outcome.allowed ? '' : outcome.reason.replace(/^.*? denied request: /s, '');
}

async function errorOf(expression: string): Promise<string> {
  const outcome = await judge({ policy: validating({ validations: [{ expression: `dyn(${expression}) == null` }] }), object: OBJECT });
  return outcome.allowed ? 'allowed' : outcome.reason.replace(/^.* resulted in error: /s, '');
}

describe('functions', () => {
  it.each([
    ["'%s has %d of %.1f'.format(['x', 3, 2.5])", 'x has 3 of 2.5'],
    ["object.data[?'z'].orValue('none')", 'none'],
    ["object.?data.?a.orValue('none')", 'x'],
    ["optional.of({'a': 1}).optMap(m, m.a + 1).value()", '2'],
    ['[1, 2, 3].transformList(i, v, i * v).sum()', '8'],
    ["object.data.transformMap(k, v, k + v)['a']", 'ax'],
    ["quantity(object.data.mem).compareTo(quantity('1Gi'))", '1'],
    ["url('https://[::1]:8443/p?q=1').getHost()", '[::1]:8443'],
    ["ip('2001:db8::1').family()", '6'],
    ["cidr('10.1.2.3/16').masked()", '10.1.0.0/16'],
    ["cidr('fd00::/8').containsIP('fd12::1')", 'true'],
    ["semver('v1.2', true).minor()", '2'],
    ["semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))", 'true'],
    ["quantity('1Gi') == quantity('1024Mi') && url('HTTP://a/') == url('http://a/') && url('http://a/') != url('http://a')", 'true'],
    ["url('https://Host:443/%2f?a=1&a=2').getHost() + url('https://Host:443/%2f').getPort()", 'Host:443443'],
    ["url('https://a').getEscapedPath() + url('https://a/x y/%2f#z').getEscapedPath()", '/x%20y/%2f%23z'],
    ["url('https://a/?k=1&k=2').getQuery()['k'].join('+')", '1+2'],
    ["isURL('/absolute') && isURL('mailto:a') && !isURL('../relative') && !isURL('https://a:b:c/') && !isURL('https://a/%zz')", 'true'],
    ["format.uri().validate('rel').value()[0]", 'parse "rel": invalid URI for request'],
    ["[duration('2s'), duration('10s')].max()", '10s'],
    ["[timestamp('2024-01-02T00:00:00Z'), timestamp('2024-01-01T00:00:00Z')].min()", '2024-01-01T00:00:00Z'],
    ["[b'b', b'ab'].min()", 'ab'],
    ["[3, 1, 2].sort().map(n, string(n)).join('') + ['b', 'a'].sort().join('')", '123ab'],
    ["[['b', '2'], ['a', '1']].sortBy(e, e[1]).map(e, e[0]).join('')", 'ab'],
    ['[1, 2, 3, 4].slice(1, 3) == [2, 3] && [1, 2].reverse() == [2, 1] && lists.range(3) == [0, 1, 2]', 'true'],
    ['[[1], [2, 3]].flatten() == [1, 2, 3] && [dyn(1), dyn([dyn(2), dyn([3])])].flatten(2) == [1, 2, 3]', 'true'],
    ["[dyn(1), dyn(1.0), dyn('1'), dyn([1]), dyn([1u]), dyn({'a': 1})].distinct().size()", '4'],
    ["['x', 'y'].first().value() + ['x', 'y'].last().value() + ['z'].slice(0, 0).first().orValue('-')", 'xy-'],
    ['[3u, 20u].isSorted() && ![2u, 1u].isSorted()', 'true'],
    ["{'a': 1}.transformMapEntry(k, v, {k + 'x': v + 1})['ax']", '2'],
    ["[duration('1s'), duration('2s')].sum()", '3s'],
    ['sets.equivalent([1, 2], [2, 1, 1])', 'true'],
    ["format.dns1123Label().validate('a_b').value().size()", '1'],
    ["'a-b-c'.split('-', 2)[1]", 'b-c'],
    ["'héllo'.substring(1, 3)", 'él'],
    ["'x42y7'.findAll('[0-9]+').join('+')", '42+7'],
    ['1000000.0', '1e+06'],
    ["duration('90m')", '5400s'],
    ["timestamp('2024-02-29T12:00:00Z') - duration('24h')", '2024-02-28T12:00:00Z'],
    ['type(1) == int && type([]) == list && 3u == uint(3)', 'true'],
    ['object.data.`dotted.key`', 'y'],
    ["object.data.a == 1 || object.data.a == null || object.data.a == 'x'", 'true'],
    ["has(object.data.a) && !has(object.data.b) && 'mem' in object.data", 'true'],
  ])('%s', async (expression, value) => {
    expect(await resultOf(expression)).toBe(value);
  });
});

describe('errors', () => {
  it.each([
    ['object.data.missing', 'no such key: missing'],
    ['object.nope.missing', 'no such key: nope'],
    ['[1][1]', 'index out of bounds: 1'],
    ["int('x')", 'strconv.ParseInt: parsing "x": invalid syntax'],
    ["quantity('lots')", "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['1 / 0', 'division by zero'],
    ['1 % 0', 'modulus by zero'],
    ['object.data.a + 1', 'no such overload'],
    ['object.data.a.startsWith(object.data)', 'no such overload: startsWith(string, map)'],
    ['optional.none().value()', 'optional.none() dereference'],
    ["semver('1')", 'No Major.Minor.Patch elements found'],
    ["url('../x')", 'URL parse error during conversion from string: parse "../x": invalid URI for request'],
    ["url('https://a:x/')", 'URL parse error during conversion from string: parse "https://a:x/": invalid port ":x" after host'],
    ['[1].slice(0, 2)', 'cannot slice(0, 2), list is length 1'],
    ["[dyn(1), dyn('a')].sort()", 'list elements must have the same type'],
    ['lists.range(1000000000)', 'operation cancelled: actual cost limit exceeded'],
    ['[9223372036854775807, 1].sum()', 'integer overflow'],
    ["[dyn(1), dyn('a')].min()", 'no such overload'],
    ["timestamp('2024-02-30T00:00:00Z' + object.data.a.substring(1))", 'parsing time "2024-02-30T00:00:00Z": day out of range'],
    ["{'a': 1, 'b': 2}.transformMapEntry(k, v, {'k': v})", 'insert failed: key k already exists'],
    ["authorizer.serviceAccount('default', 'A').path('/x')", 'Invalid service account name'],
    ["authorizer.serviceAccount('a.b', 'a').path('/x')", 'Invalid service account namespace'],
    ["authorizer.path(' ')", 'path must not be empty'],
    ["authorizer.group('').resource('')", 'resource must not be empty'],
  ])('%s', async (expression, text) => {
    expect(await errorOf(expression)).toBe(text);
  });

  it('of a variable name the variable; one that is not read does not fail', async () => {
    const variables = [
      { name: 'bad', expression: 'object.data.missing' },
      { name: 'good', expression: "'x'" },
    ];
    const outcome = await judge({
      policy: validating({ variables, validations: [{ expression: "variables.good == 'x'" }, { expression: "variables.bad == 'x'" }] }),
      object: OBJECT,
    });
    expect(outcome.allowed ? '' : outcome.reason).toBe(
      "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: expression 'variables.bad == 'x'' resulted in error: " +
        'composited variable "bad" fails to evaluate: no such key: missing',
    );
  });
});

describe('cost', () => {
  const deep = (levels: number): string => `${'[0,1,2,3,4,5,6,7,8,9].all(a, '.repeat(levels)}true${')'.repeat(levels)}`;

  it('of one expression is limited', async () => {
    const outcome = await judge({ policy: validating({ validations: [{ expression: deep(7) }] }), object: OBJECT });
    expect(outcome.allowed ? '' : outcome.reason).toBe(
      `ValidatingAdmissionPolicy 'p' with binding 'p' denied request: expression '${deep(7)}' resulted in error: operation cancelled: actual cost limit exceeded`,
    );
  });

  it('of all expressions together is limited', async () => {
    const validations = Array.from({ length: 80 }, () => ({ expression: deep(5) }));
    const outcome = await judge({ policy: validating({ validations }), object: OBJECT });
    expect(outcome.allowed ? '' : outcome.reason).toBe(
      "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: " +
        'validation failed due to running out of cost budget, no further validation rules will be run',
    );
  });

  it('is no matter to the compiler', () => {
    const compiler = policyExpressions(new AdmissionExpressions(), { isMutating: false, hasParams: false });
    expect(compiler.validation(deep(7))).toBe(null);
  });
});
