/** Checks the expressions of a policy against the schemas of the kinds that it matches; what it finds are warnings. */
import type { Catalogue } from '@k/api';
import { parseGroupVersion } from '@k/apimachinery';
import type { AdmissionExpressions } from '../cel/admission-expressions.js';
import type { Declarations } from '../cel/check/checker.js';
import { type CelType, DYN } from '../cel/check/types.js';
import { CelCompileError } from '../cel/errors.js';
import { typeOfSchema } from './schema-types.js';
import type { PolicyObject, ValidatingSpec } from './types.js';

/** One entry of `status.typeChecking.expressionWarnings`. */
export interface ExpressionWarning {
  fieldRef: string;
  warning: string;
}

/** Kinds that are looked at; a policy that matches more is checked against the first ones. */
const KINDS_MAX = 10;

/** All warnings about one policy; none for rules with wildcards, which say nothing about types. */
export function typeCheckPolicy(
  policy: PolicyObject<ValidatingSpec>,
  catalogue: Catalogue,
  expressions: AdmissionExpressions,
): ExpressionWarning[] {
  const spec = policy.spec ?? {};
  const kinds = kindsOf(spec, catalogue);
  const checks = kinds.map(({ title, type }) => ({ title, declare: declarationsFor(spec, type, catalogue, expressions) }));
  const warnings: ExpressionWarning[] = [];
  const check = (fieldRef: string, text: string, hasAuthorizer: boolean): void => {
    const found = checks.flatMap(({ title, declare }) => {
      const fault = faultOf(text, declare(hasAuthorizer), expressions);
      return fault === null ? [] : [`${title}: ${fault}`];
    });
    if (found.length > 0) warnings.push({ fieldRef, warning: found.join('\n') });
  };
  for (const [i, { expression, messageExpression = '' }] of (spec.validations ?? []).entries()) {
    check(`spec.validations[${i}].expression`, expression, true);
    if (messageExpression !== '') check(`spec.validations[${i}].messageExpression`, messageExpression, false);
  }
  return warnings;
}

function faultOf(text: string, declarations: Declarations, expressions: AdmissionExpressions): string | null {
  try {
    expressions.typeOf(text, declarations);
    return null;
  } catch (error) {
    if (error instanceof CelCompileError) return error.message;
    throw error;
  }
}

/** The kinds that rules name outright. */
function kindsOf(spec: ValidatingSpec, catalogue: Catalogue): { title: string; type: CelType }[] {
  const found = new Map<string, CelType>();
  const names = servedNames(catalogue);
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ?? []) {
    for (const group of known(apiGroups, names.groups)) {
      for (const version of known(apiVersions, names.versions)) {
        for (const resource of known(resources, names.resources)) {
          const served = catalogue.find(group, version, resource);
          if (served === undefined || found.size >= KINDS_MAX) continue;
          const title = `${group}/${version}, Kind=${served.definition.kind}`;
          found.set(title, typeOfSchema(served.version.schema, served.definition.kind));
        }
      }
    }
  }
  return [...found].map(([title, type]) => ({ title, type }));
}

/** Each once. Rules may hold thousands of names: only those that something has are combined. */
const known = (given: readonly string[], served: ReadonlySet<string>): string[] => [...new Set(given)].filter((name) => served.has(name));

function servedNames(catalogue: Catalogue): Record<'groups' | 'versions' | 'resources', ReadonlySet<string>> {
  const definitions = [...catalogue.definitions()];
  return {
    groups: new Set(definitions.map(({ group }) => group)),
    versions: new Set(definitions.flatMap(({ versions }) => versions.map(({ version }) => version))),
    resources: new Set(definitions.map(({ resource }) => resource)),
  };
}

/** Variables take the types that they have with this kind; one that has none is left untyped. */
function declarationsFor(
  spec: ValidatingSpec,
  object: CelType,
  catalogue: Catalogue,
  expressions: AdmissionExpressions,
): (hasAuthorizer: boolean) => Declarations {
  const { apiVersion = '', kind = '' } = spec.paramKind ?? {};
  const version = parseGroupVersion(apiVersion);
  const served = version === null ? undefined : catalogue.findKind(version.group, version.version, kind);
  const params = served === undefined ? DYN : typeOfSchema(served.version.schema, `params.${kind}`);
  const variables = new Map<string, CelType>();
  const declare = (hasAuthorizer: boolean): Declarations =>
    expressions.declarations({ hasParams: spec.paramKind !== undefined, hasAuthorizer, variables }, { object, params });
  for (const { name, expression } of spec.variables ?? []) {
    let type = DYN;
    try {
      type = expressions.typeOf(expression, declare(true));
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
    }
    variables.set(name, type);
  }
  return declare;
}
