import { type LoggedEvent, whoAsked } from './read-log.js';

/** Which events a command looks at; absent parts let everything through. */
export interface EventFilter {
  user?: string;
  verb?: string;
  resource?: string;
  namespace?: string;
  /** Only answers of 400 and above. */
  failed?: boolean;
}

/** Whether an event is looked at. */
export function passesFilter(event: LoggedEvent, { user, verb, resource, namespace, failed }: EventFilter): boolean {
  if (user !== undefined && event.user.username !== user) return false;
  if (verb !== undefined && event.verb !== verb) return false;
  if (resource !== undefined && event.objectRef?.resource !== resource) return false;
  if (namespace !== undefined && event.objectRef?.namespace !== namespace) return false;
  return failed !== true || (event.responseStatus?.code ?? 0) >= 400;
}

/** Most frequent first, `most` of them. */
function top(counts: ReadonlyMap<string, number>, most: number): [string, number][] {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, most);
}

/** Who did what, and what was refused. Requests are counted once, by their last event. */
export async function logStats(
  events: AsyncIterable<LoggedEvent>,
  { most, filter }: { most: number; filter: EventFilter },
): Promise<{ requests: number; users: [string, number][]; actions: [string, number][]; denied: [string, number][] }> {
  const users = new Map<string, number>();
  const actions = new Map<string, number>();
  const denied = new Map<string, number>();
  const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  let requests = 0;
  for await (const event of events) {
    if ((event.stage === 'ResponseComplete' || event.stage === 'Panic') && passesFilter(event, filter)) {
      requests++;
      const user = whoAsked(event);
      const what = event.objectRef?.resource ?? event.requestURI.split('?', 1)[0] ?? '';
      const sub = event.objectRef?.subresource;
      const action = `${event.verb} ${what}${sub === undefined ? '' : `/${sub}`}`;
      count(users, user);
      count(actions, action);
      const code = event.responseStatus?.code;
      if (code === 401 || code === 403) count(denied, `${user} ${action} ${code}`);
    }
  }
  return { requests, users: top(users, most), actions: top(actions, most), denied: top(denied, most) };
}
