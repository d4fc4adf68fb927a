/** CustomResourceDefinitions to served resources: the catalogue follows the definitions as they come, change and go. */
import {
  type Catalogue,
  type ConverterFactory,
  type CrdObject,
  conditionStatus,
  customResourceDefinition,
  type ResourceDefinition,
} from '@k/api';
import { newForbidden, stringifyExactJson } from '@k/apimachinery';
import type { Logger } from 'pino';
import type { Informer } from '../informer.js';
import type { InformerSet } from '../informer-set.js';
import type { ResourceRegistry } from '../registry.js';
import type { WriteHook } from '../server-context.js';
import { definitionRulesCheck } from './rules/check-definition.js';
import { compileRules } from './rules/rule-validator.js';

/** The group and resource of definitions. */
export const DEFINITIONS: { group: string; resource: string } = { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' };

/** What the catalogue's content depends on. */
function seedOf(crd: CrdObject): string {
  return stringifyExactJson([crd.spec, crd.status?.acceptedNames]);
}

/** Nothing new is let in while the definition is on its way out. */
function terminatingHook(definition: ResourceDefinition): WriteHook {
  return {
    check: async (_server, _context, object, old) => {
      if (old !== null) return;
      const name = object.metadata?.name ?? '';
      throw newForbidden(definition, name, 'create not allowed while custom resource definition is terminating');
    },
  };
}

/** Keeps the catalogue in step with the stored definitions. */
export class ServedDefinitions {
  readonly #informers: InformerSet;
  readonly #registry: ResourceRegistry;
  readonly #catalogue: Catalogue;
  readonly #hooks: Map<string, WriteHook>;
  readonly #log: Logger;
  readonly #converterFor: ConverterFactory;
  readonly #served = new Map<string, { seed: string; definition: ResourceDefinition }>();

  /**
   * @param hooks - The server's, to which refusals of new objects are added.
   * @param converterFor - Makes what calls conversion webhooks.
   */
  constructor(
    informers: InformerSet,
    registry: ResourceRegistry,
    hooks: Map<string, WriteHook>,
    converterFor: ConverterFactory,
    log: Logger,
  ) {
    this.#informers = informers;
    this.#converterFor = converterFor;
    this.#registry = registry;
    this.#catalogue = registry.catalogue;
    this.#hooks = hooks;
    this.#log = log;
  }

  /** Follows definitions until the informers close. Resolves when everything that was stored as established is served. */
  async start(): Promise<void> {
    this.#hooks.set(`${DEFINITIONS.resource}.${DEFINITIONS.group}`, { check: definitionRulesCheck });
    const informer = this.#informers.informer(DEFINITIONS.group, DEFINITIONS.resource) as Informer;
    informer.onEvent(({ type, object }) => {
      if (type === 'DELETED') this.#drop(object.metadata?.name ?? '', true);
      else this.#follow(object as CrdObject);
    });
    await informer.start();
    for (const object of informer.list()) this.#follow(object as CrdObject);
  }

  #follow(crd: CrdObject): void {
    const name = crd.metadata?.name ?? '';
    if (conditionStatus(crd, 'Established') !== 'True') {
      this.#drop(name, false);
      return;
    }
    const seed = seedOf(crd);
    const known = this.#served.get(name);
    if (known?.seed !== seed) {
      try {
        this.#serve(name, seed, customResourceDefinition(crd, compileRules, this.#converterFor), known?.definition);
      } catch (error) {
        // Written to the store by somebody who does not validate.
        this.#log.error({ err: error, definition: name }, 'definition cannot be served');
        this.#drop(name, false);
        return;
      }
    }
    const definition = this.#served.get(name)?.definition;
    if (definition === undefined) return;
    const key = `${definition.resource}.${definition.group}`;
    if (crd.metadata?.deletionTimestamp === undefined) this.#hooks.delete(key);
    else this.#hooks.set(key, terminatingHook(definition));
  }

  #serve(name: string, seed: string, definition: ResourceDefinition, before: ResourceDefinition | undefined): void {
    const taken = this.#catalogue.findResource(definition.group, definition.resource);
    // A built-in resource keeps its place.
    if (taken !== undefined && taken.custom !== true) return;
    const fields = (entry: ResourceDefinition): string => JSON.stringify(entry.versions.map(({ selectableFields }) => selectableFields));
    // What selectors see was taken from objects when they were read.
    if (before !== undefined && fields(before) !== fields(definition)) void this.#registry.forget(before);
    this.#served.set(name, { seed, definition });
    this.#catalogue.set(definition);
  }

  #drop(name: string, gone: boolean): void {
    const known = this.#served.get(name);
    if (known === undefined) return;
    const { group, resource } = known.definition;
    this.#served.delete(name);
    this.#hooks.delete(`${resource}.${group}`);
    this.#catalogue.remove(group, resource);
    this.#informers.forget(group, resource);
    if (gone) void this.#registry.forget(known.definition);
  }
}
