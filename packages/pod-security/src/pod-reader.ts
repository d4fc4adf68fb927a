/** Turns pods into what checks are given. */
import { ContainerSlot } from './container-slot.js';
import { ContextSlot } from './context-slot.js';
import { malformedPod } from './errors.js';
import type { Pod, PodSpec } from './pod.js';
import { containersText } from './text.js';
import { booleanAt, type Fields, listAt, NO_FIELDS, NOTHING, objectAt, textAt } from './typed-fields.js';
import type { PodView } from './view.js';

/** Slots that are kept for the next pod, per list. */
const KEPT_MAX = 64;
const LINEUPS_MAX = 256;

/**
 * Reads pods one after the other into the same view, so that reading allocates nothing for what it has read before. A view
 * is good until the next `read`.
 */
export class PodReader implements PodView {
  pod: Pod = NO_FIELDS as Pod;
  spec: PodSpec = NO_FIELDS as PodSpec;
  annotations: Fields = NO_FIELDS;
  readonly context: ContextSlot = new ContextSlot('spec');
  containers: readonly ContainerSlot[] = NOTHING;
  #allContainersText: string | null = null;
  volumes: readonly (Fields | null)[] = NOTHING;
  sysctls: readonly ({ readonly name?: string | null } | null)[] = NOTHING;
  hostNetwork = false;
  hostPID = false;
  hostIPC = false;
  isWindows = false;
  isRelaxed = false;
  readonly #init: ContainerSlot[] = [];
  readonly #regular: ContainerSlot[] = [];
  readonly #ephemeral: ContainerSlot[] = [];
  readonly #lineups = new Map<number, readonly ContainerSlot[]>();

  get allContainersText(): string {
    this.#allContainersText ??= containersText(this.containers);
    return this.#allContainersText;
  }

  /** @throws {PodSecurityError} `POD_SECURITY_MALFORMED_POD` when a field that checks look at has the wrong type. */
  read(pod: Pod): PodView {
    const root = objectAt(pod, '', '');
    if (root === undefined) throw malformedPod('', 'an object', pod);
    this.pod = root as Pod;
    const metadata = objectAt(root['metadata'], 'metadata', '');
    this.annotations = metadata === undefined ? NO_FIELDS : (objectAt(metadata['annotations'], 'metadata', '.annotations') ?? NO_FIELDS);
    const spec = objectAt(root['spec'], 'spec', '') ?? NO_FIELDS;
    this.spec = spec as PodSpec;
    this.hostNetwork = booleanAt(spec['hostNetwork'], 'spec', '.hostNetwork') === true;
    this.hostPID = booleanAt(spec['hostPID'], 'spec', '.hostPID') === true;
    this.hostIPC = booleanAt(spec['hostIPC'], 'spec', '.hostIPC') === true;
    this.isRelaxed = booleanAt(spec['hostUsers'], 'spec', '.hostUsers') === false;
    const os = objectAt(spec['os'], 'spec', '.os');
    this.isWindows = os !== undefined && textAt(os['name'], 'spec', '.os.name') === 'windows';
    const context = objectAt(spec['securityContext'], 'spec', '.securityContext');
    this.context.readShared(context);
    this.#readSysctls(context?.['sysctls']);
    this.#readVolumes(spec['volumes']);
    this.#readContainers(
      listAt(spec['initContainers'], 'spec', '.initContainers'),
      listAt(spec['containers'], 'spec', '.containers'),
      listAt(spec['ephemeralContainers'], 'spec', '.ephemeralContainers'),
    );
    return this;
  }

  #readSysctls(value: unknown): void {
    const list = listAt(value, 'spec.securityContext', '.sysctls');
    for (let i = 0; i < list.length; i++) {
      const sysctl = list[i];
      if (sysctl === null || sysctl === undefined) continue;
      if (typeof sysctl !== 'object' || Array.isArray(sysctl))
        throw malformedPod(`spec.securityContext.sysctls[${i}]`, 'an object', sysctl);
      const { name } = sysctl as Fields;
      if (name === undefined || name === null || typeof name === 'string') continue;
      throw malformedPod(`spec.securityContext.sysctls[${i}].name`, 'a string', name);
    }
    this.sysctls = list as PodView['sysctls'];
  }

  #readVolumes(value: unknown): void {
    const list = listAt(value, 'spec', '.volumes');
    for (let i = 0; i < list.length; i++) {
      const volume = list[i];
      if (volume === null || volume === undefined) continue;
      if (typeof volume !== 'object' || Array.isArray(volume)) throw malformedPod(`spec.volumes[${i}]`, 'an object', volume);
      const { name } = volume as Fields;
      if (name === undefined || name === null || typeof name === 'string') continue;
      throw malformedPod(`spec.volumes[${i}].name`, 'a string', name);
    }
    this.volumes = list as readonly (Fields | null)[];
  }

  #readContainers(init: readonly unknown[], regular: readonly unknown[], ephemeral: readonly unknown[]): void {
    const { length: m } = init;
    const { length: n } = regular;
    const { length: o } = ephemeral;
    const isKept = m < KEPT_MAX && n < KEPT_MAX && o < KEPT_MAX;
    const key = (m * KEPT_MAX + n) * KEPT_MAX + o;
    let lineup = isKept ? this.#lineups.get(key) : undefined;
    if (lineup === undefined) {
      lineup = [
        ...slots(isKept ? this.#init : [], 'initContainers', m),
        ...slots(isKept ? this.#regular : [], 'containers', n),
        ...slots(isKept ? this.#ephemeral : [], 'ephemeralContainers', o),
      ];
      if (isKept && this.#lineups.size < LINEUPS_MAX) this.#lineups.set(key, lineup);
    }
    for (let i = 0; i < m; i++) (lineup[i] as ContainerSlot).read(init[i]);
    for (let i = 0; i < n; i++) (lineup[m + i] as ContainerSlot).read(regular[i]);
    for (let i = 0; i < o; i++) (lineup[m + n + i] as ContainerSlot).read(ephemeral[i]);
    this.containers = lineup;
    this.#allContainersText = null;
  }
}

/** The first `count` slots of a list, made when there are fewer. */
function slots(kept: ContainerSlot[], list: string, count: number): ContainerSlot[] {
  for (let i = kept.length; i < count; i++) kept.push(new ContainerSlot(`spec.${list}[${i}]`));
  return kept.slice(0, count);
}
