import { isIP } from 'node:net';
import type { Flags } from './command-line.js';
import { FlagError } from './flag.js';

/** Where the server listens. */
export interface BindAddress {
  host: string;
  /** 0 = any free port. */
  port: number;
}

/** Splits `IP`, `IP:PORT` and `[IP]:PORT`. */
function split(text: string): { host: string; port?: string } {
  if (isIP(text) !== 0) return { host: text };
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(.*)$/.exec(text);
  return match === null ? { host: text } : { host: match[1] ?? match[2] ?? '', port: match[3] ?? '' };
}

/**
 * The address of `--bind-address`, which may carry the port, and `--secure-port`.
 *
 * @throws {@link FlagError} when there is no IP address in it, when its port is none, or when the two flags disagree.
 */
export function bindAddress(flags: Flags): BindAddress {
  const given = flags.text('bind-address');
  const { host: name, port: portText } = split(given);
  const host = name === 'localhost' ? '127.0.0.1' : name;
  if (isIP(host) === 0)
    throw new FlagError(`invalid argument ${JSON.stringify(given)} for "--bind-address" flag: must be an IP address, or IP:PORT`);
  if (portText === undefined) return { host, port: flags.number('secure-port') };
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port > 65_535) {
    throw new FlagError(`invalid argument ${JSON.stringify(given)} for "--bind-address" flag: the port must be a number up to 65535`);
  }
  if (flags.isGiven('secure-port') && flags.number('secure-port') !== port) {
    throw new FlagError(`--secure-port ${flags.number('secure-port')} and the port in --bind-address ${given} disagree`);
  }
  return { host, port };
}
