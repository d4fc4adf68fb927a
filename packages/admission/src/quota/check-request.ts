/**
 * What one request is charged for, or why it is refused.
 *
 * 1. Quotas whose names and scopes fit the object are pertinent; the object must say what they oblige it to.
 * 2. The charge is the object's usage; for an update, what it grows by.
 * 3. What the configuration calls limited must be covered by a pertinent quota.
 * 4. No quota may end above its limit.
 */
import { type KubeObject, newStatusError } from '@k/apimachinery';
import type { AdmissionRequest } from '../interface.js';
import { addInto, formatResourceList, growth, type ReadonlyResourceList, type ResourceList } from '../resource-list.js';
import { forbiddenFor } from '../response.js';
import type { QuotaEvaluator } from './evaluator.js';
import { type LimitedResource, limitedNames } from './limited-resources.js';
import { isCounted, mask, type QuotaState } from './quota-state.js';
import { formatScope, type ScopeRequirement } from './scopes.js';

/** What a request adds to one quota; only names that the quota limits, none of them zero. */
export interface Charge {
  quota: string;
  amounts: ReadonlyResourceList;
}

/** Why the amounts do not fit into the quota, or null. */
export function exceededText({ name, hard, used }: QuotaState, amounts: ReadonlyResourceList): string | null {
  const total: ResourceList = new Map(used);
  addInto(total, amounts);
  const over = [...amounts.keys()].filter((key) => {
    const limit = hard.get(key);
    return limit !== undefined && (total.get(key)?.compare(limit) ?? 0) > 0;
  });
  if (over.length === 0) return null;
  const texts = [amounts, used, hard].map((list) => formatResourceList(list, over));
  return `exceeded quota: ${name}, requested: ${texts[0]}, used: ${texts[1]}, limited: ${texts[2]}`;
}

/** The charges of a request. @throws StatusError when it is refused. */
export function checkRequest(
  quotas: readonly QuotaState[],
  request: AdmissionRequest,
  evaluator: QuotaEvaluator,
  limited: readonly LimitedResource[],
): Charge[] {
  const object = request.object as KubeObject;
  const pertinent: QuotaState[] = [];
  const covered = new Set<string>();
  for (const quota of quotas) {
    if (!isCounted(quota, evaluator, object)) continue;
    const names = evaluator.matchingNames(quota.hard.keys());
    const missing = evaluator.missing(names, object);
    if (missing !== null) throw forbiddenFor(request, `failed quota: ${quota.name}: ${missing}`);
    if (names.some((name) => !quota.used.has(name))) {
      throw forbiddenFor(request, `status unknown for quota: ${quota.name}, resources: ${names.sort().join(',')}`);
    }
    for (const name of names) covered.add(name);
    pertinent.push(quota);
  }
  const usage = evaluator.usage(object);
  const negative = [...usage].filter(([, amount]) => amount.sign() < 0).map(([name]) => name);
  if (negative.length > 0) throw forbiddenFor(request, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
  const deltas = deltasOf(request, evaluator, usage, pertinent);
  if (deltas.isNothing) return [];
  requireCover(request, evaluator, quotas, covered, usage, limited);
  const charges: Charge[] = [];
  for (const quota of pertinent) {
    const amounts = mask(deltas.of(quota), quota.hard);
    if (amounts.size === 0) continue;
    const text = request.subresource === 'status' ? null : exceededText(quota, amounts);
    if (text !== null) throw forbiddenFor(request, text);
    charges.push({ quota: quota.name, amounts });
  }
  return charges;
}

interface Deltas {
  of(quota: QuotaState): ReadonlyResourceList;
  /** No pertinent quota grows, nor would any other. */
  isNothing: boolean;
}

function deltasOf(
  request: AdmissionRequest,
  evaluator: QuotaEvaluator,
  usage: ReadonlyResourceList,
  pertinent: readonly QuotaState[],
): Deltas {
  const full = withoutZeros(usage);
  if (request.operation !== 'UPDATE') return { of: () => full, isNothing: full.size === 0 };
  const old = request.oldObject;
  if (old === null) throw forbiddenFor(request, 'unable to get previous usage since prior version of object was not found');
  // An update that creates its object pays for all of it.
  if ((old.metadata?.resourceVersion ?? '') === '') return { of: () => full, isNothing: full.size === 0 };
  const grown = withoutZeros(growth(usage, evaluator.usage(old)));
  const of = (quota: QuotaState): ReadonlyResourceList => (isCounted(quota, evaluator, old) ? grown : full);
  return { of, isNothing: grown.size === 0 && pertinent.every((quota) => of(quota).size === 0) };
}

function withoutZeros(list: ReadonlyResourceList): ReadonlyResourceList {
  return new Map([...list].filter(([, amount]) => !amount.isZero()));
}

function requireCover(
  request: AdmissionRequest,
  evaluator: QuotaEvaluator,
  quotas: readonly QuotaState[],
  covered: ReadonlySet<string>,
  usage: ReadonlyResourceList,
  limited: readonly LimitedResource[],
): void {
  if (limited.length === 0) return;
  const object = request.object as KubeObject;
  const { group, resource } = request.resource;
  const own = limited.filter((entry) => entry.group === group && entry.resource === resource);
  const uncovered = limitedNames(usage, own).filter((name) => !covered.has(name));
  if (uncovered.length > 0) throw forbiddenFor(request, `insufficient quota to consume: ${[...new Set(uncovered)].sort().join(',')}`);
  if (!evaluator.hasScopes) return;
  const isIn = (scope: ScopeRequirement): boolean => evaluator.matchesScope(scope, object);
  const coveredScopes = new Set(quotas.flatMap(({ scopes }) => scopes.filter(isIn)).map(({ scopeName }) => scopeName));
  const open = limited.flatMap(({ matchScopes }) => matchScopes.filter(isIn)).filter(({ scopeName }) => !coveredScopes.has(scopeName));
  if (open.length === 0) return;
  // Upstream sends this one as an error without a reason.
  throw newStatusError(500, '', `insufficient quota to match these scopes: [${open.map(formatScope).join(' ')}]`);
}
