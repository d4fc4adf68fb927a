import { KUBERNETES_VERSION } from '@k/apimachinery';
import type { Filter, RequestContext } from '../context.js';
import { negotiate } from '../http/negotiate.js';
import { sendBytes, sendObject } from '../http/respond.js';
import type { ServerMetrics } from '../metrics.js';
import { methodNotAllowed } from '../rest/dispatch.js';
import { HealthMetrics } from './health-metrics.js';

/** One check of `/readyz` and its like. Throws or rejects when it fails; the text goes to the log, not to clients. */
export interface HealthCheck {
  name: string;
  /** On which endpoints it counts. */
  endpoints: readonly ('healthz' | 'livez' | 'readyz')[];
  check: () => void | Promise<void>;
}

/** The version that the server answers to. */
export const VERSION: Readonly<Record<string, string>> = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: KUBERNETES_VERSION,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: `node${process.versions.node}`,
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

const PLAIN = 'text/plain; charset=utf-8';

/** Serves `/healthz`, `/livez`, `/readyz` (with `?verbose`, `?exclude=` and single checks), `/version`, `/metrics`, `/metrics/slis`. */
export function healthFilter(checks: readonly HealthCheck[], metrics: ServerMetrics): Filter {
  const health = new HealthMetrics();
  return {
    name: 'health',
    why: 'after authorization: who may see health is a matter of RBAC',
    async handle(context: RequestContext) {
      const { path } = context;
      if (path === '/version' || path === '/version/') {
        if (!['GET', 'HEAD'].includes(context.exchange.method)) throw methodNotAllowed();
        context.media = negotiate(undefined, { transforms: false }, true);
        await sendObject(context, 200, VERSION);
        return;
      }
      if (path === '/metrics') {
        await sendBytes(context, 200, metrics.registry.contentType, await metrics.registry.metrics());
        return;
      }
      if (path === '/metrics/slis') {
        if (context.exchange.method === 'DELETE') {
          health.reset();
          await sendBytes(context, 200, PLAIN, 'metrics reset\n');
        } else await sendBytes(context, 200, health.registry.contentType, await health.registry.metrics());
        return;
      }
      const match = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(path);
      if (match === null) return;
      await serveHealth(context, { checks, health }, match[1] as 'healthz', match[2]);
    },
  };
}

async function serveHealth(
  context: RequestContext,
  { checks, health }: { checks: readonly HealthCheck[]; health: HealthMetrics },
  endpoint: 'healthz' | 'livez' | 'readyz',
  only: string | undefined,
): Promise<void> {
  const wanted = checks.filter((check) => check.endpoints.includes(endpoint) && (only === undefined || check.name === only));
  if (only !== undefined && wanted.length === 0) {
    await sendBytes(context, 404, PLAIN, '404 page not found\n');
    return;
  }
  const excluded = context.query?.getAll('exclude') ?? [];
  const lines: string[] = [];
  let failed = false;
  for (const check of wanted) {
    if (excluded.includes(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`);
      continue;
    }
    let isHealthy = true;
    try {
      await check.check();
      lines.push(`[+]${check.name} ok`);
    } catch {
      isHealthy = false;
      failed = true;
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
    if (only === undefined) health.observe(check.name, endpoint, isHealthy);
  }
  if (failed || only === undefined) context.responseHeaders['x-content-type-options'] = 'nosniff';
  if (failed) {
    await sendBytes(
      context,
      500,
      PLAIN,
      only === undefined ? `${lines.join('\n')}\n${endpoint} check failed\n` : 'internal server error: reason withheld\n',
    );
    return;
  }
  const verbose = context.query?.has('verbose') === true;
  await sendBytes(context, 200, PLAIN, verbose && only === undefined ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok');
}
