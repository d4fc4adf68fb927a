/** The options of a connection: from its query, as admission sees them, and as kubelets take them. */
import type { KubeObject } from '@k/apimachinery';
import type { RequestContext } from '../context.js';
import { parseBoolean } from '../rest/options.js';
import { parseInteger } from '../rest/read-options.js';

const NO_QUERY = new URLSearchParams();
/** Switches of exec and attach, and their names in queries to kubelets. */
const STREAMS = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' } as const;

interface StreamOptions extends KubeObject {
  container?: string;
  command?: string[];
  ports?: number[];
}

/** `PodExecOptions`, `PodAttachOptions` or `PodPortForwardOptions`. @throws 400 for ports that are no numbers. */
export function streamOptions(kind: string, { query }: RequestContext): KubeObject {
  const given = query ?? NO_QUERY;
  const options: StreamOptions = { kind, apiVersion: 'v1' };
  if (kind === 'PodPortForwardOptions') {
    const ports = given.getAll('ports').map((text) => parseInteger(text) ?? 0);
    return ports.length > 0 ? { ...options, ports } : options;
  }
  for (const name of Object.keys(STREAMS)) if (given.has(name) && parseBoolean(given.get(name) ?? '')) options[name] = true;
  const container = given.get('container') ?? '';
  if (container !== '') options.container = container;
  const command = given.getAll('command');
  if (kind === 'PodExecOptions' && command.length > 0) options.command = command;
  return options;
}

/** The query of a kubelet's `/exec`, `/attach` or `/portForward`; '' when it is empty. */
export function kubeletQuery(options: KubeObject): string {
  const { command = [], ports = [] } = options as StreamOptions;
  const query = new URLSearchParams();
  for (const word of command) query.append('command', word);
  for (const [name, param] of Object.entries(STREAMS)) if (options[name] === true) query.set(param, '1');
  if (ports.length > 0) query.set('port', ports.join(','));
  query.sort();
  return query.toString();
}

/** The container that options name; '' when they do not. */
export function wantedContainer(options: KubeObject): string {
  return (options as StreamOptions).container ?? '';
}
