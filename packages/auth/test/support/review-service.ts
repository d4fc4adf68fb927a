/** A service that reviews are posted to, what calls it, and the clock of what is remembered. */
import { afterAll, beforeEach } from 'vitest';
import { ReviewClient, type ReviewClientOptions, type WebhookAuthorizerOptions } from '../../src/webhook.js';
import { type Receiver, startReceiver } from './receiver.js';

export interface ReviewService {
  readonly receiver: Receiver;
  /** What every caller of the service is made with. */
  readonly callerOptions: Pick<WebhookAuthorizerOptions, 'client' | 'version' | 'now' | 'onError'>;
  /** What callers are told is the time. */
  readonly clock: { nowMs: number };
  /** Messages of the failures that callers heard of since the test began. */
  readonly errors: string[];
}

/** Starts one, to be closed after the tests of a file; each test begins with nothing received and no failures. */
export async function useReviewService(clientOptions: Omit<ReviewClientOptions, 'target'> = {}): Promise<ReviewService> {
  const receiver = await startReceiver();
  const client = new ReviewClient({ target: receiver.target, initialBackoffMs: 1, ...clientOptions });
  const clock = { nowMs: 0 };
  const errors: string[] = [];
  afterAll(async () => {
    await client.close();
    await receiver.close();
  });
  beforeEach(() => {
    clock.nowMs = 1_000_000;
    errors.length = 0;
    receiver.received.length = 0;
  });
  const onError = ({ message }: Error): void => void errors.push(message);
  return { receiver, callerOptions: { client, version: 'v1', now: () => clock.nowMs, onError }, clock, errors };
}
