/** The file of `--authentication-config`. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a file. */
export const authenticationConfiguration = (configuration: object): string =>
  JSON.stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', ...configuration });

/** Puts another file in the place of the old one, as editors do: `authn.json` in a folder. */
export function writeAuthenticationFile(dir: string, configuration: object): void {
  writeFileSync(join(dir, 'next.json'), authenticationConfiguration(configuration));
  renameSync(join(dir, 'next.json'), join(dir, 'authn.json'));
}
