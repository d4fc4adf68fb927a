/** Asks an admission policy about a manifest, as a check in CI would: `npx tsx examples/check-policy.ts policy.yaml object.yaml`. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { evaluatePolicy } from '@k/admission/policies';
import { parse } from 'yaml';

/** What the policy says about the object: `allowed`, or the words that a client would get. */
export async function checkPolicy(policyYaml: string, objectYaml: string): Promise<string> {
  const outcome = await evaluatePolicy({ policy: parse(policyYaml), object: parse(objectYaml) });
  return outcome.allowed ? 'allowed' : outcome.error.message;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [policy = '', object = ''] = await Promise.all(process.argv.slice(2, 4).map((path) => readFile(path, 'utf8')));
  const verdict = await checkPolicy(policy, object);
  console.log(verdict);
  if (verdict !== 'allowed') process.exitCode = 1;
}
