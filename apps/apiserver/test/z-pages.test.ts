import { describe, expect, it } from 'vitest';
import { type Flags, parseCommandLine } from '../src/flags/command-line.js';
import { setUpZPages } from '../src/setup/z-pages.js';

function flagsOf(...args: string[]): Flags {
  const parsed = parseCommandLine(args, '1.36.2');
  if (!('run' in parsed)) throw new Error('no flags of a server');
  return parsed.run;
}

describe('the pages about the server', () => {
  it('show every flag as it is written', () => {
    const { statusz, flagz } = setUpZPages(flagsOf('--authorization-mode=Node,RBAC', '--request-timeout=90s', '-v=2'));
    expect(statusz).toBe(true);
    const some = ['authorization-mode', 'request-timeout', 'v', 'anonymous-auth', 'client-ca-file', 'api-audiences', 'etcd-prefix'];
    expect(some.map((name) => flagz?.()[name])).toEqual(['[Node,RBAC]', '1m30s', '2', 'true', '', '[]', '/registry']);
  });

  it('are off with their feature gates; the last word counts', () => {
    const gates = '--feature-gates=ComponentStatusz=false,ComponentFlagz=true,ComponentFlagz=false';
    expect(setUpZPages(flagsOf(gates))).toEqual({ statusz: false });
  });
});
