import { describe, expect, it } from 'vitest';
import { compileReviewConditions, type ReviewConditions } from '../src/cel/index.js';

const SPEC = {
  user: 'jane',
  groups: ['dev'],
  extra: { scopes: ['a'] },
  resourceAttributes: {
    verb: 'list',
    resource: 'pods',
    labelSelector: { requirements: [{ key: 'app', operator: 'In', values: ['web'] }] },
  },
};

function compiled(...expressions: string[]): ReviewConditions {
  const result = compileReviewConditions(expressions);
  if (!('matches' in result)) throw new Error(JSON.stringify(result));
  return result;
}

describe('conditions of authorization webhooks', () => {
  it.each<[string, boolean]>([
    ['has(request.resourceAttributes)', true],
    ['has(request.nonResourceAttributes)', false],
    ["!('system:masters' in request.groups)", true],
    ["request.resourceAttributes.namespace == '' && request.uid == ''", true],
    ["request.resourceAttributes.resource in ['pods', 'secrets']", true],
    ["request.extra['scopes'].exists(scope, scope == 'a')", true],
    ["request.resourceAttributes.?labelSelector.requirements.orValue([]).exists(r, r.key == 'app' && 'web' in r.values)", true],
    ['has(request.resourceAttributes.fieldSelector)', false],
    ["request.user.matches('^system:serviceaccount:')", false],
  ])('%s', async (expression, holds) => {
    expect(await compiled(expression).matches(SPEC)).toBe(holds);
  });

  it('must all hold; one that is false makes up for errors', async () => {
    const broken = "request.nonResourceAttributes.path == '/x'";
    const text = `cel evaluation error: expression '${broken}' resulted in error: no such key: nonResourceAttributes`;
    await expect(compiled('true', broken).matches(SPEC)).rejects.toThrow(new Error(text));
    await expect(compiled(broken, `${broken} || false`).matches(SPEC)).rejects.toThrow(
      /^\[cel evaluation error: .*, cel evaluation error: .*\]$/,
    );
    expect(await compiled(broken, 'false').matches(SPEC)).toBe(false);
    expect(await compiled("request.user == 'jane'", "request.user == 'joe'").matches(SPEC)).toBe(false);
    expect(await compiled().matches(SPEC)).toBe(true);
  });

  it('must compile to a boolean and know their fields', () => {
    expect(compileReviewConditions(['request.user', 'request.nope == 1', 'true', 'object == null'])).toEqual([
      { index: 0, message: 'must evaluate to bool but got string' },
      { index: 1, message: expect.stringMatching(/^compilation failed: ERROR: <input>:1:8: undefined field 'nope'/) },
      { index: 3, message: expect.stringMatching(/^compilation failed: ERROR: <input>:1:1: undeclared reference to 'object'/) },
    ]);
  });
});
