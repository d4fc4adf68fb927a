/** `PodSecurityConfiguration`: what holds where labels say nothing, and who is exempt. */
import { aggregateFieldErrors, duplicate, type FieldError, invalid } from '@k/apimachinery';
import { type LevelVersion, type Policy, PRIVILEGED_POLICY, parseLevel, parseVersion } from '@k/pod-security';
import { ConfigurationReader } from '../configuration-reader.js';

/** The controller's configuration. */
export interface PodSecurityOptions {
  /** Default: everything privileged. */
  defaults?: Policy;
  /** Compared as they are; empty names exempt nobody. Default: none. */
  exemptions?: { usernames?: readonly string[]; namespaces?: readonly string[]; runtimeClasses?: readonly string[] };
}

const GROUP = 'pod-security.admission.config.k8s.io';
const MODES = ['enforce', 'audit', 'warn'] as const;

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const tooLong = (text: string, max: number): string[] => (Buffer.byteLength(text) > max ? [`must be no more than ${max} bytes`] : []);
const validateLabel = (text: string): string[] => [...tooLong(text, 63), ...(LABEL.test(text) ? [] : [LABEL_TEXT])];
const validateSubdomain = (text: string): string[] => [...tooLong(text, 253), ...(SUBDOMAIN.test(text) ? [] : [SUBDOMAIN_TEXT])];
const validateUsername = (text: string): string[] => (text === '' ? ['username must not be empty'] : []);

function parseDefaults(reader: ConfigurationReader): Policy {
  reader.expectFields(MODES.flatMap((mode) => [mode, `${mode}-version`]));
  const errors: string[] = [];
  const read = <T>(field: string, parse: (text: string) => T, fallback: T): T => {
    const text = reader.optionalString(field) ?? '';
    if (text === '') return fallback;
    try {
      return parse(text);
    } catch (error) {
      errors.push(`${field}: ${(error as Error).message}`);
      return fallback;
    }
  };
  const policyOf = (mode: (typeof MODES)[number]): LevelVersion => ({
    level: read(mode, parseLevel, 'privileged'),
    version: read(`${mode}-version`, parseVersion, 'latest'),
  });
  const policy: Policy = { enforce: policyOf('enforce'), audit: policyOf('audit'), warn: policyOf('warn') };
  if (errors.length === 0) return policy;
  throw new RangeError(`PodSecurity configuration error: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`);
}

function validateNames(field: string, names: readonly string[], validate: (name: string) => string[]): FieldError[] {
  const valid = new Set<string>();
  return names.flatMap((name, i): FieldError[] => {
    const path = `exemptions.${field}[${i}]`;
    const problems = validate(name);
    if (problems.length > 0) return [invalid(path, name, problems.join(', '))];
    if (valid.has(name)) return [duplicate(path, name)];
    valid.add(name);
    return [];
  });
}

/**
 * Reads the configuration of the plugin, strictly: unknown fields are errors.
 *
 * @param configuration - The object of the admission configuration file. undefined = all defaults.
 * @throws {RangeError} naming the field and the value that is wrong, in kube-apiserver's words.
 */
export function parsePodSecurityConfiguration(configuration: unknown): Required<PodSecurityOptions> {
  if (configuration === undefined || configuration === null) return { defaults: PRIVILEGED_POLICY, exemptions: {} };
  const reader = new ConfigurationReader('PodSecurity', configuration);
  reader.expectKind(['v1', 'v1beta1', 'v1alpha1'].map((version) => [`${GROUP}/${version}`, 'PodSecurityConfiguration'] as const));
  reader.expectFields(['apiVersion', 'kind', 'defaults', 'exemptions']);
  const defaults = parseDefaults(reader.object('defaults'));
  const exempt = reader.object('exemptions');
  exempt.expectFields(['usernames', 'namespaces', 'runtimeClasses']);
  const namespaces = exempt.strings('namespaces');
  const runtimeClasses = exempt.strings('runtimeClasses');
  const usernames = exempt.strings('usernames');
  const errors = [
    ...validateNames('namespaces', namespaces, validateLabel),
    ...validateNames('runtimeClasses', runtimeClasses, validateSubdomain),
    ...validateNames('usernames', usernames, validateUsername),
  ];
  if (errors.length > 0) throw new RangeError(`PodSecurity invalid: ${aggregateFieldErrors(errors)}`);
  return { defaults, exemptions: { usernames, namespaces, runtimeClasses } };
}
