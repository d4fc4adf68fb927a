/** Annotations for GitHub Actions. */
import { changesText, nameOf, type Report, textOf } from './report.js';

const escapeData = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');

/** One workflow command per violation, and per thing that could not be read. */
export function formatGithub({ objects, errors }: Report): string {
  const lines = objects.flatMap((object) =>
    object.violations.map((violation) => {
      const { line, column } = violation.fields[0] ?? object;
      const fixes = changesText(violation.fix)
        .map((text) => `\nfix: ${text}`)
        .join('');
      const place = `file=${escapeProperty(object.file)},line=${line},col=${column},title=${escapeProperty(violation.check)}`;
      return `::${violation.severity} ${place}::${escapeData(`${nameOf(object)}: ${textOf(violation)}${fixes}`)}`;
    }),
  );
  lines.push(...errors.map((error) => `::error title=pod-security::${escapeData(error)}`));
  return lines.map((line) => `${line}\n`).join('');
}
