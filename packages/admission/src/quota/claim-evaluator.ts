/** Persistent volume claims: their number and storage, in all and per storage class. */
import { type KubeObject, Quantity } from '@k/apimachinery';
import { type Claim, storageClassOf } from '../claim-fields.js';
import { isFor, isWrite } from '../request-match.js';
import type { ResourceList } from '../resource-list.js';
import type { QuotaEvaluator } from './evaluator.js';
import { matchesValue, type ScopeRequirement } from './scopes.js';

const COUNT = 'persistentvolumeclaims';
const STORAGE = 'requests.storage';
const OF_CLASS = '.storageclass.storage.k8s.io/';
const ONE = Quantity.of(1n);

function isClaimName(name: string): boolean {
  if (name === COUNT || name === STORAGE || name === `count/${COUNT}`) return true;
  return name.endsWith(`${OF_CLASS}${COUNT}`) || name.endsWith(`${OF_CLASS}${STORAGE}`);
}

/** Whole bytes: what is asked for, or what a larger resize in progress holds. */
function storageOf({ spec, status }: Claim): Quantity | undefined {
  const asked = spec?.resources?.requests?.['storage'];
  if (asked === undefined) return undefined;
  let amount = Quantity.parse(asked);
  const allocated = status?.allocatedResources?.['storage'];
  if (allocated !== undefined) {
    const held = Quantity.parse(allocated);
    if (held.compare(amount) > 0) amount = held;
  }
  return Quantity.of(amount.value(), amount.format);
}

function usage(object: KubeObject): ResourceList {
  const claim = object as Claim;
  const out: ResourceList = new Map([
    [COUNT, ONE],
    [`count/${COUNT}`, ONE],
  ]);
  const className = storageClassOf(claim);
  if (className !== '') out.set(`${className}${OF_CLASS}${COUNT}`, ONE);
  const storage = storageOf(claim);
  if (storage === undefined) return out;
  out.set(STORAGE, storage);
  if (className !== '') out.set(`${className}${OF_CLASS}${STORAGE}`, storage);
  return out;
}

/** A claim may refer to three attributes classes: the wanted, the present and the one it is changing to. */
function matchesScope(scope: ScopeRequirement, object: KubeObject): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const { spec, status } = object as Claim;
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].filter((name): name is string => name !== undefined && name !== '');
  return names.length === 0 ? matchesValue(scope, '') : names.some((name) => matchesValue(scope, name));
}

export function claimEvaluator(): QuotaEvaluator {
  return {
    group: '',
    resource: 'persistentvolumeclaims',
    hasScopes: true,
    handles: (request) =>
      (isFor(request, '', COUNT) && isWrite(request.operation)) || (isFor(request, '', COUNT, 'status') && request.operation === 'UPDATE'),
    matchingNames: (names) => [...names].filter(isClaimName),
    usage,
    matchesScope,
    missing: () => null,
  };
}
