/** `Impersonate-*` headers: a caller who may acts as somebody else from here on. */
import { newBadRequest } from '@k/apimachinery';
import type { Authorizer } from '@k/auth';
import type { Filter, RequestContext } from '../context.js';
import { authorizationAttributes } from './authorization.js';
import { IMPERSONATION_MODES, type ImpersonationMode, impersonateIn, modeApplies, type WantedUser } from './impersonation-modes.js';

const EXTRA_PREFIX = 'impersonate-extra-';

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : value.split(', ');
}

function readHeaders(context: RequestContext): WantedUser | null {
  const { headers } = context.exchange;
  const username = headers['impersonate-user'];
  const uid = headers['impersonate-uid'];
  const wanted: WantedUser = {
    username: typeof username === 'string' ? username : '',
    uid: typeof uid === 'string' ? uid : '',
    groups: listOf(headers['impersonate-group']),
    extra: {},
  };
  for (const name in headers) {
    if (!name.startsWith(EXTRA_PREFIX)) continue;
    let key = name.slice(EXTRA_PREFIX.length);
    try {
      key = decodeURIComponent(key);
    } catch {
      // A key that is not percent-encoded is taken as it is.
    }
    wanted.extra[key] = listOf(headers[name]);
  }
  const none = wanted.username === '' && wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;
  return none ? null : wanted;
}

const goString = (text: string): string => JSON.stringify(text);
const goStrings = (list: readonly string[]): string => (list.length === 0 ? '[]string(nil)' : `[]string{${list.map(goString).join(', ')}}`);

/** The identity as upstream's message shows it. */
function describe(wanted: WantedUser): string {
  const keys = Object.keys(wanted.extra).sort();
  const extra =
    keys.length === 0
      ? 'map[string][]string(nil)'
      : `map[string][]string{${keys.map((key) => `${goString(key)}:${goStrings(wanted.extra[key] ?? [])}`).join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${goString(wanted.uid)}, Groups:${goStrings(wanted.groups)}, Extra:${extra}}`;
}

/** Callers whose last mode is known: it is tried first, and its refusal is the one that they are told. */
const REMEMBERED_MAX = 1024;

/** Lets callers act as others. */
export function impersonationFilter(authorizer: Authorizer): Filter {
  const lastModes = new Map<string, ImpersonationMode>();
  const remember = (username: string, mode: ImpersonationMode): void => {
    if (lastModes.size >= REMEMBERED_MAX && !lastModes.has(username)) lastModes.delete(lastModes.keys().next().value as string);
    lastModes.set(username, mode);
  };
  return {
    name: 'impersonation',
    why: 'after audit has seen who really asks, before authorization decides for whom it counts',
    async handle(context) {
      const wanted = readHeaders(context);
      if (wanted === null) return;
      if (wanted.username === '') throw newBadRequest(`requested ${describe(wanted)} without impersonating a user name`);
      const started = performance.now();
      const requestor = context.user;
      // Members of system:masters pass the older mode whatever they ask for, and only that one for some: it is what they end with.
      const last = lastModes.get(requestor.username) ?? (requestor.groups.includes('system:masters') ? 'legacy' : undefined);
      const modes = IMPERSONATION_MODES.filter((mode) => mode !== last && modeApplies(mode, wanted, requestor));
      if (last !== undefined && modeApplies(last, wanted, requestor)) modes.unshift(last);
      const { name } = authorizer;
      const asked: Authorizer = { name, authorize: (attributes) => authorizer.authorize(attributes, context.exchange) };
      let refused: Error | null = null;
      for (const mode of modes) {
        const outcome = await impersonateIn(mode, asked, wanted, authorizationAttributes(context));
        if (outcome instanceof Error) {
          refused ??= outcome;
          continue;
        }
        remember(requestor.username, mode);
        context.latency?.add('impersonation', performance.now() - started);
        context.originalUser = requestor;
        context.user = outcome;
        context.audit?.setImpersonatedUser?.(outcome, mode === 'legacy' ? '' : `impersonate:${mode}`);
        return;
      }
      context.latency?.add('impersonation', performance.now() - started);
      throw refused as Error;
    },
  };
}
