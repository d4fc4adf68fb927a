/** SARIF 2.1.0, for code scanning. */
import type { Location, Log, Result } from 'sarif';
import { DEFAULT_CHECKS, formatLevelVersion } from '../index.js';
import { changesText, nameOf, type Report, type ReportedObject, type ReportedViolation, textOf } from './report.js';

const STANDARDS = 'https://kubernetes.io/docs/concepts/security/pod-security-standards/';

/** A relative URI reference; each part is escaped. */
function uriOf(file: string): string {
  return file
    .replaceAll('\\', '/')
    .split('/')
    .map((part) => encodeURIComponent(part))
    .join('/');
}

function locationsOf(object: ReportedObject, violation: ReportedViolation): Location[] {
  const fields = violation.fields.length === 0 ? [{ path: '', line: object.line, column: object.column }] : violation.fields;
  return fields.map(({ path, line, column }) => ({
    physicalLocation: { artifactLocation: { uri: uriOf(object.file) }, region: { startLine: line, startColumn: column } },
    ...(path === '' ? {} : { logicalLocations: [{ fullyQualifiedName: path, kind: 'member' }] }),
  }));
}

function resultOf(object: ReportedObject, violation: ReportedViolation): Result {
  const [location, ...others] = locationsOf(object, violation);
  const fixes = changesText(violation.fix)
    .map((change) => ` Fix: ${change}.`)
    .join('');
  const text = `${nameOf(object)} violates ${formatLevelVersion(violation.target)}: ${textOf(violation)}.${fixes}`;
  return {
    ruleId: violation.check,
    ruleIndex: DEFAULT_CHECKS.findIndex(({ id }) => id === violation.check),
    level: violation.severity,
    message: { text },
    ...(location === undefined ? {} : { locations: [location] }),
    ...(others.length === 0 ? {} : { relatedLocations: others.map((other, id) => ({ id, ...other })) }),
    // The same finding in the same object stays the same when lines move.
    partialFingerprints: {
      'podSecurity/v1': `${uriOf(object.file)}#${nameOf(object)}#${violation.check}#${formatLevelVersion(violation.target)}`,
    },
  };
}

/** A log with one run; what could not be read is a notification of the run. */
export function formatSarif({ objects, errors }: Report, { version }: { version: string }): string {
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'pod-security',
            version,
            rules: DEFAULT_CHECKS.map(({ id, level }) => ({
              id,
              shortDescription: { text: `${id} (${level})` },
              helpUri: STANDARDS,
              defaultConfiguration: { level: 'error' },
              properties: { tags: ['security', 'kubernetes', level] },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: errors.length === 0,
            toolExecutionNotifications: errors.map((text) => ({ level: 'error', message: { text } })),
          },
        ],
        results: objects.flatMap((object) => object.violations.map((violation) => resultOf(object, violation))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
