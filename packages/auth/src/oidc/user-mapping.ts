/** Who the holder of verified claims is. */
import type { UserInfo } from '../interface.js';
import type { Claims } from './id-token.js';

/** An expression over the claims, or over the user that they make. */
export interface ClaimExpression {
  readonly text: string;
  /**
   * Its value: text, a list, a boolean, null or anything else.
   *
   * @throws {Error} with what went wrong.
   */
  evaluate(value: object): unknown;
}

/** A claim with what is put before its value, or an expression. */
export type ClaimMapping = { claim: string; prefix: string } | { expression: ClaimExpression };

/** What has to be true. */
export interface ClaimRule {
  expression: ClaimExpression;
  message: string;
}

/** How claims become a user. */
export interface UserMapping {
  username: ClaimMapping;
  groups?: ClaimMapping;
  uid?: ClaimMapping;
  /** Values are text or a list of it; empty ones are left out. */
  extra?: readonly { key: string; expression: ClaimExpression }[];
  /** Claims that must have exactly this text. */
  requiredClaims?: readonly { claim: string; value: string }[];
  claimRules?: readonly ClaimRule[];
  userRules?: readonly ClaimRule[];
}

/**
 * The user of claims whose token holds.
 *
 * @throws {Error} in kube-apiserver's words when a claim is missing or a rule is not met.
 */
export async function userOf(claims: Claims, mapping: UserMapping): Promise<UserInfo> {
  const username = await usernameOf(claims, mapping.username);
  const groups = await groupsOf(claims, mapping.groups);
  const uid = await uidOf(claims, mapping.uid);
  const extra = await extraOf(claims, mapping.extra ?? []);
  checkRequired(claims, mapping.requiredClaims ?? []);
  await checkRules(claims, mapping.claimRules ?? [], 'oidc: error evaluating claim validation expression');
  const user: UserInfo = { username, groups, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
  const shown = { username, uid, groups, extra };
  await checkRules(shown, mapping.userRules ?? [], 'oidc: error evaluating user info validation rule');
  return user;
}

async function usernameOf(claims: Claims, mapping: ClaimMapping): Promise<string> {
  if ('expression' in mapping) {
    const at = 'oidc: error evaluating username claim expression';
    const value = await evaluated(mapping.expression, claims, at);
    if (typeof value !== 'string') throw new Error(`${at}: username claim expression must return a string`);
    if (value === '') throw new Error('oidc: empty username via CEL expression is not allowed');
    return value;
  }
  const { claim, prefix } = mapping;
  const value = textClaim(claims, claim, `oidc: parse username claims ${JSON.stringify(claim)}`);
  if (claim === 'email' && Object.hasOwn(claims, 'email_verified')) {
    const verified = claims['email_verified'];
    if (verified !== null && typeof verified !== 'boolean')
      throw new Error(`oidc: parse 'email_verified' claim: ${mismatch(verified, 'bool')}`);
    if (verified !== true) throw new Error('oidc: email not verified');
  }
  return prefix + value;
}

async function groupsOf(claims: Claims, mapping: ClaimMapping | undefined): Promise<string[]> {
  if (mapping === undefined) return [];
  if ('expression' in mapping) {
    const at = 'oidc: error evaluating group claim expression';
    return textsIn(await evaluated(mapping.expression, claims, at), at);
  }
  const { claim, prefix } = mapping;
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  if (value === undefined || value === null) return [];
  const groups = typeof value === 'string' ? [value] : value;
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    throw new Error(`oidc: parse groups claim ${JSON.stringify(claim)}: ${mismatch(value, 'string')}`);
  }
  return groups.map((group: string) => prefix + group);
}

async function uidOf(claims: Claims, mapping: ClaimMapping | undefined): Promise<string> {
  if (mapping === undefined) return '';
  if (!('expression' in mapping)) return textClaim(claims, mapping.claim, `oidc: parse uid claim ${JSON.stringify(mapping.claim)}`);
  const at = 'oidc: error evaluating uid claim expression';
  const value = await evaluated(mapping.expression, claims, at);
  if (typeof value !== 'string') throw new Error(`${at}: uid claim expression must return a string`);
  return value;
}

async function extraOf(claims: Claims, mappings: NonNullable<UserMapping['extra']>): Promise<Record<string, string[]>> {
  const extra: Record<string, string[]> = {};
  const id = Object.hasOwn(claims, 'jti') ? claims['jti'] : undefined;
  if (typeof id === 'string' && id !== '') extra['authentication.kubernetes.io/credential-id'] = [`JTI=${id}`];
  for (const { key, expression } of mappings) {
    const value = await evaluated(expression, claims, '');
    const values = textsIn(value, `oidc: error evaluating extra claim expression: ${expression.text}`);
    if (values.length > 0) extra[key] = values;
  }
  return extra;
}

function checkRequired(claims: Claims, required: NonNullable<UserMapping['requiredClaims']>): void {
  for (const { claim, value } of required) {
    if (!Object.hasOwn(claims, claim)) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    const found = textClaim(claims, claim, `oidc: parse claim ${claim}`);
    if (found !== value) throw new Error(`oidc: required claim ${claim} value does not match. Got = ${found}, want = ${value}`);
  }
}

async function checkRules(value: object, rules: readonly ClaimRule[], at: string): Promise<void> {
  // All are evaluated before one of them decides, as upstream does: an error weighs more than what is false.
  const results: { rule: ClaimRule; value: unknown }[] = [];
  for (const rule of rules) results.push({ rule, value: await evaluated(rule.expression, value, at) });
  for (const { rule, value: result } of results) {
    if (typeof result !== 'boolean') throw new Error(`${at}: validation expression must return a boolean`);
    if (!result) throw new Error(`${at}: validation expression '${rule.expression.text}' failed: ${rule.message}`);
  }
}

/** The value of an expression; what goes wrong is said after `at`. */
async function evaluated(expression: ClaimExpression, value: object, at: string): Promise<unknown> {
  try {
    return await expression.evaluate(value);
  } catch (error) {
    throw new Error(`${at === '' ? '' : `${at}: `}expression '${expression.text}' resulted in error: ${(error as Error).message}`);
  }
}

/** Text or a list of it, without what is empty; null = nothing. */
function textsIn(value: unknown, at: string): string[] {
  if (value === null) return [];
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!values.every((item) => typeof item === 'string')) throw new Error(`${at}: expression must return a string or a list of strings`);
  return (values as string[]).filter((item) => item !== '');
}

function textClaim(claims: Claims, name: string, at: string): string {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined || value === null) throw new Error(`${at}: claim not present`);
  if (typeof value !== 'string') throw new Error(`${at}: ${mismatch(value, 'string')}`);
  return value;
}

/** What Go's JSON library says of a value of another type. */
function mismatch(value: unknown, wanted: string): string {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${kind} into Go value of type ${wanted}`;
}
