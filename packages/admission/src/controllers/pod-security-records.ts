/** What PodSecurity writes down about a request: metrics and audit annotations. */
import { aggregateFieldErrors, invalid, KUBERNETES_VERSION } from '@k/apimachinery';
import { type LevelVersion, minorOf, type PolicyError } from '@k/pod-security';
import type { AdmissionMetrics, AdmissionRequest } from '../interface.js';

const PREFIX = 'pod-security.kubernetes.io/';
const SERVER_MINOR = Number(KUBERNETES_VERSION.split('.')[1]);

/** Adds an audit annotation of Pod Security. */
export function annotate(request: AdmissionRequest, key: 'enforce-policy' | 'audit-violations' | 'exempt' | 'error', value: string): void {
  request.addAuditAnnotation(`${PREFIX}${key}`, value);
}

/** Errors of labels as upstream prints them. */
export function policyErrorsText(errors: readonly PolicyError[]): string {
  return aggregateFieldErrors(errors.map(({ field, value, detail }) => invalid(field, value, detail)));
}

/** Versions above the server's own are one series, so that labels cannot make metrics grow. */
function versionLabel({ level, version }: LevelVersion): string {
  if (level === 'privileged' || version === 'latest') return 'latest';
  return minorOf(version) > SERVER_MINOR ? 'future' : version;
}

/** The counters of one kind of object. */
export class PodSecurityCounters {
  readonly #metrics: AdmissionMetrics | undefined;
  readonly #resource: 'pod' | 'controller';

  constructor(metrics: AdmissionMetrics | undefined, resource: 'pod' | 'controller') {
    this.#metrics = metrics;
    this.#resource = resource;
  }

  evaluated(request: AdmissionRequest, mode: 'enforce' | 'audit' | 'warn', target: LevelVersion, decision: 'allow' | 'deny'): void {
    this.#count(request, 'pod_security_evaluations_total', {
      decision,
      policy_level: target.level,
      policy_version: versionLabel(target),
      mode,
    });
  }

  exempted(request: AdmissionRequest): void {
    this.#count(request, 'pod_security_exemptions_total', {});
  }

  failed(request: AdmissionRequest, { isFatal }: { isFatal: boolean }): void {
    this.#count(request, 'pod_security_errors_total', { fatal: String(isFatal) });
  }

  #count(request: AdmissionRequest, name: string, labels: Record<string, string>): void {
    this.#metrics?.increment(name, {
      ...labels,
      request_operation: request.operation.toLowerCase(),
      resource: this.#resource,
      subresource: request.subresource,
    });
  }
}
