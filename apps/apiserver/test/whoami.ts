import { expect } from 'vitest';
import { call } from './http-client.js';
import type { ServerProcess } from './server-process.js';

const REVIEWS = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

/** Who the server says that the caller is, or the status of its refusal. */
export async function whoami(server: ServerProcess, token: string): Promise<unknown> {
  const { status, body } = await call(server, 'POST', REVIEWS, {
    token,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  return status === 201 ? (body['status'] as { userInfo: unknown }).userInfo : status;
}

/** Expects something of {@link whoami} once the server has found the issuer. */
export const found = (server: ServerProcess, token: string): ReturnType<typeof expect.poll<unknown>> =>
  expect.poll(() => whoami(server, token), { timeout: 60_000, interval: 100 });

/** What the log says of tokens that an issuer did not stand for. */
export const refusals = (server: ServerProcess): string[] =>
  server.stderr
    .split('\n')
    .filter((line) => line.includes('Unable to authenticate the request'))
    .map((line) => (JSON.parse(line) as { reason: string }).reason);
