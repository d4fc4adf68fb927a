import type { TLSSocket } from 'node:tls';

/** Who a request is made by, `user.Info`. */
export interface UserInfo {
  username: string;
  uid?: string;
  groups: string[];
  extra?: Record<string, string[]>;
}

/** What an authenticator may look at. Header names are lower case. */
export interface AuthenticationRequest {
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The connection, for client certificates; absent in tests. */
  socket?: TLSSocket;
  path: string;
  /** Where a header that was sent more than once has its values apart: `headers` joins them with commas. */
  source?: { headerValues(name: string): readonly string[] };
}

/** Success. `audiences` as validated; absent = the API server itself. */
export interface AuthenticationResult {
  user: UserInfo;
  audiences?: string[];
  /** For audit: e.g. `authentication.kubernetes.io/credential-id`, stale token warnings. */
  auditAnnotations?: Record<string, string>;
  warnings?: string[];
}

/**
 * One way to recognise a caller.
 *
 * @returns `null` when the request carries none of its credentials ("not mine").
 * @throws when it carries one that is not valid; the text never contains it. The request is then a 401.
 */
export interface Authenticator {
  readonly name: string;
  authenticate(request: AuthenticationRequest): AuthenticationResult | null | Promise<AuthenticationResult | null>;
  /** The same for a bare token and the audiences it has to be meant for (TokenReview). Absent: knows no tokens. */
  authenticateToken?(token: string, audiences: readonly string[]): AuthenticationResult | null | Promise<AuthenticationResult | null>;
}

/** What is to be authorized, `authorizer.Attributes`. */
export interface AuthorizationAttributes {
  user: UserInfo;
  verb: string;
  isResourceRequest: boolean;
  apiGroup: string;
  apiVersion: string;
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** Of non-resource requests. */
  path: string;
  fieldSelector?: string;
  labelSelector?: string;
}

/** `noOpinion` lets the next authorizer speak; nobody's opinion is a denial. */
export interface AuthorizationDecision {
  decision: 'allow' | 'deny' | 'noOpinion';
  reason: string;
  /** Shown as `evaluationError` in reviews. */
  error?: string;
}

/** Rules of one user, for SelfSubjectRulesReview. */
export interface SubjectRules {
  resourceRules: { verbs: string[]; apiGroups?: string[]; resources?: string[]; resourceNames?: string[] }[];
  nonResourceRules: { verbs: string[]; nonResourceURLs?: string[] }[];
  incomplete: boolean;
  evaluationError?: string;
}

/** Who waits for a decision. */
export interface DecisionWaiter {
  /** Calls `listener` when nobody waits any more; at once when that is so already. */
  onClose(listener: () => void): void;
}

/** One source of decisions. Sync where it can be: it stands on every request's way. */
export interface Authorizer {
  readonly name: string;
  /** Kind of authorizer, of which there may be several: `Webhook`. Absent = there is one, called as its kind. */
  readonly type?: string;
  /** @param waiter - Lets authorizers that ask others stop when the answer is not wanted any more; absent = it always is. */
  authorize(attributes: AuthorizationAttributes, waiter?: DecisionWaiter): AuthorizationDecision | Promise<AuthorizationDecision>;
  rulesFor?(user: UserInfo, namespace: string): SubjectRules | Promise<SubjectRules>;
}

/** Where RBAC finds its objects: the server's own storage. Synchronous views of a watched set. */
export interface RbacSource {
  role(namespace: string, name: string): RbacRole | undefined;
  clusterRole(name: string): RbacRole | undefined;
  /** Bindings of a namespace; those that cannot name `user` may be left out. */
  roleBindings(namespace: string, user: UserInfo): Iterable<RbacBinding>;
  /** Bindings of the cluster; those that cannot name `user` may be left out. */
  clusterRoleBindings(user: UserInfo): Iterable<RbacBinding>;
}

/** `rbac.authorization.k8s.io/v1` PolicyRule. */
export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/** A Role or ClusterRole, reduced to what decides. */
export interface RbacRole {
  name: string;
  namespace: string;
  rules: readonly PolicyRule[];
}

/** A RoleBinding or ClusterRoleBinding, reduced to what decides. */
export interface RbacBinding {
  name: string;
  namespace: string;
  roleRef: { apiGroup: string; kind: string; name: string };
  subjects: readonly { kind: string; apiGroup?: string; name: string; namespace?: string }[];
}
