/** How an AuthenticationConfiguration makes users of claims. */
import { type CompiledClaimExpression, compileClaimExpression } from '@k/admission/cel';
import { isDns1123Subdomain } from '@k/api';
import { duplicate, type FieldError, invalid, required } from '@k/apimachinery';
import type { ClaimMapping, ClaimRule, UserMapping } from '@k/auth/oidc';
import { type Fields, fieldsOf, listOf, textOf } from './configuration-fields.js';

const BOTH = "claim and expression can't both be set";
const NEEDED = 'claim or expression is required';
const EMAIL_VERIFIED =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or ' +
  'claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
/** Characters of a path in a URL. */
const PATH = String.raw`[A-Za-z0-9/\-._~%!$&'()*+,;=:]+`;

/** Where faults go, and which expressions there are. */
interface Reading {
  errors: FieldError[];
  /** Those that may look at `claims.email_verified`. */
  compiled: CompiledClaimExpression[];
}

/** The rules and mappings of one issuer; what is wrong is added to `errors`. */
export function mappingOf(fields: Fields, at: string, errors: FieldError[]): UserMapping {
  const reading: Reading = { errors, compiled: [] };
  const rules = claimRulesOf(fields['claimValidationRules'], `${at}.claimValidationRules`, reading);
  const mappingsAt = `${at}.claimMappings`;
  const mappings = fieldsOf(fields['claimMappings'] ?? {}, mappingsAt, errors, ['username', 'groups', 'uid', 'extra']);
  const username = mappingIn(mappings['username'], `${mappingsAt}.username`, reading, { isNeeded: true });
  const usernameExpression = username !== undefined && 'expression' in username ? reading.compiled.at(-1) : undefined;
  // Only these may answer for an address: neither groups nor a uid are checked by anybody.
  const others: Reading = { errors, compiled: [] };
  const groups = mappingIn(mappings['groups'], `${mappingsAt}.groups`, others);
  const uid = mappingIn(mappings['uid'], `${mappingsAt}.uid`, others, { isPlain: true });
  const extra = extraOf(mappings['extra'], `${mappingsAt}.extra`, reading);
  if (usernameExpression?.selects('email') === true && !reading.compiled.some((one) => one.selects('email_verified'))) {
    errors.push(invalid(`${mappingsAt}.username.expression`, usernameExpression.text, EMAIL_VERIFIED));
  }
  return {
    username: username ?? { claim: '', prefix: '' },
    ...(groups === undefined ? {} : { groups }),
    ...(uid === undefined ? {} : { uid }),
    extra,
    ...rules,
    userRules: userRulesOf(fields['userValidationRules'], `${at}.userValidationRules`, errors),
  };
}

function compiledOf(
  text: string,
  at: string,
  { errors, compiled }: Reading,
  options: Parameters<typeof compileClaimExpression>[1],
): CompiledClaimExpression | undefined {
  const outcome = compileClaimExpression(text, options);
  if (typeof outcome === 'string') {
    errors.push(invalid(at, text, outcome));
    return undefined;
  }
  compiled.push(outcome);
  return outcome;
}

const VALUE = { variable: 'claims', result: 'any' } as const;

/** @param options.isPlain - There is no prefix. */
function mappingIn(
  item: unknown,
  at: string,
  reading: Reading,
  { isNeeded = false, isPlain = false }: { isNeeded?: boolean; isPlain?: boolean } = {},
): ClaimMapping | undefined {
  const { errors } = reading;
  const fields = fieldsOf(item ?? {}, at, errors, isPlain ? ['claim', 'expression'] : ['claim', 'prefix', 'expression']);
  const claim = textOf(fields['claim'], `${at}.claim`, errors);
  const text = textOf(fields['expression'], `${at}.expression`, errors);
  const prefix = textOf(fields['prefix'], `${at}.prefix`, errors);
  const hasPrefix = fields['prefix'] !== undefined && fields['prefix'] !== null;
  if (claim !== '' && text !== '') errors.push(invalid(at, '', BOTH));
  else if (text !== '') {
    if (hasPrefix) errors.push(invalid(`${at}.prefix`, prefix, 'may not be specified when expression is set'));
    const expression = compiledOf(text, `${at}.expression`, reading, VALUE);
    return expression === undefined ? undefined : { expression };
  } else if (claim !== '') {
    const detail = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    if (!hasPrefix && !isPlain) errors.push(required(`${at}.prefix`, detail));
    return { claim, prefix };
  } else if (isNeeded) errors.push(required(at, NEEDED));
  return undefined;
}

