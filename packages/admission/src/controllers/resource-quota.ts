/** ResourceQuota: charges what requests use to the quotas of their namespace, and refuses what does not fit. */
import type { AdmissionController, AdmissionDependencies } from '../interface.js';
import { ObjectCaches } from '../object-caches.js';
import { QuotaEvaluators } from '../quota/evaluators.js';
import { QuotaLedger } from '../quota/ledger.js';
import type { LimitedResource } from '../quota/limited-resources.js';
import { QuotaReservations } from '../quota/reservations.js';
import { isNamespace, isWrite } from '../request-match.js';

/** Longer than a request waits for its turn, so that the message is the quota's own. */
const TIMEOUT_MS = 12_000;

/** The ResourceQuota controller. */
export function resourceQuota(dependencies: AdmissionDependencies, limited: readonly LimitedResource[] = []): AdmissionController {
  const { objects, sink, now = Date.now } = dependencies;
  const caches = new ObjectCaches(objects, ['', 'resourcequotas']);
  const evaluators = new QuotaEvaluators(now);
  const ledger = dependencies.quotaLedger ?? new QuotaLedger(now);
  const reservations = new QuotaReservations({ objects, sink, ledger, limited });
  return {
    name: 'ResourceQuota',
    timeoutMs: TIMEOUT_MS,
    supportsOperation: isWrite,
    validate(request) {
      if (request.namespace === '' || request.object === null || isNamespace(request)) return undefined;
      const evaluator = evaluators.find(request.resource);
      if (evaluator === undefined || !evaluator.handles(request)) return undefined;
      return caches.whenFilled(request, () =>
        reservations.isFree(request.namespace) ? undefined : reservations.reserve(request, evaluator),
      );
    },
  };
}
