/** Baseline checks of what a pod shares with its node. */
import { type Check, contextFields, findContainers, findSetters } from '../check.js';
import { containersText, plural, quoteAll, settersText, sortedSet } from '../text.js';
import type { ContainerView, ContextView } from '../view.js';

const NAMESPACES = ['hostNetwork', 'hostPID', 'hostIPC'] as const;

/** Pods keep out of the node's namespaces. */
export const hostNamespaces: Check = {
  id: 'hostNamespaces',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        if (!view.hostNetwork && !view.hostPID && !view.hostIPC) return null;
        const shared = NAMESPACES.filter((name) => view[name]);
        return {
          reason: 'host namespaces',
          detail: shared.map((name) => `${name}=true`).join(', '),
          fields: shared.map((name) => `spec.${name}`),
        };
      },
    },
  ],
};

const takesHostPorts = ({ hostPorts }: ContainerView): boolean => hostPorts.length > 0;

/** Containers take no port of the node. */
export const hostPorts: Check = {
  id: 'hostPorts',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const bad = findContainers(view, takesHostPorts);
        if (bad === null) return null;
        const set = sortedSet(bad.flatMap((container) => container.hostPorts.map(({ port }) => String(port))));
        return {
          reason: 'hostPort',
          detail: `${containersText(bad)} ${plural(bad.length, 'uses', 'use')} ${plural(set.length, 'hostPort')} ${set.join(', ')}`,
          fields: bad.flatMap((container) => container.hostPorts.map(({ index }) => `${container.path}.ports[${index}].hostPort`)),
        };
      },
    },
  ],
};

const namesHosts = ({ hosts }: ContainerView): boolean => hosts.length > 0;

/** Probes and lifecycle handlers reach for the pod itself, not for other hosts. */
export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  revisions: [
    {
      since: 34,
      run(view) {
        const bad = findContainers(view, namesHosts);
        if (bad === null) return null;
        const who = sortedSet(bad.map(({ name }) => name)).map((name) => ({ name }));
        const set = sortedSet(bad.flatMap(({ hosts }) => hosts.map(({ host }) => host)));
        return {
          reason: 'probe or lifecycle host',
          detail: `${containersText(who)} ${plural(who.length, 'uses', 'use')} probe or lifecycle ${plural(set.length, 'host')} ${quoteAll(set)}`,
          fields: bad.flatMap(({ hosts, path }) => hosts.map(({ field }) => `${path}.${field}`)),
        };
      },
    },
  ],
};

const isPrivileged = (container: ContainerView): boolean => container.privileged === true;

/** Containers are not privileged. */
export const privileged: Check = {
  id: 'privileged',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const bad = findContainers(view, isPrivileged);
        if (bad === null) return null;
        return {
          reason: 'privileged',
          detail: `${containersText(bad)} must not set securityContext.privileged=true`,
          fields: contextFields(bad, 'privileged'),
        };
      },
    },
  ],
};

const isHostProcess = ({ hostProcess }: ContextView): boolean => hostProcess;

/** Windows containers do not run as processes of the node. */
export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        const bad = findSetters(view, isHostProcess);
        if (bad === null) return null;
        return {
          reason: 'hostProcess',
          detail: `${settersText(bad.isPod, bad.containers)} must not set securityContext.windowsOptions.hostProcess=true`,
          fields: bad.paths.map((path) => `${path}.windowsOptions.hostProcess`),
        };
      },
    },
  ],
};
