import type { AuthenticationRequest, AuthenticationResult, Authenticator } from '../interface.js';
import { bearerToken, bearerWarning } from './token-file.js';

/** Adds the group that every caller of a kind belongs to. */
function withGroup(result: AuthenticationResult, group: string): AuthenticationResult {
  if (result.user.groups.includes(group)) return result;
  return { ...result, user: { ...result.user, groups: [...result.user.groups, group] } };
}

/** Who asks; `null` = the request is to be answered with 401. */
export interface Authentication {
  result: AuthenticationResult | null;
  /** What authenticators said of credentials that are not valid. */
  errors: string[];
}

/**
 * Asks authenticators in order; the first that recognises the caller decides. At once where they answer at once.
 *
 * @param anonymous - Whether requests without credentials are `system:anonymous`.
 */
export function authenticateWith(
  authenticators: readonly Authenticator[],
  anonymous: boolean,
  request: AuthenticationRequest,
): Authentication | Promise<Authentication> {
  const errors: string[] = [];
  const ask = (from: number): Authentication | Promise<Authentication> => {
    for (let place = from; place < authenticators.length; place++) {
      const { name } = authenticators[place] as Authenticator;
      const failed = (error: unknown): void => {
        errors.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      };
      try {
        const outcome = (authenticators[place] as Authenticator).authenticate(request);
        if (outcome instanceof Promise) {
          return outcome
            .catch(failed)
            .then((result) => (result ? { result: withGroup(result, 'system:authenticated'), errors } : ask(place + 1)));
        }
        if (outcome !== null) return { result: withGroup(outcome, 'system:authenticated'), errors };
      } catch (error) {
        failed(error);
      }
    }
    if (errors.length > 0 || bearerToken(request) !== null || !anonymous) return { result: null, errors };
    const warning = bearerWarning(request);
    return {
      result: {
        user: { username: 'system:anonymous', groups: ['system:unauthenticated'] },
        ...(warning === null ? {} : { warnings: [warning] }),
      },
      errors,
    };
  };
  return ask(0);
}

/**
 * Who a token stands for, for TokenReview.
 *
 * @param audiences - What the token has to be meant for.
 * @param own - The server's audiences, which tokens without any of their own are meant for.
 * @returns `error` as a TokenReview shows it when nobody recognises the token; it never contains the token.
 */
export async function authenticateToken(
  authenticators: readonly Authenticator[],
  token: string,
  audiences: readonly string[],
  own: readonly string[],
): Promise<{ result: AuthenticationResult; error?: undefined } | { result: null; error: string }> {
  const errors = ['invalid bearer token'];
  for (const authenticator of authenticators) {
    try {
      const result = (await authenticator.authenticateToken?.(token, audiences)) ?? null;
      if (result === null) continue;
      const granted = result.audiences ?? own.filter((audience) => audiences.includes(audience));
      if (granted.length > 0) return { result: { ...withGroup(result, 'system:authenticated'), audiences: granted } };
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { result: null, error: errors.length === 1 ? 'invalid bearer token' : `[${errors.join(', ')}]` };
}
