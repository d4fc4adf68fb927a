/** The webhooks of all configurations, compiled, in the order in which they are asked. */
import { selectorFromLabelSelector } from '@k/apimachinery';
import { AdmissionExpressions } from '../cel/admission-expressions.js';
import type { AdmissionDependencies } from '../interface.js';
import { MatchConditions } from './match-conditions.js';
import type { MatchCriteria } from './request-matcher.js';
import type { WebhookConfiguration, WebhookSpec, WebhookType } from './types.js';

/** The API group of configurations and policies. */
export const ADMISSION_REGISTRATION = 'admissionregistration.k8s.io';

/** One webhook, ready to be asked. */
export interface Hook {
  readonly spec: WebhookSpec;
  readonly configuration: string;
  /** The same for the same webhook as long as its configuration lives. */
  readonly uid: string;
  readonly criteria: MatchCriteria;
  readonly conditions: MatchConditions;
}

/** Follows the configurations of one kind; only what changed is compiled anew. */
export class Hooks {
  readonly #dependencies: AdmissionDependencies;
  readonly #type: WebhookType;
  readonly #resource: string;
  #compiled = new Map<WebhookConfiguration, readonly Hook[]>();
  #seen: readonly WebhookConfiguration[] = [];
  #hooks: readonly Hook[] = [];
  readonly #expressions: AdmissionExpressions;

  constructor(dependencies: AdmissionDependencies, type: WebhookType, resource: string) {
    this.#dependencies = dependencies;
    this.#type = type;
    this.#resource = resource;
    this.#expressions = dependencies.expressions ?? new AdmissionExpressions();
  }

  /** All of them, by the name of their configuration, then in its order. The same array until something changes. */
  current(): readonly Hook[] {
    const found = this.#dependencies.objects.list(ADMISSION_REGISTRATION, this.#resource, '') as readonly WebhookConfiguration[];
    const seen = this.#seen;
    if (found.length === seen.length && found.every((item, i) => item === seen[i])) return this.#hooks;
    const name = ({ metadata }: WebhookConfiguration): string => metadata?.name ?? '';
    const sorted = [...found].sort((a, b) => (name(a) < name(b) ? -1 : 1));
    const compiled = new Map<WebhookConfiguration, readonly Hook[]>();
    for (const item of sorted) compiled.set(item, this.#compiled.get(item) ?? this.#compile(item));
    this.#compiled = compiled;
    this.#seen = [...found];
    this.#hooks = [...compiled.values()].flat();
    return this.#hooks;
  }

  #compile(configuration: WebhookConfiguration): Hook[] {
    const name = configuration.metadata?.name ?? '';
    const counts = new Map<string, number>();
    return (configuration.webhooks ?? []).map((spec) => {
      const count = counts.get(spec.name) ?? 0;
      counts.set(spec.name, count + 1);
      return {
        spec,
        configuration: name,
        uid: `${name}/${spec.name}/${count}`,
        criteria: {
          rules: spec.rules ?? [],
          matchPolicy: spec.matchPolicy,
          namespaceSelector: selectorFromLabelSelector(spec.namespaceSelector) ?? [],
          objectSelector: selectorFromLabelSelector(spec.objectSelector) ?? [],
        },
        conditions: new MatchConditions(
          {
            name: spec.name,
            kind: 'webhook',
            type: this.#type,
            conditions: spec.matchConditions ?? [],
            failurePolicy: spec.failurePolicy,
          },
          this.#expressions,
          { hasParams: false, hasAuthorizer: true },
          this.#dependencies,
        ),
      };
    });
  }
}
