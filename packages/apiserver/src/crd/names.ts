/** Which of its names a definition gets, and what its conditions say of it. */
import { API_APPROVED, type CrdCondition, type CrdNames, type CrdObject, isProtectedGroup } from '@k/api';
import { withCondition } from './conditions.js';

type Conflict = Pick<CrdCondition, 'reason' | 'message'>;

/** Names that the other definitions of a group hold. */
interface Taken {
  resources: Set<string>;
  kinds: Set<string>;
}

function takenBy(others: readonly CrdObject[]): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const { plural = '', singular = '', shortNames = [], kind = '', listKind = '' } = status?.acceptedNames ?? {};
    for (const name of [plural, singular, ...shortNames]) resources.add(name);
    for (const name of [kind, listKind]) kinds.add(name);
  }
  resources.delete('');
  kinds.delete('');
  return { resources, kinds };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;

function accept(requested: CrdNames, accepted: CrdNames, { resources, kinds }: Taken): { names: CrdNames; conflict: Conflict | null } {
  const names: CrdNames = { plural: '', kind: '', ...accepted };
  let conflict: Conflict | null = null;
  const single = (key: 'plural' | 'singular' | 'kind' | 'listKind', taken: ReadonlySet<string>, reason: string): void => {
    const name = requested[key] ?? '';
    if (name !== (accepted[key] ?? '') && taken.has(name)) conflict = { reason, message: inUse(name) };
    else if (name !== '') names[key] = name;
  };
  single('plural', resources, 'PluralConflict');
  single('singular', resources, 'SingularConflict');
  const fresh = (requested.shortNames ?? []).filter((name) => !accepted.shortNames?.includes(name) && resources.has(name));
  if (fresh.length > 0) {
    const texts = fresh.map(inUse);
    conflict = { reason: 'ShortNamesConflict', message: texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]` };
  } else if (requested.shortNames === undefined) delete names.shortNames;
  else names.shortNames = requested.shortNames;
  single('kind', kinds, 'KindConflict');
  single('listKind', kinds, 'ListKindConflict');
  if (requested.categories === undefined) delete names.categories;
  else names.categories = requested.categories;
  return { names, conflict };
}

function approval(crd: CrdObject): Omit<CrdCondition, 'lastTransitionTime'> | null {
  if (!isProtectedGroup(crd.spec?.group ?? '')) return null;
  const type = 'KubernetesAPIApprovalPolicy';
  const value = crd.metadata?.annotations?.[API_APPROVED] ?? '';
  const link = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (value === '') {
    const message = `protected groups must have approval annotation "${API_APPROVED}", ${link}`;
    return { type, status: 'False', reason: 'MissingAnnotation', message };
  }
  if (value.startsWith('unapproved'))
    return { type, status: 'False', reason: 'UnapprovedAnnotation', message: `not approved: ${JSON.stringify(value)}` };
  return { type, status: 'True', reason: 'ApprovedAnnotation', message: `approved in ${value}` };
}

/**
 * A definition with the names it may have and the conditions that follow; accepted definitions are established.
 *
 * @param others - The other definitions of its group.
 */
export function named(crd: CrdObject, others: readonly CrdObject[], nowMs: number): CrdObject {
  const { names, conflict } = accept(crd.spec?.names ?? {}, crd.status?.acceptedNames ?? {}, takenBy(others));
  const policy = approval(crd);
  let next = policy === null ? crd : withCondition(crd, policy, nowMs);
  next = { ...next, status: { ...next.status, acceptedNames: names } };
  const accepted = conflict ?? { reason: 'NoConflicts', message: 'no conflicts found' };
  next = withCondition(next, { ...accepted, type: 'NamesAccepted', status: conflict === null ? 'True' : 'False' }, nowMs);
  const established = next.status?.conditions?.find(({ type }) => type === 'Established')?.status;
  if (established === 'True') return next;
  const condition: Omit<CrdCondition, 'lastTransitionTime'> =
    conflict === null
      ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
      : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  return withCondition(next, condition, nowMs);
}
