/** Whom a flow schema's rules are about; `kind` says which field counts. `*` as a name = all. */
export interface FlowSchemaSubject {
  kind?: string;
  user?: { name?: string };
  group?: { name?: string };
  serviceAccount?: { namespace?: string; name?: string };
}

/** Requests for resources; `*` = every. */
export interface FlowSchemaResourceRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  /** Matches requests that have no namespace. */
  clusterScope?: boolean;
  namespaces?: string[];
}

/** Requests of any of the subjects that any of the rules is about. */
export interface FlowSchemaRules {
  subjects?: FlowSchemaSubject[];
  resourceRules?: FlowSchemaResourceRule[];
  nonResourceRules?: { verbs?: string[]; nonResourceURLs?: string[] }[];
}

/** The `spec` of a flow schema. */
export interface FlowSchemaSpec {
  /** Lower ones are asked first, 1 to 10,000. */
  matchingPrecedence?: number;
  priorityLevelConfiguration?: { name?: string };
  distinguisherMethod?: { type?: string };
  rules?: FlowSchemaRules[];
}
