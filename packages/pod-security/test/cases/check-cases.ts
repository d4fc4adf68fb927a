/** What a table of cases says of one check. */
export type Fields = Record<string, unknown>;

export interface Case {
  name: string;
  /** The container that may be bad. */
  container?: Fields;
  /** More of its security context. */
  context?: Fields;
  spec?: Fields;
  annotations?: Record<string, string>;
}

export interface CheckCases {
  check: string;
  level: 'baseline' | 'restricted';
  reason: string;
  /** Also at the stricter level: from a minor up to another one, where a restricted check takes over. */
  overriddenFrom?: number;
  /** `detail`; fails from `from` (0) up to `until` (never). */
  fails: (Case & { detail: string; from?: number; until?: number })[];
  passes: Case[];
}
