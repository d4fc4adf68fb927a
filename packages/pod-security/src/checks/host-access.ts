/** Baseline checks of what a pod shares with its node. */
import { type Check, containersText, eachContext, plural, quoteAll, settersText, sortedSet } from '../check.js';
import type { HostHandler } from '../pod.js';

export const hostNamespaces: Check = {
  id: 'hostNamespaces',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run({ spec }) {
        const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name] === true);
        if (shared.length === 0) return null;
        return {
          reason: 'host namespaces',
          detail: shared.map((name) => `${name}=true`).join(', '),
          fields: shared.map((name) => `spec.${name}`),
        };
      },
    },
  ],
};

export const hostPathVolumes: Check = {
  id: 'hostPathVolumes',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run({ spec }) {
        const names: string[] = [];
        const fields: string[] = [];
        (spec.volumes ?? []).forEach((volume, i) => {
          if (volume['hostPath'] === undefined || volume['hostPath'] === null) return;
          names.push(volume.name);
          fields.push(`spec.volumes[${i}].hostPath`);
        });
        return names.length === 0
          ? null
          : { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume')} ${quoteAll(names)}`, fields };
      },
    },
  ],
};

export const hostPorts: Check = {
  id: 'hostPorts',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run({ containers }) {
        const names: string[] = [];
        const ports: string[] = [];
        const fields: string[] = [];
        for (const { container, path } of containers) {
          let uses = false;
          (container.ports ?? []).forEach(({ hostPort = 0 }, i) => {
            if (hostPort === 0) return;
            uses = true;
            ports.push(String(hostPort));
            fields.push(`${path}.ports[${i}].hostPort`);
          });
          if (uses) names.push(container.name);
        }
        if (names.length === 0) return null;
        const set = sortedSet(ports);
        return {
          reason: 'hostPort',
          detail: `${containersText(names)} ${plural(names.length, 'uses', 'use')} ${plural(set.length, 'hostPort')} ${set.join(', ')}`,
          fields,
        };
      },
    },
  ],
};

export const hostProbesAndHostLifecycle: Check = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  revisions: [
    {
      since: 34,
      run({ containers }) {
        const names: string[] = [];
        const hosts: string[] = [];
        const fields: string[] = [];
        for (const { container, path } of containers) {
          const handlers: [string, HostHandler | null | undefined][] = [
            ['livenessProbe', container.livenessProbe],
            ['readinessProbe', container.readinessProbe],
            ['startupProbe', container.startupProbe],
            ['lifecycle.postStart', container.lifecycle?.postStart],
            ['lifecycle.preStop', container.lifecycle?.preStop],
          ];
          for (const [where, handler] of handlers) {
            for (const kind of ['httpGet', 'tcpSocket'] as const) {
              const host = handler?.[kind]?.host ?? '';
              if (host === '') continue;
              names.push(container.name);
              hosts.push(host);
              fields.push(`${path}.${where}.${kind}.host`);
            }
          }
        }
        if (fields.length === 0) return null;
        const who = sortedSet(names);
        const set = sortedSet(hosts);
        return {
          reason: 'probe or lifecycle host',
          detail: `${containersText(who)} ${plural(who.length, 'uses', 'use')} probe or lifecycle ${plural(set.length, 'host')} ${quoteAll(set)}`,
          fields,
        };
      },
    },
  ],
};

export const privileged: Check = {
  id: 'privileged',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run({ containers }) {
        const bad = containers.filter(({ container }) => container.securityContext?.privileged === true);
        if (bad.length === 0) return null;
        return {
          reason: 'privileged',
          detail: `${containersText(bad.map(({ container }) => container.name))} must not set securityContext.privileged=true`,
          fields: bad.map(({ path }) => `${path}.securityContext.privileged`),
        };
      },
    },
  ],
};

export const windowsHostProcess: Check = {
  id: 'windowsHostProcess',
  level: 'baseline',
  revisions: [
    {
      since: 0,
      run(view) {
        let isPod = false;
        const names: string[] = [];
        const fields: string[] = [];
        eachContext(view, ({ windowsOptions }, path, visited) => {
          if (windowsOptions?.hostProcess !== true) return;
          if (visited === null) isPod = true;
          else names.push(visited.container.name);
          fields.push(`${path}.windowsOptions.hostProcess`);
        });
        return fields.length === 0
          ? null
          : {
              reason: 'hostProcess',
              detail: `${settersText(isPod, names)} must not set securityContext.windowsOptions.hostProcess=true`,
              fields,
            };
      },
    },
  ],
};
