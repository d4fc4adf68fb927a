/** Table cases of controllers: one request through one controller, and what must come of it. */
import type { KubeObject } from '@k/apimachinery';
import {
  AdmissionChain,
  type AdmissionOutcome,
  type AdmissionRequestOptions,
  BUILT_IN_CONTROLLERS,
  createAdmissionRequest,
  isDefaultPlugin,
  MemoryObjects,
  memoryDependencies,
} from '../../src/index.js';

/** `pods`, `deployments.apps`. */
type ResourceName = string;

export interface Case {
  name: string;
  /** Objects of the cluster, by resource. */
  objects?: Record<ResourceName, object[]>;
  resource: ResourceName;
  request: Partial<Omit<AdmissionRequestOptions, 'resource' | 'object' | 'oldObject'>> & { object?: object; oldObject?: object };
  /** `verb resource/subresource name` that the user may do. */
  may?: string[];
  configuration?: object;
  /** The whole message of the refusal; absent = allowed. */
  message?: string;
  /** Default 403. */
  code?: number;
  /** Values of the admitted object, by dotted path. */
  object?: Record<string, unknown>;
}

const groupResource = (name: ResourceName): { group: string; resource: string } => {
  const [resource = '', ...group] = name.split('.');
  return { resource, group: group.join('.') };
};

export function memoryOf(objects: Case['objects'] = {}): MemoryObjects {
  const memory = new MemoryObjects();
  for (const [name, list] of Object.entries(objects)) {
    const { group, resource } = groupResource(name);
    for (const object of list) memory.set(group, resource, object as KubeObject);
  }
  return memory;
}

/** A chain of one built-in controller. */
export function chainOf(
  controller: string,
  memory: MemoryObjects,
  { may = [], configuration }: Pick<Case, 'may' | 'configuration'> = {},
): AdmissionChain {
  const dependencies = memoryDependencies(memory, {
    now: () => Date.parse('2026-01-01T00:00:00Z'),
    authorize: async ({ verb, resource, subresource = '', name = '' }) => ({
      allowed: may.includes(`${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} ${name}`),
      reason: 'no rule',
    }),
  });
  return new AdmissionChain().withBuiltInControllers(dependencies, {
    enable: [controller],
    disable: BUILT_IN_CONTROLLERS.filter((name) => name !== controller && isDefaultPlugin(name)),
    ...(configuration === undefined ? {} : { configuration: new Map([[controller, configuration]]) }),
  });
}

export function run(controller: string, given: Case): Promise<AdmissionOutcome> {
  const request = createAdmissionRequest({
    operation: 'CREATE',
    resource: { version: 'v1', ...groupResource(given.resource) },
    user: { username: 'alice', groups: ['system:authenticated'] },
    ...(given.request as Partial<AdmissionRequestOptions>),
  });
  return chainOf(controller, memoryOf(given.objects), given).admit(request);
}

/** The value at a dotted path. */
export function at(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
}
