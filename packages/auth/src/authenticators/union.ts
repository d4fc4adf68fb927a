import type { AuthenticationRequest, AuthenticationResult, Authenticator } from '../interface.js';

/** Adds the group that every caller of a kind belongs to. */
function withGroup(result: AuthenticationResult, group: string): AuthenticationResult {
  if (result.user.groups.includes(group)) return result;
  return { ...result, user: { ...result.user, groups: [...result.user.groups, group] } };
}

/**
 * Asks authenticators in order; the first that recognises the caller decides.
 *
 * @param anonymous - Whether requests without credentials are `system:anonymous`.
 * @returns `null` for a request that is to be answered with 401.
 */
export async function authenticateWith(
  authenticators: readonly Authenticator[],
  anonymous: boolean,
  request: AuthenticationRequest,
): Promise<{ result: AuthenticationResult | null; errors: string[] }> {
  const errors: string[] = [];
  for (const authenticator of authenticators) {
    try {
      const outcome = authenticator.authenticate(request);
      const result = outcome instanceof Promise ? await outcome : outcome;
      if (result !== null) return { result: withGroup(result, 'system:authenticated'), errors };
    } catch (error) {
      errors.push(`${authenticator.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const hasToken = request.headers['authorization'] !== undefined;
  if (errors.length > 0 || hasToken || !anonymous) return { result: null, errors };
  return { result: { user: { username: 'system:anonymous', groups: ['system:unauthenticated'] } }, errors };
}
