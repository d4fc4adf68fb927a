/**
 * Priority and fairness as the stored FlowSchemas and PriorityLevelConfigurations want it: which level a request belongs to, and
 * how many seats each level has.
 */
import { type FlowSchemaSpec, MANDATORY_FLOW_SCHEMAS, MANDATORY_PRIORITY_LEVELS } from '@k/api';
import type { KubeObject, RequestInfo } from '@k/apimachinery';
import type { UserInfo } from '@k/auth';
import type { Informer } from '../informer.js';
import type { FlowClock } from './flow-clock.js';
import { Flow } from './flow-request.js';
import { FlowSchemas } from './flow-schemas.js';
import { FlowSeries } from './flow-series.js';
import { type LevelConfiguration, levelConfiguration } from './level-configuration.js';
import { adjustSeats, PriorityLevel } from './priority-level.js';

/** Flows of one schema whose hands are kept. */
const FLOWS_MAX = 4096;

/** What the controller follows. */
export interface FlowControllerOptions {
  flowSchemas: Informer;
  priorityLevels: Informer;
  /** Seats of the whole server. */
  seats: number;
  clock: FlowClock;
}

/** Where the requests of one FlowSchema go. */
export interface FlowTarget {
  readonly flowSchemaUid: string;
  readonly level: PriorityLevel;
  /** The flow of a request. */
  flowOf(user: UserInfo, info: RequestInfo): Flow;
}

/** Follows the configuration; a change counts from the next request on, and for those that wait. */
export class FlowController {
  readonly #options: FlowControllerOptions;
  readonly #levels = new Map<string, PriorityLevel>();
  readonly #series = new Map<string, FlowSeries>();
  #schemas: FlowSchemas<FlowTarget> | null = null;
  #catchAll: FlowTarget | null = null;
  #isAnnounced = false;

  constructor(options: FlowControllerOptions) {
    this.#options = options;
    options.flowSchemas.onEvent(() => this.changed());
    options.priorityLevels.onEvent(() => this.changed());
  }

  /** Levels by name, with those that are going. */
  levels(): PriorityLevel[] {
    if (this.#schemas === null) this.#read();
    return [...this.#levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What has been counted, by FlowSchema and level. */
  series(): Iterable<FlowSeries> {
    return this.#series.values();
  }

  /** Where a request goes. */
  classify(user: UserInfo, info: RequestInfo): FlowTarget {
    const schemas = this.#schemas ?? this.#read();
    return schemas.classify(user, info) ?? (this.#catchAll as FlowTarget);
  }

  /** Lets levels lend and borrow by what they needed since the last time. */
  adjust(): void {
    if (this.#schemas === null) this.#read();
    else adjustSeats([...this.#levels.values()], this.#options.clock.now());
  }

  /** The configuration is read anew: before the next request, and soon if there is none. */
  changed(): void {
    this.#schemas = null;
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setImmediate(() => {
      this.#isAnnounced = false;
      if (this.#schemas === null) this.#read();
    });
  }

  #read(): FlowSchemas<FlowTarget> {
    const { flowSchemas, priorityLevels, seats, clock } = this.#options;
    const wanted = new Map<string, LevelConfiguration>();
    for (const object of withMandatory(priorityLevels.list(), MANDATORY_PRIORITY_LEVELS)) {
      const configuration = levelConfiguration(object);
      if (configuration !== null) wanted.set(configuration.name, configuration);
    }
    const schemas = new FlowSchemas(withMandatory(flowSchemas.list(), MANDATORY_FLOW_SCHEMAS), (schema) => {
      const { priorityLevelConfiguration, distinguisherMethod } = (schema['spec'] ?? {}) as FlowSchemaSpec;
      const configuration = wanted.get(priorityLevelConfiguration?.name ?? '');
      if (configuration === undefined) return undefined;
      const level = this.#levelOf(configuration);
      const { name = '', uid = '' } = schema.metadata ?? {};
      const target = this.#target(level, { name, uid, method: distinguisherMethod?.type });
      if (name === 'catch-all') this.#catchAll = target;
      return target;
    });
    for (const configuration of wanted.values()) {
      const level = this.#levelOf(configuration);
      level.configuration = configuration;
      level.isQuiescing = false;
    }
    for (const [name, level] of this.#levels) {
      if (wanted.has(name)) continue;
      level.isQuiescing = true;
      if (level.queueSet.isIdle) this.#levels.delete(name);
    }
    const levels = [...this.#levels.values()];
    const shares = levels.reduce((sum, { configuration }) => sum + configuration.nominalConcurrencyShares, 0);
    for (const level of levels) level.setShare(seats, shares);
    adjustSeats(levels, clock.now());
    this.#schemas = schemas;
    return schemas;
  }

  #levelOf(configuration: LevelConfiguration): PriorityLevel {
    let level = this.#levels.get(configuration.name);
    if (level === undefined) {
      level = new PriorityLevel(configuration, this.#options.clock);
      this.#levels.set(configuration.name, level);
    }
    return level;
  }

  #target(level: PriorityLevel, schema: { name: string; uid: string; method: string | undefined }): FlowTarget {
    const { name, uid, method } = schema;
    const flows = new Map<string, Flow>();
    return {
      flowSchemaUid: uid,
      level,
      flowOf: (user, info) => {
        // Where all requests share one queue, or none wait, nobody asks whose they are.
        const { response } = level.configuration;
        const isOne = typeof response === 'string' || response.queues === 1;
        const distinguisher = isOne || method === undefined ? '' : method === 'ByUser' ? user.username : info.namespace;
        let flow = flows.get(distinguisher);
        if (flow === undefined) {
          flow = new Flow(name, distinguisher, this.#seriesOf(level.name, name));
          if (flows.size >= FLOWS_MAX) flows.delete(flows.keys().next().value as string);
          flows.set(distinguisher, flow);
        }
        return flow;
      },
    };
  }

  #seriesOf(level: string, schema: string): FlowSeries {
    const key = `${level}/${schema}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = new FlowSeries(level, schema);
      this.#series.set(key, series);
    }
    return series;
  }
}

/** What is stored, and of what every server has that which is not. */
function withMandatory(stored: readonly KubeObject[], mandatory: Readonly<Record<string, object>>): KubeObject[] {
  const names = new Set(stored.map(({ metadata }) => metadata?.name));
  const missing = Object.entries(mandatory).filter(([name]) => !names.has(name));
  return [...stored, ...missing.map(([name, spec]) => ({ metadata: { name }, spec }))];
}
