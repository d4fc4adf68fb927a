import type { KubeObject } from '@k/apimachinery';
import type { Condition } from './conditions.js';
import type { FieldErrors } from './field-errors.js';
import type { KindValidation } from './kind-validation.js';
import { isDns1035Label, isDns1123Subdomain, isPathSegment, isPortNumber } from './names.js';

interface ServiceSpec {
  group?: string;
  version?: string;
  groupPriorityMinimum?: number;
  versionPriority?: number;
  insecureSkipTLSVerify?: boolean;
  caBundle?: string;
  service?: { name?: string; namespace?: string; port?: number };
}

const GROUP_PRIORITY_MAX = 20000;
const VERSION_PRIORITY_MAX = 1000;

function validateService(object: KubeObject, errors: FieldErrors): void {
  const spec = (object['spec'] ?? {}) as ServiceSpec;
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0, service } = spec;
  const name = object.metadata?.name ?? '';
  const wanted = `${version}.${group}`;
  if (name !== wanted && name !== '')
    errors.invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`);
  if (group !== '') {
    const faults = isDns1123Subdomain(group);
    if (faults.length > 0) errors.invalid('spec.group', group, faults.join(','));
  }
  const faults = isDns1035Label(version);
  if (faults.length > 0) errors.invalid('spec.version', version, faults.join(','));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > GROUP_PRIORITY_MAX) {
    errors.invalid('spec.groupPriorityMinimum', groupPriorityMinimum, `must be positive and less than ${GROUP_PRIORITY_MAX}`);
  }
  if (versionPriority <= 0 || versionPriority > VERSION_PRIORITY_MAX) {
    errors.invalid('spec.versionPriority', versionPriority, `must be positive and less than ${VERSION_PRIORITY_MAX}`);
  }
  if (service === undefined) {
    if ((spec.caBundle ?? '') !== '') {
      errors.invalid(
        'spec.caBundle',
        `${Buffer.from(spec.caBundle as string, 'base64').length} bytes`,
        'local APIServices may not have a caBundle',
      );
    }
    if (spec.insecureSkipTLSVerify === true) {
      errors.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
    }
    return;
  }
  if ((service.namespace ?? '') === '') errors.required('spec.service.namespace');
  if ((service.name ?? '') === '') errors.required('spec.service.name');
  const port = service.port ?? 443;
  if (isPortNumber(port).length > 0) errors.invalid('spec.service.port', port, `port is not valid: ${isPortNumber(port).join(',')}`);
  if (spec.insecureSkipTLSVerify === true && (spec.caBundle ?? '') !== '') {
    errors.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
  }
}

/** Groups that other servers answer for. */
export const apiServiceValidation: KindValidation = {
  nameRule: isPathSegment,
  create: validateService,
  subresources: {
    status: (object, _old, errors) => {
      const conditions = (object['status'] as { conditions?: Condition[] } | undefined)?.conditions;
      conditions?.forEach(({ status = '' }, i) => {
        if (!['True', 'False', 'Unknown'].includes(status)) {
          errors.notSupported(`status.conditions[${i}].status`, status, ['False', 'True', 'Unknown']);
        }
      });
    },
  },
};
