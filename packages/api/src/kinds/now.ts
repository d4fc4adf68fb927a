/** The present moment as objects hold it: `2026-01-10T00:00:00Z`, in whole seconds. */
export function now(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
