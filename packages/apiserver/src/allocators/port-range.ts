/** Node ports of services: which are taken, per protocol, by whom. */
export class PortRange {
  readonly from: number;
  readonly to: number;
  readonly #taken = new Map<number, { owner: string; protocols: Set<string> }>();

  /** @param text - `30000-32767`. @throws {RangeError} naming the text. */
  constructor(text: string) {
    const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
    this.from = Number(match?.[1]);
    this.to = Number(match?.[2]);
    if (match === null || this.from < 1 || this.to > 65_535 || this.from > this.to) {
      throw new RangeError(`"${text}" is not a range of ports such as 30000-32767`);
    }
  }

  /** Whether a port lies in the range, taken or not. */
  has(port: number): boolean {
    return port >= this.from && port <= this.to;
  }

  /** Takes a given port; false when another owner has it. One owner may use a port for several protocols. */
  take(port: number, protocol: string, owner: string): boolean {
    const holder = this.#taken.get(port);
    if (holder === undefined) this.#taken.set(port, { owner, protocols: new Set([protocol]) });
    else if (holder.owner !== owner) return false;
    else holder.protocols.add(protocol);
    return true;
  }

  /** Takes a free port at random; null when all are taken. */
  takeAny(protocol: string, owner: string): number | null {
    const count = this.to - this.from + 1;
    const start = Math.floor(Math.random() * count);
    for (let i = 0; i < count; i++) {
      const port = this.from + ((start + i) % count);
      if (!this.#taken.has(port) && this.take(port, protocol, owner)) return port;
    }
    return null;
  }

  release(port: number, protocol: string, owner: string): void {
    const holder = this.#taken.get(port);
    if (holder === undefined || holder.owner !== owner) return;
    holder.protocols.delete(protocol);
    if (holder.protocols.size === 0) this.#taken.delete(port);
  }
}
