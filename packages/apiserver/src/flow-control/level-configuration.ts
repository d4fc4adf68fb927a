import type { KubeObject } from '@k/apimachinery';
import { Dealer } from './shuffle-sharding.js';

/** What happens to requests when no seat is free. */
export type LimitResponse =
  /** They go on all the same. */
  'exempt' | 'reject' | { queues: number; handSize: number; queueLengthLimit: number };

/** What a PriorityLevelConfiguration asks for. */
export interface LevelConfiguration {
  name: string;
  uid: string;
  response: LimitResponse;
  nominalConcurrencyShares: number;
  lendablePercent: number;
  /** Undefined = no limit but the server's. */
  borrowingLimitPercent: number | undefined;
}

interface Shares {
  nominalConcurrencyShares?: number;
  lendablePercent?: number;
  borrowingLimitPercent?: number;
  limitResponse?: { type?: string; queuing?: { queues?: number; handSize?: number; queueLengthLimit?: number } };
}

/** The one level that does not limit. */
const EXEMPT = 'exempt';

/** Null for an object that cannot be followed: it counts as if it were not there. */
export function levelConfiguration(object: KubeObject): LevelConfiguration | null {
  const { type, limited, exempt } = (object['spec'] ?? {}) as { type?: string; limited?: Shares; exempt?: Shares };
  const { name = '', uid = '' } = object.metadata ?? {};
  const shares = type === 'Exempt' ? exempt : limited;
  if (shares === undefined || (type === 'Exempt') !== (name === EXEMPT) || (limited !== undefined && exempt !== undefined)) return null;
  const response = type === 'Exempt' ? EXEMPT : limitResponse(shares);
  if (response === null) return null;
  return {
    ...{ name, uid, response },
    nominalConcurrencyShares: shares.nominalConcurrencyShares ?? (type === 'Exempt' ? 0 : 30),
    lendablePercent: shares.lendablePercent ?? 0,
    borrowingLimitPercent: shares.borrowingLimitPercent,
  };
}

function limitResponse({ limitResponse }: Shares): LimitResponse | null {
  const { type, queuing } = limitResponse ?? {};
  if ((type === 'Reject') !== (queuing === undefined)) return null;
  if (queuing === undefined) return 'reject';
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = queuing;
  try {
    new Dealer(queues, handSize);
  } catch {
    return null;
  }
  return { queues, handSize, queueLengthLimit };
}
