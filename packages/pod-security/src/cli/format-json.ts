/** For programs. */
import { formatLevelVersion } from '../index.js';
import { changesText, type Report } from './report.js';

/** Everything that the other formats print, as one JSON object. */
export function formatJson({ objects, errors }: Report): string {
  const shown = {
    objects: objects.map(({ target, violations, ...object }) => ({
      ...object,
      target: formatLevelVersion(target),
      violations: violations.map(({ target: heldAgainst, fix, ...violation }) => ({
        ...violation,
        target: formatLevelVersion(heldAgainst),
        fix: { text: changesText(fix), ...fix },
      })),
    })),
    errors,
    summary: { objects: objects.length, failed: objects.filter(({ allowed }) => !allowed).length, errors: errors.length },
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}
