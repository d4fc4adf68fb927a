import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from '@k/auth';
import { Counter, type Registry } from 'prom-client';

interface Series {
  type: string;
  name: string;
  allowed: number;
  denied: number;
}

/** Counts what each authorizer decides. It stands in every request's way: the metrics library only sees the sums, when they are read. */
export class AuthorizationDecisions {
  readonly #series = new Map<string, Series>();

  constructor(registry: Registry) {
    const series = this.#series;
    new Counter({
      name: 'apiserver_authorization_decisions_total',
      help: 'Decisions that ended authorization, by the authorizer that made them; who has no opinion made none.',
      labelNames: ['type', 'name', 'decision'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { type, name, ...decisions } of series.values()) {
          for (const [decision, count] of Object.entries(decisions)) if (count > 0) this.inc({ type, name, decision }, count);
        }
      },
    });
  }

  /** The same authorizer, counted; one that is made anew under the same name goes on counting. */
  counted(authorizer: Authorizer): Authorizer {
    const type = authorizer.type ?? authorizer.name;
    const name = authorizer.type === undefined ? authorizer.name.toLowerCase() : authorizer.name;
    const key = JSON.stringify([type, name]);
    const series = this.#series.get(key) ?? { type, name, allowed: 0, denied: 0 };
    this.#series.set(key, series);
    const count = (result: AuthorizationDecision): AuthorizationDecision => {
      if (result.decision === 'allow') series.allowed++;
      else if (result.decision === 'deny') series.denied++;
      return result;
    };
    const { rulesFor } = authorizer;
    return {
      name: authorizer.name,
      authorize(attributes: AuthorizationAttributes, waiter) {
        const result = authorizer.authorize(attributes, waiter);
        return result instanceof Promise ? result.then(count) : count(result);
      },
      ...(rulesFor === undefined ? {} : { rulesFor: rulesFor.bind(authorizer) }),
    };
  }
}
