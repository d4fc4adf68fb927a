/** Refuses device classes and claims with selectors that are no valid expressions. */
import { deviceSelectorFault } from '@k/admission/cel';
import { type DeviceSelector, deepEqual, SELECTOR_BYTES_MAX } from '@k/api';
import { type FieldError, forbidden, invalid, type KubeObject, newInvalid } from '@k/apimachinery';
import type { WriteHook } from './server-context.js';

const GROUP = 'resource.k8s.io';

interface Request {
  selectors?: DeviceSelector[];
}

interface ClaimSpec {
  devices?: { requests?: { exactly?: Request; firstAvailable?: Request[] }[] };
}

type Located = readonly [path: string, expression: string];

/** The hooks by `resource.group`. */
export function deviceHooks(): [string, WriteHook][] {
  return [
    hook('deviceclasses', 'DeviceClass', (spec) => expressionsOf(spec as Request, 'spec')),
    hook('resourceclaims', 'ResourceClaim', (spec) => claimExpressions(spec as ClaimSpec, 'spec')),
    hook('resourceclaimtemplates', 'ResourceClaimTemplate', (spec) =>
      claimExpressions((spec as { spec?: ClaimSpec }).spec ?? {}, 'spec.spec'),
    ),
  ];
}

function expressionsOf({ selectors = [] }: Request, at: string): Located[] {
  return selectors.flatMap(({ cel }, i): Located[] =>
    cel === undefined ? [] : [[`${at}.selectors[${i}].cel.expression`, cel.expression ?? '']],
  );
}

function claimExpressions({ devices = {} }: ClaimSpec, at: string): Located[] {
  return (devices.requests ?? []).flatMap(({ exactly = {}, firstAvailable = [] }, i) => {
    const path = `${at}.devices.requests[${i}]`;
    return [
      ...expressionsOf(exactly, `${path}.exactly`),
      ...firstAvailable.flatMap((request, k) => expressionsOf(request, `${path}.firstAvailable[${k}]`)),
    ];
  });
}

function hook(resource: string, kind: string, read: (spec: object) => Located[]): [string, WriteHook] {
  const specOf = (object: KubeObject | null): object => (object?.['spec'] ?? {}) as object;
  const check: NonNullable<WriteHook['check']> = async (server, _context, object, old) => {
    if (old !== null && deepEqual(specOf(object), specOf(old))) return;
    const errors = read(specOf(object)).flatMap(([path, expression]) => errorsOf(path, expression));
    if (errors.length === 0) return;
    const { validate, validateUpdate } = server.catalogue.findResource(GROUP, resource)?.strategy ?? {};
    const others = (old === null ? validate?.(object) : validateUpdate?.(object, old, '')) ?? [];
    throw newInvalid({ group: GROUP, kind }, object.metadata?.name ?? '', [...others, ...errors]);
  };
  return [`${resource}.${GROUP}`, { check }];
}

/** Longer expressions are refused by validation, and not looked at. */
function errorsOf(path: string, expression: string): FieldError[] {
  const fault = Buffer.byteLength(expression) > SELECTOR_BYTES_MAX ? null : deviceSelectorFault(expression);
  if (fault === null) return [];
  return [fault.kind === 'Invalid' ? invalid(path, expression, fault.detail) : forbidden(path, fault.detail)];
}
