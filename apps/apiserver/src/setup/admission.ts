/** The admission chain of the flags. */
import { AdmissionChain, type AdmissionDependencies, loadAdmissionConfiguration, resolvePlugins } from '@k/admission';
import type { AdmissionRunner } from '@k/apiserver';
import type { Flags } from '../flags/command-line.js';
import { FlagError } from '../flags/flag.js';
import { forFlag } from '../flags/read-file.js';

/** Makes the chain once the server's objects can be read. */
export type AdmissionSetup = (dependencies: AdmissionDependencies) => AdmissionRunner;

/** @throws {@link FlagError} for unknown plugins and bad configuration files. */
export async function setUpAdmission(flags: Flags): Promise<AdmissionSetup> {
  const selection = {
    enable: flags.list('enable-admission-plugins'),
    disable: flags.list('disable-admission-plugins'),
    defaultNotReadyTolerationSeconds: flags.number('default-not-ready-toleration-seconds'),
    defaultUnreachableTolerationSeconds: flags.number('default-unreachable-toleration-seconds'),
  };
  try {
    resolvePlugins(selection);
  } catch (error) {
    throw new FlagError((error as Error).message);
  }
  const file = flags.optional('admission-control-config-file');
  const configuration =
    file === undefined ? undefined : await forFlag('admission-control-config-file', () => loadAdmissionConfiguration(file));
  const hasWebhooks = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'].some((plugin) => configuration?.has(plugin) === true);
  const readWebhookUsers = hasWebhooks ? (await import('@k/audit')).readKubeconfigUsers : undefined;
  return (dependencies) =>
    forFlag('admission-control-config-file', () =>
      new AdmissionChain().withBuiltInControllers(dependencies, {
        ...selection,
        ...(configuration === undefined ? {} : { configuration }),
        ...(readWebhookUsers === undefined ? {} : { readWebhookUsers }),
      }),
    );
}
