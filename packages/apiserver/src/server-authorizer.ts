import {
  type AuthorizationAttributes,
  type AuthorizationDecision,
  type Authorizer,
  createRbacAuthorizer,
  type DecisionWaiter,
  privilegedGroupAuthorizer,
  type RbacSource,
  type SubjectRules,
  type UserInfo,
  unionAuthorizer,
} from '@k/auth';
import type { AuthorizationDecisions } from './authorization-decisions.js';
import type { InformerSet } from './informer-set.js';

/** Who decides: modes over the server's own objects by name, all others as they are. */
export type AuthorizerChoice = 'RBAC' | 'Node' | Authorizer;

/** Asks the authorizers that are chosen, in order; others can be chosen while it is used. */
export class ServerAuthorizer implements Authorizer {
  readonly name = 'union';
  readonly #own: ReadonlyMap<string, Authorizer>;
  readonly #decisions: AuthorizationDecisions;
  #union: Authorizer;

  /** @param own - The modes over the server's own objects that may be chosen. */
  constructor(choices: readonly AuthorizerChoice[], own: ReadonlyMap<string, Authorizer>, decisions: AuthorizationDecisions) {
    this.#own = own;
    this.#decisions = decisions;
    this.#union = this.#unionOf(choices);
  }

  authorize(attributes: AuthorizationAttributes, waiter?: DecisionWaiter): AuthorizationDecision | Promise<AuthorizationDecision> {
    return this.#union.authorize(attributes, waiter);
  }

  rulesFor(user: UserInfo, namespace: string): SubjectRules | Promise<SubjectRules> {
    return this.#union.rulesFor?.(user, namespace) as SubjectRules | Promise<SubjectRules>;
  }

  /**
   * Lets others decide from now on; what is being decided is so by those who began.
   *
   * @throws {Error} for a mode that the server did not start with; the old ones stay.
   */
  choose(choices: readonly AuthorizerChoice[]): void {
    this.#union = this.#unionOf(choices);
  }

  #unionOf(choices: readonly AuthorizerChoice[]): Authorizer {
    const counted = choices.map((choice) => {
      const authorizer = typeof choice === 'string' ? this.#own.get(choice) : choice;
      if (authorizer === undefined)
        throw new Error(`authorizer type ${choice} is not allowed if it was not enabled at initial server startup`);
      return this.#decisions.counted(authorizer);
    });
    return unionAuthorizer([privilegedGroupAuthorizer, ...counted]);
  }
}

/** The chosen modes over the server's own objects; the code of mode Node is loaded only when it is wanted. */
export async function ownAuthorizers(
  choices: readonly AuthorizerChoice[],
  { informers, rbac }: { informers: InformerSet; rbac: RbacSource },
): Promise<ReadonlyMap<string, Authorizer>> {
  const own = new Map<string, Authorizer>();
  if (choices.includes('RBAC')) own.set('RBAC', createRbacAuthorizer(rbac));
  if (choices.includes('Node')) own.set('Node', await nodeAuthorizer(informers));
  return own;
}

async function nodeAuthorizer(informers: InformerSet): Promise<Authorizer> {
  const [{ createNodeAuthorizer, NodeGraph }, { followNodeGraph }] = await Promise.all([
    import('@k/auth/node'),
    import('./node-graph-source.js'),
  ]);
  const graph = new NodeGraph();
  await followNodeGraph(graph, informers);
  return createNodeAuthorizer(graph);
}
