/** Specs of the flow schemas and priority levels that every server has and nobody may change: 1.36's values. */

/** The rules of a flow schema that takes whatever its subjects ask for. */
export const EVERY_REQUEST = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
} as const;

/** Every request that no other schema matches, and every request of `system:masters`. */
export const MANDATORY_FLOW_SCHEMAS: Readonly<Record<string, object>> = {
  'catch-all': {
    priorityLevelConfiguration: { name: 'catch-all' },
    matchingPrecedence: 10000,
    distinguisherMethod: { type: 'ByUser' },
    rules: [
      {
        subjects: [
          { kind: 'Group', group: { name: 'system:unauthenticated' } },
          { kind: 'Group', group: { name: 'system:authenticated' } },
        ],
        ...EVERY_REQUEST,
      },
    ],
  },
  exempt: {
    priorityLevelConfiguration: { name: 'exempt' },
    matchingPrecedence: 1,
    rules: [
      {
        subjects: [{ kind: 'Group', group: { name: 'system:masters' } }],
        ...EVERY_REQUEST,
      },
    ],
  },
};

/** `exempt` may change its `spec.exempt`. */
export const MANDATORY_PRIORITY_LEVELS: Readonly<Record<string, object>> = {
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' }, lendablePercent: 0 },
  },
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
};
