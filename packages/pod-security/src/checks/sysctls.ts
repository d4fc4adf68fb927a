import type { Check, CheckFunction } from '../check.js';

/** Sysctls that count for the pod alone, and since when they may be set. */
const SINCE: readonly (readonly [number, readonly string[]])[] = [
  [
    0,
    [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.tcp_syncookies',
      'net.ipv4.ping_group_range',
      'net.ipv4.ip_unprivileged_port_start',
    ],
  ],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [29, ['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes']],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
];

const allow = (names: ReadonlySet<string>): CheckFunction => {
  const isAllowed = (sysctl: { readonly name?: string | null } | null): boolean => names.has(sysctl?.name ?? '');
  return ({ sysctls: given }) => {
    if (given.every(isAllowed)) return null;
    const bad: string[] = [];
    const fields: string[] = [];
    for (let i = 0; i < given.length; i++) {
      const name = given[i]?.name ?? '';
      if (names.has(name)) continue;
      bad.push(name);
      fields.push(`spec.securityContext.sysctls[${i}].name`);
    }
    return { reason: 'forbidden sysctls', detail: bad.join(', '), fields };
  };
};

/** Only sysctls that cannot reach other pods or the node. */
export const sysctls: Check = {
  id: 'sysctls',
  level: 'baseline',
  revisions: SINCE.map(([since], i) => ({ since, run: allow(new Set(SINCE.slice(0, i + 1).flatMap(([, names]) => names))) })),
};
