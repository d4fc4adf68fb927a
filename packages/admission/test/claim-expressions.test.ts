import { describe, expect, it } from 'vitest';
import { type CompiledClaimExpression, compileClaimExpression } from '../src/cel/index.js';

const compile = (text: string, options: Partial<Parameters<typeof compileClaimExpression>[1]> = {}): CompiledClaimExpression | string =>
  compileClaimExpression(text, { variable: 'claims', result: 'any', ...options });

function outcomeOf(text: string, value: object, variable: 'claims' | 'user' = 'claims'): unknown {
  const compiled = compile(text, { variable });
  if (typeof compiled === 'string') return compiled;
  try {
    return compiled.evaluate(value);
  } catch (error) {
    return (error as Error).message;
  }
}

const CLAIMS = {
  sub: 'jane',
  exp: 1_700_003_600,
  iat: 1_700_000_000,
  roles: 'dev,qa',
  'example.org/team': { 'sub-team': 'x' },
  list: [{ 'a.b': 1 }],
  nothing: null,
};

describe('an expression over claims', () => {
  it.each([
    ['claims.sub', 'jane'],
    ['"k:" + claims.sub', 'k:jane'],
    ['claims.roles.split(",")', ['dev', 'qa']],
    ['claims.exp - claims.iat <= 3600', true],
    ['claims.exp - claims.iat > 3600', false],
    ['has(claims.email)', false],
    ['claims.?email.orValue("none")', 'none'],
    ['claims.email', 'no such key: email'],
    ['claims.nothing', null],
    ['claims.example__dot__org__slash__team.sub__dash__team', 'x'],
    ['claims["example.org/team"]["sub-team"]', 'x'],
    ['dyn(claims.list).map(item, item.a__dot__b)', [1]],
    ['claims.size()', 7n],
    ['claims.sub', 'jane'],
    ['user.username', "compilation failed: ERROR: <input>:1:1: undeclared reference to 'user' (in container '')\n | user.username\n | ^"],
    ['dyn(claims.list).all(a, dyn(claims.list).all(b, dyn(claims.list).all(c, true)))', true],
  ])('%s', (text, value) => {
    expect(outcomeOf(text, CLAIMS)).toEqual(value);
  });

  it('has a limit', () => {
    const many = { list: Array.from({ length: 300 }, (_, i) => i) };
    const text = 'dyn(claims.list).all(a, dyn(claims.list).all(b, dyn(claims.list).all(c, true)))';
    expect(outcomeOf(text, many)).toBe('operation cancelled: actual cost limit exceeded');
  });

  it('of a rule has to be a boolean', () => {
    expect(compile('claims.sub', { result: 'bool' })).toBe('must evaluate to bool');
    expect(compile('claims.sub == "x"', { result: 'bool' })).toMatchObject({ text: 'claims.sub == "x"' });
  });

  it('tells which claims it selects', () => {
    const selects = (text: string): boolean => (compile(text) as CompiledClaimExpression).selects('email');
    expect(['claims.email', 'has(claims.email) ? "x" : "y"', 'claims.?email.orValue("") + claims.sub'].map(selects)).toEqual([
      true,
      true,
      true,
    ]);
    expect(['claims.sub', 'claims.a.email', '"claims.email"', 'claims["email"]'].map(selects)).toEqual([false, false, false, false]);
  });
});

describe('an expression over a user', () => {
  const USER = { username: 'jane', uid: '', groups: ['dev'], extra: { 'example.org/a': ['1'] } };
  it.each([
    ['!user.username.startsWith("system:")', true],
    ['user.groups.all(group, !group.startsWith("system:"))', true],
    ['user.extra["example.org/a"][0] == "1"', true],
    ['user.extra.example__dot__org__slash__a == ["1"]', true],
    ['user.name', "compilation failed: ERROR: <input>:1:5: undefined field 'name'\n | user.name\n | ....^"],
  ])('%s', (text, value) => {
    expect(outcomeOf(text, USER, 'user')).toEqual(value);
  });
});
