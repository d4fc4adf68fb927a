/** The `authorizer` variable: builds up a question step by step and asks it with `check`. */
import { isDns1123Label, isDns1123Subdomain } from '@k/api';
import type { Environment } from '@marcbachmann/cel-js';
import type { AdmissionRequest, AdmissionUser, AuthorizeFunction } from '../interface.js';
import { CelEvaluationError } from './errors.js';

/** Asks on behalf of one user; `requestResource` is the resource of the request. */
export class CelAuthorizer {
  readonly user: AdmissionUser;
  readonly authorize: AuthorizeFunction;
  readonly requestResource: CelResourceCheck;

  constructor(request: AdmissionRequest, authorize: AuthorizeFunction, user: AdmissionUser = request.user) {
    this.user = user;
    this.authorize = authorize;
    const { resource, subresource, namespace, name } = request;
    const of = new CelGroupCheck(this, resource.group);
    this.requestResource = new CelResourceCheck({ of, resource: resource.resource, subresource, namespace, name });
  }
}

class CelPathCheck {
  readonly authorizer: CelAuthorizer;
  readonly path: string;

  constructor(authorizer: CelAuthorizer, path: string) {
    this.authorizer = authorizer;
    this.path = path;
  }
}

class CelGroupCheck {
  readonly authorizer: CelAuthorizer;
  readonly group: string;

  constructor(authorizer: CelAuthorizer, group: string) {
    this.authorizer = authorizer;
    this.group = group;
  }
}

interface ResourceQuestion {
  of: CelGroupCheck;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
}

class CelResourceCheck {
  readonly question: ResourceQuestion;

  constructor(question: ResourceQuestion) {
    this.question = question;
  }

  with(part: Partial<ResourceQuestion>): CelResourceCheck {
    return new CelResourceCheck({ ...this.question, ...part });
  }
}

class CelDecision {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error: string;

  constructor(allowed: boolean, reason: string, error: string) {
    this.allowed = allowed;
    this.reason = reason;
    this.error = error;
  }
}

function present(name: string, value: string): string {
  if (value.trim() === '') throw new CelEvaluationError(`${name} must not be empty`);
  return value;
}

async function decide(asked: ReturnType<AuthorizeFunction>): Promise<CelDecision> {
  try {
    const { allowed, reason } = await asked;
    return new CelDecision(allowed, reason, '');
  } catch (error) {
    return new CelDecision(false, '', error instanceof Error ? error.message : String(error));
  }
}

/** Declares the variable `authorizer` and its methods. */
export function registerAuthorizer(environment: Environment): void {
  const serviceAccount = (authorizer: CelAuthorizer, namespace: string, name: string): CelAuthorizer => {
    if (isDns1123Subdomain(name).length > 0) throw new CelEvaluationError('Invalid service account name');
    if (isDns1123Label(namespace).length > 0) throw new CelEvaluationError('Invalid service account namespace');
    // Those that the account itself has: system:authenticated comes with authentication.
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
    const user = { username: `system:serviceaccount:${namespace}:${name}`, groups };
    return Object.assign(Object.create(CelAuthorizer.prototype) as CelAuthorizer, { ...authorizer, user });
  };
  const checkResource = ({ question }: CelResourceCheck, verb: string): Promise<CelDecision> => {
    const { of, ...rest } = question;
    return decide(of.authorizer.authorize({ user: of.authorizer.user, verb, group: of.group, ...rest }));
  };
  const checkPath = ({ authorizer, path }: CelPathCheck, verb: string): Promise<CelDecision> =>
    decide(authorizer.authorize({ user: authorizer.user, verb, group: '', resource: '', path }));
  environment
    .registerType('kubernetes.authorization.Decision', { ctor: CelDecision, fields: {} })
    .registerType('kubernetes.authorization.PathCheck', { ctor: CelPathCheck, fields: {} })
    .registerType('kubernetes.authorization.ResourceCheck', { ctor: CelResourceCheck, fields: {} })
    .registerType('kubernetes.authorization.GroupCheck', { ctor: CelGroupCheck, fields: {} })
    .registerType('kubernetes.authorization.Authorizer', {
      ctor: CelAuthorizer,
      fields: { requestResource: 'kubernetes.authorization.ResourceCheck' },
    })
    .registerVariable('authorizer', 'kubernetes.authorization.Authorizer');
  const add = (signature: string, handler: (...args: never[]) => unknown): void => {
    environment.registerFunction(signature.replace(/\b[A-Z]\w+(?=[.,):]|$)/g, 'kubernetes.authorization.$&'), handler);
  };
  add('Authorizer.path(string): PathCheck', (a: CelAuthorizer, path: string) => new CelPathCheck(a, present('path', path)));
  add('Authorizer.group(string): GroupCheck', (a: CelAuthorizer, group: string) => new CelGroupCheck(a, group));
  add('Authorizer.serviceAccount(string, string): Authorizer', serviceAccount);
  add(
    'GroupCheck.resource(string): ResourceCheck',
    (of: CelGroupCheck, resource: string) =>
      new CelResourceCheck({ of, resource: present('resource', resource), subresource: '', namespace: '', name: '' }),
  );
  add('ResourceCheck.subresource(string): ResourceCheck', (a: CelResourceCheck, subresource: string) => a.with({ subresource }));
  add('ResourceCheck.namespace(string): ResourceCheck', (a: CelResourceCheck, namespace: string) => a.with({ namespace }));
  add('ResourceCheck.name(string): ResourceCheck', (a: CelResourceCheck, name: string) => a.with({ name }));
  // RBAC does not know selectors: a question with one is the question without it.
  add('ResourceCheck.fieldSelector(string): ResourceCheck', (a: CelResourceCheck, _selector: string) => a);
  add('ResourceCheck.labelSelector(string): ResourceCheck', (a: CelResourceCheck, _selector: string) => a);
  add('ResourceCheck.check(string): Decision', checkResource);
  add('PathCheck.check(string): Decision', checkPath);
  add('Decision.allowed(): bool', (a: CelDecision) => a.allowed);
  add('Decision.reason(): string', (a: CelDecision) => a.reason);
  add('Decision.errored(): bool', (a: CelDecision) => a.error !== '');
  add('Decision.error(): string', (a: CelDecision) => a.error);
}
