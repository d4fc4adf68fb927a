/** `/statusz` and `/flagz`: what runs here and how it was started, for people, and structured for those who ask so. */
import type { Filter, RequestContext } from '../context.js';
import { notAcceptable, parseAccept } from '../http/negotiate.js';
import { sendBytes, toJson } from '../http/respond.js';
import { toYaml } from '../http/yaml-body.js';
import { VERSION } from './health.js';

const COMPONENT = 'kube-apiserver';
const GROUP = 'config.k8s.io';
/** 1.36 brought `v1beta1`; both have the same fields. */
const VERSIONS: readonly string[] = ['v1alpha1', 'v1beta1'];
const PRODUCED = ['text/plain', 'application/json', 'application/yaml'] as const;
const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';
/** What the server serves outside the API, by first segment. */
const PATHS = ['/healthz', '/livez', '/metrics', '/readyz', '/version'] as const;

/** Which of the pages there are. */
export interface ZPages {
  /** Feature gate `ComponentStatusz`. */
  statusz: boolean;
  /** Flags and their values as text, without secrets; absent = no `/flagz` (feature gate `ComponentFlagz`). */
  flagz?: () => Readonly<Record<string, string>>;
}

/** Serves the pages. */
export function zPagesFilter({ statusz, flagz }: ZPages): Filter {
  const paths = [...PATHS, ...(statusz ? ['/statusz'] : []), ...(flagz === undefined ? [] : ['/flagz'])].sort();
  return {
    name: 'z-pages',
    why: 'after authorization: who may see them is a matter of RBAC',
    handle(context: RequestContext) {
      if (context.path === '/statusz' && statusz) {
        const status = currentStatus(paths);
        send(context, 'Statusz', { text: statusText(status), fields: status });
      } else if (context.path === '/flagz' && flagz !== undefined) {
        const values = flagz();
        const names = Object.keys(values).sort();
        const flags = Object.fromEntries(names.map((name) => [name, values[name]]));
        send(context, 'Flagz', { text: names.map((name) => `${name}=${values[name]}\n`).join(''), fields: { flags } });
      }
    },
  };
}

interface Status {
  startTime: string;
  uptimeSeconds: number;
  goVersion: string;
  binaryVersion: string;
  emulationVersion: string;
  paths: readonly string[];
}

function currentStatus(paths: readonly string[]): Status {
  const { goVersion = '', gitVersion = '', emulationMajor, emulationMinor } = VERSION;
  return {
    startTime: `${new Date(performance.timeOrigin).toISOString().slice(0, 19)}Z`,
    uptimeSeconds: Math.floor(performance.now() / 1000),
    goVersion,
    binaryVersion: gitVersion.replace(/^v/, ''),
    emulationVersion: `${emulationMajor}.${emulationMinor}`,
    paths,
  };
}

function statusText({ startTime, uptimeSeconds, goVersion, binaryVersion, emulationVersion, paths }: Status): string {
  const two = (value: number): string => String(value % 60).padStart(2, '0');
  const up = `${Math.floor(uptimeSeconds / 3600)} hr ${two(Math.floor(uptimeSeconds / 60))} min ${two(uptimeSeconds)} sec`;
  return `
Started: ${unixDate(new Date(startTime))}
Up: ${up}
Go version: ${goVersion}
Binary version: ${binaryVersion}
Emulation version: ${emulationVersion}
Paths: ${paths.join(' ')}
`;
}

/** As `date` writes it: `Wed Oct 16 21:03:43 UTC 2024`. */
function unixDate(time: Date): string {
  const [weekday, day, month, year, clock] = time.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${clock} UTC ${year}`;
}

function send(context: RequestContext, kind: 'Statusz' | 'Flagz', { text, fields }: { text: string; fields: object }): void {
  const form = formOf(context.exchange.headers.accept, kind);
  if (form === 'text') {
    sendBytes(context, 200, 'text/plain; charset=utf-8', `\n${COMPONENT} ${kind.toLowerCase()}\n${WARNING}\n${text}`);
    return;
  }
  const object = { kind, apiVersion: `${GROUP}/${form.version}`, metadata: { name: COMPONENT }, ...fields };
  const isYaml = form.type === 'application/yaml';
  sendBytes(context, 200, form.type, isYaml ? toYaml(object) : `${toJson(object)}\n`);
}

/** Text unless a structured form is asked for in full. @throws 406 when nothing that is asked for can be written. */
function formOf(accept: string | undefined, kind: string): 'text' | { type: 'application/json' | 'application/yaml'; version: string } {
  for (const { type, params } of parseAccept(accept === undefined || accept === '' ? '*/*' : accept)) {
    if (type === '*/*' || type === 'text/*' || type === 'text/plain') return 'text';
    if (type !== 'application/json' && type !== 'application/yaml') continue;
    const { g: group, v: version = '', as } = params;
    if (group === GROUP && as === kind && VERSIONS.includes(version)) return { type, version };
  }
  throw notAcceptable(PRODUCED);
}
