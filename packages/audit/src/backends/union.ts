import type { AuditBackend } from './backend.js';

/** Hands events to several backends; succeeds when all do. */
export function unionBackend(backends: readonly AuditBackend[]): AuditBackend {
  if (backends.length === 1) return backends[0] as AuditBackend;
  return {
    name: `union[${backends.map(({ name }) => name).join(',')}]`,
    process(events) {
      const results = backends.map((backend) => backend.process(events));
      return results.some((result) => result instanceof Promise)
        ? Promise.all(results).then((all) => all.every(Boolean))
        : results.every((result) => result === true);
    },
    async close() {
      await Promise.all(backends.map((backend) => backend.close()));
    },
  };
}

/** Reports success whatever happens: mode `blocking`. */
export function ignoreErrors(backend: AuditBackend): AuditBackend {
  return {
    name: `ignoreErrors<${backend.name}>`,
    process(events) {
      const result = backend.process(events);
      return result instanceof Promise ? result.then(() => true) : true;
    },
    close: () => backend.close(),
  };
}
