/** References to container images: `registry.example.com:5000/team/app:v1@sha256:…`. */

const HOST = '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const SEGMENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(?:${HOST}/)?${SEGMENT}(?:/${SEGMENT})*(?::(?<tag>${TAG}))?(?:@(?<digest>${DIGEST}))?$`);
/** A bare digest is an identifier of an image, not a reference to one. */
const IDENTIFIER = /^[a-f0-9]{64}$/;

/** The pull policy of an image for which none is given: `Always` for the tag `latest` and for no tag, else `IfNotPresent`. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  const match = IDENTIFIER.test(image) ? null : REFERENCE.exec(image);
  if (match === null) return 'IfNotPresent';
  const { tag, digest } = match.groups as { tag?: string; digest?: string };
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}
