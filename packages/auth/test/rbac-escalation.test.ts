import { describe, expect, it } from 'vitest';
import { ruleOf } from '../src/bootstrap/notation.js';
import { escalationMessage, type PolicyRule, ruleText, uncoveredRules } from '../src/index.js';

describe('what is not held', () => {
  it.each<[string[], string[], string[]]>([
    [['get core pods'], ['get core pods'], []],
    [['get,list core pods,secrets'], ['get core pods', 'list core secrets'], []],
    [['get core pods'], ['get,delete,list core pods'], ['delete,list core pods']],
    [[], ['get core pods,secrets'], ['get core pods', 'get core secrets']],
    [['* * *'], ['get core pods', '* apps deployments/scale', '* * *'], []],
    [['* core *'], ['* * *', 'get apps *'], ['* * *', 'get apps *']],
    [['get,list,watch,create core pods'], ['* core pods'], ['* core pods']],
    [['get core pods'], ['get core pods web'], []],
    [['get core pods web'], ['get core pods'], ['get core pods']],
    [['get core pods web,db'], ['get core pods db,web,cache'], ['get core pods cache']],
    [['get core */log'], ['get core pods/log', 'get core pods'], ['get core pods']],
    [['get core pods'], ['get core pods/log'], ['get core pods/log']],
    [['get core pods', 'list core pods'], ['get,list core pods'], []],
    [['get /metrics,/logs/*'], ['get /metrics', 'get /logs/a', 'get /logs/*'], []],
    [['get /metrics'], ['get /metrics/*,*'], ['get /metrics/*', 'get *']],
    [['get *'], ['get,post /a'], ['post /a']],
    [['* *'], ['get,post /a', 'get /b/*'], []],
    [['* * *'], ['get /a'], ['get /a']],
    [['* *'], ['get core pods'], ['get core pods']],
    [[], ['get,post /a'], ['get /a', 'post /a']],
  ])('%j of %j', (own, wanted, missing) => {
    expect(uncoveredRules(own.map(ruleOf), wanted.map(ruleOf))).toEqual(missing.map(ruleOf));
  });
});

describe('texts', () => {
  it.each<[PolicyRule, string]>([
    [ruleOf('get,list core pods'), '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'],
    [ruleOf('* apps deployments web'), '{APIGroups:["apps"], Resources:["deployments"], ResourceNames:["web"], Verbs:["*"]}'],
    [ruleOf('get /metrics'), '{NonResourceURLs:["/metrics"], Verbs:["get"]}'],
  ])('%j', (rule, text) => {
    expect(ruleText(rule)).toBe(text);
  });

  const user = { username: 'a"b', groups: ['dev', 'system:authenticated'] };
  it('list what is missing in order, none twice', () => {
    const missing = ['get /b', 'get core secrets', 'get /b', 'get core pods'].map(ruleOf);
    expect(escalationMessage(user, missing)).toBe(
      [
        'user "a\\"b" (groups=["dev" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
        '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
        '{NonResourceURLs:["/b"], Verbs:["get"]}',
      ].join('\n'),
    );
  });

  it('end with why rules may be unknown', () => {
    expect(escalationMessage({ username: 'u', groups: [] }, [ruleOf('get core pods')], 'role "gone" not found')).toBe(
      'user "u" (groups=[]) is attempting to grant RBAC permissions not currently held:\n' +
        '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}; resolution errors: [role "gone" not found]',
    );
  });
});