function extraOf(item: unknown, at: string, reading: Reading): NonNullable<UserMapping['extra']> {
  const { errors } = reading;
  const seen = new Set<string>();
  return listOf(item, at, errors).flatMap((mapping, i) => {
    const fields = fieldsOf(mapping, `${at}[${i}]`, errors, ['key', 'valueExpression']);
    const keyAt = `${at}[${i}].key`;
    const key = textOf(fields['key'], keyAt, errors);
    errors.push(...keyFaults(key, keyAt));
    if (seen.has(key)) {
      errors.push(duplicate(keyAt, key));
      return [];
    }
    seen.add(key);
    const valueAt = `${at}[${i}].valueExpression`;
    const text = textOf(fields['valueExpression'], valueAt, errors);
    if (text === '') {
      errors.push(required(valueAt));
      return [];
    }
    const expression = compiledOf(text, valueAt, reading, VALUE);
    return expression === undefined ? [] : [{ key, expression }];
  });
}

/** Keys of extra values are paths below a domain. */
function keyFaults(key: string, at: string): FieldError[] {
  if (key === '') return [required(at)];
  const [, domain = '', path = ''] = /^([^/]*)\/(.*)$/s.exec(key) ?? [];
  const faults: FieldError[] = [];
  if (domain === '' || path === '') faults.push(invalid(at, key, 'must be a domain-prefixed path (such as "acme.io/foo")'));
  else {
    faults.push(...isDns1123Subdomain(domain).map((fault) => invalid(at, domain, fault)));
    if (!new RegExp(`^${PATH}$`).test(path)) faults.push(invalid(at, path, `Invalid path (regex used for validation is '${PATH}')`));
  }
  if (key !== key.toLowerCase()) faults.push(invalid(at, key, 'must be lowercase'));
  if (/(?:^|\.)(?:kubernetes|k8s)\.io$/.test(domain)) {
    faults.push(invalid(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'));
  }
  return faults;
}

function claimRulesOf(item: unknown, at: string, reading: Reading): Pick<UserMapping, 'requiredClaims' | 'claimRules'> {
  const { errors } = reading;
  const requiredClaims: { claim: string; value: string }[] = [];
  const claimRules: ClaimRule[] = [];
  const seen = { claims: new Set<string>(), expressions: new Set<string>() };
  for (const [i, rule] of listOf(item, at, errors).entries()) {
    const field = `${at}[${i}]`;
    const fields = fieldsOf(rule, field, errors, ['claim', 'requiredValue', 'expression', 'message']);
    const [claim = '', value = '', text = '', message = ''] = ['claim', 'requiredValue', 'expression', 'message'].map((name) =>
      textOf(fields[name], `${field}.${name}`, errors),
    );
    if (claim !== '' && text !== '') errors.push(invalid(field, claim, BOTH));
    else if (claim === '' && text === '') errors.push(required(field, NEEDED));
    else if (claim !== '') {
      if (message !== '') errors.push(invalid(`${field}.message`, message, 'may not be specified when claim is set'));
      if (seen.claims.has(claim)) errors.push(duplicate(`${field}.claim`, claim));
      seen.claims.add(claim);
      requiredClaims.push({ claim, value });
    } else {
      if (value !== '') errors.push(invalid(`${field}.requiredValue`, value, 'may not be specified when expression is set'));
      if (seen.expressions.has(text)) errors.push(duplicate(`${field}.expression`, text));
      else {
        const expression = compiledOf(text, `${field}.expression`, reading, { variable: 'claims', result: 'bool' });
        if (expression !== undefined) claimRules.push({ expression, message });
      }
      seen.expressions.add(text);
    }
  }
  return { requiredClaims, claimRules };
}

function userRulesOf(item: unknown, at: string, errors: FieldError[]): ClaimRule[] {
  const seen = new Set<string>();
  return listOf(item, at, errors).flatMap((rule, i) => {
    const fields = fieldsOf(rule, `${at}[${i}]`, errors, ['expression', 'message']);
    const field = `${at}[${i}].expression`;
    const text = textOf(fields['expression'], field, errors);
    const message = textOf(fields['message'], `${at}[${i}].message`, errors);
    if (text === '' || seen.has(text)) {
      errors.push(text === '' ? required(field) : duplicate(field, text));
      return [];
    }
    seen.add(text);
    const expression = compiledOf(text, field, { errors, compiled: [] }, { variable: 'user', result: 'bool' });
    return expression === undefined ? [] : [{ expression, message }];
  });
}
