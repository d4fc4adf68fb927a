/** The view of one container, filled anew for every pod. */
import { ContextSlot } from './context-slot.js';
import { malformedPod } from './errors.js';
import type { Container } from './pod.js';
import { booleanAt, type Fields, integerAt, listAt, NO_FIELDS, NOTHING, objectAt, textAt, textsAt } from './typed-fields.js';
import type { ContainerView, HostUse } from './view.js';

/** The places of a handler's fields, after the container's path. */
interface HandlerPlaces {
  handler: string;
  httpGet: string;
  httpGetHost: string;
  tcpSocket: string;
  tcpSocketHost: string;
}

const placesOf = (handler: string): HandlerPlaces => ({
  handler,
  httpGet: `${handler}.httpGet`,
  httpGetHost: `${handler}.httpGet.host`,
  tcpSocket: `${handler}.tcpSocket`,
  tcpSocketHost: `${handler}.tcpSocket.host`,
});

const LIVENESS = placesOf('.livenessProbe');
const READINESS = placesOf('.readinessProbe');
const STARTUP = placesOf('.startupProbe');
const POST_START = placesOf('.lifecycle.postStart');
const PRE_STOP = placesOf('.lifecycle.preStop');

/** Where a {@link ContainerView} is read into; its place in the pod is fixed. */
export class ContainerSlot extends ContextSlot implements ContainerView {
  readonly path: string;
  container: Container = NO_FIELDS as unknown as Container;
  name = '';
  privileged: boolean | undefined = undefined;
  allowPrivilegeEscalation: boolean | undefined = undefined;
  procMount: string | undefined = undefined;
  added: readonly string[] = NOTHING;
  dropped: readonly string[] = NOTHING;
  hostPorts: readonly { port: number; index: number }[] = NOTHING;
  hosts: readonly HostUse[] = NOTHING;

  constructor(path: string) {
    super(path);
    this.path = path;
  }

  read(value: unknown): void {
    const container = objectAt(value, this.path, '') ?? NO_FIELDS;
    this.container = container as unknown as Container;
    this.name = textAt(container['name'], this.path, '.name') ?? '';
    this.#readContext(objectAt(container['securityContext'], this.contextPath, ''));
    this.#readPorts(container['ports']);
    this.hosts = NOTHING;
    this.#readHandler(container['livenessProbe'], LIVENESS);
    this.#readHandler(container['readinessProbe'], READINESS);
    this.#readHandler(container['startupProbe'], STARTUP);
    const lifecycle = objectAt(container['lifecycle'], this.path, '.lifecycle');
    if (lifecycle === undefined) return;
    this.#readHandler(lifecycle['postStart'], POST_START);
    this.#readHandler(lifecycle['preStop'], PRE_STOP);
  }

  #readContext(context: Fields | undefined): void {
    this.readShared(context);
    if (context === undefined) {
      this.privileged = undefined;
      this.allowPrivilegeEscalation = undefined;
      this.procMount = undefined;
      this.added = NOTHING;
      this.dropped = NOTHING;
      return;
    }
    const at = this.contextPath;
    this.privileged = booleanAt(context['privileged'], at, '.privileged');
    this.allowPrivilegeEscalation = booleanAt(context['allowPrivilegeEscalation'], at, '.allowPrivilegeEscalation');
    this.procMount = textAt(context['procMount'], at, '.procMount');
    const capabilities = objectAt(context['capabilities'], at, '.capabilities');
    this.added = capabilities === undefined ? NOTHING : textsAt(capabilities['add'], at, '.capabilities.add');
    this.dropped = capabilities === undefined ? NOTHING : textsAt(capabilities['drop'], at, '.capabilities.drop');
  }

  #readPorts(value: unknown): void {
    const ports = listAt(value, this.path, '.ports');
    let found: { port: number; index: number }[] | null = null;
    for (let index = 0; index < ports.length; index++) {
      const entry = ports[index];
      if (entry === null || entry === undefined) continue;
      if (typeof entry !== 'object' || Array.isArray(entry)) throw malformedPod(`${this.path}.ports[${index}]`, 'an object', entry);
      const raw = (entry as Fields)['hostPort'];
      if (raw === undefined || raw === null || raw === 0) continue;
      const port = integerAt(raw, `${this.path}.ports[${index}]`, '.hostPort') as number;
      (found ??= []).push({ port, index });
    }
    this.hostPorts = found ?? NOTHING;
  }

  #readHandler(value: unknown, places: HandlerPlaces): void {
    const handler = objectAt(value, this.path, places.handler);
    if (handler === undefined) return;
    this.#readHost(objectAt(handler['httpGet'], this.path, places.httpGet), places.httpGetHost);
    this.#readHost(objectAt(handler['tcpSocket'], this.path, places.tcpSocket), places.tcpSocketHost);
  }

  #readHost(action: Fields | undefined, place: string): void {
    if (action === undefined) return;
    const host = textAt(action['host'], this.path, place) ?? '';
    if (host !== '') this.hosts = [...this.hosts, { host, field: place.slice(1) }];
  }
}
