import { aggregate } from '../errors.js';

const ANNOTATIONS_BYTES_MAX = 32 * 1024;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_FAULT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** Why annotations cannot be stored; `null` when they can. Their names are domains, together they have at most 32 KiB. */
export function annotationsFault(annotations: Readonly<Record<string, Uint8Array>>): string | null {
  const faults: string[] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(annotations)) {
    const fault = nameFault(name);
    if (fault !== null) faults.push(`annotations: ${fault}`);
    bytes += new TextEncoder().encode(name).length + value.length;
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) {
    faults.push(`total size of annotations is ${bytes}, which exceeds the max size of ${ANNOTATIONS_BYTES_MAX}`);
  }
  return faults.length === 0 ? null : aggregate(faults);
}

function nameFault(text: string): string | null {
  if (text === '') return 'Required value';
  const name = text.replace(/\.$/, '');
  const invalid = (detail: string): string => `Invalid value: ${JSON.stringify(name)}: ${detail}`;
  const long = name.length > 253 ? ['must be no more than 253 characters'] : [];
  const faults = SUBDOMAIN.test(name) ? long : [...long, SUBDOMAIN_FAULT];
  if (faults.length > 0) return invalid(faults.join(','));
  const labels = name.split('.');
  if (labels.length < 2) return invalid('should be a domain with at least two segments separated by dots');
  const label = labels.find((each) => each.length > 63 || !LABEL.test(each));
  return label === undefined ? null : `Invalid value: ${JSON.stringify(label)}: must be no more than 63 characters`;
}
